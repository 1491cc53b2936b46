/* What follows from a result: the row goes, is tried again after a pause, or stays as a dead letter. */
#include "outbox/outbox_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/locale.h"
#include "runtime/log.h"

/* Is the row still there? A run that was cancelled meanwhile, or the administrator, has taken it away. */
static int is_wanted(struct store *db, int64_t id, struct err *err)
{
    struct stmt *s = store_stmt(db, "select 1 from outbox where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

static int drop_row(struct store *db, int64_t id, struct err *err)
{
    struct stmt *s = store_stmt(db, "delete from outbox where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    return stmt_run(s, err);
}

/* Seconds until the next attempt; 0: there is none. */
static int pause_after(const struct outbox_kind *k, int64_t attempts)
{
    int64_t i = 0;
    while (k->pauses_s[i] && i < attempts - 1)
        i++;
    return k->pauses_s[i];
}

/* A fifth more or less, so that those who failed together do not come back together. Not in khung test. */
static int64_t with_jitter(const struct outbox *o, int pause_s)
{
    uint32_t random;
    digest_random(&random, sizeof(random));
    int64_t ms = (int64_t)pause_s * 1000, fifth = ms / 5;
    if (o->host->is_test) return ms;
    return ms - fifth + (int64_t)(random % (uint64_t)(2 * fifth + 1));
}

/* next 0: a dead letter. The reason is kept as the administrator reads it. */
static int keep_row(struct outbox_sending *s, struct session *session, int64_t next, struct err *err)
{
    struct buf why;
    struct stmt *st = store_stmt(session->db, "update outbox set next_at = ?2, last_error = ?3 where id = ?1", err);
    if (!st) return err->code;
    buf_init(&why, 2000);
    locale_err(&why, session->lang, &s->failed, false);
    stmt_bind_int(st, 1, s->row.id);
    if (next)
        stmt_bind_int(st, 2, next);
    else
        stmt_bind_null(st, 2);
    stmt_bind_text(st, 3, why.data ? why.data : "", why.len);
    int rc = stmt_run(st, err);
    buf_close(&why);
    if (rc == 0 && next) outbox_wake(s->outbox, next);
    return rc;
}

static void tell_dead(const struct outbox_sending *s)
{
    struct err_num id, n;
    log_warn("outbox.dead", "id", err_i64(&id, s->row.id), "kind", outbox_kind_of(s)->name, "attempts",
             err_i64(&n, s->row.attempts), "error", s->failed.key, NULL);
}

int outbox_end_row(struct outbox_sending *s, struct session *session, struct err *err)
{
    const struct outbox_kind *k = outbox_kind_of(s);
    int pause = pause_after(k, s->row.attempts);
    bool for_good = s->has_failed && (s->failed.code == ERR_DENIED || s->failed.code == ERR_INVALID);
    /* The service is going down: that is nobody's failure, and the row is due at the next start. */
    bool is_stopped = s->has_failed && s->failed.code == ERR_STOPPED;
    struct outbox_end end = {.failed = s->has_failed ? &s->failed : NULL,
                             .response = &s->response,
                             .is_last = s->has_failed && !is_stopped && (for_good || pause == 0)};
    int rc = is_wanted(session->db, s->row.id, err);
    if (rc <= 0) return rc;
    rc = 0;
    if (k->done && !is_stopped) rc = k->done(k->ctx, session, &s->row, &end, err);
    if (rc) return rc;
    if (s->has_failed && !end.is_last)
        return keep_row(s, session, session->now + with_jitter(s->outbox, is_stopped ? 1 : pause), err);
    if (!s->has_failed || !k->keeps_dead) return drop_row(session->db, s->row.id, err);
    tell_dead(s);
    return keep_row(s, session, 0, err);
}

int outbox_delay(struct session *s, const char *kind, int64_t owner, int64_t until, struct err *err)
{
    struct stmt *st =
        store_stmt(s->db, "update outbox set next_at = ?3 where owner = ?1 and kind = ?2 and next_at <= ?4", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, owner);
    stmt_bind_str(st, 2, kind);
    stmt_bind_int(st, 3, until);
    stmt_bind_int(st, 4, s->now);
    int rc = stmt_run(st, err);
    if (rc == 0 && store_changes(s->db)) outbox_wake(s->host->outbox, until);
    return rc;
}
