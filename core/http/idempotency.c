/* One row a key. Old ones go a few at a time, whenever a new one comes. */
#include "http/idempotency.h"

#include <string.h>

enum { KEPT_MS = 86400000 };

static const char schema[] =
    "create table http_idempotency(key blob primary key, request blob not null, status integer not null, body blob,"
    " at integer not null) without rowid;"
    "create index http_idempotency_at on http_idempotency(at);";

const struct store_migration http_migrations[] = {{"http/001", schema}, {0}};

void idempotency_init(struct idempotency *i, int64_t account, const char *key, const char *method, const char *path,
                      const char *body, size_t len)
{
    struct digest d;
    digest_begin(&d);
    digest_add(&d, &account, sizeof(account));
    digest_add(&d, key, strlen(key));
    digest_end(&d, i->key);
    digest_begin(&d);
    digest_add(&d, method, strlen(method) + 1);
    digest_add(&d, path, strlen(path) + 1);
    digest_add(&d, body, len);
    digest_end(&d, i->request);
}

int idempotency_find(struct store *db, const struct idempotency *i, int *status, struct buf *body, struct err *err)
{
    struct stmt *s = store_stmt(db, "select request, status, body from http_idempotency where key = ?1", err);
    if (!s) return err->code;
    stmt_bind_blob(s, 1, i->key, sizeof(i->key));
    int rc = stmt_step(s, err);
    if (rc == 1) {
        size_t len;
        const void *request = stmt_blob(s, 0, &len);
        bool same = len == DIGEST_LEN && memcmp(request, i->request, DIGEST_LEN) == 0;
        *status = (int)stmt_int(s, 1);
        const void *p = stmt_blob(s, 2, &len);
        if (same && p) buf_add(body, p, len);
        if (!same) rc = err_set(err, ERR_INVALID, "http.idempotency_other", NULL);
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

int idempotency_keep(struct store *db, const struct idempotency *i, int status, const struct buf *body, int64_t now,
                     struct err *err)
{
    int rc = drop_old(db, now, err);
    struct stmt *s =
        rc ? NULL
           : store_stmt(db, "insert into http_idempotency(key, request, status, body, at) values(?1, ?2, ?3, ?4, ?5)",
                        err);
    if (!s) return err->code;
    stmt_bind_blob(s, 1, i->key, sizeof(i->key));
    stmt_bind_blob(s, 2, i->request, sizeof(i->request));
    stmt_bind_int(s, 3, status);
    if (body->len) stmt_bind_blob(s, 4, body->data, body->len);
    stmt_bind_int(s, 5, now);
    return stmt_run(s, err);
}
