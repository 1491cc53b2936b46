/* khung: one program, one command a file. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "runtime/crash.h"

/* `khung`, `khung help [COMMAND]`, `khung COMMAND --help`. */
static int help(struct cli *c)
{
    bool by_word = c->nwords && strcmp(c->words[0], "help") == 0;
    const char *noun = by_word ? (c->nwords > 1 ? c->words[1] : NULL) : c->nwords ? c->words[0] : NULL;
    if (!cli_help(c, noun, stdout)) return cli_usage(c, "khung help");
    return c->nwords || cli_flag(c, "help") ? CLI_DONE : CLI_USAGE;
}

int main(int argc, char **argv)
{
    struct cli c;
    struct err err;
    int rc = cli_parse(&c, argc - 1, argv + 1);
    if (rc == CLI_DONE && crash_init(&err)) rc = cli_fail(&c, &err);
    if (rc == CLI_DONE && (c.nwords == 0 || strcmp(c.words[0], "help") == 0 || cli_flag(&c, "help"))) {
        rc = help(&c);
    } else if (rc == CLI_DONE) {
        const struct cli_entry *e = cli_commands;
        while (e->name && strcmp(e->name, c.words[0]) != 0)
            e++;
        rc = e->name ? cli_check_flags(&c) : cli_usage(&c, "khung help");
        if (rc == CLI_DONE) rc = e->run(&c);
    }
    arena_close(&c.arena);
    return rc;
}
