/* Whom a task is asked of: API.md's `to` forms brought to rows of { person | position + unit | role + unit }. */
#include "flow/flow_task.h"

#include <string.h>

#include "people/people.h"

static int bad(struct api_call *c, const char *key)
{
    return err_set(c->err, ERR_INVALID, key, NULL);
}

static int64_t id_of(const struct val *v)
{
    if (!v) return 0;
    return v->type == VAL_OBJ ? v->as.obj.id : v->type == VAL_INT ? v->as.i : 0;
}

int flow_target_above(struct store *db, const char *position, int64_t unit, int64_t day, int64_t *found,
                      struct err *err)
{
    for (int level = 0; level < 32; level++) {
        int64_t above;
        int rc = people_parent(db, unit, day, &above, err);
        if (rc <= 0) return rc;
        rc = people_has_holder(db, position, above, day, err);
        if (rc) {
            *found = above;
            return rc;
        }
        unit = above;
    }
    return 0;
}

static int find_above(struct api_call *c, const char *position, int64_t unit, int64_t *found)
{
    int rc = flow_target_above(c->s->db, position, unit, people_day(c->s->host, c->s->now), found, c->err);
    if (rc == 0) return err_set(c->err, ERR_NOT_FOUND, "flow.no_unit_above", "position", position, NULL);
    return rc < 0 ? rc : 0;
}

static int add(struct api_call *c, struct val *out, const char *key, struct val v, int64_t unit)
{
    struct val t = val_map();
    int rc = val_set(c->arena, &t, key, v);
    if (rc == 0 && unit) rc = val_set(c->arena, &t, "unit", val_int(unit));
    if (rc == 0) rc = val_add(c->arena, out, t);
    return rc ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

/* A body by object, id or code. */
int flow_target_body(struct api_call *c, const struct val *given, int64_t *body)
{
    const char *code = api_str(given);
    *body = given->type == VAL_OBJ && given->as.obj.kind != &people_body_kind ? 0 : id_of(given);
    int rc = code ? people_body_by_code(c->s->db, code, body, c->err) : *body > 0;
    if (rc == 0) return err_set(c->err, ERR_NOT_FOUND, "people.no_body", "code", code ? code : "?", NULL);
    return rc < 0 ? rc : 0;
}

static int resolve_body(struct api_call *c, const struct val *given, struct val *out)
{
    int64_t body;
    int rc = flow_target_body(c, given, &body);
    return rc ? rc : add(c, out, "body", val_int(body), 0);
}

static int resolve_map(struct api_call *c, const struct val *to, struct val *out)
{
    const struct val *position = val_get(to, "position"), *role = val_get(to, "role"), *above = val_get(to, "above");
    int64_t unit = id_of(val_get(to, "unit"));
    if (val_get(to, "body")) return resolve_body(c, val_get(to, "body"), out);
    if (val_get(to, "person")) return flow_target_resolve(c, val_get(to, "person"), out);
    if (val_is(position, VAL_STR)) {
        if (above) {
            int rc = find_above(c, position->as.str.s, id_of(above), &unit);
            if (rc) return rc;
        }
        if (!unit) {
            /* No unit said: the only one that has this position. */
            int rc = people_only_unit(c->s->db, position->as.str.s, people_day(c->s->host, c->s->now), &unit, c->err);
            if (rc) return rc;
        }
        return add(c, out, "position", *position, unit);
    }
    if (val_is(role, VAL_STR)) return add(c, out, "role", *role, unit);
    return bad(c, "flow.target");
}

int flow_target_resolve(struct api_call *c, const struct val *to, struct val *out)
{
    if (!to || to->type == VAL_NIL) return bad(c, "flow.target_missing");
    if (to->type == VAL_INT) return add(c, out, "person", *to, 0);
    if (to->type == VAL_OBJ && to->as.obj.kind == &people_person_kind)
        return add(c, out, "person", val_int(to->as.obj.id), 0);
    if (to->type == VAL_OBJ && to->as.obj.kind == &people_body_kind) return resolve_body(c, to, out);
    if (to->type == VAL_MAP) return resolve_map(c, to, out);
    if (to->type != VAL_LIST || to->as.list.n == 0) return bad(c, "flow.target");
    for (size_t i = 0; i < to->as.list.n; i++) {
        if (to->as.list.items[i].type == VAL_LIST) return bad(c, "flow.target");
        int rc = flow_target_resolve(c, &to->as.list.items[i], out);
        if (rc) return rc;
    }
    return 0;
}
