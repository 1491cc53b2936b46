/* Tags: operations stand together by the first member of their path, under /api; what a plugin declares stands together
 * by the plugin, and pages and links by themselves. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "http/openapi.h"

static const char *name_of(struct openapi *o, const char *pattern)
{
    bool api = strncmp(pattern, "/api/", 5) == 0, plugin = strncmp(pattern, "/x/", 3) == 0;
    if (strncmp(pattern, "/auth/", 6) == 0) return "auth";
    if (!api && !plugin) return "pages";
    const char *first = pattern + (api ? 5 : 3), *name = arena_strndup(o->a, first, strcspn(first, "/"));
    o->failed |= !name;
    return plugin ? openapi_text(o, "x/", name ? name : "", "") : name ? name : "";
}

/* In the reader's language; of a plugin, that it is its own. */
static const char *doc_of(struct openapi *o, const char *name)
{
    struct buf b;
    char key[80];
    bool plugin = strncmp(name, "x/", 2) == 0;
    snprintf(key, sizeof(key), "openapi.tag.%.60s", plugin ? "plugin" : name);
    for (char *p = key + strlen("openapi.tag."); *p; p++)
        if (*p == '-' || *p == '.') *p = '_';
    buf_init(&b, 2000);
    locale_format(&b, o->lang, key, "plugin", plugin ? name + 2 : "", NULL);
    const char *text = arena_strndup(o->a, b.data ? b.data : "", b.len);
    buf_close(&b);
    o->failed |= !text;
    return text ? text : "";
}

struct val openapi_tags(struct openapi *o, const char *pattern)
{
    struct val list = val_list();
    const char *name = name_of(o, pattern);
    bool there = false;
    for (size_t i = 0; !there && val_at(&o->tags, i); i++)
        there = val_is_str(val_get(val_at(&o->tags, i), "name"), name);
    if (!there)
        openapi_add(o, &o->tags, OPENAPI_MAP(o, {"name", val_str(name)}, {"description", val_str(doc_of(o, name))}));
    openapi_add(o, &list, val_str(name));
    return list;
}
