/* The states of a breaker, under one lock: what enters and leaves is much longer than what is done under it. */
#include "plugin/breaker_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/mem.h"
#include "plugin/incident.h"
#include "plugin/plugins.h"
#include "runtime/log.h"

enum { MINUTE_MS = 60000, PAUSE_MS = 30000, PAUSE_MOST_MS = 600000 };

const char *breaker_state_name(enum breaker_state state)
{
    static const char *const names[] = {"closed", "open", "half-open", "off"};
    return names[state];
}

struct breaker *breaker_entry(struct breakers *bs, const char *name)
{
    uint32_t h = 2166136261u;
    for (const char *p = name; *p; p++)
        h = (h ^ (uint8_t)*p) * 16777619u;
    struct breaker **slot = &bs->slots[h % BREAKER_SLOTS], *b = *slot;
    while (b && strcmp(b->name, name) != 0)
        b = b->next;
    if (b) return b;
    b = mem_alloc(sizeof(*b));
    b->name = mem_strdup(name);
    b->next = *slot;
    *slot = b;
    if (bs->newest)
        bs->newest->newer = b;
    else
        bs->oldest = b;
    bs->newest = b;
    return b;
}

static int64_t collect(struct lane_source *source, struct lane *lane, int64_t now, int max)
{
    struct breakers *bs = (struct breakers *)((char *)source - offsetof(struct breakers, source));
    int64_t next = INT64_MAX;
    (void)lane;
    (void)max;
    pthread_mutex_lock(&bs->lock);
    for (struct breaker *b = bs->oldest; b; b = b->newer) {
        if (b->is_untold) breaker_post(bs, b->name);
        b->is_untold = false;
        if (b->status.state != BREAKER_OPEN) continue;
        if (b->status.until > now) {
            if (b->status.until < next) next = b->status.until;
            continue;
        }
        b->status.state = BREAKER_HALF;
        b->in_trial = false;
        breaker_post(bs, b->name);
    }
    pthread_mutex_unlock(&bs->lock);
    return next;
}

int breakers_open(struct host *host, struct store *db, struct breakers **out, struct err *err)
{
    struct breakers *bs = mem_alloc(sizeof(*bs));
    bs->host = host;
    bs->source.collect = collect;
    pthread_mutex_init(&bs->lock, NULL);
    int rc = breaker_load(bs, db, err);
    if (rc) {
        breakers_free(bs);
        return rc;
    }
    *out = bs;
    return 0;
}

void breakers_start(struct breakers *bs, struct lane *lane)
{
    bs->lane = lane;
    lane_add_source(lane, &bs->source);
}

void breakers_free(struct breakers *bs)
{
    if (!bs) return;
    for (struct breaker *b = bs->oldest, *newer; b; b = newer) {
        newer = b->newer;
        mem_free(b->name);
        mem_free(b);
    }
    pthread_mutex_destroy(&bs->lock);
    mem_free(bs);
}

void breakers_add_listener(struct breakers *bs, breaker_listener fn, void *ctx)
{
    if (!bs || bs->nlisteners == BREAKER_LISTENERS) return;
    bs->listeners[bs->nlisteners].fn = fn;
    bs->listeners[bs->nlisteners++].ctx = ctx;
}

void breaker_tell(struct breakers *bs, const char *plugin)
{
    if (bs && bs->lane) breaker_post(bs, plugin);
}

/* --- in and out --- */

static struct breakers *in_use(struct host *host, const char *plugin)
{
    return host->breakers && plugin && !host->is_test ? host->breakers : NULL;
}

static int refuse(const struct breaker *b, struct err *err)
{
    const struct breaker_status *st = &b->status;
    char since[32], next[32] = "-";
    date_format_iso(st->since, since);
    if (st->state == BREAKER_OFF)
        return err_set(err, ERR_REFUSED, "plugin.disabled", "plugin", b->name, "why", st->why, "since", since, NULL);
    date_format_iso(st->until, next);
    return err_set(err, ERR_REFUSED, "plugin.off", "plugin", b->name, "why", st->why, "since", since, "next", next,
                   NULL);
}

/* 0: it may go on. Under the lock. */
static int enter(struct breaker *b, struct breaker_pass *p, struct err *err)
{
    p->breaker = b;
    switch (b->status.state) {
    case BREAKER_CLOSED:
        return 0;
    case BREAKER_HALF:
        p->is_nested = b->in_trial && pthread_equal(b->trial_thread, pthread_self());
        if (p->is_nested) return 0;
        if (b->in_trial) return refuse(b, err);
        p->is_trial = b->in_trial = true;
        b->trial_thread = pthread_self();
        return 0;
    case BREAKER_OPEN:
    case BREAKER_OFF:
        break;
    }
    return refuse(b, err);
}

int breaker_enter(struct host *host, const char *plugin, struct breaker_pass *p, struct err *err)
{
    struct breakers *bs = in_use(host, plugin);
    *p = (struct breaker_pass){0};
    if (!bs) return 0;
    pthread_mutex_lock(&bs->lock);
    int rc = enter(breaker_entry(bs, plugin), p, err);
    pthread_mutex_unlock(&bs->lock);
    return rc;
}

bool breaker_is_veto(const struct err *err)
{
    /* error() and assert() are what an author refuses with: the innermost call is one of them. */
    static const char *const raising[] = {"'error'", "'assert'"};
    const char *trace = err->traceback, *end = strchr(trace, '\n');
    size_t n = end ? (size_t)(end - trace) : strlen(trace);
    if (err->code != ERR_PLUGIN || strncmp(trace, "[C]:", 4) != 0) return false;
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(raising[i]);
        if (n > len && memcmp(trace + n - len, raising[i], len) == 0) return true;
    }
    return n == 4; /* a tail call has no name */
}

static void trip(struct breakers *bs, struct breaker *b, int64_t now)
{
    struct breaker_status *st = &b->status;
    int64_t pause = (int64_t)PAUSE_MS << (st->trips < 10 ? st->trips : 10);
    struct err_num n;
    if (st->state == BREAKER_CLOSED) st->since = now;
    st->trips++;
    st->times_off++;
    st->state = BREAKER_OPEN;
    st->until = now + (pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS);
    b->in_trial = false;
    log_error("plugin.off", "plugin", b->name, "why", st->why, "next_ms", err_i64(&n, st->until - now), NULL);
    breaker_post(bs, b->name);
}

static void close_it(struct breakers *bs, struct breaker *b)
{
    b->status.state = BREAKER_CLOSED;
    b->status.since = b->status.until = b->status.trips = 0;
    b->status.why[0] = '\0';
    b->in_trial = false;
    b->in_row = b->calls = b->bad = 0;
    log_info("plugin.on", "plugin", b->name, NULL);
    breaker_post(bs, b->name);
}

/* What the admin allows; what is not loaded has what is usual. */
static struct plugin_limits limits_of(struct host *host, const char *plugin)
{
    struct registry *r = host->plugins ? plugins_registry(host->plugins) : NULL;
    const struct plugin *p = r ? registry_plugin(r, plugin) : NULL;
    struct plugin_limits l;
    plugin_limits_normal(&l);
    if (p) l = p->limits;
    registry_drop(r);
    return l;
}

static void count(struct breaker *b, int64_t now, bool bad)
{
    if (b->minute != now / MINUTE_MS) {
        b->minute = now / MINUTE_MS;
        b->calls = b->bad = 0;
    }
    b->calls++;
    b->bad += bad;
    b->in_row = bad ? b->in_row + 1 : 0;
    b->status.calls++;
    b->status.failed += bad;
}

static bool is_too_bad(const struct breaker *b, const struct plugin_limits *l)
{
    if (l->failures == 0) return false;
    return b->in_row >= l->failures || (b->calls >= l->failures_calls && b->bad * 100 > b->calls * l->failures_percent);
}

/* For people: what failed, where, and the id by which it is found among the errors. */
static void say_why(struct breaker *b, const struct err *err)
{
    char id[INCIDENT_ID];
    incident_id(b->name, err, id);
    snprintf(b->status.why, sizeof(b->status.why), "%.200s%s%.100s (%s)", err->text[0] ? err->text : err->key,
             err->where[0] ? " at " : "", err->where, id);
}

static void left(struct breakers *bs, const struct breaker_pass *p, bool bad, const struct err *err)
{
    struct breaker *b = p->breaker;
    struct plugin_limits l = {0};
    int64_t now = clock_now(&bs->host->clock);
    if (bad) l = limits_of(bs->host, b->name);
    pthread_mutex_lock(&bs->lock);
    count(b, now, bad);
    bool ends_trial = (p->is_trial || p->is_nested) && b->status.state == BREAKER_HALF;
    if (bad && (ends_trial || b->status.state == BREAKER_CLOSED)) {
        say_why(b, err);
        if (ends_trial || is_too_bad(b, &l)) trip(bs, b, now);
    } else if (ends_trial && !p->is_nested) {
        close_it(bs, b);
    }
    pthread_mutex_unlock(&bs->lock);
}

/* Neither well nor badly: a refusal, or a fault of the host, says nothing of the code. The next that waits is tried. */
static void give_back_trial(struct breakers *bs, const struct breaker_pass *p)
{
    if (!p->is_trial) return;
    pthread_mutex_lock(&bs->lock);
    if (p->breaker->status.state == BREAKER_HALF) {
        p->breaker->in_trial = false;
        breaker_post(bs, p->breaker->name);
    }
    pthread_mutex_unlock(&bs->lock);
}

void breaker_leave(struct host *host, const struct breaker_pass *p, int rc, const struct err *err)
{
    if (!p->breaker) return;
    if (rc < 0 && !incident_is(err))
        give_back_trial(host->breakers, p);
    else
        left(host->breakers, p, rc < 0, err);
}

void breaker_leave_again(struct host *host, const struct breaker_pass *p, int rc, const struct err *err)
{
    bool spared = rc < 0 && !p->is_trial && !p->is_nested;
    if (!spared) breaker_leave(host, p, rc, err);
}

/* --- by hand --- */

void breaker_renew(struct host *host, const char *plugin)
{
    struct breakers *bs = in_use(host, plugin);
    if (!bs) return;
    pthread_mutex_lock(&bs->lock);
    struct breaker *b = breaker_entry(bs, plugin);
    if (b->status.state == BREAKER_OPEN) {
        b->status.state = BREAKER_HALF;
        b->in_trial = false;
        breaker_post(bs, b->name);
    }
    pthread_mutex_unlock(&bs->lock);
}

void breaker_status(struct breakers *bs, const char *plugin, struct breaker_status *out)
{
    *out = (struct breaker_status){0};
    if (!bs) return;
    pthread_mutex_lock(&bs->lock);
    *out = breaker_entry(bs, plugin)->status;
    pthread_mutex_unlock(&bs->lock);
    if (out->state == BREAKER_CLOSED) out->why[0] = '\0';
}
