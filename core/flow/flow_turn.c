/* Turns: at most so many runs of a flow at the same time, for each value of a field of its input.
 *
 *     flow.define("visit", { input = { unit = "unit!" }, limit = { key = "unit", running = 10 } }, …)
 *
 * A run has its turn from its start until it has ended, failed or is blocked; what waits does so as a row, in the order
 * of the starts, and is looked at when a turn is given back, one row for each: how many wait costs nothing. A child of
 * a run that has the turn comes along with it, so that it does not wait for itself.
 *
 * When a limit is raised or given up, thousands may come in: a look through all values, some in each slice. It begins
 * anew at each start of the service, so nothing of it is kept. */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum { AT_ONCE = 100, VALUES_AT_ONCE = 200, RETRY_MS = 1000, DEEPEST = 64 };

/* A value as a key: canonical, of at most a digest's length. "" for none. */
const char *flow_value_key(const struct val *v, struct arena *a, struct err *err)
{
    struct buf b;
    uint8_t digest[DIGEST_LEN];
    char hex[DIGEST_HEX];
    const char *text = "";
    struct val id = v && v->type == VAL_OBJ ? val_int(v->as.obj.id) : val_nil();
    buf_init(&b, 1 << 20);
    if (v && v->type != VAL_NIL) json_write(&b, id.type == VAL_INT ? &id : v);
    if (b.len >= DIGEST_HEX) {
        digest_sha256(b.data, b.len, digest);
        digest_hex(digest, hex);
        text = hex;
    } else if (b.len) {
        text = b.data;
    }
    text = buf_ok(&b) ? arena_strdup(a, text) : NULL;
    buf_close(&b);
    if (!text) err_set(err, ERR_LIMIT, "limit.size", NULL);
    return text;
}

static int count(struct store *db, int64_t name, const char *key, int64_t most, int64_t *n, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select count(*) from (select 1 from flow_turn where name = ?1 and key = ?2"
                                " and waits = 0 limit ?3)",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, name);
    stmt_bind_str(s, 2, key);
    stmt_bind_int(s, 3, most);
    int rc = stmt_step(s, err);
    *n = rc == 1 ? stmt_int(s, 0) : 0;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* The first of those that wait; 0: nobody does. */
static int first_waiting(struct store *db, int64_t name, const char *key, int64_t *run, struct err *err)
{
    struct stmt *s = store_stmt(
        db, "select run from flow_turn where name = ?1 and key = ?2 and waits = 1 order by run limit 1", err);
    *run = 0;
    if (!s) return err->code;
    stmt_bind_int(s, 1, name);
    stmt_bind_str(s, 2, key);
    int rc = stmt_step(s, err);
    if (rc == 1) *run = stmt_int(s, 0);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int admit_one(struct flow *f, struct store *db, int64_t id, int64_t now, struct err *err)
{
    struct flow_run *run = flow_cache_find(f, id);
    int rc = store_run(db, "update flow_turn set waits = 0 where run = ?1", id, 0, err);
    if (rc == 0)
        rc = store_run(db,
                       "update flow_run set turn = 0, due = case when paused is null and off is null then ?2 end"
                       " where id = ?1",
                       id, now, err);
    crash_point("turn.given");
    if (rc || !run) return rc;
    flow_touch(f, run);
    run->turn = TURN_HAS;
    run->due = now;
    return 0;
}

/* How many there may be now, by the active declaration; those that wait for one that is gone go on. */
static int most_of(struct store *db, int64_t name, int64_t *most, struct err *err)
{
    struct stmt *s = store_stmt(db, "select most from flow_limit where name = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, name);
    int rc = stmt_step(s, err);
    *most = rc == 1 ? stmt_int(s, 0) : INT64_MAX;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* As many as there is room for, but no more than *left, which is less by as many. */
static int admit(struct flow *f, struct store *db, int64_t name, const char *key, int *left, int64_t now,
                 struct err *err)
{
    int64_t most = 0, inside = 0, run;
    int rc = most_of(db, name, &most, err);
    bool any = false;
    if (rc == 0 && most != INT64_MAX) rc = count(db, name, key, most, &inside, err);
    for (; rc == 0 && *left && inside < most; inside++) {
        rc = first_waiting(db, name, key, &run, err);
        if (rc || !run) break;
        rc = admit_one(f, db, run, now, err);
        (*left)--;
        any = true;
    }
    if (rc == 0 && any) lane_wake_at(f->lane, &f->runs_source, now);
    return rc;
}

/* Is it below a run that has this turn? */
static int is_below(struct store *db, const struct flow_run *run, const char *key, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "with recursive up(id, n) as (select ?1, 1 union all select r.parent, up.n + 1 from up"
                                " join flow_run r on r.id = up.id where r.parent is not null and up.n < ?4)"
                                " select 1 from up join flow_turn t on t.run = up.id where t.name = ?2 and t.key = ?3"
                                " and t.waits = 0 limit 1",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run->parent);
    stmt_bind_int(s, 2, run->name_id);
    stmt_bind_str(s, 3, key);
    stmt_bind_int(s, 4, DEEPEST);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

int flow_turn_take(struct flow *f, struct session *s, struct flow_run *run, const struct flow_def *def, struct err *err)
{
    int64_t inside, waiting;
    (void)f;
    if (!def->limit_running || run->turn != TURN_NONE) return 0;
    const char *key = flow_value_key(def->limit_key ? val_get(&run->input, def->limit_key) : NULL, &run->arena, err);
    int rc = key ? 0 : err->code;
    if (rc == 0 && run->parent) rc = is_below(s->db, run, key, err);
    if (rc) return rc < 0 ? rc : 0;
    rc = count(s->db, run->name_id, key, def->limit_running, &inside, err);
    if (rc == 0) rc = first_waiting(s->db, run->name_id, key, &waiting, err);
    if (rc) return rc;
    run->turn = inside < def->limit_running && !waiting ? TURN_HAS : TURN_WAITS;
    struct stmt *st = store_stmt(s->db, "insert into flow_turn(name, key, waits, run) values(?1, ?2, ?3, ?4)", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, run->name_id);
    stmt_bind_str(st, 2, key);
    stmt_bind_int(st, 3, run->turn == TURN_WAITS);
    stmt_bind_int(st, 4, run->id);
    return stmt_run(st, err);
}

int flow_turn_leave(struct flow_run *run, struct store *db, int64_t now, struct err *err)
{
    struct arena a;
    size_t len;
    int left = AT_ONCE;
    struct stmt *s = store_stmt(db, "select key from flow_turn where run = ?1", err);
    if (!s) return err->code;
    arena_init(&a, 4096);
    stmt_bind_int(s, 1, run->id);
    int rc = stmt_step(s, err);
    const char *text = rc == 1 ? stmt_text(s, 0, &len) : NULL, *key = text ? arena_strndup(&a, text, len) : NULL;
    stmt_done(s);
    run->turn = TURN_NONE;
    if (rc == 1 && !key) rc = err_set(err, ERR_NOMEM, "memory", NULL);
    if (rc == 1) {
        rc = store_run(db, "delete from flow_turn where run = ?1", run->id, 0, err);
        if (rc == 0) rc = admit(run->flow, db, run->name_id, key, &left, now, err);
    }
    arena_close(&a);
    return rc;
}

/* --- what is declared --- */

static int keep_most(struct store *db, int64_t name, int64_t most, struct err *err)
{
    if (!most) return store_run(db, "delete from flow_limit where name = ?1", name, 0, err);
    return store_run(db, "insert into flow_limit(name, most) values(?1, ?2) on conflict(name) do update set most = ?2",
                     name, most, err);
}

int flow_turn_declare(struct flow *f, struct session *s, const struct flow_def *def, struct err *err)
{
    int64_t was;
    int rc = most_of(s->db, def->name_id, &was, err);
    if (rc || was == (def->limit_running ? def->limit_running : INT64_MAX)) return rc;
    rc = keep_most(s->db, def->name_id, def->limit_running, err);
    if (rc || !f->lane) return rc;
    f->turns = (struct flow_turns){.look = f->turns.look + 1, .is_queued = f->turns.is_queued};
    lane_wake_at(f->lane, &f->turns_source, s->now);
    return 0;
}

int flow_turn_compile(struct flow_def *def, const struct val *limit, struct arena *a, struct err *err)
{
    enum { MOST = 1000 };
    const struct val *key = val_get(limit, "key"), *running = val_get(limit, "running");
    if (!limit || limit->type == VAL_NIL) return 0;
    bool good = limit->type == VAL_MAP && val_is(running, VAL_INT) && running->as.i >= 1 && running->as.i <= MOST;
    for (size_t i = 0; good && i < limit->as.map.n; i++)
        good = strcmp(limit->as.map.pairs[i].key, "key") == 0 || strcmp(limit->as.map.pairs[i].key, "running") == 0;
    def->limit_key = key && key->type != VAL_NIL ? val_cstr(a, key) : NULL;
    const struct field *field = def->limit_key ? field_find(&def->input, def->limit_key) : NULL;
    if (key && key->type != VAL_NIL) good = good && field && field_is_scalar(field->type);
    if (!good) return err_set(err, ERR_INVALID, "flow.limit", "flow", def->name, NULL);
    def->limit_running = running->as.i;
    return 0;
}

/* --- a look through all values --- */

struct turns_work {
    struct lane_work work;
    struct flow *flow;
    struct flow_turns at; /* how far it has come; the flow's with the commit */
};

/* The next value of any flow, whether somebody waits for it or not: found by the index at once. 1, 0. */
static int next_value(struct store *db, struct flow_turns *at, struct err *err)
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

static int look(struct flow *f, struct store *db, struct flow_turns *at, int64_t now, struct err *err)
{
    int left = AT_ONCE;
    for (int i = 0; i < VALUES_AT_ONCE && left > 0; i++) {
        int rc = at->is_within ? 1 : next_value(db, at, err);
        at->is_over = rc == 0;
        if (rc == 1) rc = admit(f, db, at->name, at->key, &left, now, err) ? err->code : 1;
        at->is_within = left == 0;
        if (rc != 1) return rc;
    }
    return 0;
}

static int run_look(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct turns_work *t = (struct turns_work *)w;
    t->at = t->flow->turns;
    int rc = look(t->flow, lane_db(lane), &t->at, lane_now(lane), err);
    if (rc < 0) flow_undone(t->flow);
    return rc;
}

static void done_look(struct lane_work *w, const struct err *failed)
{
    struct turns_work *t = (struct turns_work *)w;
    struct flow *f = t->flow;
    int64_t now = clock_now(&f->host->clock);
    if (failed) log_err(LOG_ERROR, "flow.turns", failed);
    if (!failed && t->at.look == f->turns.look) f->turns = t->at; /* else it has begun anew meanwhile */
    f->turns.is_queued = false;
    if (!f->turns.is_over) lane_wake_at(f->lane, &f->turns_source, failed ? now + RETRY_MS : now);
    mem_free(t);
}

int64_t flow_turns_collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct flow *f = (struct flow *)((char *)src - offsetof(struct flow, turns_source));
    (void)now;
    (void)max;
    if (f->turns.is_queued || f->turns.is_over) return INT64_MAX; /* done_look asks again */
    f->turns.is_queued = true;
    struct turns_work *t = mem_alloc(sizeof(*t));
    *t = (struct turns_work){.work = {.run = run_look, .done = done_look}, .flow = f};
    lane_add(lane, &t->work);
    return INT64_MAX;
}
