/* The administrator's side of webhooks: endpoints, keys, deliveries. */
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/digest.h"
#include "notify/webhook.h"
#include "plugin/api_list.h"

enum { URL_MAX = 2000, EVENTS_MAX = 500 };

static int allowed(struct api_call *c)
{
    return people_check(c->s, "system.webhook", PEOPLE_ANY_UNIT, c->err);
}

static int nomem(struct api_call *c)
{
    return err_set(c->err, ERR_NOMEM, "memory", NULL);
}

static int check_url(struct api_call *c, const char *url)
{
    bool known = url && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);
    if (known && strlen(url) < URL_MAX && mail_is_line(url) && !strchr(url, ' ')) return 0;
    return err_set(c->err, ERR_INVALID, "webhook.url", "url", url ? url : "", NULL);
}

/* Makes a key; the text with it is shown this once. */
static int add_secret(struct api_call *c, int64_t webhook)
{
    uint8_t secret[WEBHOOK_SECRET_BYTES];
    char encoded[DIGEST_BASE64(WEBHOOK_SECRET_BYTES)];
    struct stmt *s =
        store_stmt(c->s->db, "insert into webhook_secret(webhook, secret, valid_from) values(?1, ?2, ?3)", c->err);
    if (!s) return c->err->code;
    digest_random(secret, sizeof(secret));
    stmt_bind_int(s, 1, webhook);
    stmt_bind_blob(s, 2, secret, sizeof(secret));
    stmt_bind_int(s, 3, c->s->now);
    int rc = stmt_run(s, c->err);
    if (rc) return rc;
    digest_base64(secret, sizeof(secret), false, encoded, sizeof(encoded));
    const char *shown = arena_printf(c->arena, "whsec_%s", encoded);
    c->result = val_map();
    if (!shown || val_set(c->arena, &c->result, "id", val_int(webhook)) ||
        val_set(c->arena, &c->result, "secret", val_str(shown)))
        return nomem(c);
    return 0;
}

static int take_owner(struct api_call *c, int64_t *owner)
{
    struct people_account account;
    const char *name = api_str(val_get(&c->args[1], "owner"));
    *owner = c->s->actor.user > 0 ? c->s->actor.user : 0;
    if (!name) return 0;
    int rc = people_account_find(c->s->db, name, &account, c->err);
    if (rc == 1) *owner = account.id;
    return rc == 0 ? err_set(c->err, ERR_NOT_FOUND, "people.no_account", "name", name, NULL) : rc < 0 ? rc : 0;
}

static int add(struct api_call *c)
{
    const char *url = api_str(&c->args[0]), *events = api_str(val_get(&c->args[1], "events"));
    int64_t owner, id = 0;
    int rc = allowed(c);
    if (rc == 0) rc = check_url(c, url);
    if (rc == 0) rc = take_owner(c, &owner);
    if (rc == 0 && events && (strlen(events) > EVENTS_MAX || !mail_is_line(events)))
        rc = err_set(c->err, ERR_INVALID, "webhook.events", NULL);
    struct stmt *s = rc ? NULL
                        : store_stmt(c->s->db,
                                     "insert into webhook(url, events, owner, created_at) values(?1, ?2, ?3, ?4)"
                                     " returning id",
                                     c->err);
    if (!s) return c->err->code;
    stmt_bind_str(s, 1, url);
    stmt_bind_str(s, 2, events && *events ? events : "content.published content.corrected content.retracted");
    if (owner) stmt_bind_int(s, 3, owner);
    stmt_bind_int(s, 4, c->s->now);
    rc = stmt_step(s, c->err);
    if (rc == 1) id = stmt_int(s, 0);
    stmt_done(s);
    return rc < 0 ? rc : add_secret(c, id);
}

static const struct list_column columns[] = {
    {"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT, "w.id"},
    {"url", FIELD_TEXT, LIST_SHOWN, "w.url"},
    {"events", FIELD_TEXT, LIST_SHOWN, "w.events"},
    {"owner", FIELD_TEXT, LIST_SHOWN, "(select a.name from account a where a.id = w.owner)"},
    {"state", FIELD_TEXT, LIST_SHOWN,
     "case when w.disabled_at is not null then 'disabled' when w.failing_since is not null then 'failing' else 'active'"
     " end"},
    {"error", FIELD_TEXT, LIST_SHOWN, "w.last_error"},
    {"failing_since", FIELD_INSTANT, LIST_SHOWN, "w.failing_since"},
    {"disabled", FIELD_INSTANT, LIST_SHOWN, "w.disabled_at"},
    {"disabled_why", FIELD_TEXT, LIST_SHOWN, "w.disabled_why"},
    {"keys", FIELD_INTEGER, LIST_SHOWN,
     "(select count(*) from webhook_secret k where k.webhook = w.id and (k.valid_until is null or k.valid_until > "
     "?1))"},
    {0}};
static const struct list webhook_list = {
    .name = "webhooks", .order = "id", .key = "id", .columns = columns, .from = "webhook w"};

static int list(struct api_call *c)
{
    struct list_query q;
    struct list_rows how = {.bound = {val_int(c->s->now)}, .nbound = 1};
    int rc = allowed(c);
    if (rc == 0) rc = api_list_read(c, &c->args[0], &q);
    return rc ? rc : api_list(c, &q, &how);
}

static const struct list_column delivery_columns[] = {{"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT, "d.id"},
                                                      {"event", FIELD_TEXT, LIST_FILTER, "d.event"},
                                                      {"created", FIELD_INSTANT, LIST_SHOWN, "d.created_at"},
                                                      {"attempts", FIELD_INTEGER, LIST_SHOWN, "d.attempts"},
                                                      {"at", FIELD_INSTANT, LIST_SHOWN, "d.at"},
                                                      {"status", FIELD_INTEGER, LIST_SHOWN, "d.status"},
                                                      {"error", FIELD_TEXT, LIST_SHOWN, "d.error"},
                                                      {"state", FIELD_TEXT, LIST_FILTER, "d.state"},
                                                      {0}};
static const struct list webhook_delivery_list = {.name = "deliveries",
                                                  .order = "-id",
                                                  .key = "id",
                                                  .columns = delivery_columns,
                                                  .from = "webhook_delivery d",
                                                  .where = "d.webhook = ?1"};

static int deliveries(struct api_call *c)
{
    struct list_query q;
    struct list_rows how = {.bound = {c->args[0]}, .nbound = 1};
    int rc = allowed(c);
    if (rc == 0) rc = api_list_read(c, &c->args[1], &q);
    return rc ? rc : api_list(c, &q, &how);
}

static int find(struct api_call *c)
{
    struct err_num n;
    int rc = allowed(c);
    struct stmt *s = rc ? NULL : store_stmt(c->s->db, "select 1 from webhook where id = ?1", c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, c->args[0].as.i);
    rc = stmt_step(s, c->err);
    stmt_done(s);
    if (rc < 0) return rc;
    return rc ? 0 : err_set(c->err, ERR_NOT_FOUND, "webhook.unknown", "id", err_i64(&n, c->args[0].as.i), NULL);
}

/* The old keys sign beside the new one for a while, so that the other side can change without a gap. */
static int rotate(struct api_call *c)
{
    const char *text = api_str(val_get(&c->args[1], "overlap"));
    struct duration d = {.days = 1};
    int rc = find(c);
    if (rc) return rc;
    if (text && (!duration_parse(text, strlen(text), &d) || d.before || d.working_days))
        return err_set(c->err, ERR_INVALID, "flow.retry_pause", "value", text, NULL);
    struct stmt *s = store_stmt(c->s->db,
                                "update webhook_secret set valid_until = ?2 where webhook = ?1 and (valid_until is null"
                                " or valid_until > ?2)",
                                c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, c->args[0].as.i);
    stmt_bind_int(s, 2, c->s->now + d.ms + (int64_t)d.days * 86400000);
    rc = stmt_run(s, c->err);
    return rc ? rc : add_secret(c, c->args[0].as.i);
}

static int disable(struct api_call *c)
{
    int rc = find(c);
    const char *why = api_str(val_get(&c->args[1], "reason"));
    return rc ? rc : webhook_disable(c->s->db, c->args[0].as.i, why ? why : "", c->s->now, c->err);
}

static int enable(struct api_call *c)
{
    int rc = find(c);
    struct stmt *s = rc ? NULL
                        : store_stmt(c->s->db,
                                     "update webhook set disabled_at = null, disabled_why = null, failing_since = null"
                                     " where id = ?1",
                                     c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, c->args[0].as.i);
    return stmt_run(s, c->err);
}

static int test(struct api_call *c)
{
    struct notify *n = c->self;
    struct val data = val_map();
    int rc = find(c);
    if (rc) return rc;
    struct arena_mark mark = arena_mark(&n->arena);
    if (val_set(&n->arena, &data, "webhook", c->args[0]) != 0) return nomem(c);
    rc = webhook_queue(n, c->s, c->args[0].as.i, "webhook.test", &data, c->err);
    arena_rewind(&n->arena, mark);
    return rc;
}

static const struct api_fn functions[] = {
    {"webhook.add", add, "url:text! options:map{events:text,owner:text}", "map", API_WRITE, API_HOST, 1,
     "Makes an endpoint for events (\"content.* task.asked\"); what its owner may not see is not sent. The key is "
     "shown "
     "this once.",
     true, .once = "secret", .gives = "id:integer! secret:text withheld:list:text"},
    {"webhook.list", list, "options:map", "list", API_READ, API_HOST, 1, "Endpoints and how they do.",
     .list = &webhook_list},
    {"webhook.rotate", rotate, "id:integer! options:map{overlap:text}", "map", API_WRITE, API_HOST, 1,
     "A new key; the old ones sign beside it for a day, or for the overlap.", true, .once = "secret",
     .gives = "id:integer! secret:text withheld:list:text"},
    {"webhook.disable", disable, "id:integer! options:map{reason:text}", "", API_WRITE, API_HOST, 1,
     "Nothing more is sent to it."},
    {"webhook.enable", enable, "id:integer!", "", API_WRITE, API_HOST, 1, "It is sent to again."},
    {"webhook.test", test, "id:integer!", "", API_WRITE, API_HOST, 1, "Sends an event webhook.test."},
    {"webhook.deliveries", deliveries, "id:integer! options:map", "list", API_READ, API_HOST, 1,
     "The last deliveries, newest first.", .list = &webhook_delivery_list},
    {0},
};

void webhook_add_api(struct notify *n, struct api *api)
{
    api_add(api, functions, n);
}
