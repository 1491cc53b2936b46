/* ICU collators. A collator that nobody changes may be used by many threads at once; two threads
 * that open the same one at the same time agree on the first. */
#include "people/collate.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unicode/ucol.h>

static _Atomic(UCollator *) collators[2]; /* vi, en */

static UCollator *open_for(const char *lang)
{
    bool vi = strncmp(lang, "vi", 2) == 0;
    _Atomic(UCollator *) *slot = &collators[vi ? 0 : 1];
    UCollator *have = atomic_load_explicit(slot, memory_order_acquire);
    if (have) return have;
    UErrorCode status = U_ZERO_ERROR;
    UCollator *made = ucol_open(vi ? "vi" : "en", &status);
    if (U_FAILURE(status)) return NULL;
    if (atomic_compare_exchange_strong_explicit(slot, &have, made, memory_order_acq_rel, memory_order_acquire))
        return made;
    ucol_close(made);
    return have;
}

int collate_compare(const char *lang, const char *a, size_t a_len, const char *b, size_t b_len)
{
    UErrorCode status = U_ZERO_ERROR;
    UCollator *c = a_len < INT32_MAX && b_len < INT32_MAX ? open_for(lang ? lang : "en") : NULL;
    if (c) {
        UCollationResult r = ucol_strcollUTF8(c, a, (int32_t)a_len, b, (int32_t)b_len, &status);
        if (U_SUCCESS(status)) return r == UCOL_LESS ? -1 : r == UCOL_GREATER ? 1 : 0;
    }
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    if (order == 0) order = a_len < b_len ? -1 : a_len > b_len;
    return order < 0 ? -1 : order > 0;
}
