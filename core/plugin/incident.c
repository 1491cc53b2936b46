/* One row an error, folded by its id; what is shown of the source is taken when it happens, from the failing version.
 */
#include "plugin/incident.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/locale.h"
#include "base/mem.h"
#include "plugin/host.h"
#include "plugin/plugin.h"
#include "plugin/remedy.h"
#include "runtime/log.h"
#include "store/lane.h"

enum { LINES_AROUND = 2, SOURCE_MAX = 1000, RECENT = 64, QUIET_MS = 1000 };

const struct store_migration incident_migrations[] = {
    {"incident/001",
     "create table incident(id text primary key, plugin text not null, version text not null, kind text not null,"
     " name text not null, place text not null, run integer, entry integer, code text not null, text text not null,"
     " remedy text not null, args blob, traceback text not null, source text not null, first integer not null,"
     " last integer not null, count integer not null) without rowid;"
     "create index incident_plugin on incident(plugin, last);"
     "create index incident_last on incident(last);"},
    {0}};

struct incidents {
    pthread_mutex_t lock;
    struct {
        char id[12];
        int64_t told; /* ms of the monotonic clock */
        int64_t more; /* that came since */
    } recent[RECENT];
    size_t next;
};

struct incidents *incidents_new(void)
{
    struct incidents *in = mem_alloc(sizeof(*in));
    pthread_mutex_init(&in->lock, NULL);
    return in;
}

void incidents_free(struct incidents *in)
{
    if (!in) return;
    pthread_mutex_destroy(&in->lock);
    mem_free(in);
}

/* How many of this error are to be told now: 0 when one was told a moment ago. */
static int64_t take_count(struct incidents *in, const char *id)
{
    int64_t now = clock_mono_ns() / 1000000, count = 1;
    size_t i = 0;
    pthread_mutex_lock(&in->lock);
    while (i < RECENT && strcmp(in->recent[i].id, id) != 0)
        i++;
    if (i == RECENT) {
        i = in->next++ % RECENT;
        snprintf(in->recent[i].id, sizeof(in->recent[i].id), "%s", id);
        in->recent[i].more = 0;
    } else if (now - in->recent[i].told < QUIET_MS) {
        in->recent[i].more++;
        pthread_mutex_unlock(&in->lock);
        return 0;
    }
    count += in->recent[i].more;
    in->recent[i].more = 0;
    in->recent[i].told = now;
    pthread_mutex_unlock(&in->lock);
    return count;
}

struct kept {
    struct lane_work work;
    char plugin[64], version[DIGEST_HEX], kind[16], name[100], source[SOURCE_MAX];
    int64_t run, entry, count;
    struct err err;
};

bool incident_is(const struct err *err)
{
    return err->code == ERR_PLUGIN || strcmp(err->key, "limit.time") == 0 || strcmp(err->key, "limit.memory") == 0;
}

/* Eight letters and digits that cannot be taken for one another: "k7mq2xfa". */
void incident_id(const char *plugin, const struct err *err, char id[INCIDENT_ID])
{
    static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789";
    struct buf b;
    buf_init(&b, 4096);
    buf_printf(&b, "%s\n%s\n%s\n%s", plugin, err->where, err->key, err->text);
    uint64_t n = digest_short(b.data ? b.data : "", b.len);
    for (int k = 0; k < 8; k++, n /= sizeof(alphabet) - 1)
        id[k] = alphabet[n % (sizeof(alphabet) - 1)];
    id[8] = '\0';
    buf_close(&b);
}

/* "leave/request.lua:5": the file of this plugin, or of one that it requires. */
static const struct plugin_file *file_of(const struct plugin *p, const char *where, int *line)
{
    char owner[64], path[128];
    const char *slash = strchr(where, '/'), *colon = strrchr(where, ':');
    if (!slash || !colon || colon < slash || slash - where >= (int)sizeof(owner)) return NULL;
    snprintf(owner, sizeof(owner), "%.*s", (int)(slash - where), where);
    snprintf(path, sizeof(path), "%.*s", (int)(colon - slash - 1), slash + 1);
    *line = (int)strtol(colon + 1, NULL, 10);
    if (strcmp(owner, p->name) == 0) return plugin_file_find(p, path);
    for (size_t i = 0; i < p->nrequired; i++)
        if (strcmp(owner, p->required[i]->name) == 0) return plugin_file_find(p->required[i], path);
    return NULL;
}

static void take_source(const struct plugin *p, const char *where, char out[SOURCE_MAX])
{
    int wanted = 0, line = 1;
    const struct plugin_file *f = file_of(p, where, &wanted);
    size_t n = 0;
    out[0] = '\0';
    for (const char *at = f ? f->text : NULL, *end = f ? f->text + f->len : NULL; at && at < end; line++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        if (!next) next = end;
        if (abs(line - wanted) <= LINES_AROUND && n < SOURCE_MAX - 160)
            n += (size_t)snprintf(out + n, SOURCE_MAX - n, "%s%4d  %.*s\n", line == wanted ? ">" : " ", line,
                                  (int)(next - at < 140 ? next - at : 140), at);
        at = next + 1;
    }
}

static void bind_all(struct stmt *s, const struct kept *k, int64_t now)
{
    const char *texts[] = {k->err.incident, k->plugin,   k->version,    k->kind,          k->name,  k->err.where,
                           k->err.key,      k->err.text, k->err.remedy, k->err.traceback, k->source};
    for (int i = 0; i < 11; i++)
        stmt_bind_str(s, i + 1, texts[i]);
    stmt_bind_blob(s, 12, k->err.args, sizeof(k->err.args));
    stmt_bind_int(s, 13, k->run);
    stmt_bind_int(s, 14, k->entry);
    stmt_bind_int(s, 15, now);
    stmt_bind_int(s, 16, k->count);
}

static int run_keep(struct lane_work *w, struct lane *lane, struct err *err)
{
    const struct kept *k = (const struct kept *)w;
    struct store *db = lane_db(lane);
    struct stmt *s = store_stmt(
        db,
        "insert into incident(id, plugin, version, kind, name, place, code, text, remedy, traceback, source, args, run,"
        " entry, first, last, count) values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?15, ?16)"
        " on conflict(id) do update set version = ?3, run = ?13, entry = ?14, traceback = ?10, source = ?11, last = "
        "?15,"
        " count = count + ?16",
        err);
    if (!s) return err->code;
    bind_all(s, k, lane_now(lane));
    int rc = stmt_run(s, err);
    if (rc == 0)
        s = store_stmt(db,
                       "delete from incident where id in (select id from incident where plugin = ?1"
                       " order by last desc limit -1 offset ?2)",
                       err);
    if (rc || !s) return rc ? rc : err->code;
    stmt_bind_str(s, 1, k->plugin);
    stmt_bind_int(s, 2, INCIDENTS_MAX);
    return stmt_run(s, err);
}

static void done_keep(struct lane_work *w, const struct err *failed)
{
    if (failed) log_err(LOG_ERROR, "plugin.error_lost", failed);
    mem_free(w);
}

void incident_keep(struct host *host, const struct incident *i, struct err *err)
{
    struct err_num run, times;
    if (err->incident[0]) return;
    remedy_find(host->api, err);
    incident_id(i->plugin->name, err, err->incident);
    int64_t count = host->incidents ? take_count(host->incidents, err->incident) : 1;
    if (!count) return;
    log_write(LOG_WARN, "plugin.error", "id", err->incident, "plugin", i->plugin->name, "kind", i->kind, "name",
              i->name, "run", i->run ? err_i64(&run, i->run) : "", "error", err->key, "text", err->text, "where",
              err->where, "times", err_i64(&times, count), NULL);
    if (!host->lane) return;
    struct kept *k = mem_alloc(sizeof(*k));
    *k = (struct kept){.work = {.run = run_keep, .done = done_keep}, .run = i->run, .entry = i->entry, .count = count};
    k->err = *err;
    snprintf(k->plugin, sizeof(k->plugin), "%s", i->plugin->name);
    snprintf(k->version, sizeof(k->version), "%s", i->plugin->hash);
    snprintf(k->kind, sizeof(k->kind), "%s", i->kind);
    snprintf(k->name, sizeof(k->name), "%s", i->name);
    take_source(i->plugin, err->where, k->source);
    lane_post(host->lane, &k->work);
}
