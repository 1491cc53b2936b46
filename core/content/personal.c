/* Whose a field is, from what is declared and what stands in the record. */
#include "content/personal.h"

#include <string.h>

#include "base/json.h"

static const struct val *option_of(const struct field *f)
{
    const struct val *v = f->options ? val_get(f->options, "personal") : NULL;
    return v && !(v->type == VAL_BOOL && !v->as.b) && v->type != VAL_NIL ? v : NULL;
}

bool personal_is(const struct field *f)
{
    return option_of(f) != NULL;
}

bool personal_any(const struct field_list *fields)
{
    for (size_t i = 0; i < fields->n; i++)
        if (personal_is(&fields->items[i])) return true;
    return false;
}

static const struct field *whose(const struct field_list *fields, const struct val *option)
{
    for (size_t i = 0; i < fields->n; i++)
        if (val_is_str(option, fields->items[i].name)) return &fields->items[i];
    return NULL;
}

/* The only field of type person, or NULL. */
static const struct field *only_person(const struct field_list *fields, size_t *n)
{
    const struct field *found = NULL;
    *n = 0;
    for (size_t i = 0; i < fields->n; i++) {
        if (fields->items[i].type != FIELD_PERSON) continue;
        found = &fields->items[i];
        ++*n;
    }
    return *n == 1 ? found : NULL;
}

int personal_check(const struct field_list *fields, struct err *err)
{
    size_t persons;
    only_person(fields, &persons);
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *f = &fields->items[i];
        const struct val *option = option_of(f);
        if (!option) continue;
        if (option->type == VAL_BOOL && persons > 1 && f->type != FIELD_PERSON)
            return err_set(err, ERR_INVALID, "field.personal_whose", "field", f->name, NULL);
        const struct field *of = option->type == VAL_BOOL ? f : whose(fields, option);
        bool fits = option->type == VAL_BOOL || (of && (of->type == FIELD_PERSON || of->type == FIELD_TEXT));
        if (!fits) return err_set(err, ERR_INVALID, "field.personal", "field", f->name, NULL);
    }
    return 0;
}

/* --- whose it is --- */

enum held { NOBODY, THEM, ANOTHER };

static enum held held_by(struct erasing *e, const struct field *f, const struct val *record)
{
    const struct val *v = val_get(record, f->name);
    if (!v || v->type == VAL_NIL) return NOBODY;
    return erasing_is_person(e, v) ? THEM : ANOTHER;
}

/* The field of type person that says whose a field is: itself, the one that it names, perhaps by way of a text, or the
 * only one. NULL: a text alone tells. */
static const struct field *decider(const struct field_list *fields, const struct field *f)
{
    size_t persons;
    for (size_t i = 0; i <= fields->n; i++) { /* names may go round in a ring */
        const struct val *option = option_of(f);
        if (option && option->type == VAL_BOOL && f->type != FIELD_PERSON) return only_person(fields, &persons);
        if (i > 0 && f->type == FIELD_PERSON) return f;
        if (!option || option->type == VAL_BOOL) return f->type == FIELD_PERSON ? f : NULL;
        f = whose(fields, option);
        if (!f) return NULL;
    }
    return NULL;
}

/* Where no field of type person decides: do they hold somebody else alone? */
static bool is_of_another(struct erasing *e, const struct field_list *fields, const struct val *record)
{
    bool is = false;
    for (size_t i = 0; i < fields->n; i++) {
        enum held h = fields->items[i].type == FIELD_PERSON ? held_by(e, &fields->items[i], record) : NOBODY;
        if (h == THEM) return false;
        is |= h == ANOTHER;
    }
    return is;
}

static bool names(struct erasing *e, const struct field *f, const struct val *record)
{
    const struct val *v = f && f->type != FIELD_PERSON ? val_get(record, f->name) : NULL;
    return v && erasing_tells(e, v);
}

/* Does what is `personal = true` name them? */
static bool is_named(struct erasing *e, const struct field_list *fields, const struct val *record)
{
    for (size_t i = 0; i < fields->n; i++) {
        const struct val *option = option_of(&fields->items[i]);
        if (option && option->type == VAL_BOOL && names(e, &fields->items[i], record)) return true;
    }
    return false;
}

static bool is_there(const struct val *v)
{
    return v && v->type != VAL_NIL && !val_is_str(v, ERASED_TEXT);
}

int64_t personal_choose(struct erasing *e, const struct field_list *fields, const struct val *record, bool *goes)
{
    bool about = is_named(e, fields, record), another = is_of_another(e, fields, record);
    int64_t n = 0;
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *f = &fields->items[i];
        const struct val *option = option_of(f);
        goes[i] = false;
        if (!option || !is_there(val_get(record, f->name))) continue;
        const struct field *by = decider(fields, f);
        enum held h = by ? held_by(e, by, record) : another ? ANOTHER : NOBODY;
        bool named = option->type == VAL_BOOL ? about : names(e, whose(fields, option), record) || names(e, f, record);
        goes[i] = h == THEM || (named && h == NOBODY);
        if (named && h == ANOTHER) e->kept++;
        n += goes[i];
    }
    return n;
}

int personal_to_tell(const struct field_list *fields, const struct val *record, struct arena *a, struct val *out)
{
    *out = record ? *record : val_nil();
    if (!record || record->type != VAL_MAP || !personal_any(fields)) return 0;
    *out = val_map();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < record->as.map.n; i++) {
        const struct val_pair *p = &record->as.map.pairs[i];
        const struct field *f = field_find(fields, p->key);
        struct val v = p->v;
        struct buf text;
        buf_init(&text, 4096);
        bool is_open = f && personal_is(f) && v.type != VAL_STR && v.type != VAL_NIL && v.type != VAL_LIST;
        if (is_open) json_write(&text, &v);
        bool quoted = is_open && text.len >= 2 && text.data[0] == '"'; /* as a date is */
        size_t len = quoted ? text.len - 2 : text.len;
        const char *copy = is_open && buf_ok(&text) ? arena_strndup(a, text.data + quoted, len) : NULL;
        if (copy) v = val_strn(copy, len);
        buf_close(&text);
        if (is_open && !copy) rc = ERR_LIMIT;
        if (rc == 0) rc = val_set_new(a, out, p->key, v);
    }
    return rc;
}

struct val personal_mark(const struct field *f)
{
    return f->type == FIELD_TEXT || f->type == FIELD_MARKDOWN ? val_str(ERASED_TEXT) : val_nil();
}
