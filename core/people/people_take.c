/* Taking an organisation in: files to rows, rows to cells, cells to an import, in a mark that a preview rolls back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"
#include "people/people_take.h"

enum { TAKE_MEMORY = 512 << 20 };

int take_add(struct take *t, struct val *list, const struct val *row)
{
    struct val copy;
    return val_copy(t->out, row, &copy) || val_add(t->out, list, copy) ? ERR_NOMEM : 0;
}

/* "units.csv:3:2 name", in JSON "org.json:units[3] name". */
static const char *place_of(struct take *t, const struct val *cell)
{
    int64_t column = val_get_int(cell, "column", 0), line = val_get_int(cell, "line", 0);
    const char *file = val_get_str(cell, "file"), *field = val_get_str(cell, "field");
    const char *list = val_get_str(cell, "list");
    if (column) return arena_printf(t->a, "%s:%lld:%lld %s", file, (long long)line, (long long)column, field);
    return arena_printf(t->a, "%s:%s[%lld] %s", file, list, (long long)line, field);
}

/* The first bad cell in the sentence, and more of them as fields of the error. */
static int refuse(struct take *t)
{
    struct err_num count;
    const struct val *first = val_at(&t->errors, 0);
    const char *place = place_of(t, first);
    const char *says = place ? arena_printf(t->a, "%s: %s", place, val_get_str(first, "says")) : NULL;
    if (!says) return people_too_large(t->err);
    err_set(t->err, ERR_INVALID, "people.cells", "count", err_i64(&count, (int64_t)t->nerrors), "first", says, NULL);
    for (size_t i = 0; i < t->errors.as.list.n && i < ERR_FIELDS_MAX; i++) {
        const struct val *cell = val_at(&t->errors, i), *raw = val_get(cell, "raw"), *detail = val_get(cell, "detail");
        const struct val *key = val_get(cell, "error");
        const char *shown = val_is(detail, VAL_STR) ? detail->as.str.s
                            : val_is(raw, VAL_STR)  ? val_cstr(t->a, raw)
                                                    : "";
        const char *where = place_of(t, cell);
        if (where) err_add_field(t->err, where, key->as.str.s, shown ? shown : "");
    }
    return ERR_INVALID;
}

/* The sentence of an error that is no wrong cell by itself, such as a change that is refused. */
static const char *sentence_of(struct take *t)
{
    struct buf b;
    buf_init(&b, 2000);
    locale_err(&b, t->args->lang, t->err, false);
    char *copy = arena_strndup(t->a, b.data ? b.data : "", b.len);
    buf_close(&b);
    return copy;
}

static struct take_list *list_of(struct take *t, const char *name)
{
    for (size_t i = 0; i < t->nlists; i++)
        if (strcmp(t->lists[i].list->name, name) == 0) return &t->lists[i];
    return NULL;
}

/* An import that failed at an entry: as a wrong cell of that entry, so that a preview can show it beside the others. */
static int locate(struct take *t, int rc)
{
    bool cell = strcmp(t->err->key, "people.import") == 0;
    long entry = strtol(err_arg(t->err, "entry"), NULL, 10);
    const char *list = err_arg(t->err, "list"), *field = err_arg(t->err, "field"), *code = err_arg(t->err, "code");
    if (err_is_fault(rc) || rc == ERR_LIMIT || (rc == ERR_DENIED && !t->args->preview)) return rc;
    struct take_list *l = list_of(t, list);
    if (!l || entry < 1 || (size_t)entry > l->rows.as.list.n) return rc;
    const struct val *raw = val_get(val_at(&l->rows, (size_t)entry - 1), field);
    const char *detail = !cell ? sentence_of(t) : *code ? arena_strdup(t->a, code) : NULL;
    char *name = arena_strdup(t->a, *field ? field : "how");
    if (!name || (!cell && !detail)) return people_too_large(t->err);
    err_clear(t->err);
    return take_wrong(t, l, (size_t)entry - 1, name, raw,
                      !cell    ? "people.cell.refused"
                      : detail ? "people.cell.unknown"
                               : "people.cell.fit",
                      detail);
}

/* Each row by which who takes it in would give themself a right, as a wrong cell: its first one. */
static int own_rows(struct take *t, const struct val *tree)
{
    struct val rows;
    int rc = store_mark(t->db, t->err);
    if (rc) return rc;
    rc = people_import_gains(t->args->by, tree, t->args->day, t->a, &rows, t->err);
    store_mark_rollback(t->db);
    for (size_t i = 0; rc == 0 && val_at(&rows, i); i++) {
        const struct val *row = val_at(&rows, i);
        struct take_list *l = list_of(t, val_get_str(row, "list"));
        size_t entry = (size_t)val_get_int(row, "entry", 1) - 1;
        const struct val *raw = l ? val_at(&l->rows, entry) : NULL;
        if (!raw || !raw->as.map.n) continue;
        err_set(t->err, ERR_DENIED, "denied.own_rights", "what", val_get_str(row, "what"), NULL);
        const char *says = sentence_of(t);
        err_clear(t->err);
        const struct val_pair *cell = &raw->as.map.pairs[0];
        rc =
            says ? take_wrong(t, l, entry, cell->key, &cell->v, "people.cell.refused", says) : people_too_large(t->err);
    }
    return rc;
}

/* What is refused as a whole, not by one of its rows, a preview says of its rows. */
static int refused(struct take *t, const struct val *tree, int rc)
{
    size_t known = t->nerrors;
    if (rc != ERR_DENIED || !t->args->preview || strcmp(t->err->key, "denied.own_rights") != 0) return locate(t, rc);
    struct err whole = *t->err;
    err_clear(t->err);
    rc = own_rows(t, tree);
    if (rc || t->nerrors > known) return rc;
    *t->err = whole;
    return ERR_DENIED;
}

static int import(struct take *t, const struct val *tree, struct val *report)
{
    struct val before, after, done = val_map();
    bool preview = t->args->preview;
    int rc = preview ? people_give(t->db, PEOPLE_ALL_DAYS, t->a, &before, t->err) : 0;
    if (rc == 0) rc = store_mark(t->db, t->err);
    if (rc) return rc;
    rc = t->args->by ? people_import_by(t->args->by, tree, t->args->day, t->a, &done, t->err)
                     : people_import(t->db, tree, t->args->now, t->args->day, t->a, &done, t->err);
    if (rc == 0 && preview) rc = people_give(t->db, PEOPLE_ALL_DAYS, t->a, &after, t->err);
    if (rc == 0 && preview) rc = take_diff(t, &before, &after, report);
    if (rc || preview)
        store_mark_rollback(t->db);
    else
        rc = store_mark_release(t->db, t->err);
    if (rc) return refused(t, tree, rc);
    struct val copy;
    return val_copy(t->out, &done, &copy) || val_set(t->out, report, "lists", copy) ? people_too_large(t->err) : 0;
}

static int show(struct take *t, struct val *report)
{
    int rc = val_set(t->out, report, "ok", val_bool(t->nerrors == 0));
    if (rc == 0) rc = val_set(t->out, report, "cells", t->cells);
    if (rc == 0) rc = val_set(t->out, report, "ncells", val_int((int64_t)t->ncells));
    if (rc == 0) rc = val_set(t->out, report, "errors", t->errors);
    if (rc == 0) rc = val_set(t->out, report, "warnings", t->warnings);
    return rc ? people_too_large(t->err) : 0;
}

int people_take(struct store *db, const struct people_take *args, struct arena *a, struct val *report, struct err *err)
{
    struct arena scratch;
    struct take *t = arena_alloc(a, sizeof(*t));
    struct val tree;
    *report = val_map();
    if (!t) return people_too_large(err);
    arena_init(&scratch, TAKE_MEMORY);
    *t = (struct take){.db = db,
                       .args = args,
                       .a = &scratch,
                       .out = a,
                       .err = err,
                       .cells = val_list(),
                       .errors = val_list(),
                       .warnings = val_list()};
    int rc = take_files(t);
    if (rc == 0) rc = take_cells(t, &tree);
    if (rc == 0 && t->nerrors == 0) rc = import(t, &tree, report);
    if (rc == 0 && t->nerrors && !args->preview) rc = refuse(t);
    if (rc == 0) rc = show(t, report);
    arena_close(&scratch);
    return rc;
}
