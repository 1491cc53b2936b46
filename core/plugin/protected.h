/* Reads of something protected: what is not public, by somebody whose own work it is not. Whoever reads it is told to
 * the audit before the answer goes out, once for a reader, a thing and a day (http/told.h). Protected are
 *
 *     a draft, an old revision, a list of drafts, an item's history   but not one's own, and not what one is asked
 * about a file that hangs on no published revision                     but not one that one has handed in
 *     persons, found by what was typed
 *
 * Other calls that give out what is kept of persons are told each time (api_fn.guarded). A call notes what it reads in
 * its session; where nobody waits for an answer (runs, hooks, specs) nothing is noted, or nobody asks what was. What is
 * read on the lane is told in the same slice, with what was written. Any thread. */
#ifndef KHUNG_PROTECTED_H
#define KHUNG_PROTECTED_H

#include "plugin/session.h"

enum { PROTECTED_MAX = 200 }; /* things in one answer; more are not told one by one */

struct session_read {
    struct session_read *next;
    const char *verb, *kind, *name; /* "content.read", "item"; name: NULL, or what has no number */
    int64_t id, unit;               /* 0: none */
};
bool session_notes_reads(const struct session *s);
/* Strings are constants, or live as long as the session's arena. */
void session_note_read(struct session *s, const struct session_read *what);

#endif
