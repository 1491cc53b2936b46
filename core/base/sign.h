/* Signatures: Ed25519 (libsodium). Keys are text (base64 for URLs, 43 characters), one text for one key; they are
 * compared as text and shown as they are. Any thread. */
#ifndef KHUNG_SIGN_H
#define KHUNG_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIGN_KEY_LEN = 44, SIGN_LEN = 64 }; /* a key's text with its NUL; a signature's bytes */

void sign_new_secret(char secret[SIGN_KEY_LEN]);
/* The public key of a secret one. False: that is none. */
bool sign_public_of(const char *secret, char key[SIGN_KEY_LEN]);
bool sign_is_key(const char *key);
/* False: that is no secret key. */
bool sign_make(const char *secret, const void *p, size_t n, uint8_t out[SIGN_LEN]);
bool sign_is_good(const char *key, const void *p, size_t n, const uint8_t signature[SIGN_LEN]);
/* For buffers that held a secret. */
void sign_forget(void *p, size_t n);

#endif
