/* libedit is opened when a person types at a terminal, and not otherwise: no other command needs it. */
#include "cli/line_edit.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { LINE_LEN = 64 << 10 };

typedef char *complete_fn(const char *text, int state);
typedef char **completer(const char *text, int start, int end);

static struct {
    bool there;
    char *(*readline)(const char *prompt);
    int (*add_history)(const char *line);
    int (*read_history)(const char *file);
    int (*write_history)(const char *file);
    char **(*matches)(const char *text, complete_fn *next);
    const char *history;
    const char *const *names;
    char *line;
} edit;

/* The next name that begins with the text; called until NULL. The library frees what it gets. */
static char *next_name(const char *text, int state)
{
    static size_t at;
    if (state == 0) at = 0;
    while (edit.names[at]) {
        const char *name = edit.names[at++];
        /* From the heap of the C library, as is what readline gives. */
        if (strncmp(name, text, strlen(text)) == 0) return mem_strdup(name);
    }
    return NULL;
}

static char **complete(const char *text, int start, int end)
{
    (void)start;
    (void)end;
    return edit.matches(text, next_name);
}

static bool find(void *library, const char *name, void *into)
{
    void *found = dlsym(library, name);
    if (found) *(void **)into = found;
    return found != NULL;
}

static bool open_library(void)
{
    void *library = isatty(STDIN_FILENO) ? dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL) : NULL;
    completer **completion;
    const char **breaks;
    int *append;
    if (!library) return false;
    bool ok = find(library, "readline", &edit.readline) && find(library, "add_history", &edit.add_history) &&
              find(library, "read_history", &edit.read_history) &&
              find(library, "write_history", &edit.write_history) &&
              find(library, "rl_completion_matches", &edit.matches) &&
              find(library, "rl_attempted_completion_function", &completion) &&
              find(library, "rl_basic_word_break_characters", &breaks) &&
              find(library, "rl_completion_append_character", &append);
    if (!ok) return false;
    *completion = complete;
    *append = 0; /* what follows a name is a bracket, not a blank */
    *breaks = " \t\n\"'(){}[]=+-*/<>,;#";
    return true;
}

void line_edit_begin(const char *history, const char *const *names)
{
    edit.history = history;
    edit.names = names;
    edit.there = open_library();
    if (edit.there && history) edit.read_history(history);
}

const char *line_edit_next(const char *prompt)
{
    if (edit.there) {
        mem_free(edit.line);
        edit.line = edit.readline(prompt);
        if (edit.line && edit.line[0]) edit.add_history(edit.line);
        return edit.line;
    }
    if (isatty(STDIN_FILENO)) {
        fputs(prompt, stdout);
        fflush(stdout);
    }
    static char text[LINE_LEN];
    if (!fgets(text, sizeof(text), stdin)) return NULL;
    text[strcspn(text, "\n")] = '\0';
    return text;
}

void line_edit_end(void)
{
    if (edit.there && edit.history) edit.write_history(edit.history);
    mem_free(edit.line);
    edit.line = NULL;
}
