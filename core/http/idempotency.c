/* One row a key. Old ones go a few at a time, whenever a new one comes. */
#include "http/idempotency.h"

#include <string.h>

#include "runtime/crash.h"

enum { KEPT_MS = 86400000 };

static const char schema[] =
    "create table http_idempotency(key blob primary key, request blob not null, status integer not null, body blob,"
    " at integer not null) without rowid;"
    "create index http_idempotency_at on http_idempotency(at);";

/* A plugin's route has a type and headers of its own. */
static const char heads[] = "alter table http_idempotency add column type text;"
                            "alter table http_idempotency add column head text;";

/* Answers with what is shown once were kept whole. */
static const char secrets[] = "delete from http_idempotency where instr(body, cast('\"secret\":' as blob))"
                              " or instr(body, cast('\"token\":' as blob))"
                              " or instr(body, cast('/calendar/' as blob));";

/* Whose it is: answers to a person who is erased go (kept_erase.c). */
static const char whose[] = "alter table http_idempotency add column account integer;";

const struct store_migration http_migrations[] = {
    {"http/001", schema}, {"http/002", heads}, {"http/003", secrets}, {"http/004", whose}, {0}};

void idempotency_init(struct idempotency *i, int64_t account, const char *key, const char *method, const char *path,
                      const char *query, const char *body, size_t len)
{
    struct digest d;
    i->account = account > 0 ? account : 0; /* of who is not logged in it is made of an address */
    digest_begin(&d);
    digest_add(&d, &account, sizeof(account));
    digest_add(&d, key, strlen(key));
    digest_end(&d, i->key);
    digest_begin(&d);
    digest_add(&d, method, strlen(method) + 1);
    digest_add(&d, path, strlen(path) + 1);
    digest_add(&d, query, strlen(query) + 1);
    struct digest bare = d;
    digest_end(&bare, i->bare);
    digest_add(&d, body, len);
    digest_end(&d, i->request);
}

void idempotency_seal(struct idempotency *i, const uint8_t key[DIGEST_LEN])
{
    uint8_t plain[DIGEST_LEN];
    memcpy(plain, i->request, sizeof(plain));
    digest_hmac(key, DIGEST_LEN, plain, sizeof(plain), i->request);
}

static int take(struct stmt *s, struct arena *a, struct idempotency_answer *out, struct err *err)
{
    size_t len;
    const char *type = stmt_text(s, 3, &len), *head = stmt_text(s, 4, &len);
    const void *p = stmt_blob(s, 2, &len);
    out->status = (int)stmt_int(s, 1);
    if (p) buf_add(out->body, p, len);
    out->type = type ? arena_strdup(a, type) : NULL;
    out->head = head ? arena_strdup(a, head) : NULL;
    return (type && !out->type) || (head && !out->head) ? err_set(err, ERR_NOMEM, "memory", NULL) : 1;
}

int idempotency_find(struct store *db, const struct idempotency *i, int64_t now, struct arena *a,
                     struct idempotency_answer *out, struct err *err)
{
    struct stmt *s = store_stmt(
        db, "select request, status, body, type, head from http_idempotency where key = ?1 and at >= ?2", err);
    if (!s) return err->code;
    stmt_bind_blob(s, 1, i->key, sizeof(i->key));
    stmt_bind_int(s, 2, now - KEPT_MS);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        size_t len;
        const void *request = stmt_blob(s, 0, &len);
        bool same = len == DIGEST_LEN &&
                    (memcmp(request, i->request, DIGEST_LEN) == 0 || memcmp(request, i->bare, DIGEST_LEN) == 0);
        rc = same ? take(s, a, out, err) : err_set(err, ERR_INVALID, "http.idempotency_other", NULL);
    }
    stmt_done(s);
    return rc;
}

static int drop_old(struct store *db, int64_t now, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "delete from http_idempotency where key in (select key from http_idempotency where at "
                                "< ?1 order by at limit 8)",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, now - KEPT_MS);
    return stmt_run(s, err);
}

int idempotency_keep(struct store *db, const struct idempotency *i, const struct idempotency_answer *answer,
                     int64_t now, struct err *err)
{
    int rc = drop_old(db, now, err);
    struct stmt *s = rc ? NULL
                        : store_stmt(db,
                                     "insert or replace into http_idempotency(key, request, status, body, at, type,"
                                     " head, account) values(?1, ?2, ?3, ?4, ?5, ?6, ?7, nullif(?8, 0))",
                                     err);
    if (!s) return err->code;
    stmt_bind_blob(s, 1, i->key, sizeof(i->key));
    stmt_bind_blob(s, 2, answer->is_secret ? i->bare : i->request, DIGEST_LEN);
    stmt_bind_int(s, 3, answer->status);
    if (answer->body->len) stmt_bind_blob(s, 4, answer->body->data, answer->body->len);
    stmt_bind_int(s, 5, now);
    if (answer->type) stmt_bind_str(s, 6, answer->type);
    if (answer->head) stmt_bind_str(s, 7, answer->head);
    stmt_bind_int(s, 8, i->account);
    rc = stmt_run(s, err);
    crash_point("route.key_kept");
    return rc;
}
