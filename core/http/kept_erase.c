/* What the host keeps for a while by itself, when a person is erased: errors of plugins, whose messages and tracebacks
 * may hold what the code was given, go whole; answers kept for Idempotency-Key go if the person asked, and lose the
 * texts that tell of the person if somebody else did: what was asked is still done once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_place.h"
#include "http/host_api_parts.h"

enum { ERRORS_AT_ONCE = 50, ANSWERS_AT_ONCE = 50, COLUMNS = 7 };

static int run(struct erasing *e, const char *sql, const char *key, size_t len, bool is_text, struct err *err)
{
    struct stmt *s = store_stmt(e->s->db, sql, err);
    if (!s) return err->code;
    if (is_text)
        stmt_bind_text(s, 1, key, len);
    else
        stmt_bind_blob(s, 1, key, len);
    return stmt_run(s, err);
}

/* --- errors --- */

/* Texts, and the arguments of the message: texts that end with zeros. */
static int64_t count_named(struct erasing *e, struct stmt *s)
{
    int64_t n = 0;
    for (int i = 1; i <= COLUMNS; i++) {
        size_t len, part;
        const char *p = stmt_blob(s, i, &len), *end = p ? p + len : NULL;
        for (; p && p < end; p += part + 1) {
            part = strnlen(p, (size_t)(end - p));
            n += part && erasing_names(e, p, part);
        }
    }
    return n;
}

static int look_at_error(struct erasing *e, struct stmt *s, struct err *err)
{
    struct erasing_mark one;
    int64_t number, n = count_named(e, s);
    if (n == 0) return 0;
    int rc = erasing_secret_number(e, e->part, &number, err);
    if (rc == 0) rc = erasing_begin(e, &one, err);
    if (rc) return rc;
    if (!e->is_dry) rc = run(e, "delete from incident where id = ?1", e->part, strlen(e->part), true, err);
    if (rc == 0) rc = erasing_tell(e, "error", 0, n, err);
    return erasing_end(e, &one, "error", number, rc, err);
}

static int look_at_errors(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    struct stmt *s = store_stmt(e->s->db,
                                "select id, name, place, text, remedy, traceback, source, args from incident where id >"
                                " ?1 order by id limit ?2",
                                err);
    int n = 0, rc;
    (void)ctx;
    if (!s) return err->code;
    stmt_bind_str(s, 1, e->part);
    stmt_bind_int(s, 2, ERRORS_AT_ONCE);
    while ((rc = stmt_step(s, err)) == 1) {
        stmt_copy(s, 0, e->part, sizeof(e->part));
        n++;
        rc = look_at_error(e, s, err);
        if (rc) break;
    }
    stmt_done(s);
    *more = n == ERRORS_AT_ONCE;
    return rc;
}

/* --- answers --- */

static bool is_own(const struct erasing *e, int64_t account)
{
    const struct val *v;
    for (size_t i = 0; account && (v = val_at(&e->traces->accounts, i)); i++)
        if (v->type == VAL_INT && v->as.i == account) return true;
    return false;
}

struct answer {
    const char *key;
    size_t len;
    bool is_own;
    struct buf body;
    int64_t values;
    bool head;
};

static void read_answer(struct erasing *e, struct stmt *s, struct answer *an)
{
    size_t len;
    const char *p = stmt_blob(s, 2, &len);
    int64_t n = p && len ? erasing_json(e, false, p, len, &an->body) : 0;
    if (n == 0 && p) n = erasing_text(e, false, p, len, &an->body);
    p = stmt_text(s, 3, &len);
    an->head = p && len && erasing_names(e, p, len);
    an->values = n + an->head + an->is_own;
}

static int put_answer(struct erasing *e, const struct answer *an, struct err *err)
{
    if (an->is_own) return run(e, "delete from http_idempotency where key = ?1", an->key, an->len, false, err);
    if (!buf_ok(&an->body)) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    struct stmt *s = store_stmt(e->s->db,
                                "update http_idempotency set body = iif(?3, body, ?2), head = iif(?4, null, head)"
                                " where key = ?1",
                                err);
    if (!s) return err->code;
    stmt_bind_blob(s, 1, an->key, an->len);
    stmt_bind_blob(s, 2, an->body.len ? an->body.data : "", an->body.len);
    stmt_bind_int(s, 3, an->body.len == 0);
    stmt_bind_int(s, 4, an->head);
    return stmt_run(s, err);
}

static int look_at_answer(struct erasing *e, struct answer *an, struct err *err)
{
    struct erasing_mark one;
    int64_t number;
    int rc = erasing_secret_number(e, e->part, &number, err);
    if (rc == 0) rc = erasing_begin(e, &one, err);
    if (rc) return rc;
    if (!e->is_dry) rc = put_answer(e, an, err);
    if (rc == 0) rc = erasing_tell(e, "answer", 0, an->values, err);
    return erasing_end(e, &one, "answer", number, rc, err);
}

static size_t read_key(const char *hex, char key[DIGEST_LEN])
{
    size_t n = 0;
    for (; n < DIGEST_LEN && hex[0] && hex[1]; hex += 2)
        key[n++] = (char)strtol((const char[]){hex[0], hex[1], '\0'}, NULL, 16);
    return n;
}

static int look_at_answers(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    char key[DIGEST_LEN];
    size_t len = read_key(e->part, key);
    struct stmt *s = store_stmt(e->s->db,
                                "select key, coalesce(account, 0), body, head from http_idempotency where key > ?1"
                                " order by key limit ?2",
                                err);
    int n = 0, rc;
    (void)ctx;
    if (!s) return err->code;
    stmt_bind_blob(s, 1, key, len);
    stmt_bind_int(s, 2, ANSWERS_AT_ONCE);
    while ((rc = stmt_step(s, err)) == 1) {
        struct answer an = {.key = key, .len = DIGEST_LEN, .is_own = is_own(e, stmt_int(s, 1))};
        const char *p = stmt_blob(s, 0, &len);
        if (!p || len != DIGEST_LEN) break;
        memcpy(key, p, DIGEST_LEN);
        digest_hex((const uint8_t *)key, e->part);
        n++;
        buf_init(&an.body, 32 << 20);
        read_answer(e, s, &an);
        rc = an.values ? look_at_answer(e, &an, err) : 0;
        buf_close(&an.body);
        if (rc) break;
    }
    stmt_done(s);
    *more = n == ANSWERS_AT_ONCE;
    return rc < 0 ? rc : 0;
}

void kept_erase_attach(struct host *host)
{
    audit_add_place(host->audit,
                    &(struct audit_place){.name = "errors", .look = look_at_errors, .tables = {"incident"}});
    audit_add_place(host->audit,
                    &(struct audit_place){.name = "answers", .look = look_at_answers, .tables = {"http_idempotency"}});
}
