/* Salts, seals, and the hash over both. */
#include "content/content_seal.h"

#include <string.h>

#include "base/json.h"
#include "content/personal.h"

enum { SALT_LEN = 16 };

static int read_body(const struct content_sealed *s, struct arena *a, struct val *body)
{
    struct err ignored = {0};
    return json_parse(s->json, s->len, a, body, &ignored) == 0 && body->type == VAL_MAP ? 0 : ERR_CORRUPT;
}

static int read_salts(const struct content_sealed *s, struct arena *a, struct val *salts)
{
    int rc = val_decode(s->salts, s->nsalts, a, NULL, salts);
    return rc == 0 && salts->type == VAL_MAP ? 0 : ERR_CORRUPT;
}

int content_seal_make(const struct content_type *t, const char *json, size_t len, struct arena *a, struct buf *salts,
                      struct err *err)
{
    const struct content_sealed s = {.type = t->name, .json = json, .len = len};
    struct val body, map = val_map();
    int rc = personal_any(&t->fields) ? read_body(&s, a, &body) : 1;
    if (rc) return rc == 1 ? 0 : err_set(err, rc, "content.body", "type", t->name, NULL);
    for (size_t i = 0; rc == 0 && i < t->fields.n; i++) {
        const struct field *f = &t->fields.items[i];
        if (!personal_is(f) || !val_get(&body, f->name)) continue;
        char *salt = arena_alloc(a, SALT_LEN);
        if (salt) digest_random(salt, SALT_LEN);
        rc = salt ? val_set(a, &map, f->name, val_strn(salt, SALT_LEN)) : ERR_NOMEM;
    }
    if (rc == 0 && map.as.map.n) rc = val_encode(&map, salts, false);
    return rc ? content_too_large(err) : 0;
}

static void seal_of(const struct val *salt, const struct buf *value, uint8_t out[DIGEST_LEN])
{
    struct digest d;
    digest_begin(&d);
    digest_add(&d, salt->as.str.s, salt->as.str.len);
    digest_add(&d, value->data ? value->data : "", value->len);
    digest_end(&d, out);
}

static void add_name(struct digest *d, const char *name)
{
    digest_add(d, name, strlen(name) + 1);
}

static int add_public(struct digest *d, const struct val *body, const struct val *salts, struct buf *scratch)
{
    for (size_t i = 0; i < body->as.map.n; i++) {
        const struct val_pair *p = &body->as.map.pairs[i];
        if (val_get(salts, p->key)) continue;
        buf_clear(scratch);
        json_write(scratch, &p->v);
        if (!buf_ok(scratch)) return ERR_NOMEM;
        add_name(d, p->key);
        digest_add(d, scratch->data, scratch->len + 1); /* with its NUL */
    }
    return 0;
}

static int add_sealed(struct digest *d, const struct val *body, const struct val_pair *salt, struct buf *scratch)
{
    const struct val *v = val_get(body, salt->key);
    uint8_t seal[DIGEST_LEN];
    if (salt->v.type != VAL_STR) return ERR_CORRUPT;
    buf_clear(scratch);
    if (v) json_write(scratch, v);
    if (!buf_ok(scratch)) return ERR_NOMEM;
    if (salt->v.as.str.len == DIGEST_LEN) {
        if (v && !val_is_str(v, ERASED_TEXT)) return ERR_CORRUPT;
        memcpy(seal, salt->v.as.str.s, DIGEST_LEN);
    } else {
        if (salt->v.as.str.len != SALT_LEN || !v) return ERR_CORRUPT;
        seal_of(&salt->v, scratch, seal);
    }
    add_name(d, salt->key);
    digest_add(d, seal, DIGEST_LEN);
    return 0;
}

int content_seal_hash(const struct content_sealed *s, struct arena *a, char hex[DIGEST_HEX])
{
    struct digest d;
    struct buf scratch;
    struct val body, salts;
    uint8_t out[DIGEST_LEN];
    if (s->salts && s->nsalts == 0) return 1;
    if (!s->salts) {
        content_body_hash(s->type, s->json, s->len, hex);
        return 0;
    }
    int rc = read_body(s, a, &body);
    if (rc == 0) rc = read_salts(s, a, &salts);
    if (rc) return rc;
    buf_init(&scratch, CONTENT_BODY_MAX);
    digest_begin(&d);
    add_name(&d, "khung item 2");
    add_name(&d, s->type);
    rc = add_public(&d, &body, &salts, &scratch);
    for (size_t i = 0; rc == 0 && i < salts.as.map.n; i++)
        rc = add_sealed(&d, &body, &salts.as.map.pairs[i], &scratch);
    digest_end(&d, out);
    digest_hex(out, hex);
    buf_close(&scratch);
    return rc;
}

int content_seal_erase(const struct content_sealed *s, const struct field_list *fields, const bool *goes,
                       struct arena *a, struct buf *out)
{
    struct buf scratch;
    struct val body, salts;
    int rc = s->salts && s->nsalts ? read_body(s, a, &body) : 1;
    if (rc == 0) rc = read_salts(s, a, &salts);
    if (rc) return rc == 1 ? 0 : rc; /* from before there were seals: none */
    buf_init(&scratch, CONTENT_BODY_MAX);
    for (size_t i = 0; rc == 0 && i < fields->n; i++) {
        const char *name = fields->items[i].name;
        const struct val *salt = val_get(&salts, name), *v = val_get(&body, name);
        if (goes[i] && v && !salt) { /* the hash covers it as it was: it can be proved no more */
            buf_close(&scratch);
            return 0;
        }
        if (!goes[i] || !val_is(salt, VAL_STR) || salt->as.str.len != SALT_LEN || !v) continue;
        uint8_t *seal = arena_alloc(a, DIGEST_LEN);
        buf_clear(&scratch);
        json_write(&scratch, v);
        if (!seal || !buf_ok(&scratch)) {
            rc = ERR_NOMEM;
            break;
        }
        seal_of(salt, &scratch, seal);
        rc = val_set(a, &salts, name, val_strn((const char *)seal, DIGEST_LEN));
    }
    buf_close(&scratch);
    return rc ? rc : val_encode(&salts, out, false);
}
