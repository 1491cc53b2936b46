/* Watched folders, and the one timer that gathers changes.
 *
 * Folders are watched one by one (the system knows no trees), so whenever a name comes or goes the trees are walked
 * again for folders that are new. */
#include "cli/dev.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/log.h"
#include "runtime/watch.h"

enum { PATH_LEN = 600, NAME_LEN = 64, FOLDERS_MAX = 4000, DEPTH_MAX = 7, GATHER_MS = 60 };

struct folder {
    char *path;
    char plugin[NAME_LEN]; /* "" : plugins stand in it, or the settings */
    int64_t watch;
    bool is_settings, is_seen;
};

struct dev {
    struct dev_options o;
    struct watches *watches;
    struct loop_timer *timer;
    struct folder *folders;
    size_t n;
    char plugin[NAME_LEN]; /* what changed; "" with `several`: more than one */
    bool several, moved;
};

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void see(struct dev *d, const char *path, const char *plugin, bool is_settings)
{
    size_t at = d->n;
    for (size_t i = 0; i < d->n; i++) {
        struct folder *f = &d->folders[i];
        if (!f->path)
            at = i; /* free */
        else if (strcmp(f->path, path) == 0 && f->is_settings == is_settings) {
            f->is_seen = true;
            return;
        }
    }
    if (at == FOLDERS_MAX) return;
    if (at == d->n) d->n++;
    struct folder *f = &d->folders[at];
    *f = (struct folder){.path = mem_strdup(path), .is_settings = is_settings, .is_seen = true};
    snprintf(f->plugin, sizeof(f->plugin), "%s", plugin);
    f->watch = watch_add(d->watches, path, (const int64_t[]){(int64_t)at, is_settings});
}

static void walk(struct dev *d, const char *path, const char *plugin, int depth)
{
    DIR *dir = opendir(path);
    if (!dir) return;
    see(d, path, plugin, false);
    for (struct dirent *e; (e = readdir(dir));) {
        char below[PATH_LEN];
        struct stat st;
        int n = snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
        if (e->d_name[0] == '.' || n >= (int)sizeof(below) || lstat(below, &st) != 0 || !S_ISDIR(st.st_mode)) continue;
        /* A folder of plugins holds plugins; what is in those is theirs. */
        if (depth < DEPTH_MAX) walk(d, below, *plugin ? plugin : e->d_name, depth + 1);
    }
    closedir(dir);
}

static void walk_all(struct dev *d)
{
    char path[PATH_LEN];
    for (size_t i = 0; i < d->n; i++)
        d->folders[i].is_seen = false;
    for (size_t i = 0; i < d->o.ndirs; i++) {
        snprintf(path, sizeof(path), "%s/plugin.lua", d->o.dirs[i]);
        walk(d, d->o.dirs[i], access(path, F_OK) == 0 ? last_name(d->o.dirs[i]) : "", 0);
    }
    if (*d->o.settings) {
        snprintf(path, sizeof(path), "%s", d->o.settings);
        char *slash = strrchr(path, '/');
        if (slash) *slash = '\0';
        see(d, slash ? path : ".", "", true);
    }
    for (size_t i = 0; i < d->n; i++) {
        struct folder *f = &d->folders[i];
        if (f->is_seen || !f->path) continue;
        watch_remove(d->watches, f->watch);
        mem_free(f->path);
        f->path = NULL;
    }
}

static void reload(void *arg)
{
    struct dev *d = arg;
    if (d->moved) walk_all(d);
    app_reload(d->o.app, d->several ? NULL : d->plugin, NULL, NULL);
    d->several = d->moved = false;
    d->plugin[0] = '\0';
}

struct change {
    struct mail mail;
    struct dev *dev;
    int64_t folder;
    bool is_rename;
};

static void on_change(struct mail *m)
{
    struct change *c = (struct change *)m;
    struct dev *d = c->dev;
    const char *plugin = d->folders[c->folder].plugin;
    d->several |= !*plugin || (d->plugin[0] && strcmp(d->plugin, plugin) != 0);
    d->moved |= c->is_rename;
    snprintf(d->plugin, sizeof(d->plugin), "%s", plugin);
    loop_timer_set(d->timer, GATHER_MS);
    mem_free(c);
}

/* On the watching thread. Editors' own files are of no interest. */
static void on_event(const struct watch_event *e)
{
    struct dev *d = e->ctx;
    size_t len = strlen(e->name);
    if (len && (e->name[0] == '.' || e->name[len - 1] == '~')) return;
    if (e->key[1] && strcmp(e->name, last_name(d->o.settings)) != 0) return;
    struct change *c = mem_alloc(sizeof(*c));
    *c = (struct change){.mail = {.deliver = on_change}, .dev = d, .folder = e->key[0], .is_rename = e->is_rename};
    if (!loop_post(d->o.io, &c->mail)) mem_free(c);
}

int dev_start(const struct dev_options *o, struct dev **out, struct err *err)
{
    struct dev *d = mem_alloc(sizeof(*d));
    d->o = *o;
    d->folders = mem_alloc(FOLDERS_MAX * sizeof(*d->folders));
    int rc = watches_new(on_event, d, &d->watches, err);
    if (rc == 0) rc = loop_timer_new(o->io, reload, d, &d->timer);
    if (rc) {
        dev_stop(d);
        return rc;
    }
    walk_all(d);
    log_info("service.watching", NULL);
    *out = d;
    return 0;
}

void dev_stop(struct dev *d)
{
    if (!d) return;
    watches_free(d->watches);
    loop_timer_free(d->timer);
    for (size_t i = 0; i < d->n; i++)
        mem_free(d->folders[i].path);
    mem_free(d->folders);
    mem_free(d);
}
