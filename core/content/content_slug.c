/* Addresses: unique in a type, kept for ever by the item that had them, so that an old link leads
 * to the new one. */
#include "content/content_internal.h"

#include <stdio.h>
#include <string.h>

int content_slug_find(struct store *db, const char *type, const char *slug, int64_t *item, struct err *err)
{
    struct stmt *s = store_stmt(db, "select item from item_slug where type=?1 and slug=?2", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, type);
    stmt_bind_str(s, 2, slug);
    int rc = stmt_step(s, err);
    *item = rc == 1 ? stmt_int(s, 0) : 0;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* 1: nobody else has it. */
static int is_free(struct store *db, const char *type, const char *slug, int64_t item, struct err *err)
{
    int64_t owner = 0;
    int rc = content_slug_find(db, type, slug, &owner, err);
    return rc ? rc : owner == 0 || owner == item;
}

static void numbered(char *out, size_t cap, const char *base, int64_t n)
{
    if (n < 2)
        snprintf(out, cap, "%s", base);
    else
        snprintf(out, cap, "%s-%lld", base, (long long)n);
}

/* A free number by doubling, then by halving: a thousand items of one title cost twenty look-ups,
 * not a thousand. */
static int free_number(struct store *db, const char *type, const char *base, int64_t item, int64_t *n, struct err *err)
{
    char slug[CONTENT_SLUG_MAX + 24];
    int64_t taken = 0, open = 1;
    for (;;) {
        numbered(slug, sizeof(slug), base, open);
        int rc = is_free(db, type, slug, item, err);
        if (rc < 0) return rc;
        if (rc) break;
        taken = open;
        open *= 2;
    }
    while (open - taken > 1) {
        int64_t middle = taken + (open - taken) / 2;
        numbered(slug, sizeof(slug), base, middle);
        int rc = is_free(db, type, slug, item, err);
        if (rc < 0) return rc;
        if (rc)
            open = middle;
        else
            taken = middle;
    }
    *n = open;
    return 0;
}

int content_slug_take(struct store *db, const char *type, const char *wanted, int64_t item, char out[], struct err *err)
{
    static const char sql[] = "insert or ignore into item_slug(type, slug, item) values(?1,?2,?3)";
    char base[CONTENT_SLUG_MAX + 1];
    int64_t n;
    snprintf(base, sizeof(base), "%s", wanted);
    int rc = free_number(db, type, base, item, &n, err);
    if (rc) return rc;
    numbered(out, CONTENT_SLUG_MAX + 24, base, n);
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, type);
    stmt_bind_str(s, 2, out);
    stmt_bind_int(s, 3, item);
    return stmt_run(s, err);
}

int content_slug_drop(struct store *db, const char *type, const char *slug, struct err *err)
{
    struct stmt *s = store_stmt(db, "delete from item_slug where type=?1 and slug=?2", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, type);
    stmt_bind_str(s, 2, slug);
    return stmt_run(s, err);
}
