/* The families, each with what it is for; those of plugins have one sample a plugin, by its name. */
#include "http/metrics.h"

#include "base/mem.h"
#include "flow/flow.h"
#include "http/api_job.h"
#include "plugin/breaker.h"
#include "plugin/quota.h"
#include "runtime/metrics.h"

/* Each plugin, read once. */
struct numbers {
    struct quota_state quota;
    struct breaker_status breaker;
};
struct all {
    struct numbers *list;
    size_t n;
};

static void collect(struct host *h, struct all *all)
{
    struct quota_state q;
    size_t cap = 0;
    *all = (struct all){0};
    for (size_t i = 0; quotas_next(h->quotas, &i, &q);) {
        if (all->n == cap) all->list = mem_realloc(all->list, (cap = 2 * cap + 64) * sizeof(*all->list));
        struct numbers *p = &all->list[all->n++];
        p->quota = q;
        breaker_status(h->breakers, q.name, &p->breaker);
    }
}

static void one(struct buf *b, const char *name, enum metrics_type type, int64_t value, const char *help)
{
    metrics_family(b, name, type, help);
    metrics_int(b, name, value, NULL);
}

static void lane(struct buf *b, const struct host *h)
{
    static const char commit[] = "khung_lane_commit_seconds_total", longest[] = "khung_lane_longest_batch_seconds";
    struct lane_stats s;
    lane_stats(h->lane, &s);
    one(b, "khung_lane_mailbox_depth", METRICS_GAUGE, s.queued, "Works that wait for the lane.");
    one(b, "khung_lane_slices_total", METRICS_COUNTER, s.slices, "Slices that the lane has run.");
    one(b, "khung_lane_batches_total", METRICS_COUNTER, s.batches, "Batches of slices, each for one commit.");
    one(b, "khung_lane_commits_total", METRICS_COUNTER, s.commits, "Commits that are on disk.");
    one(b, "khung_lane_commits_failed_total", METRICS_COUNTER, s.commits_failed, "Commits that failed.");
    one(b, "khung_lane_transactions_lost_total", METRICS_COUNTER, s.lost,
        "Transactions that were rolled back as a whole; their slices were run again one by one.");
    metrics_family(b, commit, METRICS_COUNTER, "Time spent in commits, full sync included.");
    metrics_seconds(b, commit, s.commit_ns);
    metrics_family(b, longest, METRICS_GAUGE, "The longest batch since the start.");
    metrics_seconds(b, longest, s.longest_batch_ns);
}

/* Open runs are those of the quotas; what needs somebody is counted, the rest runs. */
static void runs(struct buf *b, const struct host *h, const struct all *all)
{
    static const char open[] = "khung_runs", ended[] = "khung_runs_ended_total";
    struct flow_stats s;
    int64_t unended = 0;
    flow_stats(h->flow, &s);
    for (size_t i = 0; i < all->n; i++)
        unended += all->list[i].quota.used[QUOTA_RUNS];
    int64_t running = unended - s.failed - s.blocked - s.undoing;
    metrics_family(b, open, METRICS_GAUGE, "Runs that have not ended, by state.");
    metrics_int(b, open, running > 0 ? running : 0, "state", "running", NULL);
    metrics_int(b, open, s.failed, "state", "failed", NULL);
    metrics_int(b, open, s.blocked, "state", "blocked", NULL);
    metrics_int(b, open, s.undoing, "state", "undoing", NULL);
    one(b, "khung_runs_held", METRICS_GAUGE, s.held, "Runs that wait because their plugin is off or does not serve.");
    one(b, "khung_votes_unread", METRICS_GAUGE, s.unread, "Secret votes whose key cannot be read.");
    one(b, "khung_runs_started_total", METRICS_COUNTER, s.started, "Runs that were started.");
    metrics_family(b, ended, METRICS_COUNTER, "Runs that ended, by state.");
    metrics_int(b, ended, s.completed, "state", "completed", NULL);
    metrics_int(b, ended, s.cancelled, "state", "cancelled", NULL);
}

static void http(struct buf *b, const struct http_server *server)
{
    static const char *const classes[] = {NULL, "1xx", "2xx", "3xx", "4xx", "5xx"};
    static const char answered[] = "khung_http_responses_total";
    struct http_stats s;
    http_server_stats(server, &s);
    metrics_family(b, answered, METRICS_COUNTER, "Answers by class of their status.");
    for (size_t i = 2; i < sizeof(classes) / sizeof(classes[0]); i++)
        metrics_int(b, answered, s.answered[i], "class", classes[i], NULL);
    one(b, "khung_http_requests_total", METRICS_COUNTER, s.requests, "Requests that were read whole.");
    one(b, "khung_http_refused_total", METRICS_COUNTER, s.refused,
        "Connections that were one too many, and requests that could not be read.");
    one(b, "khung_http_connections", METRICS_GAUGE, s.open, "Open connections.");
    one(b, "khung_http_connections_total", METRICS_COUNTER, s.connections, "Connections that were accepted.");
    one(b, "khung_http_held_bytes", METRICS_GAUGE, s.held_bytes, "Requests and answers on their way.");
}

static void quotas(struct buf *b, const struct all *all)
{
    static const struct {
        const char *now, *max, *help;
    } names[QUOTA_COUNT] = {
        [QUOTA_ROWS] = {"khung_plugin_stored_rows", "khung_plugin_max_stored_rows", "Rows, keys and revisions stored."},
        [QUOTA_BYTES] = {"khung_plugin_stored_bytes", "khung_plugin_max_stored_bytes", "Bytes stored."},
        [QUOTA_RUNS] = {"khung_plugin_open_runs", "khung_plugin_max_open_runs", "Runs that have not ended."},
        [QUOTA_TASKS] = {"khung_plugin_open_tasks", "khung_plugin_max_open_tasks", "Tasks that wait for a person."},
        [QUOTA_CALLS] = {"khung_plugin_minute_calls", "khung_plugin_max_minute_calls",
                         "Outbound calls in this minute."},
        [QUOTA_LOG] = {"khung_plugin_minute_log_lines", "khung_plugin_max_minute_log_lines",
                       "Lines logged in this minute."},
    };
    static const char refused[] = "khung_plugin_quota_refusals_total";
    const struct numbers *p, *end = all->list + all->n;
    for (int k = 0; k < QUOTA_COUNT; k++) {
        metrics_family(b, names[k].now, METRICS_GAUGE, names[k].help);
        for (p = all->list; p < end; p++)
            metrics_int(b, names[k].now, p->quota.used[k], "plugin", p->quota.name, NULL);
        metrics_family(b, names[k].max, METRICS_GAUGE, "How many there may be.");
        for (p = all->list; p < end; p++)
            metrics_int(b, names[k].max, p->quota.limit[k], "plugin", p->quota.name, NULL);
    }
    metrics_family(b, refused, METRICS_COUNTER, "What was refused because a quota was used up.");
    for (p = all->list; p < end; p++)
        for (int k = 0; k < QUOTA_COUNT; k++)
            metrics_int(b, refused, p->quota.refused[k], "plugin", p->quota.name, "quota",
                        quota_name((enum plugin_quota)k), NULL);
}

static void counter(struct buf *b, const struct all *all, const char *name, size_t at, const char *help)
{
    metrics_family(b, name, METRICS_COUNTER, help);
    for (const struct numbers *p = all->list; p < all->list + all->n; p++)
        metrics_int(b, name, *(const int64_t *)(const void *)((const char *)&p->breaker + at), "plugin", p->quota.name,
                    NULL);
}

static void breakers(struct buf *b, const struct all *all)
{
    static const char state[] = "khung_plugin_breaker_state";
    metrics_family(b, state, METRICS_GAUGE, "1 for the state in which its breaker is; off: by the admin.");
    for (const struct numbers *p = all->list; p < all->list + all->n; p++)
        for (int k = BREAKER_CLOSED; k <= BREAKER_OFF; k++)
            metrics_int(b, state, (int)p->breaker.state == k, "plugin", p->quota.name, "state",
                        breaker_state_name((enum breaker_state)k), NULL);
    counter(b, all, "khung_plugin_calls_total", offsetof(struct breaker_status, calls),
            "Pieces of its code that were run: hooks, slices of runs, callbacks, reports.");
    counter(b, all, "khung_plugin_failures_total", offsetof(struct breaker_status, failed),
            "Of those, the ones that failed.");
    counter(b, all, "khung_plugin_breaker_trips_total", offsetof(struct breaker_status, times_off),
            "How often its failures switched it off.");
}

void http_metrics_write(struct http_api *api, const struct http_server *server, struct buf *b)
{
    struct host *h = api->o.host;
    struct all all;
    collect(h, &all);
    runs(b, h, &all);
    lane(b, h);
    one(b, "khung_readers", METRICS_GAUGE, readers_count(api->o.readers), "Reader threads.");
    one(b, "khung_readers_queue_depth", METRICS_GAUGE, readers_queued(api->o.readers),
        "Reads and reports that wait for a reader or are being run.");
    http(b, server);
    one(b, "khung_store_wal_bytes", METRICS_GAUGE, store_wal_bytes(api->db), "Size of the write-ahead log.");
    one(b, "khung_store_memory_bytes", METRICS_GAUGE, store_memory(),
        "Memory of the store: mostly pages that are kept, up to the bounds of their caches.");
    quotas(b, &all);
    breakers(b, &all);
    mem_free(all.list);
    if (api->o.process) process_metrics(api->o.process, b);
}
