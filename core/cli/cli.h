/* The command line: what every command gets, and how it answers. Exit codes: 0 done, 1 refused or failed, 2 usage. */
#ifndef KHUNG_CLI_H
#define KHUNG_CLI_H

#include <stdbool.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/val.h"

enum {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_NO_VERB = 3,
    CLI_WORDS_MAX = 16,
    CLI_FLAGS_MAX = 32,
    CLI_DIRS_MAX = 16
};

/* Words are what is not a flag; flags are --name VALUE, --name=VALUE or --name. */
struct cli {
    struct arena arena;
    const char *words[CLI_WORDS_MAX];
    int nwords;
    struct {
        const char *name, *value; /* value "" for a bare flag */
    } flags[CLI_FLAGS_MAX];
    int nflags;
    bool json;
    bool tries;          /* the plugin folders are only looked at: nothing of them may begin to serve by a call */
    const char *seen;    /* what the next call is about must still have this hash; NULL: whatever there is */
    const char *next;    /* where the page of a list ends that the last call gave, or NULL */
    const char *lang;    /* --lang, KHUNG_LANG, LANG */
    const char *data;    /* --data, KHUNG_DATA, "data" */
    const char *plugins; /* --plugins, KHUNG_PLUGINS, "plugins" */
};

/* Bare flags are known by name (cli_args.c); what follows any other is its value. */
int cli_parse(struct cli *c, int argc, char **argv);
const char *cli_flag(const struct cli *c, const char *name); /* NULL: not given */
/* Tells of a flag that the usage of the command does not name: CLI_USAGE. */
int cli_check_flags(struct cli *c);
/* Prints an error with its remedy to stderr; returns CLI_FAILED. */
int cli_fail(struct cli *c, const struct err *err);
int cli_usage(struct cli *c, const char *usage);
/* All commands, or those of one noun; false: there is none. */
bool cli_help(struct cli *c, const char *noun, FILE *out);
/* Prints a result: --json as JSON; else a table (lists of maps), lines (a map) or the value. `columns`: names with
 * blanks between, for tables; NULL: all of the first row. */
void cli_print(struct cli *c, const struct val *v, const char *columns);
/* Where the page ends that was just given, if there are more; on stderr, for people. */
void cli_tell_more(struct cli *c);
/* Text of a plugin or a user as it is, but for what a terminal would obey: that is shown as \x1B. */
void cli_show(FILE *out, const char *text, size_t len);
/* Columns of a terminal that a text takes: its characters without combining marks. */
size_t cli_width(const char *s, size_t n);
/* Calls a function of the API: in the running service over its socket, else by opening the data directory. `as`: the
 * user to act as, or NULL for the operator. */
int cli_call(struct cli *c, const char *name, const struct val *args, const char *as, struct val *out, struct err *err);
/* The same of a list, to its last page: `options` is the map among `args` that asks for it. */
int cli_call_all(struct cli *c, const char *name, const struct val *args, struct val *options, const char *as,
                 struct val *out, struct err *err);
/* All of a list, as the operator. */
int cli_list(struct cli *c, const char *name, struct val *out, struct err *err);
/* A text of the running service, over its socket: ERR_REFUSED "cli.no_service" without one. The body stands in `out`.
 */
struct buf;
int cli_get(struct cli *c, const char *path, struct buf *out, const char **body, struct err *err);
/* Does a service answer on the data directory's socket? */
bool cli_has_service(struct cli *c);
/* The plugin folders of --plugins, "a:b"; how many. */
size_t cli_plugin_dirs(struct cli *c, const char *dirs[CLI_DIRS_MAX]);
/* Reads a whole file ("-": standard input). */
int cli_read_file(struct cli *c, const char *path, const char **text, size_t *len, struct err *err);

typedef int (*cli_command)(struct cli *c);
struct cli_entry {
    const char *name; /* "serve", "flow" */
    cli_command run;
    const char *usage;
};
extern const struct cli_entry cli_commands[];

int cli_serve(struct cli *c);
int cli_test(struct cli *c);
int cli_report(struct cli *c);
int cli_x(struct cli *c);
int cli_doctor(struct cli *c);
int cli_metrics(struct cli *c);
int cli_audit(struct cli *c);
int cli_audit_export(struct cli *c);
int cli_audit_verify_file(struct cli *c);
/* One erasure; `who`: a code or a number. */
int cli_audit_erase(struct cli *c, const struct val *who, const char *reason, bool published, const char *digest,
                    struct val *out, struct err *err);
int cli_audit_again(struct cli *c); /* cmd_audit_again.c */
extern const char cli_audit_usage[];
int cli_check(struct cli *c);
int cli_api(struct cli *c);
/* khung flow upgrade; the other verbs are calls. */
int cli_flow(struct cli *c);
int cli_console(struct cli *c);
int cli_new(struct cli *c);
int cli_content(struct cli *c);
extern const char cli_content_usages[];
const char *cli_content_usage(const char *verb);
int cli_content_change(struct cli *c); /* create, edit … (cmd_content_change.c); CLI_NO_VERB */
int cli_import(struct cli *c);         /* cmd_import.c */
/* import, export, merge, split, rename, abolish, move (cmd_org.c); the other verbs are calls. */
int cli_org(struct cli *c);
/* pack, install, keygen, trust (cmd_pack.c); the other verbs are calls. */
int cli_plugin(struct cli *c);
int cli_install(struct cli *c);
/* khung user password; the other verbs are calls. */
int cli_user(struct cli *c);
/* flow, task, org, user, plugin, schedule, verify: a table of calls (cli_calls.c). */
int cli_calls(struct cli *c);
const char *cli_calls_usage(const char *noun);

#endif
