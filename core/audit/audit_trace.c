/* Entries about the person are theirs whole; entries about somebody else are not touched, even if both have one name;
 * in all others a text tells. */
#include "audit/audit_trace.h"

#include <string.h>

#include "base/text.h"

enum { SCRATCH_MAX = 96 << 20 };

int audit_trace_init(struct audit_trace *t, const struct audit_traces *traces, struct err *err)
{
    *t = (struct audit_trace){.t = traces};
    arena_init(&t->scratch, SCRATCH_MAX);
    if (traces->texts.as.list.n > AUDIT_TEXTS_MAX) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    for (size_t i = 0; i < traces->texts.as.list.n; i++) {
        const struct val *v = &traces->texts.as.list.items[i];
        if (v->type != VAL_STR || v->as.str.len == 0) continue;
        if (text_fold(&t->scratch, v->as.str.s, v->as.str.len, &t->texts[t->n].s, &t->texts[t->n].len) != 0)
            return err_set(err, ERR_LIMIT, "limit.size", NULL);
        t->texts[t->n].is_code = !memchr(v->as.str.s, ' ', v->as.str.len) && !memchr(v->as.str.s, '@', v->as.str.len);
        t->n++;
    }
    return 0;
}

void audit_trace_close(struct audit_trace *t)
{
    arena_close(&t->scratch);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80);
}

/* As a word of its own: "an" is not in "lan". */
static bool holds(const char *s, size_t len, const char *want, size_t n)
{
    for (const char *p = s, *end = s + len; p && (size_t)(end - p) >= n; p++) {
        p = memmem(p, (size_t)(end - p), want, n);
        if (!p) return false;
        if ((p == s || !is_letter(p[-1])) && (p + n == end || !is_letter(p[n]))) return true;
    }
    return false;
}

static bool is_in_folded(const struct audit_trace *t, const char *s, size_t n, bool codes)
{
    bool is = false;
    for (size_t i = 0; !is && i < t->n; i++)
        is = t->texts[i].is_code ? codes && n == t->texts[i].len && memcmp(s, t->texts[i].s, n) == 0
                                 : holds(s, n, t->texts[i].s, t->texts[i].len);
    return is;
}

/* Bytes that are no text, as a text that was cut inside a character has them, are spaces. */
static void mend(char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t k = 1;
        while (k <= 4 && i + k <= len && !text_is_utf8(s + i, k))
            k++;
        bool is_text = k <= 4 && i + k <= len;
        if (!is_text) s[i] = ' ';
        i += is_text ? k : 1;
    }
}

/* What cannot be folded as a whole, by its length or because it is no text throughout: in pieces that overlap. */
static bool is_in_pieces(struct audit_trace *t, const char *text, size_t len)
{
    enum { PIECE = 64 << 10, OVERLAP = 2 << 10 };
    bool is = false;
    for (size_t at = 0; !is && at < len; at += PIECE - OVERLAP) {
        struct arena_mark mark = arena_mark(&t->scratch);
        size_t n = len - at < PIECE ? len - at : PIECE, folded;
        const char *s;
        char *copy = arena_strndup(&t->scratch, text + at, n);
        if (copy) mend(copy, n);
        is = !copy || text_fold(&t->scratch, copy, n, &s, &folded) != 0 || is_in_folded(t, s, folded, false);
        arena_rewind(&t->scratch, mark);
    }
    return is;
}

bool audit_trace_is_in(struct audit_trace *t, const char *text, size_t len, bool codes)
{
    struct arena_mark mark = arena_mark(&t->scratch);
    const char *s;
    size_t n;
    bool is =
        text_fold(&t->scratch, text, len, &s, &n) == 0 ? is_in_folded(t, s, n, codes) : is_in_pieces(t, text, len);
    arena_rewind(&t->scratch, mark);
    return is;
}

/* What stands under such a name is a person or a user. */
static bool is_of_person(const char *key, size_t len)
{
    static const char *const keys[] = {"person", "user", "who", "account", "holder", "on_behalf_of"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strlen(keys[i]) == len && memcmp(keys[i], key, len) == 0) return true;
    return false;
}

static bool is_in(struct audit_trace *t, const struct val *v, bool codes)
{
    bool is = false;
    if (v->type == VAL_STR) return audit_trace_is_in(t, v->as.str.s, v->as.str.len, codes);
    if (v->type == VAL_OBJ && v->as.obj.fields)
        return is_in(t, v->as.obj.fields, is_of_person(v->as.obj.kind->name, strlen(v->as.obj.kind->name)));
    for (size_t i = 0; v->type == VAL_LIST && !is && i < v->as.list.n; i++)
        is = is_in(t, &v->as.list.items[i], codes);
    for (size_t i = 0; v->type == VAL_MAP && !is && i < v->as.map.n; i++) {
        const struct val_pair *p = &v->as.map.pairs[i];
        is = audit_trace_is_in(t, p->key, strlen(p->key), codes) ||
             is_in(t, &p->v, codes || is_of_person(p->key, strlen(p->key)));
    }
    return is;
}

static bool begins(const struct val *v, const char *with)
{
    return v->type == VAL_STR && v->as.str.len > strlen(with) && memcmp(v->as.str.s, with, strlen(with)) == 0;
}

/* Does the entry say that the value is a person, a user, or what somebody asked about them? */
static bool may_be_code(const struct audit_sealed *v)
{
    static const char *const kinds[] = {"person", "user", "token", "session"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (val_is_str(&v->kind, kinds[i])) return true;
    if (v->field == AUDIT_FOR || (v->key && is_of_person(v->key, v->key_len))) return true;
    return val_is_str(&v->kind, "read") &&
           (begins(&v->verb, "audit.") || begins(&v->verb, "people.") || begins(&v->verb, "user."));
}

static bool is_own_account(const struct audit_traces *t, int64_t id)
{
    for (size_t i = 0; i < t->accounts.as.list.n; i++)
        if (t->accounts.as.list.items[i].type == VAL_INT && t->accounts.as.list.items[i].as.i == id) return true;
    return false;
}

static bool is_wanted(struct audit_trace *t, const struct audit_sealed *v)
{
    struct arena_mark mark = arena_mark(&t->scratch);
    struct val value;
    if (v->entry < 0) return v->len && (t->row->c.person == t->t->person || is_own_account(t->t, t->row->c.user));
    if (v->is_erased || val_is_str(&v->verb, AUDIT_ERASE_VERB)) return false;
    bool of_person = val_is_str(&v->kind, "person"), of_user = val_is_str(&v->kind, "user");
    if (v->id && of_person) return v->id == t->t->person;
    if (v->id && of_user) return is_own_account(t->t, v->id);
    bool is = val_decode(v->p, v->len, &t->scratch, audit_kind_of, &value) == 0 && is_in(t, &value, may_be_code(v));
    arena_rewind(&t->scratch, mark);
    return is;
}

bool audit_trace_wants(void *ctx, const struct audit_sealed *v)
{
    return is_wanted(ctx, v);
}

bool audit_is_named(const struct audit_traces *traces, const char *text)
{
    struct audit_trace t;
    struct err err;
    bool is = audit_trace_init(&t, traces, &err) == 0 && audit_trace_is_in(&t, text, strlen(text), true);
    audit_trace_close(&t);
    return is;
}
