/* Streams of one hub share each reading: the rows since the last look are read once and given to all that have caught
 * up; who comes from further back reads by itself, a page at a time. */
#include "http/sse.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/json.h"
#include "base/mem.h"
#include "runtime/log.h"

enum { PAGE_ROWS = 200, PAGE_ARENA = 64 << 20, SEEN_MAX = 32, CHECK_EVERY = 2 /* pings */ };

/* What was found out lately about a unit and a verb. */
struct seen {
    int64_t unit;
    char verb[32];
    bool may;
};

struct stream {
    struct stream *next;
    struct sse *hub;
    struct http_request *request;
    struct people_login login;
    int64_t row, n;                       /* the last event that was sent or passed over */
    bool is_waiting, is_over, is_doubted; /* doubted: what it may see is found out anew before the next page */
    int64_t certain;                      /* up to this row it is known */
    int pings;
    struct seen seen[SEEN_MAX];
    size_t nseen, next_seen;
};

struct wake {
    struct mail mail;
    struct sse *hub;
};

struct sse {
    struct host *host;
    struct loop *loop;
    struct store *db;
    sse_check check;
    void *ctx;
    struct stream *streams;
    atomic_int nstreams; /* changed on the io thread alone */
    struct loop_timer *look, *ping;
    bool is_looking, is_stopped;
    atomic_bool is_told;
    struct wake wake;
    struct arena arena; /* of the page: events behind a row, as they were read last */
    struct val page;
    int64_t page_from, page_last;
    bool has_page, page_has_rights; /* tells of accounts, roles or the organisation */
    struct buf text;
};

/* --- who may see what --- */

static bool may(struct stream *st, const char *verb, int64_t unit)
{
    struct sse *hub = st->hub;
    struct err err;
    for (size_t i = 0; i < st->nseen; i++)
        if (st->seen[i].unit == unit && strcmp(st->seen[i].verb, verb) == 0) return st->seen[i].may;
    int64_t day = people_day(hub->host, clock_now(&hub->host->clock));
    bool yes = people_policy(hub->db, &st->login.actor, verb, unit, day, &err) == 0;
    struct seen *s = &st->seen[st->next_seen];
    st->next_seen = (st->next_seen + 1) % SEEN_MAX;
    if (st->nseen < SEEN_MAX) st->nseen++;
    *s = (struct seen){.unit = unit, .may = yes};
    snprintf(s->verb, sizeof(s->verb), "%s", verb);
    return yes;
}

static bool is_public(const struct val *verb)
{
    static const char *const verbs[] = {"content.publish", "content.correct", "content.retract", "content.archive"};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (val_is_str(verb, verbs[i])) return true;
    return false;
}

/* One's own acts and those in one's name; items by unit; runs, tasks and tables for those who read runs; the rest for
 * those who read the audit. */
static bool may_see(struct stream *st, const struct val *e)
{
    const struct val *kind = val_get(e, "kind");
    int64_t person = st->login.actor.person, unit = val_get_int(e, "unit", 0);
    bool own = person && (val_get_int(e, "person", 0) == person || val_get_int(e, "on_behalf_of", 0) == person);
    if (own) return true;
    if (val_is_str(kind, "item")) return is_public(val_get(e, "verb")) || may(st, "content.read_draft", unit);
    if (val_is_str(kind, "run") || val_is_str(kind, "task")) return may(st, "flow.read", PEOPLE_ANY_UNIT);
    if (val_is(kind, VAL_STR) && kind->as.str.len > 6 && memcmp(kind->as.str.s, "table:", 6) == 0)
        return may(st, "storage.read", PEOPLE_ANY_UNIT);
    return may(st, "audit.read", PEOPLE_WHOLE);
}

/* --- sending --- */

static void drop(struct stream *st)
{
    struct sse *hub = st->hub;
    for (struct stream **p = &hub->streams; *p; p = &(*p)->next)
        if (*p == st) {
            *p = st->next;
            break;
        }
    hub->nstreams--;
    http_stream_end(st->request, true);
    mem_free(st);
}

/* False: the stream waits until the client has taken what there is, or is over. */
static bool send(struct stream *st, const struct buf *text)
{
    enum http_stream s = http_stream_write(st->request, text->data, text->len);
    st->is_over |= s == HTTP_STREAM_GONE;
    st->is_waiting = s == HTTP_STREAM_WAIT;
    return s == HTTP_STREAM_GO;
}

static void write_event(struct buf *b, const struct val *e)
{
    static const char *const names[] = {"at", "verb", "kind", "id", "name", "unit", "run", "person", "on_behalf_of"};
    const char *sep = "{";
    buf_clear(b);
    buf_printf(b, "id: %" PRId64 ".%" PRId64 "\nevent: ", val_get_int(e, "row", 0), val_get_int(e, "n", 0));
    const struct val *verb = val_get(e, "verb");
    if (val_is(verb, VAL_STR)) buf_add(b, verb->as.str.s, verb->as.str.len);
    buf_add_str(b, "\ndata: ");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct val *v = val_get(e, names[i]);
        if (!v) continue;
        buf_printf(b, "%s\"%s\":", sep, names[i]);
        json_write(b, v); /* line breaks are escaped in JSON */
        sep = ",";
    }
    buf_add_str(b, "}\n\n");
}

/* False: not all could be sent; the stream goes on from where it is. */
static bool give(struct stream *st, const struct val *events, int64_t last)
{
    for (size_t i = 0; val_at(events, i); i++) {
        const struct val *e = val_at(events, i);
        int64_t row = val_get_int(e, "row", 0), n = val_get_int(e, "n", 0);
        if (row < st->row || (row == st->row && n <= st->n)) continue;
        st->row = row;
        st->n = n;
        if (!may_see(st, e)) continue;
        write_event(&st->hub->text, e);
        if (!send(st, &st->hub->text)) return false;
    }
    if (last > st->row) {
        st->row = last;
        st->n = INT64_MAX;
    }
    return true;
}

static void arm(struct sse *hub, int64_t in_ms)
{
    if (hub->is_looking || hub->is_stopped) return;
    hub->is_looking = true;
    loop_timer_set(hub->look, in_ms);
}

/* What may change who sees what. */
static bool tells_rights(const struct val *events)
{
    static const char *const families[] = {"user.", "auth.", "org.", "people."};
    for (size_t i = 0; val_at(events, i); i++) {
        const char *verb = val_get_str(val_at(events, i), "verb");
        for (size_t k = 0; verb && k < sizeof(families) / sizeof(families[0]); k++)
            if (strncmp(verb, families[k], strlen(families[k])) == 0) return true;
    }
    return false;
}

/* The page behind a row; the one that was read last, where that is it. */
static int read_page(struct sse *hub, int64_t from, struct err *err)
{
    if (hub->has_page && hub->page_from == from) return 0;
    hub->has_page = false;
    arena_reset(&hub->arena);
    int rc = audit_follow(hub->db, from, PAGE_ROWS, &hub->arena, &hub->page, &hub->page_last, err);
    hub->page_from = from;
    hub->has_page = rc == 0;
    hub->page_has_rights = rc == 0 && tells_rights(&hub->page);
    return rc;
}

/* True: there may be more. A row that was sent in part is read again. */
static bool go_on(struct stream *st)
{
    struct sse *hub = st->hub;
    struct err err;
    int64_t from = st->n == INT64_MAX ? st->row : st->row - 1;
    if (read_page(hub, from, &err) != 0) {
        log_err(LOG_WARN, "http.events_failed", &err);
        st->is_over = true;
        return false;
    }
    if (hub->page_has_rights && st->certain < hub->page_last) {
        st->is_doubted = true;
        st->certain = hub->page_last;
        return true;
    }
    return give(st, &hub->page, hub->page_last) && hub->page_last - from == PAGE_ROWS;
}

/* Is the caller still who it was, and what may it see? */
static void ask_again(struct stream *st)
{
    struct err err;
    st->nseen = st->next_seen = 0;
    st->is_doubted = false;
    if (st->hub->check(st->hub->ctx, st->request, &st->login, &err) != 0) st->is_over = true;
}

/* Who is at the same place gets the same page: most streams are where the newest row was. */
static void look(void *arg)
{
    struct sse *hub = arg;
    struct err err;
    bool more = false;
    hub->is_looking = hub->has_page = false;
    if (!hub->streams || store_begin(hub->db, &err) != 0) return;
    for (struct stream *st = hub->streams; st; st = st->next)
        if (!st->is_waiting && !st->is_over) more |= go_on(st);
    store_rollback(hub->db);
    for (struct stream *st = hub->streams, *next; st; st = next) {
        next = st->next;
        if (st->is_doubted) ask_again(st);
        if (st->is_over) drop(st);
    }
    if (more) arm(hub, 0);
}

/* The client has taken all, or is gone. */
static void taken(void *arg)
{
    struct stream *st = arg;
    st->is_waiting = false;
    arm(st->hub, 0);
}

static void deliver(struct mail *m)
{
    struct sse *hub = ((struct wake *)m)->hub;
    atomic_store(&hub->is_told, false);
    if (hub->streams) arm(hub, SSE_GATHER_MS);
}

void sse_told(void *arg)
{
    struct sse *hub = arg;
    /* One that is just being opened was counted before it looked where the rows end. */
    if (atomic_load(&hub->nstreams) == 0 || atomic_exchange(&hub->is_told, true)) return;
    if (!loop_post(hub->loop, &hub->wake.mail)) atomic_store(&hub->is_told, true); /* it is closing */
}

/* Keeps the way open, and asks now and then whether the caller is still who it was, and what it may see: a role may end
 * with its day. What is taken away in the midst is heeded at once (tells_rights). */
static void ping(void *arg)
{
    struct sse *hub = arg;
    struct buf line;
    buf_init(&line, 64);
    buf_add_str(&line, ": ping\n\n");
    for (struct stream *st = hub->streams, *next; st; st = next) {
        next = st->next;
        if (++st->pings % CHECK_EVERY == 0) ask_again(st);
        if (!st->is_waiting && !st->is_over) send(st, &line);
        if (st->is_over) drop(st);
    }
    buf_close(&line);
    if (!hub->is_stopped) loop_timer_set(hub->ping, SSE_PING_MS);
}

/* --- life --- */

struct sse *sse_new(struct host *host, struct loop *loop, struct store *db, sse_check check, void *ctx)
{
    struct sse *hub = mem_alloc(sizeof(*hub));
    *hub = (struct sse){.host = host, .loop = loop, .db = db, .check = check, .ctx = ctx};
    hub->wake = (struct wake){.mail = {.deliver = deliver}, .hub = hub};
    arena_init(&hub->arena, PAGE_ARENA);
    buf_init(&hub->text, 1 << 20);
    loop_timer_new(loop, look, hub, &hub->look);
    loop_timer_new(loop, ping, hub, &hub->ping);
    return hub;
}

void sse_free(struct sse *hub)
{
    if (!hub) return;
    loop_timer_free(hub->look);
    loop_timer_free(hub->ping);
    arena_close(&hub->arena);
    buf_close(&hub->text);
    mem_free(hub);
}

void sse_stop(struct sse *hub)
{
    hub->is_stopped = true;
    while (hub->streams)
        drop(hub->streams);
}

static int room_for(struct sse *hub, const struct people_login *login, struct err *err)
{
    int own = 0;
    for (const struct stream *st = hub->streams; st; st = st->next)
        own += st->login.actor.user == login->actor.user;
    if (hub->is_stopped) return err_set(err, ERR_STOPPED, "lane.stopped", NULL);
    if (own < SSE_PER_ACCOUNT && hub->nstreams < SSE_STREAMS_MAX) return 0;
    return err_set(err, ERR_LIMIT, "http.streams", NULL);
}

/* From Last-Event-ID "4711.0", or from now on. */
static int begin_at(struct sse *hub, struct stream *st, struct err *err)
{
    const char *id = http_header(st->request, "last-event-id");
    struct audit_head head;
    char *end;
    int rc = store_begin(hub->db, err);
    if (rc == 0) {
        rc = audit_head(hub->db, &head, err);
        store_rollback(hub->db);
    }
    if (rc) return rc;
    st->row = head.row;
    st->n = INT64_MAX;
    if (!id) return 0;
    int64_t row = strtoll(id, &end, 10), n = *end == '.' ? strtoll(end + 1, &end, 10) : INT64_MAX;
    if (*end || end == id || row < 0 || n < 0 || row > head.row)
        return err_set(err, ERR_INVALID, "http.last_event_id", NULL);
    st->row = row;
    st->n = n;
    return 0;
}

int sse_open(struct sse *hub, struct http_request *r, const struct people_login *login, struct err *err)
{
    static const struct http_response head = {.status = 200,
                                              .type = "text/event-stream",
                                              .headers = "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n",
                                              .len = SIZE_MAX};
    int rc = room_for(hub, login, err);
    if (rc) return rc;
    struct stream *st = mem_alloc(sizeof(*st));
    *st = (struct stream){.hub = hub, .request = r, .login = *login};
    if (hub->nstreams++ == 0) loop_timer_set(hub->ping, SSE_PING_MS);
    rc = begin_at(hub, st, err); /* counted before: what is written from here on is told */
    if (rc) {
        hub->nstreams--;
        mem_free(st);
        return rc;
    }
    st->next = hub->streams;
    hub->streams = st;
    http_defer(r);
    http_stream_start(r, &head, taken, st);
    buf_clear(&hub->text);
    buf_add_str(&hub->text, "retry: 2000\n\n");
    send(st, &hub->text);
    arm(hub, 0);
    return 0;
}
