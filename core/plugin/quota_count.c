/* The real numbers, counted by those who store: for a database from before there were quotas, and for `khung verify`.
 */
#include "plugin/quota_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct counted {
    struct counted *next;
    struct quota *quota;
    int64_t n[QUOTA_STORED];
    bool is_seen;
};

struct quota_count {
    struct quotas *qs;
    struct counted *first;
};

void quota_tell(struct quota_count *to, const char *plugin, size_t len, enum plugin_quota kind, int64_t n)
{
    struct quota *q = quota_entry(to->qs, plugin, len);
    struct counted *c = to->first;
    while (c && c->quota != q)
        c = c->next;
    if (!c) {
        c = mem_alloc(sizeof(*c));
        c->quota = q;
        c->next = to->first;
        to->first = c;
    }
    c->n[kind] += n;
}

static int count_all(struct quotas *qs, struct store *db, struct quota_count *to, struct err *err)
{
    int rc = 0;
    *to = (struct quota_count){.qs = qs};
    for (size_t i = 0; rc == 0 && i < qs->ncounters; i++)
        rc = qs->counters[i].fn(qs->counters[i].ctx, db, to, err);
    return rc;
}

static void free_counted(struct quota_count *to)
{
    for (struct counted *c = to->first, *next; c; c = next) {
        next = c->next;
        mem_free(c);
    }
}

struct reporting {
    err_sink report;
    void *ctx;
};

static void compare(const struct reporting *r, const char *plugin, const int64_t *real, const int64_t *kept)
{
    for (int k = 0; k < QUOTA_STORED; k++) {
        struct err finding;
        struct err_num n, m;
        if (real[k] == kept[k]) continue;
        err_set(&finding, ERR_CORRUPT, "verify.usage", "plugin", plugin, "n", err_i64(&n, real[k]), "what",
                quota_name((enum plugin_quota)k), "counted", err_i64(&m, kept[k]), NULL);
        r->report(r->ctx, &finding);
    }
}

static const int64_t none[QUOTA_STORED];

static void compare_row(const struct reporting *r, struct stmt *s, const struct quota_count *to)
{
    int64_t kept[QUOTA_STORED];
    size_t len;
    const char *name = stmt_text(s, 0, &len);
    struct counted *c = to->first;
    while (c && (strlen(c->quota->name) != len || memcmp(c->quota->name, name, len) != 0))
        c = c->next;
    for (int k = 0; k < QUOTA_STORED; k++)
        kept[k] = stmt_int(s, 1 + k);
    compare(r, name, c ? c->n : none, kept);
    if (c) c->is_seen = true;
}

int quotas_verify(struct quotas *qs, struct store *db, err_sink report, void *ctx, struct err *err)
{
    const struct reporting r = {report, ctx};
    struct quota_count to;
    if (!qs) return 0;
    int rc = count_all(qs, db, &to, err);
    struct stmt *s = rc == 0 ? store_stmt(db, "select plugin, rows, bytes, runs, tasks from plugin_usage", err) : NULL;
    if (rc == 0 && !s) rc = err->code;
    while (rc == 0 && (rc = stmt_step(s, err)) == 1) {
        compare_row(&r, s, &to);
        rc = 0;
    }
    stmt_done(s);
    for (const struct counted *c = to.first; rc == 0 && c; c = c->next)
        if (!c->is_seen) compare(&r, c->quota->name, c->n, none);
    free_counted(&to);
    return rc;
}

/* A database from before there were quotas: counted once. */
int quota_count_first(struct quotas *qs, struct store *db, struct err *err)
{
    struct quota_count to;
    int rc = count_all(qs, db, &to, err);
    for (struct counted *c = to.first; rc == 0 && c; c = c->next) {
        for (int k = 0; k < QUOTA_STORED; k++)
            atomic_store_explicit(&c->quota->used[k], c->n[k], memory_order_relaxed);
        if (c->quota->is_dirty) continue;
        c->quota->is_dirty = true;
        c->quota->next_dirty = qs->dirty;
        qs->dirty = c->quota;
    }
    free_counted(&to);
    if (rc == 0) rc = store_exec(db, "insert or ignore into plugin_usage values('', 0, 0, 0, 0)", err);
    return rc;
}
