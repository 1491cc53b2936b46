/* Equal beginnings and ends are set aside; what is between is compared by the longest common subsequence of lines. */
#include "base/diff.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

enum { CONTEXT = 3, CELLS_MAX = 4 << 20, LINES_MAX = 60000 };

struct line {
    const char *s;
    size_t len;
};

struct side {
    struct line *lines;
    size_t n;
};

/* One line of the result: ' ' in both, '-' in the old, '+' in the new. */
struct op {
    char what;
    struct line line;
};

struct ops {
    struct op *items;
    size_t n;
};

static void split(struct side *side, const struct diff_text *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->len; i++)
        n += t->text[i] == '\n' || i + 1 == t->len;
    side->lines = mem_alloc((n + 1) * sizeof(*side->lines));
    for (const char *p = t->text, *end = t->text + t->len; p < end && side->n < n;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t len = stop ? (size_t)(stop - p) : (size_t)(end - p);
        side->lines[side->n++] = (struct line){p, len};
        p += len + 1;
    }
}

static bool same(const struct line *a, const struct line *b)
{
    return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

static void add(struct ops *ops, char what, const struct line *line)
{
    ops->items[ops->n++] = (struct op){what, *line};
}

/* length[i][j]: the longest common subsequence of a from i on and b from j on. */
static void compare(struct ops *ops, const struct line *a, size_t na, const struct line *b, size_t nb)
{
    bool small = na < LINES_MAX && nb < LINES_MAX && (na + 1) * (nb + 1) <= CELLS_MAX;
    uint16_t *length = small ? mem_alloc((na + 1) * (nb + 1) * sizeof(*length)) : NULL;
    size_t row = nb + 1, i = 0, j = 0;
    for (size_t y = na; small && y-- > 0;)
        for (size_t x = nb; x-- > 0;) {
            uint16_t down = length[(y + 1) * row + x], right = length[y * row + x + 1];
            uint16_t both = (uint16_t)(length[(y + 1) * row + x + 1] + 1);
            length[y * row + x] = same(&a[y], &b[x]) ? both : down > right ? down : right;
        }
    while (small && i < na && j < nb) {
        if (same(&a[i], &b[j])) {
            add(ops, ' ', &a[i++]);
            j++;
        } else if (length[(i + 1) * row + j] >= length[i * row + j + 1])
            add(ops, '-', &a[i++]);
        else
            add(ops, '+', &b[j++]);
    }
    while (i < na)
        add(ops, '-', &a[i++]);
    while (j < nb)
        add(ops, '+', &b[j++]);
    mem_free(length);
}

static void write_hunk(struct buf *out, const struct ops *ops, size_t from, size_t to, const size_t at[2])
{
    size_t n[2] = {0, 0};
    for (size_t i = from; i < to; i++) {
        n[0] += ops->items[i].what != '+';
        n[1] += ops->items[i].what != '-';
    }
    buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", at[0] + (n[0] > 0), n[0], at[1] + (n[1] > 0), n[1]);
    for (size_t i = from; i < to; i++) {
        buf_add_char(out, ops->items[i].what);
        buf_add(out, ops->items[i].line.s, ops->items[i].line.len);
        buf_add_char(out, '\n');
    }
}

/* The end of the hunk that a change at `i` begins: where more than two contexts of equal lines follow. */
static size_t hunk_end(const struct ops *ops, size_t i)
{
    size_t last = i;
    for (; i < ops->n && i - last <= 2 * CONTEXT; i++)
        if (ops->items[i].what != ' ') last = i;
    return last + 1 + CONTEXT < ops->n ? last + 1 + CONTEXT : ops->n;
}

static void write_hunks(struct buf *out, const struct ops *ops)
{
    size_t at[2] = {0, 0}; /* lines of the old and the new before `done` */
    size_t done = 0;
    for (size_t i = 0; i < ops->n; i++) {
        if (ops->items[i].what == ' ') continue;
        size_t from = i > done + CONTEXT ? i - CONTEXT : done, to = hunk_end(ops, i);
        for (; done < to; done++) {
            if (done == from) write_hunk(out, ops, from, to, at);
            at[0] += ops->items[done].what != '+';
            at[1] += ops->items[done].what != '-';
        }
        i = to - 1;
    }
}

void diff_unified(struct buf *out, const struct diff_text *old, const struct diff_text *new)
{
    struct side a = {0}, b = {0};
    size_t head = 0, tail = 0;
    if (old->len == new->len && old->text &&new->text &&memcmp(old->text, new->text, old->len) == 0) return;
    split(&a, old);
    split(&b, new);
    while (head < a.n && head < b.n && same(&a.lines[head], &b.lines[head]))
        head++;
    while (tail < a.n - head && tail < b.n - head && same(&a.lines[a.n - 1 - tail], &b.lines[b.n - 1 - tail]))
        tail++;
    struct ops ops = {mem_alloc((a.n + b.n + 1) * sizeof(*ops.items)), 0};
    for (size_t i = 0; i < head; i++)
        add(&ops, ' ', &a.lines[i]);
    compare(&ops, a.lines + head, a.n - head - tail, b.lines + head, b.n - head - tail);
    for (size_t i = a.n - tail; i < a.n; i++)
        add(&ops, ' ', &a.lines[i]);
    buf_printf(out, "--- %s\n+++ %s\n", old->text ? old->name : "/dev/null", new->text ? new->name : "/dev/null");
    write_hunks(out, &ops);
    mem_free(ops.items);
    mem_free(a.lines);
    mem_free(b.lines);
}
