/* The reference in Markdown, from the descriptions that also check every call: it cannot say what is not so. */
#include <string.h>

#include "cli/api_print.h"
#include "cli/asset.h"
#include "cli/example.h"
#include "plugin/api.h"
#include "plugin/bind_lua.h"
#include "plugin/host.h"
#include "plugin/plugin.h"

static void print_signature(FILE *out, const struct api_fn *fn, const struct api_param *params, size_t n)
{
    size_t first = strchr(fn->name, ':') ? 1 : 0; /* a method's first argument stands before the colon */
    fprintf(out, "### `%s(", fn->name);
    for (size_t i = first; i < n; i++)
        fprintf(out, "%s%s%s", i > first ? ", " : "", params[i].name, params[i].required ? "" : "?");
    fprintf(out, ")`%s%s\n\n%s\n\n", *fn->returns ? " → " : "", fn->returns, fn->doc);
}

static void print_param(FILE *out, const struct api_param *p, const char *indent)
{
    fprintf(out, "%s- `%s`: %s%s\n", indent, p->name, p->type, p->required ? ", required" : "");
    for (size_t i = 0; i < p->nkeys; i++)
        print_param(out, &p->keys[i], "  ");
}

static void print_example(FILE *out, const char *name)
{
    static const char *const places[] = {"", "While the plugin loads:\n", "In a job of `loop.spawn`:\n",
                                         "In a report's function:\n"};
    struct example e;
    if (!example_find(name, &e)) return;
    fprintf(out, "%s```lua\n%.*s\n```\n\n", places[e.place], (int)e.len, e.text);
}

static void print_function(FILE *out, const struct api_fn *fn, const struct api_param *params, size_t n)
{
    static const char *const effects[] = {"Depends on its arguments only", "Reads", "Changes; not in reports",
                                          "Waits; in flows and jobs", "Only while the plugin loads"};
    size_t first = strchr(fn->name, ':') ? 1 : 0;
    print_signature(out, fn, params, n);
    for (size_t i = first; i < n; i++)
        print_param(out, &params[i], "");
    fprintf(out, "%s%s.", n > first ? "\n" : "", effects[fn->effect]);
    if (fn->needs) fprintf(out, " Needs `%s`.", fn->needs);
    fprintf(out, " Since level %d.\n\n", fn->since);
    print_example(out, fn->name);
}

/* "content.publish" and "content.get" stand under one heading. */
static size_t noun_of(const char *name)
{
    return strcspn(name, ".:");
}

static void print_kind(FILE *out, const struct bind_kind *kind)
{
    if (!*kind->fields) return;
    fprintf(out, "- **%s**:", kind->class);
    for (const char *p = kind->fields; *p;) {
        size_t name = strcspn(p, ":"), whole = strcspn(p, " ");
        fprintf(out, "%s `%.*s` %.*s", p == kind->fields ? "" : ",", (int)name, p, (int)(whole - name - 1),
                p + name + 1);
        p += whole + strspn(p + whole, " ");
    }
    fprintf(out, "\n");
}

void api_print_markdown(const struct host *h, FILE *out)
{
    const char *noun = "";
    fprintf(
        out,
        "# The Lua API, level %d\n\nTypes are field types (`text`, `integer`, `duration` …), `map`, `list`, `any` or "
        "an object. What is indented below a map are the keys that it may have.\n\n",
        PLUGIN_API_LEVEL);
    fprintf(out, "## Objects\n\nWhat can be read of them; an item has the fields of its type too.\n\n");
    for (size_t i = 0; i < h->nkinds; i++)
        print_kind(out, &h->kinds[i]);
    fprintf(out, "\n## Events\n\nFor `on(name, fn)` and `run:wait(name)`. Those with `before_` may be refused by an "
                 "error; the others "
                 "are told after the commit. `events.emit` adds those of plugins.\n\n");
    for (size_t i = 0; api_event_at(h->api, i); i++)
        fprintf(out, "- `%s`: %s\n", api_event_at(h->api, i)->name, api_event_at(h->api, i)->doc);
    fprintf(out, "\n## What the examples build on\n\n```lua\n%s```\n\n", asset_find("api/fixture.lua")->text);
    for (size_t i = 0; i < api_count(h->api); i++) {
        const struct api_fn *fn = api_at(h->api, i);
        const struct api_param *params;
        size_t n = api_params(h->api, i, &params), len = noun_of(fn->name);
        if (fn->needs && strcmp(fn->needs, API_HOST) == 0) continue;
        if (noun_of(noun) != len || strncmp(noun, fn->name, len) != 0) fprintf(out, "## %.*s\n\n", (int)len, fn->name);
        noun = fn->name;
        print_function(out, fn, params, n);
    }
}

void api_print_spec_markdown(const struct host *spec, FILE *out)
{
    fprintf(out, "## Specs\n\nWhat `khung test` gives to the files `spec/*_spec.lua`, beside all of the above.\n\n");
    for (size_t i = 0; i < api_count(spec->api); i++) {
        const struct api_param *params;
        size_t n = api_params(spec->api, i, &params);
        print_signature(out, api_at(spec->api, i), params, n);
    }
}
