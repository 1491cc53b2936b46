/* The order of texts: by their bytes, wherever the service runs, and stoppable.
 *
 * Lua compares texts with strcoll, piece by piece between NULs: a text of nothing but NULs has a million pieces. The
 * program's own strcoll takes the place of the C library's. When code is to stop anyway, the first two pieces are as
 * good as different, whatever they hold: that ends the comparison, and the next instruction is the end of the code. */
#include <string.h>

#include "vm/vm_internal.h"

enum { PIECE = 64 << 10 };

/* Not hidden, so that liblua finds it. */
__attribute__((visibility("default"))) int strcoll(const char *a, const char *b)
{
    for (;;) {
        int order = vm_limit_is_over() ? 1 : strncmp(a, b, PIECE);
        if (order) return order;
        if (memchr(a, '\0', PIECE)) return 0;
        a += PIECE;
        b += PIECE;
    }
}
