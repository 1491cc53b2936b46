/* Turns: at most so many runs of a flow at the same time, for each value of a field of its input.
 *
 *     flow.define("visit", { input = { unit = "unit!" }, limit = { key = "unit", running = 10 } }, …)
 *
 * A run has its turn from its start until it has ended, failed or is blocked; one that is paused in the middle of its
 * work keeps it. What waits does so as a row, in the order of the starts, and is looked at when a turn is given back,
 * one row for each: how many wait costs nothing. One that is paused while it waits is passed over until it is resumed.
 * A child of a run that has the turn comes along with it, so that it does not wait for itself.
 *
 * A limit counts the runs that are open when it is declared, too (flow_turn_count.c); until all are counted, nobody
 * comes in. Where it is raised or given up, thousands may (flow_catch_up.c). */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/json.h"
#include "runtime/crash.h"

enum { AT_ONCE = 100 };
/* `waits` of a row: has it, waits for it, waits and is paused. */
enum { HAS, WAITS, PASSED };

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

int flow_turn_first(struct store *db, int64_t name, const char *key, int64_t *run, struct err *err)
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

int flow_turn_give(struct flow *f, struct store *db, int64_t id, int64_t now, struct err *err)
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

/* How many there may be now, by the active declaration: none while it is counted who is there; those that wait for one
 * that is gone go on. */
static int most_of(struct store *db, int64_t name, int64_t *most, struct err *err)
{
    struct stmt *s =
        store_stmt(db, "select case when counted is null then most else 0 end from flow_limit where name = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, name);
    int rc = stmt_step(s, err);
    *most = rc == 1 ? stmt_int(s, 0) : INT64_MAX;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

int flow_turn_admit(struct flow *f, struct store *db, int64_t name, const char *key, int *left, int64_t now,
                    struct err *err)
{
    int64_t most = 0, inside = 0, run;
    int rc = most_of(db, name, &most, err);
    bool any = false;
    if (rc == 0 && most != INT64_MAX) rc = count(db, name, key, most, &inside, err);
    for (; rc == 0 && *left && inside < most; inside++) {
        rc = flow_turn_first(db, name, key, &run, err);
        if (rc || !run) break;
        rc = flow_turn_give(f, db, run, now, err);
        (*left)--;
        any = true;
    }
    if (rc == 0 && any) lane_wake_at(f->lane, &f->runs_source, now);
    return rc;
}

int flow_turn_is_below(struct store *db, int64_t parent, int64_t name, const char *key, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "with recursive up(id, n) as (select ?1, 1 union all select r.parent, up.n + 1 from up"
                                " join flow_run r on r.id = up.id where r.parent is not null and up.n < ?4)"
                                " select 1 from up join flow_turn t on t.run = up.id where t.name = ?2 and t.key = ?3"
                                " and t.waits = 0 limit 1",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, parent);
    stmt_bind_int(s, 2, name);
    stmt_bind_str(s, 3, key);
    stmt_bind_int(s, 4, FLOW_DEEPEST);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

int flow_turn_take(struct flow *f, struct session *s, struct flow_run *run, const struct flow_def *def, struct err *err)
{
    int64_t most = 0, inside = 0, waiting = 0;
    (void)f;
    if (!def->limit_running || run->turn != TURN_NONE) return 0;
    const char *key = flow_value_key(def->limit_key ? val_get(&run->input, def->limit_key) : NULL, &run->arena, err);
    int rc = key ? 0 : err->code;
    if (rc == 0 && run->parent) rc = flow_turn_is_below(s->db, run->parent, run->name_id, key, err);
    if (rc) return rc < 0 ? rc : 0;
    rc = most_of(s->db, run->name_id, &most, err);
    if (rc == 0) rc = count(s->db, run->name_id, key, most, &inside, err);
    if (rc == 0) rc = flow_turn_first(s->db, run->name_id, key, &waiting, err);
    bool has = inside < most && !waiting && !run->paused;
    if (rc == 0 && !has && run->is_new && run->parent) rc = flow_turn_circle(s->db, run, key, err);
    if (rc == ERR_REFUSED && run->parent_entry < 0) { /* what undoes something cannot be told to try later */
        err_clear(err);
        rc = 0;
        has = true;
    }
    if (rc) return rc;
    run->turn = has ? TURN_HAS : TURN_WAITS;
    struct stmt *st = store_stmt(s->db, "insert into flow_turn(name, key, waits, run) values(?1, ?2, ?3, ?4)", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, run->name_id);
    stmt_bind_str(st, 2, key);
    stmt_bind_int(st, 3, has ? HAS : run->paused ? PASSED : WAITS);
    stmt_bind_int(st, 4, run->id);
    return stmt_run(st, err);
}

/* The value that its turn is for; NULL: it has none, and waits for none. */
static int key_of(struct store *db, int64_t run, struct arena *a, const char **key, struct err *err)
{
    size_t len;
    struct stmt *s = store_stmt(db, "select key from flow_turn where run = ?1", err);
    *key = NULL;
    if (!s) return err->code;
    stmt_bind_int(s, 1, run);
    int rc = stmt_step(s, err);
    const char *text = rc == 1 ? stmt_text(s, 0, &len) : NULL;
    if (text) *key = arena_strndup(a, text, len);
    stmt_done(s);
    return rc == 1 && !*key ? err_set(err, ERR_NOMEM, "memory", NULL) : rc < 0 ? rc : 0;
}

int flow_turn_leave(struct flow_run *run, struct store *db, int64_t now, struct err *err)
{
    struct arena a;
    const char *key;
    int left = AT_ONCE;
    arena_init(&a, 4096);
    int rc = key_of(db, run->id, &a, &key, err);
    run->turn = TURN_NONE;
    if (rc == 0 && key) rc = store_run(db, "delete from flow_turn where run = ?1", run->id, 0, err);
    if (rc == 0 && key) rc = flow_turn_admit(run->flow, db, run->name_id, key, &left, now, err);
    arena_close(&a);
    return rc;
}

int flow_turn_pause(struct flow_run *run, struct store *db, int64_t now, struct err *err)
{
    struct arena a;
    const char *key;
    int left = AT_ONCE;
    if (run->turn != TURN_WAITS) return 0;
    arena_init(&a, 4096);
    int rc =
        store_run(db, "update flow_turn set waits = ?2 where run = ?1", run->id, run->paused ? PASSED : WAITS, err);
    crash_point("turn.passed");
    if (rc == 0) rc = key_of(db, run->id, &a, &key, err);
    if (rc == 0 && key && !run->paused) rc = flow_turn_admit(run->flow, db, run->name_id, key, &left, now, err);
    arena_close(&a);
    return rc;
}

/* --- what is declared --- */

/* What is known of it, and is it the same? 1, 0. */
static int is_kept(struct store *db, const struct flow_def *def, const char *field, bool *same_field, bool *same,
                   struct err *err)
{
    struct stmt *s = store_stmt(db, "select field is ?2, most from flow_limit where name = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, def->name_id);
    stmt_bind_str(s, 2, field);
    int rc = stmt_step(s, err);
    *same_field = rc == 1 && stmt_int(s, 0);
    *same = *same_field && stmt_int(s, 1) == def->limit_running;
    stmt_done(s);
    return rc;
}

/* Who runs already is counted by it, from the first one on. */
static int keep_new(struct store *db, const struct flow_def *def, const char *field, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "insert into flow_limit(name, most, field, counted) values(?1, ?2, ?3, case when"
                                " exists(select 1 from flow_run where name = ?1 and state = 0) then 0 end)"
                                " on conflict(name) do update set most = ?2, field = ?3, counted = excluded.counted",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, def->name_id);
    stmt_bind_int(s, 2, def->limit_running);
    stmt_bind_str(s, 3, field);
    return stmt_run(s, err);
}

int flow_turn_declare(struct flow *f, struct session *s, const struct flow_def *def, struct err *err)
{
    const char *field = def->limit_key ? def->limit_key : "";
    bool same_field, same;
    int known = is_kept(s->db, def, field, &same_field, &same, err);
    if (known < 0 || (known && same) || (!known && !def->limit_running)) return known < 0 ? known : 0;
    int rc = !def->limit_running ? store_run(s->db, "delete from flow_limit where name = ?1", def->name_id, 0, err)
             : !same_field       ? keep_new(s->db, def, field, err)
                                 : store_run(s->db, "update flow_limit set most = ?2 where name = ?1", def->name_id,
                                             def->limit_running, err);
    if (rc == 0) flow_catch_up(f, s->now);
    return rc;
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
