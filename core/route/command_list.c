/* The commands that there are, and how each is written. */
#include "base/buf.h"
#include "route/command_internal.h"

/* "khung x dry-run chain=text! [on=date]" */
static const char *usage_of(const struct command_def *def, struct arena *a)
{
    struct buf b;
    buf_init(&b, 16 << 10);
    buf_printf(&b, "khung x %s", def->name);
    for (size_t i = 0; i < def->args.n; i++) {
        const struct field *f = &def->args.items[i];
        buf_printf(&b, f->required ? " %s=" : " [%s=", f->name);
        if (f->type != FIELD_CHOICE || !f->choices) buf_add_str(&b, field_type_name(f->type));
        for (size_t k = 0; f->type == FIELD_CHOICE && f->choices && f->choices[k]; k++)
            buf_printf(&b, "%s%s", k ? "|" : "", f->choices[k]);
        if (!f->required) buf_add_char(&b, ']');
    }
    const char *text = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return text;
}

static struct val doc_of(const struct command_def *def, const char *lang)
{
    const struct val *v = def->doc;
    if (val_is(v, VAL_MAP)) v = val_get(def->doc, lang);
    if (!v && val_is(def->doc, VAL_MAP) && def->doc->as.map.n) v = &def->doc->as.map.pairs[0].v;
    return v ? *v : val_nil();
}

int command_list(const struct registry *r, const char *lang, struct arena *a, struct val *out, struct err *err)
{
    size_t i = 0;
    *out = val_list();
    for (const struct decl *d; r && (d = registry_each(r, "command", &i));) {
        const struct command_def *def = d->compiled;
        const char *usage = usage_of(def, a);
        struct val one = val_map(), copy;
        if (!usage || val_set(a, &one, "usage", val_str(usage)) || val_set(a, &one, "doc", doc_of(def, lang)) ||
            val_set(a, &one, "plugin", val_str(def->plugin)) || val_set(a, &one, "name", val_str(def->name)) ||
            val_set(a, &one, "writes", val_bool(def->writes)) || val_copy(a, &one, &copy) || val_add(a, out, copy))
            return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    return 0;
}
