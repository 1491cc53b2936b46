/* Arguments of API functions that name units, persons, bodies and days. */
#include "base/date.h"
#include "base/kinds.h"
#include "people/people_internal.h"

enum { DAY_LAST = 2932897 }; /* 10000-01-01 */

int people_arg_bad(struct api_call *c, const char *argument, const char *type, const struct val *got)
{
    return err_set(c->err, ERR_INVALID, "invalid.argument", "function", c->fn->name, "argument", argument, "type", type,
                   "got", val_type_name(got->type), NULL);
}

/* A day from a date, an instant, text or nothing (today). */
int people_arg_day(struct api_call *c, const char *name, const struct val *v, int64_t *day)
{
    *day = people_day(c->s->host, c->s->now);
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type == VAL_OBJ && v->as.obj.kind == &date_kind) {
        *day = v->as.obj.id;
        return 0;
    }
    if (v->type == VAL_OBJ && v->as.obj.kind == &instant_kind) {
        *day = people_day(c->s->host, v->as.obj.id);
        return 0;
    }
    /* A day as the inputs of flows hold it, or the milliseconds of an answer. */
    if (v->type == VAL_INT && v->as.i > PEOPLE_ALWAYS) {
        *day = v->as.i < DAY_LAST ? v->as.i : people_day(c->s->host, v->as.i);
        return 0;
    }
    struct date d;
    int32_t offset;
    if (v->type != VAL_STR || !date_parse(v->as.str.s, v->as.str.len, &d, &offset))
        return people_arg_bad(c, name, "date", v);
    *day = date_days(d.year, d.month, d.day);
    return 0;
}

/* An object of the kind, its id or its code. 0 with *id, ERR_NOT_FOUND; 0 and *id = 0 for nil. */
int people_arg_id(struct api_call *c, const struct val_kind *kind, const char *name, const struct val *v, int64_t *id)
{
    *id = 0;
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type == VAL_INT) *id = v->as.i;
    if (v->type == VAL_NUM && v->as.n > 0 && v->as.n < 9e15 && v->as.n == (double)(int64_t)v->as.n)
        *id = (int64_t)v->as.n;
    if (v->type == VAL_OBJ && v->as.obj.kind == kind) *id = v->as.obj.id;
    if (*id) return 0;
    const char *code = v->type == VAL_STR ? api_str(v) : NULL;
    if (!code) return people_arg_bad(c, name, kind->name, v);
    bool unit = kind == &people_unit_kind, body = kind == &people_body_kind;
    int rc = unit   ? people_unit_by_code(c->s->db, code, id, c->err)
             : body ? people_body_by_code(c->s->db, code, id, c->err)
                    : people_person_by_code(c->s->db, code, id, c->err);
    if (rc) return rc < 0 ? rc : 0;
    const char *key = unit ? "people.no_unit" : body ? "people.no_body" : "people.no_person";
    return err_set(c->err, ERR_NOT_FOUND, key, "code", code, NULL);
}

int people_arg_account(struct api_call *c, const struct val *name, struct people_account *out)
{
    const char *text = api_str(name);
    int rc = people_account_find(c->s->db, text ? text : "", out, c->err);
    if (rc) return rc < 0 ? rc : 0;
    return err_set(c->err, ERR_NOT_FOUND, "people.no_account", "name", text ? text : "", NULL);
}

int people_arg_own_account(struct api_call *c, const char *verb, const char *other, struct people_account *out)
{
    int rc = people_arg_account(c, &c->args[0], out);
    if (rc != 0 && rc != ERR_NOT_FOUND) return rc;
    if (rc == 0 && out->id == c->s->actor.user) return 0;
    struct err missing = *c->err;
    err_clear(c->err);
    int may = people_check(c->s, verb, PEOPLE_ANY_UNIT, c->err);
    if (may == ERR_DENIED && other) {
        err_clear(c->err);
        may = people_check(c->s, other, PEOPLE_ANY_UNIT, c->err);
    }
    if (may) return may;
    *c->err = missing;
    return rc;
}
