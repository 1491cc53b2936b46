/* Which rows of an import would give who takes it in more than they hold. Looked for only when all of it together
 * would: a list is taken as a whole, then in halves, until single rows are left. */
#include "people/own.h"
#include "people/people_import.h"

enum { ROWS_SHOWN = 20 };

struct search {
    struct import im;
    const struct val *list;
    struct arena halves[2]; /* what the actor held before, and what they hold now */
    int at;
    struct people_powers *before;
    struct val *rows;
};

/* What is gained since the last row that was found; then `keep` makes now the new before. */
static int look(struct search *f, bool keep, const char **what)
{
    struct import *im = &f->im;
    struct arena *spare = &f->halves[!f->at];
    struct people_powers *now;
    arena_reset(spare);
    int rc = people_own_read(im->by, spare, &now, im->err);
    if (rc == 0) rc = people_own_gained(im->by, f->before, now, im->a, what, im->err);
    if (rc || !*what || !keep) return rc;
    f->before = now;
    f->at = !f->at;
    return 0;
}

static int note(struct search *f, size_t entry, const char *what)
{
    struct val row = val_map();
    struct arena *a = f->im.a;
    if (val_set(a, &row, "list", val_str(f->im.what)) || val_set(a, &row, "entry", val_int((int64_t)entry)) ||
        val_set(a, &row, "what", val_str(what)) || val_add(a, f->rows, row))
        return people_too_large(f->im.err);
    return 0;
}

static int find(struct search *f, size_t reader, size_t from, size_t to)
{
    const char *what = NULL;
    bool one = to - from == 1;
    int rc = store_mark(f->im.db, f->im.err);
    if (rc) return rc;
    rc = import_rows(&f->im, reader, f->list, from, to);
    if (rc == 0 && f->rows->as.list.n < ROWS_SHOWN) rc = look(f, one, &what);
    if (rc == 0 && what && one) rc = note(f, from + 1, what);
    if (rc || (what && !one))
        store_mark_rollback(f->im.db);
    else
        return store_mark_release(f->im.db, f->im.err);
    if (rc) return rc;
    rc = find(f, reader, from, from + (to - from) / 2);
    return rc ? rc : find(f, reader, from + (to - from) / 2, to);
}

int people_import_gains(struct session *s, const struct val *tree, int64_t day, struct arena *a, struct val *rows,
                        struct err *err)
{
    struct search f = {.rows = rows};
    *rows = val_list();
    arena_init(&f.halves[0], s->arena->max);
    arena_init(&f.halves[1], s->arena->max);
    int rc = import_begin(&f.im, s, day, a, err);
    if (rc == 0) rc = people_own_read(s, &f.halves[0], &f.before, err);
    for (size_t k = 0; rc == 0 && import_list_name(k); k++) {
        f.list = val_get(tree, import_list_name(k));
        if (val_is(f.list, VAL_LIST) && f.list->as.list.n) rc = find(&f, k, 0, f.list->as.list.n);
    }
    arena_close(&f.halves[0]);
    arena_close(&f.halves[1]);
    return rc;
}
