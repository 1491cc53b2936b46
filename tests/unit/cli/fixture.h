/* The whole program without its doors: every module and binding, plugins from a real folder, a lane that is driven by
 * hand under a virtual clock. The plugins' code finds two functions more: test.handler keeps a function, test.number
 * gives what the test has set. */
#ifndef KHUNG_TEST_CLI_FIXTURE_H
#define KHUNG_TEST_CLI_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/app.h"
#include "flow/flow.h"
#include "plugin/api.h"
#include "plugin/declare.h"
#include "plugin/plugin_vm.h"

struct fixture {
    char root[64], plugins[96], settings[96];
    const char *dirs[1];
    struct app app;
    struct arena a;
    struct err err;
    const struct api_fn *functions; /* more for the plugins, or NULL */
    long fail_nth;                  /* this allocation of the next call fails; then: how many were still to come */
    bool is_unlimited;              /* handlers have all the time that they want */
};

static const int64_t fixture_start = 1609725600000; /* 2021-01-04 02:00 UTC: a Monday, 09:00 in Hanoi */
static int64_t fixture_number;

static int fixture_handler(struct api_call *c)
{
    return registry_declare_fn(c->s, "handler", val_cstr(c->arena, &c->args[0]), NULL, c->args[1].as.i, c->err);
}

static int fixture_give_number(struct api_call *c)
{
    c->result = val_int(fixture_number);
    return 0;
}

static const struct api_fn fixture_functions[] = {
    {"test.handler", fixture_handler, "name:text! handler:fn!", "", API_DECLARE, NULL, 1, "Keeps a function."},
    {"test.number", fixture_give_number, "", "integer", API_PURE, NULL, 1, "What the test has set; no step."},
    {0},
};

static inline void fixture_ok(struct fixture *f, const char *what, int rc)
{
    if (rc < 0) fail_msg("%s: %d %s %s %s %s", what, rc, f->err.key, f->err.args, f->err.text, f->err.where);
}

static inline void fixture_start_app(struct fixture *f)
{
    static struct clock clock;
    struct app_options o = {.data_dir = f->root,
                            .plugin_dirs = f->dirs,
                            .nplugin_dirs = 1,
                            .zone = "Asia/Ho_Chi_Minh",
                            .lang = "vi",
                            .settings = f->settings,
                            .clock = &clock,
                            .batch_ms = 60000, /* the order of slices does not hang on how quick the machine is */
                            .no_sync = true,
                            .is_test = true};
    clock_init_virtual(&clock, f->app.host.clock.virtual_ms ? f->app.host.clock.virtual_ms : fixture_start);
    fixture_ok(f, "app_open", app_open(&f->app, &o, &f->err));
    api_add(f->app.host.api, fixture_functions, NULL);
    if (f->functions) api_add(f->app.host.api, f->functions, NULL);
}

static inline void fixture_write(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static inline void fixture_open(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    arena_init(&f->a, 256 << 20);
    snprintf(f->root, sizeof(f->root), "/tmp/khung_app_XXXXXX");
    assert_non_null(mkdtemp(f->root));
    snprintf(f->plugins, sizeof(f->plugins), "%s/plugins", f->root);
    snprintf(f->settings, sizeof(f->settings), "%s/settings.json", f->root);
    /* The examples are not about time, and a sanitizer's build on a machine that is not idle takes more than a slice.
     */
    fixture_write(f->settings, "{ \"reference\": { \"limits\": { \"slice_ms\": 1000 } } }");
    assert_int_equal(mkdir(f->plugins, 0700), 0);
    f->dirs[0] = f->plugins;
    fixture_start_app(f);
}

static int fixture_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static inline void fixture_close(struct fixture *f)
{
    app_close(&f->app);
    arena_close(&f->a);
    nftw(f->root, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A plugin with an init.lua; `more` are further keys of its manifest. */
static inline void fixture_plugin(struct fixture *f, const char *name, const char *more, const char *init)
{
    char path[200], manifest[800];
    snprintf(path, sizeof(path), "%s/%s", f->plugins, name);
    mkdir(path, 0700);
    snprintf(manifest, sizeof(manifest),
             "return { name = \"%s\", version = \"1.0\", api = 1, title = { vi = \"x\", en = \"x\" }, %s }\n", name,
             more);
    snprintf(path, sizeof(path), "%s/%s/plugin.lua", f->plugins, name);
    fixture_write(path, manifest);
    snprintf(path, sizeof(path), "%s/%s/init.lua", f->plugins, name);
    fixture_write(path, init);
}

#define FIXTURE_NEEDS                                                                                                  \
    "needs = { \"content\", \"content:publish\", \"storage\", \"flow\", \"people\", \"people:import\", "               \
    "\"people:change\", \"schedule\", "                                                                                \
    "\"report\", \"mail\", \"fetch:*\", \"route\", \"command\" }"

static void fixture_reloaded(void *ctx, const struct err *failed)
{
    struct fixture *f = ctx;
    err_clear(&f->err);
    if (failed) f->err = *failed;
}

/* Reads the plugins anew; those that are not well stay so: see fixture_why. */
static inline void fixture_load(struct fixture *f)
{
    app_reload(&f->app, NULL, fixture_reloaded, f);
    app_run(&f->app);
    fixture_ok(f, "reload", f->err.code);
}

/* Why a plugin is off, or NULL. */
static inline const struct err *fixture_why(struct fixture *f, const char *name)
{
    struct registry *r = plugins_registry(f->app.host.plugins);
    struct plugin *const *all;
    size_t n = registry_plugins(r, &all);
    const struct err *why = NULL;
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i]->name, name) == 0 && !all[i]->ok) why = all[i]->why;
    registry_drop(r); /* the set holds it */
    return why;
}

static inline void fixture_reload(struct fixture *f)
{
    fixture_load(f);
    struct registry *r = plugins_registry(f->app.host.plugins);
    struct plugin *const *all;
    size_t n = registry_plugins(r, &all);
    for (size_t i = 0; i < n; i++)
        if (!all[i]->ok)
            fail_msg("%s: %s %s %s %s", all[i]->name, all[i]->why->key, all[i]->why->args, all[i]->why->text,
                     all[i]->why->where);
    registry_drop(r);
}

/* Closes the program and opens it again, with the plugins. */
static inline void fixture_restart(struct fixture *f)
{
    int64_t now = f->app.host.clock.virtual_ms;
    app_close(&f->app);
    f->app.host.clock.virtual_ms = now;
    fixture_start_app(f);
    fixture_reload(f);
}

static inline struct val fixture_json(struct fixture *f, const char *text)
{
    struct val v;
    fixture_ok(f, text, json_parse(text, strlen(text), &f->a, &v, &f->err));
    return v;
}

/* Calls an API function as an admin does; `args` is a JSON list. */
static inline int fixture_try(struct fixture *f, const char *name, const char *args, struct val *out)
{
    struct app_call call = {.name = name, .args = fixture_json(f, args), .actor = {.admin = true}};
    err_clear(&f->err);
    mem_fail_nth(f->fail_nth);
    int rc = app_call(&f->app, &call, &f->a, out, &f->err);
    f->fail_nth = mem_fail_nth(0);
    return rc;
}

static inline struct val fixture_call(struct fixture *f, const char *name, const char *args)
{
    struct val out;
    fixture_ok(f, name, fixture_try(f, name, args, &out));
    return out;
}

/* --- handlers of plugins: each call is a slice --- */

struct fixture_slice {
    struct lane_work work;
    struct fixture *f;
    const char *plugin, *handler;
    enum session_mode mode;
    struct val *out;
    bool failed;
};

static int fixture_run_slice(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct fixture_slice *fs = (struct fixture_slice *)w;
    struct fixture *f = fs->f;
    struct plugin_vm *pv = plugins_vm(f->app.host.plugins, fs->plugin);
    struct session s;
    (void)lane;
    assert_non_null(pv);
    app_session(&f->app, &s, &f->a);
    s.mode = fs->mode;
    s.actor = (struct actor){.plugin = fs->plugin, .run = 1}; /* as a run may */
    int ref = plugin_vm_fn(pv, "handler", fs->handler);
    assert_true(ref > 0);
    int64_t ms = f->is_unlimited ? 0 : pv->plugin->limits.slice_ms;
    int rc = plugin_vm_call(pv, &s, ref, NULL, 0, ms, &f->a, fs->out, err);
    if (rc < 0) flow_undone(f->app.flow);
    return rc;
}

static void fixture_done_slice(struct lane_work *w, const struct err *failed)
{
    struct fixture_slice *fs = (struct fixture_slice *)w;
    fs->failed = failed != NULL;
    if (failed) fs->f->err = *failed;
}

static inline int fixture_run(struct fixture *f, const char *plugin, const char *handler, struct val *out)
{
    struct fixture_slice fs = {.work = {.run = fixture_run_slice, .done = fixture_done_slice},
                               .f = f,
                               .plugin = plugin,
                               .handler = handler,
                               .mode = SESSION_WRITE,
                               .out = out};
    err_clear(&f->err);
    lane_add(f->app.lane, &fs.work);
    mem_fail_nth(f->fail_nth);
    app_run(&f->app);
    f->fail_nth = mem_fail_nth(0);
    return fs.failed ? f->err.code : 0;
}

static inline int fixture_set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    fixture_open(f);
    *state = f;
    return 0;
}

static inline int fixture_tear_down(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

#endif
