/* The hash of a revision that holds personal fields: it covers their seals, SHA-256(salt, value), and not their values.
 * So a value can be erased with its salt while the revision's hash, and with it every approval of it, still holds.
 *
 * A revision's `salt` is a map by field: 16 bytes, a salt; 32 bytes, the seal of what was erased. It says by itself
 * which fields are sealed, whatever the type declares later. Without one the hash covers the whole text
 * (content_body_hash); one of no bytes stands for such a text that was erased: its hash can be proved no more. */
#ifndef KHUNG_CONTENT_SEAL_H
#define KHUNG_CONTENT_SEAL_H

#include "content/content_internal.h"

/* Salts for the personal fields of a new body; nothing where there are none. */
int content_seal_make(const struct content_type *t, const char *json, size_t len, struct arena *a, struct buf *salts,
                      struct err *err);
struct content_sealed {
    const char *type, *json;
    size_t len;
    const void *salts; /* NULL: none */
    size_t nsalts;
};
/* ERR_CORRUPT: a value stands where one was erased, or the salts cannot be read. 1: it can be proved no more. */
int content_seal_hash(const struct content_sealed *s, struct arena *a, char hex[DIGEST_HEX]);
/* The salts without those of the fields that go (names, as given by personal_choose), their seals in their place. */
int content_seal_erase(const struct content_sealed *s, const struct field_list *fields, const bool *goes,
                       struct arena *a, struct buf *out);

#endif
