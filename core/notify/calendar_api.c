/* The links to calendar feeds: secrets of a person, of which only the SHA-256 is kept. */
#include <string.h>

#include "base/digest.h"
#include "notify/notify_internal.h"

enum { TOKEN_BYTES = 24, LINKS_MAX = 10 };

static int who(struct api_call *c, int64_t *person)
{
    *person = c->s->actor.person;
    return *person > 0 ? 0 : err_set(c->err, ERR_DENIED, "denied.nobody", NULL);
}

/* A link that was lost goes when ten newer ones have been made. */
static int drop_old(struct api_call *c, int64_t person)
{
    struct stmt *s = store_stmt(c->s->db,
                                "delete from calendar_token where person = ?1 and hash not in (select hash from"
                                " calendar_token where person = ?1 order by created_at desc limit ?2)",
                                c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, LINKS_MAX);
    return stmt_run(s, c->err);
}

static int link_make(struct api_call *c)
{
    struct notify *n = c->self;
    uint8_t bytes[TOKEN_BYTES], hash[DIGEST_LEN];
    char token[DIGEST_BASE64(TOKEN_BYTES)];
    int64_t person;
    int rc = who(c, &person);
    struct stmt *s =
        rc ? NULL
           : store_stmt(c->s->db, "insert into calendar_token(hash, person, created_at) values(?1, ?2, ?3)", c->err);
    if (!s) return c->err->code;
    digest_random(bytes, sizeof(bytes));
    digest_base64(bytes, sizeof(bytes), true, token, sizeof(token));
    digest_sha256(token, strlen(token), hash);
    stmt_bind_blob(s, 1, hash, sizeof(hash));
    stmt_bind_int(s, 2, person);
    stmt_bind_int(s, 3, c->s->now);
    rc = stmt_run(s, c->err);
    if (rc == 0) rc = drop_old(c, person);
    if (rc) return rc;
    const char *url = arena_printf(c->arena, "%s/calendar/%s.ics", n->url, token);
    c->result = val_map();
    if (!url || val_set(c->arena, &c->result, "url", val_str(url)) != 0)
        return err_set(c->err, ERR_NOMEM, "memory", NULL);
    return 0;
}

static int revoke(struct api_call *c)
{
    int64_t person;
    int rc = who(c, &person);
    struct stmt *s = rc ? NULL : store_stmt(c->s->db, "delete from calendar_token where person = ?1", c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, person);
    return stmt_run(s, c->err);
}

static int feed(struct api_call *c)
{
    const char *token = api_str(&c->args[0]);
    int rc = notify_calendar(c->s, token ? token : "", c->arena, &c->result, c->err);
    return rc == 0 ? err_set(c->err, ERR_NOT_FOUND, "notify.link", NULL) : rc < 0 ? rc : 0;
}

/* { kind = } of a link out of a mail. */
static int link_show(struct api_call *c)
{
    const char *token = api_str(&c->args[0]);
    int rc = notify_link_read(c->s, token ? token : "", c->arena, &c->result, c->err);
    return rc == 0 ? err_set(c->err, ERR_NOT_FOUND, "notify.link", NULL) : rc < 0 ? rc : 0;
}

static int link_use(struct api_call *c)
{
    const char *token = api_str(&c->args[0]);
    return notify_link_use(c->s, token ? token : "", c->err);
}

static const struct api_fn functions[] = {
    {"calendar.link", link_make, "", "map", API_WRITE, API_HOST, 1,
     "Makes the caller's link to a calendar of deadlines and publications; it is shown this once.", .once = "url",
     .gives = "url:text withheld:list:text"},
    {"calendar.revoke", revoke, "", "", API_WRITE, API_HOST, 1, "Ends all the caller's links to calendars."},
    {"calendar.feed", feed, "token:text!", "string", API_READ, API_HOST, 1, "A calendar as iCalendar."},
    {"notify.link", link_show, "token:text!", "map", API_READ, API_HOST, 1, "What a link out of a mail is good for."},
    {"notify.unsubscribe", link_use, "token:text!", "", API_WRITE, API_HOST, 1,
     "Ends that kind of mail for its reader.", .tells = true},
    {0},
};

void calendar_add_api(struct notify *n, struct api *api)
{
    api_add(api, functions, n);
}
