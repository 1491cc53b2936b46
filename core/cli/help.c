/* khung help [COMMAND]: how each command is written, and what it does in the reader's language. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "cli/cli.h"

enum { COLUMN = 56 };

/* "khung flow list [--flow …]" is said by "help.flow.list"; "khung serve [--config …]" by "help.serve". */
static const char *said(const struct cli *c, const char *line, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";
    const char *noun = line + strcspn(line, " ") + 1;
    size_t n = strspn(noun, letters), v = noun + n < line + len && noun[n] == ' ' ? strspn(noun + n + 1, letters) : 0;
    char key[80];
    snprintf(key, sizeof(key), v ? "help.%.*s.%.*s" : "help.%.*s", (int)n, noun, (int)v, noun + n + 1);
    for (char *p = key; (p = strchr(p, '-'));)
        *p = '_'; /* keys have none */
    return locale_text(c->lang, key);
}

static void print_line(const struct cli *c, FILE *out, const char *line, size_t len)
{
    const char *text = said(c, line, len);
    size_t width = cli_width(line, len);
    if (!text)
        fprintf(out, "%.*s\n", (int)len, line);
    else if (width + 1 < COLUMN)
        fprintf(out, "%.*s%*s%s\n", (int)len, line, (int)(COLUMN - width), "", text);
    else
        fprintf(out, "%.*s\n%*s%s\n", (int)len, line, COLUMN, "", text);
}

static void print_lines(const struct cli *c, FILE *out, const char *lines)
{
    for (const char *p = lines; *p;) {
        size_t len = strcspn(p, "\n");
        print_line(c, out, p, len);
        p += len + (p[len] == '\n');
    }
}

static void print_text(const struct cli *c, FILE *out, const char *key)
{
    const char *text = locale_text(c->lang, key);
    fprintf(out, "%s\n", text ? text : key);
}

bool cli_help(struct cli *c, const char *noun, FILE *out)
{
    bool any = false;
    for (const struct cli_entry *e = cli_commands; e->name; e++) {
        if (noun && strcmp(noun, e->name) != 0) continue;
        if (!any && !noun) {
            print_text(c, out, "cli.help");
            fputc('\n', out);
        }
        any = true;
        print_lines(c, out, e->usage ? e->usage : cli_calls_usage(e->name));
    }
    if (any && !noun) {
        fputc('\n', out);
        print_text(c, out, "cli.help_all");
    }
    return any;
}
