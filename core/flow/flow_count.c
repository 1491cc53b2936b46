/* Open runs and tasks of each plugin, counted from their rows. */
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
