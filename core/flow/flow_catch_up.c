/* What a flow declares now, of the runs that were there before: they are counted for its limit (flow_turn_count.c),
 * those come in for whom there is room, or who would wait for each other for ever (flow_turn_circle.c), and all are
 * found by its search (flow_search_fill.c). They may be millions: some in each slice, behind a commit, until all is
 * done; nothing of it is done again later.
 *
 * Only how far the look for those who may come in has gone is kept in memory: it begins anew at each start. */
#include "flow/flow_internal.h"

#include "base/mem.h"
#include "runtime/log.h"

enum { RUNS_AT_ONCE = 100, VALUES_AT_ONCE = 200, HOLDERS_AT_ONCE = 2000, RETRY_MS = 1000 };

struct piece {
    struct lane_work work;
    struct flow *flow;
    struct flow_catch at; /* how far it has come; the flow's with the commit */
};

void flow_catch_up(struct flow *f, int64_t now)
{
    if (!f->lane) return;
    f->catch = (struct flow_catch){.look = f->catch.look + 1, .is_queued = f->catch.is_queued};
    lane_wake_at(f->lane, &f->catch_source, now);
}

/* The next value of any flow, whether somebody waits for it or not: found by the index at once. 1, 0. */
static int next_value(struct store *db, struct flow_catch *at, struct err *err)
{
    struct stmt *s =
        store_stmt(db, "select name, key from flow_turn where (name, key) > (?1, ?2) order by name, key limit 1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, at->name);
    stmt_bind_str(s, 2, at->key);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        at->name = stmt_int(s, 0);
        stmt_copy(s, 1, at->key, sizeof(at->key));
    }
    stmt_done(s);
    return rc;
}

/* Where nobody waits, nobody waits for ever. */
static int untie(struct flow *f, struct store *db, const struct flow_catch *at, struct flow_turn_left *left,
                 int64_t now, struct err *err)
{
    int64_t first = 0;
    int rc = flow_turn_first(db, at->name, at->key, &first, err), had = left->runs;
    if (rc == 0 && first) rc = flow_turn_untie(f, db, at, left, now, err);
    if (rc >= 0 && left->runs < had) lane_wake_at(f->lane, &f->runs_source, now);
    return rc;
}

static int look(struct flow *f, struct store *db, struct flow_catch *at, int64_t now, struct err *err)
{
    struct flow_turn_left left = {.runs = RUNS_AT_ONCE, .holders = HOLDERS_AT_ONCE};
    for (int i = 0; i < VALUES_AT_ONCE && left.runs > 0 && left.holders > 0; i++) {
        int rc = at->is_within ? 1 : next_value(db, at, err);
        at->is_looked = rc == 0;
        if (rc != 1) return rc;
        rc = flow_turn_admit(f, db, at->name, at->key, &left.runs, now, err);
        if (rc == 0) rc = untie(f, db, at, &left, now, err);
        if (rc < 0) return rc;
        at->is_within = rc == 1 || left.runs == 0;
    }
    return 0;
}

static int run_piece(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct piece *p = (struct piece *)w;
    struct flow *f = p->flow;
    struct store *db = lane_db(lane);
    p->at = f->catch;
    int rc = flow_turn_count(f, db, lane_now(lane), err);
    if (rc == 0 && !p->at.is_looked) {
        rc = look(f, db, &p->at, lane_now(lane), err);
    } else if (rc == 0) {
        rc = flow_search_fill(db, err);
        p->at.is_over = rc == 0;
    }
    if (rc < 0) flow_undone(f);
    return rc < 0 ? rc : 0;
}

static void done_piece(struct lane_work *w, const struct err *failed)
{
    struct piece *p = (struct piece *)w;
    struct flow *f = p->flow;
    int64_t now = clock_now(&f->host->clock);
    if (failed) log_err(LOG_ERROR, "flow.turns", failed);
    if (!failed && p->at.look == f->catch.look) f->catch = p->at; /* else it has begun anew meanwhile */
    f->catch.is_queued = false;
    if (!f->catch.is_over) lane_wake_at(f->lane, &f->catch_source, failed ? now + RETRY_MS : now);
    mem_free(p);
}

int64_t flow_catch_collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct flow *f = (struct flow *)((char *)src - offsetof(struct flow, catch_source));
    (void)now;
    (void)max;
    if (f->catch.is_queued || f->catch.is_over) return INT64_MAX; /* done_piece asks again */
    f->catch.is_queued = true;
    struct piece *p = mem_alloc(sizeof(*p));
    *p = (struct piece){.work = {.run = run_piece, .done = done_piece}, .flow = f};
    lane_add(lane, &p->work);
    return INT64_MAX;
}
