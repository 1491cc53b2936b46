/* Lines from a person at a terminal, with history and completion (libedit); from a pipe, line by line. */
#ifndef KHUNG_LINE_EDIT_H
#define KHUNG_LINE_EDIT_H

#include <stdbool.h>

/* `history`: a file, or NULL. `names`: what can be completed, closed by NULL. Both must outlive the editor. */
void line_edit_begin(const char *history, const char *const *names);
/* The next line, valid until the next call; NULL at the end. */
const char *line_edit_next(const char *prompt);
void line_edit_end(void);

#endif
