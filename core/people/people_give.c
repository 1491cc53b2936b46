/* Giving an organisation out: each list's rows by its statement, in the shape in which they are taken in. */
#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "base/date.h"
#include "people/exchange.h"
#include "people/people_list.h"

static int add_words(struct arena *a, const char *text, struct val *list)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " ");
        char *word = n ? arena_strndup(a, p, n) : NULL;
        if (n && (!word || val_add(a, list, val_str(word)))) return ERR_NOMEM;
        p += n + strspn(p + n, " ");
    }
    return 0;
}

/* One cell as a value; nil for null and for "since ever". */
static int give_cell(struct stmt *s, int i, const struct people_column *column, struct arena *a, struct val *out)
{
    char day[16];
    *out = val_nil();
    if (stmt_is_null(s, i)) return 0;
    if (column->type == CELL_DATE) {
        if (stmt_int(s, i) <= PEOPLE_ALWAYS) return 0;
        date_format_day(stmt_int(s, i), day);
        *out = val_str(arena_strdup(a, day));
        return out->as.str.s ? 0 : ERR_NOMEM;
    }
    if (column->type == CELL_NUMBER) *out = val_int(stmt_int(s, i));
    if (column->type == CELL_BOOL) *out = stmt_int(s, i) ? val_bool(true) : val_nil();
    if (column->type == CELL_NUMBER || column->type == CELL_BOOL) return 0;
    const char *text = people_text(s, i, a);
    if (!text) return ERR_NOMEM;
    *out = people_cell_is_list(column->type) ? val_list() : val_str(text);
    return out->type == VAL_LIST ? add_words(a, text, out) : 0;
}

static int give_list(struct store *db, const struct people_list *list, int64_t day, struct arena *a, struct val *rows,
                     struct err *err)
{
    struct stmt *s = store_stmt(db, list->give, err);
    int rc;
    if (!s) return err->code;
    if (day != PEOPLE_ALL_DAYS && strstr(list->give, "?2")) stmt_bind_int(s, 2, day);
    *rows = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct val row = val_map(), v;
        for (int i = 0; rc >= 0 && i < stmt_columns(s); i++) {
            const struct people_column *column = people_column_find(list, stmt_column_name(s, i));
            if (!column || give_cell(s, i, column, a, &v)) rc = ERR_NOMEM;
            if (rc >= 0 && v.type != VAL_NIL && val_set(a, &row, column->name, v)) rc = ERR_NOMEM;
        }
        if (rc < 0 || val_add(a, rows, row)) {
            rc = people_too_large(err);
            break;
        }
    }
    stmt_done(s);
    return rc;
}

int people_give(struct store *db, int64_t day, struct arena *a, struct val *tree, struct err *err)
{
    int rc = 0;
    *tree = val_map();
    for (const struct people_list *l = people_lists; rc == 0 && l->name; l++) {
        struct val rows;
        if (!l->give) continue;
        rc = give_list(db, l, day, a, &rows, err);
        if (rc == 0 && rows.as.list.n && val_set(a, tree, l->name, rows)) rc = people_too_large(err);
    }
    return rc;
}

static void write_value(struct buf *out, const struct val *v)
{
    char number[24];
    if (!v || v->type == VAL_NIL) return;
    if (v->type == VAL_STR) csv_write_cell(out, v->as.str.s, v->as.str.len);
    if (v->type == VAL_BOOL) buf_add_str(out, v->as.b ? "true" : "false");
    if (v->type == VAL_INT) {
        snprintf(number, sizeof(number), "%lld", (long long)v->as.i);
        buf_add_str(out, number);
    }
    for (size_t i = 0; v->type == VAL_LIST && i < v->as.list.n; i++) {
        if (i) buf_add_char(out, ' ');
        if (val_is(val_at(v, i), VAL_STR)) buf_add_str(out, val_at(v, i)->as.str.s);
    }
}

int people_give_csv(const struct val *tree, const char *list, struct buf *out)
{
    const struct people_list *l = people_list_find(list, strlen(list));
    const struct val *rows = val_get(tree, list);
    if (!l || !val_is(rows, VAL_LIST)) return ERR_NOT_FOUND;
    buf_add_str(out, "\xef\xbb\xbf");
    for (size_t r = 0; r <= rows->as.list.n; r++) {
        for (const struct people_column *c = l->columns; c->name; c++) {
            if (c->type == CELL_ANY) continue;
            if (c != l->columns) buf_add_char(out, ',');
            if (r == 0)
                buf_add_str(out, c->name);
            else
                write_value(out, val_get(val_at(rows, r - 1), c->name));
        }
        buf_add_str(out, "\r\n");
    }
    return buf_ok(out) ? 0 : ERR_LIMIT;
}
