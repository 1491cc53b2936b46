/* The module as a whole: made, attached, told its settings. */
#include "notify/notify_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "plugin/events.h"

enum { EVENT_ARENA_MAX = 16 << 20 };

/* In the transaction of what happened: either all of it is told, or it did not happen. */
static int on_event(void *ctx, struct session *s, const char *name, const struct val *data, struct err *err)
{
    struct notify *n = ctx;
    struct arena_mark mark = arena_mark(&n->arena);
    int rc = notice_event(n, s, name, data, err);
    if (rc == 0) rc = webhook_event(n, s, name, data, err);
    arena_rewind(&n->arena, mark);
    return rc;
}

struct notify *notify_new(struct host *host)
{
    struct notify *n = mem_alloc(sizeof(*n));
    n->host = host;
    n->lane = host->lane;
    arena_init(&n->arena, EVENT_ARENA_MAX);
    return n;
}

void notify_free(struct notify *n)
{
    if (!n) return;
    arena_close(&n->arena);
    mem_free(n);
}

void notify_attach(struct notify *n)
{
    struct api *api = n->host->api;
    notice_add_api(n, api);
    mail_add_api(n, api);
    calendar_add_api(n, api);
    webhook_add_api(n, api);
    mail_add_kind(n);
    mail_add_auth(n);
    webhook_add_kind(n);
    events_add_sink(n->host->events, on_event, n);
    notify_erase_attach(n);
    if (!n->lane) return;
    n->notices_source.collect = notices_collect;
    n->mailings_source.collect = mailings_collect;
    lane_add_source(n->lane, &n->notices_source);
    lane_add_source(n->lane, &n->mailings_source);
    if (!n->host->is_test) anchor_mail_start(n);
}

struct session notify_session(struct notify *n, struct lane *lane)
{
    return (struct session){.mode = SESSION_WRITE,
                            .host = n->host,
                            .db = lane_db(lane),
                            .lane = lane,
                            .arena = &n->arena,
                            .now = lane_now(lane),
                            .lang = n->host->lang,
                            .zone = n->host->zone};
}

bool notify_has_mail(const struct notify *n)
{
    return n->mail_from[0] != '\0';
}

static int read_one(struct store *db, const char *name, void *out, size_t cap, size_t *len, struct err *err)
{
    struct stmt *s = store_stmt(db, "select value from notify_setting where name = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, name);
    int rc = stmt_step(s, err);
    const void *p = rc == 1 ? stmt_blob(s, 0, len) : NULL;
    if (!p) *len = 0;
    if (*len > cap) *len = cap;
    if (p) memcpy(out, p, *len);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int keep_one(struct store *db, const char *name, const void *value, size_t len, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "insert into notify_setting(name, value) values(?1, ?2) on conflict(name) do update set"
                                " value = excluded.value where value <> excluded.value",
                                err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, name);
    stmt_bind_blob(s, 2, value, len);
    return stmt_run(s, err);
}

static int take_text(struct store *db, const char *name, const char *given, char *out, size_t cap, struct err *err)
{
    size_t len = 0;
    if (given) {
        snprintf(out, cap, "%s", given);
        return keep_one(db, name, out, strlen(out), err);
    }
    int rc = read_one(db, name, out, cap - 1, &len, err);
    out[len] = '\0';
    return rc;
}

/* Made once: links that were mailed stay good. */
static int take_secret(struct notify *n, struct store *db, struct err *err)
{
    size_t len = 0;
    int rc = read_one(db, "secret", n->secret, sizeof(n->secret), &len, err);
    if (rc || len == sizeof(n->secret)) return rc;
    digest_random(n->secret, sizeof(n->secret));
    return keep_one(db, "secret", n->secret, sizeof(n->secret), err);
}

int notify_set(struct notify *n, struct store *db, const struct notify_settings *given, struct err *err)
{
    int rc = take_text(db, "url", given ? given->url : NULL, n->url, sizeof(n->url), err);
    if (rc == 0)
        rc = take_text(db, "mail_from", given ? given->mail_from : NULL, n->mail_from, sizeof(n->mail_from), err);
    if (rc == 0)
        rc = take_text(db, "mail_name", given ? given->mail_name : NULL, n->mail_name, sizeof(n->mail_name), err);
    if (rc == 0)
        rc = take_text(db, "anchor_to", given ? given->anchor_to : NULL, n->anchor_to, sizeof(n->anchor_to), err);
    if (n->host->is_test && !n->mail_from[0]) snprintf(n->mail_from, sizeof(n->mail_from), "khung@localhost");
    n->mail_links = given && given->mail_links;
    size_t len = strlen(n->url);
    if (len && n->url[len - 1] == '/') n->url[len - 1] = '\0';
    return rc ? rc : take_secret(n, db, err);
}
