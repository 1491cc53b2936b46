/* Parameters: from a query or a command line they come as text, and are read as what the report declared. */
#include "report/report_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "people/people.h"

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
static int read_code(struct report_run *run, enum field_type type, const char *text, struct val *v, struct err *err)
{
    int64_t id;
    int rc = type == FIELD_UNIT ? people_unit_by_code(run->s->db, text, &id, err)
                                : people_person_by_code(run->s->db, text, &id, err);
    if (rc == 1) *v = val_int(id);
    if (rc == 0) read_integer(text, v);
    return rc < 0 ? rc : 0;
}

/* What cannot be read stays text, and is refused by the check with the field's name. */
static int read_text(struct report_run *run, enum field_type type, struct val *v, struct err *err)
{
    const char *text = v->type == VAL_STR ? val_cstr(run->arena, v) : NULL;
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
        if (text_parse_number(text, strlen(text), run->s->lang, &number)) *v = val_num(number);
        return 0;
    case FIELD_BOOLEAN:
        read_boolean(text, v);
        return 0;
    case FIELD_UNIT:
    case FIELD_PERSON:
        return read_code(run, type, text, v, err);
    case FIELD_JSON:
        json_parse(text, strlen(text), run->arena, v, &ignored);
        return 0;
    default:
        return 0;
    }
}

/* "2020,2021" of a list:integer. */
static int read_list(struct report_run *run, const struct field *f, struct val *v, struct err *err)
{
    struct val list = val_list();
    const char *p = v->type == VAL_STR ? val_cstr(run->arena, v) : NULL;
    int rc = 0;
    while (rc == 0 && p && *p) {
        size_t n = strcspn(p, ",");
        struct val item = val_strn(p, n);
        rc = read_text(run, f->item, &item, err);
        if (rc == 0 && val_add(run->arena, &list, item)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        p += n + (p[n] == ',');
    }
    if (p) *v = list;
    return rc;
}

int report_params_read(struct report_run *run, struct err *err)
{
    const struct field_list *fields = &run->def->params;
    const struct val *given = run->q->params;
    struct val read = val_map();
    int rc = 0;
    for (size_t i = 0; rc == 0 && val_is(given, VAL_MAP) && i < given->as.map.n; i++) {
        struct val_pair p = given->as.map.pairs[i];
        const struct field *f = field_find(fields, p.key);
        /* An empty box of a form is no value, but in text. */
        if (f && val_is_str(&p.v, "") && f->type != FIELD_TEXT) continue;
        if (f) rc = f->type == FIELD_LIST ? read_list(run, f, &p.v, err) : read_text(run, f->type, &p.v, err);
        if (rc == 0 && val_set(run->arena, &read, p.key, p.v)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    if (rc) return rc;
    return field_check_map(fields, &read, false, &run->s->host->time, run->arena, &run->params, err);
}

int report_params_show(struct report_run *run, struct val *out, struct err *err)
{
    *out = val_map();
    for (size_t i = 0; i < run->params.as.map.n; i++) {
        const struct val_pair *p = &run->params.as.map.pairs[i];
        const struct field *f = field_find(&run->def->params, p->key);
        struct val shown;
        int rc = report_cell_show(run->s, f->type, &p->v, run->arena, &shown, err);
        if (rc == 0 && val_set(run->arena, out, p->key, shown)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        if (rc) return rc;
    }
    return 0;
}
