/* Reading a plugin: its files, then its manifest (data only), its texts.
 *
 * Mistakes are kept in the plugin with file, line and remedy; they never stop the others. */
#include "plugin/plugin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/field.h"
#include "base/mem.h"
#include "plugin/template.h"
#include "vm/vm.h"

enum {
    PLUGIN_ARENA_MAX = 64 << 20,
    PLUGIN_ARENA_FIRST = 4096,
    PATH_MAX_HERE = 512,
    DEPTH_MAX_HERE = 6,
    LOCALES_MAX = 16
};

struct reading {
    struct plugin *p;
    size_t cap, bytes;
    struct err *err;
};

static struct plugin *new_plugin(const char *name)
{
    struct plugin *p = mem_alloc(sizeof(*p));
    arena_init(&p->arena, PLUGIN_ARENA_MAX);
    arena_reserve(&p->arena, PLUGIN_ARENA_FIRST);
    p->name = arena_strdup(&p->arena, name);
    p->version = "";
    p->dir = "";
    p->texts = val_map();
    p->config = p->settings = val_map();
    p->refs = 1;
    p->ok = true;
    return p;
}

static int add_file(struct reading *r, const char *path, const char *text, size_t len)
{
    struct plugin *p = r->p;
    r->bytes += len;
    if (p->nfiles == PLUGIN_FILES_MAX || r->bytes > PLUGIN_BYTES_MAX)
        return err_set(r->err, ERR_LIMIT, "plugin.too_large", "plugin", p->name, NULL);
    if (p->nfiles == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 16;
        struct plugin_file *grown = arena_alloc(&p->arena, cap * sizeof(*grown));
        if (!grown) return err_set(r->err, ERR_NOMEM, "memory", NULL);
        if (p->nfiles) memcpy(grown, p->files, p->nfiles * sizeof(*grown));
        p->files = grown;
        r->cap = cap;
    }
    struct plugin_file *f = &p->files[p->nfiles];
    f->path = arena_strdup(&p->arena, path);
    f->text = arena_strndup(&p->arena, text, len);
    f->len = len;
    if (!f->path || !f->text) return err_set(r->err, ERR_NOMEM, "memory", NULL);
    p->nfiles++;
    return 0;
}

static int read_file(struct reading *r, const char *full, const char *path)
{
    int rc = 0;
    struct stat st;
    char *text = NULL;
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        rc = err_set(r->err, ERR_IO, "plugin.file", "file", full, "detail", strerror(errno), NULL);
        goto out;
    }
    if (st.st_size > PLUGIN_BYTES_MAX) {
        rc = err_set(r->err, ERR_LIMIT, "plugin.too_large", "plugin", r->p->name, NULL);
        goto out;
    }
    text = mem_alloc((size_t)st.st_size + 1);
    ssize_t got = read(fd, text, (size_t)st.st_size);
    if (got < 0) {
        rc = err_set(r->err, ERR_IO, "plugin.file", "file", full, "detail", strerror(errno), NULL);
        goto out;
    }
    rc = add_file(r, path, text, (size_t)got);
out:
    if (fd >= 0) close(fd);
    mem_free(text);
    return rc;
}

static bool is_wanted(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcmp(dot, ".lua") == 0 || strcmp(dot, ".html") == 0 || strcmp(dot, ".txt") == 0);
}

static int read_folder(struct reading *r, const char *dir, const char *prefix, int depth)
{
    int rc = 0;
    DIR *d = opendir(dir);
    if (!d) return err_set(r->err, ERR_IO, "plugin.file", "file", dir, "detail", strerror(errno), NULL);
    for (struct dirent *e; rc == 0 && (e = readdir(d));) {
        char full[PATH_MAX_HERE], path[PATH_MAX_HERE];
        struct stat st;
        if (e->d_name[0] == '.') continue;
        int n = snprintf(full, sizeof(full), "%s/%s", dir, e->d_name);
        int m = snprintf(path, sizeof(path), "%s%s", prefix, e->d_name);
        if (n >= (int)sizeof(full) || m >= (int)sizeof(path) - 1 || lstat(full, &st) != 0) continue;
        if (S_ISDIR(st.st_mode) && strcmp(e->d_name, "spec") != 0 && depth < DEPTH_MAX_HERE) {
            path[m] = '/';
            path[m + 1] = '\0';
            rc = read_folder(r, full, path, depth + 1);
        } else if (S_ISREG(st.st_mode) && is_wanted(e->d_name)) {
            rc = read_file(r, full, path);
        }
    }
    closedir(d);
    return rc;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct plugin_file *)a)->path, ((const struct plugin_file *)b)->path);
}

/* A list of strings as an array closed by NULL; of a map, its keys. */
static int string_array(struct arena *a, const struct val *v, const char ***out, struct err *err)
{
    size_t n = val_is(v, VAL_LIST) ? v->as.list.n : val_is(v, VAL_MAP) ? v->as.map.n : 0, used = 0;
    *out = arena_alloc(a, (n + 1) * sizeof(**out));
    for (size_t i = 0; *out && i < n; i++) {
        const char *key = v->type == VAL_MAP ? v->as.map.pairs[i].key : "";
        const struct val name = v->type == VAL_MAP ? val_str(key) : v->as.list.items[i];
        if (name.type != VAL_STR || strlen(name.as.str.s) != name.as.str.len) continue;
        (*out)[used] = arena_strdup(a, name.as.str.s);
        if (!(*out)[used++]) *out = NULL;
    }
    return *out ? 0 : err_set(err, ERR_NOMEM, "memory", NULL);
}

static int take_config(struct plugin *p, const struct val *decl, const struct val *settings, struct err *err)
{
    struct field_list fields;
    struct val none = val_map(), set, own = val_map();
    if (!val_is(decl, VAL_MAP)) decl = &none;
    if (!val_is(settings, VAL_MAP)) settings = &none;
    if (val_copy(&p->arena, settings, &set) != 0) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    p->settings = set;
    for (size_t i = 0; i < set.as.map.n; i++) {
        const struct val_pair *pair = &set.as.map.pairs[i];
        /* The host's: plugin_limit.c, content/content_api_read.c. */
        if (strcmp(pair->key, "limits") == 0 || strcmp(pair->key, "separation") == 0) continue;
        if (val_set(&p->arena, &own, pair->key, pair->v) != 0) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    int rc = field_parse_list(&p->arena, decl, &fields, err);
    return rc ? rc : field_check_map(&fields, &own, false, NULL, &p->arena, &p->config, err);
}

/* Its events begin with its name and a dot, its tables with its name and two underscores. So it must not have the name
 * of a part of the host, whose events it could tell, nor one that runs into another's. */
static bool is_good_name(const char *name)
{
    static const char *const taken[] = {"content", "flow", "run",      "task",   "people", "storage",
                                        "report",  "loop", "schedule", "plugin", "host",   "khung"};
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (n == 0 || n > PLUGIN_NAME_MAX || name[n] || name[0] < 'a' || name[n - 1] == '_' || strstr(name, "__"))
        return false;
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (strcmp(name, taken[i]) == 0) return false;
    return true;
}

static int take_manifest(struct plugin *p, const struct val *settings, struct err *err)
{
    const struct plugin_file *f = plugin_file_find(p, "plugin.lua");
    char chunk[160];
    snprintf(chunk, sizeof(chunk), "%s/plugin.lua", p->name);
    if (!is_good_name(p->name)) return err_set(err, ERR_INVALID, "plugin.name_form", "plugin", p->name, NULL);
    if (!f) return err_set(err, ERR_NOT_FOUND, "plugin.no_manifest", "plugin", p->name, "dir", p->dir, NULL);
    int rc = vm_read_data(chunk, f->text, f->len, &p->arena, &p->manifest, err);
    if (rc) return rc;
    err_set_where(err, chunk, 1);
    const struct val *m = &p->manifest;
    const char *name = val_cstr(&p->arena, val_get(m, "name"));
    if (m->type != VAL_MAP || !name || strcmp(name, p->name) != 0) {
        rc = err_set(err, ERR_INVALID, "plugin.name", "plugin", p->name, "name", name, NULL);
        goto out;
    }
    const char *version = val_cstr(&p->arena, val_get(m, "version"));
    p->version = version ? version : "0";
    int64_t level = val_get_int(m, "api", 0);
    if (level < 1 || level > PLUGIN_API_LEVEL) {
        struct err_num n, most;
        rc = err_set(err, ERR_INVALID, "plugin.api", "plugin", p->name, "api", err_i64(&n, level), "most",
                     err_i64(&most, PLUGIN_API_LEVEL), NULL);
        goto out;
    }
    rc = string_array(&p->arena, val_get(m, "needs"), &p->needs, err);
    if (rc == 0) rc = string_array(&p->arena, val_get(m, "requires"), &p->requires, err);
    if (rc == 0) rc = plugin_limits_read(p, settings, err);
    if (rc == 0) rc = take_config(p, val_get(m, "config"), settings, err);
out:
    if (rc) err_set_where(err, chunk, 1);
    return rc;
}

/* locale/LANG.lua: return { key = text }. */
static int take_texts(struct plugin *p, struct err *err)
{
    int read = 0;
    for (size_t i = 0; i < p->nfiles; i++) {
        const struct plugin_file *f = &p->files[i];
        char chunk[160], lang[16];
        struct val texts;
        if (strncmp(f->path, "locale/", 7) != 0) continue;
        if (++read > LOCALES_MAX) return err_set(err, ERR_LIMIT, "plugin.too_large", "plugin", p->name, NULL);
        size_t n = strcspn(f->path + 7, ".");
        if (n == 0 || n >= sizeof(lang)) continue;
        memcpy(lang, f->path + 7, n);
        lang[n] = '\0';
        snprintf(chunk, sizeof(chunk), "%s/%s", p->name, f->path);
        int rc = vm_read_data(chunk, f->text, f->len, &p->arena, &texts, err);
        if (rc) return rc;
        const char *key = arena_strdup(&p->arena, lang);
        if (!key || val_set(&p->arena, &p->texts, key, texts) != 0) return err_set(err, ERR_NOMEM, "memory", NULL);
    }
    return 0;
}

static void sort_files(struct plugin *p)
{
    if (p->nfiles) qsort(p->files, p->nfiles, sizeof(*p->files), by_path);
}

static bool is_same(const struct plugin *p, const struct val *settings, const struct plugin *known)
{
    struct val none = val_map();
    bool same = p->nfiles == known->nfiles && strcmp(p->dir, known->dir) == 0 &&
                val_equal(val_is(settings, VAL_MAP) ? settings : &none, &known->settings);
    for (size_t i = 0; same && i < p->nfiles; i++) {
        const struct plugin_file *a = &p->files[i], *b = &known->files[i];
        same = strcmp(a->path, b->path) == 0 && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
    }
    return same;
}

static struct plugin *finish(struct plugin *p, const struct val *settings, int rc, struct err *err)
{
    if (rc == 0) rc = take_manifest(p, settings, err);
    if (rc == 0) rc = take_texts(p, err);
    if (rc == 0) rc = template_check_all(p, err);
    if (rc == 0 && !plugin_file_find(p, "init.lua"))
        rc = err_set(err, ERR_NOT_FOUND, "plugin.no_init", "plugin", p->name, NULL);
    if (rc) plugin_fail(p, err);
    return p;
}

struct plugin *plugin_read_dir(const char *dir, const struct val *settings, struct plugin *known)
{
    struct err err = {0};
    const char *slash = strrchr(dir, '/');
    struct plugin *p = new_plugin(slash ? slash + 1 : dir);
    struct reading r = {p, 0, 0, &err};
    p->dir = arena_strdup(&p->arena, dir);
    int rc = read_folder(&r, dir, "", 0);
    sort_files(p);
    if (rc == 0 && known && is_same(p, settings, known)) {
        plugin_drop(p);
        return plugin_hold(known);
    }
    return finish(p, settings, rc, &err);
}

struct plugin *plugin_from_files(const char *name, const struct plugin_file *files, size_t n,
                                 const struct val *settings)
{
    struct err err = {0};
    struct plugin *p = new_plugin(name);
    struct reading r = {p, 0, 0, &err};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add_file(&r, files[i].path, files[i].text, files[i].len);
    sort_files(p);
    return finish(p, settings, rc, &err);
}
