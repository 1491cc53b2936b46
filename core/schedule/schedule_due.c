/* Firing. Due jobs are read from the index and run as works of their own. A work reads its row
 * again in its own mark, so nothing fires twice: a one-shot is done once, a cron job has moved to
 * its next time in the commit of its firing, and that next time is counted from the time it stood
 * for, never from a clock that went back. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "base/mem.h"
#include "runtime/log.h"
#include "schedule/schedule_internal.h"

enum { PAUSE_FIRST_MS = 60 * 1000, PAUSE_MOST_MS = 6 * 3600 * 1000, FAULT_PAUSE_MS = 5000, QUEUE_PAUSE_MS = 60 * 1000 };

struct due_work {
    struct lane_work work;
    struct schedule *sch;
    int64_t id;
    /* What happened, to be told after the commit. */
    enum { NOTHING, FIRED, SKIPPED, HELD, OVERLAPPED } what;
    int64_t late;
    bool overdue;
    char name[128];
    struct err *why; /* set: this work writes down why the one before failed */
};

void schedule_init_session(struct schedule *sch, struct lane *lane, struct session *s)
{
    arena_reset(&sch->arena);
    *s = (struct session){.mode = SESSION_WRITE,
                          .host = sch->host,
                          .db = lane_db(lane),
                          .lane = lane,
                          .arena = &sch->arena,
                          .now = lane_now(lane),
                          .lang = sch->host->lang,
                          .zone = sch->host->zone};
}

static const struct schedule_sink *sink_of(const struct schedule *sch, const char *kind)
{
    for (size_t i = 0; i < sch->nsinks; i++)
        if (strcmp(sch->sinks[i].kind, kind) == 0) return &sch->sinks[i];
    return NULL;
}

/* "Run now" of a cron job whose time is still to come: it fires besides that time, which stays. */
static bool is_besides(const struct schedule_row *r, const struct session *s)
{
    return r->manual && r->cron && r->due > s->now;
}

/* The row after a firing that has happened or will not: the next time, or the end. */
static int move_on(struct schedule_row *r, struct session *s, struct err *err)
{
    int64_t after = r->missed == SCHEDULE_RUN_ALL || r->due > s->now ? r->due : s->now;
    r->waiting = r->alarmed = false;
    r->tries = 0;
    r->state = SCHEDULE_ACTIVE;
    if (is_besides(r, s)) {
        r->manual = false;
        r->next_at = r->due;
        return 0;
    }
    r->manual = false;
    if (r->cron) return schedule_advance(r, after, s->arena, err);
    r->state = SCHEDULE_DONE;
    r->next_at = 0;
    return 0;
}

/* Why a job did not fire, for those who look at the list. */
static const char *reason(const struct due_work *d, const char *key)
{
    const char *text = locale_text(locale_pick(d->sch->host->lang), key);
    return text ? text : key;
}

static int fire(struct due_work *d, struct session *s, struct schedule_row *r, struct err *err)
{
    const struct schedule_sink *sink = sink_of(d->sch, r->kind);
    if (!sink) return err_set(err, ERR_NOT_FOUND, "schedule.no_sink", "kind", r->kind, NULL);
    bool besides = is_besides(r, s);
    struct schedule_job job = {.id = r->id,
                               .item = r->item,
                               .plugin = r->plugin,
                               .name = r->name,
                               .kind = r->kind,
                               .flow = r->flow,
                               .input = &r->input,
                               .local = r->local,
                               .zone = r->zone,
                               .due = besides ? s->now : r->due,
                               .late_ms = s->now > r->due ? s->now - r->due : 0};
    snprintf(job.key, sizeof(job.key), besides ? "schedule:%" PRId64 ":now:%" PRId64 : "schedule:%" PRId64 ":%" PRId64,
             r->id, job.due);
    int64_t run = 0;
    int rc = sink->fire(sink->ctx, s, &job, &run, err);
    if (rc) return rc;
    r->last_run = run;
    r->last_run_at = s->now;
    r->last_late_ms = job.late_ms;
    r->error = NULL;
    d->late = job.late_ms;
    d->what = FIRED;
    return move_on(r, s, err);
}

/* Still running what it started before? 1: this firing was dropped or put off. */
static int check_overlap(struct due_work *d, struct session *s, struct schedule_row *r, struct err *err)
{
    const struct schedule_sink *sink = sink_of(d->sch, r->kind);
    if (r->overlap == SCHEDULE_OVERLAP_ALLOW || !r->last_run || !sink || !sink->is_running) return 0;
    int rc = sink->is_running(sink->ctx, s, r->last_run, err);
    if (rc <= 0) return rc;
    if (r->overlap == SCHEDULE_OVERLAP_QUEUE) {
        d->what = HELD;
        d->overdue = !r->alarmed && r->due + r->grace_ms < s->now;
        r->alarmed |= d->overdue;
        r->waiting = true;
        r->next_at = s->now + QUEUE_PAUSE_MS;
        r->error = reason(d, "schedule.held");
        return 1;
    }
    d->what = OVERLAPPED;
    r->error = reason(d, "schedule.overlapped");
    rc = move_on(r, s, err);
    return rc ? rc : 1;
}

/* 1: it was missed, and its policy is to let it be. */
static int check_missed(struct due_work *d, struct session *s, struct schedule_row *r, struct err *err)
{
    if (r->missed != SCHEDULE_SKIP || r->manual || r->waiting || r->tries || s->now - r->due <= r->grace_ms) return 0;
    d->what = SKIPPED;
    d->late = s->now - r->due;
    r->error = reason(d, "schedule.skipped");
    int rc = move_on(r, s, err);
    return rc ? rc : 1;
}

static int run(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct due_work *d = (struct due_work *)w;
    struct schedule_row r;
    struct session s;
    schedule_init_session(d->sch, lane, &s);
    d->what = NOTHING;
    d->overdue = false;
    int rc = schedule_row_load(s.db, d->id, s.arena, &r, err);
    if (rc <= 0) return rc;
    /* Cancelled, moved to another time, or done meanwhile. */
    if (!r.next_at || r.next_at > s.now || (r.state != SCHEDULE_ACTIVE && r.state != SCHEDULE_FAILED)) return 0;
    snprintf(d->name, sizeof(d->name), "%s/%s", r.plugin, r.name);
    rc = check_missed(d, &s, &r, err);
    if (rc == 0) rc = check_overlap(d, &s, &r, err);
    if (rc == 0) rc = fire(d, &s, &r, err);
    if (rc < 0) return rc;
    rc = schedule_row_save(s.db, &r, err);
    if (rc == 0 && r.next_at) lane_wake_at(lane, &d->sch->source, r.next_at);
    return rc;
}

static int64_t pause_after(int64_t tries)
{
    int64_t pause = PAUSE_FIRST_MS;
    while (tries-- > 0 && pause < PAUSE_MOST_MS)
        pause *= 2;
    return pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS;
}

/* The intent stays as it is; the reason and the next try are written. */
static int run_failure(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct due_work *d = (struct due_work *)w;
    struct schedule_row r;
    struct session s;
    struct buf text;
    schedule_init_session(d->sch, lane, &s);
    int rc = schedule_row_load(s.db, d->id, s.arena, &r, err);
    if (rc <= 0) return rc;
    if (!r.next_at || r.next_at > s.now || (r.state != SCHEDULE_ACTIVE && r.state != SCHEDULE_FAILED)) return 0;
    buf_init(&text, 4 << 10);
    locale_err(&text, d->sch->host->lang, d->why, false);
    r.error = text.data ? text.data : d->why->key;
    r.state = SCHEDULE_FAILED;
    r.next_at = s.now + pause_after(r.tries++);
    d->overdue = !r.alarmed && r.due + r.grace_ms < s.now;
    r.alarmed |= d->overdue;
    rc = schedule_row_save(s.db, &r, err);
    buf_close(&text);
    if (rc == 0) lane_wake_at(lane, &d->sch->source, r.next_at);
    return rc;
}

/* With the last one the index is read again from its start: for those that came in behind the
 * reading place. */
static void free_work(struct due_work *d)
{
    if (--d->sch->in_flight == 0) lane_wake_at(d->sch->host->lane, &d->sch->source, d->sch->paused_until);
    mem_free(d->why);
    mem_free(d);
}

static void tell(const struct due_work *d)
{
    static const char *const events[] = {NULL, "schedule.fired", "schedule.skipped", "schedule.held",
                                         "schedule.overlapped"};
    struct err_num id, late;
    err_i64(&id, d->id);
    err_i64(&late, d->late);
    if (d->what == FIRED && d->late >= GRACE_MS)
        log_warn("schedule.late", "schedule", id.s, "name", d->name, "late_ms", late.s, NULL);
    else if (d->what != NOTHING)
        log_write(d->what == FIRED ? LOG_DEBUG : LOG_INFO, events[d->what], "schedule", id.s, "name", d->name,
                  "late_ms", late.s, NULL);
    if (d->overdue) log_warn("schedule.overdue", "schedule", id.s, "name", d->name, NULL);
}

static void failure_done(struct lane_work *w, const struct err *failed)
{
    struct due_work *d = (struct due_work *)w;
    if (failed) log_err(LOG_ERROR, "schedule.failure", failed);
    /* Nothing was written: without a pause it would be due again at once. */
    if (failed) d->sch->paused_until = lane_now(d->sch->host->lane) + FAULT_PAUSE_MS;
    d->what = NOTHING;
    tell(d);
    free_work(d);
}

static void done(struct lane_work *w, const struct err *failed)
{
    struct due_work *d = (struct due_work *)w;
    struct err_num id;
    if (!failed) {
        tell(d);
        free_work(d);
        return;
    }
    log_err(LOG_ERROR, "schedule.failed", failed);
    log_warn("schedule.failed_job", "schedule", err_i64(&id, d->id), "name", d->name, NULL);
    if (err_is_fault(failed->code)) {
        d->sch->paused_until = lane_now(d->sch->host->lane) + FAULT_PAUSE_MS;
        free_work(d);
        return;
    }
    d->why = mem_alloc(sizeof(*d->why));
    *d->why = *failed;
    d->work = (struct lane_work){.run = run_failure, .done = failure_done};
    lane_add(d->sch->host->lane, &d->work);
}

static void add_work(struct schedule *sch, struct lane *lane, int64_t id)
{
    struct due_work *d = mem_alloc(sizeof(*d));
    d->work.run = run;
    d->work.done = done;
    d->sch = sch;
    d->id = id;
    sch->in_flight++;
    lane_add(lane, &d->work);
}

int64_t schedule_collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    static const char sql[] = "select next_at, id from schedule where next_at is not null and (next_at, id) > (?1, ?2)"
                              " order by next_at, id limit ?3";
    struct schedule *sch = (struct schedule *)((char *)src - offsetof(struct schedule, source));
    struct err err = {0};
    int64_t next = INT64_MAX;
    int rc, n = 0;
    if (sch->paused_until > now) return sch->paused_until;
    sch->paused_until = 0;
    if (sch->in_flight == 0) sch->read_at = sch->read_id = INT64_MIN;
    struct stmt *s = store_stmt(lane_db(lane), sql, &err);
    if (!s) goto failed;
    stmt_bind_int(s, 1, sch->read_at);
    stmt_bind_int(s, 2, sch->read_id);
    stmt_bind_int(s, 3, (int64_t)max + 1);
    while ((rc = stmt_step(s, &err)) == 1) {
        int64_t at = stmt_int(s, 0);
        if (at > now || n == max) {
            next = at;
            break;
        }
        sch->read_at = at;
        sch->read_id = stmt_int(s, 1);
        add_work(sch, lane, sch->read_id);
        n++;
    }
    stmt_done(s);
    if (rc < 0) goto failed;
    return next;
failed:
    log_err(LOG_ERROR, "schedule.collect", &err);
    return now + FAULT_PAUSE_MS;
}
