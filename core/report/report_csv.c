/* CSV after RFC 4180: titles, then rows; no totals and no notes, which are for people. */
#include "report/report_internal.h"

#include <string.h>

/* With a byte order mark the file is meant for a spreadsheet: there a text that begins like a formula must stay one. */
static bool is_formula(const struct report_run *run, const struct val *cell, const char *s, size_t n)
{
    return run->q->bom && cell->type == VAL_STR && n && *s && strchr("=+-@\t\r", *s);
}

static void add_cell(struct report_run *run, const char *s, size_t n, bool quote_start)
{
    struct buf *out = &run->out;
    bool quoted = quote_start;
    for (size_t i = 0; !quoted && i < n; i++)
        quoted = s[i] && strchr(",\"\r\n", s[i]);
    if (!quoted) {
        buf_add(out, s, n);
        return;
    }
    buf_add_char(out, '"');
    if (quote_start) buf_add_char(out, '\'');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"') buf_add_char(out, '"');
        buf_add_char(out, s[i]);
    }
    buf_add_char(out, '"');
}

static int begin(struct report_run *run, struct err *err)
{
    struct buf *scratch = run->state = arena_alloc(run->arena, sizeof(*scratch));
    if (!scratch) return err_set(err, ERR_NOMEM, "memory", NULL);
    buf_init(scratch, REPORT_ROW_BYTES);
    if (run->q->bom) buf_add_str(&run->out, "\xef\xbb\xbf");
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        const struct report_column *c = &run->def->columns[i];
        const char *title = report_title(c->title, run->s->lang, c->field.name, run->arena);
        if (i) buf_add_char(&run->out, ',');
        add_cell(run, title, strlen(title), false);
    }
    buf_add_str(&run->out, "\r\n");
    return 0;
}

static int row(struct report_run *run, const struct val *cells, struct err *err)
{
    struct buf *scratch = run->state;
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        buf_clear(scratch);
        report_cell_text(scratch, run->s->lang, run->def->columns[i].field.type, REPORT_PLAIN, &cells[i]);
        if (!buf_ok(scratch)) return err_set(err, ERR_LIMIT, "limit.size", NULL);
        if (i) buf_add_char(&run->out, ',');
        if (scratch->len)
            add_cell(run, scratch->data, scratch->len, is_formula(run, &cells[i], scratch->data, scratch->len));
    }
    buf_add_str(&run->out, "\r\n");
    return 0;
}

static int end(struct report_run *run, struct err *err)
{
    (void)run;
    (void)err;
    return 0;
}

static void close_csv(struct report_run *run)
{
    if (run->state) buf_close(run->state);
}

const struct report_writer report_csv_writer = {"text/csv; charset=utf-8", begin, row, end, close_csv};
