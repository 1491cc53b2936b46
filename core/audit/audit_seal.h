/* Sealed values: what of a row may have to be forgotten one day, and how the chain holds without it.
 *
 * The chain does not cover a value itself but its seal, SHA-256(salt, value). A value that is erased goes with its
 * salt, and its seal stays in its place: the row's hash comes out the same, and nobody can try names on it. Sealed are
 * the address that a row came from, and of each entry its name, its reason, and the texts of before and after (by their
 * keys, with lists and tables that may hold texts). Verb, kind, number, unit, capacity, and numbers in before and after
 * are public: what happened can be proved for ever.
 *
 * A row's `salt` is a seed of 32 bytes, of which all its salts are made; after an erasure, which must not leave the
 * seed, it is the list of them: for each value a byte 0 and its salt, or a byte 1 and its seal. The first salt is the
 * row's own: with it stands the digest of the row, so that a row that is left out of an export can be shown by its
 * digest and not be guessed from it. Rows from before there were seals have none; they are hashed whole and cannot be
 * erased. Any thread. */
#ifndef KHUNG_AUDIT_SEAL_H
#define KHUNG_AUDIT_SEAL_H

#include "audit/audit_internal.h"

enum { SEAL_SALT = 16, SEAL_SEED = DIGEST_LEN, SEALS_MAX = 32 << 20 };

/* A sealed value of a row, as it is visited. */
struct audit_sealed {
    int64_t n;     /* which: 0 the row's own salt, 1 the address, then as they stand */
    int64_t entry; /* of which entry, from 0; -1: of the row */
    enum audit_field field;
    const char *key; /* in before or after: whose; NULL: all of it */
    size_t key_len;
    const char *p; /* its bytes: encoded; of the address as they are */
    size_t len;
    bool is_erased;
    struct val verb, kind; /* of the entry */
    int64_t id;
    int64_t person; /* who did it: the row's person, or 0 when a run did */
};

/* Goes through a row: public bytes and sealed values in turn; a callback that does not give 0 ends it. ERR_CORRUPT: the
 * row, or its salts, are damaged; also when an erased value is still there. */
struct audit_visitor {
    int (*entry)(void *ctx, uint32_t bits); /* one begins: AUDIT_PLAIN, AUDIT_BY */
    int (*open)(void *ctx, const char *p, size_t n);
    int (*sealed)(void *ctx, const struct audit_sealed *v);
    void *ctx;
};
int audit_visit(const struct audit_row *r, const struct audit_visitor *visitor);

/* The digest of a row, and how many of its values are erased (may be NULL); and the chain after it. */
int audit_row_digest(const struct audit_row *r, uint8_t out[DIGEST_LEN], int64_t *erased);
void audit_chain(const uint8_t before[DIGEST_LEN], const uint8_t row[DIGEST_LEN], uint8_t out[DIGEST_LEN]);
/* The chain after the row, whichever kind it is. */
int audit_hash(const uint8_t before[DIGEST_LEN], const struct audit_row *r, uint8_t out[DIGEST_LEN], int64_t *erased);

/* What stands in the body for a value that was erased: an object of the kind "erased". */
#define AUDIT_ERASED                                                                                                   \
    "\x08\x86"                                                                                                         \
    "erased\x40\x40"
enum { AUDIT_ERASED_LEN = sizeof(AUDIT_ERASED) - 1 };

/* Without the values that `wants` asks for: the new body and the new salts. *n: how many went. ERR_CORRUPT, ERR_NOMEM.
 */
struct audit_erasing {
    bool (*wants)(void *ctx, const struct audit_sealed *v);
    void *ctx;
    struct buf body, salts;
    int64_t n;
    bool is_address; /* is among them */
};
int audit_without(const struct audit_row *r, struct audit_erasing *e);

#endif
