/* khung check: plugins are loaded in a scratch host and their texts are read; each finding is one line that editors
 * understand: file:line:column: error|warning: message [code]. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "cli/check.h"
#include "cli/cli.h"
#include "cli/spec.h"
#include "runtime/log.h"

struct check {
    struct cli *c;
    const struct plugin *plugin;
    const char *why_file; /* where it does not load, or NULL */
    int why_line;
    struct val all; /* --json */
    int errors, warnings;
};

static const char *sentence(struct cli *c, const struct err *err)
{
    struct buf text, whole;
    buf_init(&text, 8192);
    buf_init(&whole, 8192);
    locale_err(&text, c->lang, err, false);
    locale_err(&whole, c->lang, err, true);
    /* A message of Lua itself has no full stop; a remedy comes after it. */
    size_t n = text.len;
    if (whole.len > n) buf_printf(&text, "%s%s", n && strchr(".!?", text.data[n - 1]) ? "" : ".", whole.data + n);
    buf_close(&whole);
    const char *copy = arena_strndup(&c->arena, text.data ? text.data : "", text.len);
    buf_close(&text);
    return copy ? copy : err->key;
}

static void add_json(struct check *k, const char *path, const struct check_finding *f, const char *message)
{
    struct arena *a = &k->c->arena;
    struct val row = val_map();
    int rc = val_set(a, &row, "file", val_str(path));
    rc |= val_set(a, &row, "line", val_int(f->line));
    rc |= val_set(a, &row, "column", val_int(f->column));
    rc |= val_set(a, &row, "severity", val_str(f->is_error ? "error" : "warning"));
    rc |= val_set(a, &row, "code", val_str(arena_strdup(a, f->what.key)));
    rc |= val_set(a, &row, "message", val_str(message));
    if (rc || val_add(a, &k->all, row) != 0) k->errors++; /* out of memory: at least the exit code tells */
}

static void print_finding(const char *path, const struct check_finding *f, const char *text)
{
    struct buf b;
    buf_init(&b, 64 << 10);
    buf_printf(&b, "%s:%d:%d: %s: %s [%s]\n", path, f->line, f->column, f->is_error ? "error" : "warning", text,
               f->what.key);
    cli_show(stdout, b.data, b.len);
    buf_close(&b);
}

static void found(void *ctx, const struct check_finding *f)
{
    struct check *k = ctx;
    const char *path = arena_printf(&k->c->arena, "%s/%s", k->plugin->dir, f->file), *text = sentence(k->c, &f->what);
    if (!path) path = f->file;
    /* Loading ends at the first mistake; when it is seen in the text already, it is not told twice. */
    if (f->is_error && k->why_file && f->line == k->why_line && strcmp(f->file, k->why_file) == 0) k->why_file = NULL;
    *(f->is_error ? &k->errors : &k->warnings) += 1;
    if (k->c->json)
        add_json(k, path, f, text);
    else
        print_finding(path, f, text);
}

static void say(struct cli *c, const char *key, const struct check_runs *sum)
{
    struct buf b;
    struct err_num moves, others;
    buf_init(&b, 4096);
    locale_format(&b, c->lang, key, "moves", err_i64(&moves, sum->moves), "others", err_i64(&others, sum->others),
                  NULL);
    printf("      %s\n", b.data ? b.data : "");
    buf_close(&b);
}

static bool is_wanted(const struct cli *c, const struct plugin *p)
{
    for (int i = 1; i < c->nwords; i++)
        if (strcmp(c->words[i], p->name) == 0) return true;
    return c->nwords == 1;
}

/* What the text shows, why it does not load, what becomes of open runs. */
static int check_all(struct check *k, const struct check_texts *texts, struct check_runs *runs, struct err *err)
{
    const struct plugin *p = k->plugin;
    struct check_finding why = {.is_error = true};
    char file[CHECK_FILE_LEN];
    int errors = k->errors;
    k->why_file = NULL;
    if (!p->ok) {
        why.what = *p->why;
        check_place(p, why.what.where, file, &why);
        k->why_file = why.file;
        k->why_line = why.line;
    }
    int rc = check_texts(texts, found, k, err);
    if (k->why_file) found(k, &why);
    return rc || !p->ok || k->errors > errors ? rc : check_runs(k->c, p, found, k, runs, err);
}

static int check_one(struct check *k, const struct check_texts *texts)
{
    struct err err = {0};
    struct check_runs runs = {0};
    int before = k->errors + k->warnings;
    int rc = check_all(k, texts, &runs, &err);
    if (rc) cli_fail(k->c, &err);
    if (!k->c->json && rc == 0 && k->errors + k->warnings == before)
        printf("ok    %s %s\n", k->plugin->name, k->plugin->version);
    if (!k->c->json && runs.moves + runs.others) say(k->c, "check.runs", &runs);
    return rc;
}

int cli_check(struct cli *c)
{
    const char *dirs[CLI_DIRS_MAX];
    struct spec s = {.options = {.plugin_dirs = dirs, .lang = c->lang, .zone = "Asia/Ho_Chi_Minh"}};
    struct check k = {.c = c, .all = val_list()};
    struct check_organisation organisation;
    struct err err = {0};
    struct plugin *const *list;
    int checked = 0, rc = 0;
    s.options.nplugin_dirs = cli_plugin_dirs(c, dirs);
    log_init(LOG_ERROR + 1, false);
    c->tries = true;
    if (spec_open(&s, &err) != 0) return cli_fail(c, &err);
    if (check_organisation(c, &s.app, &organisation, &err) != 0) {
        spec_close(&s);
        return cli_fail(c, &err);
    }
    struct registry *r = plugins_registry(s.app.host.plugins);
    size_t n = registry_plugins(r, &list);
    for (size_t i = 0; i < n; i++) {
        if (!is_wanted(c, list[i])) continue;
        k.plugin = list[i];
        checked++;
        struct check_texts texts = {s.app.host.api, list[i], list, n, r, &organisation};
        rc |= check_one(&k, &texts);
    }
    if (c->json) cli_print(c, &k.all, NULL);
    registry_drop(r);
    spec_close(&s);
    if (!checked) {
        err_set(&err, ERR_NOT_FOUND, "check.none", "plugins", c->plugins, NULL);
        return cli_fail(c, &err);
    }
    return k.errors || rc ? CLI_FAILED : CLI_DONE;
}
