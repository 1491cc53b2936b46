/* khung new: a working start for a plugin, a flow or a report, with spec and texts.
 *
 * Templates are carried text files (core/assets/new) with holes in them. Nothing that exists is overwritten; what
 * is added to a file of the plugin (its init.lua, manifest, texts) replaces it in one step. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/locale.h"
#include "cli/api_print.h"
#include "cli/asset.h"
#include "cli/cli.h"
#include "cli/spec.h"
#include "runtime/log.h"

enum { FILE_MAX = 1 << 20, NAME_LEN_MAX = 40 };

static const char usage[] = "khung new plugin NAME\n       khung new flow NAME --plugin PLUGIN\n"
                            "       khung new report NAME --plugin PLUGIN";

/* A line that goes into an existing file before `before` (or at its end when NULL), unless `present` is there. */
struct addition {
    const char *file, *line, *before, *present;
};

static bool name_ok(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return n > 0 && n <= NAME_LEN_MAX && !name[n] && islower((unsigned char)name[0]);
}

static int bad_name(const char *name, struct err *err)
{
    return err_set(err, ERR_INVALID, "new.name", "name", name, NULL);
}

static int io_failed(const char *path, struct err *err)
{
    return err_set(err, ERR_IO, errno == EEXIST ? "new.exists" : "cli.write", "file", path, "detail", strerror(errno),
                   NULL);
}

static int make_folder(const char *path, bool fresh, struct err *err)
{
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && !fresh)) return 0;
    return io_failed(path, err);
}

static int write_whole(const char *path, const char *text, size_t n, int flags, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    if (fd < 0) return io_failed(path, err);
    ssize_t done = write(fd, text, n);
    int rc = done == (ssize_t)n ? 0 : io_failed(path, err);
    if (close(fd) != 0 && rc == 0) rc = io_failed(path, err);
    return rc;
}

/* {{name}}, and {{:key}}: a sentence of the catalogue in the author's language. */
static void fill_hole(struct buf *b, const char *lang, const char *hole, size_t len, const char *name)
{
    char key[48];
    snprintf(key, sizeof(key), "new.text.%.*s", len ? (int)len - 1 : 0, hole + 1);
    if (hole[0] == ':')
        locale_format(b, lang, key, "name", name, NULL);
    else
        buf_add_str(b, name);
}

/* The template with its holes filled, as a new file. */
static int from_template(struct cli *c, const char *asset, const char *name, const char *path, struct err *err)
{
    const struct asset *t = asset_find(asset);
    struct buf b;
    buf_init(&b, FILE_MAX);
    for (const char *p = t ? t->text : ""; *p;) {
        const char *hole = strstr(p, "{{"), *end = hole ? strstr(hole, "}}") : NULL;
        buf_add(&b, p, end ? (size_t)(hole - p) : strlen(p));
        if (end) fill_hole(&b, c->lang, hole + 2, (size_t)(end - hole - 2), name);
        p = end ? end + 2 : "";
    }
    int rc = b.data ? write_whole(path, b.data, b.len, O_EXCL, err) : err_set(err, ERR_INTERNAL, "memory", NULL);
    buf_close(&b);
    if (rc == 0) printf("%s\n", path);
    return rc;
}

/* Beside the plugins, once: what luacheck, and editors that run it, must know. */
static int write_luacheckrc(struct cli *c, const char *folder, struct err *err)
{
    const char *path = arena_printf(&c->arena, "%s/.luacheckrc", folder);
    struct spec s = {.options = {.lang = c->lang, .zone = "Asia/Ho_Chi_Minh"}};
    if (!path || access(path, F_OK) == 0) return 0;
    log_init(LOG_ERROR + 1, false);
    int rc = spec_open(&s, err);
    if (rc) return rc;
    FILE *f = fopen(path, "we");
    if (f) api_print_luacheck(&s.app.host, f);
    rc = f && fclose(f) == 0 ? 0 : io_failed(path, err);
    spec_close(&s);
    if (rc == 0) printf("%s\n", path);
    return rc;
}

/* Where a line belongs: before the last `before` of the text, or at its end. */
static const char *place_of(const char *text, const char *before)
{
    const char *at = NULL;
    if (!before) return text + strlen(text);
    for (const char *p = text; (p = strstr(p, before)); p++)
        at = p;
    return at;
}

static int add_line(struct cli *c, const char *dir, const struct addition *a, struct err *err)
{
    const char *path = arena_printf(&c->arena, "%s/%s", dir, a->file), *text;
    const char *beside = arena_printf(&c->arena, "%s/%s.new", dir, a->file);
    size_t len;
    if (!path || !beside) return err_set(err, ERR_NOMEM, "memory", NULL);
    int rc = cli_read_file(c, path, &text, &len, err);
    if (rc || strstr(text, a->present)) return rc;
    const char *at = place_of(text, a->before);
    if (!at) return err_set(err, ERR_REFUSED, "new.by_hand", "file", path, "line", a->line, NULL);
    char *whole = arena_printf(&c->arena, "%.*s%s%s", (int)(at - text), text, a->line, at);
    if (!whole) return err_set(err, ERR_NOMEM, "memory", NULL);
    rc = write_whole(beside, whole, strlen(whole), O_TRUNC, err);
    if (rc == 0 && rename(beside, path) != 0) rc = io_failed(path, err);
    if (rc == 0) printf("%s\n", path);
    return rc;
}

/* A capability goes first into `needs = {…}`. */
static int add_need(struct cli *c, const char *dir, const char *need, struct err *err)
{
    const char *path = arena_printf(&c->arena, "%s/plugin.lua", dir), *text;
    const char *quoted = arena_printf(&c->arena, "\"%s\"", need), *at;
    size_t len;
    if (!path || !quoted) return err_set(err, ERR_NOMEM, "memory", NULL);
    int rc = cli_read_file(c, path, &text, &len, err);
    if (rc || ((at = strstr(text, "needs")) && strstr(at, quoted))) return rc;
    const char *brace = at ? strchr(at, '{') : NULL;
    if (!brace) return err_set(err, ERR_REFUSED, "new.by_hand", "file", path, "line", quoted, NULL);
    bool empty = brace[1 + strspn(brace + 1, " \n")] == '}';
    char *whole =
        arena_printf(&c->arena, "%.*s{ %s%s%s", (int)(brace - text), text, quoted, empty ? "" : ",", brace + 1);
    if (!whole) return err_set(err, ERR_NOMEM, "memory", NULL);
    rc = write_whole(path, whole, strlen(whole), O_TRUNC, err);
    if (rc == 0) printf("%s\n", path);
    return rc;
}

/* NAME.lua and its spec in a plugin's folder. */
static int new_part(struct cli *c, const char *dir, const char *kind, const char *name, struct err *err)
{
    const char *file = arena_printf(&c->arena, "%s/%s.lua", dir, name);
    const char *specs = arena_printf(&c->arena, "%s/spec", dir);
    const char *spec = arena_printf(&c->arena, "%s/spec/%s_spec.lua", dir, name);
    const char *from = arena_printf(&c->arena, "new/%s/%s.lua", kind, kind);
    const char *from_spec = arena_printf(&c->arena, "new/%s/spec.lua", kind);
    if (!file || !specs || !spec || !from || !from_spec) return err_set(err, ERR_NOMEM, "memory", NULL);
    if (access(spec, F_OK) == 0) {
        errno = EEXIST;
        return io_failed(spec, err);
    }
    int rc = from_template(c, from, name, file, err);
    if (rc == 0) rc = make_folder(specs, false, err);
    return rc ? rc : from_template(c, from_spec, name, spec, err);
}

static int new_plugin(struct cli *c, const char *name, struct err *err)
{
    const char *first = arena_strndup(&c->arena, c->plugins, strcspn(c->plugins, ":"));
    const char *dir = first ? arena_printf(&c->arena, "%s/%s", first, name) : NULL;
    static const char *const files[][2] = {{"new/plugin/plugin.lua", "plugin.lua"},
                                           {"new/plugin/init.lua", "init.lua"},
                                           {"new/plugin/locale_vi.lua", "locale/vi.lua"},
                                           {"new/plugin/locale_en.lua", "locale/en.lua"}};
    int rc = dir ? make_folder(first, false, err) : err_set(err, ERR_NOMEM, "memory", NULL);
    if (rc == 0) rc = make_folder(dir, true, err);
    if (rc == 0) rc = make_folder(arena_printf(&c->arena, "%s/locale", dir), true, err);
    for (size_t i = 0; rc == 0 && i < sizeof(files) / sizeof(files[0]); i++)
        rc = from_template(c, files[i][0], name, arena_printf(&c->arena, "%s/%s", dir, files[i][1]), err);
    if (rc == 0) rc = new_part(c, dir, "flow", "request", err);
    return rc ? rc : write_luacheckrc(c, first, err);
}

static int add_to_plugin(struct cli *c, const char *dir, const char *kind, const char *name, struct err *err)
{
    const char *slash = strrchr(dir, '/');
    const char *require = arena_printf(&c->arena, "require \"%s.%s\"", slash ? slash + 1 : dir, name);
    const char *line = arena_printf(&c->arena, "%s\n", require), *key = arena_printf(&c->arena, "[\"%s.ask\"]", name);
    const char *vi = arena_printf(&c->arena, "  %s = \"Đề nghị duyệt: {subject}\",\n", key);
    const char *en = arena_printf(&c->arena, "  %s = \"Please decide: {subject}\",\n", key);
    if (!line || !vi || !en) return err_set(err, ERR_NOMEM, "memory", NULL);
    bool report = strcmp(kind, "report") == 0;
    const struct addition texts[] = {{"locale/vi.lua", vi, "}", key}, {"locale/en.lua", en, "}", key}};
    const struct addition init = {"init.lua", line, NULL, require};
    int rc = add_need(c, dir, report ? "report" : "flow", err);
    if (rc == 0 && report) rc = add_need(c, dir, "people", err);
    for (size_t i = 0; rc == 0 && !report && i < 2; i++)
        rc = add_line(c, dir, &texts[i], err);
    return rc ? rc : add_line(c, dir, &init, err);
}

/* --plugin names a plugin of the plugin folders, or a folder. */
static const char *plugin_folder(struct cli *c, struct err *err)
{
    const char *given = cli_flag(c, "plugin");
    const char *first = arena_strndup(&c->arena, c->plugins, strcspn(c->plugins, ":"));
    if (!given || !first) return NULL;
    const char *dir = strchr(given, '/') ? given : arena_printf(&c->arena, "%s/%s", first, given);
    const char *manifest = dir ? arena_printf(&c->arena, "%s/plugin.lua", dir) : NULL;
    if (manifest && access(manifest, R_OK) == 0) return dir;
    err_set(err, ERR_NOT_FOUND, "new.no_plugin", "plugin", given, "file", manifest ? manifest : "", NULL);
    return NULL;
}

int cli_new(struct cli *c)
{
    struct err err = {0};
    const char *kind = c->nwords > 1 ? c->words[1] : "", *name = c->nwords > 2 ? c->words[2] : "";
    bool plugin = strcmp(kind, "plugin") == 0;
    if (c->nwords != 3 || (!plugin && strcmp(kind, "flow") != 0 && strcmp(kind, "report") != 0))
        return cli_usage(c, usage);
    if (!plugin && !cli_flag(c, "plugin")) return cli_usage(c, usage);
    int rc = name_ok(name) ? 0 : bad_name(name, &err);
    if (rc == 0 && plugin) rc = new_plugin(c, name, &err);
    if (rc == 0 && !plugin) {
        const char *dir = plugin_folder(c, &err);
        rc = dir ? new_part(c, dir, kind, name, &err) : err.code;
        if (rc == 0) rc = add_to_plugin(c, dir, kind, name, &err);
    }
    return rc ? cli_fail(c, &err) : CLI_DONE;
}
