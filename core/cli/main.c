/* khung: one program, one command a file. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "runtime/crash.h"

static int help(void)
{
    printf("usage: khung COMMAND …\n\n");
    for (const struct cli_entry *e = cli_commands; e->name; e++)
        printf("%s\n", e->usage ? e->usage : cli_calls_usage(e->name));
    printf("\nEvery command takes --data DIR, --json and --lang vi|en. Exit codes: 0 done, 1 refused or failed, 2 "
           "usage.\n");
    return CLI_DONE;
}

int main(int argc, char **argv)
{
    struct cli c;
    crash_init();
    int rc = cli_parse(&c, argc - 1, argv + 1);
    if (rc == CLI_DONE && (c.nwords == 0 || strcmp(c.words[0], "help") == 0 || cli_flag(&c, "help"))) {
        rc = help();
        if (c.nwords == 0 && !cli_flag(&c, "help")) rc = CLI_USAGE;
    } else if (rc == CLI_DONE) {
        const struct cli_entry *e = cli_commands;
        while (e->name && strcmp(e->name, c.words[0]) != 0)
            e++;
        rc = e->name ? e->run(&c) : cli_usage(&c, "khung help");
    }
    arena_close(&c.arena);
    return rc;
}
