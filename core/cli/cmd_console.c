/* khung console: a prompt in a plugin's environment, of the running service or of the data directory.
 *
 * What is typed is a program of its own: `local` ends with it. Reads on a snapshot; with --write each is a transaction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/locale.h"
#include "cli/cli.h"
#include "cli/example.h"
#include "cli/line_edit.h"

enum { NAMES_MAX = 600 };

static const char usage[] = "khung console PLUGIN [--write] [--as USER]";

/* Every function of the API has an example: their names are what can be completed, beside what Lua has. */
static void collect_names(struct cli *c, const char *names[NAMES_MAX])
{
    static const char *const lua[] = {"assert",       "config",       "error",      "ipairs",        "local",
                                      "math.floor",   "math.max",     "math.min",   "pairs",         "pcall",
                                      "require",      "return",       "select",     "string.format", "string.match",
                                      "table.concat", "table.insert", "table.sort", "table.unpack",  "tonumber",
                                      "tostring",     "function",     "exit"};
    struct example_cursor cursor = {0};
    struct example e;
    size_t n = 0;
    for (size_t i = 0; i < sizeof(lua) / sizeof(lua[0]); i++)
        names[n++] = lua[i];
    while (n + 1 < NAMES_MAX && example_next(&cursor, &e))
        names[n++] = arena_strdup(&c->arena, e.name);
    names[n] = NULL;
}

static const char *history_file(struct cli *c)
{
    const char *home = getenv("HOME");
    return home && *home ? arena_printf(&c->arena, "%s/.khung_history", home) : NULL;
}

/* Text as it is, all else as JSON: nothing is left out as in a table. */
static void print_value(const struct val *v)
{
    struct buf b;
    buf_init(&b, 64 << 20);
    if (v->type == VAL_STR)
        buf_add(&b, v->as.str.s, v->as.str.len);
    else if (v->type == VAL_NIL)
        buf_add_str(&b, "nil");
    else
        json_write_pretty(&b, v);
    cli_show(stdout, b.data, b.len);
    putchar('\n');
    fflush(stdout);
    buf_close(&b);
}

enum outcome { RAN, FAILED, UNFINISHED };

/* One program; its value is printed. UNFINISHED, unless it is the last word: more may follow, as after `do`. */
static enum outcome run_text(struct cli *c, const char *plugin, const char *text, bool write, bool last)
{
    struct val args = val_list(), out = val_nil();
    struct err err = {0};
    int rc = val_add(&c->arena, &args, val_str(plugin));
    if (rc == 0) rc = val_add(&c->arena, &args, val_str(text));
    if (rc == 0) rc = cli_call(c, write ? "console.write" : "console.read", &args, cli_flag(c, "as"), &out, &err);
    if (rc && !last && strcmp(err.key, "lua.syntax") == 0 && strstr(err.text, "near <eof>")) return UNFINISHED;
    if (rc)
        cli_fail(c, &err);
    else
        print_value(&out);
    return rc ? FAILED : RAN;
}

/* Lines are taken until they make a program; an empty one says that no more will come. */
static bool run_lines(struct cli *c, const char *plugin, const char *line, bool write)
{
    const char *prompt = arena_printf(&c->arena, "%*s.. ", (int)strlen(plugin) - 1, ""), *text = line;
    enum outcome outcome;
    while ((outcome = run_text(c, plugin, text, write, false)) == UNFINISHED) {
        line = line_edit_next(prompt ? prompt : ".. ");
        if (!line || !line[strspn(line, " \t")]) return run_text(c, plugin, text, write, true) == RAN;
        text = arena_printf(&c->arena, "%s\n%s", text, line);
        if (!text) return false;
    }
    return outcome == RAN;
}

static void greet(const struct cli *c, const char *plugin, bool write)
{
    const char *text = locale_text(c->lang, write ? "console.write" : "console.read");
    if (isatty(STDIN_FILENO)) printf("%s\n", text ? text : plugin);
}

int cli_console(struct cli *c)
{
    const char *names[NAMES_MAX], *line;
    bool write = cli_flag(c, "write") != NULL, ok = true;
    if (c->nwords != 2) return cli_usage(c, usage);
    const char *plugin = c->words[1];
    const char *prompt = arena_printf(&c->arena, "%s%s ", plugin, write ? "!" : ">");
    collect_names(c, names);
    greet(c, plugin, write);
    line_edit_begin(history_file(c), names);
    while ((line = line_edit_next(prompt ? prompt : "> ")) && strcmp(line, "exit") != 0) {
        struct arena_mark mark = arena_mark(&c->arena);
        if (line[strspn(line, " \t")]) ok = run_lines(c, plugin, arena_strdup(&c->arena, line), write);
        arena_rewind(&c->arena, mark);
    }
    line_edit_end();
    /* From a pipe, the last line decides; a person has seen what failed. */
    return ok || isatty(STDIN_FILENO) ? CLI_DONE : CLI_FAILED;
}
