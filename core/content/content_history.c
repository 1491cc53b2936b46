/* What happened to an item, what changed between two of its revisions, and whether what is stored
 * still holds. */
#include "content/content_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "content/content_seal.h"
#include "store/list.h"

static const struct list_column columns[] = {{"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT, "l.id"},
                                             {"verb", FIELD_TEXT, LIST_SHOWN},
                                             {"from", FIELD_TEXT, LIST_SHOWN},
                                             {"to", FIELD_TEXT, LIST_SHOWN},
                                             {"revision", FIELD_INTEGER, LIST_SHOWN},
                                             {"at", FIELD_TEXT, LIST_SHOWN},
                                             {"person", FIELD_INTEGER, LIST_SHOWN},
                                             {"run", FIELD_INTEGER, LIST_SHOWN},
                                             {"plugin", FIELD_TEXT, LIST_SHOWN},
                                             {"reason", FIELD_TEXT, LIST_SHOWN},
                                             {"detail", FIELD_JSON, LIST_SHOWN, .gives = "map"},
                                             {"hash", FIELD_TEXT, LIST_SHOWN},
                                             {"note", FIELD_TEXT, LIST_SHOWN},
                                             {0}};
const struct list content_history_list = {
    .name = "content history",
    .order = "id",
    .key = "id",
    .columns = columns,
    .from = "item_log l left join revision r on r.item = l.item and r.rev = l.rev",
    .where = "l.item = ?1",
    .select = "l.verb, l.was, l.now, l.rev, l.at, l.person, l.run, l.plugin, l.reason, l.detail, r.hash, r.note, l.id"};

static int set_text(struct stmt *s, int col, const char *name, struct arena *a, struct val *map)
{
    size_t len;
    const char *p = stmt_text(s, col, &len);
    char *kept = p ? arena_strndup(a, p, len) : NULL;
    if (!p) return 0;
    return kept ? val_set(a, map, name, val_strn(kept, len)) : ERR_NOMEM;
}

static int set_int(struct stmt *s, int col, const char *name, struct arena *a, struct val *map)
{
    return stmt_is_null(s, col) ? 0 : val_set(a, map, name, val_int(stmt_int(s, col)));
}

static int history_row(struct stmt *s, const char *zone, struct arena *a, struct val *row, struct err *err)
{
    static const struct {
        int col;
        const char *name;
    } texts[] = {{0, "verb"}, {1, "from"}, {2, "to"}, {7, "plugin"}, {8, "reason"}, {10, "hash"}, {11, "note"}},
      numbers[] = {{3, "revision"}, {5, "person"}, {6, "run"}, {12, "id"}};
    struct val at, detail;
    int rc = 0;
    size_t len;
    *row = val_map();
    for (size_t i = 0; rc == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
        rc = set_text(s, texts[i].col, texts[i].name, a, row);
    for (size_t i = 0; rc == 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
        rc = set_int(s, numbers[i].col, numbers[i].name, a, row);
    if (rc == 0) rc = content_instant_to_api(stmt_int(s, 4), zone, a, &at, err);
    if (rc == 0) rc = val_set(a, row, "at", at);
    const char *json = stmt_text(s, 9, &len);
    if (rc == 0 && json) rc = json_parse(json, len, a, &detail, err);
    if (rc == 0 && json) rc = val_set(a, row, "detail", detail);
    return rc == ERR_NOMEM ? content_too_large(err) : rc;
}

static int list_row(void *ctx, struct stmt *s, struct arena *a, struct val *row, struct err *err)
{
    const struct session *session = ctx;
    return history_row(s, session->zone, a, row, err);
}

int content_history(struct session *session, int64_t item, const struct list_query *q, struct arena *a, struct val *out,
                    struct err *err)
{
    struct list_rows how = {.bound = {val_int(item)}, .nbound = 1, .read = list_row, .ctx = session};
    return list_find(session->db, q, &how, a, out, &session->next, err);
}

static int load_body(struct store *db, int64_t item, int64_t rev, struct arena *a, struct val *body, struct err *err)
{
    struct content_revision r;
    int rc = content_revision_load(db, item, rev, a, &r, err);
    return rc ? rc : json_parse(r.body, r.body_len, a, body, err);
}

static int add_difference(struct arena *a, const char *field, const struct val *before, const struct val *after,
                          struct val *out)
{
    struct val one = val_map();
    int rc = val_set(a, &one, "field", val_str(field));
    if (rc == 0 && before) rc = val_set(a, &one, "before", *before);
    if (rc == 0 && after) rc = val_set(a, &one, "after", *after);
    return rc ? rc : val_add(a, out, one);
}

/* Fields that differ, with both values as they are stored. */
int content_diff(struct store *db, const struct content_span *span, struct arena *a, struct val *out, struct err *err)
{
    struct val before, after;
    *out = val_list();
    int rc = load_body(db, span->item, span->from, a, &before, err);
    if (rc == 0) rc = load_body(db, span->item, span->to, a, &after, err);
    for (size_t i = 0; rc == 0 && i < before.as.map.n; i++) {
        const struct val_pair *p = &before.as.map.pairs[i];
        const struct val *now = val_get(&after, p->key);
        if (!now || !val_equal(&p->v, now)) rc = add_difference(a, p->key, &p->v, now, out);
    }
    for (size_t i = 0; rc == 0 && i < after.as.map.n; i++) {
        const struct val_pair *p = &after.as.map.pairs[i];
        if (!val_get(&before, p->key)) rc = add_difference(a, p->key, NULL, &p->v, out);
    }
    return rc == ERR_NOMEM ? content_too_large(err) : rc;
}

static bool is_right(struct stmt *s, struct arena *a)
{
    char type[CONTENT_TYPE_MAX + 1], hash[DIGEST_HEX], kept[DIGEST_HEX];
    struct content_sealed text = {.type = type};
    stmt_copy(s, 1, type, sizeof(type));
    stmt_copy(s, 3, kept, sizeof(kept));
    text.json = stmt_text(s, 4, &text.len);
    if (!stmt_is_null(s, 5)) text.salts = stmt_blob(s, 5, &text.nsalts);
    if (!stmt_is_null(s, 5) && !text.salts) text.salts = "";
    int rc = content_seal_hash(&text, a, hash);
    return rc == 1 || (rc == 0 && strcmp(hash, kept) == 0);
}

static int verify_hashes(struct store *db, err_sink report, void *ctx, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select i.id, i.type, r.rev, r.hash, r.body, r.salt from revision r join item i on"
                                " i.id = r.item",
                                err);
    struct arena a;
    struct err finding;
    struct err_num id, revision;
    int rc;
    if (!s) return err->code;
    arena_init(&a, 8 * CONTENT_BODY_MAX);
    while ((rc = stmt_step(s, err)) == 1) {
        arena_reset(&a);
        if (is_right(s, &a)) continue;
        err_set(&finding, ERR_CORRUPT, "verify.item_hash", "id", err_i64(&id, stmt_int(s, 0)), "revision",
                err_i64(&revision, stmt_int(s, 2)), NULL);
        report(ctx, &finding);
    }
    stmt_done(s);
    arena_close(&a);
    return rc;
}

int content_verify(struct store *db, err_sink report, void *ctx, struct err *err)
{
    static const struct {
        const char *sql, *key;
    } checks[] = {
        {"select i.id from item i left join revision r on r.item = i.id and r.rev = i.draft_rev "
         "where r.id is null",
         "verify.item_newest"},
        {"select i.id from item i left join revision r on r.id = i.pub_id where i.pub_rev is not "
         "null and"
         " (r.id is null or r.rev <> i.pub_rev or r.item <> i.id)",
         "verify.item_published"},
        {"select id from item where state = 'scheduled' and (due_at is null or scheduled_rev is "
         "not draft_rev)",
         "verify.item_scheduled"},
        {"select i.id from item i left join item_slug s on s.type = i.type and s.slug = i.slug "
         "where s.item is not i.id",
         "verify.item_slug"},
    };
    int rc = verify_hashes(db, report, ctx, err);
    for (size_t i = 0; rc == 0 && i < sizeof(checks) / sizeof(checks[0]); i++)
        rc = store_report(db, checks[i].sql, checks[i].key, report, ctx, err);
    return rc;
}
