/* Pages of a report. Its rows are made anew for each page, so a place is the number of rows before it together with a
 * mark of all of them: when one of those has changed meanwhile, going on is refused instead of missing a row. */
#include "report/report_internal.h"

#include <string.h>

#include "base/digest.h"
#include "store/cursor.h"

int report_page_read(const char *name, const char *after, struct arena *a, struct report_page *page, struct err *err)
{
    struct val at;
    if (!after) return 0;
    int rc = cursor_read(after, 3, a, &at, err);
    if (rc) return rc;
    const struct val *items = at.as.list.items;
    if (!val_is_str(&items[0], name) || items[1].type != VAL_INT || items[2].type != VAL_INT)
        return err_set(err, ERR_INVALID, "find.cursor", NULL);
    page->from = items[1].as.i;
    page->mark = (uint64_t)items[2].as.i;
    return 0;
}

const char *report_page_next(const char *name, const struct report_page *page, struct arena *a)
{
    struct val at = val_list();
    if (!page->more || val_add(a, &at, val_str(name)) || val_add(a, &at, val_int(page->end)) ||
        val_add(a, &at, val_int((int64_t)page->end_mark)))
        return NULL;
    return cursor_write(&at, a);
}

static uint64_t mark_of(struct report_run *run, const struct val *cells)
{
    struct buf b;
    buf_init(&b, REPORT_ROW_BYTES);
    buf_add(&b, &run->mark, sizeof(run->mark));
    for (size_t i = 0; i < run->def->ncolumns; i++)
        val_encode(&cells[i], &b, false);
    uint64_t mark = digest_short(b.data, b.len);
    buf_close(&b);
    return mark;
}

static int changed(struct report_run *run, struct err *err)
{
    return err_set(err, ERR_CONFLICT, "report.changed", "report", run->def->name, NULL);
}

int report_page_takes(struct report_run *run, const struct val *cells, bool *takes, struct err *err)
{
    struct report_page *page = run->q->page;
    *takes = true;
    if (!page) return 0;
    int64_t n = ++run->seen;
    run->mark = mark_of(run, cells);
    if (n == page->from && run->mark != page->mark) return changed(run, err);
    *takes = n > page->from && n - page->from <= page->limit;
    if (*takes) page->end = n;
    if (*takes) page->end_mark = run->mark;
    if (n - page->from > page->limit) page->more = true;
    return 0;
}

int report_page_finish(struct report_run *run, struct err *err)
{
    const struct report_page *page = run->q->page;
    return page && run->seen < page->from ? changed(run, err) : 0;
}
