/* Events that leave for the endpoints that want them, as far as their owners may see them. */
#include "notify/webhook.h"

#include <string.h>

#include "base/date.h"
#include "base/json.h"

enum { HOOKS_MAX = 100, PAYLOAD_MAX = 256 << 10 };

bool webhook_wants(const char *patterns, const char *event)
{
    size_t len = strlen(event);
    for (const char *p = patterns; *p;) {
        p += strspn(p, " ,");
        size_t n = strcspn(p, " ,");
        bool all = n == 1 && p[0] == '*';
        bool family = n >= 2 && p[n - 1] == '*' && p[n - 2] == '.' && len >= n && strncmp(p, event, n - 1) == 0;
        if (all || family || (n == len && strncmp(p, event, n) == 0)) return n > 0;
        p += n;
    }
    return false;
}

/* What everybody may know: that something public is there, was corrected, or is gone. */
static bool is_public(const char *event, const struct val *data)
{
    if (strcmp(event, "content.published") == 0 || strcmp(event, "content.retracted") == 0) return true;
    return strcmp(event, "content.corrected") == 0 && val_is_str(val_get(data, "state"), "published");
}

static int owner_actor(struct store *db, int64_t owner, struct actor *out, struct err *err)
{
    struct stmt *s = store_stmt(db, "select person from account where id = ?1 and disabled_at is null", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, owner);
    int rc = stmt_step(s, err);
    *out = (struct actor){.user = rc == 1 ? owner : PEOPLE_ANONYMOUS, .person = rc == 1 ? stmt_int(s, 0) : 0};
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* 1: the owner may know of it by the rules that hold for reading it. */
static int may_see(struct session *s, int64_t owner, const char *event, const struct val *data, struct err *err)
{
    struct actor actor;
    const struct val *unit = val_get(data, "unit");
    int64_t at = val_is(unit, VAL_INT) ? unit->as.i : val_is(unit, VAL_OBJ) ? unit->as.obj.id : 0;
    bool content = strncmp(event, "content.", 8) == 0;
    if (is_public(event, data)) return 1;
    if (!owner) return 0;
    int rc = owner_actor(s->db, owner, &actor, err);
    if (rc) return rc;
    rc = people_policy(s->db, &actor, content ? "content.read_draft" : "flow.read", content ? at : PEOPLE_ANY_UNIT,
                       people_day(s->host, s->now), err);
    return rc == ERR_DENIED ? 0 : rc ? rc : 1;
}

static int make_payload(struct arena *a, const char *event, int64_t now, const struct val *data, const char **out)
{
    struct val all = val_map();
    struct buf b;
    char at[32];
    date_format_iso(now, at);
    int rc = val_set_new(a, &all, "type", val_str(event));
    if (rc == 0) rc = val_set_new(a, &all, "timestamp", val_str(at));
    if (rc == 0) rc = val_set_new(a, &all, "data", *data);
    if (rc) return rc;
    buf_init(&b, PAYLOAD_MAX);
    json_write(&b, &all);
    *out = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return *out ? 0 : ERR_LIMIT;
}

static int keep_delivery(struct session *s, int64_t id, int64_t webhook, const char *event, struct err *err)
{
    struct stmt *st = store_stmt(s->db,
                                 "insert into webhook_delivery(id, webhook, event, created_at, attempts, state)"
                                 " values(?1, ?2, ?3, ?4, 0, 'waiting')",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, id);
    stmt_bind_int(st, 2, webhook);
    stmt_bind_str(st, 3, event);
    stmt_bind_int(st, 4, s->now);
    return stmt_run(st, err);
}

int webhook_queue(struct notify *n, struct session *s, int64_t webhook, const char *event, const struct val *data,
                  struct err *err)
{
    struct val body = val_map();
    const char *payload;
    int64_t id;
    int rc = make_payload(&n->arena, event, s->now, data, &payload);
    if (rc == 0) rc = val_set_new(&n->arena, &body, "type", val_str(event));
    if (rc == 0) rc = val_set_new(&n->arena, &body, "body", val_str(payload));
    if (rc == 0) rc = val_set_new(&n->arena, &body, "timeout", val_int(15000));
    if (rc) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    struct outbox_new row = {.kind = "webhook", .body = &body, .owner = webhook};
    rc = outbox_add(n->host->outbox, s, &row, &id, err);
    return rc ? rc : keep_delivery(s, id, webhook, event, err);
}

int webhook_event(struct notify *n, struct session *s, const char *event, const struct val *data, struct err *err)
{
    struct {
        int64_t id, owner;
    } hooks[HOOKS_MAX];
    size_t count = 0, len;
    struct stmt *st = store_stmt(s->db, "select id, owner, events from webhook where disabled_at is null", err);
    int rc;
    if (!st) return err->code;
    while ((rc = stmt_step(st, err)) == 1 && count < HOOKS_MAX) {
        const char *events = stmt_text(st, 2, &len);
        if (!webhook_wants(events, event)) continue;
        hooks[count].id = stmt_int(st, 0);
        hooks[count++].owner = stmt_int(st, 1);
    }
    stmt_done(st);
    rc = rc < 0 ? rc : 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = may_see(s, hooks[i].owner, event, data, err);
        if (rc == 1) rc = webhook_queue(n, s, hooks[i].id, event, data, err);
        /* What is too large for an endpoint does not stop what happened. */
        if (rc == ERR_LIMIT) rc = 0;
    }
    return rc;
}
