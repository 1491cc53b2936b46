/* Sources by plugin: files and settings of one version, replaced as a whole when another one serves. */
#include "plugin/kept.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

/* 1: this version is the one that is kept. */
static int is_kept(struct store *db, const struct plugin *p, struct err *err)
{
    struct stmt *s = store_stmt(db, "select 1 from plugin_kept where plugin = ?1 and hash = ?2", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, p->name);
    stmt_bind_str(s, 2, p->hash);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

static int write_files(struct store *db, const struct plugin *p, struct err *err)
{
    struct stmt *s = store_stmt(db, "delete from plugin_kept_file where plugin = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, p->name);
    int rc = stmt_run(s, err);
    for (size_t i = 0; rc == 0 && i < p->nfiles; i++) {
        s = store_stmt(db, "insert into plugin_kept_file(plugin, path, text) values(?1, ?2, ?3)", err);
        if (!s) return err->code;
        stmt_bind_str(s, 1, p->name);
        stmt_bind_str(s, 2, p->files[i].path);
        stmt_bind_blob(s, 3, p->files[i].text, p->files[i].len);
        rc = stmt_run(s, err);
    }
    return rc;
}

int kept_write(struct store *db, const struct plugin *p, int64_t now, struct err *err)
{
    struct buf settings;
    int rc = is_kept(db, p, err);
    if (rc) return rc < 0 ? rc : 0;
    buf_init(&settings, PLUGIN_BYTES_MAX);
    json_write(&settings, &p->settings);
    struct stmt *s = store_stmt(db,
                                "insert into plugin_kept(plugin, hash, settings, at) values(?1, ?2, ?3, ?4)"
                                " on conflict(plugin) do update set hash = ?2, settings = ?3, at = ?4",
                                err);
    rc = !s ? err->code : buf_ok(&settings) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (rc == 0) {
        stmt_bind_str(s, 1, p->name);
        stmt_bind_str(s, 2, p->hash);
        stmt_bind_text(s, 3, settings.data, settings.len);
        stmt_bind_int(s, 4, now);
        rc = stmt_run(s, err);
    } else {
        stmt_done(s);
    }
    if (rc == 0) rc = write_files(db, p, err);
    buf_close(&settings);
    return rc;
}

static int read_settings(struct store *db, const char *plugin, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db, "select settings from plugin_kept where plugin = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, plugin);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        size_t len;
        const char *text = stmt_text(s, 0, &len);
        int parsed = json_parse(text, len, a, out, err);
        if (parsed) rc = parsed;
    }
    stmt_done(s);
    return rc;
}

static int read_files(struct store *db, const char *plugin, struct arena *a, struct plugin_file *files, size_t *n,
                      struct err *err)
{
    struct stmt *s = store_stmt(db, "select path, text from plugin_kept_file where plugin = ?1", err);
    int rc;
    if (!s) return err->code;
    stmt_bind_str(s, 1, plugin);
    for (*n = 0; (rc = stmt_step(s, err)) == 1 && *n < PLUGIN_FILES_MAX; (*n)++) {
        size_t len;
        const char *path = stmt_text(s, 0, &len);
        files[*n].path = arena_strndup(a, path, len);
        const void *text = stmt_blob(s, 1, &files[*n].len);
        files[*n].text = arena_strndup(a, text ? text : "", files[*n].len);
        if (files[*n].path && files[*n].text) continue;
        rc = err_set(err, ERR_NOMEM, "memory", NULL);
        break;
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

int kept_read(struct store *db, const char *plugin, struct plugin **out, struct err *err)
{
    struct plugin_file *files = mem_alloc(PLUGIN_FILES_MAX * sizeof(*files));
    struct val settings = val_map();
    struct arena a;
    size_t n = 0;
    arena_init(&a, 2 * (size_t)PLUGIN_BYTES_MAX);
    int rc = read_settings(db, plugin, &a, &settings, err);
    if (rc == 1) {
        rc = read_files(db, plugin, &a, files, &n, err);
        if (rc == 0) {
            *out = plugin_from_files(plugin, files, n, &settings);
            rc = 1;
        }
    }
    arena_close(&a);
    mem_free(files);
    return rc;
}
