/* Open runs and tasks of each plugin, and runs by what they are: counted once from their rows, then with each change.
 */
#include <stdatomic.h>

#include "flow/flow_internal.h"

static int tell(struct store *db, const char *sql, enum plugin_quota kind, struct quota_count *to, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    int rc;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        const char *plugin = stmt_text(s, 0, &len);
        quota_tell(to, plugin, len, kind, stmt_int(s, 1));
    }
    stmt_done(s);
    return rc;
}

int flow_count(void *ctx, struct store *db, struct quota_count *to, struct err *err)
{
    (void)ctx;
    int rc = tell(db,
                  "select n.plugin, count(*) from flow_run r join flow_name n on n.id = r.name"
                  " where r.state not in (1, 4) group by n.plugin",
                  QUOTA_RUNS, to, err);
    return rc ? rc
              : tell(db,
                     "select n.plugin, count(*) from flow_task t join flow_run r on r.id = t.run"
                     " join flow_name n on n.id = r.name where t.state = 0 group by n.plugin",
                     QUOTA_TASKS, to, err);
}

/* Counted among the open ones of its plugin: it may still need something. */
static bool is_open(int state)
{
    return state >= 0 && state != FLOW_COMPLETED && state != FLOW_CANCELLED;
}

void flow_count_row(struct flow_run *run, struct store *db)
{
    struct flow *f = run->flow;
    int was = run->is_new ? -1 : run->was_state, now = run->state;
    bool was_off = !run->is_new && run->was_off, is_off = run->off;
    quota_add_owed(f->host, db, run->plugin, QUOTA_RUNS, is_open(now) - is_open(was));
    if (was < 0) store_count(db, &f->counts[FLOW_COUNT_STARTED], 1);
    if (was != now && was >= 0) store_count(db, &f->counts[was], -1);
    if (was != now) store_count(db, &f->counts[now], 1);
    if (was_off != is_off) store_count(db, &f->counts[FLOW_COUNT_HELD], is_off - was_off);
    run->was_state = now;
    run->was_off = run->off;
}

/* By partial indexes: those that run or have ended, which may be millions, are not read. */
int flow_count_start(struct flow *f, struct store *db, struct err *err)
{
    static const char sql[] = "select state, count(*) from flow_run where state in (2, 3, 5) group by state"
                              " union all select ?1, count(*) from flow_run where off is not null"
                              " union all select ?2, count(*) from flow_vote where unread is not null";
    int rc;
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, FLOW_COUNT_HELD);
    stmt_bind_int(s, 2, FLOW_COUNT_UNREAD);
    while ((rc = stmt_step(s, err)) == 1)
        f->counts[stmt_int(s, 0)] = stmt_int(s, 1);
    stmt_done(s);
    flow_count_kept(f);
    return rc;
}

void flow_count_kept(struct flow *f)
{
    for (int i = 0; i < FLOW_COUNTS; i++)
        atomic_store_explicit(&f->committed[i], atomic_load_explicit(&f->counts[i], memory_order_relaxed),
                              memory_order_relaxed);
}

void flow_stats(const struct flow *f, struct flow_stats *out)
{
    int64_t n[FLOW_COUNTS];
    for (int i = 0; i < FLOW_COUNTS; i++)
        n[i] = atomic_load_explicit(&f->committed[i], memory_order_relaxed);
    *out = (struct flow_stats){.failed = n[FLOW_FAILED],
                               .blocked = n[FLOW_BLOCKED],
                               .undoing = n[FLOW_UNDOING],
                               .held = n[FLOW_COUNT_HELD],
                               .unread = n[FLOW_COUNT_UNREAD],
                               .started = n[FLOW_COUNT_STARTED],
                               .completed = n[FLOW_COMPLETED],
                               .cancelled = n[FLOW_CANCELLED]};
}
