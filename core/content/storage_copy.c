/* The worker that copies a table, and the plugin's functions that make the values. */
#include "content/storage_copy.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "content/content_internal.h"
#include "content/storage_internal.h"
#include "plugin/plugins.h"
#include "runtime/log.h"
#include "store/lane.h"

enum { PIECE_NS = 4000000, AGAIN_MS = 500, CONVERT_CPU_MS = 20, COPIES_MAX = 64 };

struct storage_copy {
    struct lane_work work;
    struct storage_copy *next;
    struct storage_change change;
    struct registry *registry; /* holds the table */
    int64_t began;
    struct err *failed;
    int64_t again; /* the copy is ready, but open runs need the old table: when to look again; 0: not so */
    bool is_last, is_unwanted, is_idle;
};

static int fail_row(const struct storage_table *t, const char *column, int64_t id, struct err *err)
{
    struct err_num n;
    err_add_arg(err, "table", t->name);
    err_add_arg(err, "column", column);
    err_add_arg(err, "row", err_i64(&n, id));
    return err->code;
}

int storage_convert(void *ctx, const struct val *old, const struct field_list *fields, struct arena *a, struct val *out,
                    struct err *err)
{
    const struct storage_change *c = ctx;
    struct host *host = c->st->host;
    const struct content_form form = {fields, c->t->zone};
    struct session s = {.mode = SESSION_LOAD, .host = host, .arena = a, .lang = host->lang, .zone = host->zone};
    struct val row = val_map(), made, stored;
    *out = val_map();
    int rc = content_body_to_api(&form, old, a, &row, err);
    for (size_t i = 0; rc == 0 && val_at(&c->t->converted, i); i++) {
        const char *column = val_at(&c->t->converted, i)->as.str.s;
        const struct field *f = field_find(&c->t->fields, column);
        char name[2 * STORAGE_NAME_MAX + 16];
        snprintf(name, sizeof(name), "%s.%s", c->t->name, column);
        int ref = c->pv ? plugin_vm_fn(c->pv, "convert", name) : 0;
        if (!ref || !f)
            return err_set(err, ERR_INTERNAL, "storage.convert", "table", c->t->name, "column", column, NULL);
        s.actor.plugin = c->t->plugin;
        made = val_nil();
        rc = plugin_vm_call(c->pv, &s, ref, &row, 1, CONVERT_CPU_MS, a, &made, err);
        if (rc == 0 && made.type == VAL_NIL && f->required)
            rc = err_set(err, ERR_REFUSED, "storage.convert_nil", "table", c->t->name, "column", column, NULL);
        if (rc == 0 && made.type != VAL_NIL) rc = field_check(f, &made, &host->time, a, &stored, err);
        if (rc == 0 && made.type != VAL_NIL) rc = val_set(a, out, column, stored);
        if (rc && !err_is_fault(rc)) fail_row(c->t, column, val_get_int(old, "id", 0), err);
    }
    return rc;
}

static void free_copy(struct storage_copy *c)
{
    plugin_vm_drop(c->change.pv);
    registry_drop(c->registry);
    mem_free(c->failed);
    mem_free(c);
}

static void unlink_copy(struct storage_copy *c)
{
    struct storage_copy **at = &c->change.st->copies;
    while (*at && *at != c)
        at = &(*at)->next;
    if (*at) *at = c->next;
}

int storage_copy_clean(struct storage *st, struct store *db, struct err *err)
{
    const char *keep[COPIES_MAX];
    size_t n = 0;
    for (struct storage_copy *c = st->copies; c && n < COPIES_MAX; c = c->next)
        if (!c->failed && !c->is_last) keep[n++] = table_sql_name(c->change.t->table);
    return table_copy_discard(db, keep, n, err);
}

/* The plugin once more: its activation finds the copy ready, or the reason why there is none. */
static int load(struct storage_copy *c, struct err *err)
{
    struct host *host = c->change.st->host;
    struct arena a;
    arena_init(&a, 64 << 20);
    struct session s = {.mode = SESSION_WRITE,
                        .host = host,
                        .db = c->change.db,
                        .lane = host->lane,
                        .arena = &a,
                        .now = lane_now(host->lane),
                        .lang = host->lang,
                        .zone = host->zone};
    int rc = plugins_load(host->plugins, &s, c->change.t->plugin, err);
    arena_close(&a);
    return rc;
}

/* Everything is ready, but runs of the version that serves need its columns: they may end soon. */
static bool is_held(const struct storage_copy *c)
{
    struct plugin *const *list;
    struct registry *r = plugins_current(c->change.st->host->plugins);
    size_t n = r ? registry_plugins(r, &list) : 0;
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i]->hash, c->change.pv->plugin->hash) == 0 && !list[i]->ok)
            return strcmp(list[i]->why->key, "storage.open_runs") == 0;
    return false;
}

static int run(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct storage_copy *c = (struct storage_copy *)w;
    struct storage *st = c->change.st;
    struct table_change change = {.convert = storage_convert, .ctx = &c->change};
    bool ready = false;
    const struct plugin_vm *serves = plugins_vm(st->host->plugins, c->change.t->plugin);
    bool is_done = serves && strcmp(serves->plugin->hash, c->change.pv->plugin->hash) == 0;
    c->is_last = c->is_unwanted || c->failed || is_done;
    if (is_done) return storage_copy_clean(st, c->change.db, err);
    if (c->is_unwanted) return 0;
    int rc = storage_copy_clean(st, c->change.db, err);
    if (rc == 0 && !c->failed)
        rc = table_copy_step(c->change.db, c->change.t->table, &change, clock_mono_ns() + PIECE_NS, &ready, err);
    if (rc || (!ready && !c->failed)) return rc;
    rc = load(c, err);
    c->again = rc == 0 && is_held(c) ? lane_now(lane) + AGAIN_MS : 0;
    c->is_last = !c->again;
    return rc ? rc : storage_copy_clean(st, c->change.db, err);
}

static void done(struct lane_work *w, const struct err *failed)
{
    struct storage_copy *c = (struct storage_copy *)w;
    struct host *host = c->change.st->host;
    struct err_num ms;
    if (failed && failed->code == ERR_STOPPED) {
        /* The lane ends. What was copied is forgotten at the next start. */
        unlink_copy(c);
        free_copy(c);
        return;
    }
    if (c->is_last && c->failed) {
        c->is_idle = true; /* what it failed with is told until there is another version */
        return;
    }
    if (c->is_last && !failed) {
        log_info("storage.copied", "plugin", c->change.t->plugin, "table", c->change.t->name, "ms",
                 err_i64(&ms, (clock_mono_ns() - c->began) / 1000000), NULL);
        unlink_copy(c);
        free_copy(c);
        return;
    }
    if (failed) {
        c->failed = mem_alloc(sizeof(*failed));
        *c->failed = *failed;
    }
    if (c->again && !failed)
        lane_wake_at(host->lane, &c->change.st->source, c->again);
    else
        lane_add(host->lane, &c->work);
}

int64_t storage_copy_collect(struct lane_source *source, struct lane *lane, int64_t now, int max)
{
    struct storage *st = (struct storage *)((char *)source - offsetof(struct storage, source));
    int64_t next = INT64_MAX;
    (void)max;
    for (struct storage_copy *c = st->copies; c; c = c->next) {
        if (!c->again) continue;
        if (c->again > now) {
            if (c->again < next) next = c->again;
            continue;
        }
        c->again = 0;
        lane_add(lane, &c->work);
    }
    return next;
}

static void begin(void *arg)
{
    struct storage_copy *c = arg;
    lane_add(c->change.st->host->lane, &c->work);
}

static void never_begun(void *arg)
{
    unlink_copy(arg);
    free_copy(arg);
}

int storage_copy_start(const struct storage_change *change, struct registry *r, struct err *err)
{
    struct storage *st = change->st;
    const struct storage_table *t = change->t;
    struct lane *lane = st->host->lane;
    struct storage_copy *c = st->copies;
    while (c && strcmp(table_sql_name(c->change.t->table), table_sql_name(t->table)) != 0)
        c = c->next;
    if (c && change->pv && strcmp(c->change.pv->plugin->hash, change->pv->plugin->hash) == 0) {
        if (!c->failed) return err_set(err, ERR_REFUSED, "storage.migrating", "table", t->name, NULL);
        *err = *c->failed;
        return err->code;
    }
    if (!change->pv || !lane) return err->code; /* as the table said */
    if (c) {
        c->is_unwanted = true;
        unlink_copy(c);
        if (c->is_idle || c->again) free_copy(c);
    }
    c = mem_alloc(sizeof(*c));
    *c = (struct storage_copy){.work = {.run = run, .done = done, .share = change->pv->plugin->share},
                               .change = *change,
                               .registry = registry_hold(r),
                               .began = clock_mono_ns(),
                               .next = st->copies};
    plugin_vm_hold(change->pv);
    st->copies = c;
    lane_after_commit(lane, begin, never_begun, c);
    log_info("storage.copying", "plugin", t->plugin, "table", t->name, NULL);
    return err_set(err, ERR_REFUSED, "storage.migrating", "table", t->name, NULL);
}

void storage_copy_free(struct storage *st)
{
    while (st->copies) {
        struct storage_copy *c = st->copies;
        st->copies = c->next;
        free_copy(c);
    }
}
