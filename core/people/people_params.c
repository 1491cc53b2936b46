/* Parameters: from a query or a command line they come as text, and are read as what the report declared. */
#include "people/params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/kinds.h"
#include "base/text.h"
#include "people/people.h"
#include "plugin/host.h"

enum { SHOWN_MAX = 2000 };

static bool read_integer(const char *text, struct val *v)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno || end == text || *end) return false;
    *v = val_int(n);
    return true;
}

static bool read_boolean(const char *text, struct val *v)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) != 0) continue;
        *v = val_bool(i % 2 == 1);
        return true;
    }
    return false;
}

/* A code comes before an id: codes may be digits too. */
static int read_code(struct session *s, enum field_type type, const char *text, struct val *v, struct err *err)
{
    int64_t id;
    int rc =
        type == FIELD_UNIT ? people_unit_by_code(s->db, text, &id, err) : people_person_by_code(s->db, text, &id, err);
    if (rc == 1) *v = val_int(id);
    if (rc == 0) read_integer(text, v);
    return rc < 0 ? rc : 0;
}

/* What cannot be read stays text, and is refused by the check with the field's name. */
static int read_text(struct session *s, enum field_type type, struct arena *a, struct val *v, struct err *err)
{
    const char *text = v->type == VAL_STR ? val_cstr(a, v) : NULL;
    double number;
    struct err ignored;
    if (!text) return 0;
    switch (type) {
    case FIELD_INTEGER:
    case FIELD_MONEY:
    case FIELD_REF:
        read_integer(text, v);
        return 0;
    case FIELD_NUMBER:
        if (read_integer(text, v)) return 0;
        if (text_parse_number(text, strlen(text), s->lang, &number)) *v = val_num(number);
        return 0;
    case FIELD_BOOLEAN:
        read_boolean(text, v);
        return 0;
    case FIELD_UNIT:
    case FIELD_PERSON:
        return read_code(s, type, text, v, err);
    case FIELD_JSON:
        json_parse(text, strlen(text), a, v, &ignored);
        return 0;
    default:
        return 0;
    }
}

/* "2020,2021" of a list:integer. */
static int read_list(struct session *s, const struct field *f, struct arena *a, struct val *v, struct err *err)
{
    struct val list = val_list();
    const char *p = v->type == VAL_STR ? val_cstr(a, v) : NULL;
    int rc = 0;
    while (rc == 0 && p && *p) {
        size_t n = strcspn(p, ",");
        struct val item = val_strn(p, n);
        rc = read_text(s, f->item, a, &item, err);
        if (rc == 0 && val_add(a, &list, item)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        p += n + (p[n] == ',');
    }
    if (p) *v = list;
    return rc;
}

int people_params_read(struct session *s, const struct field_list *fields, const struct val *given, struct arena *a,
                       struct val *out, struct err *err)
{
    struct val read = val_map();
    int rc = 0;
    for (size_t i = 0; rc == 0 && val_is(given, VAL_MAP) && i < given->as.map.n; i++) {
        struct val_pair p = given->as.map.pairs[i];
        const struct field *f = field_find(fields, p.key);
        /* An empty box of a form is no value, but in text. */
        if (f && val_is_str(&p.v, "") && f->type != FIELD_TEXT) continue;
        if (f) rc = f->type == FIELD_LIST ? read_list(s, f, a, &p.v, err) : read_text(s, f->type, a, &p.v, err);
        if (rc == 0 && val_set(a, &read, p.key, p.v)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    return rc ? rc : field_check_map(fields, &read, false, &s->host->time, a, out, err);
}

int people_show(struct session *s, enum field_type type, const struct val *stored, struct arena *a, struct val *out,
                struct err *err)
{
    int rc = 0;
    *out = *stored;
    if (stored->type != VAL_INT) return 0;
    switch (type) {
    case FIELD_UNIT:
        rc = people_unit_get(s->db, stored->as.i, people_day(s->host, s->now), a, out, err);
        break;
    case FIELD_PERSON:
        rc = people_person_get(s->db, stored->as.i, a, out, err);
        break;
    case FIELD_DATE:
        return kind_date(a, stored->as.i, out) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
    case FIELD_INSTANT:
        return kind_instant(a, stored->as.i, s->zone, out) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
    default:
        return 0;
    }
    if (rc == 0) *out = *stored;
    return rc < 0 ? rc : 0;
}

static int show_object(struct session *s, struct val *v, struct arena *a, int *left, struct err *err)
{
    static const struct {
        const struct val_kind *kind;
        enum field_type type;
        bool is_row; /* looked up */
    } known[] = {{&date_kind, FIELD_DATE, false},
                 {&instant_kind, FIELD_INSTANT, false},
                 {&people_unit_kind, FIELD_UNIT, true},
                 {&people_person_kind, FIELD_PERSON, true}};
    for (size_t i = 0; !v->as.obj.fields && i < sizeof(known) / sizeof(known[0]); i++) {
        struct val id = val_int(v->as.obj.id);
        if (known[i].kind != v->as.obj.kind) continue;
        if (known[i].is_row && --*left < 0) return err_set(err, ERR_LIMIT, "limit.size", NULL);
        return people_show(s, known[i].type, &id, a, v, err);
    }
    return 0;
}

static int show_deep(struct session *s, struct val *v, struct arena *a, int *left, struct err *err)
{
    int rc = 0;
    if (v->type == VAL_OBJ) return show_object(s, v, a, left, err);
    for (size_t i = 0; v->type == VAL_LIST && rc == 0 && i < v->as.list.n; i++)
        rc = show_deep(s, &v->as.list.items[i], a, left, err);
    for (size_t i = 0; v->type == VAL_MAP && rc == 0 && i < v->as.map.n; i++)
        rc = show_deep(s, &v->as.map.pairs[i].v, a, left, err);
    return rc;
}

int people_show_all(struct session *s, struct val *v, struct arena *a, struct err *err)
{
    int left = SHOWN_MAX;
    return show_deep(s, v, a, &left, err);
}

int people_params_show(struct session *s, const struct field_list *fields, const struct val *stored, struct arena *a,
                       struct val *out, struct err *err)
{
    *out = val_map();
    for (size_t i = 0; i < stored->as.map.n; i++) {
        const struct val_pair *p = &stored->as.map.pairs[i];
        const struct field *f = field_find(fields, p->key);
        struct val shown;
        int rc = people_show(s, f->type, &p->v, a, &shown, err);
        if (rc == 0 && val_set(a, out, p->key, shown)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        if (rc) return rc;
    }
    return 0;
}
