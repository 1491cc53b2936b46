/* khung test: the specs of plugins, twice: straight through, and with a restart after every slice. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/locale.h"
#include "cli/cli.h"
#include "cli/spec.h"
#include "runtime/log.h"

struct testing {
    struct cli *c;
    struct spec spec;
    int passed, failed;
    const char *pass_name;
};

static void report(void *ctx, const struct spec_result *r)
{
    struct testing *t = ctx;
    struct buf text;
    if (r->passed) {
        t->passed++;
        if (!t->c->json) printf("  ok    %s: %s%s\n", r->describe, r->it, t->pass_name);
        return;
    }
    t->failed++;
    buf_init(&text, 4096);
    locale_err(&text, t->c->lang, r->err, true);
    printf("  FAIL  %s: %s%s\n        %s %s\n", r->describe, r->it, t->pass_name, r->err->where,
           text.data ? text.data : r->err->key);
    buf_close(&text);
}

static int run_file(struct testing *t, const char *path)
{
    struct err err = {0};
    const char *text;
    size_t len;
    int rc = cli_read_file(t->c, path, &text, &len, &err);
    if (rc == 0) rc = spec_run_file(&t->spec, path, text, len, cli_flag(t->c, "only"), report, t, &err);
    if (rc == 0) return 0;
    t->failed++;
    return cli_fail(t->c, &err);
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

static void run_plugin(struct testing *t, const char *dir, const char *name)
{
    const char *files[256];
    struct arena *a = &t->c->arena;
    size_t n = list_dir(a, arena_printf(a, "%s/spec", dir), "_spec.lua", files);
    if (n) printf("%s\n", name);
    for (size_t i = 0; i < n; i++) {
        for (int pass = 0; pass < (cli_flag(t->c, "no-restart") ? 1 : 2); pass++) {
            t->spec.plugin = name;
            t->spec.restarts = pass == 1;
            t->pass_name = pass == 1 ? " (restarted after each slice)" : "";
            run_file(t, arena_printf(a, "%s/spec/%s", dir, files[i]));
        }
    }
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

int cli_test(struct cli *c)
{
    struct testing t = {.c = c, .spec = {.is_reused = true}};
    const char *dirs[16];
    size_t n = 0;
    log_init(cli_flag(c, "verbose") ? LOG_DEBUG : LOG_ERROR + 1, false);
    for (const char *p = c->plugins; *p && n < 16;) {
        size_t len = strcspn(p, ":");
        dirs[n++] = arena_strndup(&c->arena, p, len);
        p += len + (p[len] == ':');
    }
    t.spec.options = (struct app_options){.plugin_dirs = dirs,
                                          .nplugin_dirs = n,
                                          .lang = c->lang,
                                          .settings = cli_flag(c, "settings"),
                                          .zone = cli_flag(c, "zone") ? cli_flag(c, "zone") : "Asia/Ho_Chi_Minh"};
    for (size_t i = 0; i < n; i++)
        run_folder(&t, dirs[i]);
    spec_end(&t.spec);
    printf("%d passed, %d failed\n", t.passed, t.failed);
    return t.failed || t.passed == 0 ? CLI_FAILED : CLI_DONE;
}
