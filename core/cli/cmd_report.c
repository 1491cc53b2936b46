/* khung report: lists report types, runs one as a table, CSV or JSON. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"

static int take_params(struct cli *c, struct val *out)
{
    *out = val_map();
    for (int i = 0; i < c->nflags; i++) {
        const char *eq = strchr(c->flags[i].value, '=');
        if (strcmp(c->flags[i].name, "param") != 0) continue;
        char *name = eq ? arena_strndup(&c->arena, c->flags[i].value, (size_t)(eq - c->flags[i].value)) : NULL;
        if (!name) return CLI_USAGE;
        if (val_set(&c->arena, out, name, val_str(eq + 1)) != 0) return ERR_NOMEM;
    }
    return 0;
}

static int run(struct cli *c)
{
    struct val args = val_list(), params, out;
    struct err err = {0};
    const char *format = cli_flag(c, "format");
    int rc = take_params(c, &params);
    if (rc) return cli_usage(c, "khung report run NAME [--param name=value …] [--format table|csv|json]");
    if (!format) format = c->json ? "json" : "table";
    rc = val_add(&c->arena, &args, val_str(c->words[2]));
    if (rc == 0) rc = val_add(&c->arena, &args, params);
    if (rc == 0) rc = val_add(&c->arena, &args, val_str(format));
    if (rc == 0) rc = cli_call(c, "report.run", &args, cli_flag(c, "as"), &out, &err);
    if (rc) return cli_fail(c, &err);
    const struct val *text = val_get(&out, "text");
    if (!val_is(text, VAL_STR)) return CLI_DONE;
    if (strcmp(format, "table") == 0)
        cli_show(stdout, text->as.str.s, text->as.str.len);
    else
        fwrite(text->as.str.s, 1, text->as.str.len, stdout);
    return CLI_DONE;
}

int cli_report(struct cli *c)
{
    struct val args = val_list(), out;
    struct err err = {0};
    const char *verb = c->nwords > 1 ? c->words[1] : "";
    if (strcmp(verb, "run") == 0 && c->nwords == 3) return run(c);
    if (strcmp(verb, "list") != 0 || c->nwords != 2)
        return cli_usage(c, "khung report list\n       khung report run NAME …");
    if (cli_call(c, "report.list", &args, cli_flag(c, "as"), &out, &err) != 0) return cli_fail(c, &err);
    cli_print(c, &out, "name title plugin");
    return CLI_DONE;
}
