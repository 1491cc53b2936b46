/* Versions of plugins that runs are pinned to: stored by hash with their source, loaded when a run needs one.
 *
 * The active version's state is the plugin set's own; an old one is built from the stored source and registers
 * nothing. A state lives as long as a hot run uses it, and a little longer. */
#include "flow/flow_internal.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "plugin/plugins.h"
#include "runtime/log.h"

enum { PINNED_KEPT = 8, FILES_MAX = PLUGIN_FILES_MAX + 1 };
#define SETTINGS "@settings"

int flow_name_id(struct store *db, const char *plugin, const char *name, int64_t *id, struct err *err)
{
    for (int tries = 0; tries < 2; tries++) {
        struct stmt *s = store_stmt(db, "select id from flow_name where plugin = ?1 and name = ?2", err);
        if (!s) return err->code;
        stmt_bind_str(s, 1, plugin);
        stmt_bind_str(s, 2, name);
        int rc = stmt_step(s, err);
        if (rc == 1) *id = stmt_int(s, 0);
        stmt_done(s);
        if (rc) return rc < 0 ? rc : 0;
        s = store_stmt(db, "insert into flow_name(plugin, name) values(?1, ?2)", err);
        if (!s) return err->code;
        stmt_bind_str(s, 1, plugin);
        stmt_bind_str(s, 2, name);
        rc = stmt_run(s, err);
        if (rc) return rc;
    }
    return err_set(err, ERR_INTERNAL, "flow.name", "plugin", plugin, "flow", name, NULL);
}

static int find_version(struct store *db, const char *plugin, const char *hash, int64_t *id, struct err *err)
{
    struct stmt *s = store_stmt(db, "select id from plugin_version where plugin = ?1 and hash = ?2", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, plugin);
    stmt_bind_str(s, 2, hash);
    int rc = stmt_step(s, err);
    if (rc == 1) *id = stmt_int(s, 0);
    stmt_done(s);
    return rc;
}

int flow_version_held(void *ctx, struct store *db, const char *plugin, const char *hash, struct err *err)
{
    int64_t id = 0;
    int rc = find_version(db, plugin, hash, &id, err);
    (void)ctx;
    if (rc <= 0) return rc;
    struct stmt *s = store_stmt(db, "select 1 from flow_run where version = ?1 and ended is null limit 1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

static int store_file(struct store *db, int64_t id, const char *path, const char *text, size_t len, struct err *err)
{
    struct stmt *s = store_stmt(db, "insert into plugin_source(version, path, text) values(?1, ?2, ?3)", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    stmt_bind_str(s, 2, path);
    stmt_bind_text(s, 3, text, len);
    return stmt_run(s, err);
}

/* The settings stand beside the source, under a name that no file has. */
static int store_settings(struct store *db, const struct plugin *p, int64_t id, struct err *err)
{
    struct buf b;
    buf_init(&b, PLUGIN_BYTES_MAX);
    json_write(&b, &p->config);
    int rc =
        buf_ok(&b) ? store_file(db, id, SETTINGS, b.data, b.len, err) : err_set(err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&b);
    return rc;
}

static int store_files(struct store *db, const struct plugin *p, int64_t id, struct err *err)
{
    int rc = store_settings(db, p, id, err);
    for (size_t i = 0; rc == 0 && i < p->nfiles; i++)
        rc = store_file(db, id, p->files[i].path, p->files[i].text, p->files[i].len, err);
    return rc;
}

/* A version that came back after its source was dropped, with those that it needs. */
static int store_again(struct store *db, struct plugin *p, int64_t now, int64_t id, struct err *err)
{
    struct stmt *s = store_stmt(db, "select 1 from plugin_source where version = ?1 limit 1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    stmt_done(s);
    if (rc) return rc < 0 ? rc : 0;
    rc = store_files(db, p, id, err);
    for (size_t i = 0; rc == 0 && i < p->nrequired; i++) {
        int64_t needs;
        rc = flow_version_store(db, p->required[i], now, &needs, err);
    }
    return rc;
}

int flow_version_store(struct store *db, struct plugin *p, int64_t now, int64_t *id, struct err *err)
{
    int rc = find_version(db, p->name, p->hash, id, err);
    if (rc) return rc < 0 ? rc : store_again(db, p, now, *id, err);
    struct stmt *s = store_stmt(db, "insert into plugin_version(plugin, hash, level, at) values(?1, ?2, ?3, ?4)", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, p->name);
    stmt_bind_str(s, 2, p->hash);
    stmt_bind_int(s, 3, FLOW_LEVEL);
    stmt_bind_int(s, 4, now);
    rc = stmt_run(s, err);
    if (rc == 0) rc = find_version(db, p->name, p->hash, id, err);
    if (rc != 1) return rc ? rc : err_set(err, ERR_INTERNAL, "flow.version", "plugin", p->name, NULL);
    rc = store_files(db, p, *id, err);
    for (size_t i = 0; rc == 0 && i < p->nrequired; i++) {
        int64_t needs;
        rc = flow_version_store(db, p->required[i], now, &needs, err);
        if (rc) return rc;
        s = store_stmt(db, "insert into plugin_version_needs(version, needs) values(?1, ?2)", err);
        if (!s) return err->code;
        stmt_bind_int(s, 1, *id);
        stmt_bind_int(s, 2, needs);
        rc = stmt_run(s, err);
    }
    return rc;
}

static int read_files(struct store *db, int64_t id, struct plugin_file *files, size_t *n, struct arena *a,
                      struct err *err)
{
    struct stmt *s = store_stmt(db, "select path, text from plugin_source where version = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc;
    for (*n = 0; (rc = stmt_step(s, err)) == 1 && *n < FILES_MAX; (*n)++) {
        size_t path_len, len;
        const char *path = stmt_text(s, 0, &path_len);
        files[*n].path = arena_strndup(a, path, path_len);
        const char *text = stmt_text(s, 1, &len);
        files[*n].text = arena_strndup(a, text, len);
        files[*n].len = len;
        if (!files[*n].path || !files[*n].text) rc = err_set(err, ERR_NOMEM, "memory", NULL);
        if (rc < 0) break;
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* Takes the settings out of the files; returns how many are left. */
static size_t take_settings(struct plugin_file *files, size_t n, struct arena *a, struct val *out)
{
    struct err ignored;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(files[i].path, SETTINGS) != 0) continue;
        /* What cannot be read shows itself in the hash. */
        if (json_parse(files[i].text, files[i].len, a, out, &ignored) != 0) *out = val_map();
        files[i] = files[--n];
        break;
    }
    return n;
}

static int read_plugin(struct store *db, int64_t id, struct plugin **out, struct err *err);

static int read_needs(struct store *db, int64_t id, struct plugin *p, struct err *err)
{
    int64_t needs[64];
    size_t n = 0;
    struct stmt *s = store_stmt(db, "select needs from plugin_version_needs where version = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc;
    while ((rc = stmt_step(s, err)) == 1 && n < 64)
        needs[n++] = stmt_int(s, 0);
    stmt_done(s);
    if (rc < 0) return rc;
    p->required = arena_alloc(&p->arena, (n + 1) * sizeof(struct plugin *));
    for (size_t i = 0; i < n; i++) {
        rc = read_plugin(db, needs[i], &p->required[p->nrequired], err);
        if (rc) return rc;
        p->nrequired++;
    }
    return 0;
}

static int read_plugin(struct store *db, int64_t id, struct plugin **out, struct err *err)
{
    struct arena a;
    struct plugin_file *files = mem_alloc(FILES_MAX * sizeof(*files));
    size_t n = 0;
    char name[64] = "", hash[DIGEST_HEX] = "";
    arena_init(&a, 2 * (size_t)PLUGIN_BYTES_MAX);
    struct stmt *s = store_stmt(db, "select plugin, hash from plugin_version where id = ?1", err);
    int rc = s ? 0 : err->code;
    if (s) {
        stmt_bind_int(s, 1, id);
        rc = stmt_step(s, err);
        if (rc == 1) {
            size_t len;
            strncat(name, stmt_text(s, 0, &len), sizeof(name) - 1);
            strncat(hash, stmt_text(s, 1, &len), sizeof(hash) - 1);
        }
        stmt_done(s);
    }
    if (rc == 0) rc = err_set(err, ERR_NOT_FOUND, "flow.no_version", NULL);
    if (rc == 1) rc = read_files(db, id, files, &n, &a, err);
    if (rc == 0) {
        struct val settings = val_map();
        n = take_settings(files, n, &a, &settings);
        struct plugin *p = plugin_from_files(name, files, n, &settings);
        rc = read_needs(db, id, p, err);
        plugin_seal(p);
        if (rc == 0 && (!p->ok || strcmp(p->hash, hash) != 0)) {
            if (p->why) *err = *p->why;
            if (p->ok) err_set(err, ERR_CORRUPT, "flow.version_hash", "plugin", name, NULL);
            rc = err->code;
        }
        if (rc)
            plugin_drop(p);
        else
            *out = p;
    }
    arena_close(&a);
    mem_free(files);
    return rc;
}

static int load_pinned(struct flow *f, struct store *db, int64_t id, struct plugin_vm **out, struct err *err)
{
    struct plugin *p;
    struct registry *r = plugins_registry(f->host->plugins), *planned = plugins_current(f->host->plugins);
    if (!r && planned) r = registry_hold(planned); /* none serves: a trial against one that might */
    /* No set of plugins was ever loaded: a fault, so that the run stays as it is. */
    if (!r) return err_set(err, ERR_STOPPED, "plugin.none_loaded", NULL);
    int rc = read_plugin(db, id, &p, err);
    if (rc == 0) {
        /* The settings that were stored with it say what its code does, not what it may use today. */
        const struct plugin_vm *active = plugins_vm(f->host->plugins, p->name);
        if (active) plugin_limit(p, &active->plugin->allowed);
        p->share = active ? active->plugin->share : FLOW_COLD_SHARE;
        /* Its tables and types are those of the active set; it declares nothing itself. */
        rc = plugin_vm_new(f->host, p, r, false, out, err);
        plugin_drop(p);
    }
    registry_drop(r);
    return rc;
}

/* The plugin set's own state: keeping it here costs nothing. */
static bool is_active(struct flow *f, const struct flow_version *v)
{
    return plugins_vm(f->host->plugins, v->pv->plugin->name) == v->pv;
}

static void drop_idle(struct flow *f, int keep)
{
    struct flow_version **at = &f->versions;
    int n = 0;
    while (*at) {
        struct flow_version *v = *at;
        if (v->users > 0 || (keep && is_active(f, v)) || n++ < keep) {
            at = &v->next;
            continue;
        }
        *at = v->next;
        plugin_vm_drop(v->pv);
        mem_free(v);
    }
}

int flow_version_get(struct flow *f, struct store *db, int64_t id, struct flow_version **out, struct err *err)
{
    struct flow_version *v = f->versions;
    while (v && v->id != id)
        v = v->next;
    if (!v) {
        struct plugin_vm *pv;
        int rc = load_pinned(f, db, id, &pv, err);
        if (rc) return rc;
        v = mem_alloc(sizeof(*v));
        v->id = id;
        v->pv = pv;
        v->next = f->versions;
        f->versions = v;
        v->users++;
        drop_idle(f, PINNED_KEPT);
        v->users--;
    }
    v->users++;
    *out = v;
    return 0;
}

void flow_version_release(struct flow *f, struct flow_version *v)
{
    (void)f;
    if (v) v->users--;
}

void flow_version_close(struct flow *f)
{
    drop_idle(f, 0);
}

/* The active version's entry points at the plugin set's own state. */
static void adopt(struct flow *f, int64_t id, struct plugin_vm *pv)
{
    struct flow_version *v = f->versions;
    while (v && v->id != id)
        v = v->next;
    if (v && v->pv == pv) return;
    if (v && v->users > 0) return; /* hot runs use an equal state: both have the same source */
    if (!v) {
        v = mem_alloc(sizeof(*v));
        v->id = id;
        v->next = f->versions;
        f->versions = v;
    } else {
        plugin_vm_drop(v->pv);
    }
    v->pv = plugin_vm_hold(pv);
}

static int activate_decl(struct flow *f, struct session *s, struct registry *r, const struct decl *d, struct err *err)
{
    struct flow_def *def = d->compiled;
    if (def->version_id) return 0; /* the plugin stayed as it was */
    int rc = flow_name_id(s->db, def->plugin, def->name, &def->name_id, err);
    if (rc == 0) rc = flow_version_store(s->db, registry_plugin(r, d->plugin), s->now, &def->version_id, err);
    if (rc == 0) rc = flow_turn_declare(f, s, def, err);
    if (rc == 0) rc = flow_search_declare(f, s, def, err);
    if (rc) err_add_arg(err, "plugin", d->plugin);
    return rc;
}

static const char *const flow_kinds[] = {"flow", "on"};

/* With the commit: a version whose row was rolled back would give its number to another. */
static void adopt_all(void *arg)
{
    struct flow *f = arg;
    struct registry *r = plugins_current(f->host->plugins);
    for (size_t k = 0; k < 2; k++) {
        size_t i = 0;
        for (const struct decl *d; (d = registry_each(r, flow_kinds[k], &i));) {
            const struct flow_def *def = d->compiled;
            struct plugin_vm *pv = plugins_vm(f->host->plugins, d->plugin);
            if (def && pv) adopt(f, def->version_id, pv);
        }
    }
    drop_idle(f, PINNED_KEPT);
    flow_off_look(f);
}

int flow_activate(void *ctx, struct session *s, struct registry *r, struct err *err)
{
    struct flow *f = ctx;
    for (size_t k = 0; k < 2; k++) {
        size_t i = 0;
        for (const struct decl *d; (d = registry_each(r, flow_kinds[k], &i));) {
            int rc = d->compiled ? activate_decl(f, s, r, d, err) : 0;
            if (rc) return rc;
        }
    }
    lane_after_commit(s->lane, adopt_all, NULL, f);
    f->keys_left = true; /* by a crash */
    return flow_sweep(f, s->db, err);
}
