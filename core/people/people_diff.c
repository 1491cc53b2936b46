/* What an import changes: the organisation as it is given out before and after, row by row. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "people/people_take.h"

struct keyed {
    const char *key;
    const struct val *row;
};

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct keyed *)a)->key, ((const struct keyed *)b)->key);
}

/* "board_head tb-tg ban-tg 2016-10-01" */
static const char *key_of(struct take *t, const struct people_list *l, const struct val *row)
{
    struct buf b;
    buf_init(&b, 64 << 10);
    for (const char *p = l->key; *p;) {
        size_t n = strcspn(p, " ");
        char *name = arena_strndup(t->a, p, n);
        const struct val *v = name ? val_get(row, name) : NULL;
        if (b.len) buf_add_char(&b, ' ');
        if (val_is(v, VAL_STR))
            buf_add(&b, v->as.str.s, v->as.str.len);
        else if (v)
            json_write(&b, v);
        else
            buf_add_char(&b, '-');
        p += n + strspn(p + n, " ");
    }
    char *key = buf_ok(&b) ? arena_strndup(t->a, b.data ? b.data : "", b.len) : NULL;
    buf_close(&b);
    return key;
}

static int sorted(struct take *t, const struct people_list *l, const struct val *tree, struct keyed **out, size_t *n)
{
    const struct val *rows = val_get(tree, l->name);
    *n = rows ? rows->as.list.n : 0;
    *out = arena_alloc(t->a, (*n + 1) * sizeof(**out));
    if (!*out) return people_too_large(t->err);
    for (size_t i = 0; i < *n; i++) {
        (*out)[i] = (struct keyed){key_of(t, l, val_at(rows, i)), val_at(rows, i)};
        if (!(*out)[i].key) return people_too_large(t->err);
    }
    qsort(*out, *n, sizeof(**out), compare_keys);
    return 0;
}

static int note(struct take *t, struct val *report, const char *what, const struct people_list *l, const char *key,
                const char *field, const struct val *before, const struct val *after)
{
    struct val row = val_map(), *list = (struct val *)val_get(report, what);
    int rc = val_set(t->a, &row, "list", val_str(l->name));
    if (rc == 0) rc = val_set(t->a, &row, "key", val_str(key));
    if (rc == 0 && field) rc = val_set(t->a, &row, "field", val_str(field));
    if (rc == 0 && before) rc = val_set(t->a, &row, "before", *before);
    if (rc == 0 && after) rc = val_set(t->a, &row, "after", *after);
    if (rc == 0) rc = take_add(t, list, &row);
    return rc ? people_too_large(t->err) : 0;
}

static int compare_rows(struct take *t, struct val *report, const struct people_list *l, const struct keyed *a,
                        const struct keyed *b)
{
    int rc = 0;
    for (const struct people_column *c = l->columns; rc == 0 && c->name; c++) {
        const struct val *before = val_get(a->row, c->name), *after = val_get(b->row, c->name);
        if (before == after || (before && after && val_equal(before, after))) continue;
        bool ends = !before && strcmp(c->name, "to") == 0;
        rc = note(t, report, ends ? "ended" : "changed", l, b->key, c->name, before, after);
    }
    return rc;
}

static int diff_list(struct take *t, const struct people_list *l, const struct val *before, const struct val *after,
                     struct val *report)
{
    struct keyed *a, *b;
    size_t na, nb, i = 0, k = 0;
    int rc = sorted(t, l, before, &a, &na);
    if (rc == 0) rc = sorted(t, l, after, &b, &nb);
    while (rc == 0 && (i < na || k < nb)) {
        int order = i == na ? 1 : k == nb ? -1 : strcmp(a[i].key, b[k].key);
        if (order == 0)
            rc = compare_rows(t, report, l, &a[i++], &b[k++]);
        else if (order < 0)
            rc = note(t, report, "gone", l, a[i++].key, NULL, NULL, NULL);
        else
            rc = note(t, report, "new", l, b[k++].key, NULL, NULL, NULL);
    }
    return rc;
}

int take_diff(struct take *t, const struct val *before, const struct val *after, struct val *report)
{
    static const char *const parts[] = {"new", "changed", "ended", "gone"};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < 4; i++)
        if (val_set(t->out, report, parts[i], val_list())) rc = people_too_large(t->err);
    for (const struct people_list *l = people_lists; rc == 0 && l->name; l++)
        if (l->give) rc = diff_list(t, l, before, after, report);
    return rc;
}
