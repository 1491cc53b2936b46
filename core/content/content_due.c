/* The publisher: what was scheduled is published by the lane when its time has come.
 *
 * Each item is a work of its own, so one whose hook refuses does not stop the other 999. What was
 * refused keeps its state, shows its reason, and is tried again after growing pauses. An item is
 * published exactly once, since the work looks at the row again in its own mark; how late it was is
 * logged. */
#include "content/content_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "base/mem.h"
#include "people/people.h"
#include "runtime/log.h"

enum { LATE_MS = 60 * 1000, PAUSE_FIRST_MS = 60 * 1000, PAUSE_MOST_MS = 6 * 3600 * 1000, FAULT_PAUSE_MS = 5000 };

struct due_work {
    struct lane_work work;
    struct content *c;
    int64_t item, at;
    int64_t late;
    bool published;
    struct err *why; /* set: this work writes down why the one before was refused */
};

static void init_session(struct content *c, struct lane *lane, struct session *s)
{
    *s = (struct session){.mode = SESSION_WRITE,
                          .host = c->host,
                          .db = lane_db(lane),
                          .lane = lane,
                          .now = lane_now(lane),
                          .lang = c->host->lang,
                          .zone = c->host->zone};
}

/* Who did this last, and in which state it was then. 1 by their own right; 0 a run, or nobody. */
static int find_doer(struct store *db, int64_t item, const char *verb, struct actor *who, char *was, size_t cap,
                     struct err *err)
{
    static const char sql[] = "select user, person, run, coalesce(was, '') from item_log where item = ?1 and verb = ?2"
                              " order by id desc limit 1";
    size_t len;
    struct stmt *st = store_stmt(db, sql, err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, item);
    stmt_bind_str(st, 2, verb);
    int rc = stmt_step(st, err);
    if (rc == 1) {
        *who = (struct actor){.user = stmt_int(st, 0), .person = stmt_int(st, 1), .run = stmt_int(st, 2)};
        snprintf(was, cap, "%s", stmt_text(st, 3, &len));
    }
    stmt_done(st);
    return rc == 1 ? who->run == 0 : rc;
}

/* Whoever did this by their own right, also by a plugin's route, must still have it: who was demoted meanwhile, or
 * whose account is off, publishes nothing any more. What a run decided rests on the answers of its tasks, which stay
 * what they were. */
static int still_may(struct session *s, const struct content_row *row, const char *verb, struct err *err)
{
    char name[48], was[24];
    struct actor who;
    struct err_num n;
    int rc = find_doer(s->db, row->id, verb, &who, was, sizeof(was), err);
    if (rc <= 0) return rc;
    snprintf(name, sizeof(name), "content.%s", verb);
    const struct people_act act = {name, row->unit, was[0] ? was : NULL, people_day(s->host, s->now)};
    rc = who.user > 0 ? people_account_is_on(s->db, who.user, err) : 1;
    if (rc == 1)
        rc = people_may(s->db, &who, &act, err);
    else if (rc == 0)
        rc = ERR_DENIED;
    if (rc != ERR_DENIED) return rc;
    return err_set(err, ERR_REFUSED, "refused.no_longer", "item", err_i64(&n, row->id), "verb", verb, NULL);
}

static int run(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct due_work *d = (struct due_work *)w;
    struct content_row row;
    struct session s;
    init_session(d->c, lane, &s);
    int rc = content_row_load(s.db, d->item, &row, err);
    if (rc == ERR_NOT_FOUND) return 0;
    if (rc) return rc;
    if (!row.due_at || row.due_at > s.now) return 0; /* a new date, or done already */
    struct content_move m = {.verb = CONTENT_PUBLISH, .item = d->item, .rev = row.scheduled_rev};
    d->published = row.state == CONTENT_SCHEDULED && row.publish_at <= s.now;
    if (!d->published) {
        m = (struct content_move){.verb = CONTENT_ARCHIVE, .item = d->item, .expires = true};
    }
    d->late = s.now - (d->published ? row.publish_at : row.due_at);
    if (d->published) rc = still_may(&s, &row, "schedule", err);
    if (d->published && rc == 0) rc = still_may(&s, &row, "approve", err);
    return rc ? rc : content_transition(d->c, &s, &m, err);
}

static void log_done(const struct due_work *d)
{
    struct err_num id, late;
    if (!d->published) return;
    if (d->late >= LATE_MS)
        log_warn("content.published_late", "item", err_i64(&id, d->item), "late_ms", err_i64(&late, d->late), NULL);
    else
        log_info("content.published", "item", err_i64(&id, d->item), "late_ms", err_i64(&late, d->late), NULL);
}

/* With the last one the index is read again from its start: for those that came in behind the
 * reading place. */
static void free_work(struct due_work *d)
{
    if (--d->c->due.in_flight == 0) lane_wake_at(d->c->host->lane, &d->c->source, 0);
    mem_free(d->why);
    mem_free(d);
}

static int64_t pause_after(int64_t tries)
{
    int64_t pause = PAUSE_FIRST_MS;
    while (tries-- > 0 && pause < PAUSE_MOST_MS)
        pause *= 2;
    return pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS;
}

/* The state stays as it is; only the next try and the reason are written. */
static int run_failure(struct lane_work *w, struct lane *lane, struct err *err)
{
    static const char sql[] = "update item set due_at=?2, due_tries=due_tries+1, due_error=?3 where id=?1";
    struct due_work *d = (struct due_work *)w;
    struct content_row row;
    struct buf text;
    int rc = content_row_load(lane_db(lane), d->item, &row, err);
    if (rc || !row.due_at || row.due_at > lane_now(lane)) return rc == ERR_NOT_FOUND ? 0 : rc;
    struct stmt *s = store_stmt(lane_db(lane), sql, err);
    if (!s) return err->code;
    buf_init(&text, 4 << 10);
    locale_err(&text, d->c->host->lang, d->why, false);
    int64_t next = lane_now(lane) + pause_after(row.due_tries);
    stmt_bind_int(s, 1, d->item);
    stmt_bind_int(s, 2, next);
    stmt_bind_text(s, 3, text.data ? text.data : "", text.len);
    rc = stmt_run(s, err);
    buf_close(&text);
    if (rc == 0) lane_wake_at(lane, &d->c->source, next);
    return rc;
}

static void failure_done(struct lane_work *w, const struct err *failed)
{
    struct due_work *d = (struct due_work *)w;
    if (failed) log_err(LOG_ERROR, "content.publish_failure", failed);
    free_work(d);
}

static void done(struct lane_work *w, const struct err *failed)
{
    struct due_work *d = (struct due_work *)w;
    struct lane *lane = d->c->host->lane;
    if (!failed) {
        log_done(d);
        free_work(d);
        return;
    }
    struct err_num id;
    log_err(LOG_ERROR, "content.not_published", failed);
    log_warn("content.not_published_item", "item", err_i64(&id, d->item), NULL);
    if (err_is_fault(failed->code)) {
        d->c->due.paused_until = lane_now(lane) + FAULT_PAUSE_MS;
        free_work(d);
        return;
    }
    d->why = mem_alloc(sizeof(*d->why));
    *d->why = *failed;
    d->work = (struct lane_work){.run = run_failure, .done = failure_done};
    lane_add(lane, &d->work);
}

static bool add_work(struct content *c, struct lane *lane, int64_t item, int64_t at)
{
    struct due_work *d = mem_alloc(sizeof(*d));
    d->work.run = run;
    d->work.done = done;
    d->c = c;
    d->item = item;
    d->at = at;
    c->due.in_flight++;
    c->due.at = at;
    c->due.id = item;
    lane_add(lane, &d->work);
    return true;
}

/* Items in flight still stand as due in the index: reading goes on behind the last one that was
 * queued. */
int64_t content_due_collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    static const char sql[] = "select due_at, id from item where due_at is not null and (due_at, "
                              "id) > (?1, ?2) order by due_at, id limit ?3";
    struct content *c = (struct content *)((char *)src - offsetof(struct content, source));
    struct err err = {0};
    int64_t next = INT64_MAX;
    if (c->due.paused_until > now) return c->due.paused_until;
    if (c->due.in_flight == 0) c->due.at = c->due.id = INT64_MIN;
    struct stmt *s = store_stmt(lane_db(lane), sql, &err);
    if (!s) goto failed;
    stmt_bind_int(s, 1, c->due.at);
    stmt_bind_int(s, 2, c->due.id);
    stmt_bind_int(s, 3, (int64_t)max + 1);
    int rc, n = 0;
    while ((rc = stmt_step(s, &err)) == 1) {
        int64_t at = stmt_int(s, 0);
        if (at > now || n == max) {
            next = at;
            break;
        }
        add_work(c, lane, stmt_int(s, 1), at);
        n++;
    }
    stmt_done(s);
    if (rc < 0) goto failed;
    return next;
failed:
    log_err(LOG_ERROR, "content.due", &err);
    return now + FAULT_PAUSE_MS;
}
