/* The full-text index: one row for the newest revision of an item, one for its public one.
 *
 * The text stands in it as it is and folded (đ → d, no marks, by our own folding, since no
 * tokenizer of the engine folds đ): a search reads the folded columns, and exact marks rank first.
 */
#include "content/content_internal.h"

#include <string.h>

#include "base/text.h"

static int64_t row_of(int64_t item, bool pub)
{
    return 2 * item + (pub ? 1 : 0);
}

static void add_text(struct buf *b, const struct val *v)
{
    if (v->type == VAL_STR) {
        buf_add(b, v->as.str.s, v->as.str.len);
        buf_add_char(b, '\n');
    } else if (v->type == VAL_LIST) {
        for (size_t i = 0; i < v->as.list.n; i++)
            add_text(b, &v->as.list.items[i]);
    }
}

static bool is_text(const struct field *f)
{
    enum field_type type = f->type == FIELD_LIST ? f->item : f->type;
    return type == FIELD_TEXT || type == FIELD_MARKDOWN;
}

int content_index_remove(struct store *db, int64_t item, bool pub, struct err *err)
{
    struct stmt *s = store_stmt(db, "delete from item_text where rowid=?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, row_of(item, pub));
    return stmt_run(s, err);
}

static int insert(struct store *db, int64_t rowid, const struct val columns[4], struct err *err)
{
    static const char sql[] = "insert into item_text(rowid, title, body, title_folded, "
                              "body_folded) values(?1,?2,?3,?4,?5)";
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, rowid);
    for (int i = 0; i < 4; i++)
        stmt_bind_text(s, 2 + i, columns[i].as.str.s, columns[i].as.str.len);
    return stmt_run(s, err);
}

int content_index_put(struct store *db, const struct content_type *t, int64_t item, const struct val *stored, bool pub,
                      struct err *err)
{
    struct buf body;
    struct arena a;
    struct val col[4];
    size_t len;
    const char *title = content_title_of(t, stored, &len);
    buf_init(&body, CONTENT_BODY_MAX);
    arena_init(&a, 4 * CONTENT_BODY_MAX);
    for (size_t i = 0; i < t->fields.n; i++) {
        const struct val *v = val_get(stored, t->fields.items[i].name);
        if (v && is_text(&t->fields.items[i]) && &t->fields.items[i] != t->title) add_text(&body, v);
    }
    col[0] = val_strn(title, len);
    col[1] = val_strn(body.data ? body.data : "", body.len);
    int rc = buf_ok(&body) ? 0 : err_set(err, ERR_LIMIT, "limit.size", "what", t->name, NULL);
    for (int i = 0; rc == 0 && i < 2; i++) {
        const char *folded;
        size_t n;
        rc = text_fold(&a, col[i].as.str.s, col[i].as.str.len, &folded, &n);
        if (rc) content_too_large(err);
        if (rc == 0) col[2 + i] = val_strn(folded, n);
    }
    if (rc == 0) rc = content_index_remove(db, item, pub, err);
    if (rc == 0) rc = insert(db, row_of(item, pub), col, err);
    arena_close(&a);
    buf_close(&body);
    return rc;
}
