/* Which flags a command knows: those that its usage names, so that help cannot forget one and a slip cannot be taken
 * for one. A flag that nobody reads is refused: without it, --dry-rum would do the thing. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "base/text.h"
#include "cli/cli.h"

enum { NAME_MAX = 32, FAR = 4 };

/* Every command takes them. */
static const char *const common[] = {"as",      "data",     "help",    "json", "lang",
                                     "plugins", "settings", "verbose", "zone", NULL};

struct search {
    const char *given; /* the flag of the command line */
    bool found;
    char nearest[NAME_MAX];
    size_t far;
    struct buf usage; /* the lines that were looked at */
};

static void look_at(struct search *s, const char *name)
{
    size_t far = text_distance(s->given, name);
    if (far == 0) s->found = true;
    if (far >= s->far) return;
    s->far = far;
    snprintf(s->nearest, sizeof(s->nearest), "%s", name);
}

/* The flags of one line: --name, and -o for --out. --SETTING: any, which the command reads by itself. */
static void look_at_line(struct search *s, const char *line, size_t len)
{
    for (const char *p = line; p < line + len; p++) {
        char name[NAME_MAX];
        size_t n = 0;
        bool short_one = strncmp(p, "-o ", 3) == 0 && p > line && !isalnum((unsigned char)p[-1]);
        if (short_one) look_at(s, "out");
        if (strncmp(p, "--", 2) != 0) continue;
        for (p += 2; n + 1 < sizeof(name) && p < line + len && (isalpha((unsigned char)*p) || *p == '-'); p++)
            name[n++] = *p;
        name[n] = '\0';
        if (isupper((unsigned char)name[0]))
            s->found = true;
        else if (n)
            look_at(s, name);
    }
}

/* Does "khung org merge UNIT …" tell of these words? */
static bool is_of(const char *line, size_t len, const struct cli *c)
{
    const char *noun = line + sizeof("khung ") - 1;
    size_t n = strcspn(noun, " \n"), at = (size_t)(noun - line) + n + 1;
    if (strlen(c->words[0]) != n || strncmp(noun, c->words[0], n) != 0) return false;
    if (at >= len || !islower((unsigned char)line[at])) return true;
    size_t verb = strcspn(line + at, " \n");
    return c->nwords > 1 && strlen(c->words[1]) == verb && strncmp(line + at, c->words[1], verb) == 0;
}

/* False: no usage is of these words; the command says so by itself. */
static bool look_at_usage(struct search *s, const struct cli *c)
{
    bool any = false;
    for (const struct cli_entry *e = cli_commands; e->name; e++) {
        if (strcmp(e->name, c->words[0]) != 0) continue;
        for (const char *p = e->usage ? e->usage : cli_calls_usage(e->name); *p;) {
            size_t len = strcspn(p, "\n");
            if (is_of(p, len, c)) {
                any = true;
                look_at_line(s, p, len);
                buf_printf(&s->usage, "%s%.*s", s->usage.len ? "\n       " : "", (int)len, p);
            }
            p += len + (p[len] == '\n');
        }
    }
    return any;
}

static void tell(struct cli *c, const struct search *s)
{
    struct buf b;
    const char *key = s->nearest[0] ? "cli.flag_nearest" : "cli.flag";
    buf_init(&b, 4096);
    locale_format(&b, c->lang, key, "flag", s->given, "nearest", s->nearest, NULL);
    fprintf(stderr, "%s\n", b.data ? b.data : s->given);
    cli_usage(c, s->usage.data);
    buf_close(&b);
}

int cli_check_flags(struct cli *c)
{
    int rc = CLI_DONE;
    for (int i = 0; rc == CLI_DONE && i < c->nflags; i++) {
        struct search s = {.given = c->flags[i].name, .far = FAR};
        buf_init(&s.usage, 16 << 10);
        for (const char *const *name = common; *name; name++)
            look_at(&s, *name);
        if (!s.found && look_at_usage(&s, c) && !s.found) {
            tell(c, &s);
            rc = CLI_USAGE;
        }
        buf_close(&s.usage);
    }
    return rc;
}
