/* khung api: the Lua API as a reference, as a definition file for editors, or as JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/api_print.h"
#include "cli/cli.h"
#include "cli/spec.h"
#include "cli/spec_api.h"
#include "runtime/log.h"

static int add_params(struct arena *a, const struct api_param *params, size_t n, struct val *out)
{
    int rc = 0;
    *out = val_list();
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct val p = val_map(), keys;
        rc = val_set(a, &p, "name", val_str(params[i].name));
        if (rc == 0) rc = val_set(a, &p, "type", val_str(params[i].type));
        if (rc == 0) rc = val_set(a, &p, "required", val_bool(params[i].required));
        if (rc == 0 && params[i].nkeys) {
            rc = add_params(a, params[i].keys, params[i].nkeys, &keys);
            if (rc == 0) rc = val_set(a, &p, "keys", keys);
        }
        if (rc == 0) rc = val_add(a, out, p);
    }
    return rc;
}

static int add_function(struct arena *a, struct api *api, size_t i, struct val *list)
{
    const struct api_fn *fn = api_at(api, i);
    const struct api_param *params;
    struct val f = val_map(), args;
    size_t n = api_params(api, i, &params);
    int rc = add_params(a, params, n, &args);
    if (rc == 0) rc = val_set(a, &f, "name", val_str(fn->name));
    if (rc == 0) rc = val_set(a, &f, "arguments", args);
    if (rc == 0) rc = val_set(a, &f, "returns", val_str(fn->returns));
    if (rc == 0 && fn->needs) rc = val_set(a, &f, "needs", val_str(fn->needs));
    if (rc == 0) rc = val_set(a, &f, "since", val_int(fn->since));
    if (rc == 0) rc = val_set(a, &f, "doc", val_str(fn->doc));
    return rc ? rc : val_add(a, list, f);
}

static int print_json(struct cli *c, const struct host *h)
{
    struct val list = val_list();
    struct err err = {0};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < api_count(h->api); i++) {
        const struct api_fn *fn = api_at(h->api, i);
        if (!fn->needs || strcmp(fn->needs, API_HOST) != 0) rc = add_function(&c->arena, h->api, i, &list);
    }
    if (rc) {
        err_set(&err, rc, "memory", NULL);
        return cli_fail(c, &err);
    }
    cli_print(c, &list, NULL);
    return CLI_DONE;
}

static int write_file(struct cli *c, const struct host *h, const char *path,
                      void (*print)(const struct host *h, FILE *out))
{
    struct err err = {0};
    FILE *f = path ? fopen(path, "we") : NULL;
    if (f) {
        print(h, f);
        if (fclose(f) == 0) {
            printf("%s\n", path);
            return CLI_DONE;
        }
    }
    err_set(&err, ERR_IO, "cli.write", "file", path, "detail", strerror(errno), NULL);
    return cli_fail(c, &err);
}

/* DIR/khung.lua and DIR/khung_spec.lua: an editor finds them by its setting `workspace.library`. */
static int write_lua(struct cli *c, const struct host *h, const struct host *spec, const char *dir)
{
    if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
        struct err err;
        err_set(&err, ERR_IO, "cli.write", "file", dir, "detail", strerror(errno), NULL);
        return cli_fail(c, &err);
    }
    int rc = write_file(c, h, arena_printf(&c->arena, "%s/khung.lua", dir), api_print_lua);
    return rc ? rc : write_file(c, spec, arena_printf(&c->arena, "%s/khung_spec.lua", dir), api_print_spec_lua);
}

int cli_api(struct cli *c)
{
    struct spec s = {.options = {.lang = c->lang, .zone = "Asia/Ho_Chi_Minh"}};
    struct err err = {0};
    struct host about;
    const char *dir = cli_flag(c, "lua");
    int rc;
    if (c->nwords != 1) return cli_usage(c, "khung api [--markdown | --json | --lua DIR]");
    log_init(LOG_ERROR + 1, false);
    if (spec_open(&s, &err) != 0) return cli_fail(c, &err);
    spec_api_host(&about);
    if (dir) {
        rc = write_lua(c, &s.app.host, &about, dir);
    } else if (c->json) {
        rc = print_json(c, &s.app.host);
    } else {
        api_print_markdown(&s.app.host, stdout);
        api_print_spec_markdown(&about, stdout);
        rc = CLI_DONE;
    }
    api_free(about.api);
    spec_close(&s);
    return rc;
}
