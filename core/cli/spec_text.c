/* A value as text that is the same in each run: for snapshots, and for the difference of two values.
 *
 * Keys are sorted, one a line. Ids are others each time: an id is written as the number of its first appearance. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/kinds.h"
#include "cli/spec.h"

enum { IDS_MAX = 4096, ID_DIGITS = 14, KEYS_MAX = 1024 };

struct writer {
    struct buf *out;
    const char *zone;
    int64_t ids[IDS_MAX];
    size_t nids;
};

/* Ids begin with the time: 0x1000 a millisecond since 2020. */
static bool is_id(int64_t n)
{
    return n >= 10000000000000;
}

static void put_id(struct writer *w, int64_t id)
{
    size_t i = 0;
    while (i < w->nids && w->ids[i] != id)
        i++;
    if (i == w->nids && i < IDS_MAX) w->ids[w->nids++] = id;
    buf_printf(w->out, "<%zu>", i + 1);
}

static void put_number(struct buf *b, double n)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, n);
        if (strtod(text, NULL) == n) break;
    }
    buf_add_str(b, text);
    if (!strpbrk(text, ".en")) buf_add_str(b, ".0");
}

static void indent(struct writer *w, int depth)
{
    buf_add_char(w->out, '\n');
    for (int i = 0; i < depth; i++)
        buf_add_str(w->out, "  ");
}

static void put_char(struct writer *w, unsigned char c)
{
    if (c == '"' || c == '\\')
        buf_printf(w->out, "\\%c", c);
    else if (c < ' ' || c == 127)
        buf_printf(w->out, "\\x%02x", c);
    else
        buf_add_char(w->out, (char)c);
}

/* Text of several lines stands below, behind bars: so a difference shows the line. */
static void put_text(struct writer *w, const char *s, size_t len, int depth)
{
    bool lines = memchr(s, '\n', len) != NULL;
    buf_add_char(w->out, lines ? '|' : '"');
    if (lines) indent(w, depth + 1), buf_add_str(w->out, "| ");
    for (size_t i = 0; i < len;) {
        size_t digits = 0;
        while (i + digits < len && s[i + digits] >= '0' && s[i + digits] <= '9')
            digits++;
        if (digits >= ID_DIGITS && digits <= 18) {
            put_id(w, strtoll(s + i, NULL, 10));
            i += digits;
        } else if (lines && s[i] == '\n') {
            indent(w, depth + 1);
            buf_add_str(w->out, "| ");
            i++;
        } else if (digits) {
            buf_add(w->out, s + i, digits);
            i += digits;
        } else if (lines && s[i] == '"') {
            buf_add_char(w->out, s[i++]);
        } else {
            put_char(w, (unsigned char)s[i++]);
        }
    }
    if (!lines) buf_add_char(w->out, '"');
}

static void put(struct writer *w, const struct val *v, int depth);

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const struct val_pair *const *)a)->key, (*(const struct val_pair *const *)b)->key);
}

static void put_map(struct writer *w, const struct val *v, int depth)
{
    const struct val_pair *sorted[KEYS_MAX] = {0};
    size_t n = v->as.map.n < KEYS_MAX ? v->as.map.n : KEYS_MAX;
    for (size_t i = 0; i < n; i++)
        sorted[i] = &v->as.map.pairs[i];
    qsort(sorted, n, sizeof(sorted[0]), by_key);
    for (size_t i = 0; i < n; i++) {
        indent(w, depth + 1);
        buf_add_str(w->out, sorted[i]->key);
        buf_add_str(w->out, " = ");
        put(w, &sorted[i]->v, depth + 1);
    }
    if (n < v->as.map.n) indent(w, depth + 1), buf_printf(w->out, "and %zu more", v->as.map.n - n);
}

static void put_object(struct writer *w, const struct val *v)
{
    char number[24];
    struct arena a;
    struct val shown;
    arena_init(&a, 64 << 10);
    bool is_date = v->as.obj.kind == &date_kind, is_instant = v->as.obj.kind == &instant_kind;
    if (is_date && kind_date(&a, v->as.obj.id, &shown) == 0) {
        buf_add_str(w->out, val_get_str(shown.as.obj.fields, "iso"));
    } else if (is_instant && kind_instant(&a, v->as.obj.id, w->zone, &shown) == 0) {
        buf_add_str(w->out, val_get_str(shown.as.obj.fields, "text"));
    } else {
        buf_printf(w->out, "%s ", v->as.obj.kind->name);
        snprintf(number, sizeof(number), "%" PRId64, v->as.obj.id);
        if (is_id(v->as.obj.id))
            put_id(w, v->as.obj.id);
        else
            buf_add_str(w->out, number);
    }
    arena_close(&a);
}

static void put(struct writer *w, const struct val *v, int depth)
{
    switch (v->type) {
    case VAL_NIL:
        buf_add_str(w->out, "nil");
        break;
    case VAL_BOOL:
        buf_add_str(w->out, v->as.b ? "true" : "false");
        break;
    case VAL_INT:
        if (is_id(v->as.i))
            put_id(w, v->as.i);
        else
            buf_printf(w->out, "%" PRId64, v->as.i);
        break;
    case VAL_NUM:
        put_number(w->out, v->as.n);
        break;
    case VAL_STR:
        put_text(w, v->as.str.s, v->as.str.len, depth);
        break;
    case VAL_LIST:
    case VAL_MAP: {
        bool is_list = v->type == VAL_LIST;
        bool empty = is_list ? v->as.list.n == 0 : v->as.map.n == 0;
        buf_add_char(w->out, '{');
        if (!is_list) put_map(w, v, depth);
        for (size_t i = 0; is_list && i < v->as.list.n; i++) {
            indent(w, depth + 1);
            put(w, &v->as.list.items[i], depth + 1);
        }
        if (!empty) indent(w, depth);
        buf_add_char(w->out, '}');
        break;
    }
    case VAL_OBJ:
        put_object(w, v);
        break;
    }
}

void spec_text(struct buf *out, const struct val *v, const char *zone)
{
    struct writer w = {.out = out, .zone = zone};
    put(&w, v, 0);
}
