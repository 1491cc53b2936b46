/* Entries of the journal: writing, reading, and errors as values. */
#include "flow/flow_journal.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"

enum { SLICE_MAX = 8 << 20 };

void flow_journal_init(struct flow_journal *j)
{
    memset(j, 0, sizeof(*j));
    buf_init(&j->out, SLICE_MAX);
}

void flow_journal_close(struct flow_journal *j)
{
    mem_free(j->old);
    buf_close(&j->out);
    j->old = NULL;
    j->old_len = j->pos = 0;
}

static void put_number(struct buf *b, uint64_t n)
{
    while (n >= 0x80) {
        buf_add_char(b, (char)(n | 0x80));
        n >>= 7;
    }
    buf_add_char(b, (char)n);
}

static void put_bytes(struct buf *b, const char *p, size_t n)
{
    put_number(b, n);
    buf_add(b, p, n);
}

void flow_entry_write(struct buf *b, const struct flow_entry *e)
{
    buf_add_char(b, (char)e->type);
    put_number(b, (uint64_t)e->branch);
    if (e->type == ENTRY_WAKE) {
        put_number(b, (uint64_t)e->wait);
    } else {
        put_bytes(b, e->op, e->op_len);
        put_bytes(b, e->where, e->where_len);
        buf_add(b, &e->digest, sizeof(e->digest));
    }
    put_number(b, (uint64_t)-e->code);
    put_bytes(b, e->payload, e->payload_len);
}

struct reader {
    const unsigned char *p, *end;
    bool bad;
};

static uint64_t get_number(struct reader *r)
{
    uint64_t n = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (r->p == r->end) break;
        unsigned char c = *r->p++;
        n |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) return n;
    }
    r->bad = true;
    return 0;
}

static const char *get_bytes(struct reader *r, size_t *n)
{
    uint64_t want = get_number(r);
    const unsigned char *at = r->p;
    if (r->bad || want > (size_t)(r->end - r->p)) {
        r->bad = true;
        *n = 0;
        return "";
    }
    *n = (size_t)want;
    r->p += want;
    return (const char *)at;
}

int flow_entry_read(const char *bytes, size_t len, size_t *pos, struct flow_entry *e, struct err *err)
{
    struct reader r = {(const unsigned char *)bytes + *pos, (const unsigned char *)bytes + len, false};
    if (*pos == len) return 0;
    *e = (struct flow_entry){.type = (enum flow_entry_type) * r.p++};
    e->branch = (int64_t)get_number(&r);
    if (e->type == ENTRY_WAKE) {
        e->wait = (int64_t)get_number(&r);
    } else {
        e->op = get_bytes(&r, &e->op_len);
        e->where = get_bytes(&r, &e->where_len);
        if ((size_t)(r.end - r.p) < sizeof(e->digest)) r.bad = true;
        if (!r.bad) {
            memcpy(&e->digest, r.p, sizeof(e->digest));
            r.p += sizeof(e->digest);
        }
    }
    e->code = -(int)get_number(&r);
    e->payload = get_bytes(&r, &e->payload_len);
    if (r.bad || e->type < ENTRY_STEP || e->type > ENTRY_WAKE) return err_set(err, ERR_CORRUPT, "flow.journal", NULL);
    *pos = (size_t)((const char *)r.p - bytes);
    return 1;
}

int flow_journal_append(struct flow_journal *j, const struct flow_entry *e, struct err *err)
{
    flow_entry_write(&j->out, e);
    if (!buf_ok(&j->out)) return err_set(err, ERR_LIMIT, "flow.slice_too_large", NULL);
    j->entry++;
    return 0;
}

int flow_journal_next(struct flow_journal *j, struct flow_entry *out, struct err *err)
{
    int rc = flow_entry_read(j->old, j->old_len, &j->pos, out, err);
    if (rc == 1) j->entry++;
    return rc;
}

static int put_text(struct arena *a, struct val *map, const char *key, const char *text)
{
    if (!text[0]) return 0;
    char *copy = arena_strdup(a, text);
    return copy ? val_set(a, map, key, val_str(copy)) : ERR_NOMEM;
}

int flow_err_to_val(struct arena *a, const struct err *e, struct val *out)
{
    struct val fields = val_list();
    int rc = 0;
    *out = val_map();
    rc |= val_set(a, out, "code", val_int(e->code));
    rc |= put_text(a, out, "key", e->key);
    rc |= put_text(a, out, "text", e->text);
    rc |= put_text(a, out, "where", e->where);
    size_t n = 0;
    while (n + 1 < sizeof(e->args) && (e->args[n] || e->args[n + 1]))
        n++;
    char *args = arena_strndup(a, e->args, n + 1);
    if (!args) return ERR_NOMEM;
    if (e->args[0]) rc |= val_set(a, out, "args", val_strn(args, n + 1));
    for (int i = 0; i < e->nfields; i++) {
        struct val f = val_map();
        rc |= put_text(a, &f, "name", e->fields[i].name);
        rc |= put_text(a, &f, "key", e->fields[i].key);
        rc |= put_text(a, &f, "detail", e->fields[i].detail);
        rc |= val_add(a, &fields, f);
    }
    if (e->nfields) rc |= val_set(a, out, "fields", fields);
    return rc ? ERR_NOMEM : 0;
}

static void take(const struct val *map, const char *key, char *out, size_t cap)
{
    const struct val *v = val_get(map, key);
    size_t n = val_is(v, VAL_STR) ? v->as.str.len : 0;
    if (n >= cap) n = cap - 1;
    if (n) memcpy(out, v->as.str.s, n);
    out[n] = '\0';
}

void flow_err_from_val(const struct val *v, struct err *out)
{
    err_clear(out);
    out->code = (int)val_get_int(v, "code", ERR_REFUSED);
    take(v, "key", out->key, sizeof(out->key));
    take(v, "text", out->text, sizeof(out->text));
    take(v, "where", out->where, sizeof(out->where));
    memset(out->args, 0, sizeof(out->args));
    take(v, "args", out->args, sizeof(out->args) - 1);
    const struct val *fields = val_get(v, "fields");
    for (size_t i = 0; val_at(fields, i) && out->nfields < ERR_FIELDS_MAX; i++) {
        struct err_field *f = &out->fields[out->nfields++];
        take(val_at(fields, i), "name", f->name, sizeof(f->name));
        take(val_at(fields, i), "key", f->key, sizeof(f->key));
        take(val_at(fields, i), "detail", f->detail, sizeof(f->detail));
    }
}
