/* What jobs of the schedule hold of a person who is erased: what they start their flow with, their names, their last
 * error. One that is over loses it. One that is still to run needs its input as it is: a job for one time is waited
 * for; one that comes again and again, or that its plugin's source declares, is waited for until it is changed or
 * cancelled, and is looked at again each day. */
#include "audit/audit_place.h"
#include "schedule/schedule_internal.h"

enum { JOBS_AT_ONCE = 100 };
#define OVER "(1, 3, 4)" /* done, cancelled, declared by no source any more */

static const struct erasing_rows whole = {"select id, 0, name, input, error from schedule where id = ?1",
                                          "update schedule set name = ?3, input = ?4, error = ?5 where id = ?1 and ?2",
                                          {erasing_unique, erasing_value, erasing_text},
                                          NULL};
static const struct erasing_rows error = {"select id, 0, error from schedule where id = ?1",
                                          "update schedule set error = ?3 where id = ?1 and ?2",
                                          {erasing_text},
                                          NULL};

static int look_at_job(struct erasing *e, int64_t id, bool is_over, bool is_once, struct err *err)
{
    struct erasing_seen seen = {0}, open = {0};
    bool was_dry = e->is_dry;
    int rc = erasing_rows(e, is_over ? &whole : &error, id, &seen, err);
    if (rc == 0 && seen.values) rc = erasing_tell(e, "schedule", id, seen.values, err);
    if (rc || is_over) return rc;
    e->is_dry = true;
    rc = erasing_rows(e, &whole, id, &open, err);
    e->is_dry = was_dry;
    if (rc || open.values <= (e->is_dry ? seen.values : 0)) return rc;
    return is_once ? erasing_wait(e, "schedule", id, err) : err_set(err, ERR_REFUSED, "schedule.erase_open", NULL);
}

static int look(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    struct stmt *s = store_stmt(e->s->db,
                                "select id, state in " OVER ", cron is null and declared is null"
                                " from schedule where id > ?1 order by id limit ?2",
                                err);
    int n = 0, rc;
    (void)ctx;
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->at);
    stmt_bind_int(s, 2, JOBS_AT_ONCE);
    while ((rc = stmt_step(s, err)) == 1) {
        struct arena_mark mark = arena_mark(e->a);
        struct erasing_mark one;
        e->at = stmt_int(s, 0);
        n++;
        rc = erasing_begin(e, &one, err);
        if (rc == 0) rc = look_at_job(e, e->at, stmt_int(s, 1) != 0, stmt_int(s, 2) != 0, err);
        rc = erasing_end(e, &one, "schedule", e->at, rc, err);
        arena_rewind(e->a, mark);
        if (rc) break;
    }
    stmt_done(s);
    *more = n == JOBS_AT_ONCE;
    return rc;
}

void schedule_erase_attach(struct schedule *sch)
{
    static const char open[] = "select 1 from schedule where id = ?1 and state not in " OVER;
    audit_add_place(
        sch->host->audit,
        &(struct audit_place){.name = "schedule", .look = look, .open = open, .ctx = sch, .tables = {"schedule"}});
}
