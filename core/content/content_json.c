/* One published item as JSON, for the io thread: three look-ups by key, no registry, no copy but
 * into the answer.
 *
 * The stored body is JSON already; the head is written before its fields. */
#include "content/content_internal.h"

#include <string.h>

#include "base/date.h"
#include "base/json.h"
#include "content/personal.h"

/* An erased text keeps its hash, and must not be taken for the one that a cache has. */
#define IS_ERASED "r.salt is not null and instr(r.body, '" ERASED_TEXT "') > 0"
#define ERASED_TAG "-e"

/* The plan is that of the newest revision: where this is not public yet, neither is the plan. */
#define PLAN "iif(i.draft_rev = i.pub_rev, i.publish_at, null)"
static const char by_slug_sql[] =
    "select i.id, i.slug, i.unit, i.pub_rev, i.published_at, " PLAN ", r.hash, r.body, r.note, "
    "r.at, " IS_ERASED " from item_slug s join item i on i.id = s.item left join revision r on r.id = i.pub_id"
    " where s.type = ?1 and s.slug = ?2";
static const char by_id_sql[] =
    "select i.id, i.slug, i.unit, i.pub_rev, i.published_at, " PLAN ", r.hash, r.body, r.note, "
    "r.at, " IS_ERASED " from item i left join revision r on r.id = i.pub_id where i.id = ?2 and i.type = ?1";

static void add_instant(struct buf *out, const char *name, int64_t ms)
{
    char iso[32];
    if (!ms) return;
    date_format_iso(ms, iso);
    buf_add_str(out, ",\"");
    buf_add_str(out, name);
    buf_add_str(out, "\":\"");
    buf_add_str(out, iso);
    buf_add_char(out, '"');
}

/* Our own digits: printf would be half of the cost of this file. */
static void add_int(struct buf *out, int64_t n)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do {
        digits[--at] = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    if (n < 0) digits[--at] = '-';
    buf_add(out, digits + at, sizeof(digits) - at);
}

static void write_head(struct stmt *s, const char *type, const struct content_json *head, struct buf *out)
{
    size_t len;
    const char *note = stmt_text(s, 8, &len);
    buf_add_str(out, "{\"id\":");
    add_int(out, head->id);
    buf_add_str(out, ",\"type\":\"");
    buf_add_str(out, type);
    buf_add_str(out, "\",\"slug\":\"");
    buf_add_str(out, head->slug);
    buf_add_char(out, '"');
    if (!stmt_is_null(s, 2)) {
        buf_add_str(out, ",\"unit\":");
        add_int(out, stmt_int(s, 2));
    }
    buf_add_str(out, ",\"state\":\"published\",\"revision\":");
    add_int(out, head->rev);
    buf_add_str(out, ",\"hash\":\"");
    buf_add_str(out, head->etag);
    buf_add_char(out, '"');
    add_instant(out, "publish_at", stmt_int(s, 5));
    add_instant(out, "published_at", head->published_at);
    if (!note) return;
    buf_add_str(out, ",\"note\":");
    json_write_str(out, note, len);
    add_instant(out, "corrected_at", stmt_int(s, 9));
}

/* What one row says: 1 written, 2 moved, 0 not public. */
static int answer(struct stmt *s, const char *type, const char *slug, struct content_json *head, struct buf *out)
{
    size_t len;
    const char *body = stmt_text(s, 7, &len);
    if (!body) return 0;
    head->id = stmt_int(s, 0);
    stmt_copy(s, 1, head->slug, sizeof(head->slug));
    if (slug && strcmp(slug, head->slug) != 0) return 2;
    head->rev = stmt_int(s, 3);
    head->published_at = stmt_int(s, 4);
    stmt_copy(s, 6, head->etag, sizeof(head->etag));
    write_head(s, type, head, out);
    if (stmt_int(s, 10)) strncat(head->etag, ERASED_TAG, sizeof(head->etag) - strlen(head->etag) - 1);
    if (len > 2) {
        buf_add_char(out, ',');
        buf_add(out, body + 1, len - 1);
    } else {
        buf_add_char(out, '}');
    }
    return 1;
}

int content_json_get(struct store *db, const char *type, int64_t id, const char *slug, struct content_json *head,
                     struct buf *out, struct err *err)
{
    struct stmt *s = store_stmt(db, slug ? by_slug_sql : by_id_sql, err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, type);
    if (slug)
        stmt_bind_str(s, 2, slug);
    else
        stmt_bind_int(s, 2, id);
    int rc = stmt_step(s, err);
    if (rc == 1) rc = answer(s, type, slug, head, out);
    stmt_done(s);
    if (rc >= 0 && !buf_ok(out)) return err_set(err, ERR_LIMIT, "limit.size", "what", type, NULL);
    return rc;
}
