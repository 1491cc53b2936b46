/* One pass over the text by a small machine; cells are cut out of a copy in place, since unquoting only shortens. */
#include "base/csv.h"

#include <string.h>

#include "base/text.h"

struct reader {
    const char *p, *end;
    char divider;
    size_t line, column; /* of the cell that is being read */
    char *to;            /* where the next byte of a cell goes */
    struct arena *a;
    struct err *err;
};

static int wrong(struct reader *r, const char *key)
{
    struct err_num line, column;
    return err_set(r->err, ERR_INVALID, key, "line", err_i64(&line, (int64_t)r->line), "column",
                   err_i64(&column, (int64_t)r->column), NULL);
}

static char find_divider(const char *p, const char *end)
{
    static const char marks[] = ",;\t";
    size_t count[3] = {0}, best = 0;
    bool quoted = false;
    for (; p < end && (quoted || (*p != '\n' && *p != '\r')); p++) {
        const char *mark = *p ? strchr(marks, *p) : NULL;
        if (*p == '"') quoted = !quoted;
        if (mark && !quoted) count[mark - marks]++;
    }
    for (size_t i = 1; i < 3; i++)
        if (count[i] > count[best]) best = i;
    return marks[best];
}

/* The whole text: its encoding, and no NUL. Names the line. */
static int check_text(struct reader *r)
{
    for (const char *p = r->p; p < r->end; r->line++) {
        const char *next = memchr(p, '\n', (size_t)(r->end - p));
        size_t n = next ? (size_t)(next - p) + 1 : (size_t)(r->end - p);
        if (memchr(p, 0, n)) return wrong(r, "csv.nul");
        if (!text_is_utf8(p, n)) return wrong(r, "csv.utf8");
        p += n;
    }
    r->line = 1;
    return 0;
}

static bool at_break(const struct reader *r)
{
    return r->p >= r->end || *r->p == '\n' || *r->p == '\r' || *r->p == r->divider;
}

static int read_quoted(struct reader *r)
{
    size_t lines = 0;
    for (r->p++; r->p < r->end; r->p++) {
        if (*r->p == '"' && (r->p + 1 == r->end || r->p[1] != '"')) break;
        if (*r->p == '"') r->p++;
        if (*r->p == '\n') lines++;
        *r->to++ = *r->p;
    }
    if (r->p >= r->end) return wrong(r, "csv.quote");
    r->p++;
    if (!at_break(r)) return wrong(r, "csv.quote");
    r->line += lines;
    return 0;
}

static int read_cell(struct reader *r, struct csv_cell *cell)
{
    char *from = r->to;
    int rc = 0;
    if (r->p < r->end && *r->p == '"') {
        size_t line = r->line;
        rc = read_quoted(r);
        if (rc) return rc;
        if (r->to - from > CSV_CELL_MAX) r->line = line;
    } else {
        for (; !at_break(r); r->p++) {
            if (*r->p == '"') return wrong(r, "csv.quote");
            *r->to++ = *r->p;
        }
    }
    if (r->to - from > CSV_CELL_MAX) return wrong(r, "csv.cell");
    *cell = (struct csv_cell){from, (size_t)(r->to - from)};
    *r->to++ = '\0';
    return 0;
}

static int read_row(struct reader *r, struct csv_row *row)
{
    struct csv_cell cells[CSV_COLUMNS_MAX];
    *row = (struct csv_row){.line = r->line};
    for (;;) {
        r->column = row->n + 1;
        if (row->n == CSV_COLUMNS_MAX) return wrong(r, "csv.columns");
        int rc = read_cell(r, &cells[row->n++]);
        if (rc) return rc;
        if (r->p >= r->end || *r->p != r->divider) break;
        r->p++;
    }
    if (r->p < r->end && *r->p == '\r') r->p++;
    if (r->p < r->end && *r->p == '\n') r->p++;
    r->line++;
    row->cells = arena_alloc(r->a, row->n * sizeof(cells[0]));
    if (!row->cells) return err_set(r->err, ERR_LIMIT, "limit.size", NULL);
    memcpy(row->cells, cells, row->n * sizeof(cells[0]));
    return 0;
}

static bool is_empty(const struct csv_row *row)
{
    for (size_t i = 0; i < row->n; i++)
        if (row->cells[i].len) return false;
    return true;
}

int csv_parse(const char *text, size_t len, struct arena *a, struct csv *out, struct err *err)
{
    struct reader r = {.p = text, .end = text + len, .line = 1, .column = 1, .a = a, .err = err};
    size_t lines = 1;
    *out = (struct csv){0};
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) r.p += 3;
    int rc = check_text(&r);
    if (rc) return rc;
    for (const char *p = r.p; p < r.end; p++)
        lines += *p == '\n' || *p == '\r';
    if (lines > CSV_ROWS_MAX) return err_set(err, ERR_LIMIT, "csv.rows", NULL);
    r.divider = find_divider(r.p, r.end);
    /* Each cell takes its bytes and a NUL, for which there was a divider, a line's end or the end of the text. */
    r.to = arena_alloc(a, len + 2);
    out->rows = arena_alloc(a, lines * sizeof(out->rows[0]));
    if (!r.to || !out->rows) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    while (r.p < r.end) {
        struct csv_row row;
        rc = read_row(&r, &row);
        if (rc) return rc;
        if (!is_empty(&row)) out->rows[out->n++] = row;
    }
    return 0;
}

static bool looks_like_formula(const char *s, size_t len)
{
    return len && *s && strchr("=+-@\t\r'", *s);
}

struct csv_cell csv_unguarded(struct csv_cell cell)
{
    if (cell.len < 2 || cell.s[0] != '\'' || !looks_like_formula(cell.s + 1, cell.len - 1)) return cell;
    return (struct csv_cell){cell.s + 1, cell.len - 1};
}

void csv_write_cell(struct buf *b, const char *s, size_t len)
{
    bool guard = looks_like_formula(s, len), quote = guard;
    for (size_t i = 0; !quote && i < len; i++)
        quote = s[i] && strchr(",;\t\"\r\n", s[i]);
    if (!quote) {
        buf_add(b, s, len);
        return;
    }
    buf_add_char(b, '"');
    if (guard) buf_add_char(b, '\'');
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '"') buf_add_char(b, '"');
        buf_add_char(b, s[i]);
    }
    buf_add_char(b, '"');
}
