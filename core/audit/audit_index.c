/* Finding again. Rows are indexed by the things and persons in them when the lane has nothing else to do, so that
 * telling costs one row and no more; what is not indexed yet, the newest rows, is read through. The index is made of
 * the rows alone and may be thrown away. */
#include "audit/audit_internal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 200, FIRST_PIECE_MS = 500, NEXT_PIECE_MS = 20, KEYS_MAX = 1024, KEYS_OF_ENTRY = 5, MANY = 8 };

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
    *r = (struct audit_reader){row->body, row->body + row->len, val_nil(), val_nil(), val_int(0), val_nil()};
}

int64_t audit_entry_person(const struct audit_row *r, const struct val *entry)
{
    return entry[AUDIT_RUN].as.i ? 0 : r->c.person;
}

int64_t audit_entry_run(const struct audit_row *r, const struct val *entry)
{
    return entry[AUDIT_RUN].as.i ? entry[AUDIT_RUN].as.i : r->c.run;
}

static int read_value(const char **p, const char *end, struct val *out)
{
    const char *from = *p;
    *p = val_skip(from, end);
    return *p ? val_decode(from, (size_t)(*p - from), NULL, audit_kind_of, out) : ERR_CORRUPT;
}

/* The bytes of the next entry, behind who acts. 1, 0, ERR_CORRUPT. */
static int next_bytes(struct audit_reader *r, const char **p, const char **end)
{
    uint32_t bits;
    if (r->p == r->end) return 0;
    if ((size_t)(r->end - r->p) < sizeof(bits)) return ERR_CORRUPT;
    memcpy(&bits, r->p, sizeof(bits));
    *p = r->p + sizeof(bits);
    if ((bits & AUDIT_LEN) > (size_t)(r->end - *p)) return ERR_CORRUPT;
    *end = r->p = *p + (bits & AUDIT_LEN);
    if (!(bits & AUDIT_BY)) return 1;
    int rc = read_value(p, *end, &r->run);
    if (rc == 0) rc = read_value(p, *end, &r->plugin);
    return rc == 0 && r->run.type == VAL_INT ? 1 : ERR_CORRUPT;
}

int audit_next_entry(struct audit_reader *r, struct arena *a, struct val *out)
{
    const char *p, *end;
    int rc = next_bytes(r, &p, &end);
    if (rc != 1) return rc;
    rc = val_decode(p, (size_t)(end - p), a, audit_kind_of, out);
    if (rc) return rc;
    if (out->type != VAL_LIST || out->as.list.n != AUDIT_FIELDS) return ERR_CORRUPT;
    rc = val_add(a, out, r->run);
    if (rc == 0) rc = val_add(a, out, r->plugin);
    if (rc) return rc;
    struct val *f = out->as.list.items;
    if (f[AUDIT_VERB].type == VAL_NIL) f[AUDIT_VERB] = r->verb;
    if (f[AUDIT_KIND].type == VAL_NIL) f[AUDIT_KIND] = r->kind;
    r->verb = f[AUDIT_VERB];
    r->kind = f[AUDIT_KIND];
    return 1;
}

/* Its first fields alone, which tell what it is about. */
static int next_thing(struct audit_reader *r, struct val f[AUDIT_AS])
{
    const char *p, *end;
    enum val_type type;
    uint64_t n;
    int rc = next_bytes(r, &p, &end);
    if (rc != 1) return rc;
    if (!val_enter(&p, end, &type, &n) || type != VAL_LIST || n != AUDIT_FIELDS) return ERR_CORRUPT;
    for (int i = 0; rc >= 0 && i < AUDIT_AS; i++)
        rc = read_value(&p, end, &f[i]) == 0 ? 1 : ERR_CORRUPT;
    if (rc == 1 && f[AUDIT_KIND].type == VAL_NIL) f[AUDIT_KIND] = r->kind;
    if (rc == 1) r->kind = f[AUDIT_KIND];
    return rc;
}

/* Rows of plugins' tables, of which many are made at once, have one key by eights. */
static int64_t key_number(const char *kind, size_t len, int64_t id)
{
    static const char table[] = "table:";
    bool is_row = len > sizeof(table) - 1 && memcmp(kind, table, sizeof(table) - 1) == 0;
    return is_row ? id >> 3 : id;
}

/* The kind above, the number below: what happens next to things that were made one after another is written to the same
 * few pages. What is known by its name lies anywhere among its kind. Several things may have one key: what is found is
 * read, too. */
int64_t audit_thing_key(const char *kind, size_t len, int64_t id, const char *name, size_t name_len)
{
    enum { KIND_BITS = 15, BELOW = 63 - KIND_BITS };
    uint64_t above = digest_short(kind, len) >> (64 - KIND_BITS);
    uint64_t below = name && name_len ? digest_short(name, name_len) : (uint64_t)key_number(kind, len, id);
    return (int64_t)(above << BELOW | (below & ((UINT64_C(1) << BELOW) - 1)));
}

int64_t audit_person_key(int64_t person)
{
    return audit_thing_key("by", 2, person, NULL, 0);
}

/* What a run did, and what was done to it. */
int64_t audit_run_key(int64_t run)
{
    return audit_thing_key("run", 3, run, NULL, 0);
}

struct keys {
    struct store *db;
    struct place {
        int64_t key, row;
    } list[KEYS_MAX];
    size_t n, row_from; /* where the keys of this row begin */
};

static void add_key(struct keys *k, int64_t key, int64_t row)
{
    for (size_t i = k->row_from; i < k->n; i++)
        if (k->list[i].key == key) return;
    k->list[k->n++] = (struct place){key, row};
}

static int by_key(const void *a, const void *b)
{
    const struct place *one = a, *two = b;
    return one->key != two->key  ? (one->key > two->key ? 1 : -1)
           : one->row > two->row ? 1
           : one->row < two->row ? -1
                                 : 0;
}

/* In their order and many by one statement: each then lies beside the one before. */
static int put_keys(struct keys *k, struct err *err)
{
    static const char one[] = "insert or ignore into audit_index(key, audit) values(?1, ?2)";
    static const char many[] = "insert or ignore into audit_index(key, audit) values(?1, ?2), (?3, ?4), (?5, ?6),"
                               " (?7, ?8), (?9, ?10), (?11, ?12), (?13, ?14), (?15, ?16)";
    qsort(k->list, k->n, sizeof(k->list[0]), by_key);
    for (size_t i = 0; i < k->n;) {
        size_t n = k->n - i >= MANY ? MANY : 1;
        struct stmt *s = store_stmt(k->db, n == MANY ? many : one, err);
        if (!s) return err->code;
        for (size_t j = 0; j < n; j++, i++) {
            stmt_bind_int(s, 2 * (int)j + 1, k->list[i].key);
            stmt_bind_int(s, 2 * (int)j + 2, k->list[i].row);
        }
        int rc = stmt_run(s, err);
        if (rc) return rc;
    }
    k->n = k->row_from = 0;
    return 0;
}

/* What has a number and a name is found by either. */
static void add_thing(struct keys *k, const struct val *f, int64_t row)
{
    const char *kind = f[AUDIT_KIND].as.str.s;
    size_t len = f[AUDIT_KIND].as.str.len;
    const struct val *name = &f[AUDIT_NAME];
    int64_t id = f[AUDIT_ID].as.i;
    bool named = name->type == VAL_STR && name->as.str.len > 0;
    if (named) add_key(k, audit_thing_key(kind, len, id, name->as.str.s, name->as.str.len), row);
    if (id || !named) add_key(k, audit_thing_key(kind, len, id, NULL, 0), row);
}

/* Keys are written when there is no room for those of one more entry. */
static int index_row(struct keys *k, const struct audit_row *r, struct err *err)
{
    struct audit_reader entries;
    struct val f[AUDIT_AS];
    int rc = 0;
    k->row_from = k->n;
    audit_reader_init(&entries, r);
    while (rc == 0 && next_thing(&entries, f) == 1) { /* what cannot be read is told by `khung audit verify` */
        if (k->n + KEYS_OF_ENTRY > KEYS_MAX) rc = put_keys(k, err);
        if (f[AUDIT_KIND].type != VAL_STR || f[AUDIT_ID].type != VAL_INT) continue;
        int64_t run = entries.run.as.i ? entries.run.as.i : r->c.run;
        if (run) add_key(k, audit_run_key(run), r->id);
        if (r->c.person) add_key(k, audit_person_key(r->c.person), r->id);
        add_thing(k, f, r->id);
        if (f[AUDIT_FOR].type == VAL_INT && f[AUDIT_FOR].as.i) add_key(k, audit_person_key(f[AUDIT_FOR].as.i), r->id);
    }
    return rc;
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
    struct keys k = {.db = db, .n = 0};
    int64_t from;
    int n = 0, rc = audit_indexed(db, &from, err);
    *row = from;
    *more = false;
    if (rc) return rc;
    struct stmt *s = store_stmt(db, "select " AUDIT_COLUMNS " from audit where id > ?1 order by id", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, from);
    while (rc == 0 && n < AT_ONCE && (rc = stmt_step(s, err)) == 1) {
        struct audit_row r;
        const uint8_t *hash;
        audit_read_row(s, &r, &hash);
        rc = index_row(&k, &r, err);
        *row = r.id;
        n++;
    }
    *more = n == AT_ONCE;
    stmt_done(s);
    if (rc < 0 || n == 0) return rc < 0 ? rc : 0;
    rc = put_keys(&k, err);
    if (rc) return rc;
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
