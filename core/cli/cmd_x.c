/* khung x: the commands of plugins. Arguments are name=value or --name value, in any order. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "route/command.h"

static bool is_common(const char *flag)
{
    const char *const *w = command_common;
    while (*w && strcmp(*w, flag) != 0)
        w++;
    return *w;
}

static int set(struct cli *c, struct val *args, const char *name, size_t n, const char *value)
{
    char *key = arena_strndup(&c->arena, name, n);
    for (char *p = key; p && *p; p++)
        if (*p == '-') *p = '_';
    return !key || val_set(&c->arena, args, key, val_str(value)) ? ERR_NOMEM : 0;
}

/* A bare flag says yes. CLI_USAGE for a word that says nothing. */
static int take_args(struct cli *c, struct val *args)
{
    int rc = 0;
    *args = val_map();
    for (int i = 2; rc == 0 && i < c->nwords; i++) {
        size_t n = strcspn(c->words[i], "=");
        rc = c->words[i][n] && n ? set(c, args, c->words[i], n, c->words[i] + n + 1) : CLI_USAGE;
    }
    for (int i = 0; rc == 0 && i < c->nflags; i++)
        if (!is_common(c->flags[i].name))
            rc = set(c, args, c->flags[i].name, strlen(c->flags[i].name),
                     *c->flags[i].value ? c->flags[i].value : "true");
    return rc;
}

/* A text as it is, all else as every command's result. */
static void print_result(struct cli *c, const struct val *out)
{
    const struct val *value = val_get(out, "value"), *columns = val_get(out, "columns");
    struct val none = val_nil();
    struct buf names;
    if (val_is(value, VAL_STR) && !c->json) {
        cli_show(stdout, value->as.str.s, value->as.str.len);
        if (value->as.str.len == 0 || value->as.str.s[value->as.str.len - 1] != '\n') putchar('\n');
        return;
    }
    buf_init(&names, 4 << 10);
    for (size_t i = 0; val_at(columns, i); i++)
        buf_printf(&names, "%s%s", i ? " " : "", val_cstr(&c->arena, val_at(columns, i)));
    cli_print(c, value ? value : &none, names.len ? names.data : NULL);
    buf_close(&names);
}

int cli_x(struct cli *c)
{
    static const char usage[] = "khung x NAME name=value … [--NAME VALUE] [--as USER]";
    struct val args = val_list(), given, out;
    struct err err = {0};
    for (int i = 0; c->nwords == 1 && i < c->nflags; i++)
        if (!is_common(c->flags[i].name)) return cli_usage(c, usage);
    if (c->nwords == 1) {
        if (cli_call(c, "command.list", &args, NULL, &out, &err) != 0) return cli_fail(c, &err);
        cli_print(c, &out, "usage doc plugin");
        return CLI_DONE;
    }
    int rc = take_args(c, &given);
    if (rc > 0) return cli_usage(c, usage);
    if (rc == 0) rc = val_add(&c->arena, &args, val_str(c->words[1]));
    if (rc == 0) rc = val_add(&c->arena, &args, given);
    if (rc == 0) rc = cli_call(c, "command.run", &args, cli_flag(c, "as"), &out, &err);
    if (rc) return cli_fail(c, &err);
    print_result(c, &out);
    return CLI_DONE;
}
