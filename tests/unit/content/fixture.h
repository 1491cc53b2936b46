/* A small organisation for the tests of content and storage: a real database file, a registry
 * filled from JSON, a lane without a loop under a virtual clock, and the API called as plugins call
 * it. */
#ifndef KHUNG_TEST_CONTENT_FIXTURE_H
#define KHUNG_TEST_CONTENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "base/json.h"
#include "base/text.h"
#include "content/content_internal.h"
#include "content/storage_internal.h"
#include "people/people.h"
#include "plugin/events.h"
#include "plugin/grant.h"
#include "plugin/plugins.h"

enum { FIXTURE_START = 1609725600 }; /* 2021-01-04 02:00 UTC: a Monday, 09:00 in Hanoi */

struct fixture {
    char dir[64], path[96];
    struct host host;
    struct plugin plugin;
    struct plugin_vm vm;
    struct registry *registry;
    struct lane *lane;
    struct session s;
    struct arena a;
    struct err err;
    /* What was told, and whom to refuse. */
    char told[64][40];
    size_t ntold;
    int64_t refuse_item;
    const char *refuse_event;
};

/* Local time of the organisation: UTC+7. */
static int fixture_instant(void *ctx, const char *s, size_t len, int64_t *ms, struct err *err)
{
    struct date d;
    int32_t offset;
    (void)ctx;
    if (!date_parse(s, len, &d, &offset)) return err_set(err, ERR_INVALID, "invalid.value", NULL);
    *ms = date_to_ms(&d) - 7 * 3600000;
    return 0;
}

static int fixture_sink(void *ctx, struct session *s, const char *name, const struct val *data, struct err *err)
{
    struct fixture *f = ctx;
    (void)s;
    if (f->refuse_event && strcmp(name, f->refuse_event) == 0 && val_get_int(data, "item", 0) == f->refuse_item)
        return err_set_text(err, ERR_REFUSED, "mine.no", "this one not");
    if (f->ntold < 64) snprintf(f->told[f->ntold++], sizeof(f->told[0]), "%s", name);
    return 0;
}

static inline int fixture_count(const struct fixture *f, const char *event)
{
    int n = 0;
    for (size_t i = 0; i < f->ntold; i++)
        n += strcmp(f->told[i], event) == 0;
    return n;
}

static inline struct val fixture_json(struct fixture *f, const char *text)
{
    struct val v;
    int rc = json_parse(text, strlen(text), &f->a, &v, &f->err);
    if (rc) fail_msg("%s in %s", f->err.key, text);
    return v;
}

static inline void fixture_fail(struct fixture *f, const char *what, int rc)
{
    if (rc >= 0) return;
    fail_msg("%s: %d %s %s %s", what, rc, f->err.key, f->err.text, f->err.args);
}

/* Adds a declaration, as init.lua would. */
static inline void fixture_declare(struct fixture *f, const char *kind, const char *name, const char *json)
{
    struct val spec = fixture_json(f, json);
    int rc =
        registry_add(f->registry, &f->plugin, kind, name, &spec, "init.lua:1", strcmp(kind, "table") == 0, &f->err);
    fixture_fail(f, name, rc);
}

/* Compiles and migrates what was declared. */
static inline int fixture_activate(struct fixture *f)
{
    int rc = 0;
    const struct decl_kind kinds[] = {content_decl_kind(f->host.content), storage_decl_kind(f->host.storage)};
    for (size_t k = 0; k < 2; k++) {
        size_t i = 0;
        for (const struct decl *d; rc == 0 && (d = registry_each(f->registry, kinds[k].name, &i));)
            rc = kinds[k].compile(kinds[k].self, (struct decl *)d, f->registry, registry_arena(f->registry), &f->err);
    }
    if (rc == 0) rc = store_begin(f->s.db, &f->err);
    if (rc == 0) rc = content_activate(f->host.content, f->s.db, f->registry, false, &f->err);
    if (rc == 0) rc = storage_activate(f->host.storage, f->s.db, f->registry, false, &f->err);
    if (rc == 0) return store_commit(f->s.db, &f->err);
    if (store_in_transaction(f->s.db)) store_rollback(f->s.db);
    return rc;
}

static inline void fixture_new_registry(struct fixture *f)
{
    if (f->registry) registry_drop(f->registry);
    f->registry = registry_new(1);
    f->vm.registry = f->registry;
}

static inline void fixture_open(struct fixture *f)
{
    static const char *const needs[] = {"content", "content:publish", "storage", NULL};
    const struct store_migration *lists[] = {table_migrations, plugin_migrations, people_migrations, content_migrations,
                                             storage_migrations};
    memset(f, 0, sizeof(*f));
    arena_init(&f->a, 256 << 20);
    snprintf(f->dir, sizeof(f->dir), "/tmp/khung_content_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/khung.db", f->dir);
    struct store_options so = {.path = f->path, .role = STORE_WRITER, .no_sync = true};
    fixture_fail(f, "store_open", store_open(&so, &f->s.db, &f->err));
    fixture_fail(f, "migrate", store_migrate(f->s.db, lists, sizeof(lists) / sizeof(lists[0]), 0, &f->err));
    clock_init_virtual(&f->host.clock, (int64_t)FIXTURE_START * 1000);
    f->host.lang = "vi";
    f->host.zone = "Asia/Ho_Chi_Minh";
    f->host.time.instant = fixture_instant;
    f->host.events = events_new();
    events_add_sink(f->host.events, fixture_sink, f);
    f->host.plugins = plugins_new(&f->host, NULL, 0);
    struct lane_options lo = {.db = f->s.db, .clock = &f->host.clock};
    fixture_fail(f, "lane_new", lane_new(&lo, &f->lane, &f->err));
    f->host.lane = f->lane;
    f->host.api = api_new();
    f->host.content = content_new(&f->host);
    f->host.storage = storage_new(&f->host);
    content_attach(f->host.content);
    storage_attach(f->host.storage);
    f->plugin.name = "awards";
    f->plugin.needs = (const char **)needs;
    f->vm.plugin = &f->plugin;
    f->vm.host = &f->host;
    fixture_new_registry(f);
    struct store *db = f->s.db;
    f->s = (struct session){.mode = SESSION_WRITE,
                            .host = &f->host,
                            .db = db,
                            .lane = f->lane,
                            .now = clock_now(&f->host.clock),
                            .lang = "vi",
                            .zone = f->host.zone,
                            .vm = &f->vm,
                            .actor = {.plugin = "awards", .run = 1}};
}

static inline void fixture_close(struct fixture *f)
{
    char command[128];
    lane_free(f->lane);
    content_free(f->host.content);
    storage_free(f->host.storage);
    api_free(f->host.api);
    events_free(f->host.events);
    plugins_free(f->host.plugins);
    registry_drop(f->registry);
    store_close(f->s.db);
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(command, sizeof(command), "%s%s", f->path, suffixes[i]);
        unlink(command);
    }
    rmdir(f->dir);
    arena_close(&f->a);
}

static inline void fixture_at(struct fixture *f, const char *local)
{
    int64_t ms = 0;
    fixture_instant(NULL, local, strlen(local), &ms, &f->err);
    clock_set(&f->host.clock, ms);
    f->s.now = ms;
}

/* Calls an API function with a list of arguments, in a transaction of its own if none is open. */
static inline int fixture_try(struct fixture *f, const char *name, struct val args, struct val *out)
{
    bool opened = !store_in_transaction(f->s.db);
    struct val ignored;
    err_clear(&f->err);
    if (opened) fixture_fail(f, "begin", store_begin(f->s.db, &f->err));
    int rc = api_invoke(f->host.api, &f->s, name, &args, &f->a, out ? out : &ignored, &f->err);
    /* A page of a find: its items. */
    const struct val *items = rc == 0 && out ? val_get(out, "items") : NULL;
    if (items) *out = *items;
    if (!opened) return rc;
    if (rc == 0)
        fixture_fail(f, "commit", store_commit(f->s.db, &f->err));
    else
        store_rollback(f->s.db);
    return rc;
}

static inline struct val fixture_list(struct fixture *f, size_t n, ...)
{
    struct val list = val_list();
    va_list ap;
    va_start(ap, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(val_add(&f->a, &list, va_arg(ap, struct val)), 0);
    va_end(ap);
    return list;
}
#define ARGS(f, ...) fixture_list(f, sizeof((struct val[]){__VA_ARGS__}) / sizeof(struct val), __VA_ARGS__)

static inline struct val fixture_call(struct fixture *f, const char *name, struct val args)
{
    struct val out = val_nil();
    fixture_fail(f, name, fixture_try(f, name, args, &out));
    return out;
}

static inline struct val J(struct fixture *f, const char *text) {
    return fixture_json(f, text);
}

/* A field of an item or a row, as text. */
static inline const char *
fixture_str(struct fixture *f, const struct val *v, const char *name)
{
    const struct val *map = v->type == VAL_OBJ ? v->as.obj.fields : v;
    const struct val *field = val_get(map, name);
    return field ? val_cstr(&f->a, field) : NULL;
}

static inline int64_t fixture_int(const struct val *v, const char *name)
{
    return val_get_int(v->type == VAL_OBJ ? v->as.obj.fields : v, name, -1);
}

/* One number from the database. */
static inline int64_t fixture_sql(struct fixture *f, const char *sql)
{
    struct stmt *s = store_stmt(f->s.db, sql, &f->err);
    if (!s) fail_msg("%s: %s", sql, f->err.args);
    int64_t n = stmt_step(s, &f->err) == 1 ? stmt_int(s, 0) : -1;
    stmt_done(s);
    return n;
}

#endif
