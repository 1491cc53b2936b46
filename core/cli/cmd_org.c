/* khung org: files of an organisation in and out, and changes of its tree. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/locale.h"
#include "base/text.h"
#include "cli/cli.h"
#include "people/exchange.h"

enum { FILES_MAX = 64, PATH_LENGTH = 1024 };

static int too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

/* What is not UTF-8 is refused here, since JSON could not carry it as it is. */
static int check_text(const char *path, const char *text, size_t len, struct err *err)
{
    struct err_num n;
    int64_t line = 1;
    for (const char *p = text, *end = text + len; p < end; line++) {
        const char *next = memchr(p, '\n', (size_t)(end - p));
        size_t size = next ? (size_t)(next - p) + 1 : (size_t)(end - p);
        const char *key = memchr(p, 0, size) ? "csv.nul" : text_is_utf8(p, size) ? NULL : "csv.utf8";
        if (key) {
            err_set(err, ERR_INVALID, key, "line", err_i64(&n, line), "column", "1", NULL);
            err_set_where(err, path, 0);
            return ERR_INVALID;
        }
        p += size;
    }
    return 0;
}

static int add_file(struct cli *c, const char *path, struct val *files, struct err *err)
{
    const char *text;
    size_t len;
    struct val file = val_map();
    int rc = cli_read_file(c, path, &text, &len, err);
    if (rc == 0) rc = check_text(path, text, len, err);
    if (rc) return rc;
    char *name = arena_strdup(&c->arena, path);
    rc = name ? val_set(&c->arena, &file, "name", val_str(name)) : ERR_NOMEM;
    if (rc == 0) rc = val_set(&c->arena, &file, "text", val_strn(text, len));
    if (rc == 0) rc = val_add(&c->arena, files, file);
    return rc ? too_large(err) : 0;
}

static bool is_data(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot && (strcmp(dot, ".csv") == 0 || strcmp(dot, ".json") == 0);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A folder stands for its files of CSV and JSON, in the order of their names. */
static int add_path(struct cli *c, const char *path, struct val *files, struct err *err)
{
    const char *names[FILES_MAX];
    size_t n = 0;
    int rc = 0;
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) return add_file(c, path, files, err);
    DIR *dir = opendir(path);
    if (!dir) return err_set(err, ERR_IO, "cli.file", "file", path, "detail", strerror(errno), NULL);
    for (struct dirent *e; n < FILES_MAX && (e = readdir(dir));)
        if (is_data(e->d_name)) names[n++] = arena_printf(&c->arena, "%s/%s", path, e->d_name);
    closedir(dir);
    qsort(names, n, sizeof(names[0]), compare_names);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = names[i] ? add_file(c, names[i], files, err) : too_large(err);
    return rc;
}

static void heading(struct cli *c, const char *key, const struct val *list)
{
    struct buf b;
    struct err_num n;
    buf_init(&b, 1000);
    locale_format(&b, c->lang, key, "count", err_i64(&n, (int64_t)list->as.list.n), NULL);
    printf("%s\n", b.data ? b.data : key);
    buf_close(&b);
}

static int show_preview(struct cli *c, const struct val *report)
{
    static const struct {
        const char *list, *key, *columns;
    } parts[] = {{"cells", "org.preview.cells", "file line column field raw value says"},
                 {"warnings", "org.preview.warnings", "file line column field raw value says"},
                 {"errors", "org.preview.errors", "file list line column field raw says"},
                 {"new", "org.preview.new", "list key"},
                 {"changed", "org.preview.changed", "list key field before after"},
                 {"ended", "org.preview.ended", "list key field after"},
                 {"gone", "org.preview.gone", "list key"}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const struct val *list = val_get(report, parts[i].list);
        if (!list || list->as.list.n == 0) continue;
        heading(c, parts[i].key, list);
        cli_print(c, list, parts[i].columns);
        putchar('\n');
    }
    return val_get_bool(report, "ok", false) ? CLI_DONE : CLI_FAILED;
}

/* What a change did, or would do, list by list. */
static int show_change(struct cli *c, const struct val *report, bool dry)
{
    static const struct {
        const char *list, *key, *columns;
    } parts[] = {{"ended", "org.change.ended", "code name kind"},
                 {"made", "org.change.made", "code name kind"},
                 {"renamed", "org.change.renamed", "code name kind"},
                 {"moved", "org.change.moved", "code name kind"},
                 {"holders", "org.change.holders", "person what until"},
                 {"roles", "org.change.roles", "person what until"},
                 {"delegations", "org.change.delegations", "person what until"},
                 {"bodies", "org.change.bodies", "what until"}};
    struct val none = val_list(), tasks = val_list();
    if (val_get_bool(report, "unchanged", false)) heading(c, "org.change.unchanged", &none);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const struct val *list = val_get(report, parts[i].list);
        if (!list || list->as.list.n == 0) continue;
        heading(c, parts[i].key, list);
        cli_print(c, list, parts[i].columns);
        putchar('\n');
    }
    tasks.as.list.n = (size_t)val_get_int(report, "open_tasks", 0);
    if (tasks.as.list.n) heading(c, "org.change.open_tasks", &tasks);
    if (dry) heading(c, "org.change.dry", &none);
    return CLI_DONE;
}

static int import(struct cli *c)
{
    struct val args = val_list(), tree = val_map(), options = val_map(), files = val_list(), out;
    struct err err = {0};
    bool preview = cli_flag(c, "preview") != NULL;
    int rc = 0;
    if (c->nwords < 3) return CLI_USAGE;
    for (int i = 2; rc == 0 && i < c->nwords; i++)
        rc = add_path(c, c->words[i], &files, &err);
    if (rc) return cli_fail(c, &err);
    if (val_set(&c->arena, &tree, "files", files) || val_set(&c->arena, &options, "preview", val_bool(preview)) ||
        val_add(&c->arena, &args, tree) || val_add(&c->arena, &args, options))
        rc = too_large(&err);
    if (rc == 0) rc = cli_call(c, "org.import", &args, cli_flag(c, "as"), &out, &err);
    if (rc) return cli_fail(c, &err);
    if (preview && !c->json) return show_preview(c, &out);
    cli_print(c, &out, NULL);
    return preview && !val_get_bool(&out, "ok", false) ? CLI_FAILED : CLI_DONE;
}

static int write_file(const char *path, const struct buf *b, struct err *err)
{
    FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
    bool ok = f && fwrite(b->data ? b->data : "", 1, b->len, f) == b->len;
    if (f && f != stdout) ok = fclose(f) == 0 && ok;
    return ok ? 0 : err_set(err, ERR_IO, "cli.file", "file", path, "detail", strerror(errno), NULL);
}

static int write_sheets(const char *dir, const struct val *tree, struct err *err)
{
    char path[PATH_LENGTH];
    int rc = 0;
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return err_set(err, ERR_IO, "cli.file", "file", dir, "detail", strerror(errno), NULL);
    for (size_t i = 0; rc == 0 && i < tree->as.map.n; i++) {
        struct buf b;
        buf_init(&b, 64 << 20);
        int n = snprintf(path, sizeof(path), "%s/%s.csv", dir, tree->as.map.pairs[i].key);
        if (n >= (int)sizeof(path) || people_give_csv(tree, tree->as.map.pairs[i].key, &b) != 0) rc = too_large(err);
        if (rc == 0) rc = write_file(path, &b, err);
        buf_close(&b);
    }
    return rc;
}

static int export(struct cli *c)
{
    struct val args = val_list(), options = val_map(), tree;
    struct err err = {0};
    struct buf b;
    const char *at = cli_flag(c, "at"), *format = cli_flag(c, "format");
    bool csv = format && strcmp(format, "csv") == 0;
    if (c->nwords != 3 || (format && !csv && strcmp(format, "json") != 0)) return CLI_USAGE;
    if ((at && val_set(&c->arena, &options, "at", val_str(at))) || val_add(&c->arena, &args, options))
        return CLI_FAILED;
    int rc = cli_call(c, "org.export", &args, cli_flag(c, "as"), &tree, &err);
    if (rc == 0 && csv) rc = write_sheets(c->words[2], &tree, &err);
    if (rc == 0 && !csv) {
        buf_init(&b, 64 << 20);
        json_write_pretty(&b, &tree);
        buf_add_char(&b, '\n');
        rc = buf_ok(&b) ? write_file(c->words[2], &b, &err) : too_large(&err);
        buf_close(&b);
    }
    return rc ? cli_fail(c, &err) : CLI_DONE;
}

/* "a,b" or several words: a list of codes. */
static int add_codes(struct cli *c, const char *text, struct val *list)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, ",");
        char *code = n ? arena_strndup(&c->arena, p, n) : NULL;
        if (n && (!code || val_add(&c->arena, list, val_str(code)))) return ERR_NOMEM;
        p += n + (p[n] == ',');
    }
    return 0;
}

/* One code; a list where a verb wants several; with --name the map of a unit that is to be made. */
static int read_into(struct cli *c, const char *verb, struct val *out)
{
    const char *into = cli_flag(c, "into"), *name = cli_flag(c, "name");
    const char *kind = cli_flag(c, "kind"), *parent = cli_flag(c, "parent");
    *out = val_list();
    if (strcmp(verb, "split") == 0) return add_codes(c, into, out);
    *out = val_str(into);
    if (!name) return 0;
    *out = val_map();
    int rc = val_set(&c->arena, out, "code", val_str(into));
    if (rc == 0) rc = val_set(&c->arena, out, "name", val_str(name));
    if (rc == 0 && kind) rc = val_set(&c->arena, out, "kind", val_str(kind));
    if (rc == 0 && parent) rc = val_set(&c->arena, out, "parent", val_str(parent));
    return rc;
}

static int change(struct cli *c)
{
    const char *verb = c->words[1], *parts = cli_flag(c, "parts");
    bool merge = strcmp(verb, "merge") == 0, move = strcmp(verb, "move") == 0, rename = strcmp(verb, "rename") == 0;
    struct val args = val_list(), spec = val_map(), options = val_map(), units = val_list(), some = val_list(), into,
               out;
    struct err err = {0};
    int rc = 0;
    if (c->nwords < 3 || (!merge && !move && c->nwords > 3)) return CLI_USAGE;
    for (int i = 2; rc == 0 && i < c->nwords; i++)
        rc = add_codes(c, c->words[i], &units);
    if (rc == 0) rc = val_set(&c->arena, &spec, "how", val_str(verb));
    if (rc == 0) rc = val_set(&c->arena, &spec, merge ? "from" : "unit", units);
    if (rc == 0 && parts) rc = add_codes(c, parts, &some) || val_set(&c->arena, &spec, "parts", some);
    if (rc == 0 && cli_flag(c, "into")) rc = read_into(c, verb, &into) || val_set(&c->arena, &spec, "into", into);
    static const char *const texts[] = {"day", "act", "name", "parent"};
    for (size_t i = 0; rc == 0 && i < 4; i++) {
        const char *v = cli_flag(c, texts[i]);
        bool wanted = i < 2 || (i == 2 && rename) || (i == 3 && move);
        if (v && wanted) rc = val_set(&c->arena, &spec, texts[i], val_str(v));
    }
    if (rc == 0) rc = val_set(&c->arena, &options, "dry_run", val_bool(cli_flag(c, "dry-run") != NULL));
    if (rc == 0) rc = val_add(&c->arena, &args, spec);
    if (rc == 0) rc = val_add(&c->arena, &args, options);
    if (rc) return CLI_FAILED;
    rc = cli_call(c, "org.change", &args, cli_flag(c, "as"), &out, &err);
    if (rc) return cli_fail(c, &err);
    if (!c->json) return show_change(c, &out, cli_flag(c, "dry-run") != NULL);
    cli_print(c, &out, NULL);
    return CLI_DONE;
}

int cli_org(struct cli *c)
{
    static const struct {
        const char *verb;
        int (*run)(struct cli *c);
        const char *usage;
    } verbs[] = {
        {"import", import, "khung org import FILE | DIR … [--preview]"},
        {"export", export, "khung org export FILE | DIR | - [--at DATE] [--format json|csv]"},
        {"merge", change,
         "khung org merge UNIT … --into UNIT [--parts UNIT,UNIT] [--name N --kind K --parent UNIT] [--day DATE]"
         " [--act A] [--dry-run]"},
        {"split", change, "khung org split UNIT --into UNIT,UNIT [--day DATE] [--act A] [--dry-run]"},
        {"rename", change, "khung org rename UNIT --name N [--day DATE] [--act A] [--dry-run]"},
        {"abolish", change, "khung org abolish UNIT [--into UNIT] [--day DATE] [--act A] [--dry-run]"},
        {"move", change, "khung org move UNIT … --parent UNIT [--day DATE] [--act A] [--dry-run]"}};
    for (size_t i = 0; c->nwords > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].verb, c->words[1]) != 0) continue;
        int rc = verbs[i].run(c);
        return rc == CLI_USAGE ? cli_usage(c, verbs[i].usage) : rc;
    }
    return cli_calls(c);
}
