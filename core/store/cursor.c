/* The canonical bytes of the values in base64url. */
#include "store/cursor.h"

#include <sodium.h>
#include <string.h>

#include "base/buf.h"

enum { TEXT_MAX = 4096, BYTES_MAX = 3000 };

const char *cursor_write(const struct val *at, struct arena *a)
{
    struct buf b;
    buf_init(&b, BYTES_MAX);
    int rc = val_encode(at, &b, false);
    size_t cap = sodium_base64_encoded_len(b.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = rc == 0 && buf_ok(&b) ? arena_alloc(a, cap) : NULL;
    if (text) sodium_bin2base64(text, cap, (unsigned char *)b.data, b.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buf_close(&b);
    return text;
}

static bool decode(const char *text, size_t n, struct arena *a, struct val *at)
{
    size_t len = strlen(text), got;
    unsigned char *bytes = len <= TEXT_MAX ? arena_alloc(a, len + 1) : NULL;
    if (!bytes) return false;
    if (sodium_base642bin(bytes, len, text, len, NULL, &got, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return false;
    if (val_decode((char *)bytes, got, a, NULL, at) != 0 || at->type != VAL_LIST || at->as.list.n != n) return false;
    for (size_t i = 0; i < n; i++)
        if (at->as.list.items[i].type > VAL_STR) return false;
    return true;
}

int cursor_read(const char *text, size_t n, struct arena *a, struct val *at, struct err *err)
{
    return decode(text, n, a, at) ? 0 : err_set(err, ERR_INVALID, "find.cursor", NULL);
}
