/* Finding plugins and ordering them: a plugin comes after all that it requires.
 *
 * A missing, too old or circular requirement makes the plugin fail with the name of what it wants. */
#include "plugin/plugin_order.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { PATH_LEN = 512 };

struct finding {
    struct plugin **out;
    size_t n, max;
    const struct val *settings;
};

static bool is_plugin_dir(const char *dir)
{
    char path[PATH_LEN];
    int n = snprintf(path, sizeof(path), "%s/plugin.lua", dir);
    return n < (int)sizeof(path) && access(path, R_OK) == 0;
}

static void take(struct finding *f, const char *dir)
{
    const char *slash = strrchr(dir, '/');
    if (f->n < f->max) f->out[f->n++] = plugin_read_dir(dir, val_get(f->settings, slash ? slash + 1 : dir));
}

static void find_below(struct finding *f, const char *dir)
{
    if (is_plugin_dir(dir)) {
        take(f, dir);
        return;
    }
    DIR *d = opendir(dir);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        char path[PATH_LEN];
        int n = snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.' && n < (int)sizeof(path) && is_plugin_dir(path)) take(f, path);
    }
    closedir(d);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct plugin *const *)a)->name, (*(struct plugin *const *)b)->name);
}

static struct plugin *find(struct finding *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->out[i]->name, name) == 0) return f->out[i];
    return NULL;
}

int plugin_version_compare(const char *a, const char *b)
{
    while (*a || *b) {
        char *enda, *endb;
        long na = strtol(a, &enda, 10), nb = strtol(b, &endb, 10);
        if (na != nb) return na < nb ? -1 : 1;
        a = *enda == '.' ? enda + 1 : "";
        b = *endb == '.' ? endb + 1 : "";
    }
    return 0;
}

/* ">=1.0", "=1.2" or "1.0" (the same as >=). */
static bool satisfies(const char *version, const char *wanted)
{
    if (strncmp(wanted, ">=", 2) == 0) return plugin_version_compare(version, wanted + 2) >= 0;
    if (*wanted == '=') return plugin_version_compare(version, wanted + 1) == 0;
    return plugin_version_compare(version, wanted) >= 0;
}

static void resolve(struct finding *f, struct plugin *p)
{
    struct err err = {0};
    size_t n = 0;
    if (!p->requires) return;
    while (p->requires[n])
        n++;
    p->required = arena_alloc(&p->arena, (n + 1) * sizeof(struct plugin *));
    for (size_t i = 0; p->ok && i < n; i++) {
        struct plugin *r = find(f, p->requires[i]);
        const char *wanted = val_get_str(val_get(&p->manifest, "requires"), p->requires[i]);
        if (!r)
            err_set(&err, ERR_NOT_FOUND, "plugin.required_missing", "plugin", p->name, "required", p->requires[i],
                    NULL);
        else if (wanted && !satisfies(r->version, wanted))
            err_set(&err, ERR_REFUSED, "plugin.required_version", "plugin", p->name, "required", r->name, "wanted",
                    wanted, "found", r->version, NULL);
        else {
            p->required[p->nrequired++] = plugin_hold(r);
            continue;
        }
        plugin_fail(p, &err);
    }
}

/* Depth first; marks: order 0 unseen, -1 being visited, > 0 placed. */
static void place(struct plugin *p, struct plugin **sorted, size_t *n)
{
    struct err err = {0};
    if (p->order > 0) return;
    p->order = -1;
    for (size_t i = 0; i < p->nrequired; i++) {
        struct plugin *r = p->required[i];
        if (r->order != -1) {
            place(r, sorted, n);
            continue;
        }
        err_set(&err, ERR_INVALID, "plugin.required_cycle", "plugin", p->name, "required", r->name, NULL);
        plugin_fail(p, &err);
        /* Cut here, so that references do not form a circle either. */
        for (size_t k = i; k < p->nrequired; k++)
            plugin_drop(p->required[k]);
        p->nrequired = i;
    }
    plugin_seal(p);
    sorted[(*n)++] = p;
    p->order = (int)*n;
    p->share = (uint32_t)(*n < 1023 ? *n : 1023);
}

size_t plugin_order_read(const char *const *dirs, size_t ndirs, const struct val *settings, struct plugin **out,
                         size_t max)
{
    struct finding f = {out, 0, max, settings};
    size_t n = 0;
    for (size_t i = 0; i < ndirs; i++)
        find_below(&f, dirs[i]);
    qsort(f.out, f.n, sizeof(*f.out), by_name);
    for (size_t i = 1; i < f.n; i++) {
        struct err err = {0};
        if (strcmp(f.out[i]->name, f.out[i - 1]->name) != 0) continue;
        err_set(&err, ERR_CONFLICT, "plugin.two_folders", "plugin", f.out[i]->name, "first", f.out[i - 1]->dir,
                "second", f.out[i]->dir, NULL);
        plugin_fail(f.out[i], &err);
    }
    for (size_t i = 0; i < f.n; i++)
        resolve(&f, f.out[i]);
    struct plugin **sorted = mem_alloc((f.n + 1) * sizeof(struct plugin *));
    for (size_t i = 0; i < f.n; i++)
        place(f.out[i], sorted, &n);
    memcpy(out, sorted, n * sizeof(struct plugin *));
    mem_free(sorted);
    return n;
}
