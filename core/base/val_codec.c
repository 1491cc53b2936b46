/* Canonical bytes of values: one tag byte, LEB128 lengths, map keys in byte order.
 *
 * Tags: 0 nil, 1 false, 2 true, 3 integer (zigzag), 4 float (8 bytes), 5 string, 6 list, 7 map, 8 object, 9 object with
 * fields; 0x40–0x7f the integers 0–63; 0x80–0xff strings of 0–127 bytes. */
#include "base/val.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum {
    T_NIL,
    T_FALSE,
    T_TRUE,
    T_INT,
    T_NUM,
    T_STR,
    T_LIST,
    T_MAP,
    T_OBJ,
    T_OBJ_FIELDS,
    T_SMALL = 0x40,
    T_SHORT = 0x80
};
enum { MAP_SORT_MAX = 64 };

static void put_number(struct buf *b, uint64_t n)
{
    char bytes[10];
    size_t at = 0;
    for (; n >= 0x80; n >>= 7)
        bytes[at++] = (char)(n | 0x80);
    bytes[at++] = (char)n;
    buf_add(b, bytes, at);
}

static void put_int(struct buf *b, int64_t i)
{
    if (i >= 0 && i < 64) {
        buf_add_char(b, (char)(T_SMALL | i));
        return;
    }
    buf_add_char(b, T_INT);
    put_number(b, ((uint64_t)i << 1) ^ (uint64_t)(i >> 63));
}

static void put_str(struct buf *b, const char *s, size_t n)
{
    if (n < 128) {
        buf_add_char(b, (char)(T_SHORT | n));
    } else {
        buf_add_char(b, T_STR);
        put_number(b, n);
    }
    buf_add(b, s, n);
}

static int encode(const struct val *v, struct buf *b, bool with_fields, int depth);

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const struct val_pair *const *)a)->key, (*(const struct val_pair *const *)b)->key);
}

static int encode_sorted(const struct val_pair **order, size_t n, struct buf *b, bool with_fields, int depth)
{
    for (size_t i = 0; i < n; i++) {
        put_str(b, order[i]->key, strlen(order[i]->key));
        int rc = encode(&order[i]->v, b, with_fields, depth + 1);
        if (rc) return rc;
    }
    return 0;
}

static int encode_map(const struct val *v, struct buf *b, bool with_fields, int depth)
{
    const struct val_pair *small[MAP_SORT_MAX], **order = small;
    size_t n = v->as.map.n;
    bool sorted = true;
    buf_add_char(b, T_MAP);
    put_number(b, n);
    if (n > MAP_SORT_MAX) order = mem_try_alloc(n * sizeof(struct val_pair *));
    if (!order) return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        order[i] = &v->as.map.pairs[i];
        if (i && strcmp(order[i - 1]->key, order[i]->key) > 0) sorted = false;
    }
    if (!sorted) qsort(order, n, sizeof(order[0]), by_key);
    int rc = encode_sorted(order, n, b, with_fields, depth);
    if (order != small) mem_free(order);
    return rc;
}

static int encode_obj(const struct val *v, struct buf *b, bool with_fields, int depth)
{
    /* A handle has no id of its own: its fields are what it is. */
    bool fields = (with_fields || v->as.obj.kind->is_handle) && v->as.obj.fields;
    const char *kind = v->as.obj.kind->name;
    buf_add_char(b, fields ? T_OBJ_FIELDS : T_OBJ);
    put_str(b, kind, strlen(kind));
    put_int(b, v->as.obj.id);
    put_int(b, v->as.obj.rev);
    return fields ? encode(v->as.obj.fields, b, true, depth + 1) : 0;
}

static int encode(const struct val *v, struct buf *b, bool with_fields, int depth)
{
    if (depth > VAL_DEPTH_MAX) return ERR_LIMIT;
    switch (v->type) {
    case VAL_NIL:
        buf_add_char(b, T_NIL);
        return 0;
    case VAL_BOOL:
        buf_add_char(b, v->as.b ? T_TRUE : T_FALSE);
        return 0;
    case VAL_INT:
        put_int(b, v->as.i);
        return 0;
    case VAL_NUM: {
        /* One NaN only, so that equal values have equal bytes. */
        uint64_t bits = 0x7ff8000000000000u;
        if (v->as.n == v->as.n) memcpy(&bits, &v->as.n, sizeof(bits));
        buf_add_char(b, T_NUM);
        buf_add(b, &bits, sizeof(bits));
        return 0;
    }
    case VAL_STR:
        put_str(b, v->as.str.s, v->as.str.len);
        return 0;
    case VAL_LIST:
        buf_add_char(b, T_LIST);
        put_number(b, v->as.list.n);
        for (size_t i = 0; i < v->as.list.n; i++) {
            int rc = encode(&v->as.list.items[i], b, with_fields, depth + 1);
            if (rc) return rc;
        }
        return 0;
    case VAL_MAP:
        return encode_map(v, b, with_fields, depth);
    case VAL_OBJ:
        return encode_obj(v, b, with_fields, depth);
    }
    return ERR_INVALID;
}

int val_encode(const struct val *v, struct buf *out, bool with_fields)
{
    return encode(v, out, with_fields, 0);
}

struct reader {
    const unsigned char *p, *end;
    struct arena *a;
    const struct val_kind *(*kind_of)(const char *name, size_t len);
};

static int get_number(struct reader *r, uint64_t *n)
{
    *n = 0;
    for (int shift = 0; shift < 64 && r->p < r->end; shift += 7) {
        unsigned char c = *r->p++;
        if (shift == 63 && c > 1) return ERR_CORRUPT; /* more than 64 bits */
        *n |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) return 0;
    }
    return ERR_CORRUPT;
}

static int decode(struct reader *r, struct val *out, int depth);

static int decode_str(struct reader *r, unsigned tag, struct val *out)
{
    uint64_t n = tag & 0x7f;
    if (tag == T_STR && get_number(r, &n) != 0) return ERR_CORRUPT;
    if (n > (size_t)(r->end - r->p)) return ERR_CORRUPT;
    *out = val_strn((const char *)r->p, (size_t)n);
    r->p += n;
    return 0;
}

static int decode_list(struct reader *r, struct val *out, int depth)
{
    uint64_t n;
    if (!r->a || get_number(r, &n) != 0 || n > (size_t)(r->end - r->p)) return ERR_CORRUPT;
    *out = val_list();
    for (uint64_t i = 0; i < n; i++) {
        struct val v;
        int rc = decode(r, &v, depth + 1);
        if (rc == 0) rc = val_add(r->a, out, v);
        if (rc) return rc;
    }
    return 0;
}

static int decode_map(struct reader *r, struct val *out, int depth)
{
    uint64_t n;
    if (!r->a || get_number(r, &n) != 0 || n > (size_t)(r->end - r->p) / 2) return ERR_CORRUPT;
    const char *last = NULL;
    *out = val_map();
    for (uint64_t i = 0; i < n; i++) {
        struct val key, v;
        int rc = decode(r, &key, depth + 1);
        if (rc) return rc;
        if (key.type != VAL_STR || (key.as.str.len && memchr(key.as.str.s, 0, key.as.str.len))) return ERR_CORRUPT;
        char *k = arena_strndup(r->a, key.as.str.s, key.as.str.len);
        rc = k ? decode(r, &v, depth + 1) : ERR_NOMEM;
        /* Keys rise in what was encoded: no search. */
        bool rises = rc == 0 && (!last || strcmp(last, k) < 0);
        if (rc == 0) rc = rises ? val_set_new(r->a, out, k, v) : val_set(r->a, out, k, v);
        if (rc) return rc;
        if (rises) last = k;
    }
    return 0;
}

static int decode_obj(struct reader *r, bool fields, struct val *out, int depth)
{
    struct val kind, id, rev;
    /* The head is no level of its own: an object stands as deep as encoding lets it. */
    if (decode(r, &kind, depth) || kind.type != VAL_STR || decode(r, &id, depth) || id.type != VAL_INT ||
        decode(r, &rev, depth) || rev.type != VAL_INT)
        return ERR_CORRUPT;
    const struct val_kind *k = r->kind_of ? r->kind_of(kind.as.str.s, kind.as.str.len) : NULL;
    if (!k) return ERR_CORRUPT;
    struct val *map = NULL;
    if (fields) {
        map = r->a ? arena_alloc(r->a, sizeof(*map)) : NULL;
        int rc = map ? decode(r, map, depth + 1) : ERR_NOMEM;
        if (rc) return rc;
        if (map->type != VAL_MAP) return ERR_CORRUPT;
    }
    *out = val_obj(k, id.as.i, rev.as.i, map);
    return 0;
}

static int decode(struct reader *r, struct val *out, int depth)
{
    if (depth > VAL_DEPTH_MAX || r->p == r->end) return ERR_CORRUPT;
    unsigned tag = *r->p++;
    if (tag >= T_SHORT) return decode_str(r, tag, out);
    if (tag >= T_SMALL) {
        *out = val_int(tag - T_SMALL);
        return 0;
    }
    switch (tag) {
    case T_NIL:
        *out = val_nil();
        return 0;
    case T_FALSE:
    case T_TRUE:
        *out = val_bool(tag == T_TRUE);
        return 0;
    case T_INT: {
        uint64_t n;
        if (get_number(r, &n) != 0) return ERR_CORRUPT;
        *out = val_int((int64_t)(n >> 1) ^ -(int64_t)(n & 1));
        return 0;
    }
    case T_NUM: {
        double n;
        if (r->end - r->p < 8) return ERR_CORRUPT;
        memcpy(&n, r->p, 8);
        r->p += 8;
        *out = val_num(n);
        return 0;
    }
    case T_STR:
        return decode_str(r, tag, out);
    case T_LIST:
        return decode_list(r, out, depth);
    case T_MAP:
        return decode_map(r, out, depth);
    case T_OBJ:
    case T_OBJ_FIELDS:
        return decode_obj(r, tag == T_OBJ_FIELDS, out, depth);
    default:
        return ERR_CORRUPT;
    }
}

int val_decode(const char *p, size_t len, struct arena *a,
               const struct val_kind *(*kind_of)(const char *name, size_t len), struct val *out)
{
    struct reader r = {(const unsigned char *)p, (const unsigned char *)p + len, a, kind_of};
    int rc = decode(&r, out, 0);
    return rc ? rc : r.p == r.end ? 0 : ERR_CORRUPT;
}

/* --- walking --- */

static bool skip(struct reader *r, int depth);

static bool skip_bytes(struct reader *r, uint64_t n)
{
    if (n > (size_t)(r->end - r->p)) return false;
    r->p += n;
    return true;
}

static bool skip_all(struct reader *r, uint64_t n, int depth)
{
    bool ok = true;
    for (uint64_t i = 0; ok && i < n; i++)
        ok = skip(r, depth);
    return ok;
}

static bool skip(struct reader *r, int depth)
{
    uint64_t n;
    if (depth > VAL_DEPTH_MAX || r->p == r->end) return false;
    unsigned tag = *r->p++;
    if (tag >= T_SHORT) return skip_bytes(r, tag & 0x7f);
    if (tag >= T_SMALL || tag <= T_TRUE) return true;
    if (tag == T_NUM) return skip_bytes(r, 8);
    if (tag == T_OBJ || tag == T_OBJ_FIELDS) return skip_all(r, 3, depth) && (tag == T_OBJ || skip(r, depth + 1));
    if (tag > T_OBJ_FIELDS || get_number(r, &n) != 0) return false;
    if (tag == T_STR) return skip_bytes(r, n);
    if (tag == T_LIST) return skip_all(r, n, depth + 1);
    return tag != T_MAP || (n <= (size_t)(r->end - r->p) && skip_all(r, 2 * n, depth + 1));
}

const char *val_skip(const char *p, const char *end)
{
    struct reader r = {.p = (const unsigned char *)p, .end = (const unsigned char *)end};
    return skip(&r, 0) ? (const char *)r.p : NULL;
}

bool val_enter(const char **p, const char *end, enum val_type *type, uint64_t *n)
{
    struct reader r = {.p = (const unsigned char *)*p, .end = (const unsigned char *)end};
    if (r.p == r.end || (*r.p != T_LIST && *r.p != T_MAP)) return false;
    *type = *r.p++ == T_LIST ? VAL_LIST : VAL_MAP;
    if (get_number(&r, n) != 0 || *n > (size_t)(r.end - r.p)) return false;
    *p = (const char *)r.p;
    return true;
}

bool val_read_str(const char **p, const char *end, const char **s, size_t *len)
{
    struct reader r = {.p = (const unsigned char *)*p, .end = (const unsigned char *)end};
    uint64_t n;
    if (r.p == r.end || (*r.p < T_SHORT && *r.p != T_STR)) return false;
    unsigned tag = *r.p++;
    n = tag & 0x7f;
    if (tag == T_STR && get_number(&r, &n) != 0) return false;
    if (n > (size_t)(r.end - r.p)) return false;
    *s = (const char *)r.p;
    *len = (size_t)n;
    *p = *s + n;
    return true;
}

bool val_may_hold_text(const char *p, const char *end)
{
    unsigned tag = p < end ? (unsigned char)*p : T_NIL;
    return tag >= T_SHORT || tag == T_STR || tag == T_LIST || tag == T_MAP || tag == T_OBJ_FIELDS;
}
