/* Erasures that are not done go on, piece by piece. A piece is one slice: things without their values, acts that tell
 * of them, and how far it got. What cannot go yet is waited for; then all places are looked at anew. When nothing is
 * left what the person was known by goes, too, and the log is cleared; until that has worked, the erasure is not called
 * done. */
#include "audit/audit_place.h"
#include "audit/audit_trace.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum { PAUSE_MS = 2, AGAIN_MS = 1000, ERASE_ARENA = 128 << 20, PLACE_MAX = 40 };

struct audit_eraser {
    struct audit *au;
    struct lane *lane;
    struct lane_source source;
    struct lane_work work;
    bool is_working, has_more, is_looked, is_cleared, is_waiting;
    int64_t since; /* the start: what failed before it is tried again */
    /* Whose piece was tried; which failed for itself, and by what. */
    bool is_unreadable;
    int64_t current, failed;
    char why[sizeof(((struct err *)NULL)->key)];
};

struct erasure {
    int64_t id, at, user, person, next, rows, values, thing;
    bool published;
    char place[PLACE_MAX], part[ERASING_PART_MAX];
    const char *reason;
    struct audit_traces traces;
};

static int load(struct store *db, struct arena *a, struct erasure *e, struct err *err)
{
    size_t len;
    struct stmt *s = store_stmt(db,
                                "select id, at, user, by_person, next, rows, vals, reason, traces, place, part, thing,"
                                " published from audit_erasure where done_at is null and looked_at is null"
                                " and place is not 'waiting' order by id limit 1",
                                err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    if (rc == 1) {
        *e = (struct erasure){.id = stmt_int(s, 0),
                              .at = stmt_int(s, 1),
                              .user = stmt_int(s, 2),
                              .person = stmt_int(s, 3),
                              .next = stmt_int(s, 4),
                              .rows = stmt_int(s, 5),
                              .values = stmt_int(s, 6),
                              .thing = stmt_int(s, 11),
                              .published = stmt_int(s, 12)};
        stmt_copy(s, 9, e->place, sizeof(e->place));
        stmt_copy(s, 10, e->part, sizeof(e->part));
        const char *reason = stmt_text(s, 7, &len);
        e->reason = arena_strndup(a, reason ? reason : "", len);
        const char *p = stmt_blob(s, 8, &len);
        int bad = e->reason ? audit_traces_read(p, len, a, &e->traces, err) : ERR_NOMEM;
        if (bad) rc = e->reason ? bad : err_set(err, bad, "memory", NULL);
    }
    stmt_done(s);
    return rc;
}

static int put_state(struct store *db, const struct erasure *e, int64_t looked_at, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "update audit_erasure set next = ?2, rows = ?3, vals = ?4, looked_at = nullif(?5, 0),"
                                " traces = case when ?5 then null else traces end, place = nullif(?6, ''), part = ?7,"
                                " thing = ?8 where id = ?1",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->id);
    stmt_bind_int(s, 2, e->next);
    stmt_bind_int(s, 3, e->rows);
    stmt_bind_int(s, 4, e->values);
    stmt_bind_int(s, 5, looked_at);
    stmt_bind_str(s, 6, e->place);
    stmt_bind_str(s, 7, e->part);
    stmt_bind_int(s, 8, e->thing);
    return stmt_run(s, err);
}

static int put_counts(struct store *db, const struct erasing *e, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "insert into audit_erasure_place(erasure, place, things, vals, kept)"
                                " values(?1, ?2, ?3, ?4, ?5) on conflict(erasure, place) do update set"
                                " things = things + excluded.things, vals = vals + excluded.vals,"
                                " kept = kept + excluded.kept",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->id);
    stmt_bind_str(s, 2, e->place);
    stmt_bind_int(s, 3, e->things);
    stmt_bind_int(s, 4, e->values);
    stmt_bind_int(s, 5, e->kept);
    return stmt_run(s, err);
}

/* --- one piece --- */

static void set_place(struct erasure *e, const char *name)
{
    snprintf(e->place, sizeof(e->place), "%s", name);
    e->part[0] = '\0';
    e->thing = 0;
}

static int look_at_place(struct audit *au, struct erasing *g, struct erasure *e, struct err *err)
{
    size_t i = 0;
    const struct audit_place *p = audit_place_at(au, 0);
    bool more = false;
    while (p && e->place[0] && strcmp(p->name, e->place) != 0)
        p = audit_place_at(au, ++i);
    if (!p) { /* none, or one that is no more */
        set_place(e, "audit");
        return 0;
    }
    set_place(e, p->name);
    g->place = p->name;
    int rc = p->look(p->ctx, g, &more, err);
    crash_point("audit.erase_thing");
    if (rc == 0 && (g->things || g->kept)) rc = put_counts(g->s->db, g, err);
    memcpy(e->part, g->part, sizeof(e->part));
    e->thing = g->at;
    const struct audit_place *next = audit_place_at(au, i + 1);
    if (!more) set_place(e, next ? next->name : "audit");
    return rc;
}

static int look_at_audit(struct audit_eraser *er, struct erasing *g, struct erasure *e, struct err *err)
{
    int64_t waits = 0;
    bool more;
    g->place = "audit";
    g->at = e->next;
    int rc = audit_own_look(g, &more, err);
    e->next = g->at;
    e->rows += g->things;
    e->values += g->values;
    if (rc || more) return rc;
    rc = audit_run(g->s->db, "select count(*) from audit_erasure_wait where erasure = ?1", e->id, &waits, err);
    if (waits) set_place(e, "waiting");
    er->is_looked = waits == 0;
    return rc;
}

static int run_erasure(struct audit_eraser *er, struct session *s, struct erasure *e, struct err *err)
{
    struct audit_trace trace;
    struct arena a;
    struct erasing g = {.s = s,
                        .traces = &e->traces,
                        .trace = &trace,
                        .a = &a,
                        .published = e->published,
                        .id = e->id,
                        .reason = e->reason,
                        .at = e->thing};
    int rc = audit_trace_init(&trace, &e->traces, err);
    arena_init(&a, ERASE_ARENA);
    memcpy(g.part, e->part, sizeof(g.part));
    if (rc == 0)
        rc = strcmp(e->place, "audit") == 0 ? look_at_audit(er, &g, e, err) : look_at_place(er->au, &g, e, err);
    if (rc == 0) rc = put_state(s->db, e, er->is_looked ? s->now : 0, err);
    crash_point("audit.erase_piece");
    er->has_more = !er->is_looked;
    arena_close(&a);
    audit_trace_close(&trace);
    return rc;
}

/* --- waiting --- */

static int look_at_waits(struct audit_eraser *er, struct store *db, int64_t now, struct err *err)
{
    int64_t again = 0, left = 0;
    int rc = audit_wait_look(er->au, db, now, er->since, &again, err);
    crash_point("audit.erase_again");
    if (rc == 0)
        rc = audit_run(db, "select count(*) from audit_erasure where done_at is null and place = 'waiting'", 0, &left,
                       err);
    er->has_more = again > 0;
    er->is_waiting = left > 0;
    return rc;
}

/* After the last piece, in a slice of its own: the log was cleared. */
static int finish(struct store *db, int64_t now, struct err *err)
{
    int rc = audit_run(db,
                       "delete from audit_erasure_field where erasure in (select id from audit_erasure where done_at is"
                       " null and looked_at is not null)",
                       0, NULL, err);
    crash_point("audit.erase_done");
    return rc ? rc
              : audit_run(db, "update audit_erasure set done_at = ?1 where done_at is null and looked_at is not null",
                          now, NULL, err);
}

/* Nothing is to be looked at: what was is cleared, what waits may go on. */
static int rest(struct audit_eraser *er, struct store *db, int64_t now, struct err *err)
{
    int64_t looked = 0;
    int rc = audit_run(db, "select count(*) from audit_erasure where done_at is null and looked_at is not null", 0,
                       &looked, err);
    er->is_looked = looked > 0;
    return rc || looked ? rc : look_at_waits(er, db, now, err);
}

/* --- on the lane --- */

static int run_piece(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct audit_eraser *er = (struct audit_eraser *)((char *)w - offsetof(struct audit_eraser, work));
    struct host *h = er->au->host;
    struct arena a;
    struct erasure e = {0};
    char origin[48];
    struct session s = {.mode = SESSION_WRITE,
                        .host = h,
                        .db = lane_db(lane),
                        .lane = lane,
                        .arena = &a,
                        .now = lane_now(lane),
                        .origin = origin,
                        .lang = h->lang,
                        .zone = h->zone};
    er->has_more = er->is_looked = false;
    er->current = 0;
    if (er->failed) { /* others go on */
        er->has_more = true;
        return er->is_unreadable ? audit_wait_unreadable(s.db, er->failed, er->why, s.now, err)
                                 : audit_wait_failed(er->au, s.db, er->failed, er->why, s.now, err);
    }
    if (er->is_cleared) {
        er->is_cleared = false;
        er->has_more = true; /* another erasure, perhaps */
        return finish(s.db, s.now, err);
    }
    arena_init(&a, ERASE_ARENA);
    int rc = load(s.db, &a, &e, err);
    er->current = e.id;
    er->is_unreadable = rc < 0;
    if (rc == 1 && e.at >= s.now) { /* its own transaction may hold rows that are not there yet */
        er->has_more = true;
        rc = 0;
    } else if (rc == 1) {
        snprintf(origin, sizeof(origin), "erasure %lld", (long long)e.id);
        s.actor = (struct actor){.user = e.user, .person = e.person};
        rc = run_erasure(er, &s, &e, err);
    } else if (rc == 0) {
        rc = rest(er, s.db, s.now, err);
    }
    arena_close(&a);
    return rc;
}

/* After the commit. */
static void done_piece(struct lane_work *w, const struct err *failed)
{
    struct audit_eraser *er = (struct audit_eraser *)((char *)w - offsetof(struct audit_eraser, work));
    struct err err = {0};
    int64_t now = clock_now(&er->au->host->clock);
    er->is_working = false;
    if (failed) {
        bool waits = er->current && audit_wait_may(failed->code);
        log_err(LOG_ERROR, "audit.erase_failed", failed);
        er->failed = waits ? er->current : er->failed;
        if (waits) memcpy(er->why, failed->key, sizeof(er->why));
        lane_wake_at(er->lane, &er->source, now + (waits ? PAUSE_MS : 60 * AGAIN_MS));
        return;
    }
    if (er->current == 0) er->failed = 0; /* it is told of */
    if (er->is_looked) {
        crash_point("audit.erase_clear");
        int rc = store_clear_log(lane_db(er->lane), &err);
        if (rc < 0) log_err(LOG_ERROR, "audit.erase_failed", &err);
        er->is_cleared = rc == 1;
        lane_wake_at(er->lane, &er->source, now + (rc == 1 ? 0 : AGAIN_MS));
    } else if (er->has_more || er->is_waiting) {
        lane_wake_at(er->lane, &er->source, now + (er->has_more ? PAUSE_MS : 60 * AGAIN_MS));
    }
}

static int64_t collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct audit_eraser *er = (struct audit_eraser *)((char *)src - offsetof(struct audit_eraser, source));
    (void)now;
    (void)max;
    if (!er->is_working) lane_add(lane, &er->work);
    er->is_working = true;
    return INT64_MAX;
}

void audit_eraser_start(struct audit *au, struct lane *lane)
{
    struct audit_eraser *er = mem_alloc(sizeof(*er));
    *er = (struct audit_eraser){.au = au, .lane = lane, .since = clock_now(&au->host->clock)};
    er->work = (struct lane_work){.run = run_piece, .done = done_piece};
    er->source = (struct lane_source){.collect = collect, .due = INT64_MAX};
    au->eraser = er;
    lane_add_source(lane, &er->source);
    lane_wake_at(lane, &er->source, 0);
}

void audit_eraser_wake(struct audit *au, int64_t now)
{
    if (au->eraser) lane_wake_at(au->eraser->lane, &au->eraser->source, now + PAUSE_MS);
}

void audit_erase_ended(struct audit *au)
{
    if (au && au->eraser && au->eraser->is_waiting) audit_eraser_wake(au, lane_now(au->eraser->lane));
}

void audit_eraser_free(struct audit *au)
{
    mem_free(au->eraser);
}
