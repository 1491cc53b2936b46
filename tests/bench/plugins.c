/* Measures of plugins: exchanging one of many files in a set of others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "cli/app.h"
#include "runtime/log.h"

static void write_text(const char *dir, const char *name, const char *text)
{
    char path[700];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0) bench_die(path);
}

/* One module of about a hundred lines. */
static void write_module(const char *dir, int i, int version)
{
    static char text[32768];
    char name[32];
    int at = snprintf(text, sizeof(text), "local M = { version = %d }\n", version);
    for (int k = 0; k < 25; k++)
        at += snprintf(text + at, sizeof(text) - (size_t)at,
                       "function M.step%d(list, least)\n  local sum = 0\n  for _, x in ipairs(list) do if x.score > "
                       "least then sum = sum + x.score * %d end end\n  return { sum = sum, text = (\"%%d of "
                       "%d\"):format(sum) }\nend\n",
                       k, k + i, k);
    snprintf(text + at, sizeof(text) - (size_t)at, "return M\n");
    snprintf(name, sizeof(name), "m%d.lua", i);
    write_text(dir, name, text);
}

/* A small plugin, as an office has many: a table, a flow, a hook, texts in two languages. */
void bench_write_plugin(const char *dir, const char *name, int modules)
{
    char path[600], text[8192];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (mkdir(path, 0700) != 0) bench_die(path);
    snprintf(text, sizeof(text),
             "return { name = \"%s\", version = \"1.0\", api = 1, title = { vi = \"Thử\", en = \"Test\" },\n"
             "  needs = { \"content\", \"storage\", \"flow\", \"people\" },\n"
             "  config = { days = { \"integer\", default = 2 } } }\n",
             name);
    write_text(path, "plugin.lua", text);
    int at =
        snprintf(text, sizeof(text),
                 "local rows = storage.table(\"row\", { fields = { run = \"integer!\", name = \"text\", score = "
                 "\"number\" },\n  index = { { \"run\" } } })\n"
                 "on(\"content.published\", function(e) if e.type == \"%s\" then rows:insert { run = 1 } end end)\n"
                 "flow.define(\"review\", { title = \"Review\", input = { article = \"integer!\" } },\n"
                 "function(run, input)\n"
                 "  local verdict = run:ask { to = { role = \"editor\" }, title = t\"title\",\n"
                 "    form = { decision = \"choice:approve,return!\", comment = \"text\" }, within = \"2 working "
                 "days\" }\n"
                 "  if verdict.decision == \"approve\" then rows:insert { run = run.id, name = \"x\", score = 1.5 "
                 "} end\n  return { ok = true }\nend)\n",
                 name);
    for (int i = 0; i < modules; i++)
        at += snprintf(text + at, sizeof(text) - (size_t)at, "local m%d = require(\"%s.m%d\")\n", i, name, i);
    write_text(path, "init.lua", text);
    for (int i = 0; i < modules; i++)
        write_module(path, i, 0);
    strncat(path, "/locale", sizeof(path) - strlen(path) - 1);
    mkdir(path, 0700);
    write_text(path, "vi.lua", "return { title = \"Tiêu đề\", done = \"Đã xong\" }\n");
    write_text(path, "en.lua", "return { title = \"Title\", done = \"Done\" }\n");
}

/* From the change on the disk to the commit of the new set, 20 other plugins beside it. */
void bench_reload(struct bench *b)
{
    struct app app;
    struct err err = {0};
    double times[31];
    char name[32], big[600];
    const char *dirs[] = {bench_folder(b, "reload")};
    struct app_options o = {.data_dir = bench_folder(b, "reload-data"),
                            .plugin_dirs = dirs,
                            .nplugin_dirs = 1,
                            .zone = "Asia/Ho_Chi_Minh",
                            .lang = "en"};
    log_init(LOG_ERROR, false);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "p%02d", i);
        bench_write_plugin(dirs[0], name, 2);
    }
    bench_write_plugin(dirs[0], "big", 47);
    snprintf(big, sizeof(big), "%s/big", dirs[0]);
    if (app_open(&app, &o, &err) != 0) bench_die(err.key);
    app_reload(&app, NULL, NULL, NULL);
    app_run(&app);
    int n = b->quick ? 5 : 31;
    for (int i = 0; i < n; i++) {
        write_module(big, i % 47, i + 1);
        const struct plugin_vm *before = plugins_vm(app.host.plugins, "big");
        double start = bench_now();
        app_reload(&app, "big", NULL, NULL);
        app_run(&app);
        times[i] = (bench_now() - start) * 1000;
        if (plugins_vm(app.host.plugins, "big") == before) bench_die("the new version is not active");
    }
    app_close(&app);
    bench_print(b, "reload_50_ms", bench_median(times, (size_t)n), "ms", 0);
}
