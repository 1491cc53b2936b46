/* Signals and events: what comes to a run from outside is a row first; the run is woken by its due time.
 *
 * So nothing is lost between the event and the wake-up: both are in the event's transaction. */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/digest.h"
#include "plugin/plugins.h"

/* Ids stand for their objects, so that { item = article } and { item = article.id } are the same. */
static struct val plain(const struct val *v)
{
    return v->type == VAL_OBJ ? val_int(v->as.obj.id) : *v;
}

bool flow_match_fits(const struct val *match, const struct val *data)
{
    if (!match || match->type != VAL_MAP) return true;
    for (size_t i = 0; i < match->as.map.n; i++) {
        const struct val *have = val_get(data, match->as.map.pairs[i].key);
        if (!have) return false;
        struct val a = plain(&match->as.map.pairs[i].v), b = plain(have);
        if (!val_equal(&a, &b)) return false;
    }
    return true;
}

int64_t flow_match_key(const char *field, const struct val *v)
{
    struct buf b;
    struct val p = plain(v);
    buf_init(&b, 1 << 20);
    buf_add_str(&b, field);
    buf_add_char(&b, '\0');
    val_encode(&p, &b, false);
    /* Never 0, which stands for "any". */
    int64_t key = (int64_t)(digest_short(b.data, b.len) >> 1) | 1;
    buf_close(&b);
    return key;
}

static int insert(struct flow *f, struct session *s, const struct flow_signal_row *row, bool *twice, struct err *err)
{
    struct buf b;
    struct stmt *st =
        store_stmt(s->db,
                   "insert into flow_signal(run, entry, name, key, body, failed) values(?1,?2,?3,?4,?5,?6)"
                   " on conflict do nothing",
                   err);
    if (!st) return err->code;
    buf_init(&b, FLOW_RESULT_MAX);
    struct val nothing = val_nil(), failed;
    const struct val *body = row->data ? row->data : &nothing;
    if (row->failed) {
        if (flow_err_to_val(&f->arena, row->failed, &failed) != 0) failed = val_map();
        body = &failed;
    }
    int rc = val_encode(body, &b, true);
    if (rc || !buf_ok(&b)) {
        rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        goto out;
    }
    stmt_bind_int(st, 1, row->run);
    if (row->name)
        stmt_bind_null(st, 2);
    else
        stmt_bind_int(st, 2, row->entry);
    stmt_bind_str(st, 3, row->name);
    stmt_bind_str(st, 4, row->key);
    stmt_bind_blob(st, row->failed ? 6 : 5, b.data, b.len);
    stmt_bind_null(st, row->failed ? 5 : 6);
    rc = stmt_step(st, err);
    *twice = rc == 0 && store_changes(s->db) == 0;
out:
    stmt_done(st);
    buf_close(&b);
    if (rc == 0 && !*twice) rc = flow_row_set_due(f, s->db, row->run, s->now, err);
    return rc;
}

int flow_signal_entry(struct flow *f, struct session *s, int64_t run, int64_t entry, const struct val *data,
                      const struct err *failed, struct err *err)
{
    struct flow_signal_row row = {.run = run, .entry = entry, .data = data, .failed = failed};
    bool twice;
    return insert(f, s, &row, &twice, err);
}

int flow_signal(struct flow *f, struct session *s, int64_t run, const char *name, const struct val *data,
                const char *key, struct err *err)
{
    struct err_num id;
    struct flow_signal_row row = {.run = run, .name = name, .key = key, .data = data};
    bool twice;
    struct stmt *st = store_stmt(s->db, "select state from flow_run where id = ?1", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, run);
    int rc = stmt_step(st, err);
    int state = rc == 1 ? (int)stmt_int(st, 0) : 0;
    stmt_done(st);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "flow.no_run", "run", err_i64(&id, run), NULL);
    if (state == FLOW_COMPLETED || state == FLOW_CANCELLED)
        return err_set(err, ERR_REFUSED, "flow.ended", "run", err_i64(&id, run), "state",
                       flow_state_name((enum flow_state)state), NULL);
    return insert(f, s, &row, &twice, err);
}

struct waiter {
    int64_t run, entry;
};
enum { WAITERS_MAX = 256 };

/* Runs that wait for this event under one key. Reads first, then writes: the wait rows stay until the wake-up. */
static int tell_key(struct flow *f, struct session *s, const char *name, int64_t key, const struct val *data,
                    struct err *err)
{
    struct waiter found[WAITERS_MAX];
    int64_t after_run = 0, after_entry = -1;
    size_t n;
    do {
        struct stmt *st = store_stmt(s->db,
                                     "select run, entry, match from flow_wait where event = ?1 and key = ?2"
                                     " and (run, entry) > (?3, ?4) order by run, entry limit 256",
                                     err);
        if (!st) return err->code;
        stmt_bind_str(st, 1, name);
        stmt_bind_int(st, 2, key);
        stmt_bind_int(st, 3, after_run);
        stmt_bind_int(st, 4, after_entry);
        int rc;
        size_t seen = 0;
        n = 0;
        while ((rc = stmt_step(st, err)) == 1) {
            struct val match = val_nil();
            size_t len;
            const char *bytes = stmt_blob(st, 2, &len);
            seen++;
            after_run = stmt_int(st, 0);
            after_entry = stmt_int(st, 1);
            if (bytes && val_decode(bytes, len, &f->arena, flow_kind_of, &match) != 0) continue;
            if (flow_match_fits(&match, data)) found[n++] = (struct waiter){after_run, after_entry};
        }
        stmt_done(st);
        for (size_t i = 0; rc == 0 && i < n; i++)
            rc = flow_signal_entry(f, s, found[i].run, found[i].entry, data, NULL, err);
        if (rc) return rc;
        if (seen < WAITERS_MAX) break;
    } while (true);
    return 0;
}

/* Runs that sleep until a time which hangs on this item look at it again. */
static int rederive(struct flow *f, struct session *s, int64_t item, struct err *err)
{
    int64_t runs[WAITERS_MAX];
    size_t n = 0;
    struct stmt *st = store_stmt(s->db, "select run from flow_wait where event = '@item' and key = ?1 limit 256", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, item);
    int rc;
    while ((rc = stmt_step(st, err)) == 1)
        runs[n++] = stmt_int(st, 0);
    stmt_done(st);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = flow_row_set_due(f, s->db, runs[i], s->now, err);
    return rc;
}

/* on(event, fn): each handler is a run of its own, so that it survives and is retried like any other. */
static int start_handlers(struct flow *f, struct session *s, const char *name, const struct val *data, struct err *err)
{
    struct registry *r = plugins_registry(f->host->plugins);
    size_t i = 0;
    int rc = 0;
    if (!r) return 0;
    for (const struct decl *d; rc == 0 && (d = registry_each(r, "on", &i));) {
        int64_t run;
        bool existed;
        if (!val_is_str(val_get(&d->spec, "event"), name)) continue;
        /* Whoever tells of something must not fail because a listener has too much to do; a plugin that listens to
         * itself may. */
        bool is_own = s->actor.plugin && strcmp(s->actor.plugin, d->plugin) == 0;
        struct flow_start_args args = {.plugin = d->plugin, .name = d->name, .input = data, .is_owed = !is_own};
        rc = flow_start(f, s, &args, &run, &existed, err);
    }
    registry_drop(r);
    return rc;
}

int flow_event_sink(void *ctx, struct session *s, const char *name, const struct val *data, struct err *err)
{
    struct flow *f = ctx;
    const struct val *item = val_get(data, "item");
    int rc = tell_key(f, s, name, 0, data, err);
    for (size_t i = 0; rc == 0 && data->type == VAL_MAP && i < data->as.map.n; i++) {
        const struct val_pair *p = &data->as.map.pairs[i];
        if (p->v.type <= VAL_STR || p->v.type == VAL_OBJ)
            rc = tell_key(f, s, name, flow_match_key(p->key, &p->v), data, err);
    }
    if (rc == 0 && item) {
        int64_t id = plain(item).as.i;
        rc = rederive(f, s, id, err);
        if (rc == 0 && strcmp(name, "content.edited") == 0) rc = flow_task_void(f, s, id, err);
    }
    return rc ? rc : start_handlers(f, s, name, data, err);
}
