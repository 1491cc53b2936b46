/* Full text: the words of a query, whole, in any order, without regard to marks and case, in pages.
 *
 * What is found comes in four ways, the best first: all words in the title as they were written, anywhere as they were
 * written, in the title without marks, anywhere without marks; in each way the newest item first. Each way is one
 * question to the index, which excludes the ways before it and goes down the numbers of items, so that a page begins
 * where the last one ended and costs what the first one cost, and what an item is found by depends on its own text
 * alone: neither the order nor a cursor tells of other texts how often they have a word, as a rank by frequencies
 * (bm25) does. Words are quoted, so nothing of a query can act as syntax of the index.
 *
 * A cursor can be read by whoever has it. So it names only what this reader may see: an item of the page, or one that
 * the filters left out. What they may not see is passed over as if it were not there: it ends no page, it does not
 * count among the rows that a page looks at, and whether there is a next page does not hang on it. That is an item of
 * a type that is hidden from them, or that no plugin has now; and where they read drafts in one unit only and ask for
 * it, an item of another unit, whose newest text may have the words.
 *
 * A page ends with its limit, after LOOKED_MAX rows, or when it has taken half of the memory that it was given. */
#include "content/content_internal.h"

#include <string.h>

#include "base/arena.h"
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
    const struct registry *types;
    struct arena *a;
    size_t most; /* of the arena */
    struct val *items;
    const char *text[2]; /* as it was written, folded */
    int64_t only_unit;   /* the only one whose drafts the reader sees; 0: those of all, or none are sought */
    int64_t way, id;     /* the last place that was looked at and that the reader may see */
    int64_t looked;
    bool is_full;
};

/* {columns}: ("word" AND …). False: no word. */
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
            buf_add_char(out, '"');
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
    "select i.id, i.type, i.unit from item_text t cross join item i on i.id = t.rowid >> 1"
    " where item_text match ?1 and t.rowid < ?2 and (t.rowid & 1) = (?3 or i.draft_rev is i.pub_rev)"
    " order by t.rowid desc";

const char *content_search_statement(void)
{
    return search_sql;
}

static bool is_seen(const struct seeker *k, const char *type, int64_t unit)
{
    const struct content_type *t;
    struct err ignored = {0};
    if (k->only_unit && unit != k->only_unit) return false;
    return content_type_of(k->types, type, &t, &ignored) == 0 && !content_is_hidden(k->s, t);
}

static bool fits(const struct seeker *k, const char *type, int64_t unit)
{
    const struct list_filter *t = list_filter_of(k->q->page, "type"), *u = list_filter_of(k->q->page, "unit");
    return (!t || val_is_str(&t->value, type)) && (!u || !u->value.as.i || u->value.as.i == unit);
}

static int take(struct seeker *k, int64_t id, struct err *err)
{
    struct content_key key = {.id = id, .published = k->q->published};
    struct val item;
    size_t n = k->items->as.list.n;
    k->is_full = (int64_t)n == k->q->page->limit || (n && k->a->used > k->most);
    if (k->is_full) return 0;
    int rc = content_get(k->s, &key, k->a, &item, err);
    if (rc != 1) return rc;
    return val_add(k->a, k->items, item) ? content_too_large(err) : 0;
}

/* A row of the index; one that the reader does not see leaves no trace. */
static int look_at(struct seeker *k, struct stmt *row, struct err *err)
{
    size_t len;
    int64_t id = stmt_int(row, 0), unit = stmt_int(row, 2);
    const char *type = stmt_text(row, 1, &len);
    if (!is_seen(k, type, unit)) return 0;
    k->is_full = k->looked == LOOKED_MAX;
    int rc = !k->is_full && fits(k, type, unit) ? take(k, id, err) : 0;
    if (rc || k->is_full) return rc;
    k->id = id;
    k->looked++;
    return 0;
}

static int look(struct seeker *k, const struct buf *match, struct err *err)
{
    struct stmt *st = store_stmt(k->s->db, search_sql, err);
    int rc = 0, failed = 0;
    if (!st) return err->code;
    stmt_bind_text(st, 1, match->data, match->len);
    stmt_bind_int(st, 2, k->id ? 2 * k->id : INT64_MAX);
    stmt_bind_int(st, 3, k->q->published);
    while (!failed && !k->is_full && (rc = stmt_step(st, err)) == 1)
        failed = look_at(k, st, err);
    stmt_done(st);
    return failed ? failed : rc < 0 ? rc : 0;
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

/* What this reader sees. */
static void open_eyes(struct seeker *k)
{
    const struct list_filter *unit = list_filter_of(k->q->page, "unit");
    if (unit && !k->q->published && !content_may_read_drafts(k->s, 0, NULL)) k->only_unit = unit->value.as.i;
    k->most = k->a->used + (k->a->max - k->a->used) / 2;
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
    if (rc) return rc;
    open_eyes(&k);
    struct registry *types = content_registry(s);
    k.types = types;
    rc = seek(&k, err);
    if (types) registry_drop(types);
    if (rc == 0 && k.is_full) rc = list_cursor(q->page, val_int(k.way), val_int(k.id), a, &s->next, err);
    return rc ? rc : list_pick(q->page, a, items, err);
}
