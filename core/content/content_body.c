/* Bodies in their three forms, and the hash.
 *
 * Canonical JSON: the type's fields by name, in NFC, absent ones left out, maps in byte order,
 * dates and instants as ISO text: what a person can read in the database is what is hashed and what
 * is served. The hash covers the type and the body; not ids, not times: the same text has the same
 * hash. */
#include "content/content_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/json.h"
#include "base/kinds.h"
#include "base/text.h"

static int by_key(const void *x, const void *y)
{
    const struct val_pair *a = x, *b = y;
    return strcmp(a->key, b->key);
}

static int in_nfc(struct arena *a, const struct val *v, struct val *out)
{
    const char *s;
    size_t n;
    int rc = text_nfc(a, v->as.str.s, v->as.str.len, &s, &n, NULL);
    if (rc == 0) *out = val_strn(s, n);
    return rc;
}

/* A copy with all maps in byte order and all text in NFC. */
static int sorted(struct arena *a, const struct val *v, struct val *out)
{
    int rc = 0;
    *out = *v;
    if (v->type == VAL_STR) return in_nfc(a, v, out);
    if (v->type == VAL_LIST) {
        *out = val_list();
        for (size_t i = 0; rc == 0 && i < v->as.list.n; i++) {
            struct val one;
            rc = sorted(a, &v->as.list.items[i], &one);
            if (rc == 0) rc = val_add(a, out, one);
        }
    } else if (v->type == VAL_MAP) {
        *out = val_map();
        for (size_t i = 0; rc == 0 && i < v->as.map.n; i++) {
            struct val one;
            rc = sorted(a, &v->as.map.pairs[i].v, &one);
            if (rc == 0) rc = val_set(a, out, v->as.map.pairs[i].key, one);
        }
        if (rc == 0 && out->as.map.n > 1) qsort(out->as.map.pairs, out->as.map.n, sizeof(struct val_pair), by_key);
    }
    return rc;
}

static int iso_text(struct arena *a, enum field_type type, int64_t i, struct val *out)
{
    char text[32];
    if (type == FIELD_DATE)
        date_format_day(i, text);
    else
        date_format_iso(i, text);
    const char *kept = arena_strdup(a, text);
    if (!kept) return ERR_NOMEM;
    *out = val_str(kept);
    return 0;
}

static bool is_time(enum field_type type)
{
    return type == FIELD_DATE || type == FIELD_INSTANT;
}

/* Where values are made, and the zone for the text of instants. */
struct making {
    struct arena *a;
    const char *zone;
};

/* Applies fn to a value, or to each of a list's. */
static int each(const struct making *m, const struct field *f, const struct val *v, struct val *out,
                int (*fn)(const struct making *m, enum field_type type, const struct val *v, struct val *out))
{
    if (f->type != FIELD_LIST) return fn(m, f->type, v, out);
    if (v->type != VAL_LIST) {
        *out = *v;
        return 0;
    }
    *out = val_list();
    for (size_t i = 0; i < v->as.list.n; i++) {
        struct val one;
        int rc = fn(m, f->item, &v->as.list.items[i], &one);
        if (rc == 0) rc = val_add(m->a, out, one);
        if (rc) return rc;
    }
    return 0;
}

static int to_json(const struct making *m, enum field_type type, const struct val *v, struct val *out)
{
    if (is_time(type) && v->type == VAL_INT) return iso_text(m->a, type, v->as.i, out);
    return sorted(m->a, v, out);
}

int content_body_write(const struct content_type *t, const struct val *stored, struct arena *a, struct buf *out,
                       struct err *err)
{
    struct making m = {a, NULL};
    struct val map = val_map();
    for (size_t i = 0; i < t->fields.n; i++) {
        const struct field *f = &t->fields.items[i];
        const struct val *v = val_get(stored, f->name);
        struct val one;
        if (!v || v->type == VAL_NIL) continue;
        int rc = each(&m, f, v, &one, to_json);
        if (rc == ERR_INVALID) return err_set(err, ERR_INVALID, "text.utf8", "field", f->name, NULL);
        if (rc || val_set(a, &map, f->name, one) != 0) return content_too_large(err);
    }
    if (map.as.map.n > 1) qsort(map.as.map.pairs, map.as.map.n, sizeof(struct val_pair), by_key);
    json_write(out, &map);
    return buf_ok(out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", "what", t->name, NULL);
}

static int from_json(const struct making *m, enum field_type type, const struct val *v, struct val *out)
{
    struct date d;
    int32_t offset;
    (void)m;
    *out = *v;
    if (type == FIELD_NUMBER && v->type == VAL_INT) *out = val_num((double)v->as.i);
    if (!is_time(type) || v->type != VAL_STR || !date_parse(v->as.str.s, v->as.str.len, &d, &offset)) return 0;
    *out = val_int(type == FIELD_DATE ? date_days(d.year, d.month, d.day) : date_to_ms(&d));
    return 0;
}

static const struct field *field_of(const struct field_list *l, const char *name)
{
    return l ? field_find(l, name) : NULL;
}

/* Fields that the type no longer declares are kept as they stand: a revision is shown as it was. */
int content_body_read(const struct content_type *t, const char *json, size_t len, struct arena *a, struct val *stored,
                      struct err *err)
{
    struct making m = {a, NULL};
    struct val map;
    int rc = json_parse(json, len, a, &map, err);
    if (rc) return err_set(err, ERR_CORRUPT, "content.body", "type", t ? t->name : "", NULL);
    *stored = val_map();
    for (size_t i = 0; i < map.as.map.n; i++) {
        const struct val_pair *p = &map.as.map.pairs[i];
        const struct field *f = field_of(t ? &t->fields : NULL, p->key);
        struct val one = p->v;
        if ((f && each(&m, f, &p->v, &one, from_json) != 0) || val_set(a, stored, p->key, one) != 0)
            return content_too_large(err);
    }
    return 0;
}

static int to_api(const struct making *m, enum field_type type, const struct val *v, struct val *out)
{
    *out = *v;
    if (!is_time(type) || v->type != VAL_INT) return 0;
    return type == FIELD_DATE ? kind_date(m->a, v->as.i, out) : kind_instant(m->a, v->as.i, m->zone, out);
}

int content_instant_to_api(int64_t ms, const char *zone, struct arena *a, struct val *out, struct err *err)
{
    return kind_instant(a, ms, zone, out) == 0 ? 0 : content_too_large(err);
}

int content_body_to_api(const struct content_form *form, const struct val *stored, struct arena *a, struct val *out,
                        struct err *err)
{
    struct making m = {a, form->zone};
    for (size_t i = 0; i < stored->as.map.n; i++) {
        const struct val_pair *p = &stored->as.map.pairs[i];
        const struct field *f = field_of(form->fields, p->key);
        struct val one = p->v;
        if (one.type == VAL_NIL) continue;
        if (f && each(&m, f, &p->v, &one, to_api) != 0) return content_too_large(err);
        if (val_set_new(a, out, p->key, one) != 0) return content_too_large(err);
    }
    return 0;
}

void content_body_hash(const char *type, const char *json, size_t len, char hex[DIGEST_HEX])
{
    struct digest d;
    uint8_t digest[DIGEST_LEN];
    digest_begin(&d);
    digest_add(&d, type, strlen(type));
    digest_add(&d, "\n", 1);
    digest_add(&d, json, len);
    digest_end(&d, digest);
    digest_hex(digest, hex);
}
