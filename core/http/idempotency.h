/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that changes something and carries such a key
 * is done once; sent again by the same account, it is answered as it was. The answer is kept in the transaction of the
 * change, for a day, without what is shown once (api_fn.once); what was refused changed nothing, and is tried anew. On
 * the lane's thread. */
#ifndef KHUNG_HTTP_IDEMPOTENCY_H
#define KHUNG_HTTP_IDEMPOTENCY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "store/store.h"

enum { IDEMPOTENCY_KEY_MAX = 255 };
extern const struct store_migration http_migrations[];

struct idempotency {
    uint8_t key[DIGEST_LEN], request[DIGEST_LEN], bare[DIGEST_LEN]; /* bare: without its body */
    int64_t account;                                                /* or 0 */
};
/* Of the account, the key, and the request (method, path, query, body). */
void idempotency_init(struct idempotency *i, int64_t account, const char *key, const char *method, const char *path,
                      const char *query, const char *body, size_t len);
/* What a request may have been is known (a ballot has few options): who has the database alone must not find it by its
 * digest, so that is made with a key from outside. */
void idempotency_seal(struct idempotency *i, const uint8_t key[DIGEST_LEN]);
struct idempotency_answer {
    int status;
    const char *type, *head; /* what a plugin's route said; NULL: as REST has it */
    struct buf *body;
    bool is_secret; /* of its request not even a digest of the body is kept: what it said could be guessed from that */
};
/* 1: done before, and how it was answered, in the arena; 0: not yet, or a day ago. ERR_INVALID
 * "http.idempotency_other": the key belongs to another request. */
int idempotency_find(struct store *db, const struct idempotency *i, int64_t now, struct arena *a,
                     struct idempotency_answer *out, struct err *err);
int idempotency_keep(struct store *db, const struct idempotency *i, const struct idempotency_answer *answer,
                     int64_t now, struct err *err);

#endif
