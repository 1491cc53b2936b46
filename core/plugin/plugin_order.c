/* Finding plugins and ordering them: a plugin comes after all that it requires.
 *
 * Only names are looked at here: which version of a required plugin will serve is known when the set is built. */
#include "plugin/plugin_order.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { PATH_LEN = 512 };

struct reading {
    const struct plugin_finding *f;
    struct plugin_found *out;
    size_t n, max;
};

static bool is_plugin_dir(const char *dir)
{
    char path[PATH_LEN];
    int n = snprintf(path, sizeof(path), "%s/plugin.lua", dir);
    return n < (int)sizeof(path) && access(path, R_OK) == 0;
}

static void take(struct reading *r, const char *dir)
{
    const struct plugin_finding *f = r->f;
    const char *slash = strrchr(dir, '/'), *name = slash ? slash + 1 : dir;
    if (r->n == r->max || (f->offered && strcmp(f->offered->name, name) == 0)) return;
    bool other = f->only && strcmp(f->only, name) != 0;
    struct plugin *known = f->known ? f->known(f->ctx, name) : NULL,
                  *last = other && f->last ? f->last(f->ctx, dir) : NULL;
    struct plugin *p = last ? plugin_hold(last) : plugin_read_dir(dir, val_get(f->settings, name), known);
    r->out[r->n++] = (struct plugin_found){.source = p};
}

static void find_below(struct reading *r, const char *dir)
{
    if (is_plugin_dir(dir)) {
        take(r, dir);
        return;
    }
    DIR *d = opendir(dir);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        char path[PATH_LEN];
        int n = snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.' && n < (int)sizeof(path) && is_plugin_dir(path)) take(r, path);
    }
    closedir(d);
}

void plugin_found_fail(struct plugin_found *found, const struct err *why)
{
    if (!found->failed) found->failed = mem_alloc(sizeof(*found->failed));
    *found->failed = *why;
}

void plugin_found_close(struct plugin_found *found, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        plugin_drop(found[i].source);
        mem_free(found[i].failed);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct plugin_found *)a)->source->name, ((const struct plugin_found *)b)->source->name);
}

static void refuse_doubles(struct plugin_found *found, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const struct plugin *first = found[i - 1].source, *second = found[i].source;
        struct err err = {0};
        if (strcmp(first->name, second->name) != 0) continue;
        err_set(&err, ERR_CONFLICT, "plugin.two_folders", "plugin", second->name, "first", first->dir, "second",
                second->dir, NULL);
        plugin_found_fail(&found[i], &err);
    }
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

bool plugin_version_satisfies(const char *version, const char *wanted)
{
    if (strncmp(wanted, ">=", 2) == 0) return plugin_version_compare(version, wanted + 2) >= 0;
    if (*wanted == '=') return plugin_version_compare(version, wanted + 1) == 0;
    return plugin_version_compare(version, wanted) >= 0;
}

enum mark { UNSEEN, VISITING, PLACED };

struct sorting {
    struct plugin_found *in, *out;
    enum mark *marks;
    size_t n, nout;
};

/* Depth first. A requirement that leads back to one being visited makes the one that closes the circle fail. */
static void place(struct sorting *s, size_t at)
{
    struct plugin_found *found = &s->in[at];
    const char *const *wants = (const char *const *)found->source->requires;
    if (s->marks[at] == PLACED) return;
    s->marks[at] = VISITING;
    for (; wants && *wants; wants++) {
        size_t i = 0;
        struct err err = {0};
        while (i < s->n && strcmp(s->in[i].source->name, *wants) != 0)
            i++;
        if (i == s->n) continue;
        if (s->marks[i] != VISITING) {
            place(s, i);
            continue;
        }
        err_set(&err, ERR_INVALID, "plugin.required_cycle", "plugin", found->source->name, "required", *wants, NULL);
        plugin_found_fail(found, &err);
    }
    s->marks[at] = PLACED;
    s->out[s->nout++] = *found;
}

size_t plugin_order_read(const struct plugin_finding *f, struct plugin_found *out, size_t max)
{
    struct reading r = {f, out, 0, max};
    for (size_t i = 0; i < f->ndirs; i++)
        find_below(&r, f->dirs[i]);
    if (f->offered && r.n < max) out[r.n++] = (struct plugin_found){.source = plugin_hold(f->offered)};
    qsort(out, r.n, sizeof(*out), by_name);
    refuse_doubles(out, r.n);
    struct sorting s = {.in = mem_alloc((r.n + 1) * sizeof(*out)), .out = out, .n = r.n};
    s.marks = mem_alloc((r.n + 1) * sizeof(*s.marks));
    memcpy(s.in, out, r.n * sizeof(*out));
    for (size_t i = 0; i < r.n; i++)
        place(&s, i);
    mem_free(s.in);
    mem_free(s.marks);
    return r.n;
}
