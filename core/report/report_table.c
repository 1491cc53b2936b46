/* A table for a terminal: columns as wide as their widest cell.
 *
 * Widths are known once rows are: the first 10,000 are kept as text, and those after them are written with the
 * widths found so far. What would move the cursor is shown as a blank. */
#include "report/report_internal.h"

#include <string.h>

#include "base/locale.h"

enum { ROWS_KEPT = 10000, BYTES_KEPT = 32 << 20, WIDTH_MAX = 60, GAP = 2 };

struct kept_cell {
    const char *text;
    size_t width;
};

struct table {
    struct arena arena; /* texts of the kept rows */
    struct buf scratch;
    struct kept_cell **rows;
    size_t nrows;
    size_t width[REPORT_COLUMNS_MAX];
    struct kept_cell title[REPORT_COLUMNS_MAX];
    bool fixed; /* the head and the kept rows have been written */
};

/* Code points that take a place: marks that stand on another letter take none. */
static size_t width_of(const char *s)
{
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
        bool mark = (p[0] == 0xcc && p[1] >= 0x80) || (p[0] == 0xcd && p[1] >= 0x80 && p[1] < 0xb0);
        n += (*p & 0xc0) != 0x80 && !mark;
    }
    return n;
}

static void blank_controls(char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool c1 = (unsigned char)s[i] == 0xc2 && i + 1 < n && (unsigned char)s[i + 1] < 0xa0;
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f) s[i] = ' ';
        if (c1) s[i] = s[i + 1] = ' ';
    }
}

static bool make_cell(struct report_run *run, size_t column, const struct val *shown, struct kept_cell *out)
{
    struct table *t = run->state;
    buf_clear(&t->scratch);
    report_cell_text(&t->scratch, run->s->lang, run->def->columns[column].field.type, REPORT_GROUPED, shown);
    if (!buf_ok(&t->scratch)) return false;
    if (t->scratch.len) blank_controls(t->scratch.data, t->scratch.len);
    out->text = t->scratch.len ? t->scratch.data : "";
    out->width = width_of(out->text);
    return true;
}

static void add_spaces(struct buf *out, size_t n)
{
    while (n--)
        buf_add_char(out, ' ');
}

/* One line; numbers stand at the right; no blanks at the end. */
static void add_line(struct report_run *run, const struct kept_cell *cells)
{
    struct table *t = run->state;
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        size_t room = t->width[i] > cells[i].width ? t->width[i] - cells[i].width : 0;
        bool right = report_cell_is_number(run->def->columns[i].field.type);
        if (right) add_spaces(&run->out, room);
        buf_add_str(&run->out, cells[i].text);
        add_spaces(&run->out, (right ? 0 : room) + GAP);
    }
    while (run->out.len && run->out.data[run->out.len - 1] == ' ')
        run->out.data[--run->out.len] = '\0';
    buf_add_char(&run->out, '\n');
}

static void add_rule(struct report_run *run)
{
    struct table *t = run->state;
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        if (i) add_spaces(&run->out, GAP);
        for (size_t k = 0; k < t->width[i]; k++)
            buf_add_char(&run->out, '-');
    }
    buf_add_char(&run->out, '\n');
}

static void widen(struct table *t, size_t column, size_t width)
{
    if (width > WIDTH_MAX) width = WIDTH_MAX;
    if (t->width[column] < width) t->width[column] = width;
}

static int begin(struct report_run *run, struct err *err)
{
    struct table *t = run->state = arena_alloc(run->arena, sizeof(*t));
    if (!t) return err_set(err, ERR_NOMEM, "memory", NULL);
    arena_init(&t->arena, BYTES_KEPT);
    buf_init(&t->scratch, REPORT_ROW_BYTES);
    t->rows = arena_alloc(run->arena, ROWS_KEPT * sizeof(*t->rows));
    if (!t->rows) return err_set(err, ERR_NOMEM, "memory", NULL);
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        const struct report_column *c = &run->def->columns[i];
        t->title[i].text = report_title(c->title, run->s->lang, c->field.name, run->arena);
        t->title[i].width = width_of(t->title[i].text);
        widen(t, i, t->title[i].width);
    }
    return 0;
}

static int fix(struct report_run *run, struct err *err)
{
    struct table *t = run->state;
    if (t->fixed) return 0;
    t->fixed = true;
    buf_printf(&run->out, "%s\n\n", report_title(run->def->title, run->s->lang, run->def->name, run->arena));
    add_line(run, t->title);
    add_rule(run);
    for (size_t i = 0; i < t->nrows; i++) {
        add_line(run, t->rows[i]);
        int rc = report_flush(run, false, err);
        if (rc) return rc;
    }
    return 0;
}

/* False: there is no room for it. */
static bool keep(struct report_run *run, const struct val *cells)
{
    struct table *t = run->state;
    if (t->nrows == ROWS_KEPT) return false;
    struct kept_cell *kept = arena_alloc(&t->arena, run->def->ncolumns * sizeof(*kept));
    for (size_t i = 0; kept && i < run->def->ncolumns; i++) {
        if (!make_cell(run, i, &cells[i], &kept[i])) return false;
        kept[i].text = arena_strdup(&t->arena, kept[i].text);
        if (!kept[i].text) return false;
        widen(t, i, kept[i].width);
    }
    if (kept) t->rows[t->nrows++] = kept;
    return kept != NULL;
}

/* A line that is not kept, cell by cell, since all use one buffer. */
static int pass(struct report_run *run, const struct val *cells, struct err *err)
{
    struct kept_cell line[REPORT_COLUMNS_MAX];
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        if (!make_cell(run, i, &cells[i], &line[i])) return err_set(err, ERR_LIMIT, "limit.size", NULL);
        line[i].text = arena_strdup(&run->row, line[i].text);
        if (!line[i].text) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    add_line(run, line);
    return 0;
}

static int row(struct report_run *run, const struct val *cells, struct err *err)
{
    struct table *t = run->state;
    if (!t->fixed && keep(run, cells)) return 0;
    int rc = fix(run, err);
    return rc ? rc : pass(run, cells, err);
}

static void make_total(struct report_run *run, struct val *line, bool *any)
{
    const char *word = locale_text(run->s->lang, "report.total");
    *any = false;
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        line[i] = run->sums[i];
        *any |= line[i].type != VAL_NIL;
    }
    if (line[0].type == VAL_NIL) line[0] = val_str(word ? word : "");
}

static int end(struct report_run *run, struct err *err)
{
    struct table *t = run->state;
    struct val line[REPORT_COLUMNS_MAX];
    struct kept_cell cell;
    bool any;
    make_total(run, line, &any);
    for (size_t i = 0; any && !t->fixed && i < run->def->ncolumns; i++)
        if (make_cell(run, i, &line[i], &cell)) widen(t, i, cell.width);
    int rc = fix(run, err);
    arena_reset(&run->row);
    if (rc == 0 && any) {
        add_rule(run);
        rc = pass(run, line, err);
    }
    for (size_t i = 0; rc == 0 && i < run->notes.as.list.n; i++) {
        const struct val *note = &run->notes.as.list.items[i];
        buf_clear(&t->scratch);
        buf_add(&t->scratch, note->as.str.s, note->as.str.len);
        if (t->scratch.len) blank_controls(t->scratch.data, t->scratch.len);
        buf_printf(&run->out, "%s%s\n", i ? "" : "\n", t->scratch.len ? t->scratch.data : "");
    }
    return rc;
}

static void close_table(struct report_run *run)
{
    struct table *t = run->state;
    if (!t) return;
    arena_close(&t->arena);
    buf_close(&t->scratch);
}

const struct report_writer report_table_writer = {"text/plain; charset=utf-8", begin, row, end, close_table};
