/* khung content: items from the command line. Those that change one are cmd_content_change.c, from a file cmd_import.c.
 */
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

const char cli_content_usages[] =
    "khung content list TYPE [--sort FIELD] [--fields NAME,NAME] [--limit N] [--after CURSOR]\n"
    "khung content show TYPE ID\n"
    "khung content history ID\n"
    "khung content lint ID\n"
    "khung content create TYPE [FILE] [--field name=value …] [--as USER]\n"
    "khung content edit TYPE ID [FILE] [--field name=value …] --revision N | --hash HASH [--as USER]\n"
    "khung content submit TYPE ID [--revision N | --hash HASH] [--as USER]\n"
    "khung content approve TYPE ID --revision N | --hash HASH [--as USER]\n"
    "khung content send-back TYPE ID --comment TEXT [--revision N | --hash HASH] [--as USER]\n"
    "khung content schedule TYPE ID --at INSTANT [--until INSTANT] --revision N | --hash HASH [--as USER]\n"
    "khung content publish TYPE ID --revision N | --hash HASH [--as USER]\n"
    "khung content correct TYPE ID [FILE] [--field name=value …] --note TEXT --revision N | --hash HASH [--as USER]\n"
    "khung content retract TYPE ID --reason TEXT [--revision N | --hash HASH] [--as USER]\n"
    "khung content archive TYPE ID [--reason TEXT] [--revision N | --hash HASH] [--as USER]\n"
    "khung content import TYPE FILE --with PLUGIN.FLOW [--no-wait] [--as USER]";

/* The line of one verb, or all: "" for none of them. */
const char *cli_content_usage(const char *verb)
{
    static char line[160];
    size_t n = strlen(verb);
    for (const char *p = cli_content_usages; n && *p;) {
        size_t len = strcspn(p, "\n");
        const char *at = p + sizeof("khung content ") - 1;
        if (strncmp(at, verb, n) == 0 && at[n] == ' ') {
            snprintf(line, sizeof(line), "%.*s", (int)len, p);
            return line;
        }
        p += len + (p[len] == '\n');
    }
    return cli_content_usages;
}

int cli_content(struct cli *c)
{
    const char *verb = c->nwords > 2 ? c->words[1] : "";
    struct val args = val_list(), id;
    if (strcmp(verb, "import") == 0) return cli_import(c);
    int changed = cli_content_change(c);
    if (changed != CLI_NO_VERB) return changed;
    bool list = strcmp(verb, "list") == 0 && c->nwords == 3, show = strcmp(verb, "show") == 0 && c->nwords == 4;
    bool one = (strcmp(verb, "history") == 0 || strcmp(verb, "lint") == 0) && c->nwords == 3;
    if (!list && !show && !one) return cli_usage(c, cli_content_usage(""));
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
