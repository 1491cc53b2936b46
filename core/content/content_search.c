/* Full text: the words of a query in any order, without regard to marks and case, in pages.
 *
 * What is found comes in four ways, the best first: all words in the title as they were written, anywhere as they were
 * written, in the title without marks, anywhere without marks; in each way the newest item first. Each way is one
 * question to the index, which excludes the ways before it and goes down the numbers of items, so that a page begins
 * where the last one ended and costs what the first one cost, and what an item is found by depends on its own text
 * alone: neither the order nor a cursor tells of other texts how often they have a word, as a rank by frequencies
 * (bm25) does. Words are quoted, so nothing of a query can act as syntax of the index. */
#include "content/content_internal.h"

#include <string.h>

#include "base/text.h"
#include "store/list.h"

enum { WORDS_MAX = 16, QUERY_MAX = 400, MATCH_MAX = 64 << 10, LOOKED_MAX = 1000 };

static const struct list_column columns[] = {{"match", FIELD_INTEGER, LIST_UP},
                                             {"type", FIELD_TEXT, LIST_FILTER | LIST_OWN},
                                             {"unit", FIELD_INTEGER, LIST_FILTER | LIST_OWN},
                                             {"id", FIELD_INTEGER, LIST_SHOWN},
                                             {"title", FIELD_TEXT, LIST_SHOWN},
                                             {"state", FIELD_TEXT, LIST_SHOWN},
                                             {"slug", FIELD_TEXT, LIST_SHOWN},
                                             {"revision", FIELD_INTEGER, LIST_SHOWN},
                                             {"hash", FIELD_TEXT, LIST_SHOWN},
                                             {"created_by", FIELD_INTEGER, LIST_SHOWN},
                                             {"created_at", FIELD_INSTANT, LIST_SHOWN},
                                             {"changed_at", FIELD_INSTANT, LIST_SHOWN},
                                             {"published_at", FIELD_INSTANT, LIST_SHOWN},
                                             {"publish_at", FIELD_INSTANT, LIST_SHOWN},
                                             {0}};
static const struct list_option options[] = {{"published", "boolean", "What is public alone."}, {0}};
const struct list content_hits = {
    .name = "search", .order = "match", .key = "id", .columns = columns, .options = options};

/* `excludes`: the ways before that hold all others before. */
static const struct way {
    const char *columns;
    bool folded;
    int excludes[2];
} ways[] = {{"title", false, {-1, -1}},
            {"title body", false, {0, -1}},
            {"title_folded", true, {1, -1}},
            {"title_folded body_folded", true, {1, 2}}};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

struct seeker {
    struct session *s;
    const struct content_search *q;
    struct arena *a;
    struct val *items;
    const char *text[2]; /* as it was written, folded */
    int64_t way, id;     /* the last place that was looked at */
    int64_t looked;
    bool is_full;
};

/* {columns}: ("word"* AND …); each word also finds its continuations. False: no word. */
static bool add_way(struct buf *out, const struct way *w, const char *text)
{
    size_t n = 0, len = strlen(text), i = 0;
    buf_printf(out, "({%s}: (", w->columns);
    while (i < len && n < WORDS_MAX) {
        size_t start = i;
        while (i < len && !strchr(" \t\r\n\"", text[i]))
            i++;
        if (i > start) {
            buf_add_str(out, n++ ? " AND \"" : "\"");
            buf_add(out, text + start, i - start);
            buf_add_str(out, "\"*");
        }
        if (i < len) i++;
    }
    buf_add_str(out, "))");
    return n > 0;
}

static bool match_of(const struct seeker *k, int way, struct buf *out)
{
    const struct way *w = &ways[way];
    bool any = add_way(out, w, k->text[w->folded]);
    for (size_t i = 0; any && i < 2 && w->excludes[i] >= 0; i++) {
        const struct way *other = &ways[w->excludes[i]];
        buf_add_str(out, i ? " OR " : " NOT (");
        any = add_way(out, other, k->text[other->folded]);
    }
    if (w->excludes[0] >= 0) buf_add_str(out, ")");
    return any;
}

/* Of each item one row: the public text, or the newest, which has a row of its own unless it is the public one. */
static const char search_sql[] =
    "select i.id, (?2 is null or i.type = ?2) and (?3 = 0 or i.unit = ?3) from item_text t cross join item i"
    " on i.id = t.rowid >> 1 where item_text match ?1 and t.rowid < ?4"
    " and (t.rowid & 1) = (?5 or i.draft_rev is i.pub_rev) order by t.rowid desc limit ?6";

const char *content_search_statement(void)
{
    return search_sql;
}

/* One that is not shown to this session takes no place in the page, and no page ends with it. */
static int take(struct seeker *k, int64_t id, struct err *err)
{
    struct content_key key = {.id = id, .published = k->q->published};
    struct val item;
    int rc = content_get(k->s, &key, k->a, &item, err);
    if (rc != 1) return rc;
    k->is_full = (int64_t)k->items->as.list.n == k->q->page->limit;
    if (k->is_full) return 0;
    return val_add(k->a, k->items, item) ? content_too_large(err) : 0;
}

static int look(struct seeker *k, const struct buf *match, struct err *err)
{
    const struct list_filter *type = list_filter_of(k->q->page, "type"), *unit = list_filter_of(k->q->page, "unit");
    struct stmt *st = store_stmt(k->s->db, search_sql, err);
    int rc;
    if (!st) return err->code;
    stmt_bind_text(st, 1, match->data, match->len);
    if (type) stmt_bind_text(st, 2, type->value.as.str.s, type->value.as.str.len);
    stmt_bind_int(st, 3, unit ? unit->value.as.i : 0);
    stmt_bind_int(st, 4, k->id ? 2 * k->id : INT64_MAX);
    stmt_bind_int(st, 5, k->q->published);
    stmt_bind_int(st, 6, LOOKED_MAX + 1 - k->looked);
    while ((rc = stmt_step(st, err)) == 1 && k->looked < LOOKED_MAX) {
        int64_t id = stmt_int(st, 0);
        int taken = stmt_int(st, 1) ? take(k, id, err) : 0;
        if (taken < 0) rc = taken;
        if (rc < 0 || k->is_full) break;
        k->id = id;
        k->looked++;
    }
    k->is_full |= rc == 1;
    stmt_done(st);
    return rc < 0 ? rc : 0;
}

static int seek(struct seeker *k, struct err *err)
{
    struct buf match;
    int rc = 0;
    buf_init(&match, MATCH_MAX);
    for (; rc == 0 && !k->is_full && k->way < WAYS; k->way += !k->is_full) {
        buf_clear(&match);
        if (!match_of(k, (int)k->way, &match)) continue;
        rc = buf_ok(&match) ? look(k, &match, err) : content_too_large(err);
        if (!k->is_full) k->id = 0;
    }
    buf_close(&match);
    return rc;
}

/* Where the page before ended. */
static int begin(struct seeker *k, struct err *err)
{
    const struct val *way = &k->q->page->after, *id = &k->q->page->after_key;
    if (id->type == VAL_NIL) return 0;
    bool good = way->type == VAL_INT && way->as.i >= 0 && way->as.i < WAYS && id->type == VAL_INT && id->as.i >= 0 &&
                id->as.i < INT64_MAX / 2;
    if (!good) return err_set(err, ERR_INVALID, "find.cursor", NULL);
    k->way = way->as.i;
    k->id = id->as.i;
    return 0;
}

int content_search(struct session *s, const struct content_search *q, struct arena *a, struct val *items,
                   struct err *err)
{
    struct seeker k = {.s = s, .q = q, .a = a, .items = items};
    size_t len;
    *items = val_list();
    s->next = NULL;
    if (strlen(q->text) > QUERY_MAX) return err_set(err, ERR_LIMIT, "limit.size", "what", "text", NULL);
    int rc = text_nfc(a, q->text, strlen(q->text), &k.text[0], &len, err);
    if (rc == 0 && text_fold(a, k.text[0], len, &k.text[1], &len) != 0) rc = content_too_large(err);
    if (rc == 0) rc = begin(&k, err);
    if (rc == 0) rc = seek(&k, err);
    if (rc == 0 && k.is_full) rc = list_cursor(q->page, val_int(k.way), val_int(k.id), a, &s->next, err);
    return rc ? rc : list_pick(q->page, a, items, err);
}
