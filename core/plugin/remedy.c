/* Lua's own messages, recognised by their beginning; names that do not exist are compared with those of the API. */
#include "plugin/remedy.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "plugin/api.h"

enum { NAME_LEN = 48, FAR = 3 };

static const struct {
    const char *begins, *remedy;
} known[] = {
    {"attempt to call a nil value", "remedy.call_nil"},
    {"attempt to index a nil value", "remedy.index_nil"},
    {"attempt to index a number value", "remedy.index_value"},
    {"attempt to index a boolean value", "remedy.index_value"},
    {"attempt to perform arithmetic on a nil value", "remedy.arithmetic_nil"},
    {"attempt to perform arithmetic on a", "remedy.arithmetic"},
    {"attempt to concatenate a nil value", "remedy.concat_nil"},
    {"attempt to concatenate a table value", "remedy.concat_table"},
    {"attempt to compare", "remedy.compare"},
    {"attempt to yield", "remedy.yield"},
    {"stack overflow", "remedy.overflow"},
};

/* The name in "… (field 'x')", "(global 'x')", "(method 'x')". */
static void quoted_name(const char *text, char name[NAME_LEN])
{
    const char *from = strstr(text, " '"), *to = from ? strchr(from + 2, '\'') : NULL;
    name[0] = '\0';
    if (to && to - from - 2 < NAME_LEN) snprintf(name, NAME_LEN, "%.*s", (int)(to - from - 2), from + 2);
}

/* The nearest of all last names: "publsh" is "content.publish". */
static const char *nearest(struct api *api, const char *name)
{
    const char *best = NULL;
    size_t least = FAR;
    for (size_t i = 0; name[0] && i < api_count(api); i++) {
        const struct api_fn *fn = api_at(api, i);
        if (fn->needs && strcmp(fn->needs, API_HOST) == 0) continue;
        const char *dot = strrchr(fn->name, '.'), *colon = strrchr(fn->name, ':');
        const char *last = colon ? colon + 1 : dot ? dot + 1 : fn->name;
        size_t far = text_distance(name, last);
        if (far >= least || far * 2 > strlen(last)) continue;
        least = far;
        best = fn->name;
    }
    return best;
}

void remedy_find(struct api *api, struct err *err)
{
    char name[NAME_LEN];
    const char *meant;
    if (strcmp(err->key, "lua.syntax") == 0) snprintf(err->remedy, sizeof(err->remedy), "remedy.syntax");
    if (strcmp(err->key, "lua.error") != 0 || err->remedy[0]) return;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strncmp(err->text, known[i].begins, strlen(known[i].begins)) != 0) continue;
        snprintf(err->remedy, sizeof(err->remedy), "%s", known[i].remedy);
        quoted_name(err->text, name);
        err_add_arg(err, "name", name[0] ? name : "?");
        meant = strcmp(known[i].remedy, "remedy.call_nil") == 0 ? nearest(api, name) : NULL;
        if (!meant) return;
        snprintf(err->remedy, sizeof(err->remedy), "remedy.did_you_mean");
        err_add_arg(err, "meant", meant);
        return;
    }
}
