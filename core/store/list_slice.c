/* Pages of rows that are in memory: what plugins there are, what a report knows. */
#include "store/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct place {
    const struct val *row;
    struct val at, key;
    bool down;
};

static struct val cell(const struct val *row, const struct list_column *c)
{
    const struct val *v = val_get(row->type == VAL_OBJ ? row->as.obj.fields : row, c->name);
    if (val_is(v, VAL_OBJ)) return val_int(v->as.obj.id); /* dates and instants are ordered so */
    return v ? *v : val_nil();
}

/* What a filter holds is in stored form: so must the cell be. */
static struct val stored(const struct list_column *c, struct val v)
{
    if (v.type == VAL_BOOL) return val_int(v.as.b);
    for (int64_t i = 0; c->choices && c->choices[i]; i++)
        if (val_is_str(&v, c->choices[i])) return val_int(i);
    return v;
}

static bool fits(const struct list_query *q, const struct val *row)
{
    for (size_t i = 0; i < q->nfilters; i++) {
        const struct list_filter *f = &q->filters[i];
        struct val v = stored(f->column, cell(row, f->column));
        int order = val_compare(&v, &f->value);
        bool less = f->op[0] == '<', more = f->op[0] == '>';
        if (v.type != f->value.type) return false;
        if (order == 0 && (less || more) && !f->op[1]) return false;
        if ((order < 0 && !less) || (order > 0 && !more)) return false;
    }
    return true;
}

static int compare(const void *x, const void *y)
{
    const struct place *a = x, *b = y;
    int order = val_compare(&a->at, &b->at);
    if (order == 0) order = val_compare(&a->key, &b->key);
    return a->down ? -order : order;
}

int list_slice(const struct list_query *q, const struct val *all, struct arena *a, struct val *rows, const char **next,
               struct err *err)
{
    size_t n = all->type == VAL_LIST ? all->as.list.n : 0, found = 0, from = 0;
    struct place *places = arena_alloc(a, (n + 1) * sizeof(*places));
    struct place after = {.at = q->after, .key = q->after_key, .down = q->down};
    int rc = places ? 0 : ERR_NOMEM;
    *rows = val_list();
    *next = NULL;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct val *row = &all->as.list.items[i];
        if (fits(q, row)) places[found++] = (struct place){row, cell(row, q->sort), cell(row, q->key), q->down};
    }
    if (found) qsort(places, found, sizeof(*places), compare);
    while (q->after_key.type != VAL_NIL && from < found && compare(&places[from], &after) <= 0)
        from++;
    for (size_t i = from; rc == 0 && i < found && (int64_t)(i - from) < q->limit; i++)
        rc = val_add(a, rows, *places[i].row);
    if (rc) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    size_t last = from + (size_t)q->limit;
    if (last < found) rc = list_cursor(q, places[last - 1].at, places[last - 1].key, a, next, err);
    return rc ? rc : list_pick(q, a, rows, err);
}
