/* Values: what passes between Lua, JSON, the store and the journal.
 *
 * A tree in an arena; strings are (pointer, length), need not end in NUL, and borrow from the arena or from the
 * caller. Maps keep their order; keys are strings, unique. Lists are dense. An object (VAL_OBJ) is a host object
 * (an item, a run, a date …): kind and id decide equality, `fields` is a map of what is shown of it, or NULL when
 * it came in as an argument. The canonical bytes (val_encode) keep 1 and 1.0, NaN and bytes apart; the same value
 * always has the same bytes (map keys in byte order); they are what the journal stores. One thread at a time. */
#ifndef KHUNG_VAL_H
#define KHUNG_VAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct err;

enum val_type { VAL_NIL, VAL_BOOL, VAL_INT, VAL_NUM, VAL_STR, VAL_LIST, VAL_MAP, VAL_OBJ };

struct val;
struct val_pair;
struct val_kind; /* owned by the floor that makes such objects; below */

struct val {
    enum val_type type;
    union {
        bool b;
        int64_t i;
        double n;
        struct {
            const char *s;
            size_t len;
        } str;
        struct {
            struct val *items;
            size_t n, cap;
        } list;
        struct {
            struct val_pair *pairs;
            size_t n, cap;
        } map;
        struct {
            const struct val_kind *kind;
            int64_t id;
            int64_t rev;        /* which immutable version, or 0 */
            struct val *fields; /* VAL_MAP or NULL */
        } obj;
    } as;
};

struct val_pair {
    const char *key; /* ends in NUL; may hold no NUL inside */
    struct val v;
};

/* A kind of host object: static data, one per kind. */
struct val_kind {
    const char *name; /* "article" objects have kind "item"; others: run task unit person instant date table */
    bool is_handle;   /* known by its fields, which come with it as an argument */
};

/* Limits for data from outside. */
enum { VAL_DEPTH_MAX = 32 };

struct val val_nil(void);
struct val val_bool(bool b);
struct val val_int(int64_t i);
struct val val_num(double n);
struct val val_str(const char *s);              /* borrows */
struct val val_strn(const char *s, size_t len); /* borrows */
struct val val_list(void);                      /* empty */
struct val val_map(void);                       /* empty */
struct val val_obj(const struct val_kind *kind, int64_t id, int64_t rev, struct val *fields);

/* Append to a list, set in a map (replaces). The key is borrowed. ERR_NOMEM when the arena is used up. */
int val_add(struct arena *a, struct val *list, struct val v);
int val_set(struct arena *a, struct val *map, const char *key, struct val v);
/* val_set for a key that is known not to be there: without the search. */
int val_set_new(struct arena *a, struct val *map, const char *key, struct val v);

/* Reading. A wrong type or a missing key gives NULL or the default. */
const struct val *val_get(const struct val *map, const char *key);
const struct val *val_at(const struct val *list, size_t i);
const char *val_get_str(const struct val *map, const char *key); /* NUL-ended copy is NOT made: see val_cstr */
int64_t val_get_int(const struct val *map, const char *key, int64_t otherwise);
bool val_get_bool(const struct val *map, const char *key, bool otherwise);
bool val_is(const struct val *v, enum val_type type); /* false for NULL */
bool val_is_str(const struct val *v, const char *s);
bool val_equal(const struct val *a, const struct val *b);
/* Total order: nil < bool < numbers (int and float by value) < strings (bytes) < list < map < object. */
int val_compare(const struct val *a, const struct val *b);
/* A NUL-ended copy in the arena; NULL if not a string or it holds a NUL. */
const char *val_cstr(struct arena *a, const struct val *v);
/* A deep copy that borrows nothing; ERR_NOMEM. */
int val_copy(struct arena *a, const struct val *from, struct val *to);
const char *val_type_name(enum val_type type);

/* Canonical bytes. Encoding fails (ERR_LIMIT) past VAL_DEPTH_MAX. Object fields are encoded only when
 * `with_fields`; kinds are written by name. Decoding borrows strings from `p`, and finds kinds by `kind_of`
 * (NULL: objects are refused); bad bytes give ERR_CORRUPT. Without an arena: one string, number or boolean. */
int val_encode(const struct val *v, struct buf *out, bool with_fields);
int val_decode(const char *p, size_t len, struct arena *a,
               const struct val_kind *(*kind_of)(const char *name, size_t len), struct val *out);
/* Walking through the bytes without decoding. The end of the value that begins at p; NULL: these are no such bytes. */
const char *val_skip(const char *p, const char *end);
/* Of a list or a map: its type, how many it has (of a map: pairs, each a string and a value), and p moves to the first.
 * False: it is neither, and p stays. */
bool val_enter(const char **p, const char *end, enum val_type *type, uint64_t *n);
/* The string that begins at p, which moves behind it; false: there is none, and p stays. */
bool val_read_str(const char **p, const char *end, const char **s, size_t *len);
/* A string, or what strings can stand in: not a number, not a reference to an object. */
bool val_may_hold_text(const char *p, const char *end);

#endif
