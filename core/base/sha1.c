#include "base/sha1.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

void sha1_sum(const void *p, size_t n, uint8_t out[SHA1_LEN])
{
    EVP_Digest(p, n, out, NULL, EVP_sha1(), NULL);
}

void sha1_hmac(const void *key, size_t nkey, const void *p, size_t n, uint8_t out[SHA1_LEN])
{
    HMAC(EVP_sha1(), key, (int)nkey, p, n, out, NULL);
}
