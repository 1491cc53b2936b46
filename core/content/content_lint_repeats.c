/* A paragraph that is told twice, even in somewhat other words.
 *
 * Each paragraph becomes the set of its shingles (three folded words in a row, hashed). Two
 * paragraphs are the same news if most shingles of the shorter one stand in the longer one: so a
 * repeat is found that has a few words changed and sentences added. */
#include "content/content_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { PARAGRAPHS_MAX = 400, SHINGLES_MAX = 2000, SHINGLES_LEAST = 10, SHARED_PERCENT = 60 };

struct paragraph {
    size_t offset, len;
    uint64_t *shingles; /* sorted, each once */
    size_t n;
};

static int by_value(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

static bool is_letter(char c)
{
    return ((unsigned char)c & 0x80) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Hashes of words, then of three in a row, in place. */
static size_t shingle(const char *s, size_t len, uint64_t *out)
{
    size_t words = 0, kept = 0;
    for (size_t i = 0; i < len && words < SHINGLES_MAX;) {
        size_t start = i;
        while (i < len && is_letter(s[i]))
            i++;
        if (i > start) out[words++] = digest_short(s + start, i - start);
        if (i < len) i++;
    }
    if (words < 3) return 0;
    for (size_t i = 0; i + 2 < words; i++)
        out[i] = digest_short(out + i, 3 * sizeof(*out));
    qsort(out, words - 2, sizeof(*out), by_value);
    for (size_t i = 0; i < words - 2; i++)
        if (kept == 0 || out[i] != out[kept - 1]) out[kept++] = out[i];
    return kept;
}

static int read_paragraph(struct lint *l, const char *text, struct paragraph *p)
{
    const char *folded;
    size_t len;
    if (text_fold(l->a, text + p->offset, p->len, &folded, &len) != 0) return content_too_large(l->err);
    p->shingles = arena_alloc(l->a, (len / 2 + 2 < SHINGLES_MAX ? len / 2 + 2 : SHINGLES_MAX) * sizeof(uint64_t));
    if (!p->shingles) return content_too_large(l->err);
    p->n = shingle(folded, len, p->shingles);
    return 0;
}

static bool is_repeat(const struct paragraph *a, const struct paragraph *b)
{
    size_t shared = 0, least = a->n < b->n ? a->n : b->n;
    if (least < SHINGLES_LEAST) return false;
    for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
        if (a->shingles[i] == b->shingles[k]) shared++;
        bool step_a = a->shingles[i] <= b->shingles[k], step_b = b->shingles[k] <= a->shingles[i];
        i += step_a;
        k += step_b;
    }
    return shared * 100 >= least * SHARED_PERCENT;
}

static int find_repeats(struct lint *l, const struct field *f, const char *text, const struct paragraph *p, size_t n)
{
    int rc = 0;
    for (size_t i = 1; rc == 0 && i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (!is_repeat(&p[k], &p[i])) continue;
            struct err_num where;
            const char *first = arena_strdup(l->a, err_i64(&where, (int64_t)p[k].offset + 1));
            struct lint_finding found = {f->name, "repeated_paragraph", p[i].offset, p[i].len, text, NULL, first};
            rc = content_lint_add(l, &found);
            break;
        }
    }
    return rc;
}

int content_lint_repeats(struct lint *l, const struct field *f, const char *text, size_t len)
{
    struct paragraph *p = arena_alloc(l->a, PARAGRAPHS_MAX * sizeof(*p));
    size_t n = 0;
    if (!p) return content_too_large(l->err);
    for (size_t i = 0; i < len && n < PARAGRAPHS_MAX;) {
        const char *end = memchr(text + i, '\n', len - i);
        size_t size = end ? (size_t)(end - text) - i : len - i;
        if (size > 0) {
            p[n] = (struct paragraph){.offset = i, .len = size};
            int rc = read_paragraph(l, text, &p[n++]);
            if (rc) return rc;
        }
        i += size + 1;
    }
    return find_repeats(l, f, text, p, n);
}
