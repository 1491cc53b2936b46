/* What a web form sent, as an answer: it sends texts alone. What is left empty is not given, and where the form had
 * something in it by default, none is what was meant; units and persons may be codes. What cannot be read stays text,
 * and is refused with its field by the check that all answers go through. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "flow/flow_task.h"
#include "flow/task.h"
#include "people/people.h"

static struct val one(enum field_type type, const char *text, struct val v)
{
    char *end;
    if (type == FIELD_BOOLEAN && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        return val_bool(*text == 't');
    if (type == FIELD_INTEGER || type == FIELD_MONEY || type == FIELD_UNIT || type == FIELD_PERSON ||
        type == FIELD_REF || type == FIELD_FILE) {
        errno = 0;
        long long n = strtoll(text, &end, 10);
        if (!*end && errno == 0) return val_int(n);
    }
    if (type == FIELD_NUMBER) {
        double n = strtod(text, &end);
        if (!*end && isfinite(n)) return val_num(n);
    }
    return v;
}

/* One a line. */
static int lines(struct arena *a, enum field_type item, const char *text, struct val *out)
{
    *out = val_list();
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\r\n");
        char *line = arena_strndup(a, p, n);
        if (!line || (n && val_add(a, out, one(item, line, val_str(line))))) return ERR_NOMEM;
        p += n + strspn(p + n, "\r\n");
    }
    return 0;
}

static int read_empty(struct arena *a, const struct field *f, struct val *out)
{
    return val_get(f->options, "default") ? val_set(a, out, f->name, val_nil()) : 0;
}

static int read_text(struct arena *a, const struct field *f, const struct val *given, struct val *out)
{
    const char *text = val_cstr(a, given);
    struct err ignored;
    struct val v;
    if (!text || !*text) return read_empty(a, f, out);
    if (f->type == FIELD_LIST) {
        if (lines(a, f->item, text, &v) != 0) return ERR_NOMEM;
    } else if (f->type != FIELD_JSON || json_parse(text, strlen(text), a, &v, &ignored) != 0) {
        v = one(f->type, text, *given);
    }
    return val_set(a, out, f->name, v);
}

/* Boxes send each by itself; of a field for one thing the last counts: the file that was chosen now, behind the one
 * that was sent before. */
static int read_list(struct arena *a, const struct field *f, const struct val *given, struct val *out)
{
    struct val list = val_list();
    if (f->type != FIELD_LIST) return read_text(a, f, val_at(given, given->as.list.n - 1), out);
    for (size_t i = 0; val_at(given, i); i++) {
        const char *text = val_cstr(a, val_at(given, i));
        if (text && *text && val_add(a, &list, one(f->item, text, val_str(text)))) return ERR_NOMEM;
    }
    return list.as.list.n ? val_set(a, out, f->name, list) : read_empty(a, f, out);
}

static int take_given(struct arena *a, const struct field *f, const struct val_pair *p, struct val *out)
{
    if (f && p->v.type == VAL_STR) return read_text(a, f, &p->v, out);
    if (f && p->v.type == VAL_LIST && p->v.as.list.n) return read_list(a, f, &p->v, out);
    return val_set(a, out, p->key, p->v);
}

static int no_code(const char *field, const char *code, struct err *err)
{
    err_set(err, ERR_INVALID, "task.no_code", "field", field, "detail", code, NULL);
    err_add_field(err, field, "task.no_code", code);
    return ERR_INVALID;
}

/* Codes become ids; one that is none is what is wrong with its field. */
static int take_codes(struct session *s, const struct field_list *fields, const struct val *read, struct val *out,
                      struct err *err)
{
    int rc = 0;
    *out = val_map();
    for (size_t i = 0; i < read->as.map.n && rc == 0; i++) {
        struct val_pair *p = &read->as.map.pairs[i];
        struct val one = {.type = VAL_MAP, .as.map = {.pairs = p, .n = 1, .cap = 1}}, known;
        struct err failed = {0};
        rc = people_codes(s->db, fields, &one, s->arena, &known, &failed);
        if (rc == 0) rc = val_set(s->arena, out, p->key, known.as.map.pairs[0].v);
        if (rc == ERR_NOT_FOUND) return no_code(p->key, err_arg(&failed, "code"), err);
        if (rc) *err = failed;
    }
    return rc == ERR_NOMEM ? err_set(err, ERR_LIMIT, "limit.size", NULL) : rc;
}

/* 1, 0; of all else than a person or a unit 1. */
static int is_there(struct store *db, enum field_type type, const struct val *v, struct err *err)
{
    if ((type != FIELD_PERSON && type != FIELD_UNIT) || v->type != VAL_INT) return 1;
    struct stmt *st = store_stmt(
        db, type == FIELD_PERSON ? "select 1 from person where id = ?1" : "select 1 from unit where id = ?1", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, v->as.i);
    int rc = stmt_step(st, err);
    stmt_done(st);
    return rc;
}

int flow_task_check_ids(struct session *s, const struct field_list *fields, const struct val *given, struct err *err)
{
    struct err_num n;
    for (size_t i = 0; i < given->as.map.n; i++) {
        const struct val_pair *p = &given->as.map.pairs[i];
        const struct field *f = field_find(fields, p->key);
        bool many = f && f->type == FIELD_LIST && p->v.type == VAL_LIST;
        for (size_t k = 0; f && k < (many ? p->v.as.list.n : 1); k++) {
            const struct val *v = many ? val_at(&p->v, k) : &p->v;
            int rc = is_there(s->db, many ? f->item : f->type, v, err);
            if (rc < 0) return rc;
            if (rc == 0) return no_code(p->key, err_i64(&n, v->as.i), err);
        }
    }
    return 0;
}

int flow_task_fill(struct session *s, const struct flow_task *t, const struct val *given, struct val *out,
                   struct err *err)
{
    struct field_list fields;
    struct val form, read = val_map();
    int rc = flow_task_form(s->arena, t, &form, err);
    if (rc == 0) rc = field_parse_list(s->arena, &form, &fields, err);
    for (size_t i = 0; rc == 0 && val_is(given, VAL_MAP) && i < given->as.map.n; i++) {
        const struct val_pair *p = &given->as.map.pairs[i];
        const struct field *f = field_find(&fields, p->key);
        if (take_given(s->arena, f, p, &read)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    return rc ? rc : take_codes(s, &fields, &read, out, err);
}

int flow_task_fill_form(struct session *s, int64_t id, const struct val *given, struct val *out, struct err *err)
{
    struct flow_task t;
    struct err_num n;
    int rc = flow_task_load(s->db, id, s->arena, &t, err);
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "flow.no_task", "task", err_i64(&n, id), NULL);
    return rc < 0 ? rc : flow_task_fill(s, &t, given, out, err);
}
