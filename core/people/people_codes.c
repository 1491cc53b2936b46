/* Units and persons named by their codes, as people and other programs know them, where an id is meant. */
#include "people/people_internal.h"

#include "base/field.h"

static int read_code(struct store *db, enum field_type type, struct arena *a, struct val *v, struct err *err)
{
    int64_t id;
    const char *code = v->type == VAL_STR ? val_cstr(a, v) : NULL;
    if (!code || (type != FIELD_UNIT && type != FIELD_PERSON)) return 0;
    int rc = type == FIELD_UNIT ? people_unit_by_code(db, code, &id, err) : people_person_by_code(db, code, &id, err);
    if (rc == 1) *v = val_int(id);
    if (rc != 0) return rc < 0 ? rc : 0;
    return err_set(err, ERR_NOT_FOUND, type == FIELD_UNIT ? "people.no_unit" : "people.no_person", "code", code, NULL);
}

static int read_list(struct store *db, enum field_type item, struct arena *a, struct val *v, struct err *err)
{
    struct val list = val_list();
    int rc = 0;
    if (v->type != VAL_LIST) return 0;
    for (size_t i = 0; rc == 0 && i < v->as.list.n; i++) {
        struct val one = v->as.list.items[i];
        rc = read_code(db, item, a, &one, err);
        if (rc == 0 && val_add(a, &list, one) != 0) rc = people_too_large(err);
    }
    *v = list;
    return rc;
}

int people_codes(struct store *db, const struct field_list *fields, const struct val *in, struct arena *a,
                 struct val *out, struct err *err)
{
    int rc = 0;
    *out = val_map();
    for (size_t i = 0; rc == 0 && i < in->as.map.n; i++) {
        struct val v = in->as.map.pairs[i].v;
        const struct field *f = field_find(fields, in->as.map.pairs[i].key);
        if (f) rc = f->type == FIELD_LIST ? read_list(db, f->item, a, &v, err) : read_code(db, f->type, a, &v, err);
        if (rc == 0 && val_set_new(a, out, in->as.map.pairs[i].key, v) != 0) rc = people_too_large(err);
    }
    return rc;
}
