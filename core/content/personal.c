/* Whose a field is, from what is declared and what stands in the record. */
#include "content/personal.h"

#include <string.h>

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

int personal_check(const struct field_list *fields, struct err *err)
{
    for (size_t i = 0; i < fields->n; i++) {
        const struct val *option = option_of(&fields->items[i]);
        if (!option || option->type == VAL_BOOL) continue;
        const struct field *of = whose(fields, option);
        if (!of || (of->type != FIELD_PERSON && of->type != FIELD_TEXT))
            return err_set(err, ERR_INVALID, "field.personal", "field", fields->items[i].name, NULL);
    }
    return 0;
}

static bool holds(struct erasing *e, const struct field *f, const struct val *record)
{
    const struct val *v = val_get(record, f->name);
    if (!v) return false;
    return f->type == FIELD_PERSON ? erasing_is_person(e, v) : erasing_tells(e, v);
}

static bool is_about(struct erasing *e, const struct field_list *fields, const struct val *record)
{
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *f = &fields->items[i];
        const struct val *option = option_of(f);
        bool counts = f->type == FIELD_PERSON || (option && option->type == VAL_BOOL);
        if (counts && holds(e, f, record)) return true;
    }
    return false;
}

static bool is_there(const struct val *v)
{
    return v && v->type != VAL_NIL && !val_is_str(v, ERASED_TEXT);
}

int64_t personal_choose(struct erasing *e, const struct field_list *fields, const struct val *record, bool *goes)
{
    bool about = is_about(e, fields, record);
    int64_t n = 0;
    for (size_t i = 0; i < fields->n; i++) {
        const struct val *option = option_of(&fields->items[i]);
        goes[i] = false;
        if (!option || !is_there(val_get(record, fields->items[i].name))) continue;
        const struct field *of = whose(fields, option);
        goes[i] =
            option->type == VAL_BOOL ? about : (of && holds(e, of, record)) || holds(e, &fields->items[i], record);
        n += goes[i];
    }
    return n;
}

struct val personal_mark(const struct field *f)
{
    return f->type == FIELD_TEXT || f->type == FIELD_MARKDOWN ? val_str(ERASED_TEXT) : val_nil();
}
