/* Of a run that tells of a person who is erased: what it was started with, the state of its last checkpoint, which says
 * anew what it has of the same fields, and what it is found by (search), which is a copy of both. Fields that are
 * declared personal go whole, of all others the texts that name the person. */
#include <string.h>

#include "audit/audit_place.h"
#include "base/json.h"
#include "content/personal.h"
#include "flow/flow_internal.h"

enum { VALUE_MAX = 32 << 20 };

struct known {
    const struct flow_def *def; /* NULL: there is none any more, so nothing is known of its fields */
    struct val input, state;
};

static struct val decode(struct erasing *e, struct stmt *s, int col)
{
    size_t len;
    const char *p = stmt_blob(s, col, &len);
    char *copy = p ? arena_strndup(e->a, p, len) : NULL;
    struct val v;
    /* What cannot be read is told by the verification. */
    return copy && val_decode(copy, len, e->a, flow_kind_of, &v) == 0 ? v : val_nil();
}

static int load(struct flow *f, struct erasing *e, int64_t run, struct known *k, struct err *err)
{
    struct stmt *s = store_stmt(e->s->db,
                                "select n.plugin, n.name, r.input, r.checkpoint from flow_run r"
                                " join flow_name n on n.id = r.name where r.id = ?1",
                                err);
    char plugin[80], name[80];
    *k = (struct known){.input = val_nil(), .state = val_nil()};
    if (!s) return err->code;
    stmt_bind_int(s, 1, run);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        stmt_copy(s, 0, plugin, sizeof(plugin));
        stmt_copy(s, 1, name, sizeof(name));
        k->def = flow_def_find(f, plugin, name);
        k->input = decode(e, s, 2);
        k->state = decode(e, s, 3);
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

/* The input as it is by now. */
static int merge(struct erasing *e, const struct known *k, struct val *now)
{
    const struct val *both[] = {&k->input, &k->state};
    *now = val_map();
    for (int i = 0; i < 2; i++)
        for (size_t j = 0; both[i]->type == VAL_MAP && j < both[i]->as.map.n; j++) {
            const struct val_pair *p = &both[i]->as.map.pairs[j];
            if (p->v.type != VAL_NIL && val_set(e->a, now, p->key, p->v)) return ERR_LIMIT;
        }
    return 0;
}

/* Of `v` go the fields that are chosen, and what names the person in the others: how many values. */
static int64_t take_out(struct erasing *e, const struct field_list *fields, const bool *goes, struct val *v)
{
    int64_t n = 0;
    for (size_t i = 0; goes && v->type == VAL_MAP && i < fields->n; i++) {
        const struct val *is = val_get(v, fields->items[i].name);
        if (!goes[i] || !is || is->type == VAL_NIL || val_is_str(is, ERASED_TEXT)) continue;
        if (val_set(e->a, v, fields->items[i].name, personal_mark(&fields->items[i]))) return ERR_LIMIT;
        n++;
    }
    return n + erasing_scrub(e, v, false);
}

/* All of `v`: how many values. */
static int64_t take_all(struct erasing *e, struct val *v)
{
    int64_t n = 0;
    if (v->type != VAL_MAP) return erasing_scrub(e, v, true);
    for (size_t i = 0; i < v->as.map.n; i++) {
        struct val *one = &v->as.map.pairs[i].v;
        if (one->type == VAL_NIL || val_is_str(one, ERASED_TEXT)) continue;
        *one = one->type == VAL_STR ? val_str(ERASED_TEXT) : val_nil();
        n++;
    }
    return n;
}

static int put(struct erasing *e, int64_t run, const char *sql, const struct val *v, struct err *err)
{
    struct buf b;
    buf_init(&b, VALUE_MAX);
    int rc = val_encode(v, &b, true) || !buf_ok(&b) ? too_large(err) : 0;
    struct stmt *s = rc ? NULL : store_stmt(e->s->db, sql, err);
    if (s) {
        stmt_bind_int(s, 1, run);
        stmt_bind_blob(s, 2, b.data, b.len);
    }
    if (rc == 0) rc = s ? stmt_run(s, err) : err->code;
    buf_close(&b);
    return rc;
}

static bool goes_by_name(const struct field_list *fields, const bool *goes, const char *name)
{
    for (size_t i = 0; goes && i < fields->n; i++)
        if (goes[i] && strcmp(fields->items[i].name, name) == 0) return true;
    return false;
}

/* A value is JSON there, or the digest of a long one (flow_value_key). */
static bool names(struct erasing *e, const char *value)
{
    struct err ignored = {0};
    struct val v;
    return json_parse(value, strlen(value), e->a, &v, &ignored) == 0 && erasing_tells(e, &v);
}

static int search(struct erasing *e, int64_t run, const struct field_list *fields, const bool *goes, bool whole,
                  struct erasing_seen *seen, struct err *err)
{
    struct stmt *s = store_stmt(e->s->db, "select field, value from flow_search where run = ?1", err);
    struct val gone = val_list();
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, run);
    while ((rc = stmt_step(s, err)) == 1) {
        size_t n;
        const char *p = stmt_text(s, 0, &n), *field = arena_strndup(e->a, p, n);
        p = stmt_text(s, 1, &n);
        const char *value = arena_strndup(e->a, p, n);
        if (field && value && !whole && !goes_by_name(fields, goes, field) && !names(e, value)) continue;
        if (!field || !value || val_add(e->a, &gone, val_str(field))) {
            rc = too_large(err);
            break;
        }
    }
    stmt_done(s);
    seen->values += (int64_t)gone.as.list.n;
    for (size_t i = 0; rc == 0 && !e->is_dry && i < gone.as.list.n; i++)
        rc = flow_search_forget(e->s->db, run, gone.as.list.items[i].as.str.s, err);
    return rc;
}

int flow_erase_input(struct flow *f, struct erasing *e, int64_t run, struct erasing_seen *seen, struct err *err)
{
    struct known k;
    struct val now;
    int rc = load(f, e, run, &k, err);
    if (rc) return rc;
    const struct field_list *fields = k.def && personal_any(&k.def->input) ? &k.def->input : NULL;
    bool *of_input = fields ? arena_alloc(e->a, fields->n * sizeof(bool)) : NULL;
    bool *of_now = fields ? arena_alloc(e->a, fields->n * sizeof(bool)) : NULL;
    if (merge(e, &k, &now) || (fields && (!of_input || !of_now))) return too_large(err);
    int64_t chosen = fields && k.input.type == VAL_MAP ? personal_choose(e, fields, &k.input, of_input) : 0;
    if (!chosen) of_input = NULL;
    if (fields) personal_choose(e, fields, &now, of_now);
    int64_t input = take_out(e, fields, of_input, &k.input), state = take_out(e, fields, of_now, &k.state);
    if (input < 0 || state < 0) return too_large(err);
    /* What is personal in it nobody says any more: if it tells of them, all of it is. */
    bool whole = !k.def && (input || state);
    if (whole) input += take_all(e, &k.input);
    if (whole) state += take_all(e, &k.state);
    seen->values += input + state;
    rc = search(e, run, fields, of_now, whole, seen, err);
    if (rc || e->is_dry) return rc;
    if (input) rc = put(e, run, "update flow_run set input = ?2 where id = ?1", &k.input, err);
    if (rc == 0 && state) rc = put(e, run, "update flow_run set checkpoint = ?2 where id = ?1", &k.state, err);
    return rc || (!chosen && !whole) ? rc : erasing_field(e, "run", run, "input", err);
}
