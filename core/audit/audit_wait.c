/* What an erasure waits for: things that must stay as they are for now (an open run), whose place says when that is
 * over; and things that failed for themselves, with the reason, which are tried again after a day and at each start. */
#include "audit/audit_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "runtime/crash.h"

enum { DAY_MS = 86400000, PLACE_MAX = 40 };

/* why, at: only of what failed. */
const char audit_waits_schema[] = "alter table audit_erasure_wait add column why text;"
                                  "alter table audit_erasure_wait add column at integer;";

/* An administrator said that this one stays as it is (audit_left.c). */
#define NOT_SKIPPED                                                                                                    \
    " not exists(select 1 from audit_erasure_skip k where k.erasure = ?1 and k.place = ?2 and k.thing = ?4)"

static int put(struct erasing *e, const char *kind, int64_t thing, const char *why, struct err *err)
{
    e->waits++;
    if (e->is_dry) {
        char *copy = why && e->waiting ? arena_strdup(e->list_arena, why) : NULL;
        return erasing_list(e, e->waiting, kind, thing, "why", copy ? val_str(copy) : val_nil(), err);
    }
    struct stmt *s = store_stmt(e->s->db,
                                "insert or ignore into audit_erasure_wait(erasure, place, kind, thing, why, at)"
                                " select ?1, ?2, ?3, ?4, nullif(?5, ''), iif(?5 = '', null, ?6) where" NOT_SKIPPED,
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->id);
    stmt_bind_str(s, 2, e->place);
    stmt_bind_str(s, 3, kind);
    stmt_bind_int(s, 4, thing);
    stmt_bind_str(s, 5, why ? why : "");
    stmt_bind_int(s, 6, e->s->now);
    int rc = stmt_run(s, err);
    crash_point("audit.wait_put");
    return rc;
}

int erasing_wait(struct erasing *e, const char *kind, int64_t thing, struct err *err)
{
    return put(e, kind, thing, NULL, err);
}

int64_t erasing_number(const char *name)
{
    return (int64_t)(digest_short(name, strlen(name)) >> 12); /* one that JSON can hold */
}

int erasing_secret_number(struct erasing *e, const char *name, int64_t *n, struct err *err)
{
    char hex[DIGEST_HEX];
    int rc = audit_erase_digest(e->s->db, name, hex, err);
    if (rc) return rc;
    hex[13] = '\0';
    *n = (int64_t)strtoull(hex, NULL, 16);
    return 0;
}

/* --- one thing of many --- */

bool audit_wait_may(int rc)
{
    return rc == ERR_CORRUPT || (rc < 0 && rc > ERR_BUSY);
}

int erasing_begin(struct erasing *e, struct erasing_mark *m, struct err *err)
{
    *m = (struct erasing_mark){.things = e->things,
                               .values = e->values,
                               .kept = e->kept,
                               .waits = e->waits,
                               .touched = e->touched ? e->touched->as.list.n : 0,
                               .waiting = e->waiting ? e->waiting->as.list.n : 0};
    return e->is_dry ? 0 : store_mark(e->s->db, err);
}

static void take_back(struct erasing *e, const struct erasing_mark *m)
{
    e->things = m->things;
    e->values = m->values;
    e->kept = m->kept;
    e->waits = m->waits;
    e->codes = false;
    if (e->touched) e->touched->as.list.n = m->touched;
    if (e->waiting) e->waiting->as.list.n = m->waiting;
}

int erasing_end(struct erasing *e, const struct erasing_mark *m, const char *kind, int64_t thing, int rc,
                struct err *err)
{
    char why[sizeof(err->key)];
    if (rc >= 0) return e->is_dry ? 0 : store_mark_release(e->s->db, err);
    if (!e->is_dry) store_mark_rollback(e->s->db);
    if (!audit_wait_may(rc)) return rc;
    take_back(e, m);
    memcpy(why, err->key, sizeof(why));
    err_clear(err);
    return put(e, kind, thing, why, err);
}

struct stand {
    char place[PLACE_MAX], part[ERASING_PART_MAX];
    int64_t thing;
};

static int stand_of(struct audit *au, struct store *db, int64_t erasure, struct stand *out, struct err *err)
{
    const struct audit_place *first = audit_place_at(au, 0);
    struct stmt *s =
        store_stmt(db, "select place, part, iif(place = 'audit', next, thing) from audit_erasure where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, erasure);
    int rc = stmt_step(s, err);
    *out = (struct stand){.thing = rc == 1 ? stmt_int(s, 2) : 0};
    if (rc == 1) stmt_copy(s, 0, out->place, sizeof(out->place));
    if (rc == 1) stmt_copy(s, 1, out->part, sizeof(out->part));
    stmt_done(s);
    if (!out->place[0] && first) snprintf(out->place, sizeof(out->place), "%s", first->name);
    return rc < 0 ? rc : 0;
}

/* *put: it is waited for, and nobody has said that it stays. */
static int put_failed(struct store *db, int64_t erasure, const struct stand *at, const char *why, int64_t now,
                      bool *put_it, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "insert or ignore into audit_erasure_wait(erasure, place, kind, thing, why, at)"
                                " select ?1, ?2, ?3, ?4, ?5, ?6 where" NOT_SKIPPED,
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, erasure);
    stmt_bind_str(s, 2, at->place);
    stmt_bind_str(s, 3, at->part[0] ? at->part : "piece");
    stmt_bind_int(s, 4, at->thing);
    stmt_bind_str(s, 5, why);
    stmt_bind_int(s, 6, now);
    int rc = stmt_run(s, err);
    *put_it = store_changes(db) > 0;
    crash_point("audit.wait_put");
    return rc;
}

static int go_on_at(struct store *db, int64_t erasure, const char *place, struct err *err)
{
    struct stmt *s =
        store_stmt(db, "update audit_erasure set place = ?2, part = '', thing = 0, next = 0 where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, erasure);
    stmt_bind_str(s, 2, place);
    return stmt_run(s, err);
}

#define END_OF "update audit_erasure set looked_at = at, traces = null where id = ?1"
int audit_wait_failed(struct audit *au, struct store *db, int64_t erasure, const char *why, int64_t now,
                      struct err *err)
{
    struct stand at;
    const struct audit_place *p;
    int64_t waits = 0;
    size_t i = 0;
    bool is_put = false;
    int rc = stand_of(au, db, erasure, &at, err);
    if (rc == 0) rc = put_failed(db, erasure, &at, why, now, &is_put, err);
    if (rc) return rc;
    while ((p = audit_place_at(au, i)) && strcmp(p->name, at.place) != 0)
        i++;
    if (p) return go_on_at(db, erasure, (p = audit_place_at(au, i + 1)) ? p->name : "audit", err);
    rc = audit_run(db, "select count(*) from audit_erasure_wait where erasure = ?1", erasure, &waits, err);
    if (rc) return rc;
    return waits ? go_on_at(db, erasure, "waiting", err) : audit_run(db, END_OF, erasure, NULL, err);
}

int audit_wait_unreadable(struct store *db, int64_t erasure, const char *why, int64_t now, struct err *err)
{
    const struct stand at = {.place = "erasure", .part = "erasure", .thing = erasure};
    bool is_put = false;
    int rc = put_failed(db, erasure, &at, why, now, &is_put, err);
    if (rc) return rc;
    return is_put ? go_on_at(db, erasure, "waiting", err) : audit_run(db, END_OF, erasure, NULL, err);
}

/* --- is it over? --- */

int audit_run(struct store *db, const char *sql, int64_t id, int64_t *n, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    if (stmt_bind_count(s)) stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (n) *n = rc == 1 ? stmt_int(s, 0) : 0;
    while (rc == 1)
        rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

static int is_over(struct audit *au, struct store *db, const char *place, int64_t thing, struct err *err)
{
    const struct audit_place *p = audit_place_find(au, place);
    if (!p || !p->open) return p && p->is_over ? p->is_over(p->ctx, db, thing, err) : 1;
    int rc = store_has(db, p->open, thing, 0, err);
    return rc < 0 ? rc : !rc;
}

static int drop(struct store *db, int64_t erasure, const char *place, int64_t thing, struct err *err)
{
    struct stmt *s =
        store_stmt(db, "delete from audit_erasure_wait where erasure = ?1 and place = ?2 and thing = ?3", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, erasure);
    stmt_bind_str(s, 2, place);
    stmt_bind_int(s, 3, thing);
    return stmt_run(s, err);
}

static int drop_ended(struct audit *au, struct store *db, int64_t now, int64_t since, struct err *err)
{
    struct stmt *s = store_stmt(db, "select erasure, place, thing, at from audit_erasure_wait", err);
    int rc;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        char place[PLACE_MAX];
        int64_t erasure = stmt_int(s, 0), thing = stmt_int(s, 2);
        bool has_failed = !stmt_is_null(s, 3), again = stmt_int(s, 3) < since || stmt_int(s, 3) + DAY_MS <= now;
        stmt_copy(s, 1, place, sizeof(place));
        rc = has_failed ? again : is_over(au, db, place, thing, err);
        if (rc == 1) rc = drop(db, erasure, place, thing, err);
        if (rc < 0) break;
    }
    stmt_done(s);
    return rc;
}

#define RESTS " place = 'waiting' and done_at is null and id not in (select erasure from audit_erasure_wait)"

int audit_wait_look(struct audit *au, struct store *db, int64_t now, int64_t since, int64_t *again, struct err *err)
{
    int rc = drop_ended(au, db, now, since, err);
    *again = 0;
    if (rc == 0) rc = audit_run(db, "select count(*) from audit_erasure where" RESTS, 0, again, err);
    if (rc || *again == 0) return rc;
    rc = audit_run(db, "delete from audit_erasure_left where erasure in (select id from audit_erasure where" RESTS ")",
                   0, NULL, err);
    if (rc) return rc;
    rc = audit_run(
        db, "update audit_erasure_place set kept = 0 where erasure in (select id from audit_erasure where" RESTS ")", 0,
        NULL, err);
    return rc ? rc
              : audit_run(db, "update audit_erasure set place = null, part = '', thing = 0, next = 0 where" RESTS, 0,
                          NULL, err);
}
