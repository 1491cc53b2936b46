/* The engine as a whole: made, attached to the host, taken down; and what a declared flow is. */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/date.h"
#include "base/kinds.h"
#include "base/mem.h"
#include "content/content.h"
#include "content/personal.h"
#include "content/storage.h"
#include "flow/flow_task.h"
#include "people/people.h"
#include "plugin/bind_lua.h"
#include "plugin/events.h"
#include "plugin/plugins.h"
#include "runtime/log.h"

enum { SLICE_ARENA_MAX = 64 << 20, CACHE_RUNS = 250 };

const struct val_kind flow_run_kind = {"run"};
const struct val_kind flow_task_kind = {"task"};

/* The kinds that journals and rows may hold. */
const struct val_kind *flow_kind_of(const char *name, size_t len)
{
    static const struct val_kind *const kinds[] = {&content_item_kind, &storage_table_kind, &flow_run_kind,
                                                   &flow_task_kind,    &people_unit_kind,   &people_person_kind,
                                                   &people_body_kind,  &date_kind,          &instant_kind};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strlen(kinds[i]->name) == len && memcmp(kinds[i]->name, name, len) == 0) return kinds[i];
    return NULL;
}

static const char *option_str(struct arena *a, const struct val *spec, const char *key)
{
    return val_cstr(a, val_get(spec, key));
}

/* flow.define(name, options): the input's fields, the retry policy, the limit, what its runs are found by, the forms of
 * its tasks. */
static int compile_flow(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err)
{
    struct flow_def *def = arena_alloc(a, sizeof(*def));
    const struct val *input = val_get(&d->spec, "input"), *retry = val_get(&d->spec, "retry");
    struct duration pause;
    (void)self;
    (void)r;
    if (!def) return err_set(err, ERR_NOMEM, "memory", NULL);
    def->plugin = d->plugin;
    def->name = d->name;
    def->retry_times = val_get_int(retry, "times", FLOW_RETRY_TIMES);
    def->retry_pause_ms = FLOW_RETRY_PAUSE_MS;
    const char *text = option_str(a, retry, "pause");
    if (text) {
        if (!duration_parse(text, strlen(text), &pause) || pause.working_days)
            return err_set(err, ERR_INVALID, "flow.retry_pause", "value", text, NULL);
        def->retry_pause_ms = pause.ms;
    }
    if (def->retry_times < 0 || def->retry_times > 1000)
        return err_set(err, ERR_INVALID, "flow.retry_times", "flow", d->name, NULL);
    d->compiled = def;
    int rc = input ? field_parse_list(a, input, &def->input, err) : 0;
    if (rc == 0) rc = personal_check(&def->input, err);
    if (rc == 0) rc = flow_turn_compile(def, val_get(&d->spec, "limit"), a, err);
    if (rc == 0) rc = flow_search_compile(def, val_get(&d->spec, "search"), a, err);
    return rc ? rc : flow_task_forms_check(a, val_get(&d->spec, "forms"), err);
}

/* on(event): only handlers that run after the commit are flows. */
static int compile_handler(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err)
{
    const char *event = val_cstr(a, val_get(&d->spec, "event"));
    const char *dot = event ? strrchr(event, '.') : NULL;
    if (event && strncmp(dot ? dot + 1 : event, "before_", 7) == 0) return 0;
    int rc = compile_flow(self, d, r, a, err);
    if (rc == 0) ((struct flow_def *)d->compiled)->is_handler = true;
    return rc;
}

const struct flow_def *flow_def_find(struct flow *f, const char *plugin, const char *name)
{
    struct registry *r = plugins_registry(f->host->plugins);
    if (!r) return NULL;
    const struct decl *d = registry_find(r, strchr(name, '#') ? "on" : "flow", plugin, name);
    const struct flow_def *def = d ? d->compiled : NULL;
    registry_drop(r); /* the set holds it: the lane swaps sets only between slices */
    return def;
}

struct flow *flow_new(struct host *host, const struct flow_options *o)
{
    struct flow *f = mem_alloc(sizeof(*f));
    f->host = host;
    f->options = *o;
    if (!f->options.cache_runs) f->options.cache_runs = CACHE_RUNS;
    buf_init(&f->scratch, 4 * FLOW_RESULT_MAX);
    arena_init(&f->arena, SLICE_ARENA_MAX);
    return f;
}

void flow_attach(struct flow *f)
{
    const struct decl_kind kinds[] = {{"flow", true, compile_flow, f}, {"on", true, compile_handler, f}};
    f->lane = f->host->lane;
    plugins_add_kinds(f->host->plugins, kinds, 2);
    plugins_add_activation(f->host->plugins, flow_activate, f);
    events_add_sink(f->host->events, flow_event_sink, f);
    flow_add_api(f, f->host->api);
    run_add_api(f, f->host->api);
    task_add_api(f, f->host->api);
    flow_off_attach(f);
    quotas_add_count(f->host->quotas, flow_count, f);
    if (f->host->schedule) flow_schedule_attach(f);
    if (f->host->storage) storage_set_holds(f->host->storage, flow_version_held, f);
    flow_fetch_attach(f);
    flow_file_attach(f);
    flow_erase_attach(f);
    if (!f->lane) return;
    struct err err;
    if (flow_count_start(f, lane_db(f->lane), &err) != 0) log_err(LOG_ERROR, "flow.not_counted", &err);
    f->runs_source.collect = flow_runs_collect;
    f->tasks_source.collect = flow_tasks_collect;
    lane_add_source(f->lane, &f->runs_source);
    f->doubts_source.collect = flow_doubts_collect;
    lane_add_source(f->lane, &f->tasks_source);
    lane_add_source(f->lane, &f->doubts_source);
    f->catch_source.collect = flow_catch_collect;
    lane_add_source(f->lane, &f->catch_source);
    f->votes_source.collect = flow_votes_collect;
    lane_add_source(f->lane, &f->votes_source);
}

void flow_free(struct flow *f)
{
    if (!f) return;
    while (f->oldest)
        flow_cache_remove(f, f->oldest);
    flow_version_close(f);
    mem_free(f->map);
    buf_close(&f->scratch);
    arena_close(&f->arena);
    mem_free(f);
}
