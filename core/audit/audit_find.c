/* Search, newest first: what is not indexed yet row by row, then by the index; without a thing, a run or a person, row
 * by row from the day on (anchors tell where a day begins). */
#include "audit/audit_internal.h"

#include <string.h>

#include "base/arena.h"

enum { ROW = 1024, SCAN_MAX = 20000, LIMIT_MAX = 1000, LIMIT = 100, ENTRY_ARENA = 256 << 20, DAY_MS = 86400000 };

static bool is_text(const struct val *v, const char *want)
{
    return !want || val_is_str(v, want);
}

static bool is_verb(const struct val *v, const char *want)
{
    size_t n = want ? strlen(want) : 0;
    if (n < 2 || strcmp(want + n - 2, ".*") != 0) return is_text(v, want);
    return v->type == VAL_STR && v->as.str.len > n - 1 && memcmp(v->as.str.s, want, n - 1) == 0;
}

static bool fits(const struct audit_filter *f, const struct audit_row *r, const struct val *e)
{
    if (!is_verb(&e[AUDIT_VERB], f->verb) || !is_text(&e[AUDIT_KIND], f->kind) || !is_text(&e[AUDIT_NAME], f->name))
        return false;
    if (f->id && (e[AUDIT_ID].type != VAL_INT || e[AUDIT_ID].as.i != f->id)) return false;
    if (f->run && audit_entry_run(r, e) != f->run) return false;
    bool by = audit_entry_person(r, e) == f->person || (e[AUDIT_FOR].type == VAL_INT && e[AUDIT_FOR].as.i == f->person);
    return !f->person || by;
}

/* What was erased is shown so, wherever it stood. */
static int show_value(struct arena *a, const struct val *v, struct val *out, bool *erased)
{
    int rc = val_copy(a, v, out);
    if (rc == 0 && out->type == VAL_OBJ && strcmp(out->as.obj.kind->name, "erased") == 0) {
        *out = val_map();
        *erased = true;
        rc = val_set(a, out, "erased", val_bool(true));
    }
    for (size_t i = 0; rc == 0 && out->type == VAL_MAP && !val_get(out, "erased") && i < out->as.map.n; i++) {
        struct val one = out->as.map.pairs[i].v;
        if (one.type == VAL_OBJ) rc = show_value(a, &one, &out->as.map.pairs[i].v, erased);
    }
    return rc;
}

static int show_actor(struct arena *a, const struct audit_row *r, const struct val *e, struct val *out)
{
    const struct audit_context *c = &r->c;
    struct val plugin = c->plugin[0] ? val_str(c->plugin) : val_nil(), copy;
    int64_t run = audit_entry_run(r, e);
    bool is_beside = e[AUDIT_RUN].as.i != 0;
    int rc = val_copy(a, is_beside ? &e[AUDIT_PLUGIN] : &plugin, &copy);
    if (!is_beside && c->user) rc |= val_set(a, out, "user", val_int(c->user));
    if (!is_beside && c->person) rc |= val_set(a, out, "person", val_int(c->person));
    if (run) rc |= val_set(a, out, "run", val_int(run));
    if (copy.type != VAL_NIL) rc |= val_set(a, out, "plugin", copy);
    if (!is_beside && c->from[0]) rc |= val_set(a, out, "from", val_str(arena_strdup(a, c->from)));
    return rc;
}

static int show(struct arena *a, const struct audit_row *r, const struct val *e, struct val *out)
{
    static const char *const names[AUDIT_FIELDS] = {"verb",         "kind", "id",     "name",  "unit",
                                                    "on_behalf_of", "as",   "before", "after", "reason"};
    struct val row = val_map();
    bool erased = false;
    int rc = val_set(a, &row, "row", val_int(r->id));
    rc |= val_set(a, &row, "at", val_int(r->c.at));
    rc |= show_actor(a, r, e, &row);
    for (int i = 0; i < AUDIT_FIELDS; i++) {
        struct val copy;
        bool none = e[i].type == VAL_NIL || (e[i].type == VAL_INT && e[i].as.i == 0);
        if (none) continue;
        rc |= show_value(a, &e[i], &copy, &erased);
        rc |= val_set(a, &row, names[i], copy);
    }
    if (erased) rc |= val_set(a, &row, "erased", val_bool(true));
    return rc ? rc : val_add(a, out, row);
}

struct search {
    const struct audit_filter *f;
    struct arena *a, entries;
    struct val *out;
    int64_t limit, scanned, last; /* scanned: rows, long ones for several; last: the one that was looked at last */
    struct err *err;
};

static int too_large(struct search *q)
{
    return err_set(q->err, ERR_LIMIT, "limit.size", "what", "audit", NULL);
}

static int look_at_row(struct search *q, struct stmt *s)
{
    struct audit_row r;
    struct audit_reader entries;
    const uint8_t *hash;
    struct val e, found = val_list();
    int rc;
    audit_read_row(s, &r, &hash);
    q->scanned += 1 + (int64_t)r.len / ROW;
    q->last = r.id;
    if (r.c.at < q->f->since || (q->f->until && r.c.at >= q->f->until)) return 0;
    arena_reset(&q->entries);
    audit_reader_init(&entries, &r);
    while ((rc = audit_next_entry(&entries, &q->entries, &e)) == 1)
        if (fits(q->f, &r, e.as.list.items) && val_add(&q->entries, &found, e) != 0) return too_large(q);
    for (size_t i = found.as.list.n; i > 0; i--)
        if (show(q->a, &r, found.as.list.items[i - 1].as.list.items, q->out) != 0) return too_large(q);
    return 0; /* a row that cannot be read is told by the verification */
}

static bool is_full(const struct search *q)
{
    return (int64_t)q->out->as.list.n >= q->limit || q->scanned >= SCAN_MAX;
}

/* Rows that the statement gives, until there are enough. */
static int look(struct search *q, struct stmt *s)
{
    int rc = s ? 0 : q->err->code;
    while (rc == 0 && !is_full(q) && (rc = stmt_step(s, q->err)) == 1)
        rc = look_at_row(q, s);
    stmt_done(s);
    return rc;
}

/* No row of a day before it stands behind the anchor of the next: where a search for the past may begin. */
static int begin_at(struct store *db, const struct audit_filter *f, int64_t *before, struct err *err)
{
    *before = f->before ? f->before : INT64_MAX;
    if (!f->until) return 0;
    struct stmt *s = store_stmt(db, "select min(audit) from audit_anchor where day > ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, f->until / DAY_MS + 1);
    int rc = stmt_step(s, err);
    if (rc == 1 && !stmt_is_null(s, 0) && stmt_int(s, 0) + 1 < *before) *before = stmt_int(s, 0) + 1;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static bool key_for(const struct audit_filter *f, int64_t *key)
{
    if (f->kind && (f->id || f->name)) {
        *key = audit_thing_key(f->kind, strlen(f->kind), f->id, f->name, f->name ? strlen(f->name) : 0);
        return true;
    }
    *key = f->run ? audit_run_key(f->run) : audit_person_key(f->person);
    return f->run != 0 || f->person != 0;
}

static int search(struct search *q, struct store *db)
{
    int64_t before, indexed = 0, key;
    bool has_key = key_for(q->f, &key);
    int rc = begin_at(db, q->f, &before, q->err);
    if (rc == 0 && has_key) rc = audit_indexed(db, &indexed, q->err);
    if (rc) return rc;
    struct stmt *s =
        store_stmt(db, "select " AUDIT_COLUMNS " from audit where id < ?1 and id > ?2 order by id desc", q->err);
    if (s) stmt_bind_int(s, 1, before);
    if (s) stmt_bind_int(s, 2, indexed);
    rc = look(q, s);
    if (rc || !has_key || is_full(q)) return rc;
    s = store_stmt(
        db,
        "select a.id, a.at, a.user, a.person, a.run, a.plugin, a.origin, a.body, a.hash, a.salt from audit_index i"
        " join audit a on a.id = i.audit where i.key = ?1 and i.audit < ?2 and i.audit <= ?3"
        " order by i.audit desc",
        q->err);
    if (s) stmt_bind_int(s, 1, key);
    if (s) stmt_bind_int(s, 2, before);
    if (s) stmt_bind_int(s, 3, indexed);
    return look(q, s);
}

int audit_find(struct store *db, const struct audit_filter *f, struct arena *a, struct val *out, int64_t *next,
               struct err *err)
{
    struct search q = {.f = f, .a = a, .out = out, .err = err, .limit = f->limit > 0 ? f->limit : LIMIT};
    if (q.limit > LIMIT_MAX) q.limit = LIMIT_MAX;
    *out = val_list();
    arena_init(&q.entries, ENTRY_ARENA);
    int rc = search(&q, db);
    *next = is_full(&q) ? q.last : 0;
    arena_close(&q.entries);
    return rc;
}

/* --- following --- */

int audit_show_row(const struct audit_row *r, struct arena *a, struct val *out)
{
    struct audit_reader reader;
    struct val e;
    int rc;
    audit_reader_init(&reader, r);
    while ((rc = audit_next_entry(&reader, a, &e)) == 1)
        if ((rc = show(a, r, e.as.list.items, out)) != 0) return rc;
    return rc;
}

static int show_all(const struct audit_row *r, struct arena *a, struct arena *entries, struct val *out)
{
    struct audit_reader reader;
    struct val e;
    audit_reader_init(&reader, r);
    for (int64_t n = 0; audit_next_entry(&reader, entries, &e) == 1; n++) {
        int rc = show(a, r, e.as.list.items, out);
        if (rc == 0) rc = val_set(a, &out->as.list.items[out->as.list.n - 1], "n", val_int(n));
        if (rc) return rc;
    }
    return 0;
}

int audit_follow(struct store *db, int64_t after, int64_t rows, struct arena *a, struct val *out, int64_t *last,
                 struct err *err)
{
    struct arena entries;
    int rc;
    struct stmt *s = store_stmt(db, "select " AUDIT_COLUMNS " from audit where id > ?1 order by id limit ?2", err);
    *out = val_list();
    *last = after;
    if (!s) return err->code;
    stmt_bind_int(s, 1, after);
    stmt_bind_int(s, 2, rows);
    arena_init(&entries, ENTRY_ARENA);
    while ((rc = stmt_step(s, err)) == 1) {
        struct audit_row r;
        const uint8_t *hash;
        audit_read_row(s, &r, &hash);
        arena_reset(&entries);
        if (show_all(&r, a, &entries, out) != 0) {
            rc = err_set(err, ERR_LIMIT, "limit.size", "what", "audit", NULL);
            break;
        }
        *last = r.id;
    }
    stmt_done(s);
    arena_close(&entries);
    return rc;
}
