/* The places, and what they have in common: texts that tell of a person, in values, in JSON, in columns of rows. */
#include "audit/audit_place.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "audit/audit_trace.h"
#include "base/json.h"

enum { OUT_MAX = 32 << 20, ARENA_MAX = 128 << 20 };

void audit_add_place(struct audit *au, const struct audit_place *place)
{
    if (au && au->nplaces < AUDIT_PLACES_MAX) au->places[au->nplaces++] = *place;
}

const struct audit_place *audit_place_at(const struct audit *au, size_t i)
{
    return au && i < au->nplaces ? &au->places[i] : NULL;
}

const struct audit_place *audit_place_find(const struct audit *au, const char *name)
{
    for (size_t i = 0; i < au->nplaces; i++)
        if (strcmp(au->places[i].name, name) == 0) return &au->places[i];
    return NULL;
}

/* --- texts --- */

static bool is_erased(const char *p, size_t len)
{
    return len == sizeof(ERASED_TEXT) - 1 && memcmp(p, ERASED_TEXT, len) == 0;
}

bool erasing_names(struct erasing *e, const char *text, size_t len)
{
    return len > 0 && !is_erased(text, len) && audit_trace_is_in(e->trace, text, len, e->codes);
}

static bool tells(struct erasing *e, const struct val *v)
{
    bool does = v->type == VAL_STR && erasing_names(e, v->as.str.s, v->as.str.len);
    for (size_t i = 0; v->type == VAL_LIST && !does && i < v->as.list.n; i++)
        does = tells(e, &v->as.list.items[i]);
    for (size_t i = 0; v->type == VAL_MAP && !does && i < v->as.map.n; i++)
        does = tells(e, &v->as.map.pairs[i].v);
    return does;
}

bool erasing_tells(struct erasing *e, const struct val *v)
{
    e->codes = true;
    bool does = tells(e, v);
    e->codes = false;
    return does;
}

bool erasing_is_person(const struct erasing *e, const struct val *v)
{
    if (val_is(v, VAL_OBJ)) return v->as.obj.id == e->traces->person && strcmp(v->as.obj.kind->name, "person") == 0;
    return val_is(v, VAL_INT) && v->as.i == e->traces->person;
}

bool erasing_is_act(const char *key, size_t len)
{
    static const char *const keys[] = {"decision", "as", "hash", "type", "kind", "state", "code", "key"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strlen(keys[i]) == len && memcmp(keys[i], key, len) == 0) return true;
    return false;
}

static int64_t scrub_map(struct erasing *e, struct val *v, bool own)
{
    const struct val *by = val_get(v, "by");
    int64_t n = 0;
    /* An answer or a comment says whose it is, also where it stands in somebody else's. */
    if (by && (val_get(v, "task") || (val_get(v, "kind") && val_get(v, "at")))) own = erasing_is_person(e, by);
    for (size_t i = 0; i < v->as.map.n; i++) {
        struct val_pair *p = &v->as.map.pairs[i];
        n += erasing_scrub(e, &p->v, own && !erasing_is_act(p->key, strlen(p->key)));
        /* A code is one word, as names of fields are. */
        if (!strpbrk(p->key, " @") || !erasing_names(e, p->key, strlen(p->key))) continue;
        char *name = arena_printf(e->a, "erased-%zu", i);
        if (name) p->key = name;
        n++;
    }
    return n;
}

/* In a person's own object a code is a code. */
static int64_t scrub_object(struct erasing *e, struct val *v, bool own)
{
    bool was = e->codes;
    e->codes = strcmp(v->as.obj.kind->name, "person") == 0 || strcmp(v->as.obj.kind->name, "user") == 0;
    int64_t n = v->as.obj.fields ? scrub_map(e, v->as.obj.fields, own) : 0;
    e->codes = was;
    return n;
}

int64_t erasing_scrub(struct erasing *e, struct val *v, bool own)
{
    int64_t n = 0;
    switch (v->type) {
    case VAL_STR:
        if (v->as.str.len == 0 || is_erased(v->as.str.s, v->as.str.len)) return 0;
        if (!own && !erasing_names(e, v->as.str.s, v->as.str.len)) return 0;
        *v = val_str(ERASED_TEXT);
        return 1;
    case VAL_OBJ:
        return scrub_object(e, v, own);
    case VAL_LIST:
        for (size_t i = 0; i < v->as.list.n; i++)
            n += erasing_scrub(e, &v->as.list.items[i], own);
        return n;
    case VAL_MAP:
        return scrub_map(e, v, own);
    default:
        return 0;
    }
}

int64_t erasing_text(struct erasing *e, bool own, const char *p, size_t len, struct buf *out)
{
    if (len == 0 || is_erased(p, len) || (!own && !erasing_names(e, p, len))) return 0;
    buf_add_str(out, ERASED_TEXT);
    return 1;
}

int64_t erasing_unique(struct erasing *e, bool own, const char *p, size_t len, struct buf *out)
{
    (void)own;
    if (!erasing_names(e, p, len)) return 0;
    buf_printf(out, "erased-%lld", (long long)e->key);
    return 1;
}

/* What cannot be read is told by the verification. */
int64_t erasing_value(struct erasing *e, bool own, const char *p, size_t len, struct buf *out)
{
    struct arena_mark mark = arena_mark(e->a);
    struct val v;
    int64_t n = val_decode(p, len, e->a, audit_kind_of, &v) == 0 ? erasing_scrub(e, &v, own) : 0;
    if (n && val_encode(&v, out, true) != 0) n = ERR_LIMIT;
    arena_rewind(e->a, mark);
    return n;
}

int64_t erasing_json(struct erasing *e, bool own, const char *p, size_t len, struct buf *out)
{
    struct arena_mark mark = arena_mark(e->a);
    struct err ignored = {0};
    struct val v;
    int64_t n = json_parse(p, len, e->a, &v, &ignored) == 0 ? erasing_scrub(e, &v, own) : 0;
    if (n) json_write(out, &v);
    arena_rewind(e->a, mark);
    return n;
}

/* --- telling --- */

int erasing_list(struct erasing *e, struct val *to, const char *kind, int64_t thing, const char *name, struct val more,
                 struct err *err)
{
    struct arena *a = e->list_arena;
    const char *copy = to ? arena_strdup(a, kind) : NULL;
    struct val one = val_map();
    if (!to || to->as.list.n >= ERASING_LISTED_MAX) return 0;
    int rc = copy ? val_set(a, &one, "place", val_str(e->place)) : ERR_NOMEM;
    if (rc == 0) rc = val_set(a, &one, "kind", val_str(copy));
    if (rc == 0) rc = val_set(a, &one, "id", val_int(thing));
    if (rc == 0 && more.type != VAL_NIL) rc = val_set(a, &one, name, more);
    return rc || val_add(a, to, one) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

int erasing_tell(struct erasing *e, const char *kind, int64_t id, int64_t values, struct err *err)
{
    struct val_pair pairs[] = {{"erasure", val_int(e->id)}, {"values", val_int(values)}};
    struct val after = val_map();
    after.as.map.pairs = pairs;
    after.as.map.n = 2;
    e->things++;
    e->values += values;
    if (e->is_dry) return erasing_list(e, e->touched, kind, id, "values", val_int(values), err);
    return audit_add(
        e->s,
        &(struct audit_entry){
            .verb = AUDIT_ERASE_VERB, .kind = kind, .id = id, .after = &after, .reason = e->reason, .is_plain = true},
        err);
}

int erasing_field(struct erasing *e, const char *kind, int64_t thing, const char *field, struct err *err)
{
    struct stmt *s = e->is_dry ? NULL
                               : store_stmt(e->s->db,
                                            "insert or ignore into audit_erasure_field(erasure, kind, thing, field)"
                                            " values(?1, ?2, ?3, ?4)",
                                            err);
    if (!s) return e->is_dry ? 0 : err->code;
    stmt_bind_int(s, 1, e->id);
    stmt_bind_str(s, 2, kind);
    stmt_bind_int(s, 3, thing);
    stmt_bind_str(s, 4, field);
    return stmt_run(s, err);
}

/* --- rows --- */

struct rewriting {
    struct erasing *e;
    const struct erasing_rows *r;
    struct stmt *from;
    struct buf out[ERASING_COLUMNS];
};

static int put(struct rewriting *w, int64_t thing, struct err *err)
{
    struct stmt *s = store_stmt(w->e->s->db, w->r->update, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, thing);
    stmt_bind_int(s, 2, w->e->key);
    for (int i = 0; w->r->forms[i]; i++) {
        size_t len;
        enum store_type type = stmt_type(w->from, 2 + i);
        const char *p = stmt_blob(w->from, 2 + i, &len);
        if (w->out[i].len) p = w->out[i].data;
        if (w->out[i].len) len = w->out[i].len;
        if (type == STORE_NULL) continue;
        if (type == STORE_TEXT)
            stmt_bind_text(s, 3 + i, p ? p : "", len);
        else
            stmt_bind_blob(s, 3 + i, p ? p : "", len);
    }
    return stmt_run(s, err);
}

/* A row: how many values of it go. */
static int64_t rewrite(struct rewriting *w, int64_t thing, struct err *err)
{
    int64_t n = 0;
    bool own = stmt_int(w->from, 1) != 0;
    w->e->key = stmt_int(w->from, 0);
    for (int i = 0; w->r->forms[i]; i++) {
        size_t len;
        const char *p = stmt_blob(w->from, 2 + i, &len);
        buf_clear(&w->out[i]);
        int64_t found = p && len ? w->r->forms[i](w->e, own, p, len, &w->out[i]) : 0;
        if (found < 0 || !buf_ok(&w->out[i])) return err_set(err, ERR_LIMIT, "limit.size", NULL);
        n += found;
    }
    int rc = n && !w->e->is_dry ? put(w, thing, err) : 0;
    if (rc == 0 && n && w->r->kind) rc = erasing_tell(w->e, w->r->kind, w->e->key, n, err);
    return rc ? rc : n;
}

/* One that fails for itself holds up no other. */
static int64_t rewrite_one(struct rewriting *w, int64_t thing, struct err *err)
{
    struct erasing_mark one;
    int rc = erasing_begin(w->e, &one, err);
    int64_t n = rc ? rc : rewrite(w, thing, err);
    rc = erasing_end(w->e, &one, w->r->kind, w->e->key, n < 0 ? (int)n : 0, err);
    return rc ? rc : n < 0 ? 0 : n;
}

int erasing_rows(struct erasing *e, const struct erasing_rows *r, int64_t thing, struct erasing_seen *seen,
                 struct err *err)
{
    struct rewriting w = {.e = e, .r = r, .from = store_stmt(e->s->db, r->select, err)};
    int rc = w.from ? 0 : err->code;
    if (rc) return rc;
    for (int i = 0; i < ERASING_COLUMNS; i++)
        buf_init(&w.out[i], OUT_MAX);
    stmt_bind_int(w.from, 1, thing);
    if (stmt_bind_count(w.from) > 1) stmt_bind_int(w.from, 2, e->traces->person);
    while (rc == 0 && (rc = stmt_step(w.from, err)) == 1) {
        struct arena_mark mark = arena_mark(e->a);
        int64_t n = r->kind ? rewrite_one(&w, thing, err) : rewrite(&w, thing, err);
        arena_rewind(e->a, mark);
        rc = n < 0 ? (int)n : 0;
        seen->rows++;
        seen->last = e->key;
        seen->values += n > 0 ? n : 0;
    }
    stmt_done(w.from);
    for (int i = 0; i < ERASING_COLUMNS; i++)
        buf_close(&w.out[i]);
    return rc;
}

int erasing_delete(struct erasing *e, const char *count, const char *sql, int64_t *n, struct err *err)
{
    struct stmt *s = store_stmt(e->s->db, count, err);
    int64_t has = 0;
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->traces->person);
    int rc = stmt_step(s, err);
    if (rc == 1) has = stmt_int(s, 0);
    stmt_done(s);
    *n += has;
    if (rc < 0 || has == 0 || e->is_dry) return rc < 0 ? rc : 0;
    s = store_stmt(e->s->db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->traces->person);
    return stmt_run(s, err);
}

/* --- beforehand --- */

static int count_place(struct erasing *e, const struct audit_place *p, struct arena *a, struct val *places,
                       struct err *err)
{
    struct val one = val_map();
    bool more = true;
    int rc = 0;
    e->place = p->name;
    e->part[0] = '\0';
    e->at = e->things = e->values = e->kept = e->waits = 0;
    while (rc == 0 && more)
        rc = p->look(p->ctx, e, &more, err);
    if (rc || (!e->things && !e->kept && !e->waits)) return rc;
    rc = val_set(a, &one, "place", val_str(p->name));
    rc |= val_set(a, &one, "things", val_int(e->things));
    rc |= val_set(a, &one, "values", val_int(e->values));
    rc |= val_set(a, &one, "kept", val_int(e->kept));
    rc |= val_set(a, &one, "waits", val_int(e->waits));
    return rc || val_add(a, places, one) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

int audit_erase_preview(struct session *s, const struct audit_traces *t, bool published, struct arena *a,
                        struct audit_preview *out, struct err *err)
{
    struct audit_trace trace;
    struct arena scratch;
    struct erasing e = {.s = s,
                        .traces = t,
                        .trace = &trace,
                        .a = &scratch,
                        .is_dry = true,
                        .published = published,
                        .touched = &out->touched,
                        .waiting = &out->waits,
                        .left = &out->left,
                        .list_arena = a};
    int rc = audit_trace_init(&trace, t, err);
    *out = (struct audit_preview){val_list(), val_list(), val_list(), val_list()};
    arena_init(&scratch, ARENA_MAX);
    for (size_t i = 0; rc == 0 && audit_place_at(s->host->audit, i); i++)
        rc = count_place(&e, audit_place_at(s->host->audit, i), a, &out->places, err);
    arena_close(&scratch);
    audit_trace_close(&trace);
    return rc;
}

static bool is_called(const char *pattern, const char *table)
{
    size_t n = strcspn(pattern, "*");
    return pattern[n] ? strncmp(pattern, table, n) == 0 : strcmp(pattern, table) == 0;
}

bool audit_is_place(struct session *s, const char *table, const char *column)
{
    const struct audit_place *p;
    for (size_t i = 0; (p = audit_place_at(s->host->audit, i)); i++) {
        for (size_t k = 0; k < AUDIT_PLACE_TABLES && p->tables[k]; k++)
            if (is_called(p->tables[k], table)) return true;
        if (p->holds && p->holds(p->ctx, s, table, column)) return true;
    }
    return false;
}
