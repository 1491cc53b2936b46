/* What command.define declares, checked once when the plugin is loaded. */
#include <string.h>

#include "plugin/api.h"
#include "route/command_internal.h"

static int bad(struct err *err, const struct command_def *def, const char *option, const char *detail)
{
    return err_set(err, ERR_INVALID, "command.option", "command", def->name, "option", option, "detail", detail, NULL);
}

bool command_is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t n = name ? strspn(name, letters) : 0;
    return n > 0 && n <= COMMAND_NAME_MAX && !name[n] && name[0] >= 'a' && name[0] <= 'z';
}

static bool is_doc(const struct val *v)
{
    if (!v || v->type == VAL_NIL || v->type == VAL_STR) return true;
    for (size_t i = 0; v->type == VAL_MAP && i < v->as.map.n; i++)
        if (v->as.map.pairs[i].v.type != VAL_STR) return false;
    return v->type == VAL_MAP;
}

static int check_columns(const struct command_def *def, struct arena *a, struct err *err)
{
    const struct val *v = def->columns;
    for (size_t i = 0; val_at(v, i); i++) {
        const char *name = val_cstr(a, val_at(v, i));
        if (!name || !*name || strchr(name, ' ')) return bad(err, def, "columns", name ? name : "");
    }
    return 0;
}

/* Words that every command of the command line takes cannot be a command's own. */
static int check_args(const struct command_def *def, struct err *err)
{
    for (size_t i = 0; i < def->args.n; i++)
        for (const char *const *w = command_common; *w; w++)
            if (strcmp(def->args.items[i].name, *w) == 0) return bad(err, def, "args", *w);
    return 0;
}

int command_compile(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err)
{
    struct command_def *def = arena_alloc(a, sizeof(*def));
    struct val none = val_map();
    const struct val *args = val_get(&d->spec, "args");
    (void)self;
    (void)r;
    if (!def) return err_set(err, ERR_NOMEM, "memory", NULL);
    *def = (struct command_def){.name = d->name,
                                .plugin = d->plugin,
                                .doc = val_get(&d->spec, "doc"),
                                .columns = val_get(&d->spec, "columns"),
                                .writes = val_get_bool(&d->spec, "writes", false)};
    d->compiled = def;
    bool is_empty = !args || args->type == VAL_NIL || (args->type == VAL_LIST && args->as.list.n == 0);
    int rc = field_parse_list(a, is_empty ? &none : args, &def->args, err);
    if (rc == 0) rc = check_args(def, err);
    if (rc == 0 && !is_doc(def->doc)) rc = bad(err, def, "doc", val_type_name(def->doc->type));
    return rc ? rc : check_columns(def, a, err);
}

const struct command_def *command_find(const struct registry *r, const char *name)
{
    const struct decl *d = r && name ? registry_find(r, "command", NULL, name) : NULL;
    return d ? d->compiled : NULL;
}
