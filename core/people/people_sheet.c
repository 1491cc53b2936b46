/* Files to rows: a list of JSON, or a sheet of CSV whose first line has the names of columns. */
#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "base/json.h"
#include "people/people_take.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int bad_file(struct take *t, const char *key, const char *file, const char *what)
{
    return err_set(t->err, ERR_INVALID, key, "file", file, "what", what, NULL);
}

/* The list's rows, made when first asked for. */
static struct take_list *list_of(struct take *t, const struct people_list *list)
{
    for (size_t i = 0; i < t->nlists; i++)
        if (t->lists[i].list == list) return &t->lists[i];
    if (t->nlists == TAKE_LISTS_MAX) return NULL;
    struct take_list *l = &t->lists[t->nlists++];
    *l = (struct take_list){.list = list, .rows = val_list()};
    return l;
}

static int add_row(struct take *t, struct take_list *l, struct val row, struct take_source source)
{
    if (l->rows.as.list.n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        struct take_source *more = arena_alloc(t->a, cap * sizeof(*more));
        if (!more) return people_too_large(t->err);
        if (l->cap) memcpy(more, l->sources, l->cap * sizeof(*more));
        l->sources = more;
        l->cap = cap;
    }
    l->sources[l->rows.as.list.n] = source;
    return val_add(t->a, &l->rows, row) ? people_too_large(t->err) : 0;
}

/* Titles are names of columns; each once. */
static int read_titles(struct take *t, const struct people_list *list, const struct csv_row *row, const char *file,
                       const char ***out)
{
    const char **titles = arena_alloc(t->a, (row->n + 1) * sizeof(*titles));
    if (!titles) return people_too_large(t->err);
    for (size_t i = 0; i < row->n; i++) {
        const struct people_column *c = people_column_find(list, row->cells[i].s);
        if (!c) return bad_file(t, "people.title", file, row->cells[i].s);
        for (size_t k = 0; k < i; k++)
            if (titles[k] == c->name) return bad_file(t, "people.title_twice", file, c->name);
        titles[i] = c->name;
    }
    *out = titles;
    return 0;
}

static int read_sheet(struct take *t, const struct people_list *list, const struct people_file *f)
{
    struct csv csv;
    const char **titles = NULL, *file = base_name(f->name);
    struct take_list *l = list_of(t, list);
    int rc = l ? csv_parse(f->text, f->len, t->a, &csv, t->err) : people_too_large(t->err);
    if (rc && l) err_add_arg(t->err, "file", file);
    if (rc || csv.n == 0) return rc;
    rc = read_titles(t, list, &csv.rows[0], file, &titles);
    for (size_t r = 1; rc == 0 && r < csv.n; r++) {
        struct take_source source = {file, csv.rows[r].line, titles};
        struct val row = val_map();
        struct err_num line;
        /* Spreadsheets leave empty cells behind. */
        while (csv.rows[r].n > csv.rows[0].n && csv.rows[r].cells[csv.rows[r].n - 1].len == 0)
            csv.rows[r].n--;
        if (csv.rows[r].n > csv.rows[0].n)
            return bad_file(t, "people.row_long", file, err_i64(&line, (int64_t)csv.rows[r].line));
        for (size_t i = 0; rc == 0 && i < csv.rows[r].n; i++) {
            struct csv_cell cell = csv_unguarded(csv.rows[r].cells[i]);
            if (cell.len && val_set(t->a, &row, titles[i], val_strn(cell.s, cell.len))) rc = people_too_large(t->err);
        }
        if (rc == 0) rc = add_row(t, l, row, source);
    }
    return rc;
}

static int read_tree(struct take *t, const struct people_file *f)
{
    struct val tree;
    const char *file = base_name(f->name);
    size_t bom = f->len >= 3 && memcmp(f->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    int rc = json_parse(f->text + bom, f->len - bom, t->a, &tree, t->err);
    if (rc) {
        err_add_arg(t->err, "file", file);
        return rc;
    }
    if (tree.type != VAL_MAP) return bad_file(t, "people.file", file, "");
    for (size_t i = 0; rc == 0 && i < tree.as.map.n; i++) {
        const char *name = tree.as.map.pairs[i].key;
        const struct people_list *list = people_list_find(name, strlen(name));
        const struct val *rows = &tree.as.map.pairs[i].v;
        if (!list || rows->type != VAL_LIST) return bad_file(t, "people.list", file, name);
        struct take_list *l = list_of(t, list);
        if (!l) return people_too_large(t->err);
        for (size_t k = 0; rc == 0 && k < rows->as.list.n; k++) {
            struct err_num n;
            if (rows->as.list.items[k].type != VAL_MAP)
                return bad_file(t, "people.row", file, err_i64(&n, (int64_t)k + 1));
            rc = add_row(t, l, rows->as.list.items[k], (struct take_source){file, k + 1, NULL});
        }
        if (strcmp(name, "changes") == 0) t->loose = true;
        for (size_t k = 0; rows->as.list.n > k && !t->loose; k++)
            t->loose = val_get(&rows->as.list.items[k], "names") != NULL;
    }
    return rc;
}

int take_files(struct take *t)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < t->args->nfiles; i++) {
        const struct people_file *f = &t->args->files[i];
        const char *name = base_name(f->name), *dot = strrchr(name, '.');
        size_t stem = dot ? (size_t)(dot - name) : strlen(name);
        const struct people_list *list = people_list_find(name, stem);
        if (dot && strcmp(dot, ".json") == 0)
            rc = read_tree(t, f);
        else if (dot && strcmp(dot, ".csv") == 0 && list)
            rc = read_sheet(t, list, f);
        else
            rc = bad_file(t, "people.file", name, "");
        if (list && strcmp(list->name, "changes") == 0) t->loose = true;
    }
    return rc;
}
