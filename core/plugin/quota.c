/* One entry a plugin, found by its name, that lives as long as the process: its numbers are changed by the lane alone
 * and read by anybody, so they are atomic, and the list of entries only grows. */
#include "plugin/quota_internal.h"

#include <string.h>

#include "base/mem.h"
#include "plugin/plugins.h"

enum { MINUTE_MS = 60000 };

static const char schema[] = "create table plugin_usage(plugin text primary key, rows integer not null,"
                             " bytes integer not null, runs integer not null, tasks integer not null) without rowid;";

const struct store_migration quota_migrations[] = {{"quota/001", schema}, {0}};

const char *quota_name(enum plugin_quota kind)
{
    static const char *const names[] = {"rows", "bytes", "runs", "tasks", "calls_per_minute", "log_per_minute"};
    return names[kind];
}

/* --- entries --- */

static size_t slot_of(const char *name, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    return h % QUOTA_SLOTS;
}

static struct quota *make(struct quotas *qs, const char *name, size_t len, size_t slot)
{
    struct quota *q = mem_alloc(sizeof(*q));
    struct plugin_limits l;
    plugin_limits_normal(&l);
    q->name = mem_strndup(name, len);
    for (int k = 0; k < QUOTA_COUNT; k++)
        q->limit[k] = l.most[k];
    q->next = qs->slots[slot];
    qs->slots[slot] = q;
    if (qs->newest)
        qs->newest->newer = q;
    else
        qs->oldest = q;
    qs->newest = q;
    return q;
}

struct quota *quota_entry(struct quotas *qs, const char *name, size_t len)
{
    size_t slot = slot_of(name, len);
    pthread_mutex_lock(&qs->lock);
    struct quota *q = qs->slots[slot];
    while (q && (strncmp(q->name, name, len) != 0 || q->name[len]))
        q = q->next;
    if (!q) q = make(qs, name, len, slot);
    pthread_mutex_unlock(&qs->lock);
    return q;
}

static int64_t get(const _Atomic int64_t *n)
{
    return atomic_load_explicit(n, memory_order_relaxed);
}

static void more(_Atomic int64_t *n)
{
    atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

/* --- start --- */

static int load(struct quotas *qs, struct store *db, struct err *err)
{
    struct stmt *s = store_stmt(db, "select plugin, rows, bytes, runs, tasks from plugin_usage", err);
    int rc;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        const char *name = stmt_text(s, 0, &len);
        qs->is_counted = true;
        if (len == 0) continue; /* says only that the numbers are kept */
        struct quota *q = quota_entry(qs, name, len);
        for (int k = 0; k < QUOTA_STORED; k++)
            q->used[k] = q->stored[k] = stmt_int(s, 1 + k);
    }
    stmt_done(s);
    return rc;
}

int quotas_open(struct host *host, struct store *db, struct quotas **out, struct err *err)
{
    struct quotas *qs = mem_alloc(sizeof(*qs));
    qs->host = host;
    pthread_mutex_init(&qs->lock, NULL);
    int rc = load(qs, db, err);
    if (rc) {
        quotas_free(qs);
        return rc;
    }
    *out = qs;
    return 0;
}

void quotas_free(struct quotas *qs)
{
    if (!qs) return;
    for (struct quota *q = qs->oldest, *newer; q; q = newer) {
        newer = q->newer;
        mem_free(q->name);
        mem_free(q);
    }
    pthread_mutex_destroy(&qs->lock);
    mem_free(qs);
}

void quotas_add_count(struct quotas *qs, quota_count_fn fn, void *ctx)
{
    if (!qs || qs->ncounters == QUOTA_COUNTERS) return;
    qs->counters[qs->ncounters].fn = fn;
    qs->counters[qs->ncounters++].ctx = ctx;
}

void quotas_take_limits(struct quotas *qs, const struct registry *r)
{
    struct plugin *const *list;
    size_t n = qs && r ? registry_plugins(r, &list) : 0;
    for (size_t i = 0; i < n; i++) {
        if (!list[i]->ok) continue;
        struct quota *q = quota_entry(qs, list[i]->name, strlen(list[i]->name));
        for (int k = 0; k < QUOTA_COUNT; k++)
            atomic_store_explicit(&q->limit[k], list[i]->limits.most[k], memory_order_relaxed);
    }
}

/* --- the commit --- */

static int write_one(struct quota *q, struct store *db, struct err *err)
{
    bool same = true;
    for (int k = 0; k < QUOTA_STORED; k++) {
        q->written[k] = get(&q->used[k]);
        same &= q->written[k] == q->stored[k];
    }
    if (same) return 0;
    struct stmt *s = store_stmt(db,
                                "insert into plugin_usage(plugin, rows, bytes, runs, tasks) values(?1,?2,?3,?4,?5)"
                                " on conflict(plugin) do update set rows = ?2, bytes = ?3, runs = ?4, tasks = ?5",
                                err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, q->name);
    for (int k = 0; k < QUOTA_STORED; k++)
        stmt_bind_int(s, 2 + k, q->written[k]);
    return stmt_run(s, err);
}

int quotas_before_commit(struct quotas *qs, struct store *db, struct err *err)
{
    int rc = qs->is_counted ? 0 : quota_count_first(qs, db, err);
    for (struct quota *q = qs->dirty; rc == 0 && q; q = q->next_dirty)
        rc = write_one(q, db, err);
    return rc;
}

void quotas_after_commit(struct quotas *qs)
{
    qs->is_counted = true;
    while (qs->dirty) {
        struct quota *q = qs->dirty;
        qs->dirty = q->next_dirty;
        q->is_dirty = false;
        memcpy(q->stored, q->written, sizeof(q->stored));
    }
}

/* --- counting --- */

static int refuse(const struct quota *q, enum plugin_quota kind, int64_t now, struct err *err)
{
    static const char *const keys[] = {"limit.rows",  "limit.bytes", "limit.runs",
                                       "limit.tasks", "limit.calls", "limit.log"};
    struct err_num limit, n;
    return err_set(err, ERR_LIMIT, keys[kind], "plugin", q->name, "limit", err_i64(&limit, get(&q->limit[kind])), "now",
                   err_i64(&n, now), NULL);
}

static void change(struct quotas *qs, struct store *db, struct quota *q, enum plugin_quota kind, int64_t n)
{
    store_count(db, &q->used[kind], n);
    if (q->is_dirty) return;
    q->is_dirty = true;
    q->next_dirty = qs->dirty;
    qs->dirty = q;
}

int quota_check(struct session *s, const char *plugin, enum plugin_quota kind, int64_t n, struct err *err)
{
    struct quotas *qs = s->host->quotas;
    if (!qs || !plugin || n <= 0) return 0;
    struct quota *q = quota_entry(qs, plugin, strlen(plugin));
    int64_t now = get(&q->used[kind]);
    if (n <= get(&q->limit[kind]) - now) return 0;
    more(&q->refused[kind]);
    return refuse(q, kind, now, err);
}

int quota_add(struct session *s, const char *plugin, enum plugin_quota kind, int64_t n, struct err *err)
{
    int rc = quota_check(s, plugin, kind, n, err);
    if (rc == 0) quota_add_owed(s->host, s->db, plugin, kind, n);
    return rc;
}

void quota_add_owed(struct host *host, struct store *db, const char *plugin, enum plugin_quota kind, int64_t n)
{
    struct quotas *qs = host->quotas;
    if (qs && plugin && n) change(qs, db, quota_entry(qs, plugin, strlen(plugin)), kind, n);
}

int quota_add_stored(struct session *s, const char *plugin, int64_t rows, int64_t bytes, struct err *err)
{
    int rc = quota_check(s, plugin, QUOTA_ROWS, rows, err);
    if (rc == 0) rc = quota_add(s, plugin, QUOTA_BYTES, bytes, err);
    if (rc == 0) quota_add_owed(s->host, s->db, plugin, QUOTA_ROWS, rows);
    return rc;
}

int64_t quota_rate(struct host *host, const char *plugin, enum plugin_quota kind)
{
    struct quotas *qs = host->quotas;
    if (!qs || !plugin) return 0;
    struct quota *q = quota_entry(qs, plugin, strlen(plugin));
    int at = (int)kind - QUOTA_STORED;
    int64_t minute = clock_now(&host->clock) / MINUTE_MS, was = get(&q->rate[at].minute);
    /* Who exchanges the minute begins anew; what others count meanwhile may be lost, which is in their favour. */
    if (was != minute && atomic_compare_exchange_strong(&q->rate[at].minute, &was, minute))
        atomic_store(&q->rate[at].n, 0);
    int64_t over = atomic_fetch_add(&q->rate[at].n, 1) + 1 - get(&q->limit[kind]);
    if (over <= 0) return 0;
    more(&q->refused[kind]);
    return over;
}

int quota_rate_refuse(struct host *host, const char *plugin, enum plugin_quota kind, struct err *err)
{
    const struct quota *q = quota_entry(host->quotas, plugin, strlen(plugin));
    return refuse(q, kind, get(&q->limit[kind]), err);
}

int64_t quota_rate_again(struct host *host, const char *plugin, enum plugin_quota kind, int64_t n)
{
    int64_t minute = clock_now(&host->clock) / MINUTE_MS, limit;
    limit = get(&quota_entry(host->quotas, plugin, strlen(plugin))->limit[kind]);
    return (minute + 1 + (n - 1) / (limit > 0 ? limit : 1)) * MINUTE_MS;
}

/* --- for people --- */

static void take_state(const struct quota *q, int64_t minute, struct quota_state *out)
{
    *out = (struct quota_state){.name = q->name};
    for (int k = 0; k < QUOTA_COUNT; k++) {
        int at = k - QUOTA_STORED;
        out->limit[k] = get(&q->limit[k]);
        out->refused[k] = get(&q->refused[k]);
        if (k < QUOTA_STORED)
            out->used[k] = get(&q->used[k]);
        else if (get(&q->rate[at].minute) == minute)
            out->used[k] = get(&q->rate[at].n) < out->limit[k] ? get(&q->rate[at].n) : out->limit[k];
    }
}

bool quotas_next(struct quotas *qs, size_t *i, struct quota_state *out)
{
    size_t at = (*i)++;
    if (!qs) return false;
    pthread_mutex_lock(&qs->lock);
    const struct quota *q = qs->oldest;
    while (q && at-- > 0)
        q = q->newer;
    pthread_mutex_unlock(&qs->lock);
    if (q) take_state(q, clock_now(&qs->host->clock) / MINUTE_MS, out);
    return q != NULL;
}

bool quotas_find(struct quotas *qs, const char *plugin, struct quota_state *out)
{
    for (size_t i = 0; quotas_next(qs, &i, out);)
        if (strcmp(out->name, plugin) == 0) return true;
    return false;
}
