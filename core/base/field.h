/* Field types: the words in which plugins declare data ("text!", "choice:a,b", "ref:article", "list:integer").
 *
 * One declaration serves content types, tables, flow inputs, task forms, report parameters and settings. A field
 * list is built once into an arena and is read only afterwards (any thread). */
#ifndef KHUNG_FIELD_H
#define KHUNG_FIELD_H

#include "val.h"

enum field_type {
    FIELD_TEXT,
    FIELD_MARKDOWN,
    FIELD_INTEGER,
    FIELD_NUMBER,
    FIELD_MONEY,
    FIELD_BOOLEAN,
    FIELD_DATE,
    FIELD_INSTANT,
    FIELD_DURATION,
    FIELD_CHOICE,
    FIELD_FILE,
    FIELD_UNIT,
    FIELD_PERSON,
    FIELD_REF,
    FIELD_LIST,
    FIELD_JSON,
};

struct field {
    const char *name;
    enum field_type type;
    bool required;
    const char *target;        /* FIELD_REF: the type's name */
    const char **choices;      /* FIELD_CHOICE, closed by NULL */
    enum field_type item;      /* FIELD_LIST */
    const char *item_target;   /* FIELD_LIST of ref */
    const struct val *options; /* the declaration's table form: {"integer", default = 2, min = 1, doc = …}, or NULL */
};

struct field_list {
    const struct field *items;
    size_t n;
};

/* Parses "choice:a,b!" . ERR_INVALID "field.type" {field, type, hint}. */
int field_parse(struct arena *a, const char *name, const char *decl, struct field *out, struct err *err);
/* `decl` is a map name → "type" or {"type", default=…}. Names: [a-z][a-z0-9_]{0,47}. Sorted by name. */
int field_parse_list(struct arena *a, const struct val *decl, struct field_list *out, struct err *err);
const struct field *field_find(const struct field_list *l, const char *name);
const char *field_type_name(enum field_type type);
/* Can values of this type be compared and indexed in SQL? (not json, list, file, markdown) */
bool field_is_scalar(enum field_type type);
/* { name, type, required, choices, item, title, help, default, min, max, types, titles }: what of it is declared, texts
 * in `lang`. 0, or not: the arena is used up. */
int field_show(struct arena *a, const struct field *f, const char *lang, struct val *out);
/* Is it a tree, stored as JSON? (json, list, file) */
bool field_is_tree(enum field_type type);

/* How instants and dates given as text are read; supplied by schedule/zones. `zone` is IANA. */
struct field_time {
    int (*instant)(void *ctx, const char *s, size_t len, int64_t *ms, struct err *err);
    void *ctx;
};

/* Checks one value and brings it into stored form, in `out`: text in NFC; integer from integral float; date as
 * VAL_INT of days since 1970; instant VAL_INT of ms; duration VAL_STR as given; money VAL_INT of the smallest unit;
 * unit, person, ref VAL_INT id (from object or integer); file VAL_INT id, of which file_fields_take makes what is
 * stored; choice VAL_STR; list VAL_LIST; json any tree. nil stays nil (required is checked by field_check_map).
 * ERR_INVALID "invalid.field" {field, type, got}. */
int field_check(const struct field *f, const struct val *v, const struct field_time *time, struct arena *a,
                struct val *out, struct err *err);
/* Checks a map against the list: unknown names are refused ("invalid.unknown_field" with the nearest name), missing
 * ones take the default, required ones must be there (unless `partial`). All bad fields are named in err->fields. */
int field_check_map(const struct field_list *l, const struct val *map, bool partial, const struct field_time *time,
                    struct arena *a, struct val *out, struct err *err);

#endif
