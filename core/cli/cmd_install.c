/* khung plugin install: a pack from outside becomes a plugin of this office, or nothing changes.
 *
 * In this order: size, signature, form, trust, version, a trial load beside the others in an empty host, exchange,
 * reload by the running service. Rights that the new version wants more are granted by the admin afterwards, as for
 * any other new code. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/check.h"
#include "cli/cli.h"
#include "cli/spec.h"
#include "plugin/pack_place.h"
#include "plugin/plugin_order.h"
#include "plugin/trust.h"
#include "runtime/log.h"

enum { PATH_LEN = 600, DIRS_MAX = 64 };

struct install {
    struct cli *c;
    char *bytes;
    size_t len;
    struct pack new, old; /* old.name NULL: none is there */
    char dir[PATH_LEN];   /* the folder of plugins */
    struct pack_place *place;
    struct err err;
};

/* The file's size is looked at before a byte of it is read. */
static int read_pack(struct install *in, const char *path)
{
    struct stat st;
    int rc = 0, fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        rc = err_set(&in->err, ERR_IO, "cli.file", "file", path, "detail", strerror(errno), NULL);
    else if (!S_ISREG(st.st_mode))
        rc = err_set(&in->err, ERR_INVALID, "pack.none", NULL);
    else if (st.st_size > PACK_BYTES_MAX)
        rc = err_set(&in->err, ERR_LIMIT, "pack.too_large", NULL);
    for (in->bytes = rc ? NULL : mem_alloc((size_t)st.st_size + 1); rc == 0 && in->len < (size_t)st.st_size;) {
        ssize_t n = read(fd, in->bytes + in->len, (size_t)st.st_size - in->len);
        if (n <= 0) break;
        in->len += (size_t)n;
    }
    if (fd >= 0) close(fd);
    return rc ? rc : pack_parse(in->bytes, in->len, &in->c->arena, &in->new, &in->err);
}

static bool has_plugin(const char *dir, const char *name)
{
    char path[PATH_LEN + 80];
    snprintf(path, sizeof(path), "%s/%s/plugin.lua", dir, name);
    return access(path, F_OK) == 0;
}

/* The n-th folder of --plugins; one that is itself a plugin stands for the folder above. */
static bool nth_dir(const struct cli *c, int n, char out[PATH_LEN])
{
    const char *p = c->plugins + strspn(c->plugins, ":");
    for (; n > 0 && *p; n--) {
        p += strcspn(p, ":");
        p += strspn(p, ":");
    }
    size_t len = strcspn(p, ":");
    if (len == 0 || len >= PATH_LEN - 4) return false;
    snprintf(out, PATH_LEN, "%.*s", (int)len, p);
    if (has_plugin(out, ".")) strncat(out, "/..", 4);
    return true;
}

/* Where the plugin is now, or else the first folder. */
static int find_dir(struct install *in)
{
    char dir[PATH_LEN];
    if (!nth_dir(in->c, 0, in->dir)) return err_set(&in->err, ERR_INVALID, "pack.no_dir", "dir", in->c->plugins, NULL);
    for (int i = 0; nth_dir(in->c, i, dir); i++) {
        if (!has_plugin(dir, in->new.name)) continue;
        char path[PATH_LEN + PACK_NAME_MAX + 2];
        struct err ignored = {0};
        snprintf(in->dir, sizeof(in->dir), "%s", dir);
        snprintf(path, sizeof(path), "%s/%s", dir, in->new.name);
        /* One that cannot be read is replaced whatever its version. */
        if (pack_read_dir(path, &in->c->arena, &in->old, &ignored) != 0 && !in->old.name)
            in->old = (struct pack){.name = in->new.name, .version = "0"};
        return 0;
    }
    return 0;
}

static int check_trust(struct install *in)
{
    int rc = trust_has(in->c->data, in->new.key, &in->err);
    if (rc < 0) return rc;
    return rc ? 0 : err_set(&in->err, ERR_DENIED, "pack.untrusted", "key", in->new.key, "plugin", in->new.name, NULL);
}

static int check_version(struct install *in)
{
    bool back = in->old.name && plugin_version_compare(in->new.version, in->old.version) < 0;
    if (!back || cli_flag(in->c, "force")) return 0;
    return err_set(&in->err, ERR_REFUSED, "pack.downgrade", "plugin", in->new.name, "old", in->old.version, "new",
                   in->new.version, NULL);
}

/* The folders of all that the plugin requires, and what those require. */
static size_t add_required(struct install *in, const char *dirs[DIRS_MAX], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct plugin *p = plugin_read_dir(dirs[i], NULL, NULL);
        for (const char **r = p->requires; r && *r && n < DIRS_MAX; r++) {
            char dir[PATH_LEN];
            bool known = strcmp(*r, in->new.name) == 0;
            for (size_t k = 0; k < n; k++)
                known |= strcmp(strrchr(dirs[k], '/') + 1, *r) == 0;
            for (int k = 0; !known && nth_dir(in->c, k, dir); k++)
                if (has_plugin(dir, *r) && (dirs[n] = arena_printf(&in->c->arena, "%s/%s", dir, *r))) known = ++n > 0;
        }
        plugin_drop(p);
    }
    return n;
}

/* Name and version are those on the pack, and it loads. */
static int check_loaded(struct install *in, struct registry *r)
{
    struct plugin *p = r ? registry_plugin(r, in->new.name) : NULL;
    if (!p) return err_set(&in->err, ERR_INVALID, "pack.other_name", "plugin", in->new.name, NULL);
    if (!p->ok) {
        in->err = *p->why;
        return p->why->code;
    }
    if (strcmp(p->version, in->new.version) == 0) return 0;
    return err_set(&in->err, ERR_INVALID, "pack.other_version", "version", p->version, "new", in->new.version, NULL);
}

static int try_load(struct install *in)
{
    const char *dirs[DIRS_MAX], *settings = cli_flag(in->c, "settings");
    dirs[0] = arena_printf(&in->c->arena, "%s/.install/%s", in->dir, in->new.name);
    if (!dirs[0]) return err_set(&in->err, ERR_NOMEM, "memory", NULL);
    log_init(LOG_ERROR + 1, false);
    struct spec s = {.options = {.plugin_dirs = dirs,
                                 .nplugin_dirs = add_required(in, dirs, 1),
                                 .lang = in->c->lang,
                                 .zone = "Asia/Ho_Chi_Minh",
                                 .settings = settings}};
    int rc = spec_open(&s, &in->err);
    if (rc) return rc;
    struct registry *r = plugins_registry(s.app.host.plugins);
    rc = check_loaded(in, r);
    registry_drop(r);
    spec_close(&s);
    return rc;
}

/* What is in `a` and not in `b`. */
static struct val without(struct arena *arena, const char **a, const char **b)
{
    struct val list = val_list();
    for (; a && *a; a++) {
        bool found = false;
        for (const char **k = b; k && *k; k++)
            found |= strcmp(*a, *k) == 0;
        char *copy = found ? NULL : arena_strdup(arena, *a);
        if (copy) val_add(arena, &list, val_str(copy));
    }
    return list;
}

static void show_needs(struct install *in, struct val *out)
{
    struct arena *a = &in->c->arena;
    struct plugin *new = plugin_from_files(in->new.name, in->new.files, in->new.nfiles, NULL);
    struct plugin *old = plugin_from_files(in->new.name, in->old.files, in->old.nfiles, NULL);
    val_set(a, out, "needs_added", without(a, new->needs, old->needs));
    val_set(a, out, "needs_removed", without(a, old->needs, new->needs));
    plugin_drop(new);
    plugin_drop(old);
}

/* Both lists are in the order of their paths. */
static void show_files(struct install *in, struct val *out)
{
    struct arena *arena = &in->c->arena;
    struct val added = val_list(), changed = val_list(), removed = val_list();
    const struct plugin_file *a = in->old.files, *b = in->new.files;
    size_t na = in->old.nfiles, nb = in->new.nfiles;
    while (na || nb) {
        int order = !na ? 1 : !nb ? -1 : strcmp(a->path, b->path);
        if (order < 0) {
            val_add(arena, &removed, val_str(a->path));
        } else if (order > 0) {
            val_add(arena, &added, val_str(b->path));
        } else if (a->len != b->len || memcmp(a->text, b->text, a->len) != 0) {
            val_add(arena, &changed, val_str(b->path));
        }
        if (order <= 0) a++, na--;
        if (order >= 0) b++, nb--;
    }
    val_set(arena, out, "files_added", added);
    val_set(arena, out, "files_changed", changed);
    val_set(arena, out, "files_removed", removed);
}

static void ignore(void *ctx, const struct check_finding *f)
{
    (void)ctx;
    (void)f; /* which ones and where they differ: khung flow upgrade --dry-run, once it is there */
}

/* What becomes of the runs that are open. */
static int show_runs(struct install *in, struct val *out)
{
    struct arena *a = &in->c->arena;
    struct check_runs runs;
    struct plugin *new = plugin_from_files(in->new.name, in->new.files, in->new.nfiles, NULL);
    int rc = check_runs(in->c, new, ignore, NULL, &runs, &in->err);
    if (rc == 0) rc = val_set(a, out, "runs_moving", val_int(runs.moves));
    if (rc == 0) rc = val_set(a, out, "runs_keeping", val_int(runs.others));
    plugin_drop(new);
    return rc;
}

/* The service takes the new version, or says why not. */
static int reload(struct install *in, struct val *out)
{
    struct val none = val_list(), list;
    struct cli *c = in->c;
    if (!cli_has_service(c)) return val_set(&c->arena, out, "service", val_str("not running"));
    int rc = cli_call(c, "plugin.reload", &none, NULL, &list, &in->err);
    if (rc == 0) rc = cli_list(c, "plugin.list", &list, &in->err);
    if (rc) return rc;
    for (size_t i = 0; val_at(&list, i); i++) {
        const struct val *p = val_at(&list, i);
        if (!val_is_str(val_get(p, "name"), in->new.name) || !val_is_str(val_get(p, "version"), in->new.version))
            continue;
        const struct val *why = val_get(p, "why");
        if (why) val_set(&c->arena, out, "why", *why);
        return val_set(&c->arena, out, "service", *val_get(p, "state"));
    }
    return err_set(&in->err, ERR_CONFLICT, "pack.other_dir", "plugin", in->new.name, "dir", in->dir, NULL);
}

static int run(struct install *in, struct val *out)
{
    struct arena *a = &in->c->arena;
    bool dry = cli_flag(in->c, "dry-run") != NULL;
    int rc = read_pack(in, in->c->words[2]);
    if (rc == 0) rc = check_trust(in);
    if (rc == 0) rc = find_dir(in);
    if (rc == 0) rc = check_version(in);
    if (rc == 0) rc = pack_place_open(in->dir, &in->place, &in->err);
    if (rc == 0) rc = pack_place_write(in->place, &in->new, &in->err);
    if (rc == 0) rc = try_load(in);
    if (rc) return rc;
    val_set(a, out, "name", val_str(in->new.name));
    val_set(a, out, "old", in->old.name ? val_str(in->old.version) : val_nil());
    val_set(a, out, "new", val_str(in->new.version));
    show_needs(in, out);
    show_files(in, out);
    val_set(a, out, "installed", val_bool(!dry));
    if (dry) return show_runs(in, out);
    rc = pack_place_swap(in->place, in->new.name, &in->err);
    return rc ? rc : reload(in, out);
}

int cli_install(struct cli *c)
{
    struct install in = {.c = c};
    struct val out = val_map();
    if (c->nwords != 3) return CLI_USAGE;
    int rc = run(&in, &out);
    pack_place_close(in.place);
    if (rc == 0) cli_print(c, &out, NULL);
    mem_free(in.bytes);
    if (rc) return cli_fail(c, &in.err);
    return val_is_str(val_get(&out, "service"), "failed") ? CLI_FAILED : CLI_DONE;
}
