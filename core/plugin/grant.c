/* Grants: rows that are only added, so that who agreed to what, and when, can be read later. */
#include "plugin/grant.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "runtime/crash.h"
#include "runtime/log.h"

static const char schema[] =
    /* Which build of the set the tables belong to: a reader's snapshot and its registry must be of one. And how the
     * last service dealt with grants (enum grant_policy). */
    "create table plugin_set(id integer primary key check(id = 1), serial integer not null,"
    " policy integer not null);"
    "create table plugin_grant(id integer primary key, plugin text not null, hash text not null, needs text not null,"
    " how text not null, account integer, at integer not null);"
    "create index plugin_grant_last on plugin_grant(plugin, id);"
    "create table plugin_kept(plugin text primary key, hash text not null, settings text not null, at integer not null)"
    " without rowid;"
    "create table plugin_kept_file(id integer primary key, plugin text not null, path text not null, text blob);"
    "create index plugin_kept_file_plugin on plugin_kept_file(plugin);";

const struct store_migration plugin_migrations[] = {{"plugin/001", schema}, {0}};

/* What was granted to a plugin, in all its versions. */
struct granted {
    struct val needs;  /* a list, each once */
    bool any, is_last; /* of this plugin at all; this very version was the last */
};

static bool has(const struct val *list, const char *capability)
{
    for (size_t i = 0; val_at(list, i); i++)
        if (val_is_str(val_at(list, i), capability)) return true;
    return false;
}

/* Adds what is not there yet: a plugin may have had thousands of versions. */
static int add_needs(struct arena *a, const struct val *from, struct val *needs)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && val_at(from, i); i++) {
        const struct val *need = val_at(from, i);
        if (need->type != VAL_STR || has(needs, need->as.str.s)) continue;
        char *copy = arena_strndup(a, need->as.str.s, need->as.str.len);
        rc = copy ? val_add(a, needs, val_str(copy)) : ERR_NOMEM;
    }
    return rc;
}

static int read_granted(struct store *db, const struct plugin *p, struct arena *a, struct granted *out, struct err *err)
{
    struct arena row;
    struct stmt *s = store_stmt(db, "select hash, needs from plugin_grant where plugin = ?1 order by id", err);
    int rc;
    *out = (struct granted){.needs = val_list()};
    if (!s) return err->code;
    arena_init(&row, 1 << 20);
    stmt_bind_str(s, 1, p->name);
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        struct val needs;
        const char *hash = stmt_text(s, 0, &len);
        out->any = true;
        out->is_last = len == strlen(p->hash) && memcmp(hash, p->hash, len) == 0;
        const char *text = stmt_text(s, 1, &len);
        arena_reset(&row);
        rc = json_parse(text, len, &row, &needs, err);
        if (rc == 0 && add_needs(a, &needs, &out->needs) != 0) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        if (rc) break;
    }
    stmt_done(s);
    arena_close(&row);
    return rc;
}

static bool wants_more(const struct plugin *p, const struct val *granted)
{
    for (const char **need = p->needs; need && *need; need++)
        if (!has(granted, *need)) return true;
    return false;
}

static int waits(const struct plugin *p, const struct val *granted, struct err *err)
{
    struct buf wants;
    buf_init(&wants, 500);
    for (const char **need = p->needs; need && *need; need++)
        if (!has(granted, *need)) buf_printf(&wants, "%s%s", wants.len ? ", " : "", *need);
    err_set(err, ERR_DENIED, "plugin.waiting", "plugin", p->name, "version", p->version, "wants",
            buf_ok(&wants) ? wants.data : "…", "hash", p->hash, NULL);
    buf_close(&wants);
    return err->code;
}

int grant_check(struct store *db, const struct plugin *p, enum grant_policy policy, struct err *err)
{
    struct arena a;
    struct granted granted;
    if (policy == GRANT_TRUST || !p->needs || !p->needs[0]) return 0;
    arena_init(&a, 4 << 20);
    int rc = read_granted(db, p, &a, &granted, err);
    bool asks = granted.any || policy == GRANT_ASK;
    if (rc == 0 && asks && wants_more(p, &granted.needs)) rc = waits(p, &granted.needs, err);
    arena_close(&a);
    return rc;
}

static int add(struct store *db, const struct plugin *p, const char *how, int64_t account, int64_t now, struct err *err)
{
    static const char sql[] =
        "insert into plugin_grant(plugin, hash, needs, how, account, at) values(?1, ?2, ?3, ?4, ?5, ?6)";
    struct buf needs;
    buf_init(&needs, 64 << 10);
    buf_add_char(&needs, '[');
    for (const char **need = p->needs; need && *need; need++) {
        if (need != p->needs) buf_add_char(&needs, ',');
        json_write_str(&needs, *need, strlen(*need));
    }
    buf_add_char(&needs, ']');
    struct stmt *s = buf_ok(&needs) ? store_stmt(db, sql, err) : NULL;
    int rc = s ? 0 : buf_ok(&needs) ? err->code : err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (s) {
        stmt_bind_str(s, 1, p->name);
        stmt_bind_str(s, 2, p->hash);
        stmt_bind_text(s, 3, needs.data, needs.len);
        stmt_bind_str(s, 4, how);
        if (account) stmt_bind_int(s, 5, account);
        stmt_bind_int(s, 6, now);
        rc = stmt_run(s, err);
    }
    if (rc == 0) log_info("plugin.granted", "plugin", p->name, "hash", p->hash, "needs", needs.data, "how", how, NULL);
    buf_close(&needs);
    return rc;
}

int grant_give(struct store *db, const struct plugin *p, int64_t account, int64_t now, struct err *err)
{
    int rc = add(db, p, "admin", account, now, err);
    crash_point("plugin.granted");
    return rc;
}

int grant_record(struct store *db, const struct plugin *p, enum grant_policy policy, int64_t now, struct err *err)
{
    struct arena a;
    struct granted granted;
    arena_init(&a, 4 << 20);
    int rc = read_granted(db, p, &a, &granted, err);
    bool more = !granted.any || wants_more(p, &granted.needs);
    const char *how = policy == GRANT_TRUST ? "trust" : granted.any ? "no more" : "first";
    /* Somebody who writes a plugin saves it often: what changes nothing is not told. */
    bool tells = !granted.is_last && (more || policy != GRANT_TRUST);
    if (rc == 0 && tells) rc = add(db, p, how, 0, now, err);
    arena_close(&a);
    return rc;
}
