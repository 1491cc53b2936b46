/* The reader of multipart against a plain one that sees the whole body at once: random bodies, made of what delimiters
 * and heads are made of, in random pieces.
 *
 *   fuzz_multipart [BODIES [SEED]]   200,000 bodies and a random seed, which is printed */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "http/multipart.h"

enum { BODY_MAX = 4096 };

static uint64_t state;

static unsigned draw(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 20) % n);
}

static size_t make(char *body)
{
    static const char *const parts[] = {
        "\r\n--b",      "--b", "\r\n", "\r",
        "\n",           "-",   "--",   "b",
        "\r\n\r\n",     " ",   "x",    "\r\n--b\r\nContent-Disposition: form-data; name=n; filename=\"f\"\r\n\r\n",
        "\r\n--b--\r\n"};
    size_t n = 0;
    if (draw(3)) n += (size_t)sprintf(body, "--b\r\n\r\n");
    for (unsigned k = draw(30); k > 0; k--)
        n += (size_t)sprintf(body + n, "%s", parts[draw(13)]);
    return n;
}

static int on_part(void *ctx, const struct multipart_part *p, struct err *err)
{
    (void)err;
    buf_printf(ctx, "[%s|%s|%d]", p->name, p->filename, p->has_filename);
    return 0;
}

static int on_data(void *ctx, const char *p, size_t n, struct err *err)
{
    (void)err;
    buf_add(ctx, p, n);
    return 0;
}

/* 0 it ended, 1 it goes on, -1 it is wrong. */
static int streamed(const char *body, size_t n, struct buf *told)
{
    struct multipart m;
    struct err err = {0};
    int rc = multipart_init(&m, "multipart/form-data; boundary=b", &err);
    if (rc != 1) return -1;
    m.part = on_part;
    m.data = on_data;
    m.ctx = told;
    rc = 0;
    for (size_t at = 0; rc == 0 && at < n;) {
        size_t piece = 1 + draw(draw(2) ? 4 : 200);
        if (piece > n - at) piece = n - at;
        rc = multipart_feed(&m, body + at, piece, &err);
        at += piece;
    }
    return rc ? -1 : multipart_is_ended(&m) ? 0 : 1;
}

static void tell_head(const char *head, size_t n, struct buf *told)
{
    bool has = memmem(head, n, "Content-Disposition:", 20) != NULL;
    /* Heads that the pieces can make have a name where they have that line at a line's beginning, and not else. */
    bool starts = n >= 20 && memcmp(head, "Content-Disposition:", 20) == 0;
    for (size_t i = 1; has && !starts && i + 20 <= n; i++)
        starts = (head[i - 1] == '\n' || head[i - 1] == '\r') && memcmp(head + i, "Content-Disposition:", 20) == 0;
    buf_add_str(told, starts ? "[n|f|1]" : "[||0]");
}

static int plain(const char *body, size_t n, struct buf *told)
{
    static char all[BODY_MAX + 2];
    const char *end = all + n + 2, *p = all;
    bool in_part = false;
    memcpy(all, "\r\n", 2);
    memcpy(all + 2, body, n);
    for (int parts = 0;; parts++) {
        const char *d = memmem(p, (size_t)(end - p), "\r\n--b", 5);
        if (!d) {
            /* What may be the beginning of a delimiter is held back. */
            size_t held = 0, left = (size_t)(end - p);
            for (size_t k = 4; k > 0 && !held; k--)
                if (left >= k && memcmp(end - k, "\r\n--b", k) == 0) held = k;
            if (in_part) buf_add(told, p, left - held);
            return 1;
        }
        if (in_part) buf_add(told, p, (size_t)(d - p));
        for (p = d + 5; p < end && (*p == ' ' || *p == '\t'); p++)
            ;
        if (p < end && *p == '-') {
            if (p + 1 == end) return 1;
            return p[1] == '-' ? 0 : -1;
        }
        if (p == end || (p + 1 == end && *p == '\r')) return 1;
        if (*p != '\r' || p[1] != '\n') return -1;
        p += 2;
        const char *head = p, *stop = memmem(p, (size_t)(end - p), "\r\n\r\n", 4);
        bool is_empty = end - p >= 2 && memcmp(p, "\r\n", 2) == 0;
        if (!is_empty && !stop) return end - p > MULTIPART_HEAD_MAX ? -1 : 1;
        p = is_empty ? p + 2 : stop + 4;
        if (p - head > MULTIPART_HEAD_MAX || parts == MULTIPART_PARTS_MAX) return -1;
        tell_head(head, (size_t)(p - head), told);
        in_part = true;
    }
}

int main(int argc, char **argv)
{
    long bodies = argc > 1 ? strtol(argv[1], NULL, 10) : 200000;
    char body[BODY_MAX];
    struct buf one, other;
    if (argc > 2)
        state = strtoull(argv[2], NULL, 10);
    else
        digest_random(&state, sizeof(state));
    state |= 1;
    printf("seed %llu\n", (unsigned long long)state);
    buf_init(&one, 1 << 20);
    buf_init(&other, 1 << 20);
    for (long i = 0; i < bodies; i++) {
        size_t n = make(body);
        buf_clear(&one);
        buf_clear(&other);
        int a = streamed(body, n, &one), b = plain(body, n, &other);
        bool same = a == b && one.len == other.len && (!one.len || memcmp(one.data, other.data, one.len) == 0);
        if (same) continue;
        printf("body %ld: %d and %d\n%.*s\n--- streamed\n%s\n--- plain\n%s\n", i, a, b, (int)n, body,
               one.data ? one.data : "", other.data ? other.data : "");
        return 1;
    }
    printf("%ld bodies are read alike\n", bodies);
    buf_close(&one);
    buf_close(&other);
    return 0;
}
