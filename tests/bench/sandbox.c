/* What the sandbox costs: a host call beside Lua's own C call, and fib(30) and a slice with limits beside without. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "cli/app.h"
#include "runtime/log.h"

enum { CALLS = 1000000, PAIRS_MAX = 51 };

static const char source[] = "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end\n"
                             "local nothing, abs = bench.nothing, math.abs\n"
                             "on('bench.before_fib', function() return fib(30) end)\n"
                             "on('bench.before_host', function() for i = 1, 1000000 do nothing(i) end end)\n"
                             "on('bench.before_c', function() for i = 1, 1000000 do abs(i) end end)\n"
                             "on('bench.before_empty', function() end)\n";

static int nothing(struct api_call *c)
{
    c->result = c->args[0];
    return 0;
}

static const struct api_fn functions[] = {
    {"bench.nothing", nothing, "n:integer!", "integer", API_PURE, NULL, 1, "Gives it back."}, {0}};

struct state {
    struct app app;
    struct plugin_vm *pv;
    struct arena arena;
};

static void write_text(const char *dir, const char *name, const char *text)
{
    char path[700];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0) bench_die(path);
}

static void open_state(struct bench *b, struct state *s)
{
    struct err err = {0};
    char dir[600];
    const char *dirs[] = {bench_folder(b, "sandbox")};
    struct app_options o = {.data_dir = bench_folder(b, "sandbox-data"),
                            .plugin_dirs = dirs,
                            .nplugin_dirs = 1,
                            .zone = "Asia/Ho_Chi_Minh",
                            .lang = "en"};
    log_init(LOG_ERROR, false);
    snprintf(dir, sizeof(dir), "%s/calls", dirs[0]);
    if (mkdir(dir, 0700) != 0) bench_die(dir);
    write_text(dir, "plugin.lua",
               "return { name = 'calls', version = '1', api = 1, title = { en = 'x', vi = 'x' } }\n");
    write_text(dir, "init.lua", source);
    if (app_open(&s->app, &o, &err) != 0) bench_die(err.key);
    api_add(s->app.host.api, functions, NULL);
    app_reload(&s->app, NULL, NULL, NULL);
    app_run(&s->app);
    s->pv = plugins_vm(s->app.host.plugins, "calls");
    if (!s->pv) bench_die("the plugin was not loaded");
    arena_init(&s->arena, 1 << 20);
}

static void close_state(struct state *s)
{
    arena_close(&s->arena);
    app_close(&s->app);
}

/* Hooks are kept by the order of their declaration: the nth function of the state. */
static double time_call(struct state *s, size_t nth, int64_t cpu_ms, int times)
{
    struct session session;
    struct err err = {0};
    app_session(&s->app, &session, &s->arena);
    double start = bench_cpu();
    for (int i = 0; i < times; i++)
        if (plugin_vm_call(s->pv, &session, s->pv->fns[nth].ref, NULL, 0, cpu_ms, &s->arena, NULL, &err) != 0)
            bench_die(err.key);
    return bench_cpu() - start;
}

/* ns of a host call with one argument and one result, and of Lua's own C function beside it. */
void bench_host_call(struct bench *b)
{
    struct state s;
    double host[PAIRS_MAX], c[PAIRS_MAX];
    int n = b->quick ? 5 : PAIRS_MAX;
    open_state(b, &s);
    for (int i = 0; i < n; i++) {
        host[i] = time_call(&s, 1, 60000, 1) / CALLS * 1e9;
        c[i] = time_call(&s, 2, 60000, 1) / CALLS * 1e9;
    }
    close_state(&s);
    bench_print(b, "host_call_ns", bench_median(host, (size_t)n), "ns", bench_median(c, (size_t)n));
}

static double plain_fib(lua_State *L)
{
    double start = bench_cpu();
    if (luaL_dostring(L, "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end\n"
                         "return fib(30)") != LUA_OK)
        bench_die("fib");
    lua_settop(L, 0);
    return bench_cpu() - start;
}

/* fib(30) under memory and time limits over that of a plain state of the same library. */
void bench_fib(struct bench *b)
{
    struct state s;
    lua_State *L = luaL_newstate();
    double ratios[PAIRS_MAX];
    int n = b->quick ? 5 : PAIRS_MAX;
    open_state(b, &s);
    luaL_openlibs(L);
    for (int i = 0; i < n; i++) { /* each is the first in turn */
        double without = i % 2 ? plain_fib(L) : 0, with = time_call(&s, 0, 60000, 1);
        ratios[i] = with / (i % 2 ? without : plain_fib(L));
    }
    lua_close(L);
    close_state(&s);
    bench_print(b, "fib30_ratio", bench_median(ratios, (size_t)n) * 100, "%", 0);
}

/* What entering a state under a time limit costs a slice, over entering it without. */
void bench_slice_limit(struct bench *b)
{
    struct state s;
    double more[PAIRS_MAX];
    int n = b->quick ? 5 : PAIRS_MAX, times = 20000;
    open_state(b, &s);
    for (int i = 0; i < n; i++)
        more[i] = (time_call(&s, 3, 5, times) - time_call(&s, 3, 0, times)) / times * 1e9;
    close_state(&s);
    bench_print(b, "slice_limit_ns", bench_median(more, (size_t)n), "ns", 0);
}
