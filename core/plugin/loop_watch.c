/* loop.watch: files in the folders that a plugin was granted (needs = { "watch:/srv/inbox" }). */
#include "plugin/loop_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plugin/host.h"
#include "runtime/watch.h"

static bool is_inside(const char *path, const char *folder)
{
    char real[PATH_MAX];
    if (!realpath(folder, real)) return false;
    size_t n = strlen(real);
    if (n == 1) return true; /* "/" */
    return strncmp(path, real, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

int loop_watch_path(struct api_call *c, const char *path, char **real)
{
    const struct plugin *p = c->s->vm->plugin;
    char found[PATH_MAX];
    if (!path || !realpath(path, found))
        return err_set(c->err, ERR_NOT_FOUND, "loop.watch_path", "path", path, "detail", strerror(errno), NULL);
    for (const char *const *need = p->needs; need && *need; need++) {
        if (strncmp(*need, "watch:", 6) != 0 || !is_inside(found, *need + 6)) continue;
        *real = mem_strdup(found);
        return 0;
    }
    return err_set(c->err, ERR_DENIED, "denied.watch", "path", path, "plugin", p->name, NULL);
}

/* Something happened; made on the watching thread. */
struct event {
    struct lane_work work;
    struct loops *loops;
    int64_t plugin, timer;
    bool is_taken, is_rename;
    char name[];
};

static int on_event(struct lane_work *w, struct lane *lane, struct err *err)
{
    (void)lane;
    (void)err;
    ((struct event *)w)->is_taken = true;
    return 0;
}

static void fire(struct loop_timer_item *t, const struct event *e)
{
    struct arena a;
    struct val v = val_map();
    arena_init(&a, 16 << 10);
    int rc = val_set(&a, &v, "path", val_str(t->path));
    if (rc == 0) rc = val_set(&a, &v, "name", val_str(e->name));
    if (rc == 0) rc = val_set(&a, &v, "event", val_str(e->is_rename ? "rename" : "change"));
    if (rc == 0) loop_timer_tell(t, &v);
    arena_close(&a);
}

static void evented(struct lane_work *w, const struct err *failed)
{
    struct event *e = (struct event *)w;
    (void)failed;
    struct loop_plugin *lp = e->is_taken && !e->loops->stopped ? loop_plugin_find(e->loops, e->plugin) : NULL;
    struct loop_timer_item *t = lp ? loop_table_find(&lp->timers, e->timer) : NULL;
    if (t) fire(t, e);
    mem_free(e);
}

static void on_changed(const struct watch_event *change)
{
    struct loops *loops = change->ctx;
    size_t n = strlen(change->name);
    struct event *e = mem_alloc(sizeof(*e) + n + 1);
    *e = (struct event){.work = {.run = on_event, .done = evented},
                        .loops = loops,
                        .plugin = change->key[0],
                        .timer = change->key[1],
                        .is_rename = change->is_rename};
    memcpy(e->name, change->name, n + 1);
    lane_post(loops->host->lane, &e->work);
}

int loop_watch_start(struct loop_timer_item *t, struct err *err)
{
    struct loops *loops = t->lp->loops;
    int rc = loops->watches ? 0 : watches_new(on_changed, loops, &loops->watches, err);
    if (rc) return rc;
    const int64_t key[2] = {t->lp->id, t->item.id};
    t->watch = watch_add(loops->watches, t->path, key);
    return 0;
}
