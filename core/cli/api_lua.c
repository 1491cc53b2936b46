/* A definition file for editors (LuaCATS, as lua-language-server reads it), from the descriptions of the API.
 *
 * Field types become Lua types; a map with known keys becomes a class of its own, so that an editor completes the
 * options and underlines a slip. */
#include <ctype.h>
#include <string.h>

#include "cli/api_print.h"
#include "plugin/api.h"
#include "plugin/bind_lua.h"
#include "plugin/host.h"

static const struct {
    const char *type, *lua;
} types[] = {{"text", "string"},
             {"markdown", "string"},
             {"money", "integer"},
             {"boolean", "boolean"},
             {"integer", "integer"},
             {"number", "number"},
             {"duration", "string"},
             {"instant", "khung.Instant|string"},
             {"date", "khung.Date|string"},
             {"unit", "khung.Unit|integer|string"},
             {"person", "khung.Person|integer|string"},
             {"map", "table"},
             {"list", "any[]"},
             {"table", "table"},
             {"string", "string"},
             {"any", "any"},
             {"json", "any"},
             {"object", "any"},
             {"fn", "function"},
             {"fns", "table<string, function>"}};

#define ROUTE "fun(req: khung.Request): khung.Response?"
/* What a function that is passed on gets and gives; by the API function that takes it. */
static const struct {
    const char *function, *type;
} callbacks[] = {{"it", "fun(t: khung.Test)"},
                 {"pending", "fun(t: khung.Test)"},
                 {"before_each", "fun(t: khung.Test)"},
                 {"after_each", "fun(t: khung.Test)"},
                 {"flow.define", "fun(run: khung.Run, input: table): any"},
                 {"report.define", "fun(params: table, out: khung.ReportOut): table[]?"},
                 {"route.get", ROUTE},
                 {"route.post", ROUTE},
                 {"route.put", ROUTE},
                 {"route.patch", ROUTE},
                 {"route.delete", ROUTE},
                 {"on", "fun(event: table)"},
                 {"command.define", "fun(args: table): any"},
                 {"loop.spawn", "fun(): any"},
                 {"loop.watch", "fun(file: { path: string, name: string, event: string })"}};

/* Upper-case names are classes: "Item", "Answer". */
static void print_type(FILE *out, const char *type, size_t len)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strlen(types[i].type) != len || memcmp(types[i].type, type, len) != 0) continue;
        fprintf(out, "%s", types[i].lua);
        return;
    }
    fprintf(out, "%s%.*s", isupper((unsigned char)type[0]) ? "khung." : "", (int)len, type);
}

static const char *class_of(const struct host *h, const char *kind)
{
    for (size_t i = 0; i < h->nkinds; i++)
        if (strcmp(h->kinds[i].kind->name, kind) == 0) return h->kinds[i].class;
    return "any";
}

static void print_param_type(const struct host *h, FILE *out, const struct api_fn *fn, const struct api_param *p)
{
    const char *at = p->type;
    if (strncmp(at, "object:", 7) == 0) {
        fprintf(out, "khung.%s", class_of(h, at + 7));
    } else if (p->nkeys) {
        fprintf(out, "khung.%s.%s%s", fn->name, p->name, strcmp(at, "list") == 0 ? "[]" : "");
    } else if (strcmp(at, "fn") == 0) {
        size_t i = 0;
        while (i < sizeof(callbacks) / sizeof(callbacks[0]) && strcmp(callbacks[i].function, fn->name) != 0)
            i++;
        fprintf(out, "%s", i < sizeof(callbacks) / sizeof(callbacks[0]) ? callbacks[i].type : "fun()");
    } else {
        print_type(out, at, strlen(at));
    }
}

/* A class for each table of options. Class names may hold dots, but no colon. */
static void print_options(const struct host *h, FILE *out, const struct api_fn *fn, const struct api_param *p)
{
    fprintf(out, "---@class khung.%s.%s\n", fn->name, p->name);
    for (size_t i = 0; i < p->nkeys; i++) {
        fprintf(out, "---@field %s%s ", p->keys[i].name, p->keys[i].required ? "" : "?");
        print_param_type(h, out, fn, &p->keys[i]);
        fprintf(out, "\n");
    }
    fprintf(out, "\n");
}

/* "Item[], cursor?", "Date|Instant?": one line for each result. */
static void print_returns(FILE *out, const char *returns)
{
    for (const char *p = returns; *p;) {
        size_t len = strcspn(p, ",");
        fprintf(out, "---@return ");
        for (const char *t = p; t < p + len;) {
            size_t whole = strcspn(t, "|,"), word = strcspn(t, "?[]|,");
            if (strncmp(t, "cursor", word) == 0)
                fprintf(out, "string");
            else
                print_type(out, t, word);
            fprintf(out, "%.*s", (int)(whole - word), t + word);
            t += whole;
            if (*t == '|') fputc(*t++, out);
        }
        fprintf(out, "\n");
        p += len + strspn(p + len, ", ");
    }
}

static void print_arguments(FILE *out, const struct api_param *params, size_t from, size_t n)
{
    fprintf(out, "(");
    for (size_t i = from; i < n; i++)
        fprintf(out, "%s%s", i > from ? ", " : "", params[i].name);
    fprintf(out, ") end\n\n");
}

/* f(path, fn) of f(path, options, fn). */
static void print_overload(const struct host *h, FILE *out, const struct api_fn *fn, const struct api_param *params,
                           size_t n)
{
    fprintf(out, "---@overload fun(");
    for (size_t i = 0; i < n; i++) {
        if (i == n - 2) continue;
        fprintf(out, "%s%s: ", i ? ", " : "", params[i].name);
        print_param_type(h, out, fn, &params[i]);
    }
    fprintf(out, ")\n");
}

/* A name that is a word of Lua cannot be an argument. */
static void print_function(const struct host *h, FILE *out, size_t at)
{
    const struct api_fn *fn = api_at(h->api, at);
    const struct api_param *params;
    size_t n = api_params(h->api, at, &params);
    const char *colon = strchr(fn->name, ':');
    size_t first = colon ? 1 : 0;
    struct api_fn plain = *fn; /* for class names */
    char name[64];
    snprintf(name, sizeof(name), "%s", fn->name);
    if (colon) name[colon - fn->name] = '.';
    plain.name = name;
    for (size_t i = first; i < n; i++)
        if (params[i].nkeys) print_options(h, out, &plain, &params[i]);
    fprintf(out, "---%s\n", fn->doc);
    for (size_t i = first; i < n; i++) {
        fprintf(out, "---@param %s%s ", params[i].name, params[i].required ? "" : "?");
        print_param_type(h, out, &plain, &params[i]);
        fprintf(out, "\n");
    }
    print_returns(out, fn->returns);
    if (api_may_skip(params, n)) print_overload(h, out, &plain, params, n);
    if (colon)
        fprintf(out, "function %s:%s", class_of(h, params[0].type + strlen("object:")), colon + 1);
    else
        fprintf(out, "function %s", fn->name);
    print_arguments(out, params, first, n);
}

static void print_class(FILE *out, const struct bind_kind *kind)
{
    fprintf(out, "---@class khung.%s\n", kind->class);
    for (const char *p = kind->fields; *p;) {
        size_t name = strcspn(p, ":"), whole = strcspn(p, " ");
        fprintf(out, "---@field %.*s ", (int)name, p);
        print_type(out, p + name + 1, whole - name - 1);
        fprintf(out, "\n");
        p += whole + strspn(p + whole, " ");
    }
    /* An item has the fields that its type declares. */
    if (strcmp(kind->class, "Item") == 0) fprintf(out, "---@field [string] any\n");
    fprintf(out, "local %s = {}\n\n", kind->class);
}

/* The tables between: "storage.kv.get" needs storage and storage.kv. */
static void print_tables(const struct host *h, FILE *out)
{
    char last[64] = "";
    for (size_t i = 0; i < api_count(h->api); i++) {
        const struct api_fn *fn = api_at(h->api, i);
        if ((fn->needs && strcmp(fn->needs, API_HOST) == 0) || strchr(fn->name, ':')) continue;
        for (const char *dot = strchr(fn->name, '.'); dot; dot = strchr(dot + 1, '.')) {
            size_t len = (size_t)(dot - fn->name);
            if (strncmp(last, fn->name, len) == 0 && (last[len] == '.' || !last[len])) continue;
            snprintf(last, sizeof(last), "%.*s", (int)len, fn->name);
            fprintf(out, "%s = {}\n", last);
        }
    }
    fprintf(out, "\n");
}

static void print_functions(const struct host *h, FILE *out)
{
    print_tables(h, out);
    for (size_t i = 0; i < api_count(h->api); i++) {
        const struct api_fn *fn = api_at(h->api, i);
        if (!fn->needs || strcmp(fn->needs, API_HOST) != 0) print_function(h, out, i);
    }
}

/* t:article{ … } makes an item of a type: any other name is a type. */
void api_print_spec_lua(const struct host *spec, FILE *out)
{
    fprintf(out, "---@meta\n-- What khung test gives to specs; made by `khung api --lua DIR`.\n\n"
                 "---@class khung.Test\n---@field [string] fun(t: khung.Test, fields: table): khung.Item\n"
                 "local Test = {}\n\n"
                 "---@class khung.SpecTask\n---@field id integer\n---@field title string\n---@field run integer\n"
                 "---@field decide fun(task: khung.SpecTask, person: string|integer, answer: table)\n\n");
    print_functions(spec, out);
}

void api_print_lua(const struct host *h, FILE *out)
{
    fprintf(out, "---@meta\n-- The API of Khung for editors; made by `khung api --lua DIR`.\n\n"
                 "---@class khung.Answer\n---@field decision string\n---@field by integer\n---@field as string\n"
                 "---@field on_behalf_of integer?\n---@field at integer\n---@field timed_out boolean?\n"
                 "---@field voided boolean?\n---@field shown string?\n---@field [string] any\n\n"
                 "---@class khung.Request\n---@field method string\n---@field path string\n---@field params table\n"
                 "---@field query table\n---@field json any\n---@field form table?\n---@field user khung.Person?\n\n"
                 "---@class khung.Response\n---@field status integer?\n---@field json any\n---@field html string?\n"
                 "---@field svg string?\n---@field text string?\n---@field type string?\n"
                 "---@field headers table<string, string>?\n\n"
                 "---The settings of the plugin.\n---@type table<string, any>\nconfig = {}\n\n");
    for (size_t i = 0; i < h->nkinds; i++)
        print_class(out, &h->kinds[i]);
    print_functions(h, out);
}
