/* A plugin's folder as a pack's list of files. Links, devices and names that another system would read otherwise are
 * refused by name, so that what is installed is what its author saw. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/pack.h"

struct walk {
    struct arena *a;
    struct pack *out;
    size_t cap, bytes;
    struct err *err;
};

static int fail_file(struct walk *w, const char *path)
{
    return err_set(w->err, ERR_IO, "plugin.file", "file", path, "detail", strerror(errno), NULL);
}

static int too_large(struct walk *w)
{
    return err_set(w->err, ERR_LIMIT, "plugin.too_large", "plugin", w->out->name, NULL);
}

/* The whole of an open file, into the arena. */
static int read_all(struct walk *w, int fd, size_t size, const char *path, struct plugin_file *f)
{
    char *text = arena_alloc(w->a, size + 1);
    size_t got = 0;
    if (!text) return err_set(w->err, ERR_NOMEM, "memory", NULL);
    while (got < size) {
        ssize_t n = read(fd, text + got, size - got);
        if (n <= 0) return fail_file(w, path);
        got += (size_t)n;
    }
    *f = (struct plugin_file){.path = arena_strdup(w->a, path), .text = text, .len = size};
    return f->path ? 0 : err_set(w->err, ERR_NOMEM, "memory", NULL);
}

static int add_file(struct walk *w, int fd, size_t size, const char *path)
{
    struct pack *p = w->out;
    if (p->nfiles == PLUGIN_FILES_MAX || size > PLUGIN_BYTES_MAX - w->bytes) return too_large(w);
    if (p->nfiles == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 16;
        struct plugin_file *grown = arena_alloc(w->a, cap * sizeof(*grown));
        if (!grown) return err_set(w->err, ERR_NOMEM, "memory", NULL);
        if (p->nfiles) memcpy(grown, p->files, p->nfiles * sizeof(*grown));
        p->files = grown;
        w->cap = cap;
    }
    w->bytes += size;
    int rc = read_all(w, fd, size, path, &p->files[p->nfiles]);
    if (rc == 0) p->nfiles++;
    return rc;
}

static int walk_folder(struct walk *w, int fd, const char *prefix);

static int take_entry(struct walk *w, int dir, const char *name, const char *prefix)
{
    char path[PACK_PATH_MAX + 2];
    struct stat st;
    int n = snprintf(path, sizeof(path), "%s%s", prefix, name), rc;
    if (n > PACK_PATH_MAX || !pack_is_path(path)) return err_set(w->err, ERR_INVALID, "pack.path", "file", path, NULL);
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP) return err_set(w->err, ERR_INVALID, "pack.link", "file", path, NULL);
    if (fd < 0 || fstat(fd, &st) != 0) {
        rc = fail_file(w, path);
    } else if (S_ISDIR(st.st_mode)) {
        path[n] = '/';
        path[n + 1] = '\0';
        return walk_folder(w, fd, path);
    } else if (!S_ISREG(st.st_mode)) {
        rc = err_set(w->err, ERR_INVALID, "pack.link", "file", path, NULL);
    } else {
        rc = add_file(w, fd, (size_t)st.st_size, path);
    }
    if (fd >= 0) close(fd);
    return rc;
}

/* Takes the descriptor over. */
static int walk_folder(struct walk *w, int fd, const char *prefix)
{
    int rc = 0;
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return fail_file(w, prefix);
    }
    for (struct dirent *e; rc == 0 && (e = readdir(d));)
        if (e->d_name[0] != '.') rc = take_entry(w, dirfd(d), e->d_name, prefix);
    closedir(d);
    return rc;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct plugin_file *)a)->path, ((const struct plugin_file *)b)->path);
}

/* Name and version as the host understands them. */
static int take_manifest(struct walk *w, const char *dir)
{
    int rc = 0;
    struct plugin *p = plugin_read_dir(dir, NULL, NULL);
    w->out->name = arena_strdup(w->a, p->name);
    w->out->version = arena_strdup(w->a, p->version);
    if (!w->out->name || !w->out->version) {
        rc = err_set(w->err, ERR_NOMEM, "memory", NULL);
    } else if (!p->needs) { /* not even the manifest is in order; settings that are missing are another matter */
        *w->err = *p->why;
        rc = p->why->code;
    }
    plugin_drop(p);
    return rc;
}

int pack_read_dir(const char *dir, struct arena *a, struct pack *out, struct err *err)
{
    struct walk w = {.a = a, .out = out, .err = err};
    *out = (struct pack){0};
    int rc = take_manifest(&w, dir);
    if (rc) return rc;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail_file(&w, dir);
    rc = walk_folder(&w, fd, "");
    if (out->nfiles) qsort(out->files, out->nfiles, sizeof(*out->files), by_path);
    return rc;
}
