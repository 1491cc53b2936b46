/* khung test: the specs of plugins, each straight through, killed and opened anew, and with host calls failing. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "cli/cli.h"
#include "cli/spec.h"
#include "cli/spec_cover.h"
#include "cli/test_print.h"
#include "plugin/plugin.h"
#include "runtime/log.h"

/* Kills of a test, and faults: this many places of all those that it has. --thorough takes every one. */
enum { PLACES = 8, PLACES_THOROUGH = 10000 };

struct testing {
    struct cli *c;
    struct spec spec;
    struct spec_run run;
    struct test_print print;
    struct cover cover;
    const char *dirs[CLI_DIRS_MAX],
        *used[CLI_DIRS_MAX]; /* all folders of plugins; those of the plugin that is tested */
    size_t ndirs;
};

static void run_file(struct testing *t, const char *dir, const char *path)
{
    struct err err = {0};
    int rc = cli_read_file(t->c, path, &t->run.text, &t->run.len, &err);
    t->run.path = path;
    t->run.snapshots.dir = arena_printf(&t->c->arena, "%s/spec/snapshots", dir);
    t->print.text = t->run.text;
    if (rc == 0) rc = spec_run_file(&t->run, &err);
    if (rc) test_print_broken(&t->print, path, &err);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in a folder that end so, sorted. */
static size_t list_dir(struct arena *a, const char *dir, const char *ending, const char *names[256])
{
    size_t n = 0;
    DIR *d = opendir(dir);
    if (!d) return 0;
    for (struct dirent *e; n < 256 && (e = readdir(d));) {
        size_t len = strlen(e->d_name), end = strlen(ending);
        if (e->d_name[0] != '.' && len >= end && strcmp(e->d_name + len - end, ending) == 0)
            names[n++] = arena_strdup(a, e->d_name);
    }
    closedir(d);
    qsort(names, n, sizeof(names[0]), by_name);
    return n;
}

/* The folders that hold what a plugin requires; its own too. */
static void mark_dirs(struct testing *t, const char *name, bool wanted[CLI_DIRS_MAX], int depth)
{
    struct arena *a = &t->c->arena;
    for (size_t i = 0; depth < 20 && i < t->ndirs; i++) {
        const char *dir = arena_printf(a, "%s/%s", t->dirs[i], name);
        if (!dir || access(arena_printf(a, "%s/plugin.lua", dir), R_OK) != 0) continue;
        wanted[i] = true;
        struct plugin *p = plugin_read_dir(dir, NULL, NULL);
        for (size_t k = 0; p->requires && p->requires[k]; k++)
            mark_dirs(t, p->requires[k], wanted, depth + 1);
        plugin_drop(p);
        return;
    }
}

/* A plugin is tested with those that stand beside it, and beside what it requires; other folders have their own life.
 */
static void use_dirs(struct testing *t, const char *name)
{
    bool wanted[CLI_DIRS_MAX] = {false};
    size_t n = 0;
    mark_dirs(t, name, wanted, 0);
    for (size_t i = 0; i < t->ndirs; i++)
        if (wanted[i]) t->used[n++] = t->dirs[i];
    if (n == 0) /* a plugin's own folder was given, not the one that it stands in */
        for (; n < t->ndirs; n++)
            t->used[n] = t->dirs[n];
    t->spec.options.plugin_dirs = t->used;
    t->spec.options.nplugin_dirs = n;
    spec_end(&t->spec); /* the fresh database was that of others */
}

static void run_plugin(struct testing *t, const char *dir, const char *name)
{
    const char *files[256];
    struct err err;
    struct arena *a = &t->c->arena;
    size_t n = list_dir(a, arena_printf(a, "%s/spec", dir), "_spec.lua", files);
    if (!n) return;
    test_print_plugin(&t->print, name);
    t->spec.plugin = name;
    use_dirs(t, name);
    if (t->run.lines && cover_add(&t->cover, dir, &err) != 0) test_print_broken(&t->print, dir, &err);
    for (size_t i = 0; i < n; i++)
        run_file(t, dir, arena_printf(a, "%s/spec/%s", dir, files[i]));
}

static bool is_wanted(const struct cli *c, const char *name)
{
    for (int i = 1; i < c->nwords; i++)
        if (strcmp(c->words[i], name) == 0) return true;
    return c->nwords == 1;
}

static void run_folder(struct testing *t, const char *dir)
{
    const char *names[256];
    struct arena *a = &t->c->arena;
    const char *slash = strrchr(dir, '/');
    if (access(arena_printf(a, "%s/plugin.lua", dir), R_OK) == 0) {
        if (is_wanted(t->c, slash ? slash + 1 : dir)) run_plugin(t, dir, slash ? slash + 1 : dir);
        return;
    }
    size_t n = list_dir(a, dir, "", names);
    for (size_t i = 0; i < n; i++)
        if (is_wanted(t->c, names[i])) run_plugin(t, arena_printf(a, "%s/%s", dir, names[i]), names[i]);
}

static uint64_t pick_seed(const struct cli *c)
{
    uint64_t seed;
    const char *given = cli_flag(c, "seed");
    if (given) return strtoull(given, NULL, 10);
    digest_random(&seed, sizeof(seed));
    return seed % 1000000; /* short enough to be typed */
}

static void set_up(struct testing *t)
{
    struct cli *c = t->c;
    bool covers = cli_flag(c, "coverage") || cli_flag(c, "lcov");
    t->cover.lines = (struct vm_lines){NULL, &t->cover};
    t->spec.zone = cli_flag(c, "zone") ? cli_flag(c, "zone") : "Asia/Ho_Chi_Minh";
    t->spec.is_reused = true;
    t->spec.options = (struct app_options){.lang = c->lang,
                                           .settings = cli_flag(c, "settings"),
                                           .zone = t->spec.zone,
                                           .lines = covers ? &t->cover.lines : NULL};
    t->run = (struct spec_run){.spec = &t->spec,
                               .only = cli_flag(c, "only"),
                               .seed = pick_seed(c),
                               .is_straight = cli_flag(c, "fast"),
                               .most = cli_flag(c, "thorough") ? PLACES_THOROUGH : PLACES,
                               .snapshots = {.update = cli_flag(c, "update")},
                               .lines = t->spec.options.lines,
                               .report = test_print_result,
                               .ctx = &t->print};
}

static void tell(struct testing *t)
{
    struct val table;
    struct buf text;
    const char *lcov = cli_flag(t->c, "lcov");
    bool shows = cli_flag(t->c, "coverage") && cover_table(&t->cover, &t->c->arena, &table) == 0;
    if (lcov) {
        buf_init(&text, 64 << 20);
        cover_lcov(&t->cover, &text);
        if (test_print_file(t->c, lcov, &text) != CLI_DONE) t->print.failed++;
        buf_close(&text);
    }
    if (t->run.snapshots.written && !t->c->json) printf("%d snapshots written\n", t->run.snapshots.written);
    test_print_close(&t->print, shows ? &table : NULL);
}

int cli_test(struct cli *c)
{
    struct testing t = {.c = c};
    t.ndirs = cli_plugin_dirs(c, t.dirs);
    log_init(cli_flag(c, "verbose") ? LOG_DEBUG : LOG_ERROR + 1, false);
    set_up(&t);
    test_print_open(&t.print, c, t.run.seed);
    for (size_t i = 0; i < t.ndirs; i++)
        run_folder(&t, t.dirs[i]);
    tell(&t);
    spec_end(&t.spec);
    cover_close(&t.cover);
    return t.print.failed || t.print.passed == 0 ? CLI_FAILED : CLI_DONE;
}
