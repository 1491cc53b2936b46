/* One walk serves all: the digest of a row, its erasure, and the search for what to erase. */
#include "audit/audit_seal.h"

#include <string.h>

enum { SALTS_AT_ONCE = 16, KEY_MAX = 64 };

/* Hands out the salts of a row, or the seals of what is erased, in their order. */
struct salts {
    const struct audit_row *row;
    size_t at; /* in the list */
    int64_t n; /* of the next one */
    uint8_t made[SALTS_AT_ONCE * SEAL_SALT];
};

static void start_salts(struct salts *s, const struct audit_row *r)
{
    s->row = r;
    s->at = 0;
    s->n = 0;
}

/* 1: *out is a seal, 0: a salt. */
static int next_salt(struct salts *s, const uint8_t **out)
{
    const uint8_t *p = s->row->salt;
    size_t len = s->row->salt_len;
    int64_t n = s->n++;
    if (len == SEAL_SEED) {
        if (n % SALTS_AT_ONCE == 0)
            digest_stream(p, (uint64_t)(n / SALTS_AT_ONCE) * (sizeof(s->made) / 64), s->made, sizeof(s->made));
        *out = s->made + n % SALTS_AT_ONCE * SEAL_SALT;
        return 0;
    }
    if (s->at >= len || p[s->at] > 1) return ERR_CORRUPT;
    bool is_seal = p[s->at] == 1;
    size_t has = is_seal ? DIGEST_LEN : SEAL_SALT;
    if (len - s->at - 1 < has) return ERR_CORRUPT;
    *out = p + s->at + 1;
    s->at += 1 + has;
    return is_seal;
}

/* --- the walk --- */

struct walk {
    const struct audit_visitor *visitor;
    const char *p, *end;
    struct audit_sealed v; /* the last one; verb, kind and id of the entry */
};

static int open_to(struct walk *w, const char *from)
{
    return w->p > from ? w->visitor->open(w->visitor->ctx, from, (size_t)(w->p - from)) : 0;
}

static bool is_marker(const char *p, const char *end)
{
    return (size_t)(end - p) >= AUDIT_ERASED_LEN && memcmp(p, AUDIT_ERASED, AUDIT_ERASED_LEN) == 0;
}

/* What is found and erased is text; the rest tells of nobody by itself and stays public. */
static bool is_sealed(const struct walk *w)
{
    return val_may_hold_text(w->p, w->end) || is_marker(w->p, w->end);
}

static int seal(struct walk *w, enum audit_field field, const char *key, size_t key_len)
{
    const char *from = w->p, *to = val_skip(w->p, w->end);
    if (!to) return ERR_CORRUPT;
    w->p = to;
    w->v.n++;
    w->v.field = field;
    w->v.key = key;
    w->v.key_len = key_len;
    w->v.p = from;
    w->v.len = (size_t)(to - from);
    w->v.is_erased = is_marker(from, to);
    return w->visitor->sealed(w->visitor->ctx, &w->v);
}

static bool is_name(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
        if (!ok) return false;
    }
    return len > 0 && len <= KEY_MAX;
}

/* Keys stay readable, so they must be names of fields: a table by people's names is sealed as one. */
static bool are_names(const char *p, const char *end, uint64_t n)
{
    const char *s;
    size_t len;
    for (uint64_t i = 0; i < n; i++) {
        if (!val_read_str(&p, end, &s, &len) || !is_name(s, len)) return false;
        p = val_skip(p, end);
        if (!p) return false;
    }
    return true;
}

static int walk_map(struct walk *w, enum audit_field field)
{
    const char *from = w->p, *key;
    enum val_type type;
    uint64_t n;
    size_t len;
    const char *first = w->p;
    if (!val_enter(&first, w->end, &type, &n) || type != VAL_MAP || !are_names(first, w->end, n))
        return seal(w, field, NULL, 0);
    w->p = first;
    for (uint64_t i = 0; i < n; i++) {
        int rc = 0;
        if (!val_read_str(&w->p, w->end, &key, &len)) return ERR_CORRUPT;
        if (is_sealed(w)) {
            rc = open_to(w, from);
            if (rc == 0) rc = seal(w, field, key, len);
            from = w->p;
        } else {
            w->p = val_skip(w->p, w->end);
        }
        if (rc || !w->p) return rc ? rc : ERR_CORRUPT;
    }
    return open_to(w, from);
}

static int public_field(struct walk *w, enum audit_field field)
{
    const char *from = w->p, *to = val_skip(w->p, w->end), *p = from;
    struct val v;
    if (!to) return ERR_CORRUPT;
    w->p = to;
    if (field == AUDIT_VERB || field == AUDIT_KIND) {
        v = val_strn("", 0);
        if (val_read_str(&p, to, &v.as.str.s, &v.as.str.len)) *(field == AUDIT_VERB ? &w->v.verb : &w->v.kind) = v;
    } else if (field == AUDIT_ID) {
        if (val_decode(from, (size_t)(to - from), NULL, NULL, &v) != 0) return ERR_CORRUPT;
        w->v.id = v.type == VAL_INT ? v.as.i : 0;
    }
    return 0;
}

/* Whose acts follow: a run's, or again the row's. */
static int walk_by(struct walk *w, int64_t person)
{
    struct val run;
    const char *from = w->p, *plugin = val_skip(w->p, w->end);
    if (!plugin || val_decode(from, (size_t)(plugin - from), NULL, NULL, &run) != 0 || run.type != VAL_INT)
        return ERR_CORRUPT;
    w->p = val_skip(plugin, w->end);
    w->v.person = run.as.i ? 0 : person;
    return w->p ? 0 : ERR_CORRUPT;
}

/* Public fields that stand side by side are one piece. */
static int walk_entry(struct walk *w, const char *from, bool is_plain)
{
    enum val_type type;
    uint64_t n;
    int rc = 0;
    if (!val_enter(&w->p, w->end, &type, &n) || type != VAL_LIST || n != AUDIT_FIELDS) return ERR_CORRUPT;
    for (enum audit_field f = 0; rc == 0 && f < AUDIT_FIELDS; f++) {
        bool is_map = f == AUDIT_BEFORE || f == AUDIT_AFTER;
        if (!is_sealed(w) || (!is_map && f != AUDIT_NAME && f != AUDIT_REASON) || (is_map && is_plain)) {
            rc = public_field(w, f);
            continue;
        }
        rc = open_to(w, from);
        if (rc == 0) rc = is_map ? walk_map(w, f) : seal(w, f, NULL, 0);
        from = w->p;
    }
    if (rc == 0) rc = open_to(w, from);
    return rc ? rc : w->p == w->end ? 0 : ERR_CORRUPT;
}

int audit_visit(const struct audit_row *r, const struct audit_visitor *visitor)
{
    struct walk w = {.visitor = visitor, .v = {.n = -1, .entry = -1, .verb = val_nil(), .kind = val_nil()}};
    const char *end = r->body + r->len;
    w.v.p = "";
    w.v.n = 0;
    w.v.person = r->c.person;
    int rc = visitor->sealed(visitor->ctx, &w.v);
    w.v.n = 1;
    w.v.p = r->c.from;
    w.v.len = strlen(r->c.from);
    if (rc == 0) rc = visitor->sealed(visitor->ctx, &w.v);
    for (const char *p = r->body; rc == 0 && p < end;) {
        uint32_t bits;
        if ((size_t)(end - p) < sizeof(bits)) return ERR_CORRUPT;
        memcpy(&bits, p, sizeof(bits));
        const char *from = p += sizeof(bits);
        if ((bits & AUDIT_LEN) > (size_t)(end - p)) return ERR_CORRUPT;
        w.p = p;
        w.end = p += bits & AUDIT_LEN;
        w.v.entry++;
        w.v.id = 0;
        rc = visitor->entry(visitor->ctx, bits & ~AUDIT_LEN);
        if (rc == 0 && bits & AUDIT_BY) rc = walk_by(&w, r->c.person);
        if (rc == 0) rc = walk_entry(&w, from, bits & AUDIT_PLAIN);
    }
    return rc;
}

/* --- digests --- */

static void add_numbers(struct digest *d, const struct audit_row *r)
{
    const int64_t numbers[] = {r->id, r->c.at, r->c.user, r->c.person, r->c.run};
    uint8_t le[sizeof(numbers)];
    for (size_t i = 0; i < sizeof(le); i++)
        le[i] = (uint8_t)((uint64_t)numbers[i / 8] >> (8 * (i % 8)));
    digest_add(d, le, sizeof(le));
    digest_add(d, r->c.plugin, strlen(r->c.plugin) + 1);
}

struct digesting {
    struct digest d;
    struct salts salts;
    int64_t erased;
};

static int add_entry(void *ctx, uint32_t bits)
{
    struct digesting *g = ctx;
    digest_add(&g->d, bits & AUDIT_PLAIN ? "p" : "s", 1); /* a run that acts shows by itself: a list begins otherwise */
    return 0;
}

static int add_open(void *ctx, const char *p, size_t n)
{
    struct digesting *g = ctx;
    digest_add(&g->d, p, n);
    return 0;
}

static void seal_of(const uint8_t salt[SEAL_SALT], const struct audit_sealed *v, uint8_t out[DIGEST_LEN])
{
    struct digest d;
    digest_begin(&d);
    digest_add(&d, salt, SEAL_SALT);
    digest_add(&d, v->p, v->len);
    digest_end(&d, out);
}

static int add_sealed(void *ctx, const struct audit_sealed *v)
{
    struct digesting *g = ctx;
    uint8_t seal[DIGEST_LEN];
    const uint8_t *p;
    int is_seal = next_salt(&g->salts, &p);
    if (is_seal < 0) return is_seal;
    if (v->n == 0) {
        if (!is_seal) digest_add(&g->d, p, SEAL_SALT);
        return is_seal ? ERR_CORRUPT : 0;
    }
    /* Where a seal stands, no value may: it would be one that nobody can prove. */
    if (is_seal && !(v->entry < 0 ? v->len == 0 : v->is_erased)) return ERR_CORRUPT;
    if (!is_seal) seal_of(p, v, seal);
    g->erased += is_seal;
    digest_add(&g->d, is_seal ? p : seal, DIGEST_LEN);
    return 0;
}

int audit_row_digest(const struct audit_row *r, uint8_t out[DIGEST_LEN], int64_t *erased)
{
    struct digesting g;
    const struct audit_visitor visitor = {add_entry, add_open, add_sealed, &g};
    start_salts(&g.salts, r);
    g.erased = 0;
    digest_begin(&g.d);
    digest_add(&g.d, "khung audit 2", sizeof("khung audit 2"));
    add_numbers(&g.d, r);
    int rc = audit_visit(r, &visitor);
    if (rc == 0 && r->salt_len != SEAL_SEED && g.salts.at != r->salt_len) rc = ERR_CORRUPT;
    if (rc) return rc;
    digest_end(&g.d, out);
    if (erased) *erased = g.erased;
    return 0;
}

void audit_chain(const uint8_t before[DIGEST_LEN], const uint8_t row[DIGEST_LEN], uint8_t out[DIGEST_LEN])
{
    struct digest d;
    digest_begin(&d);
    digest_add(&d, before, DIGEST_LEN);
    digest_add(&d, row, DIGEST_LEN);
    digest_end(&d, out);
}

/* Rows from before there were seals. */
static void hash_whole(const uint8_t before[DIGEST_LEN], const struct audit_row *r, uint8_t out[DIGEST_LEN])
{
    struct digest d;
    digest_begin(&d);
    digest_add(&d, before, DIGEST_LEN);
    add_numbers(&d, r);
    digest_add(&d, r->c.from, strlen(r->c.from) + 1);
    digest_add(&d, r->body, r->len);
    digest_end(&d, out);
}

int audit_hash(const uint8_t before[DIGEST_LEN], const struct audit_row *r, uint8_t out[DIGEST_LEN], int64_t *erased)
{
    uint8_t row[DIGEST_LEN];
    if (!r->salt) {
        if (erased) *erased = 0;
        hash_whole(before, r, out);
        return 0;
    }
    int rc = audit_row_digest(r, row, erased);
    if (rc == 0) audit_chain(before, row, out);
    return rc;
}

/* --- erasing --- */

struct rewriting {
    struct audit_erasing *e;
    struct salts salts;
    size_t entry_at;
    bool has_entry;
    uint32_t bits;
};

static void end_entry(struct rewriting *w)
{
    struct buf *b = &w->e->body;
    if (!w->has_entry || !buf_ok(b)) return;
    uint32_t len = (uint32_t)(b->len - w->entry_at - sizeof(len)) | w->bits;
    memcpy(b->data + w->entry_at, &len, sizeof(len));
}

static int copy_entry(void *ctx, uint32_t bits)
{
    static const uint32_t later = 0;
    struct rewriting *w = ctx;
    end_entry(w);
    w->entry_at = w->e->body.len;
    w->has_entry = true;
    w->bits = bits;
    buf_add(&w->e->body, &later, sizeof(later));
    return 0;
}

static int copy_open(void *ctx, const char *p, size_t n)
{
    struct rewriting *w = ctx;
    buf_add(&w->e->body, p, n);
    return 0;
}

static int copy_sealed(void *ctx, const struct audit_sealed *v)
{
    struct rewriting *w = ctx;
    struct audit_erasing *e = w->e;
    uint8_t seal[DIGEST_LEN];
    const uint8_t *p;
    int is_seal = next_salt(&w->salts, &p);
    if (is_seal < 0) return is_seal;
    bool goes = !is_seal && v->n > 0 && e->wants(e->ctx, v);
    if (goes) seal_of(p, v, seal);
    if (goes && v->entry < 0) e->is_address = true;
    e->n += goes;
    buf_add_char(&e->salts, is_seal || goes ? 1 : 0);
    buf_add(&e->salts, goes ? seal : p, is_seal || goes ? DIGEST_LEN : SEAL_SALT);
    if (v->entry < 0) return 0;
    buf_add(&e->body, goes ? AUDIT_ERASED : v->p, goes ? AUDIT_ERASED_LEN : v->len);
    return 0;
}

int audit_without(const struct audit_row *r, struct audit_erasing *e)
{
    struct rewriting w = {.e = e};
    const struct audit_visitor visitor = {copy_entry, copy_open, copy_sealed, &w};
    buf_clear(&e->body);
    buf_clear(&e->salts);
    e->n = 0;
    e->is_address = false;
    start_salts(&w.salts, r);
    int rc = audit_visit(r, &visitor);
    end_entry(&w);
    if (rc == 0 && (!buf_ok(&e->body) || !buf_ok(&e->salts))) rc = ERR_NOMEM;
    return rc;
}
