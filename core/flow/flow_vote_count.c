/* The count of a secret vote. One row, of the same length whatever it holds; it says nothing of who was first or last,
 * and each of its states is sealed by a key of its own, which is destroyed with the next (flow_vote_key.c). */
#include <sodium.h>
#include <string.h>

#include "flow/flow_vote.h"

enum { SEALED_LEN = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + sizeof(struct vote_count) };

static int refuse(const char *key, const struct vote *v, struct err *err)
{
    struct err_num run;
    return err_set(err, ERR_REFUSED, key, "run", err_i64(&run, v->run), NULL);
}

int vote_count_put(const char *dir, struct store *db, const char *sql, const struct vote *v,
                   const struct vote_count *count, struct err *err)
{
    uint8_t sealed[SEALED_LEN];
    struct vote_key key;
    int rc = vote_key_make(dir, v, &key, err);
    if (rc) return rc;
    randombytes_buf(sealed, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy(sealed + crypto_secretbox_NONCEBYTES, (const uint8_t *)count, sizeof(*count), sealed,
                          key.secret);
    sodium_memzero(key.secret, sizeof(key.secret));
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, v->run);
    stmt_bind_int(s, 2, v->entry);
    stmt_bind_blob(s, 3, key.id, sizeof(key.id));
    stmt_bind_blob(s, 4, sealed, sizeof(sealed));
    return stmt_run(s, err);
}

static int put(struct flow *f, struct store *db, const struct vote *v, const struct vote_count *count, struct err *err)
{
    static const char sql[] = "insert or replace into flow_vote_count(run, entry, key, sealed) values(?1, ?2, ?3, ?4)";
    f->keys_left = true; /* the one before; or this one, if it does not come to the commit */
    return vote_count_put(f->host->data_dir, db, sql, v, count, err);
}

int vote_count_begin(struct flow *f, struct store *db, const struct vote *v, struct err *err)
{
    struct vote_count none = {0};
    return put(f, db, v, &none, err);
}

/* 1 when the row is whole. */
static int load(struct store *db, const struct vote *v, struct vote_key *key, uint8_t sealed[SEALED_LEN],
                struct err *err)
{
    struct stmt *s = store_stmt(db, "select key, sealed from flow_vote_count where run = ?1 and entry = ?2", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, v->run);
    stmt_bind_int(s, 2, v->entry);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        size_t nid, nsealed;
        const void *id = stmt_blob(s, 0, &nid), *bytes = stmt_blob(s, 1, &nsealed);
        rc = id && bytes && nid == sizeof(key->id) && nsealed == SEALED_LEN;
        if (rc) memcpy(key->id, id, nid);
        if (rc) memcpy(sealed, bytes, nsealed);
    }
    stmt_done(s);
    return rc;
}

int vote_count_open(struct flow *f, struct store *db, const struct vote *v, struct vote_count *out, struct err *err)
{
    uint8_t sealed[SEALED_LEN];
    struct vote_key key;
    int rc = load(db, v, &key, sealed, err);
    if (rc < 0) return rc;
    if (rc == 0) return refuse("vote.sealed", v, err);
    rc = vote_key_read(f->host->data_dir, v, &key, err);
    if (rc < 0) return rc;
    if (rc == 0) return refuse("vote.key_lost", v, err);
    rc = crypto_secretbox_open_easy((uint8_t *)out, sealed + crypto_secretbox_NONCEBYTES,
                                    SEALED_LEN - crypto_secretbox_NONCEBYTES, sealed, key.secret);
    sodium_memzero(key.secret, sizeof(key.secret));
    return rc ? refuse("vote.sealed", v, err) : 0;
}

int vote_count_add(struct flow *f, struct store *db, const struct vote *v, int option, int returns, struct err *err)
{
    struct vote_count count;
    int rc = vote_count_open(f, db, v, &count, err);
    if (rc) return rc;
    count.options[option]++;
    if (returns >= 0) count.returns[returns]++;
    rc = put(f, db, v, &count, err);
    sodium_memzero(&count, sizeof(count));
    return rc;
}
