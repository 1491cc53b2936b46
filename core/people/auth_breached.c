/* The list of breached passwords as it is downloaded: one SHA-1 a line in upper case, sorted, ":count" behind it. It
 * has tens of gigabytes, so it is searched where it lies: halves of the file, each look at the line that begins next.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha1.h"
#include "people/auth_internal.h"

enum { SUM = SHA1_LEN * 2, LINE = 128 };

/* The line that begins at `at` or next after it: where it is and its sum. 1, 0 at the end, or -1. */
static int line_from(int fd, int64_t at, int64_t *start, char sum[SUM + 1])
{
    char block[2 * LINE];
    int64_t from = at ? at - 1 : 0;
    ssize_t n = pread(fd, block, sizeof(block), from);
    if (n < 0) return -1;
    char *p = block;
    if (at) {
        p = memchr(block, '\n', (size_t)n);
        if (!p) return 0;
        p++;
    }
    *start = from + (p - block);
    if (block + n - p < SUM) return 0;
    memcpy(sum, p, SUM);
    sum[SUM] = '\0';
    return 1;
}

int auth_breached(const char *file, const char *password, struct err *err)
{
    static const char hex[] = "0123456789ABCDEF";
    uint8_t digest[SHA1_LEN];
    char want[SUM + 1] = "", sum[SUM + 1];
    struct stat st;
    sha1_sum(password, strlen(password), digest);
    for (int i = 0; i < SHA1_LEN; i++) {
        want[2 * i] = hex[digest[i] >> 4];
        want[2 * i + 1] = hex[digest[i] & 15];
    }
    int fd = open(file, O_RDONLY | O_CLOEXEC), found = 0;
    if (fd < 0 || fstat(fd, &st) != 0) found = -1;
    /* Lines that begin before `low` are smaller; those from `high` on are not. */
    for (int64_t low = 0, high = st.st_size, start; found == 0 && low < high;) {
        int64_t middle = low + (high - low) / 2;
        int rc = line_from(fd, middle, &start, sum);
        if (rc < 0) found = -1;
        int order = rc == 1 ? strcasecmp(sum, want) : 1;
        if (order == 0) found = 1;
        if (rc == 1 && order < 0)
            low = start + SUM;
        else
            high = middle;
    }
    if (found < 0) err_set(err, ERR_IO, "auth.breached_file", "file", file, "detail", strerror(errno), NULL);
    if (fd >= 0) close(fd);
    return found < 0 ? ERR_IO : found;
}
