/* `khung verify` for the engine: every journal reads, nothing waits for a run that is gone, no run is stuck unseen. */
#include "flow/flow_internal.h"

struct check {
    const char *sql; /* gives ids of what is wrong */
    const char *key; /* with {id} */
};

static const struct check checks[] = {
    {"select distinct j.run from flow_journal j left join flow_run r on r.id = j.run where r.id is null",
     "verify.run_journal"},
    /* What has failed or is blocked keeps its waits: it goes on from them when it is tried again. */
    {"select distinct w.run from flow_wait w left join flow_run r on r.id = w.run"
     " where r.id is null or r.state not in (0, 2, 3)",
     "verify.run_waits"},
    {"select t.id from flow_task t left join flow_run r on r.id = t.run where t.state = 0"
     " and (r.id is null or r.state not in (0, 2, 3))",
     "verify.task_open"},
    {"select r.id from flow_run r where r.state = 0 and r.paused is null and r.due is null and r.off is null"
     " and r.turn is not 1"
     " and not exists (select 1 from flow_wait w where w.run = r.id)"
     " and not exists (select 1 from flow_task t where t.run = r.id and t.state = 0)"
     " and not exists (select 1 from flow_run c where c.parent = r.id and c.state in (0, 2, 3, 5))"
     " and not exists (select 1 from outbox o where o.run = r.id)",
     "verify.run_sleeps"},
    {"select r.id from flow_run r left join plugin_version v on v.id = r.version where v.id is null",
     "verify.run_version"},
    {"select r.id from flow_run r where r.state in (2, 3) and not exists (select 1 from flow_error e where e.run = "
     "r.id)",
     "verify.run_stopped"},
    {"select r.id from flow_run r where r.turn is not null and not exists"
     " (select 1 from flow_turn t where t.run = r.id and (t.waits > 0) = r.turn)"
     " union select t.run from flow_turn t left join flow_run r on r.id = t.run where r.state is not 0",
     "verify.run_turn"},
    {"select min(t.run) from flow_turn t join flow_limit l on l.name = t.name where t.waits = 1 and l.counted is null "
     "and"
     " (select count(*) from flow_turn i where i.name = t.name and i.key = t.key and i.waits = 0) < l.most"
     " group by t.name, t.key",
     "verify.run_waits_turn"},
};

static int run_check(struct store *db, const struct check *c, err_sink report, void *ctx, struct err *err)
{
    struct stmt *s = store_stmt(db, c->sql, err);
    if (!s) return err->code;
    int rc;
    while ((rc = stmt_step(s, err)) == 1) {
        struct err finding;
        struct err_num id;
        err_set(&finding, ERR_CORRUPT, c->key, "id", err_i64(&id, stmt_int(s, 0)), NULL);
        report(ctx, &finding);
    }
    stmt_done(s);
    return rc;
}

/* Entries of each run: readable, and as many as its row says. */
static int check_journals(struct store *db, err_sink report, void *ctx, struct err *err)
{
    int64_t run = 0, entries = 0, expected = 0;
    struct stmt *s = store_stmt(db,
                                "select j.run, j.body, r.entry from flow_journal j join flow_run r on r.id = j.run"
                                " order by j.run, j.slice",
                                err);
    struct err finding;
    struct err_num id, n, m;
    int rc;
    if (!s) return err->code;
    do {
        rc = stmt_step(s, err);
        if (run && (rc != 1 || stmt_int(s, 0) != run)) {
            if (entries != expected) {
                err_set(&finding, ERR_CORRUPT, "verify.run_entries", "id", err_i64(&id, run), "n", err_i64(&n, entries),
                        "expected", err_i64(&m, expected), NULL);
                report(ctx, &finding);
            }
            entries = 0;
        }
        if (rc != 1) break;
        struct flow_entry e;
        size_t len, pos = 0;
        const char *bytes = stmt_blob(s, 1, &len);
        run = stmt_int(s, 0);
        expected = stmt_int(s, 2);
        while (flow_entry_read(bytes, len, &pos, &e, err) == 1)
            entries++;
        if (pos != len) {
            err_set(&finding, ERR_CORRUPT, "verify.run_entry", "id", err_i64(&id, run), NULL);
            report(ctx, &finding);
            err_clear(err);
        }
    } while (rc == 1);
    stmt_done(s);
    return rc;
}

int flow_verify(struct store *db, err_sink report, void *ctx, struct err *err)
{
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        int rc = run_check(db, &checks[i], report, ctx, err);
        if (rc) return rc;
    }
    return check_journals(db, report, ctx, err);
}
