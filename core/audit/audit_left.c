/* What an erasure leaves, and says so: what lies outside the database, what a place has to keep, and what an
 * administrator would not wait for. Nothing stays without a reason that stands in the erasure's answer. */
#include "audit/audit_internal.h"

#include <string.h>

#include "runtime/crash.h"

const char audit_left_schema[] =
    "create table audit_erasure_left(erasure integer not null, place text not null, what text not null,"
    " n integer not null, why text not null, primary key(erasure, place, what)) without rowid;"
    "create table audit_erasure_skip(erasure integer not null, place text not null, thing integer not null,"
    " kind text not null, reason text not null, at integer not null, user integer,"
    " primary key(erasure, place, thing)) without rowid;"
    "create index audit_anchor_row on audit_anchor(audit);"; /* the chain tells of its anchors by their rows */

const char audit_left_sql[] =
    "select place, what, nullif(n, 0), why, null from audit_erasure_left where erasure = ?1 union all"
    " select place, kind || ' ' || thing, null, 'audit.left_skipped', reason from audit_erasure_skip where erasure = ?1"
    " limit 200";

int erasing_leave(struct erasing *e, const char *what, int64_t n, const char *why, struct err *err)
{
    if (e->is_dry) {
        struct val one = val_map();
        const char *copy = e->left ? arena_strdup(e->list_arena, what) : NULL;
        if (!e->left || e->left->as.list.n >= ERASING_LISTED_MAX) return 0;
        int rc = copy ? val_set(e->list_arena, &one, "place", val_str(e->place)) : ERR_NOMEM;
        if (rc == 0) rc = val_set(e->list_arena, &one, "what", val_str(copy));
        if (rc == 0 && n) rc = val_set(e->list_arena, &one, "values", val_int(n));
        if (rc == 0) rc = val_set(e->list_arena, &one, "why", val_str(why));
        return rc || val_add(e->list_arena, e->left, one) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
    }
    struct stmt *s = store_stmt(e->s->db,
                                "insert into audit_erasure_left(erasure, place, what, n, why) values(?1, ?2, ?3, ?4,"
                                " ?5) on conflict(erasure, place, what) do update set n = n + excluded.n",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->id);
    stmt_bind_str(s, 2, e->place);
    stmt_bind_str(s, 3, what);
    stmt_bind_int(s, 4, n);
    stmt_bind_str(s, 5, why);
    return stmt_run(s, err);
}

/* --- outside --- */

static int look(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    static const char *const all[][2] = {
        {"log", "audit.left_log"}, {"backups", "audit.left_backups"}, {"sent", "audit.left_sent"}};
    int rc = 0;
    (void)ctx;
    *more = false;
    for (size_t i = 0; rc == 0 && i < sizeof(all) / sizeof(all[0]); i++)
        rc = erasing_leave(e, all[i][0], 0, all[i][1], err);
    return rc;
}

void audit_left_attach(struct audit *au)
{
    audit_add_place(au, &(struct audit_place){.name = "outside", .look = look});
}

/* --- what is not waited for --- */

/* Is it waited for? *kind: what it is. The traces, if they can be read: *t. */
static int load(struct session *s, int64_t erasure, const struct audit_skip *skip, const char **kind,
                struct audit_traces *t, struct err *err)
{
    struct stmt *st = store_stmt(s->db,
                                 "select w.kind, e.traces from audit_erasure_wait w join audit_erasure e on e.id ="
                                 " w.erasure where w.erasure = ?1 and w.place = ?2 and w.thing = ?3 and e.done_at is"
                                 " null",
                                 err);
    struct err ignored = {0};
    size_t len;
    if (!st) return err->code;
    stmt_bind_int(st, 1, erasure);
    stmt_bind_str(st, 2, skip->place);
    stmt_bind_int(st, 3, skip->thing);
    int rc = stmt_step(st, err);
    if (rc == 1) {
        const char *p = stmt_text(st, 0, &len);
        *kind = arena_strndup(s->arena, p ? p : "", len);
        p = stmt_blob(st, 1, &len);
        if (audit_traces_read(p, len, s->arena, t, &ignored) != 0) *t = (struct audit_traces){0};
        if (!*kind) rc = err_set(err, ERR_NOMEM, "memory", NULL);
    }
    stmt_done(st);
    return rc == 0 ? err_set(err, ERR_NOT_FOUND, "audit.no_wait", NULL) : rc < 0 ? rc : 0;
}

static int put(struct session *s, int64_t erasure, const struct audit_skip *skip, const char *kind, struct err *err)
{
    struct stmt *st = store_stmt(s->db,
                                 "insert or replace into audit_erasure_skip(erasure, place, thing, kind, reason, at,"
                                 " user) values(?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, 0))",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, erasure);
    stmt_bind_str(st, 2, skip->place);
    stmt_bind_int(st, 3, skip->thing);
    stmt_bind_str(st, 4, kind);
    stmt_bind_str(st, 5, skip->reason);
    stmt_bind_int(st, 6, s->now);
    stmt_bind_int(st, 7, s->actor.user > 0 ? s->actor.user : 0);
    int rc = stmt_run(st, err);
    crash_point("audit.skip_put");
    st = rc ? NULL
            : store_stmt(s->db, "delete from audit_erasure_wait where erasure = ?1 and place = ?2 and thing = ?3", err);
    if (!st) return rc ? rc : err->code;
    stmt_bind_int(st, 1, erasure);
    stmt_bind_str(st, 2, skip->place);
    stmt_bind_int(st, 3, skip->thing);
    return stmt_run(st, err);
}

int audit_erase_skip(struct session *s, int64_t erasure, const struct audit_skip *skip, struct err *err)
{
    struct audit_traces t = {0};
    const char *kind = NULL;
    int rc = load(s, erasure, skip, &kind, &t, err);
    if (rc == 0) rc = audit_check_reason(t.texts.type == VAL_LIST ? &t : NULL, skip->reason, err);
    if (rc == 0) rc = put(s, erasure, skip, kind, err);
    if (rc) return rc;
    struct val_pair pairs[] = {{"erasure", val_int(erasure)}, {"place", val_str(skip->place)}};
    struct val after = val_map();
    after.as.map.pairs = pairs;
    after.as.map.n = 2;
    rc = audit_add(s,
                   &(struct audit_entry){.verb = "audit.erase_skip",
                                         .kind = kind,
                                         .id = skip->thing,
                                         .after = &after,
                                         .reason = skip->reason,
                                         .is_plain = true},
                   err);
    audit_eraser_wake(s->host->audit, s->now);
    return rc;
}

/* Not while it is still going round: it would end without having looked again. */
int audit_erase_retry(struct session *s, int64_t erasure, struct err *err)
{
    int rc = audit_run(s->db,
                       "delete from audit_erasure_wait where erasure = ?1 and at is not null and exists(select 1 from"
                       " audit_erasure where id = ?1 and place = 'waiting' and done_at is null)",
                       erasure, NULL, err);
    if (rc) return rc;
    if (store_changes(s->db) == 0) return err_set(err, ERR_NOT_FOUND, "audit.no_wait", NULL);
    rc = audit_add(s, &(struct audit_entry){.verb = "audit.erase_retry", .kind = "erasure", .id = erasure}, err);
    audit_eraser_wake(s->host->audit, s->now);
    return rc;
}
