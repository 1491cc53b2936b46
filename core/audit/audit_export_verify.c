/* Line by line: a row's lines are made again from its proof and must be those that stand there; its hash goes on from
 * the row before. */
#include <string.h>

#include "audit/audit_line.h"
#include "audit/audit_seal.h"
#include "base/arena.h"

enum { LINE_ARENA = 512 << 20, LINES_MAX = 256 << 20 };

struct checking {
    struct audit_file *f;
    const struct audit_head *anchor;
    enum audit_format format;
    struct arena arena;
    struct buf want; /* lines of the last row that must come next */
    size_t at;
    bool has_begun, has_ended;
};

static const char *go_on(struct checking *c, const uint8_t hash[DIGEST_LEN], int64_t row)
{
    c->f->end.row = row;
    memcpy(c->f->end.hash, hash, DIGEST_LEN);
    bool is_anchor = c->anchor && c->anchor->row == row;
    return is_anchor && memcmp(c->anchor->hash, hash, DIGEST_LEN) != 0 ? "anchor" : NULL;
}

/* The chain's own lines are made again, too. */
static bool is_made(struct checking *c, const char *p, size_t len)
{
    return buf_ok(&c->want) && c->want.len == len && memcmp(c->want.data, p, len) == 0;
}

static const char *check_omitted(struct checking *c, const struct audit_line *line)
{
    size_t n, cap = strlen(line->proof) / 4 * 3 + 3;
    uint8_t *digests = arena_alloc(&c->arena, cap), hash[DIGEST_LEN];
    const char *how = NULL;
    if (!digests || !digest_from_base64(line->proof, false, digests, cap, &n) || n == 0 || n % DIGEST_LEN)
        return "line";
    audit_line_omitted(c->format, line->row, digests, n / DIGEST_LEN, &c->want);
    if (line->row != c->f->end.row + 1) return "chain";
    for (size_t i = 0; !how && i < n; i += DIGEST_LEN) {
        audit_chain(c->f->end.hash, digests + i, hash);
        how = go_on(c, hash, c->f->end.row + 1);
        c->f->omitted++;
    }
    return how;
}

static const char *check_row(struct checking *c, const struct audit_line *line)
{
    struct audit_row r;
    uint8_t hash[DIGEST_LEN];
    int64_t erased = 0;
    if (!audit_line_proof(line->proof, &c->arena, &r) || r.id != line->row) return "line";
    if (r.id != c->f->end.row + 1) return "chain";
    if (audit_hash(c->f->end.hash, &r, hash, &erased) != 0) return "line";
    buf_clear(&c->want);
    c->at = 0;
    if (audit_line_row(c->format, &r, &c->arena, &c->want) != 0) return "line";
    c->f->rows++;
    c->f->erased += erased;
    return go_on(c, hash, r.id);
}

static const char *check_end(struct checking *c, const struct audit_line *line, bool begins)
{
    struct audit_head head = {0};
    /* Row 0 is before the first. */
    if (!audit_head_parse(line->proof, &head)) head = (struct audit_head){0};
    audit_line_chain(c->format, line->verb, &head, &c->want);
    if (begins) {
        c->has_begun = true;
        c->f->begin = head;
        return go_on(c, head.hash, head.row);
    }
    c->has_ended = true;
    bool same = head.row == c->f->end.row && memcmp(head.hash, c->f->end.hash, DIGEST_LEN) == 0;
    return same ? NULL : "chain";
}

static const char *check_chain(struct checking *c, const struct audit_line *line, const char *p, size_t len)
{
    bool begins = strcmp(line->verb, "chain.begin") == 0;
    buf_clear(&c->want);
    c->at = 0;
    const char *how = begins == c->has_begun                     ? "chain"
                      : strcmp(line->verb, "chain.omitted") == 0 ? check_omitted(c, line)
                                                                 : check_end(c, line, begins);
    bool made = is_made(c, p, len);
    c->at = c->want.len;
    return how ? how : made ? NULL : "line";
}

static const char *check_line(struct checking *c, const char *p, size_t len)
{
    struct audit_line line;
    struct buf titles;
    if (c->f->line == 1) {
        c->format = len && *p == '{' ? AUDIT_JSONL : AUDIT_CSV;
        buf_init(&titles, 4096);
        audit_line_titles(c->format, &titles);
        bool is_titles = titles.len && titles.len == len && memcmp(p, titles.data, len) == 0;
        buf_close(&titles);
        if (is_titles) return NULL;
        if (c->format == AUDIT_CSV) return "line";
    }
    arena_reset(&c->arena);
    if (c->at == c->want.len) {
        if (c->has_ended || !audit_line_read(c->format, p, len, &c->arena, &line)) return "line";
        bool is_chain = strncmp(line.verb, "chain.", 6) == 0;
        if (is_chain || !c->has_begun) return check_chain(c, &line, p, len);
        const char *how = check_row(c, &line);
        if (how) return how;
    }
    if (len > c->want.len - c->at || memcmp(c->want.data + c->at, p, len) != 0) return "line";
    c->at += len;
    return NULL;
}

/* Pieces make a line. A cell may hold line ends: then the line goes on until its quotes are even. */
static bool is_whole(const struct checking *c, const struct buf *line)
{
    size_t quotes = 0;
    if (line->len == 0 || line->data[line->len - 1] != '\n') return false;
    for (size_t i = 0; c->format == AUDIT_CSV && i < line->len; i++)
        quotes += line->data[i] == '"';
    return quotes % 2 == 0;
}

int audit_export_verify(int64_t (*read_line)(void *ctx, const char **line), void *ctx, const struct audit_head *anchor,
                        struct audit_file *out, struct err *err)
{
    struct checking c = {.f = out, .anchor = anchor, .format = AUDIT_CSV};
    struct buf line;
    const char *p;
    int64_t n = 0;
    *out = (struct audit_file){0};
    buf_init(&line, LINES_MAX);
    buf_init(&c.want, LINES_MAX);
    arena_init(&c.arena, LINE_ARENA);
    while (!out->how && (n = read_line(ctx, &p)) > 0) {
        buf_add(&line, p, (size_t)n);
        if (!buf_ok(&line)) break;
        if (out->line == 0 && *p == '{') c.format = AUDIT_JSONL;
        if (!is_whole(&c, &line)) continue;
        out->line++;
        out->how = check_line(&c, line.data, line.len);
        buf_clear(&line);
    }
    bool too_long = !buf_ok(&line);
    bool cut = !c.has_ended || c.at != c.want.len || line.len;
    if (!out->how && cut) out->how = "cut";
    bool outside = anchor && (anchor->row > out->end.row || anchor->row < out->begin.row);
    if (!out->how && outside) out->how = "anchor";
    buf_close(&line);
    buf_close(&c.want);
    arena_close(&c.arena);
    if (n < 0 || too_long) return err_set(err, n < 0 ? ERR_IO : ERR_LIMIT, n < 0 ? "audit.file" : "limit.size", NULL);
    return 0;
}
