/* Words and flags of a command line; how errors are told. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/locale.h"
#include "cli/cli.h"

static const char test_usage[] =
    "khung test [PLUGIN …] [--plugins DIR:DIR] [--only TEXT] [--fast | --thorough] [--seed N]"
    " [--update] [--coverage] [--lcov FILE] [--junit FILE]";
static const char new_usage[] = "khung new plugin NAME\n"
                                "khung new flow NAME --plugin PLUGIN\n"
                                "khung new report NAME --plugin PLUGIN";
static const char report_usage[] = "khung report list\n"
                                   "khung report run NAME [--param k=v …] [--format table|csv|json]";
static const char plugin_usage[] = "khung plugin keygen FILE\n"
                                   "khung plugin pack DIR [--key FILE] [-o FILE]\n"
                                   "khung plugin trust KEY [--name N] | --list | --remove KEY\n"
                                   "khung plugin install FILE [--dry-run] [--force] [--settings FILE]";
static const char org_usage[] =
    "khung org import FILE | DIR … [--preview]\n"
    "khung org export FILE | DIR | - [--at DATE] [--format json|csv]\n"
    "khung org merge UNIT … --into UNIT [--parts UNIT,UNIT] [--name N --kind K --parent UNIT] [--day DATE] [--act A]"
    " [--dry-run]\n"
    "khung org split UNIT --into UNIT,UNIT [--day DATE] [--act A] [--dry-run]\n"
    "khung org rename UNIT --name NAME [--day DATE] [--act A] [--dry-run]\n"
    "khung org abolish UNIT [--into UNIT] [--day DATE] [--act A] [--dry-run]\n"
    "khung org move UNIT … --parent UNIT [--day DATE] [--act A] [--dry-run]";
/* What each does is said by "help.NOUN" or "help.NOUN.VERB" of the catalogue. */
const struct cli_entry cli_commands[] = {
    {"serve", cli_serve,
     "khung serve [--config FILE] [--plugins DIR:DIR] [--listen ADDRESS:PORT] [--SETTING VALUE] [--dev]"},
    {"test", cli_test, test_usage},
    {"new", cli_new, new_usage},
    {"check", cli_check, "khung check [PLUGIN …] [--plugins DIR:DIR]"},
    {"doctor", cli_doctor, "khung doctor"},
    {"metrics", cli_metrics, "khung metrics"},
    {"api", cli_api, "khung api [--markdown | --json | --lua DIR]"},
    {"console", cli_console, "khung console PLUGIN [--write] [--as USER]"},
    {"content", cli_content, cli_content_usages},
    {"report", cli_report, report_usage},
    {"flow", cli_flow, "khung flow upgrade [PLUGIN] [--flow NAME] [--run ID] [--dry-run]"},
    {"flow", cli_calls, NULL},
    {"task", cli_calls, NULL},
    {"file", cli_calls, NULL},
    {"org", cli_org, org_usage},
    {"org", cli_calls, NULL},
    {"delegation", cli_calls, NULL},
    {"why", cli_calls, NULL},
    {"verbs", cli_calls, NULL},
    {"who-can", cli_calls, NULL},
    {"user", cli_user, "khung user password NAME [--stdin]"},
    {"x", cli_x, "khung x\nkhung x NAME name=value … [--NAME VALUE] [--as USER]"},
    {"user", cli_calls, NULL},
    {"plugin", cli_plugin, plugin_usage},
    {"plugin", cli_calls, NULL},
    {"schedule", cli_calls, NULL},
    {"error", cli_calls, NULL},
    {"audit", cli_audit, cli_audit_usage},
    {"audit", cli_calls, NULL},
    {"openapi", cli_calls, NULL},
    {"notice", cli_calls, NULL},
    {"outbox", cli_calls, NULL},
    {"webhook", cli_calls, NULL},
    {"calendar", cli_calls, NULL},
    {"verify", cli_calls, NULL},
    {0}};

static bool is_bare(const char *name)
{
    static const char *const bare[] = {"json",    "write",   "markdown", "help",      "admin",    "upgrade",
                                       "unread",  "verbose", "dry-run",  "force",     "list",     "dev",
                                       "update",  "dead",    "coverage", "fast",      "thorough", "stdin",
                                       "preview", "all",     "print",    "published", "stop",     "no-wait"};
    for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
        if (strcmp(bare[i], name) == 0) return true;
    return false;
}

static const char *setting(const struct cli *c, const char *flag, const char *env, const char *otherwise)
{
    const char *v = cli_flag(c, flag);
    if (!v) v = getenv(env);
    return v ? v : otherwise;
}

static const char *pick_lang(const struct cli *c)
{
    const char *v = setting(c, "lang", "KHUNG_LANG", getenv("LANG"));
    return v ? locale_pick(v) : "en";
}

static int take_flag(struct cli *c, int argc, char **argv, int *i)
{
    char *name = argv[*i] + 2, *eq = strchr(name, '=');
    const char *value = "";
    if (c->nflags == CLI_FLAGS_MAX) return CLI_USAGE;
    if (eq) {
        *eq = '\0';
        value = eq + 1;
    } else if (!is_bare(name)) {
        if (*i + 1 >= argc) {
            fprintf(stderr, "--%s ?\n", name);
            return CLI_USAGE;
        }
        value = argv[++*i];
    }
    c->flags[c->nflags].name = name;
    c->flags[c->nflags++].value = value;
    return CLI_DONE;
}

int cli_parse(struct cli *c, int argc, char **argv)
{
    int rc = CLI_DONE;
    memset(c, 0, sizeof(*c));
    arena_init(&c->arena, 256 << 20);
    for (int i = 0; rc == CLI_DONE && i < argc; i++) {
        static char out[] = "--out";
        if (strcmp(argv[i], "-o") == 0) argv[i] = out;
        if (strncmp(argv[i], "--", 2) == 0 && argv[i][2])
            rc = take_flag(c, argc, argv, &i);
        else if (c->nwords < CLI_WORDS_MAX)
            c->words[c->nwords++] = argv[i];
        else
            rc = CLI_USAGE;
    }
    c->json = cli_flag(c, "json") != NULL;
    c->lang = pick_lang(c);
    c->data = setting(c, "data", "KHUNG_DATA", "data");
    c->plugins = setting(c, "plugins", "KHUNG_PLUGINS", "plugins");
    return rc;
}

const char *cli_flag(const struct cli *c, const char *name)
{
    for (int i = c->nflags; i-- > 0;)
        if (strcmp(c->flags[i].name, name) == 0) return c->flags[i].value;
    return NULL;
}

int cli_fail(struct cli *c, const struct err *err)
{
    struct buf b;
    buf_init(&b, 8192);
    locale_err(&b, c->lang, err, true);
    for (int i = 1; i < err->nfields; i++) {
        buf_add_str(&b, "\n  ");
        locale_field(&b, c->lang, &err->fields[i]);
    }
    if (err->where[0]) buf_printf(&b, " (%s)", err->where);
    if (err->incident[0]) buf_printf(&b, "\n  khung error show %s", err->incident);
    if (b.len == 0) buf_add_str(&b, err->key);
    fputs("khung: ", stderr);
    cli_show(stderr, b.data, b.len);
    fputc('\n', stderr);
    buf_close(&b);
    return CLI_FAILED;
}

int cli_usage(struct cli *c, const char *usage)
{
    struct buf b;
    buf_init(&b, 4096);
    locale_format(&b, c->lang, "cli.usage", "usage", usage, NULL);
    fprintf(stderr, "%s\n", b.data ? b.data : usage);
    buf_close(&b);
    return CLI_USAGE;
}

int cli_read_file(struct cli *c, const char *path, const char **text, size_t *len, struct err *err)
{
    struct buf b;
    char block[65536];
    ssize_t n = -1;
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    buf_init(&b, 64 << 20);
    while (fd >= 0 && (n = read(fd, block, sizeof(block))) > 0)
        buf_add(&b, block, (size_t)n);
    int error = errno;
    if (fd > 0) close(fd);
    char *copy = n == 0 && buf_ok(&b) ? arena_strndup(&c->arena, b.data ? b.data : "", b.len) : NULL;
    *text = copy;
    *len = b.len;
    buf_close(&b);
    if (n != 0) return err_set(err, ERR_IO, "cli.file", "file", path, "detail", strerror(error), NULL);
    return copy ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
