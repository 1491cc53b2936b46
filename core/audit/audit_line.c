/* A line is rendered from the row alone, so that who checks it renders it again and compares the bytes. */
#include "audit/audit_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/csv.h"
#include "base/date.h"
#include "base/json.h"

enum { PROOF_FIELDS = 9, SCRATCH_MAX = 200 << 20 };

static const char *const columns[] = {"row",    "at",    "user",   "person", "run",  "plugin",       "from",
                                      "verb",   "kind",  "id",     "name",   "unit", "on_behalf_of", "as",
                                      "before", "after", "reason", "erased", "proof"};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), AT_COLUMN = 1, VERB_COLUMN = 7 };

static void write_cell(struct buf *out, const struct val *v, bool is_time)
{
    struct buf text;
    char iso[32];
    if (!v || v->type == VAL_NIL) return;
    if (is_time) {
        date_format_iso(v->as.i, iso);
        csv_write_cell(out, iso, strlen(iso));
        return;
    }
    if (v->type == VAL_STR) {
        csv_write_cell(out, v->as.str.s, v->as.str.len);
        return;
    }
    buf_init(&text, SCRATCH_MAX);
    json_write(&text, v);
    if (buf_ok(&text))
        csv_write_cell(out, text.data ? text.data : "", text.len);
    else
        out->failed = true;
    buf_close(&text);
}

static void write_line(enum audit_format format, const struct val *line, struct buf *out)
{
    if (format == AUDIT_JSONL) {
        json_write(out, line);
        buf_add_char(out, '\n');
        return;
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        if (i) buf_add_char(out, ',');
        write_cell(out, val_get(line, columns[i]), i == AT_COLUMN);
    }
    buf_add_str(out, "\r\n");
}

void audit_line_titles(enum audit_format format, struct buf *out)
{
    for (size_t i = 0; format == AUDIT_CSV && i < COLUMNS; i++)
        buf_printf(out, "%s%s", columns[i], i + 1 < COLUMNS ? "," : "\r\n");
}

static void own_line(enum audit_format format, int64_t row, const char *verb, const char *proof, struct buf *out)
{
    struct val_pair pairs[] = {{"row", val_int(row)}, {"verb", val_str(verb)}, {"proof", val_str(proof)}};
    struct val line = val_map();
    line.as.map.pairs = pairs;
    line.as.map.n = 3;
    write_line(format, &line, out);
}

void audit_line_chain(enum audit_format format, const char *verb, const struct audit_head *head, struct buf *out)
{
    char hex[DIGEST_HEX], text[24 + DIGEST_HEX];
    digest_hex(head->hash, hex);
    snprintf(text, sizeof(text), "%lld:%s", (long long)head->row, hex);
    own_line(format, head->row, verb, text, out);
}

void audit_line_omitted(enum audit_format format, int64_t first, const uint8_t *digests, size_t n, struct buf *out)
{
    struct arena a;
    size_t cap = DIGEST_BASE64(n * DIGEST_LEN);
    arena_init(&a, cap + 4096);
    char *text = arena_alloc(&a, cap);
    if (text) digest_base64(digests, n * DIGEST_LEN, false, text, cap);
    if (text)
        own_line(format, first, "chain.omitted", text, out);
    else
        out->failed = true;
    arena_close(&a);
}

/* The row as it is hashed, as text. */
static const char *proof_of(const struct audit_row *r, struct arena *a)
{
    struct val items[PROOF_FIELDS] = {val_int(r->id),
                                      val_int(r->c.at),
                                      val_int(r->c.user),
                                      val_int(r->c.person),
                                      val_int(r->c.run),
                                      val_str(r->c.plugin),
                                      val_str(r->c.from),
                                      val_strn(r->body, r->len),
                                      r->salt ? val_strn((const char *)r->salt, r->salt_len) : val_nil()};
    struct val list = val_list();
    struct buf b;
    char *text = NULL;
    list.as.list.items = items;
    list.as.list.n = PROOF_FIELDS;
    buf_init(&b, SCRATCH_MAX);
    if (val_encode(&list, &b, false) == 0 && buf_ok(&b)) text = arena_alloc(a, DIGEST_BASE64(b.len));
    if (text) digest_base64(b.data, b.len, false, text, DIGEST_BASE64(b.len));
    buf_close(&b);
    return text;
}

int audit_line_row(enum audit_format format, const struct audit_row *r, struct arena *a, struct buf *out)
{
    struct val lines = val_list();
    int rc = audit_show_row(r, a, &lines);
    const char *proof = rc == 0 ? proof_of(r, a) : NULL;
    if (rc || !proof) return rc ? rc : ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < lines.as.list.n; i++) {
        if (i == 0) rc = val_set(a, &lines.as.list.items[0], "proof", val_str(proof));
        if (rc == 0) write_line(format, &lines.as.list.items[i], out);
    }
    return rc ? rc : buf_ok(out) ? 0 : ERR_NOMEM;
}

/* Only what is needed, from where it must stand: the number first, the proof last, the verb of a line of the chain
 * behind empty cells. The rest is compared with what is made of the proof. */
static bool read_csv(const char *line, size_t len, struct arena *a, struct audit_line *out)
{
    static const char empty[] = ",,,,,,,";
    char *text = arena_strndup(a, line, len), *end;
    if (!text) return false;
    text[strcspn(text, "\r\n")] = '\0';
    out->row = strtoll(text, &end, 10);
    char *proof = strrchr(text, ',');
    if (end == text || *end != ',' || out->row < 0 || !proof) return false;
    if (*++proof == '"') { /* a proof that begins with + is guarded, as a formula would be: "'+…" */
        proof += 1 + (proof[1] == '\'');
        proof[strcspn(proof, "\"")] = '\0';
    }
    out->proof = proof;
    out->verb = "";
    if (strncmp(end, empty, sizeof(empty) - 1) == 0) {
        const char *verb = end + sizeof(empty) - 1;
        out->verb = arena_strndup(a, verb, strcspn(verb, ","));
    }
    return out->verb != NULL;
}

bool audit_line_read(enum audit_format format, const char *line, size_t len, struct arena *a, struct audit_line *out)
{
    struct err err;
    struct val v;
    if (format == AUDIT_CSV) return read_csv(line, len, a, out);
    if (json_parse(line, len, a, &v, &err) != 0 || v.type != VAL_MAP) return false;
    const char *verb = val_cstr(a, val_get(&v, "verb")), *proof = val_cstr(a, val_get(&v, "proof"));
    *out = (struct audit_line){val_get_int(&v, "row", -1), verb ? verb : "", proof ? proof : ""};
    return out->row >= 0;
}

bool audit_line_proof(const char *proof, struct arena *a, struct audit_row *out)
{
    size_t n, cap = strlen(proof) / 4 * 3 + 3;
    char *bytes = arena_alloc(a, cap);
    struct val v;
    if (!bytes || !digest_from_base64(proof, false, bytes, cap, &n)) return false;
    if (val_decode(bytes, n, a, NULL, &v) != 0 || v.type != VAL_LIST || v.as.list.n != PROOF_FIELDS) return false;
    const struct val *f = v.as.list.items;
    for (int i = 0; i < PROOF_FIELDS; i++)
        if (f[i].type != (i < 5 ? VAL_INT : VAL_STR) && !(i == 8 && f[i].type == VAL_NIL)) return false;
    *out = (struct audit_row){.id = f[0].as.i,
                              .c = {.at = f[1].as.i, .user = f[2].as.i, .person = f[3].as.i, .run = f[4].as.i},
                              .body = f[7].as.str.s,
                              .len = f[7].as.str.len};
    snprintf(out->c.plugin, sizeof(out->c.plugin), "%.*s", (int)f[5].as.str.len, f[5].as.str.s);
    snprintf(out->c.from, sizeof(out->c.from), "%.*s", (int)f[6].as.str.len, f[6].as.str.s);
    if (f[8].type == VAL_STR) out->salt = (const uint8_t *)f[8].as.str.s;
    if (f[8].type == VAL_STR) out->salt_len = f[8].as.str.len;
    return true;
}
