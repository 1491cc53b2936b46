/* Finding again. Rows are indexed by the things and persons in them when the lane has nothing else to do, so that
 * telling costs one row and no more; what is not indexed yet, the newest rows, is read through. The index is made of
 * the rows alone and may be thrown away. */
#include "audit/audit_internal.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"

enum {
    AT_ONCE = 200,
    FIRST_PIECE_MS = 500,
    NEXT_PIECE_MS = 20,
    KEYS_MAX = 64,
    KEYS_OF_ENTRY = 3,
    INDEX_ARENA = 8 << 20
};

/* Objects in values are shown by kind and number; what else they are is not the audit's to know. */
const struct val_kind *audit_kind_of(const char *name, size_t len)
{
    static const struct val_kind kinds[] = {{"item"}, {"run"},     {"task"},  {"unit"},   {"person"},
                                            {"date"}, {"instant"}, {"table"}, {"erased"}, {"body"}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0) return &kinds[i];
    return NULL;
}

void audit_reader_init(struct audit_reader *r, const struct audit_row *row)
{
    *r = (struct audit_reader){row->body, row->body + row->len, val_nil(), val_nil()};
}

int audit_next_entry(struct audit_reader *r, struct arena *a, struct val *out)
{
    uint32_t len;
    if (r->p == r->end) return 0;
    if ((size_t)(r->end - r->p) < sizeof(len)) return ERR_CORRUPT;
    memcpy(&len, r->p, sizeof(len));
    len &= ~AUDIT_PLAIN;
    r->p += sizeof(len);
    if (len > (size_t)(r->end - r->p)) return ERR_CORRUPT;
    int rc = val_decode(r->p, len, a, audit_kind_of, out);
    r->p += len;
    if (rc) return rc;
    if (out->type != VAL_LIST || out->as.list.n != AUDIT_FIELDS) return ERR_CORRUPT;
    struct val *f = out->as.list.items;
    if (f[AUDIT_VERB].type == VAL_NIL) f[AUDIT_VERB] = r->verb;
    if (f[AUDIT_KIND].type == VAL_NIL) f[AUDIT_KIND] = r->kind;
    r->verb = f[AUDIT_VERB];
    r->kind = f[AUDIT_KIND];
    return 1;
}

/* The kind above, the number below: what happens next to things that were made one after another is written to the same
 * few pages. What is known by its name lies anywhere among its kind. Two things may have one key: what is found is
 * read, too. */
int64_t audit_thing_key(const char *kind, size_t len, int64_t id, const char *name, size_t name_len)
{
    enum { KIND_BITS = 15, BELOW = 63 - KIND_BITS };
    uint64_t above = digest_short(kind, len) >> (64 - KIND_BITS);
    uint64_t below = name && name_len ? digest_short(name, name_len) : (uint64_t)id;
    return (int64_t)(above << BELOW | (below & ((UINT64_C(1) << BELOW) - 1)));
}

int64_t audit_person_key(int64_t person)
{
    return audit_thing_key("by", 2, person, NULL, 0);
}

struct keys {
    int64_t list[KEYS_MAX];
    size_t n;
};

static void add_key(struct keys *k, int64_t key)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->list[i] == key) return;
    if (k->n < KEYS_MAX) k->list[k->n++] = key;
}

static int put_keys(struct store *db, const struct keys *k, int64_t row, struct err *err)
{
    for (size_t i = 0; i < k->n; i++) {
        struct stmt *s = store_stmt(db, "insert or ignore into audit_index(key, audit) values(?1, ?2)", err);
        if (!s) return err->code;
        stmt_bind_int(s, 1, k->list[i]);
        stmt_bind_int(s, 2, row);
        int rc = stmt_run(s, err);
        if (rc) return rc;
    }
    return 0;
}

/* What has a number and a name is found by either. */
static void add_thing(struct keys *k, const struct val *f)
{
    const char *kind = f[AUDIT_KIND].as.str.s;
    size_t len = f[AUDIT_KIND].as.str.len;
    const struct val *name = &f[AUDIT_NAME];
    int64_t id = f[AUDIT_ID].as.i;
    bool named = name->type == VAL_STR && name->as.str.len > 0;
    if (named) add_key(k, audit_thing_key(kind, len, id, name->as.str.s, name->as.str.len));
    if (id || !named) add_key(k, audit_thing_key(kind, len, id, NULL, 0));
}

/* All keys of a row; when there are many they are written as they come. */
static int index_row(struct store *db, const struct audit_row *r, struct arena *a, struct err *err)
{
    struct keys k = {.n = 0};
    struct audit_reader entries;
    struct val e;
    int rc;
    if (r->c.person) add_key(&k, audit_person_key(r->c.person));
    audit_reader_init(&entries, r);
    while ((rc = audit_next_entry(&entries, a, &e)) == 1) {
        const struct val *f = e.as.list.items;
        if (f[AUDIT_KIND].type != VAL_STR || f[AUDIT_ID].type != VAL_INT) continue;
        add_thing(&k, f);
        if (f[AUDIT_FOR].type == VAL_INT && f[AUDIT_FOR].as.i) add_key(&k, audit_person_key(f[AUDIT_FOR].as.i));
        if (k.n + KEYS_OF_ENTRY > KEYS_MAX) {
            int full = put_keys(db, &k, r->id, err);
            if (full) return full;
            k.n = 0;
        }
    }
    return put_keys(db, &k, r->id, err); /* a row that cannot be read is told by `khung audit verify` */
}

int audit_indexed(struct store *db, int64_t *row, struct err *err)
{
    struct stmt *s = store_stmt(db, "select audit from audit_indexed where id = 1", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    *row = rc == 1 ? stmt_int(s, 0) : 0;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int index_some(struct store *db, int64_t *row, bool *more, struct err *err)
{
    struct arena a;
    int64_t from;
    int n = 0, rc = audit_indexed(db, &from, err);
    *row = from;
    *more = false;
    if (rc) return rc;
    struct stmt *s = store_stmt(db, "select " AUDIT_COLUMNS " from audit where id > ?1 order by id", err);
    if (!s) return err->code;
    arena_init(&a, INDEX_ARENA);
    stmt_bind_int(s, 1, from);
    while (rc == 0 && n < AT_ONCE && (rc = stmt_step(s, err)) == 1) {
        struct audit_row r;
        const uint8_t *hash;
        audit_read_row(s, &r, &hash);
        arena_reset(&a);
        rc = index_row(db, &r, &a, err);
        *row = r.id;
        n++;
    }
    *more = n == AT_ONCE;
    stmt_done(s);
    arena_close(&a);
    if (rc < 0 || n == 0) return rc < 0 ? rc : 0;
    s = store_stmt(db, "update audit_indexed set audit = ?1 where id = 1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, *row);
    return stmt_run(s, err);
}

int audit_index_some(struct store *db, bool *more, struct err *err)
{
    int64_t row;
    return index_some(db, &row, more, err);
}

/* --- on the lane --- */

static struct audit *of_work(struct lane_work *w)
{
    return (struct audit *)((char *)w - offsetof(struct audit, work));
}

static int run_index(struct lane_work *w, struct lane *lane, struct err *err)
{
    return audit_index_some(lane_db(lane), &of_work(w)->has_more, err);
}

/* What could not be indexed is tried again with the next rows. */
static void done_index(struct lane_work *w, const struct err *failed)
{
    struct audit *au = of_work(w);
    au->is_indexing = false;
    if (!failed && au->has_more) lane_wake_at(au->lane, &au->source, lane_now(au->lane) + NEXT_PIECE_MS);
}

static int64_t collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct audit *au = (struct audit *)((char *)src - offsetof(struct audit, source));
    (void)now;
    (void)max;
    if (!au->is_indexing) lane_add(lane, &au->work);
    au->is_indexing = true;
    return INT64_MAX;
}

void audit_start(struct audit *au, struct lane *lane)
{
    au->lane = lane;
    au->work = (struct lane_work){.run = run_index, .done = done_index};
    au->source = (struct lane_source){.collect = collect, .due = INT64_MAX};
    lane_add_source(lane, &au->source);
    audit_index_soon(au);
    audit_eraser_start(au, lane);
}

void audit_index_soon(struct audit *au)
{
    if (au->lane && !au->is_indexing) lane_wake_at(au->lane, &au->source, lane_now(au->lane) + FIRST_PIECE_MS);
}
