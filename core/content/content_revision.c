/* Revisions: immutable bodies, numbered from 1 in each item. */
#include "content/content_internal.h"

#include <string.h>

int content_revision_add(struct store *db, struct content_revision *r, struct err *err)
{
    static const char sql[] = "insert into revision(item, rev, hash, body, author, run, at, note, plugin, salt) "
                              "values(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"
                              " returning id";
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, r->item);
    stmt_bind_int(s, 2, r->rev);
    stmt_bind_str(s, 3, r->hash);
    stmt_bind_text(s, 4, r->body, r->body_len);
    if (r->author) stmt_bind_int(s, 5, r->author);
    if (r->run) stmt_bind_int(s, 6, r->run);
    stmt_bind_int(s, 7, r->at);
    if (r->note) stmt_bind_str(s, 8, r->note);
    if (r->plugin) stmt_bind_str(s, 9, r->plugin);
    if (r->salts) stmt_bind_blob(s, 10, r->salts, r->nsalts);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        r->id = stmt_int(s, 0);
        rc = stmt_step(s, err); /* to the end, so that the insert is complete */
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static const char *keep(struct arena *a, struct stmt *s, int col, size_t *len)
{
    const char *p = stmt_text(s, col, len);
    return p ? arena_strndup(a, p, *len) : NULL;
}

int content_revision_load(struct store *db, int64_t item, int64_t rev, struct arena *a, struct content_revision *out,
                          struct err *err)
{
    static const char sql[] = "select id, hash, body, author, run, at, note from revision where item=?1 and rev=?2";
    struct err_num n, m;
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, item);
    stmt_bind_int(s, 2, rev);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        size_t len;
        *out = (struct content_revision){.id = stmt_int(s, 0),
                                         .item = item,
                                         .rev = rev,
                                         .author = stmt_int(s, 3),
                                         .run = stmt_int(s, 4),
                                         .at = stmt_int(s, 5)};
        out->hash = keep(a, s, 1, &len);
        out->body = keep(a, s, 2, &out->body_len);
        out->note = keep(a, s, 6, &len);
        rc = out->hash && out->body ? 1 : content_too_large(err);
    }
    stmt_done(s);
    if (rc == 0)
        return err_set(err, ERR_NOT_FOUND, "not_found.revision", "item", err_i64(&n, item), "revision",
                       err_i64(&m, rev), NULL);
    return rc < 0 ? rc : 0;
}

int content_count(void *ctx, struct store *db, struct quota_count *to, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select plugin, count(*), sum(length(cast(body as blob))) from revision"
                                " where plugin is not null group by plugin",
                                err);
    int rc;
    (void)ctx;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        const char *plugin = stmt_text(s, 0, &len);
        quota_tell(to, plugin, len, QUOTA_ROWS, stmt_int(s, 1));
        quota_tell(to, plugin, len, QUOTA_BYTES, stmt_int(s, 2));
    }
    stmt_done(s);
    return rc;
}
