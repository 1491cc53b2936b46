/* run:*: what a flow's code does with its own run. Waits end the slice. */
#include "flow/flow_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/kinds.h"
#include "plugin/api_internal.h"

struct flow_run *flow_current(struct api_call *c)
{
    struct flow_run *run = c->s->run;
    if (c->s->mode != SESSION_RUN || !run || !run->current) {
        err_set(c->err, ERR_REFUSED, "flow.outside", "function", c->fn->name, NULL);
        return NULL;
    }
    if (c->args[0].type == VAL_OBJ && c->args[0].as.obj.id != run->id) {
        err_set(c->err, ERR_REFUSED, "flow.other_run", "function", c->fn->name, NULL);
        return NULL;
    }
    return run;
}

static int set_or_fail(struct api_call *c, struct val *map, const char *key, struct val v)
{
    return val_set(c->arena, map, key, v) ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

static int insert_wait_row(struct api_call *c, const char *event, int64_t key, int64_t entry, const struct val *match)
{
    struct flow_run *run = c->s->run;
    struct buf *b = &run->flow->scratch;
    struct stmt *s =
        store_stmt(c->s->db, "insert into flow_wait(event, key, run, entry, match) values(?1,?2,?3,?4,?5)", c->err);
    if (!s) return c->err->code;
    buf_clear(b);
    bool has = match && match->type == VAL_MAP && match->as.map.n > 0;
    if (has && (val_encode(match, b, false) != 0 || !buf_ok(b))) {
        stmt_done(s);
        return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    }
    stmt_bind_str(s, 1, event);
    stmt_bind_int(s, 2, key);
    stmt_bind_int(s, 3, run->id);
    stmt_bind_int(s, 4, entry);
    if (b->len)
        stmt_bind_blob(s, 5, b->data, b->len);
    else
        stmt_bind_null(s, 5);
    return stmt_run(s, c->err);
}

static int finish_wait(struct api_call *c, struct flow_wait *w, const struct val *data, int rc)
{
    rc = rc ? flow_wait_refuse(c, w, rc) : flow_wait_commit(c, w, data);
    return rc ? rc : API_WAITING;
}

/* sleep and sleep_until: a due time; for { item, "field" } also a row by which a new date is noticed. */
static int sleep_until(struct api_call *c)
{
    struct flow_wait *w;
    bool replayed;
    struct val data = val_map();
    const struct val *when = &c->args[1];
    int64_t due = INT64_MAX;
    int rc = flow_wait_begin(c, WAIT_TIMER, &w, &replayed);
    if (rc || replayed) return rc ? rc : API_WAITING;
    rc = flow_timer_parse(c->s, when, &due, c->err);
    if (rc == 0) rc = set_or_fail(c, &data, "due", val_int(due));
    if (rc == 0 && when->type == VAL_LIST) {
        int64_t item = when->as.list.items[0].as.obj.id;
        rc = set_or_fail(c, &data, "item", val_int(item));
        if (rc == 0) rc = set_or_fail(c, &data, "field", when->as.list.items[1]);
        if (rc == 0) rc = insert_wait_row(c, "@item", item, w->entry, NULL);
    }
    return finish_wait(c, w, &data, rc);
}

static int add_within(struct api_call *c, const struct val *options, struct val *data)
{
    const struct val *within = val_get(options, "within");
    int64_t due;
    if (!within || within->type == VAL_NIL) return 0;
    int rc = flow_timer_parse(c->s, within, &due, c->err);
    return rc ? rc : set_or_fail(c, data, "due", val_int(due));
}

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct val_pair *)a)->key, ((const struct val_pair *)b)->key);
}

static int wait_event(struct api_call *c)
{
    struct flow_wait *w;
    bool replayed;
    struct val data = val_map(), match = c->args[2];
    int64_t key = 0;
    int rc = flow_wait_begin(c, WAIT_EVENT, &w, &replayed);
    if (rc || replayed) return rc ? rc : API_WAITING;
    if (match.type == VAL_MAP && match.as.map.n) {
        qsort(match.as.map.pairs, match.as.map.n, sizeof(struct val_pair), compare_pairs);
        key = flow_match_key(match.as.map.pairs[0].key, &match.as.map.pairs[0].v);
    }
    rc = set_or_fail(c, &data, "event", c->args[1]);
    if (rc == 0 && match.type == VAL_MAP) rc = set_or_fail(c, &data, "match", match);
    if (rc == 0) rc = add_within(c, &c->args[3], &data);
    if (rc == 0) rc = insert_wait_row(c, api_str(&c->args[1]), key, w->entry, &match);
    rc = finish_wait(c, w, &data, rc);
    /* A signal may have come before: the slice's end looks for it. */
    return rc;
}

static int call_flow(struct api_call *c)
{
    struct flow_wait *w;
    bool replayed, existed;
    struct val data = val_map(), empty = val_map();
    struct flow_start_args args = {0};
    int64_t child;
    int rc = flow_wait_begin(c, WAIT_CHILD, &w, &replayed);
    if (rc || replayed) return rc ? rc : API_WAITING;
    rc = flow_split_name(c, &c->args[1], &args.plugin, &args.name);
    args.input = c->args[2].type == VAL_MAP ? &c->args[2] : &empty;
    args.parent = ((struct flow_run *)c->s->run)->id;
    args.parent_entry = w->entry;
    if (rc == 0) rc = flow_start(c->self, c->s, &args, &child, &existed, c->err);
    if (rc == 0) rc = set_or_fail(c, &data, "child", val_int(child));
    if (rc == 0) rc = add_within(c, &c->args[3], &data);
    return finish_wait(c, w, &data, rc);
}

/* Branches start in the order of their names, so that a replay does the same. */
static int start_branches(struct api_call *c, struct flow_wait *group)
{
    struct flow_run *run = c->s->run;
    struct val *fns = &c->args[1];
    struct flow_branch *parent = run->current;
    qsort(fns->as.map.pairs, fns->as.map.n, sizeof(struct val_pair), compare_pairs);
    for (size_t i = 0; i < fns->as.map.n; i++) {
        const char *name = arena_strdup(&run->arena, fns->as.map.pairs[i].key);
        struct flow_branch *b =
            name ? flow_branch_new(run, (int)fns->as.map.pairs[i].v.as.i, name, parent, group, c->err) : NULL;
        if (!b) return c->err->code ? c->err->code : err_set(c->err, ERR_NOMEM, "memory", NULL);
        flow_run_ready(run, b);
    }
    group->open = fns->as.map.n;
    return 0;
}

static int group(struct api_call *c, bool any)
{
    struct flow_wait *w;
    bool replayed;
    struct val data = val_map();
    if (c->args[1].type != VAL_MAP || c->args[1].as.map.n == 0)
        return err_set(c->err, ERR_INVALID, "invalid.functions", NULL);
    /* Functions have no digest: their names stand for them. */
    struct val names = val_list(), fns = c->args[1];
    for (size_t i = 0; i < fns.as.map.n; i++)
        if (val_add(c->arena, &names, val_str(fns.as.map.pairs[i].key)))
            return err_set(c->err, ERR_NOMEM, "memory", NULL);
    qsort(names.as.list.items, names.as.list.n, sizeof(struct val), (int (*)(const void *, const void *))val_compare);
    c->args[1] = names;
    int rc = flow_wait_begin(c, WAIT_GROUP, &w, &replayed);
    c->args[1] = fns;
    if (rc) return rc;
    if (!replayed) {
        rc = set_or_fail(c, &data, "any", val_bool(any));
        if (rc == 0) rc = flow_wait_commit(c, w, &data);
        if (rc) return rc;
    }
    rc = start_branches(c, w);
    return rc ? rc : API_WAITING;
}

static int all(struct api_call *c)
{
    return group(c, false);
}

static int any(struct api_call *c)
{
    return group(c, true);
}

static int checkpoint(struct api_call *c)
{
    struct flow_run *run = flow_current(c);
    struct flow_wait *w;
    bool replayed;
    struct val nothing = val_nil();
    if (!run) return c->err->code;
    if (run->current->parent) return err_set(c->err, ERR_REFUSED, "flow.checkpoint_branch", NULL);
    int rc = flow_wait_begin(c, WAIT_CHECKPOINT, &w, &replayed);
    if (rc) return rc;
    rc = flow_wait_commit(c, w, &nothing);
    if (rc) return rc;
    if (val_copy(&run->arena, &c->args[1], &run->checkpoint) != 0)
        return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    run->restart = true;
    rc = flow_search_update(c->s, run, &run->checkpoint, c->err);
    return rc ? rc : API_WAITING;
}

static int compensate(struct api_call *c)
{
    struct flow_run *run = flow_current(c);
    const char *plugin, *name;
    if (!run) return c->err->code;
    int rc = flow_split_name(c, &c->args[1], &plugin, &name);
    if (rc) return rc;
    if (!flow_def_find(c->self, plugin, name))
        return err_set(c->err, ERR_NOT_FOUND, "flow.unknown", "flow", name, "plugin", plugin, NULL);
    struct buf *b = &run->flow->scratch;
    struct val empty = val_map();
    buf_clear(b);
    if (val_encode(c->args[2].type == VAL_MAP ? &c->args[2] : &empty, b, false) != 0 || !buf_ok(b))
        return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    struct stmt *s = store_stmt(c->s->db,
                                "insert into flow_undo(run, n, plugin, name, input) values(?1,"
                                " (select coalesce(max(n), 0) + 1 from flow_undo where run = ?1), ?2, ?3, ?4)",
                                c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, run->id);
    stmt_bind_str(s, 2, plugin);
    stmt_bind_str(s, 3, name);
    stmt_bind_blob(s, 4, b->data, b->len);
    return stmt_run(s, c->err);
}

static int now(struct api_call *c)
{
    if (!flow_current(c)) return c->err->code;
    return kind_instant(c->arena, c->s->now, c->s->zone, &c->result) ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

static int note(struct api_call *c)
{
    struct flow_run *run = flow_current(c);
    if (!run) return c->err->code;
    return flow_note(c->s->db, run->id, c->s->now, strcmp(c->fn->name, "run:status") == 0 ? "status" : "note",
                     api_str(&c->args[1]), c->err);
}

static const struct api_fn functions[] = {
    {"run:sleep", sleep_until, "run:object:run! duration:any!", "", API_WAIT, NULL, 1,
     "Waits for a duration (\"3d\", \"2 working days\")."},
    {"run:sleep_until", sleep_until, "run:object:run! when:any!", "", API_WAIT, NULL, 1,
     "Waits until an instant, or { item, \"publish_at\" }: a new date moves it."},
    {"run:wait", wait_event, "run:object:run! event:text! match:map options:map{within:duration}", "map?", API_WAIT,
     NULL, 1, "Waits for an event or signal whose data has the values of match; nil when { within = } is over."},
    {"run:call", call_flow, "run:object:run! flow:text! input:map options:map{within:duration}", "any", API_WAIT, NULL,
     1, "Runs another flow as a child, whose run.parent is this run, and waits for its result.", true},
    {"run:all", all, "run:object:run! branches:fns!", "map", API_WAIT, NULL, 1,
     "Runs functions side by side and waits for all: { name = result }."},
    {"run:any", any, "run:object:run! branches:fns!", "string, any", API_WAIT, NULL, 1,
     "Runs functions side by side; the first that ends wins, the others are cancelled: name, result."},
    {"run:checkpoint", checkpoint, "run:object:run! state:any!", "", API_WAIT, NULL, 1,
     "Does not return: the flow is entered anew with run.state, its journal starts afresh."},
    {"run:compensate", compensate, "run:object:run! flow:text! input:map", "", API_WRITE, NULL, 1,
     "Keeps a flow to be run if this run is cancelled; the last kept runs first."},
    {"run:now", now, "run:object:run!", "Instant", API_READ, NULL, 1, "The time, as the journal keeps it."},
    {"run:note", note, "run:object:run! text:text!", "", API_WRITE, NULL, 1, "Adds a line to the run's history.", false,
     .tells = true},
    {"run:status", note, "run:object:run! text:text!", "", API_WRITE, NULL, 1, "Says what the run is doing now.", false,
     .tells = true},
    {0},
};

void run_add_api(struct flow *f, struct api *api)
{
    api_add(api, functions, f);
}
