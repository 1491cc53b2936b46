/* Numbers in memory that follow the transaction: each change is noted with the mark in which it was made. A mark that
 * is released gives its notes to the one around it; one that is rolled back takes them off again. Notes of one number
 * in one mark are added up, so that the list stays as short as the numbers are few. */
#include <string.h>

#include "base/mem.h"
#include "store/store_internal.h"

enum { LOOK_BACK = 8 };

/* The note of this number among the last ones of this mark. */
static struct store_count *find(struct store *db, size_t end, const _Atomic int64_t *n, int mark)
{
    for (size_t i = end; i > 0 && i + LOOK_BACK > end && db->counts[i - 1].mark == mark; i--)
        if (db->counts[i - 1].n == n) return &db->counts[i - 1];
    return NULL;
}

static void add(struct store *db, _Atomic int64_t *n, int64_t delta)
{
    struct store_count *c = find(db, db->ncounts, n, db->marks);
    if (c) {
        c->delta += delta;
        return;
    }
    if (db->ncounts == db->counts_cap) {
        db->counts_cap = db->counts_cap ? 2 * db->counts_cap : 64;
        db->counts = mem_realloc(db->counts, db->counts_cap * sizeof(*db->counts));
    }
    db->counts[db->ncounts++] = (struct store_count){n, delta, db->marks};
}

void store_count(struct store *db, _Atomic int64_t *n, int64_t delta)
{
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + delta, memory_order_relaxed);
    add(db, n, delta);
}

void store_count_released(struct store *db)
{
    /* The last ones belong to the mark that was released: db->marks + 1. */
    size_t from = db->ncounts, end = db->ncounts;
    while (from > 0 && db->counts[from - 1].mark > db->marks)
        from--;
    db->ncounts = from;
    for (size_t i = from; i < end; i++) {
        struct store_count c = db->counts[i];
        add(db, c.n, c.delta);
    }
}

void store_count_undo(struct store *db, int marks)
{
    while (db->ncounts > 0 && db->counts[db->ncounts - 1].mark > marks) {
        const struct store_count *c = &db->counts[--db->ncounts];
        atomic_store_explicit(c->n, atomic_load_explicit(c->n, memory_order_relaxed) - c->delta, memory_order_relaxed);
    }
}
