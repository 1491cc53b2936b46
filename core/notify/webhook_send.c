/* Deliveries: signed when they leave, so that a new key counts at once; an endpoint that fails for days is switched
 * off, as is one that says that it is gone (410). */
#include "notify/webhook.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/digest.h"
#include "base/locale.h"
#include "runtime/log.h"

enum { WEBHOOK_MOST = 64, SIGNATURES_MAX = 10, KEPT = 200, HOLD_BACK_MS = 30000 };
static const int64_t failing_ms = INT64_C(5) * 86400000;

static int sign_one(struct arena *a, const void *key, size_t nkey, const char *text, const char **all)
{
    uint8_t mac[DIGEST_LEN];
    char encoded[DIGEST_BASE64(DIGEST_LEN)];
    digest_hmac(key, nkey, text, strlen(text), mac);
    digest_base64(mac, sizeof(mac), false, encoded, sizeof(encoded));
    *all = arena_printf(a, "%s%sv1,%s", *all, **all ? " " : "", encoded);
    return *all ? 0 : ERR_NOMEM;
}

int webhook_sign(struct session *s, int64_t webhook, const char *signed_text, const char **out, struct err *err)
{
    int rc, n = 0;
    *out = "";
    struct stmt *st = store_stmt(s->db,
                                 "select secret from webhook_secret where webhook = ?1 and valid_from <= ?2 and"
                                 " (valid_until is null or valid_until > ?2) order by id desc limit ?3",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, webhook);
    stmt_bind_int(st, 2, s->now);
    stmt_bind_int(st, 3, SIGNATURES_MAX);
    while ((rc = stmt_step(st, err)) == 1) {
        size_t len;
        const void *key = stmt_blob(st, 0, &len);
        if (sign_one(s->arena, key, len, signed_text, out) != 0) {
            rc = err_set(err, ERR_NOMEM, "memory", NULL);
            break;
        }
        n++;
    }
    stmt_done(st);
    return rc ? rc : n ? 0 : err_set(err, ERR_DENIED, "webhook.secret", NULL);
}

static int read_url(struct session *s, int64_t webhook, const char **url, struct err *err)
{
    size_t len;
    struct stmt *st = store_stmt(s->db, "select url from webhook where id = ?1 and disabled_at is null", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, webhook);
    int rc = stmt_step(st, err);
    const char *p = rc == 1 ? stmt_text(st, 0, &len) : NULL;
    *url = p ? arena_strndup(s->arena, p, len) : NULL;
    stmt_done(st);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_DENIED, "webhook.off", NULL);
    return *url ? 0 : err_set(err, ERR_NOMEM, "memory", NULL);
}

static int set_headers(struct session *s, struct outbox_row *row, const char *payload, struct val *out, struct err *err)
{
    struct arena *a = s->arena;
    struct err_num id, now;
    const char *signatures;
    const char *message = arena_printf(a, "msg_%s", err_i64(&id, row->id));
    const char *at = arena_strdup(a, err_i64(&now, s->now / 1000));
    const char *text = message && at ? arena_printf(a, "%s.%s.%s", message, at, payload) : NULL;
    if (!text) return err_set(err, ERR_NOMEM, "memory", NULL);
    int rc = webhook_sign(s, row->owner, text, &signatures, err);
    if (rc) return rc;
    *out = val_map();
    rc = val_set_new(a, out, "Content-Type", val_str("application/json"));
    if (rc == 0) rc = val_set_new(a, out, "User-Agent", val_str("Khung"));
    if (rc == 0) rc = val_set_new(a, out, "webhook-id", val_str(message));
    if (rc == 0) rc = val_set_new(a, out, "webhook-timestamp", val_str(at));
    if (rc == 0) rc = val_set_new(a, out, "webhook-signature", val_str(signatures));
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
}

/* The address and the signatures are of now: they do not stand in the row. Redirects are not followed, and a private
 * address is refused unless the service's settings grant its host (fetch_private). */
static int prepare(void *ctx, struct session *s, struct outbox_row *row, struct err *err)
{
    struct val headers, hosts = val_list();
    const char *url, *payload = val_cstr(s->arena, val_get(&row->body, "body"));
    (void)ctx;
    if (!payload) return err_set(err, ERR_INVALID, "webhook.off", NULL);
    int rc = read_url(s, row->owner, &url, err);
    if (rc == 0) rc = set_headers(s, row, payload, &headers, err);
    if (rc) return rc;
    rc = val_add(s->arena, &hosts, val_str("*"));
    if (rc == 0) rc = val_set(s->arena, &row->body, "url", val_str(url));
    if (rc == 0) rc = val_set(s->arena, &row->body, "method", val_str("POST"));
    if (rc == 0) rc = val_set(s->arena, &row->body, "headers", headers);
    if (rc == 0) rc = val_set(s->arena, &row->body, "hosts", hosts);
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
}

static int accept_status(const struct val *response, struct err *err)
{
    struct err_num n;
    int64_t status = val_get_int(response, "status", 0);
    if (status >= 200 && status < 300) return 0;
    if (status == 410) return err_set(err, ERR_DENIED, "webhook.gone", NULL);
    return err_set(err, ERR_PROTOCOL, "webhook.status", "status", err_i64(&n, status), NULL);
}

static int note_delivery(struct session *s, const struct outbox_row *row, const struct outbox_end *end, const char *why,
                         struct err *err)
{
    struct stmt *st = store_stmt(s->db,
                                 "update webhook_delivery set attempts = ?2, at = ?3, status = ?4, error = ?5, state ="
                                 " ?6 where id = ?1",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, row->id);
    stmt_bind_int(st, 2, row->attempts);
    stmt_bind_int(st, 3, s->now);
    if (val_is(val_get(end->response, "status"), VAL_INT))
        stmt_bind_int(st, 4, val_get_int(end->response, "status", 0));
    stmt_bind_str(st, 5, why);
    stmt_bind_str(st, 6, !end->failed ? "delivered" : end->is_last ? "dead" : "waiting");
    return stmt_run(st, err);
}

static int trim(struct store *db, int64_t webhook, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "delete from webhook_delivery where webhook = ?1 and state <> 'waiting' and id <"
                                " (select min(id) from (select id from webhook_delivery where webhook = ?1 order by id"
                                " desc limit ?2))",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, webhook);
    stmt_bind_int(s, 2, KEPT);
    return stmt_run(s, err);
}

int webhook_disable(struct store *db, int64_t id, const char *why, int64_t now, struct err *err)
{
    struct stmt *s = store_stmt(
        db, "update webhook set disabled_at = coalesce(disabled_at, ?3), disabled_why = ?2 where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    stmt_bind_str(s, 2, why);
    stmt_bind_int(s, 3, now);
    return stmt_run(s, err);
}

/* How long it has failed without a success in between; 0 after one. */
static int note_endpoint(struct session *s, int64_t webhook, const char *why, int64_t *failing, struct err *err)
{
    struct stmt *st =
        store_stmt(s->db,
                   "update webhook set failing_since = case when ?2 is null then null else"
                   " coalesce(failing_since, ?3) end, last_error = ?2 where id = ?1 returning failing_since",
                   err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, webhook);
    stmt_bind_str(st, 2, why);
    stmt_bind_int(st, 3, s->now);
    int rc = stmt_step(st, err);
    *failing = rc == 1 && !stmt_is_null(st, 0) ? s->now - stmt_int(st, 0) : 0;
    stmt_done(st);
    return rc < 0 ? rc : 0;
}

static int done(void *ctx, struct session *s, const struct outbox_row *row, const struct outbox_end *end,
                struct err *err)
{
    struct buf why;
    int64_t failing = 0;
    (void)ctx;
    buf_init(&why, 2000);
    if (end->failed) locale_err(&why, s->lang, end->failed, false);
    const char *text = end->failed ? (why.data ? why.data : "") : NULL;
    int rc = note_delivery(s, row, end, text, err);
    if (rc == 0) rc = note_endpoint(s, row->owner, text, &failing, err);
    /* What else is due for it would hold the places of others. */
    if (rc == 0 && end->failed) rc = outbox_delay(s, "webhook", row->owner, s->now + HOLD_BACK_MS, err);
    bool is_gone = end->failed && strcmp(end->failed->key, "webhook.gone") == 0;
    if (rc == 0 && (is_gone || failing >= failing_ms)) {
        struct err_num id;
        log_warn("webhook.disabled", "id", err_i64(&id, row->owner), "why", text, NULL);
        rc = webhook_disable(s->db, row->owner, text, s->now, err);
        struct audit_entry told = {.verb = "webhook.disable", .kind = "webhook", .id = row->owner, .reason = text};
        if (rc == 0) rc = audit_add(s, &told, err);
    }
    if (rc == 0 && !end->failed) rc = trim(s->db, row->owner, err);
    buf_close(&why);
    return rc;
}

void webhook_add_kind(struct notify *n)
{
    /* As the standard proposes: about three days in all. */
    static const int pauses_s[] = {5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600, 0};
    const struct outbox_kind kind = {.name = "webhook",
                                     .ctx = n,
                                     .pauses_s = pauses_s,
                                     .most = WEBHOOK_MOST,
                                     .keeps_dead = true,
                                     .prepare = prepare,
                                     .send = outbox_http_send,
                                     .accept = accept_status,
                                     .done = done};
    outbox_add_kind(n->host->outbox, &kind);
}
