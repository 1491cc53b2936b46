/* khung content: items from the command line. `import TYPE FILE` lets the plugin that declares the importer read the
 * file: a flow PLUGIN.import_TYPE with { text = … } whose result is the item. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static int call(struct cli *c, const char *name, const struct val *args, const char *columns)
{
    struct val out = val_nil();
    struct err err = {0};
    if (cli_call(c, name, args, cli_flag(c, "as"), &out, &err) != 0) return cli_fail(c, &err);
    const struct val *items = val_get(&out, "items");
    cli_print(c, items ? items : &out, columns);
    return CLI_DONE;
}

/* What is asked of the list, by flags of their names. */
static int list_items(struct cli *c)
{
    static const char *const names[] = {"sort", "fields", "limit", "after"};
    struct val args = val_list(), options = val_map();
    int rc = val_add(&c->arena, &args, val_str(c->words[2]));
    for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++)
        if (cli_flag(c, names[i])) rc = val_set(&c->arena, &options, names[i], val_str(cli_flag(c, names[i])));
    if (rc == 0) rc = val_add(&c->arena, &args, options);
    if (rc) return CLI_FAILED;
    rc = call(c, "content.list", &args, cli_flag(c, "fields") ? NULL : "id title state revision slug changed_at");
    if (rc == CLI_DONE) cli_tell_more(c);
    return rc;
}

static int import(struct cli *c)
{
    struct val args = val_list(), input = val_map();
    struct err err = {0};
    const char *text, *flow = cli_flag(c, "with");
    size_t len;
    if (c->nwords != 4 || !flow) return cli_usage(c, "khung content import TYPE FILE --with PLUGIN.FLOW [--as USER]");
    int rc = cli_read_file(c, c->words[3], &text, &len, &err);
    if (rc == 0) rc = val_set(&c->arena, &input, "type", val_str(c->words[2]));
    if (rc == 0) rc = val_set(&c->arena, &input, "text", val_strn(text, len));
    if (rc == 0) rc = val_add(&c->arena, &args, val_str(flow));
    if (rc == 0) rc = val_add(&c->arena, &args, input);
    return rc ? cli_fail(c, &err) : call(c, "run.start", &args, NULL);
}

int cli_content(struct cli *c)
{
    static const char usage[] = "khung content list TYPE\n       khung content show TYPE ID\n"
                                "       khung content history ID\n       khung content lint ID\n"
                                "       khung content import TYPE FILE --with PLUGIN.FLOW";
    const char *verb = c->nwords > 2 ? c->words[1] : "";
    struct val args = val_list(), id;
    if (strcmp(verb, "import") == 0) return import(c);
    bool list = strcmp(verb, "list") == 0 && c->nwords == 3, show = strcmp(verb, "show") == 0 && c->nwords == 4;
    bool one = (strcmp(verb, "history") == 0 || strcmp(verb, "lint") == 0) && c->nwords == 3;
    if (!list && !show && !one) return cli_usage(c, usage);
    if (list) return list_items(c);
    char *end;
    const char *last = c->words[c->nwords - 1];
    int64_t n = strtoll(last, &end, 10);
    id = *end ? val_str(last) : val_int(n);
    int rc = one ? 0 : val_add(&c->arena, &args, val_str(c->words[2]));
    if (rc == 0) rc = val_add(&c->arena, &args, id);
    if (rc) return CLI_FAILED;
    if (show) return call(c, "content.get", &args, NULL);
    return call(c, one && verb[0] == 'h' ? "content.history" : "content.lint", &args, NULL);
}
