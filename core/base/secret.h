/* Secrets: what is made of random bytes, of keys and of passwords (libsodium), and their forms as text. Any thread.
 *
 * A secret that a client holds (session, link, code) has 32 random bytes and is kept as its SHA-256 alone. */
#ifndef KHUNG_SECRET_H
#define KHUNG_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SECRET_LEN = 32,
    SECRET_TEXT = 44,       /* base64url of 32 bytes, and NUL */
    SECRET_HASH_TEXT = 128, /* of a password, with its parameters, and NUL */
    SECRET_SEAL_MORE = 40   /* a sealed text is longer by this */
};

/* 256 random bits as text. */
void secret_new(char out[SECRET_TEXT]);
/* The SHA-256 of such a text. False: it cannot be one. */
bool secret_hash(const char *text, size_t len, uint8_t out[32]);
/* In a time that tells nothing. */
bool secret_equal(const char *a, const char *b);
void secret_forget(void *p, size_t n);

/* Base64 for URLs without padding, strict; base32 (RFC 4648) without padding. */
size_t secret_base64(const void *p, size_t n, char *out, size_t cap); /* length of the text; 0: no room */
bool secret_unbase64(const char *text, size_t len, void *out, size_t cap, size_t *n);
void secret_base32(const void *p, size_t n, char *out, size_t cap);
/* Small letters, blanks and hyphens are taken too. */
bool secret_unbase32(const char *text, size_t len, void *out, size_t cap, size_t *n);

/* A key for one use ("csrf", 8 letters at most) from the key of all. */
void secret_derive(const uint8_t key[32], const char *use, uint8_t out[32]);
/* HMAC-SHA-256 as text. */
void secret_sign(const uint8_t key[32], const void *p, size_t n, char out[SECRET_TEXT]);
/* XChaCha20-Poly1305, bound to `about`. `out` has room for n + SECRET_SEAL_MORE, or n - SECRET_SEAL_MORE. */
void secret_seal(const uint8_t key[32], const void *p, size_t n, const char *about, uint8_t *out);
bool secret_open(const uint8_t key[32], const uint8_t *p, size_t n, const char *about, uint8_t *out);

/* Argon2id, 64 MiB and two passes: about 0.1 s of a core, so never on the io thread or the lane. False: no memory. */
bool secret_password_hash(const char *password, size_t len, char out[SECRET_HASH_TEXT]);
bool secret_password_is(const char *hash, const char *password, size_t len);

#endif
