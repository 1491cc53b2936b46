/* Due rows are collected by kind, leased, sent after the commit, and answered in a slice of their own. */
#include "outbox/outbox_internal.h"

#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/mem.h"
#include "plugin/quota.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum { ARENA_MAX = 16 << 20, COLLECT_MAX = 1000, HELD_PAUSE_MS = 60000 };

const struct outbox_kind *outbox_kind_of(const struct outbox_sending *s)
{
    return &s->outbox->kinds[s->kind];
}

void outbox_wake(struct outbox *o, int64_t at)
{
    if (o->lane) lane_wake_at(o->lane, &o->source, at);
}

static void free_sending(struct outbox_sending *s)
{
    struct outbox *o = s->outbox;
    o->on_way[s->kind]--;
    if (o->more[s->kind]) outbox_wake(o, 0);
    arena_close(&s->arena);
    mem_free(s);
}

static void init_session(struct outbox_sending *s, struct lane *lane, struct session *session)
{
    struct host *h = s->outbox->host;
    *session = (struct session){.mode = SESSION_WRITE,
                                .host = h,
                                .db = lane_db(lane),
                                .lane = lane,
                                .arena = &s->arena,
                                .now = lane_now(lane),
                                .lang = h->lang,
                                .zone = h->zone};
}

/* --- the result --- */

static int run_result(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct outbox_sending *s = (struct outbox_sending *)w;
    struct session session;
    crash_point("outbox.before_result");
    init_session(s, lane, &session);
    return outbox_end_row(s, &session, err);
}

static void done_result(struct lane_work *w, const struct err *failed)
{
    if (failed) log_err(LOG_ERROR, "outbox.result_lost", failed); /* the lease ends, and it is sent again */
    free_sending((struct outbox_sending *)w);
}

static void add_result(struct outbox_sending *s)
{
    s->work.run = run_result;
    s->work.done = done_result;
    lane_add(s->outbox->lane, &s->work);
}

void outbox_sent(struct outbox_sending *s, const struct val *response, const struct err *failed)
{
    crash_point("outbox.after_send");
    s->has_failed = failed != NULL;
    if (failed)
        s->failed = *failed;
    else if (response && val_copy(&s->arena, response, &s->response) != 0)
        s->has_failed = err_set(&s->failed, ERR_LIMIT, "limit.size", NULL) != 0;
    const struct outbox_kind *k = outbox_kind_of(s);
    if (!s->has_failed && k->accept) s->has_failed = k->accept(&s->response, &s->failed) != 0;
    add_result(s);
}

const struct outbox_row *outbox_row_of(const struct outbox_sending *s)
{
    return &s->row;
}

struct loop *outbox_loop(const struct outbox_sending *s)
{
    return s->outbox->loop;
}

struct fetcher *outbox_fetcher(const struct outbox_sending *s)
{
    return s->outbox->host->fetcher;
}

struct arena *outbox_arena(struct outbox_sending *s)
{
    return &s->arena;
}

/* --- sending --- */

static void send_now(void *arg)
{
    struct outbox_sending *s = arg;
    const struct outbox_kind *k = outbox_kind_of(s);
    crash_point("outbox.before_send");
    s->unsent = s->has_failed || k->send(k->ctx, s, &s->failed) != 0;
    if (s->unsent) s->has_failed = true;
}

static void drop_sending(void *arg)
{
    (void)arg; /* the work frees it */
}

/* A plugin's own calls are counted: when it has made all of this minute, the row waits for its turn. 1: it does. */
static int hold(struct outbox_sending *s, struct lane *lane, struct err *err)
{
    struct host *h = s->outbox->host;
    const char *plugin = val_cstr(&s->arena, val_get(&s->row.body, "plugin"));
    int64_t over = plugin ? quota_rate(h, plugin, QUOTA_CALLS) : 0;
    if (over <= 0) return 0;
    struct stmt *st = store_stmt(lane_db(lane),
                                 "update outbox set next_at = ?2, last_error = ?3 where id = ?1 and attempts = ?4"
                                 " and next_at <= ?5",
                                 err);
    if (!st) return err->code;
    int64_t next = quota_rate_again(h, plugin, QUOTA_CALLS, over);
    stmt_bind_int(st, 1, s->row.id);
    stmt_bind_int(st, 2, next);
    stmt_bind_str(st, 3, "limit.calls");
    stmt_bind_int(st, 4, s->row.attempts - 1);
    stmt_bind_int(st, 5, lane_now(lane));
    int rc = stmt_run(st, err);
    if (rc == 0) outbox_wake(s->outbox, next);
    return rc ? rc : 1;
}

/* 1: the row is still there, due, and nobody else has leased it since it was collected. */
static int lease(struct outbox_sending *s, struct lane *lane, int64_t until, struct err *err)
{
    struct store *db = lane_db(lane);
    struct stmt *st = store_stmt(
        db,
        "update outbox set attempts = ?3, next_at = ?2, last_error = null where id = ?1 and attempts = ?3 - 1"
        " and next_at <= ?4",
        err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, s->row.id);
    stmt_bind_int(st, 2, until);
    stmt_bind_int(st, 3, s->row.attempts);
    stmt_bind_int(st, 4, lane_now(lane));
    int rc = stmt_run(st, err);
    return rc ? rc : store_changes(db) == 1;
}

static int run_lease(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct outbox_sending *s = (struct outbox_sending *)w;
    const struct outbox_kind *k = outbox_kind_of(s);
    struct session session;
    int64_t until = lane_now(lane) + val_get_int(&s->row.body, "timeout", OUTBOX_TIMEOUT_MS) + OUTBOX_LEASE_MS;
    s->is_leased = s->unsent = s->has_failed = false;
    int rc = hold(s, lane, err);
    if (rc) return rc < 0 ? rc : 0;
    rc = lease(s, lane, until, err);
    if (rc <= 0) return rc;
    s->is_leased = true;
    init_session(s, lane, &session);
    if (k->prepare) rc = k->prepare(k->ctx, &session, &s->row, &s->failed);
    if (rc < 0 && err_is_fault(rc)) {
        *err = s->failed;
        return rc;
    }
    s->has_failed = rc < 0;
    outbox_wake(s->outbox, until);
    lane_after_commit(lane, send_now, drop_sending, s);
    return 0;
}

static void done_lease(struct lane_work *w, const struct err *failed)
{
    struct outbox_sending *s = (struct outbox_sending *)w;
    if (failed) log_err(LOG_ERROR, "outbox.lease_lost", failed);
    if (failed || !s->is_leased)
        free_sending(s);
    else if (s->unsent)
        add_result(s); /* only now: until here the work is the lease, whose done() the lane calls */
}

static int add_sending(struct outbox *o, int kind, struct stmt *row)
{
    struct outbox_sending *s = mem_alloc(sizeof(*s));
    struct val borrowed;
    size_t len;
    const char *bytes = stmt_blob(row, 4, &len);
    *s = (struct outbox_sending){.work = {.run = run_lease, .done = done_lease}, .outbox = o, .kind = kind};
    s->row = (struct outbox_row){.id = stmt_int(row, 0),
                                 .run = stmt_int(row, 1),
                                 .entry = stmt_int(row, 2),
                                 .attempts = stmt_int(row, 3) + 1,
                                 .owner = stmt_int(row, 6)};
    o->on_way[kind]++;
    arena_init(&s->arena, ARENA_MAX);
    if (val_decode(bytes, len, &s->arena, NULL, &borrowed) != 0 || val_copy(&s->arena, &borrowed, &s->row.body) != 0) {
        free_sending(s);
        return ERR_CORRUPT;
    }
    lane_add(o->lane, &s->work);
    return 0;
}

/* What is due of one kind, as far as there are places. */
static int collect_kind(struct outbox *o, int kind, int64_t now, int64_t *next, struct err *err)
{
    const struct outbox_kind *k = &o->kinds[kind];
    int room = k->most - o->on_way[kind], n = 0, rc;
    o->more[kind] = room <= 0;
    if (room <= 0) return 0;
    struct stmt *s = store_stmt(lane_db(o->lane),
                                "select id, run, entry, attempts, body, next_at, owner from outbox"
                                " where kind = ?1 and next_at is not null order by next_at limit ?2",
                                err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, k->name);
    stmt_bind_int(s, 2, room + 1);
    while ((rc = stmt_step(s, err)) == 1) {
        int64_t at = stmt_int(s, 5);
        if (at > now || n == room) {
            o->more[kind] = at <= now;
            if (at > now && at < *next) *next = at;
            break;
        }
        if (add_sending(o, kind, s) != 0) log_write(LOG_ERROR, "outbox.unreadable", NULL);
        n++;
    }
    stmt_done(s);
    /* The leases that were just queued move their rows; they wake this source themselves. */
    return rc < 0 ? rc : 0;
}

static int64_t collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct outbox *o = (struct outbox *)((char *)src - offsetof(struct outbox, source));
    struct err err = {0};
    int64_t next = INT64_MAX;
    (void)max;
    if (!o->host->fetcher) return INT64_MAX; /* a command: the service sends */
    int rc = outbox_is_held(lane_db(lane), &err);
    if (rc == 1) return now + HELD_PAUSE_MS;
    for (int i = 0; rc == 0 && i < o->nkinds; i++)
        rc = collect_kind(o, i, now, &next, &err);
    if (rc == 0) return next;
    log_err(LOG_ERROR, "outbox.collect", &err);
    return now + 1000;
}

/* --- rows --- */

int outbox_add(struct outbox *o, struct session *s, const struct outbox_new *n, int64_t *id, struct err *err)
{
    struct buf *b = &o->scratch;
    struct stmt *st = store_stmt(s->db,
                                 "insert into outbox(id, run, entry, kind, body, attempts, next_at, owner, created_at)"
                                 " values(?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8)",
                                 err);
    if (!st) return err->code;
    buf_clear(b);
    if (val_encode(n->body, b, false) != 0 || !buf_ok(b)) {
        stmt_done(st);
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    int64_t made = id_next(lane_ids(o->lane), s->now);
    stmt_bind_int(st, 1, made);
    if (n->run) stmt_bind_int(st, 2, n->run);
    if (n->run) stmt_bind_int(st, 3, n->entry);
    stmt_bind_str(st, 4, n->kind);
    stmt_bind_blob(st, 5, b->data, b->len);
    int64_t at = n->at > s->now ? n->at : s->now;
    stmt_bind_int(st, 6, at);
    if (n->owner) stmt_bind_int(st, 7, n->owner);
    stmt_bind_int(st, 8, s->now);
    int rc = stmt_run(st, err);
    if (rc == 0) outbox_wake(o, at);
    if (id) *id = made;
    return rc;
}

struct outbox *outbox_new(struct host *host, struct loop *loop)
{
    struct outbox *o = mem_alloc(sizeof(*o));
    o->host = host;
    o->loop = loop;
    o->lane = host->lane;
    buf_init(&o->scratch, OUTBOX_BODY_MAX);
    return o;
}

void outbox_free(struct outbox *o)
{
    if (!o) return;
    buf_close(&o->scratch);
    mem_free(o);
}

void outbox_add_kind(struct outbox *o, const struct outbox_kind *kind)
{
    if (o->nkinds < OUTBOX_KINDS_MAX) o->kinds[o->nkinds++] = *kind;
}

void outbox_attach(struct outbox *o)
{
    outbox_add_api(o, o->host->api);
    outbox_erase_attach(o);
    if (!o->lane) return;
    o->source.collect = collect;
    lane_add_source(o->lane, &o->source);
}
