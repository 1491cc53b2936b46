/* schedule.*: a cron line is a declaration, made while init.lua runs; a one-shot is a row, made by
 * a run or handler. */
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/zone.h"
#include "people/people.h"
#include "people/time.h"
#include "plugin/api_list.h"
#include "plugin/declare.h"
#include "plugin/plugin_vm.h"
#include "schedule/schedule_internal.h"

static int bad_option(const char *name, struct err *err)
{
    return err_set(err, ERR_INVALID, "schedule.option", "option", name, NULL);
}

/* The place of a word in a list closed by NULL, or -1. */
static int word(const struct val *v, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (val_is_str(v, words[i])) return i;
    return -1;
}

static int read_text(const struct val *v, const char *name, struct arena *a, const char **out, struct err *err)
{
    *out = v ? val_cstr(a, v) : NULL;
    return v && !*out ? bad_option(name, err) : 0;
}

static int read_policies(const struct val *options, struct schedule_new *n, struct err *err)
{
    static const char *const missed[] = {"run_once", "skip", "run_all", NULL};
    static const char *const overlap[] = {"skip", "queue", "allow", NULL};
    const struct val *m = val_get(options, "missed"), *o = val_get(options, "overlap"), *g = val_get(options, "grace");
    struct duration d;
    if (m && word(m, missed) < 0) return bad_option("missed", err);
    if (o && word(o, overlap) < 0) return bad_option("overlap", err);
    if (m) n->missed = (enum schedule_missed)word(m, missed);
    if (o) n->overlap = (enum schedule_overlap)word(o, overlap);
    if (!g) return 0;
    if (!val_is(g, VAL_STR) || !duration_parse(g->as.str.s, g->as.str.len, &d) || d.before || d.ms <= 0)
        return bad_option("grace", err);
    n->grace_ms = d.ms;
    return 0;
}

int schedule_read_options(const struct val *options, struct arena *a, struct schedule_new *n, struct err *err)
{
    static const char *const names[] = {"cron", "zone", "flow", "input", "missed", "overlap", "grace", NULL};
    const struct zone *z;
    if (val_is(options, VAL_MAP)) {
        for (size_t i = 0; i < options->as.map.n; i++) {
            struct val name = val_str(options->as.map.pairs[i].key);
            if (word(&name, names) < 0) return bad_option(options->as.map.pairs[i].key, err);
        }
    }
    int rc = read_text(val_get(options, "cron"), "cron", a, &n->cron, err);
    if (rc == 0) rc = read_text(val_get(options, "zone"), "zone", a, &n->zone, err);
    if (rc == 0) rc = read_text(val_get(options, "flow"), "flow", a, &n->flow, err);
    if (rc == 0 && n->zone) rc = zone_find(n->zone, &z, err);
    if (rc) return rc;
    n->input = val_get(options, "input");
    n->kind = "flow";
    if (!n->flow) return bad_option("flow", err);
    return read_policies(options, n, err);
}

static int compile(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err)
{
    struct schedule_new *n = arena_alloc(a, sizeof(*n));
    struct cron cron;
    (void)self;
    (void)r;
    if (!n) return err_set(err, ERR_NOMEM, "memory", NULL);
    int rc = schedule_read_options(&d->spec, a, n, err);
    if (rc == 0) rc = n->cron ? cron_parse(n->cron, strlen(n->cron), &cron, err) : bad_option("cron", err);
    n->plugin = d->plugin;
    n->name = d->name;
    n->declared = true;
    d->compiled = n;
    return rc;
}

struct decl_kind schedule_decl_kind(struct schedule *sch)
{
    return (struct decl_kind){"cron", true, compile, sch};
}

/* A flow without a dot is the plugin's own. */
static int check_reach(struct api_call *c, const struct val *options)
{
    char plugin[64];
    const char *flow = val_cstr(c->arena, val_get(options, "flow")), *dot = flow ? strchr(flow, '.') : NULL;
    if (!c->s->vm || !dot) return 0;
    snprintf(plugin, sizeof(plugin), "%.*s", (int)(dot - flow), flow);
    return plugin_check_reach(c->s->vm->plugin, plugin, c->err);
}

static int declare_cron(struct api_call *c)
{
    const char *name = api_str(&c->args[0]);
    struct val spec = val_map();
    if (!name) return bad_option("name", c->err);
    if (val_get(&c->args[2], "cron")) return bad_option("cron", c->err);
    int rc = check_reach(c, &c->args[2]);
    if (rc) return rc;
    rc = c->args[2].type == VAL_MAP ? val_copy(c->arena, &c->args[2], &spec) : 0;
    if (rc == 0) rc = val_set(c->arena, &spec, "cron", c->args[1]);
    if (rc) return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    return registry_declare(c->s, "cron", name, &spec, c->err);
}

static const char *plugin_of(const struct api_call *c)
{
    return c->s->vm ? c->s->vm->plugin->name : "";
}

/* Local time in the job's zone. An instant in the second pass of an overlap has no local time that
 * leads back to it: such a one is kept in UTC. */
static int local_of(struct api_call *c, int64_t ms, struct schedule_new *n)
{
    const struct zone *z;
    struct date d;
    char *local = arena_alloc(c->arena, LOCAL_LEN);
    int rc = zone_find(n->zone ? n->zone : c->s->host->zone, &z, c->err);
    if (rc) return rc;
    if (!local) return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    zone_local(z, ms, &d, NULL);
    if (zone_instant(z, &d) != ms) {
        n->zone = "UTC";
        date_from_ms(ms, &d);
    }
    schedule_format_local(&d, local);
    n->local = local;
    return 0;
}

static int at(struct api_call *c)
{
    struct schedule_new n = {.plugin = plugin_of(c), .name = api_str(&c->args[0])};
    int64_t ms, id = 0;
    if (!n.name) return bad_option("name", c->err);
    int rc = schedule_read_options(&c->args[2], c->arena, &n, c->err);
    if (rc == 0 && n.cron) rc = bad_option("cron", c->err);
    if (rc == 0) rc = check_reach(c, &c->args[2]);
    if (rc == 0 && !c->s->vm) rc = people_check(c->s, "schedule.write", PEOPLE_ANY_UNIT, c->err);
    if (rc) return rc;
    struct people_term term = {.db = c->s->db, .zone = n.zone ? n.zone : c->s->host->zone, .base = c->s->now};
    rc = people_term(&term, &c->args[1], &ms, NULL, c->err);
    if (rc == 0) rc = local_of(c, ms, &n);
    if (rc == 0) rc = schedule_put(c->self, c->s, &n, &id, c->err);
    c->result = val_int(id);
    return rc;
}

static int cancel(struct api_call *c)
{
    const char *name = api_str(&c->args[0]);
    int64_t id;
    if (!name) return bad_option("name", c->err);
    int rc = schedule_find(c->s->db, plugin_of(c), name, &id, c->err);
    c->result = val_bool(rc == 1);
    if (rc != 1) return rc;
    rc = schedule_cancel(c->self, c->s, id, c->err);
    if (rc != ERR_CONFLICT) return rc;
    /* It is over already: nothing to cancel. */
    err_clear(c->err);
    c->result = val_bool(false);
    return 0;
}

static int list(struct api_call *c)
{
    struct schedule_filter f = {.plugin = c->s->vm ? plugin_of(c) : NULL,
                                .open = true,
                                .limit = val_get_int(&c->args[0], "limit", 0),
                                .after = val_get_int(&c->args[0], "after", 0)};
    int rc = c->s->vm ? 0 : people_check(c->s, "schedule.read", PEOPLE_ANY_UNIT, c->err);
    return rc ? rc : schedule_list(c->s->db, &f, c->s->now, c->arena, &c->result, c->err);
}

/* Of all plugins, for who runs the service. */
static int jobs(struct api_call *c)
{
    struct list_query q;
    int rc = people_check(c->s, "schedule.read", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = api_list_read(c, &c->args[0], &q);
    return rc ? rc : schedule_page(c->s->db, &q, c->s->now, c->arena, &c->result, &c->s->next, c->err);
}

/* From outside any job; a plugin only its own. */
static int run_now(struct api_call *c)
{
    struct schedule_row r;
    struct err_num n;
    int64_t id = c->args[0].as.i;
    int rc = c->s->vm ? 0 : people_check(c->s, "schedule.write", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = schedule_row_load(c->s->db, id, c->arena, &r, c->err);
    if (rc < 0) return rc;
    if (rc == 0 || (c->s->vm && strcmp(r.plugin, plugin_of(c)) != 0))
        return err_set(c->err, ERR_NOT_FOUND, "schedule.unknown", "schedule", err_i64(&n, id), NULL);
    return schedule_run_now(c->self, c->s, id, c->err);
}

const struct api_fn schedule_functions[] = {
    {"schedule.cron", declare_cron,
     "name:text! cron:text! options:map{zone:text,flow:text!,input:map,missed:text,overlap:text,grace:duration}!", "",
     API_DECLARE, "schedule", 1, "Starts a flow by a cron line: {zone, flow, input, missed, overlap, grace}; durable."},
    {"schedule.at", at,
     "name:text! instant:any! options:map{zone:text,flow:text!,input:map,missed:text,overlap:text,grace:duration}!",
     "integer", API_WRITE, "schedule", 1,
     "Starts a flow once at an instant or after a duration: {flow, input, zone, missed, grace}; "
     "the name replaces."},
    {"schedule.cancel", cancel, "name:text!", "boolean", API_WRITE, "schedule", 1,
     "Takes a job of this plugin back; false if there was none waiting."},
    {"schedule.run_now", run_now, "id:integer!", "", API_WRITE, "schedule", 1,
     "Fires a job now: an overdue or failed one at once, a cron job besides its time."},
    {"schedule.list", list, "options:map{limit:integer,after:integer}", "table[]", API_READ, "schedule", 1,
     "The plugin's jobs that are still to fire, with state, due time and reason; {limit, after}."},
    {"schedule.jobs", jobs, "options:map", "list", API_READ, API_HOST, 1,
     "Jobs of all plugins that are still to fire, with state, due time and reason.", .list = &schedule_rows},
    {0},
};
