/* What a version of a plugin that does not serve yet would do: to its tables, and to the runs that are open.
 *
 * The set of plugins is built with it beside the one that serves, asked, and forgotten. */
#include "http/host_api_parts.h"

#include <string.h>

#include "base/mem.h"
#include "content/storage.h"
#include "flow/flow.h"
#include "people/people.h"
#include "plugin/plugins.h"

struct plan {
    struct api_call *c;
    const char *name;
    int64_t after;
};

/* The version that was built; or why it cannot be. */
static int find_built(const struct registry *r, const char *name, struct err *err)
{
    struct plugin *const *list;
    size_t n = registry_plugins(r, &list);
    bool known = false;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i]->name, name) != 0) continue;
        known = true;
        if (list[i]->ok) continue;
        *err = *list[i]->why;
        return err->code;
    }
    return known ? 0 : err_set(err, ERR_NOT_FOUND, "plugin.not_active", "plugin", name, NULL);
}

static int plan_tables(void *ctx, struct session *s, struct registry *r, struct err *err)
{
    struct plan *p = ctx;
    int rc = find_built(r, p->name, err);
    return rc ? rc : storage_plan(s->host->storage, s->db, r, p->name, p->c->arena, &p->c->result, err);
}

/* What a reload would do to the tables; without `dry_run`: that reload. */
static int plugin_migrate(struct api_call *c)
{
    struct plan p = {.c = c, .name = val_cstr(c->arena, &c->args[0])};
    struct plugins_plan plan = {.only = p.name, .fn = plan_tables, .ctx = &p};
    struct session s = *c->s;
    int rc = people_check(c->s, "plugin.reload", PEOPLE_ANY_UNIT, c->err);
    if (rc) return rc;
    s.actor = (struct actor){0};
    s.arena = c->arena;
    c->result = val_list();
    rc = plugins_plan(s.host->plugins, &s, &plan, c->err);
    bool dry = val_get_bool(&c->args[1], "dry_run", false);
    return rc || dry ? rc : plugins_load(s.host->plugins, &s, p.name, c->err);
}

static int plan_runs(void *ctx, struct session *s, struct registry *r, struct err *err)
{
    struct plan *p = ctx;
    int rc = find_built(r, p->name, err);
    return rc ? rc : flow_try(s->host->flow, s, r, p->name, p->after, p->c->arena, &p->c->result, err);
}

/* { path = text } as files; what is no text is left out. */
static size_t take_files(struct api_call *c, const struct val *map, struct plugin_file *out)
{
    size_t n = 0;
    for (size_t i = 0; i < map->as.map.n && n < PLUGIN_FILES_MAX; i++) {
        const struct val_pair *pair = &map->as.map.pairs[i];
        const char *text = val_cstr(c->arena, &pair->v);
        if (text) out[n++] = (struct plugin_file){pair->key, text, pair->v.as.str.len};
    }
    return n;
}

/* One page of open runs, as run.upgrade gives them. */
static int run_try(struct api_call *c)
{
    struct plan p = {.c = c, .name = val_cstr(c->arena, &c->args[0]), .after = c->args[2].as.i};
    struct plugins_plan plan = {.only = p.name, .fn = plan_runs, .ctx = &p};
    struct session s = *c->s;
    int rc = people_check(c->s, "plugin.reload", PEOPLE_ANY_UNIT, c->err);
    if (rc) return rc;
    if (c->args[2].type == VAL_NIL) p.after = 0;
    struct plugin_file *files = mem_alloc(PLUGIN_FILES_MAX * sizeof(*files));
    plan.nfiles = take_files(c, &c->args[1], files);
    plan.files = files;
    s.actor = (struct actor){0};
    s.arena = c->arena;
    rc = plugins_plan(s.host->plugins, &s, &plan, c->err);
    mem_free(files);
    return rc;
}

static const struct api_fn functions[] = {
    {"plugin.migrate", plugin_migrate, "name:text! options:map{dry_run:boolean}", "list", API_WRITE, API_HOST, 1,
     "What the version of a plugin in its folder does to its tables: { table, rows, step }; and does it, unless "
     "dry_run.",
     .gives = "table:text! rows:integer! step:text!"},
    {"run.try", run_try, "plugin:text! files:map! after:integer", "map", API_WRITE, API_HOST, 1,
     "Tries open runs of a plugin against files that do not serve yet; changes nothing."},
    {0},
};

void host_api_attach_plan(struct host *host)
{
    api_add(host->api, functions, NULL);
}
