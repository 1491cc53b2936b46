/* What somebody should look at before it does harm, in sentences. */
#include "base/buf.h"
#include "base/locale.h"
#include "flow/flow_task.h"
#include "flow/task.h"

static int add(struct session *s, const char *key, int64_t year, int64_t tasks, struct val *out)
{
    struct buf b;
    struct err_num y, n;
    buf_init(&b, 1000);
    locale_format(&b, s->lang, key, "year", err_i64(&y, year), "n", err_i64(&n, tasks), NULL);
    char *text = arena_strndup(s->arena, b.data ? b.data : "", b.len);
    buf_close(&b);
    return text ? val_add(s->arena, out, val_str(text)) : ERR_NOMEM;
}

/* The index on terms holds those of open tasks alone. */
static int add_years(struct session *s, int64_t run, struct val *out, struct err *err)
{
    struct stmt *st = store_stmt(s->db,
                                 run ? "select gap, count(*) from flow_task where run = ?1 and state = 0 and gap is not"
                                       " null group by gap"
                                     : "select gap, count(*) from flow_task where term is not null and state = 0 and"
                                       " gap is not null group by gap",
                                 err);
    int rc;
    if (!st) return err->code;
    if (run) stmt_bind_int(st, 1, run);
    while ((rc = stmt_step(st, err)) == 1)
        if (add(s, "task.warn_year", stmt_int(st, 0), stmt_int(st, 1), out)) {
            rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
            break;
        }
    stmt_done(st);
    return rc;
}

int flow_warnings(struct session *s, int64_t run, struct val *out, struct err *err)
{
    *out = val_list();
    int rc = add_years(s, run, out, err);
    if (rc || run) return rc;
    struct stmt *st = store_stmt(s->db, "select count(*) from flow_task where orphan is not null", err);
    if (!st) return err->code;
    rc = stmt_step(st, err);
    int64_t n = rc == 1 ? stmt_int(st, 0) : 0;
    stmt_done(st);
    if (rc < 0) return rc;
    return n && add(s, "task.warn_orphans", 0, n, out) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}
