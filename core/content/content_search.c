/* Full text: the words of a query in any order, without regard to marks and case; exact marks rank
 * first.
 *
 * Two questions to one index: what has the words just as they were written (with marks), then what
 * has them folded. Words are quoted, so nothing of a query can act as syntax of the index. */
#include "content/content_internal.h"

#include <string.h>

#include "base/text.h"

enum { WORDS_MAX = 16, SEARCH_MAX = 100, SEARCH_DEFAULT = 20, QUERY_MAX = 400 };

/* {columns}: "word"* AND …; each word also finds its continuations. False: no word. */
static bool match_text(struct buf *out, const char *columns, const char *text, size_t len)
{
    size_t n = 0, i = 0;
    buf_printf(out, "{%s}: (", columns);
    while (i < len && n < WORDS_MAX) {
        size_t start = i;
        while (i < len && !strchr(" \t\r\n\"", text[i]) && text[i])
            i++;
        if (i > start) {
            buf_add_str(out, n++ ? " AND \"" : "\"");
            buf_add(out, text + start, i - start);
            buf_add_char(out, '"');
        }
        if (i < len) i++;
    }
    buf_add_char(out, ')');
    return n > 0;
}

struct hits {
    int64_t ids[SEARCH_MAX];
    bool pub[SEARCH_MAX];
    size_t n, most;
};

static bool has(const struct hits *h, int64_t id)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->ids[i] == id) return true;
    return false;
}

static const char search_sql[] =
    "select t.rowid from item_text t join item i on i.id = t.rowid >> 1"
    " where item_text match ?1 and (?2 is null or i.type = ?2) and (?3 = 0 or i.unit = ?3)"
    " and (?4 = 0 or (t.rowid & 1)) order by bm25(item_text, 8.0, 1.0, 8.0, 1.0), t.rowid desc "
    "limit ?5";

static int ask(struct session *s, const struct content_search *q, const struct buf *match, struct hits *h,
               struct err *err)
{
    struct stmt *st = store_stmt(s->db, search_sql, err);
    int rc;
    if (!st) return err->code;
    stmt_bind_text(st, 1, match->data, match->len);
    if (q->type) stmt_bind_str(st, 2, q->type);
    stmt_bind_int(st, 3, q->unit);
    stmt_bind_int(st, 4, q->published);
    stmt_bind_int(st, 5, 2 * (int64_t)h->most);
    while ((rc = stmt_step(st, err)) == 1 && h->n < h->most) {
        int64_t id = stmt_int(st, 0) >> 1;
        if (has(h, id)) continue;
        h->pub[h->n] = stmt_int(st, 0) & 1;
        h->ids[h->n++] = id;
    }
    stmt_done(st);
    return rc < 0 ? rc : 0;
}

static int collect(struct session *s, const struct content_search *q, struct hits *h, struct arena *a, struct err *err)
{
    struct buf match;
    const char *text, *folded;
    size_t len, flen;
    int rc = text_nfc(a, q->text, strlen(q->text), &text, &len, err);
    if (rc) return rc;
    if (text_fold(a, text, len, &folded, &flen) != 0) return content_too_large(err);
    buf_init(&match, 8 << 10);
    if (match_text(&match, "title body", text, len)) rc = ask(s, q, &match, h, err);
    buf_clear(&match);
    if (rc == 0 && match_text(&match, "title_folded body_folded", folded, flen)) rc = ask(s, q, &match, h, err);
    if (rc == 0 && !buf_ok(&match)) rc = content_too_large(err);
    buf_close(&match);
    return rc;
}

int content_search(struct session *s, const struct content_search *q, struct arena *a, struct val *items,
                   struct err *err)
{
    struct hits h = {.most = q->limit > 0 && q->limit < SEARCH_MAX ? (size_t)q->limit : SEARCH_DEFAULT};
    *items = val_list();
    if (strlen(q->text) > QUERY_MAX) return err_set(err, ERR_LIMIT, "limit.size", "what", "text", NULL);
    int rc = collect(s, q, &h, a, err);
    for (size_t i = 0; rc >= 0 && i < h.n; i++) {
        struct content_key k = {.id = h.ids[i], .published = h.pub[i]};
        struct val item;
        rc = content_get(s, &k, a, &item, err);
        if (rc == 1 && val_add(a, items, item) != 0) rc = content_too_large(err);
    }
    return rc < 0 ? rc : 0;
}
