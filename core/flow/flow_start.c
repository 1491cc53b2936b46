/* Starting runs: checked input, one run for a business id, the first slice at once for commands. */
#include "file/file.h"
#include "flow/flow_internal.h"

#include <string.h>

#include "people/people.h"

#include "runtime/log.h"

static int find_by_bid(struct store *db, int64_t name_id, const char *bid, int64_t *run, struct err *err)
{
    struct stmt *s = store_stmt(db, "select id from flow_run where name = ?1 and bid = ?2", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, name_id);
    stmt_bind_str(s, 2, bid);
    int rc = stmt_step(s, err);
    if (rc == 1) *run = stmt_int(s, 0);
    stmt_done(s);
    return rc;
}

/* The first slice within the command's: what fails there is undone, but the run stays and is tried again. */
static int first_slice(struct flow *f, struct session *s, struct flow_run *run, struct err *err)
{
    struct session inner;
    struct err why = {0};
    flow_session_init(f, &inner, run, s->now);
    int rc = store_mark(s->db, err);
    if (rc) return rc;
    arena_reset(&f->arena);
    rc = flow_slice_step(run, &inner, &why);
    if (rc == 0) {
        rc = store_mark_release(s->db, err);
        if (rc == 0 && !run->finished && run->due <= s->now) flow_slice_queue(f, run);
        return rc;
    }
    if (err_is_fault(rc)) {
        *err = why;
        return rc;
    }
    store_mark_rollback(s->db);
    flow_run_cool(run);
    run->is_new = true;
    run->finished = false;
    run->entry = run->slice = 0;
    run->result = run->checkpoint = val_nil();
    return flow_fail(run, s, &why, err);
}

/* What the flow declared as its input, checked and copied into the run. */
static int take_input(struct flow *f, struct session *s, const struct flow_def *def, const struct val *given,
                      struct flow_run *run, struct err *err)
{
    struct arena *a = &run->arena;
    struct val empty = val_map(), with_ids, checked;
    if (def->is_handler) return val_copy(a, given, &run->input);
    int rc = people_codes(s->db, &def->input, given->type == VAL_MAP ? given : &empty, a, &with_ids, err);
    if (rc == 0) rc = field_check_map(&def->input, &with_ids, false, &f->host->time, a, &checked, err);
    if (rc == 0) rc = file_fields_take(s, &def->input, a, &checked, err);
    run->input = val_map();
    return rc || def->input.n == 0 ? rc : val_copy(a, &checked, &run->input);
}

static struct flow_run *make(struct flow *f, struct session *s, const struct flow_def *def,
                             const struct flow_start_args *args, struct err *err)
{
    struct flow_run *run = flow_cache_add(f, id_next(lane_ids(f->lane), s->now));
    struct arena *a = &run->arena;
    flow_touch(f, run);
    run->is_new = run->is_loaded = true;
    run->name_id = def->name_id;
    run->version_id = def->version_id;
    run->plugin = arena_strdup(a, def->plugin);
    run->name = arena_strdup(a, def->name);
    run->bid = args->bid ? arena_strdup(a, args->bid) : NULL;
    run->parent = args->parent;
    run->parent_entry = args->parent_entry;
    run->user = s->actor.user > 0 ? s->actor.user : 0;
    run->person = s->actor.person;
    run->due = s->now;
    run->turn = TURN_NONE;
    int rc = take_input(f, s, def, args->input, run, err);
    if (rc == 0) rc = flow_turn_take(f, s, run, def, err);
    if (rc == 0) rc = flow_search_add(s, run, def, err);
    if (rc == 0 && run->plugin && run->name) return run;
    if (rc != ERR_INVALID && rc != ERR_NOT_FOUND && rc != ERR_REFUSED && !err_is_fault(rc))
        err_set(err, ERR_LIMIT, "limit.size", NULL);
    flow_cache_remove(f, run);
    return NULL;
}

int flow_start(struct flow *f, struct session *s, const struct flow_start_args *args, int64_t *id, bool *existed,
               struct err *err)
{
    const struct flow_def *def = flow_def_find(f, args->plugin, args->name);
    *existed = false;
    if (!def) return err_set(err, ERR_NOT_FOUND, "flow.unknown", "flow", args->name, "plugin", args->plugin, NULL);
    if (args->bid) {
        int rc = find_by_bid(s->db, def->name_id, args->bid, id, err);
        *existed = rc == 1;
        if (rc) return rc < 0 ? rc : 0;
    }
    int room = args->is_owed ? 0 : quota_check(s, def->plugin, QUOTA_RUNS, 1, err);
    struct flow_run *run = room ? NULL : make(f, s, def, args, err);
    if (!run) return err->code;
    *id = run->id;
    int told = flow_tell_start(s, run, def, err);
    if (told == 0) told = flow_file_hang_run(s, run, def, err);
    if (told) return told;
    if (args->at_once && run->turn != TURN_WAITS) return first_slice(f, s, run, err);
    int rc = flow_row_save(run, s->db, s->now, err);
    /* From here on the row is all: the slice that starts it may be rolled back together with it. */
    flow_cache_remove(f, run);
    if (rc == 0) lane_wake_at(f->lane, &f->runs_source, s->now);
    return rc;
}
