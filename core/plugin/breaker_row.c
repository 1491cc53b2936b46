/* What is written of breakers: a row for each that is not closed. What one does by itself is in memory at once and
 * written by a slice of its own: lost with the process, it is found out again. What the admin does is written first. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "plugin/breaker_internal.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum { AGAIN_MS = 1000 };

const struct store_migration breaker_migrations[] = {
    {"breaker/001", "create table plugin_breaker(plugin text primary key, state integer not null, why text not null,"
                    " since integer not null, until integer not null, trips integer not null) without rowid;"},
    {0}};

int breaker_load(struct breakers *bs, struct store *db, struct err *err)
{
    struct stmt *s = store_stmt(db, "select plugin, state, why, since, until, trips from plugin_breaker", err);
    int rc;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        struct breaker *b = breaker_entry(bs, stmt_text(s, 0, &len));
        b->status.state = stmt_int(s, 1) == BREAKER_OFF ? BREAKER_OFF : BREAKER_OPEN;
        snprintf(b->status.why, sizeof(b->status.why), "%s", stmt_text(s, 2, &len));
        b->status.since = stmt_int(s, 3);
        b->status.until = stmt_int(s, 4);
        b->status.trips = stmt_int(s, 5);
    }
    stmt_done(s);
    return rc;
}

/* ?7: even a row that the admin has written. What he has said may be in the database and not yet in memory, so that
 * what happens by itself leaves such rows alone. */
static int write_row(struct store *db, const char *plugin, const struct breaker_status *st, bool by_hand,
                     struct err *err)
{
    static const char remove[] = "delete from plugin_breaker where plugin = ?1 and (?7 or state <> 3)";
    static const char put[] = "insert into plugin_breaker(plugin, state, why, since, until, trips)"
                              " values(?1,?2,?3,?4,?5,?6) on conflict(plugin) do update set state = ?2, why = ?3,"
                              " since = ?4, until = ?5, trips = ?6 where ?7 or state <> 3";
    _Static_assert(BREAKER_OFF == 3, "as the statements say");
    bool closed = st->state == BREAKER_CLOSED;
    if (st->state == BREAKER_OFF && !by_hand) return 0;
    struct stmt *s = store_stmt(db, closed ? remove : put, err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, plugin);
    stmt_bind_int(s, 7, by_hand);
    if (!closed) {
        stmt_bind_int(s, 2, st->state);
        stmt_bind_str(s, 3, st->why);
        stmt_bind_int(s, 4, st->since);
        stmt_bind_int(s, 5, st->until);
        stmt_bind_int(s, 6, st->trips);
    }
    return stmt_run(s, err);
}

/* --- a slice of its own --- */

struct change {
    struct lane_work work;
    struct breakers *breakers;
    char *plugin;
};

static int run_change(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct change *c = (struct change *)w;
    struct breakers *bs = c->breakers;
    struct breaker_status st;
    struct session s = {.mode = SESSION_WRITE,
                        .host = bs->host,
                        .db = lane_db(lane),
                        .lane = lane,
                        .now = lane_now(lane),
                        .lang = bs->host->lang,
                        .zone = bs->host->zone};
    breaker_status(bs, c->plugin, &st); /* whatever has happened since */
    crash_point("breaker.before_row");
    int rc = write_row(s.db, c->plugin, &st, false, err);
    if (st.state == BREAKER_OPEN) lane_wake_at(lane, &bs->source, st.until);
    bool is_on = st.state == BREAKER_CLOSED || st.state == BREAKER_HALF;
    for (size_t i = 0; rc == 0 && is_on && i < bs->nlisteners; i++)
        rc = bs->listeners[i].fn(bs->listeners[i].ctx, &s, c->plugin, st.state == BREAKER_CLOSED, err);
    crash_point("breaker.after_row");
    return rc;
}

static void done_change(struct lane_work *w, const struct err *failed)
{
    struct change *c = (struct change *)w;
    struct breakers *bs = c->breakers;
    if (failed && failed->code != ERR_STOPPED) {
        log_err(LOG_ERROR, "plugin.breaker_not_written", failed);
        pthread_mutex_lock(&bs->lock);
        breaker_entry(bs, c->plugin)->is_untold = true;
        pthread_mutex_unlock(&bs->lock);
        lane_wake_at(bs->lane, &bs->source, clock_now(&bs->host->clock) + AGAIN_MS);
    }
    mem_free(c->plugin);
    mem_free(c);
}

void breaker_post(struct breakers *bs, const char *plugin)
{
    if (!bs->lane) return;
    struct change *c = mem_alloc(sizeof(*c));
    *c =
        (struct change){.work = {.run = run_change, .done = done_change}, .breakers = bs, .plugin = mem_strdup(plugin)};
    lane_post(bs->lane, &c->work);
}

/* --- by the admin --- */

struct by_hand {
    struct breakers *breakers;
    char *plugin;
    struct breaker_status status;
};

static void drop(void *arg)
{
    struct by_hand *h = arg;
    mem_free(h->plugin);
    mem_free(h);
}

static void apply(void *arg)
{
    struct by_hand *h = arg;
    struct breakers *bs = h->breakers;
    pthread_mutex_lock(&bs->lock);
    struct breaker *b = breaker_entry(bs, h->plugin);
    h->status.calls = b->status.calls;
    h->status.failed = b->status.failed;
    h->status.times_off = b->status.times_off;
    b->status = h->status;
    b->in_trial = false;
    b->in_row = b->calls = b->bad = 0;
    pthread_mutex_unlock(&bs->lock);
    log_info(h->status.state == BREAKER_OFF ? "plugin.disabled" : "plugin.enabled", "plugin", h->plugin, "why",
             h->status.why, NULL);
    breaker_post(bs, h->plugin);
    drop(h);
}

static int by_hand(struct session *s, const char *plugin, const struct breaker_status *st, struct err *err)
{
    crash_point("breaker.before_hand");
    int rc = write_row(s->db, plugin, st, true, err);
    crash_point("breaker.after_hand");
    if (rc) return rc;
    struct by_hand *h = mem_alloc(sizeof(*h));
    *h = (struct by_hand){s->host->breakers, mem_strdup(plugin), *st};
    lane_after_commit(s->lane, apply, drop, h);
    return 0;
}

int breaker_disable(struct session *s, const char *plugin, const char *why, struct err *err)
{
    struct breaker_status st = {.state = BREAKER_OFF, .since = s->now};
    snprintf(st.why, sizeof(st.why), "%s", why);
    return by_hand(s, plugin, &st, err);
}

int breaker_enable(struct session *s, const char *plugin, struct err *err)
{
    struct breaker_status st = {.state = BREAKER_CLOSED};
    return by_hand(s, plugin, &st, err);
}
