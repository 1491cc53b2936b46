/* The row of an item. One reader, one writer: nothing else touches the columns of `item`.
 *
 * due_at is derived on each write: the nearer of a scheduled publication and the end of what is
 * public, so that one partial index holds everything that the lane has to do. */
#include "content/content_internal.h"

#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {"draft",     "in_review", "approved", "scheduled",
                                          "published", "retracted", "archived"};

const char *content_state_name(enum content_state s)
{
    return state_names[s];
}

int content_state_parse(const char *name)
{
    for (int i = 0; i < (int)(sizeof(state_names) / sizeof(state_names[0])); i++)
        if (strcmp(state_names[i], name) == 0) return i;
    return -1;
}

static const char load_sql[] = "select id, type, slug, next_slug, unit, state, draft_rev, pub_rev, "
                               "approved_rev, scheduled_rev, pub_id,"
                               " publish_at, until_at, pub_until, due_at, due_tries, created_by, "
                               "created_at, changed_at, published_at,"
                               " was_public, hash from item where id = ?1";

static void read_row(struct stmt *s, struct content_row *row)
{
    char state[16];
    int64_t *const numbers[] = {&row->draft_rev,  &row->pub_rev,     &row->approved_rev, &row->scheduled_rev,
                                &row->pub_id,     &row->publish_at,  &row->until_at,     &row->pub_until,
                                &row->due_at,     &row->due_tries,   &row->created_by,   &row->created_at,
                                &row->changed_at, &row->published_at};
    row->id = stmt_int(s, 0);
    stmt_copy(s, 1, row->type, sizeof(row->type));
    stmt_copy(s, 2, row->slug, sizeof(row->slug));
    stmt_copy(s, 3, row->next_slug, sizeof(row->next_slug));
    row->unit = stmt_int(s, 4);
    stmt_copy(s, 5, state, sizeof(state));
    int parsed = content_state_parse(state);
    row->state = parsed < 0 ? CONTENT_DRAFT : (enum content_state)parsed;
    for (int i = 0; i < (int)(sizeof(numbers) / sizeof(numbers[0])); i++)
        *numbers[i] = stmt_int(s, 6 + i);
    row->was_public = stmt_int(s, 20) != 0;
    stmt_copy(s, 21, row->hash, sizeof(row->hash));
}

int content_row_load(struct store *db, int64_t id, struct content_row *row, struct err *err)
{
    struct err_num n;
    struct stmt *s = store_stmt(db, load_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1) read_row(s, row);
    stmt_done(s);
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "not_found.item", "item", err_i64(&n, id), NULL);
    return rc < 0 ? rc : 0;
}

/* 0 is null. */
static void bind_or_null(struct stmt *s, int at, int64_t v)
{
    if (v)
        stmt_bind_int(s, at, v);
    else
        stmt_bind_null(s, at);
}

static int64_t derive_due(const struct content_row *row)
{
    int64_t due = row->state == CONTENT_SCHEDULED ? row->publish_at : 0;
    if (row->pub_rev && row->pub_until && (!due || row->pub_until < due)) due = row->pub_until;
    return due;
}

/* ?1 to ?21, the same for both writes. */
static void bind_row(struct stmt *s, const struct content_row *row)
{
    stmt_bind_int(s, 1, row->id);
    stmt_bind_str(s, 2, row->slug);
    stmt_bind_str(s, 3, row->next_slug[0] ? row->next_slug : NULL);
    bind_or_null(s, 4, row->unit);
    stmt_bind_str(s, 5, content_state_name(row->state));
    stmt_bind_int(s, 6, row->draft_rev);
    const int64_t numbers[] = {row->pub_rev,  row->approved_rev, row->scheduled_rev, row->pub_id,    row->publish_at,
                               row->until_at, row->pub_until,    row->due_at,        row->created_by};
    for (int i = 0; i < 9; i++)
        bind_or_null(s, 7 + i, numbers[i]);
    stmt_bind_int(s, 16, row->created_at);
    stmt_bind_int(s, 17, row->changed_at);
    bind_or_null(s, 18, row->published_at);
    stmt_bind_int(s, 19, row->was_public);
    stmt_bind_str(s, 20, row->hash);
    stmt_bind_str(s, 21, row->type);
}

int content_row_insert(struct store *db, const struct content_row *row, struct err *err)
{
    static const char sql[] = "insert into item(id, slug, next_slug, unit, state, draft_rev, pub_rev, approved_rev, "
                              "scheduled_rev, pub_id,"
                              " publish_at, until_at, pub_until, due_at, created_by, created_at, changed_at, "
                              "published_at, was_public,"
                              " hash, type) "
                              "values(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)";
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    bind_row(s, row);
    return stmt_run(s, err);
}

/* A new plan wipes what went wrong with the old one. */
int content_row_save(struct store *db, struct content_row *row, struct err *err)
{
    static const char sql[] = "update item set slug=?2, next_slug=?3, unit=?4, state=?5, "
                              "draft_rev=?6, pub_rev=?7, approved_rev=?8,"
                              " scheduled_rev=?9, pub_id=?10, publish_at=?11, until_at=?12, "
                              "pub_until=?13, due_at=?14, created_by=?15,"
                              " created_at=?16, changed_at=?17, published_at=?18, was_public=?19, "
                              "hash=?20, type=?21, due_tries=0,"
                              " due_error=null where id=?1";
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    row->due_at = derive_due(row);
    bind_row(s, row);
    return stmt_run(s, err);
}
