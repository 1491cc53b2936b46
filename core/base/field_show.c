/* A field as forms and editors need it: what may be written in it, in the reader's language. */
#include "base/field.h"

#include <string.h>

/* A text, or { vi =, en = }: that of the language, else any. NULL: there is none. */
static const struct val *in_language(const struct val *v, const char *lang)
{
    if (!v || v->type == VAL_STR) return v;
    if (v->type != VAL_MAP) return NULL;
    const struct val *own = lang ? val_get(v, lang) : NULL;
    for (size_t i = 0; !val_is(own, VAL_STR) && i < v->as.map.n; i++)
        own = &v->as.map.pairs[i].v;
    return val_is(own, VAL_STR) ? own : NULL;
}

static int show_choices(struct arena *a, const struct field *f, const char *lang, struct val *out)
{
    struct val choices = val_list(), titles = val_map();
    const struct val *given = f->options ? val_get(f->options, "titles") : NULL;
    int rc = 0;
    for (size_t i = 0; f->choices && f->choices[i]; i++) {
        const struct val *title = in_language(val_get(given, f->choices[i]), lang);
        rc |= val_add(a, &choices, val_str(f->choices[i]));
        if (title) rc |= val_set(a, &titles, f->choices[i], *title);
    }
    if (f->choices) rc |= val_set(a, out, "choices", choices);
    return titles.as.map.n ? rc | val_set(a, out, "titles", titles) : rc;
}

int field_show(struct arena *a, const struct field *f, const char *lang, struct val *out)
{
    static const char *const texts[] = {"title", "help"}, *const values[] = {"default", "min", "max", "types"};
    *out = val_map();
    int rc = val_set(a, out, "name", val_str(f->name)) | val_set(a, out, "type", val_str(field_type_name(f->type))) |
             val_set(a, out, "required", val_bool(f->required)) | show_choices(a, f, lang, out);
    if (f->type == FIELD_LIST) rc |= val_set(a, out, "item", val_str(field_type_name(f->item)));
    for (size_t i = 0; i < 2 && f->options; i++) {
        const struct val *v = in_language(val_get(f->options, texts[i]), lang);
        if (v) rc |= val_set(a, out, texts[i], *v);
    }
    for (size_t i = 0; i < 4 && f->options; i++) {
        const struct val *v = val_get(f->options, values[i]);
        if (v) rc |= val_set(a, out, values[i], *v);
    }
    return rc;
}
