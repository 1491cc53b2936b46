/* Values: making, reading, comparing and copying trees. */
#include "base/val.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"

struct val val_nil(void)
{
    return (struct val){.type = VAL_NIL};
}

struct val val_bool(bool b)
{
    return (struct val){.type = VAL_BOOL, .as.b = b};
}

struct val val_int(int64_t i)
{
    return (struct val){.type = VAL_INT, .as.i = i};
}

struct val val_num(double n)
{
    return (struct val){.type = VAL_NUM, .as.n = n};
}

struct val val_strn(const char *s, size_t len)
{
    return (struct val){.type = VAL_STR, .as.str = {s, len}};
}

struct val val_str(const char *s)
{
    return val_strn(s, strlen(s));
}

struct val val_list(void)
{
    return (struct val){.type = VAL_LIST};
}

struct val val_map(void)
{
    return (struct val){.type = VAL_MAP};
}

struct val val_obj(const struct val_kind *kind, int64_t id, int64_t rev, struct val *fields)
{
    return (struct val){.type = VAL_OBJ, .as.obj = {kind, id, rev, fields}};
}

/* Room for one more item of `size` bytes; the old block stays in the arena. */
static void *grow(struct arena *a, void *items, size_t *cap, size_t n, size_t size)
{
    if (n < *cap) return items;
    size_t cap_new = *cap ? 2 * *cap : 4;
    void *grown = arena_alloc(a, cap_new * size);
    if (!grown) return NULL;
    if (n) memcpy(grown, items, n * size);
    *cap = cap_new;
    return grown;
}

int val_add(struct arena *a, struct val *list, struct val v)
{
    struct val *items = grow(a, list->as.list.items, &list->as.list.cap, list->as.list.n, sizeof(*items));
    if (!items) return ERR_NOMEM;
    items[list->as.list.n++] = v;
    list->as.list.items = items;
    return 0;
}

static struct val_pair *find_pair(const struct val *map, const char *key)
{
    for (size_t i = 0; i < map->as.map.n; i++)
        if (strcmp(map->as.map.pairs[i].key, key) == 0) return &map->as.map.pairs[i];
    return NULL;
}

int val_set(struct arena *a, struct val *map, const char *key, struct val v)
{
    struct val_pair *p = find_pair(map, key);
    if (p) {
        p->v = v;
        return 0;
    }
    return val_set_new(a, map, key, v);
}

int val_set_new(struct arena *a, struct val *map, const char *key, struct val v)
{
    struct val_pair *p = grow(a, map->as.map.pairs, &map->as.map.cap, map->as.map.n, sizeof(*p));
    if (!p) return ERR_NOMEM;
    p[map->as.map.n++] = (struct val_pair){key, v};
    map->as.map.pairs = p;
    return 0;
}

const struct val *val_get(const struct val *map, const char *key)
{
    if (!map || map->type != VAL_MAP) return NULL;
    struct val_pair *p = find_pair(map, key);
    return p ? &p->v : NULL;
}

const struct val *val_at(const struct val *list, size_t i)
{
    if (!list || list->type != VAL_LIST || i >= list->as.list.n) return NULL;
    return &list->as.list.items[i];
}

const char *val_get_str(const struct val *map, const char *key)
{
    const struct val *v = val_get(map, key);
    return v && v->type == VAL_STR ? v->as.str.s : NULL;
}

int64_t val_get_int(const struct val *map, const char *key, int64_t otherwise)
{
    const struct val *v = val_get(map, key);
    return v && v->type == VAL_INT ? v->as.i : otherwise;
}

bool val_get_bool(const struct val *map, const char *key, bool otherwise)
{
    const struct val *v = val_get(map, key);
    return v && v->type == VAL_BOOL ? v->as.b : otherwise;
}

bool val_is(const struct val *v, enum val_type type)
{
    return v && v->type == type;
}

bool val_is_str(const struct val *v, const char *s)
{
    return v && v->type == VAL_STR && v->as.str.len == strlen(s) &&
           (v->as.str.len == 0 || memcmp(v->as.str.s, s, v->as.str.len) == 0);
}

static int rank(const struct val *v)
{
    static const int ranks[] = {[VAL_NIL] = 0, [VAL_BOOL] = 1, [VAL_INT] = 2, [VAL_NUM] = 2,
                                [VAL_STR] = 3, [VAL_LIST] = 4, [VAL_MAP] = 5, [VAL_OBJ] = 6};
    return ranks[v->type];
}

static int sign(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* An integer against an integral double that is next to it. 2^63 itself is a double but no integer. */
static int beside(int64_t i, double n)
{
    return n >= 9223372036854775808.0 ? -1 : sign(i, (int64_t)n);
}

/* Integers and floats by value; NaN before all numbers, equal to itself. */
static int compare_numbers(const struct val *a, const struct val *b)
{
    if (a->type == VAL_INT && b->type == VAL_INT) return sign(a->as.i, b->as.i);
    double x = a->type == VAL_INT ? (double)a->as.i : a->as.n;
    double y = b->type == VAL_INT ? (double)b->as.i : b->as.n;
    bool xnan = x != x, ynan = y != y;
    if (xnan || ynan) return (int)ynan - (int)xnan;
    if (x < y) return -1;
    if (x > y) return 1;
    /* Beyond 2^53 different integers have one double. */
    if (a->type == b->type) return 0;
    return a->type == VAL_INT ? beside(a->as.i, y) : -beside(b->as.i, x);
}

static int compare_bytes(const char *a, size_t na, const char *b, size_t nb)
{
    size_t n = na < nb ? na : nb;
    int order = n ? memcmp(a, b, n) : 0;
    return order ? order : sign((int64_t)na, (int64_t)nb);
}

/* What differs at the least key decides; a missing key comes before any value. So the order of the pairs does not
 * matter, and the order of maps is total. */
static int compare_maps(const struct val *a, const struct val *b)
{
    const char *least = NULL;
    int result = 0;
    if (a->as.map.n != b->as.map.n) return sign((int64_t)a->as.map.n, (int64_t)b->as.map.n);
    for (size_t i = 0; i < a->as.map.n; i++) {
        const struct val_pair *p = &a->as.map.pairs[i];
        if (least && strcmp(p->key, least) >= 0) continue;
        const struct val *other = val_get(b, p->key);
        int order = other ? val_compare(&p->v, other) : 1;
        if (!order) continue;
        least = p->key;
        result = order;
    }
    for (size_t i = 0; result && i < b->as.map.n; i++) {
        const char *key = b->as.map.pairs[i].key;
        if (strcmp(key, least) >= 0 || val_get(a, key)) continue;
        least = key;
        result = -1;
    }
    return result;
}

int val_compare(const struct val *a, const struct val *b)
{
    if (rank(a) != rank(b)) return rank(a) - rank(b);
    switch (a->type) {
    case VAL_NIL:
        return 0;
    case VAL_BOOL:
        return (int)a->as.b - (int)b->as.b;
    case VAL_INT:
    case VAL_NUM:
        return compare_numbers(a, b);
    case VAL_STR:
        return compare_bytes(a->as.str.s, a->as.str.len, b->as.str.s, b->as.str.len);
    case VAL_MAP:
        return compare_maps(a, b);
    case VAL_OBJ: {
        int order = strcmp(a->as.obj.kind->name, b->as.obj.kind->name);
        return order ? order : sign(a->as.obj.id, b->as.obj.id);
    }
    case VAL_LIST:
        for (size_t i = 0; i < a->as.list.n && i < b->as.list.n; i++) {
            int order = val_compare(&a->as.list.items[i], &b->as.list.items[i]);
            if (order) return order;
        }
        return sign((int64_t)a->as.list.n, (int64_t)b->as.list.n);
    }
    return 0;
}

bool val_equal(const struct val *a, const struct val *b)
{
    return val_compare(a, b) == 0;
}

const char *val_cstr(struct arena *a, const struct val *v)
{
    if (!v || v->type != VAL_STR || (v->as.str.len && memchr(v->as.str.s, '\0', v->as.str.len))) return NULL;
    return arena_strndup(a, v->as.str.s, v->as.str.len);
}

static int copy_list(struct arena *a, const struct val *from, struct val *to)
{
    *to = val_list();
    for (size_t i = 0; i < from->as.list.n; i++) {
        struct val v;
        if (val_copy(a, &from->as.list.items[i], &v) || val_add(a, to, v)) return ERR_NOMEM;
    }
    return 0;
}

static int copy_map(struct arena *a, const struct val *from, struct val *to)
{
    size_t n = from->as.map.n;
    *to = val_map();
    if (!n) return 0;
    to->as.map.pairs = arena_alloc(a, n * sizeof(struct val_pair));
    if (!to->as.map.pairs) return ERR_NOMEM;
    to->as.map.n = to->as.map.cap = n;
    for (size_t i = 0; i < n; i++) {
        struct val_pair *p = &to->as.map.pairs[i];
        p->key = arena_strdup(a, from->as.map.pairs[i].key);
        if (!p->key || val_copy(a, &from->as.map.pairs[i].v, &p->v)) return ERR_NOMEM;
    }
    return 0;
}

int val_copy(struct arena *a, const struct val *from, struct val *to)
{
    switch (from->type) {
    case VAL_STR: {
        char *s = arena_strndup(a, from->as.str.s, from->as.str.len);
        if (!s) return ERR_NOMEM;
        *to = val_strn(s, from->as.str.len);
        return 0;
    }
    case VAL_LIST:
        return copy_list(a, from, to);
    case VAL_MAP:
        return copy_map(a, from, to);
    case VAL_OBJ:
        *to = *from;
        if (!from->as.obj.fields) return 0;
        to->as.obj.fields = arena_alloc(a, sizeof(struct val));
        return to->as.obj.fields ? val_copy(a, from->as.obj.fields, to->as.obj.fields) : ERR_NOMEM;
    default:
        *to = *from;
        return 0;
    }
}

const char *val_type_name(enum val_type type)
{
    static const char *const names[] = {"nil", "boolean", "integer", "number", "string", "list", "map", "object"};
    return names[type];
}
