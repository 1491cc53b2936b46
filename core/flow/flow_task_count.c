/* How many open tasks hang on a unit. */
#include "flow/flow.h"

int flow_count_tasks_in(struct store *db, int64_t unit, int64_t *n, struct err *err)
{
    /* Rows of whom a task is asked are there only while it is open. */
    struct stmt *s = store_stmt(db, "select count(distinct task) from flow_task_target where unit = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, unit);
    int rc = stmt_step(s, err);
    if (rc == 1) *n = stmt_int(s, 0);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}
