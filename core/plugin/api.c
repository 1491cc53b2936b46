/* The table of API functions, sorted by name, with their argument descriptions parsed once. */
#include "plugin/api_internal.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum { EVENTS_MAX = 8 };

struct api {
    struct api_entry **entries;
    size_t n, cap;
    const struct api_event *events[EVENTS_MAX]; /* lists */
    size_t nevents;
    struct arena arena;
    api_written_fn written;
    void *written_ctx;
};

struct api *api_new(void)
{
    struct api *api = mem_alloc(sizeof(*api));
    arena_init(&api->arena, 4 << 20);
    return api;
}

void api_free(struct api *api)
{
    if (!api) return;
    arena_close(&api->arena);
    mem_free(api->entries);
    mem_free(api);
}

void api_set_written(struct api *api, api_written_fn fn, void *ctx)
{
    api->written = fn;
    api->written_ctx = ctx;
}

int api_tell_written(struct api *api, const struct api_entry *e, struct api_call *c)
{
    /* On a reader it cannot be written: who answers sees to it (http/api_job.c). */
    bool told = e->fn->effect == API_WRITE ? !e->fn->tells : e->fn->guarded && c->s->lane;
    return told && api && api->written ? api->written(api->written_ctx, c, e->params) : 0;
}

static const struct {
    const char *word;
    enum api_arg_kind kind;
} words[] = {{"any", ARG_ANY},       {"map", ARG_MAP}, {"list", ARG_LIST},
             {"object", ARG_OBJECT}, {"fn", ARG_FN},   {"fns", ARG_FNS}};

static void parse_param(struct api *api, struct api_param *p, const char *text, size_t len);

/* The keys of a map: "{limit:integer,order:text}". */
static void parse_keys(struct api *api, struct api_param *p, const char *text, size_t len)
{
    size_t most = 1;
    for (size_t i = 0; i < len; i++)
        most += text[i] == ',';
    struct api_param *keys = arena_alloc(&api->arena, most * sizeof(*keys));
    for (const char *at = text, *end = text + len; at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        if (!comma) comma = end;
        parse_param(api, &keys[p->nkeys++], at, (size_t)(comma - at));
        at = comma + 1;
    }
    p->keys = keys;
}

/* One "name:TYPE!" of a description. Descriptions are static data: a mistake in one is a programmer's. */
static void parse_param(struct api *api, struct api_param *p, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len), *brace = memchr(text, '{', len);
    assert(colon && "an argument is name:TYPE");
    *p = (struct api_param){.name = arena_strndup(&api->arena, text, (size_t)(colon - text))};
    p->required = text[len - 1] == '!';
    len -= p->required;
    const char *end = brace ? brace : text + len;
    p->type = arena_strndup(&api->arena, colon + 1, (size_t)(end - colon - 1));
    if (brace) parse_keys(api, p, brace + 1, (size_t)(text + len - brace - 2));
}

static void parse_arg(struct api *api, struct api_arg *arg, const char *text, size_t len)
{
    struct err err = {0};
    parse_param(api, (struct api_param *)arg->param, text, len);
    const char *type = arg->param->type;
    arg->name = arg->param->name;
    arg->required = arg->param->required;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(type, words[i].word) != 0) continue;
        arg->kind = words[i].kind;
        return;
    }
    if (strncmp(type, "object:", 7) == 0) {
        arg->kind = ARG_OBJECT;
        arg->object = type + 7;
        return;
    }
    arg->kind = ARG_FIELD;
    int rc = field_parse(&api->arena, arg->name, type, &arg->field, &err);
    assert(rc == 0 && "a known field type");
    (void)rc;
}

static void parse_args(struct api *api, struct api_entry *e)
{
    for (const char *p = e->fn->args ? e->fn->args : ""; *p;) {
        size_t n = strcspn(p, " ");
        assert(e->nargs < API_ARGS_MAX);
        e->args[e->nargs].param = &e->params[e->nargs];
        struct api_arg *arg = &e->args[e->nargs++];
        parse_arg(api, arg, p, n);
        e->takes_fns |= arg->kind == ARG_FN || arg->kind == ARG_FNS;
        p += n;
        p += strspn(p, " ");
    }
}

/* The place of a name, or where it would stand. */
static size_t place_of(struct api *api, const char *name, bool *found)
{
    size_t low = 0, high = api->n;
    *found = false;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = strcmp(name, api->entries[mid]->fn->name);
        if (order == 0) {
            *found = true;
            return mid;
        }
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

void api_add(struct api *api, const struct api_fn *fns, void *self)
{
    for (; fns->name; fns++) {
        bool found;
        size_t at = place_of(api, fns->name, &found);
        assert(!found && "an API function is described once");
        struct api_entry *e = arena_alloc(&api->arena, sizeof(*e));
        e->fn = fns;
        e->self = self;
        parse_args(api, e);
        if (api->n == api->cap) {
            api->cap = api->cap ? 2 * api->cap : 64;
            api->entries = mem_realloc(api->entries, api->cap * sizeof(struct api_entry *));
        }
        memmove(&api->entries[at + 1], &api->entries[at], (api->n - at) * sizeof(struct api_entry *));
        api->entries[at] = e;
        api->n++;
    }
}

const struct api_entry *api_entry_find(struct api *api, const char *name)
{
    bool found;
    size_t at = place_of(api, name, &found);
    return found ? api->entries[at] : NULL;
}

const struct api_entry *api_entry_at(struct api *api, size_t i)
{
    return api->entries[i];
}

bool api_may_skip(const struct api_param *params, size_t n)
{
    return n >= 2 && strcmp(params[n - 1].type, "fn") == 0 && strcmp(params[n - 2].type, "map") == 0 &&
           !params[n - 2].required;
}

const struct api_fn *api_find(struct api *api, const char *name, void **self)
{
    const struct api_entry *e = api_entry_find(api, name);
    if (e && self) *self = e->self;
    return e ? e->fn : NULL;
}

size_t api_params(struct api *api, size_t i, const struct api_param **out)
{
    *out = api->entries[i]->params;
    return api->entries[i]->nargs;
}

void api_add_events(struct api *api, const struct api_event *events)
{
    assert(api->nevents < EVENTS_MAX);
    api->events[api->nevents++] = events;
}

const struct api_event *api_event_at(struct api *api, size_t i)
{
    for (size_t k = 0; k < api->nevents; k++)
        for (const struct api_event *e = api->events[k]; e->name; e++)
            if (i-- == 0) return e;
    return NULL;
}

size_t api_count(struct api *api)
{
    return api->n;
}

const struct api_fn *api_at(struct api *api, size_t i)
{
    return api->entries[i]->fn;
}
