/* Signed links out of a kind of mail: whoever has the mail may end it, and only that. They need no account and do not
 * expire (RFC 8058 asks that they work for long). PERSON.KIND.SIGNATURE, the kind in base64. */
#include "notify/notify_internal.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/digest.h"

enum { KIND_MAX = 160 };

static void sign(const uint8_t secret[NOTIFY_SECRET_LEN], const char *what, char out[DIGEST_BASE64(DIGEST_LEN)])
{
    uint8_t mac[DIGEST_LEN];
    digest_hmac(secret, NOTIFY_SECRET_LEN, what, strlen(what), mac);
    digest_base64(mac, sizeof(mac), true, out, DIGEST_BASE64(DIGEST_LEN));
}

int notify_link_make(struct notify *n, int64_t person, const char *kind, struct arena *a, const char **out)
{
    char encoded[DIGEST_BASE64(KIND_MAX)], signature[DIGEST_BASE64(DIGEST_LEN)];
    struct err_num id;
    size_t len = strlen(kind);
    *out = NULL;
    if (!n->url[0] || len > KIND_MAX) return 0;
    digest_base64(kind, len, true, encoded, sizeof(encoded));
    const char *what = arena_printf(a, "%s.%s", err_i64(&id, person), encoded);
    if (!what) return ERR_NOMEM;
    sign(n->secret, what, signature);
    *out = arena_printf(a, "%s/unsubscribe/%s.%s", n->url, what, signature);
    return *out ? 0 : ERR_NOMEM;
}

/* Splits the token in place. */
static bool read_parts(char *token, const char **kind, const char **signature)
{
    char *dot = strchr(token, '.'), *last = strrchr(token, '.');
    if (!dot || dot == last) return false;
    *dot = *last = '\0';
    *kind = dot + 1;
    *signature = last + 1;
    return true;
}

int notify_link_read(struct session *s, const char *token, struct arena *a, struct val *out, struct err *err)
{
    char expected[DIGEST_BASE64(DIGEST_LEN)], kind[KIND_MAX + 1];
    const char *encoded, *signature;
    size_t len = 0;
    char *parts = arena_strdup(a, token), *end;
    if (!parts || !read_parts(parts, &encoded, &signature)) return 0;
    const char *what = arena_printf(a, "%s.%s", parts, encoded);
    if (!what) return err_set(err, ERR_NOMEM, "memory", NULL);
    sign(s->host->notify->secret, what, expected);
    if (strlen(signature) != strlen(expected) || !digest_equal(signature, expected, strlen(expected))) return 0;
    int64_t person = strtoll(parts, &end, 10);
    if (*end || !digest_from_base64(encoded, true, kind, KIND_MAX, &len)) return 0;
    kind[len] = '\0';
    if (notice_kind_find(kind)->is_duty) return 0;
    char *copy = arena_strdup(a, kind);
    *out = val_map();
    if (!copy || val_set(a, out, "person", val_int(person)) || val_set(a, out, "kind", val_str(copy)))
        return err_set(err, ERR_NOMEM, "memory", NULL);
    return 1;
}

int notify_link_use(struct session *s, const char *token, struct err *err)
{
    struct val found;
    int rc = notify_link_read(s, token, s->arena, &found, err);
    if (rc <= 0) return rc ? rc : err_set(err, ERR_NOT_FOUND, "notify.link", NULL);
    struct stmt *st =
        store_stmt(s->db,
                   "insert into notice_way(person, kind, way) values(?1, ?2, 'app')"
                   " on conflict(person, kind) do update set way = 'app' where way not in ('none', 'app')",
                   err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, val_get_int(&found, "person", 0));
    stmt_bind_str(st, 2, val_get_str(&found, "kind"));
    rc = stmt_run(st, err);
    struct audit_entry told = {
        .verb = "notify.unsubscribe", .kind = "person", .id = val_get_int(&found, "person", 0), .after = &found};
    return rc ? rc : audit_add(s, &told, err);
}
