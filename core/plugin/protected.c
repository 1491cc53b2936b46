/* Notes in the session's arena, the same thing once. */
#include "plugin/protected.h"

#include <string.h>

#include "base/arena.h"

static bool is_same(const struct session_read *a, const struct session_read *b)
{
    return a->id == b->id && strcmp(a->kind, b->kind) == 0 && (a->name == NULL) == (b->name == NULL) &&
           (!a->name || strcmp(a->name, b->name) == 0);
}

bool session_notes_reads(const struct session *s)
{
    return (s->mode == SESSION_READ || s->mode == SESSION_WRITE) && s->arena;
}

void session_note_read(struct session *s, const struct session_read *what)
{
    int n = 0;
    if (!session_notes_reads(s)) return;
    for (const struct session_read *r = s->reads; r; r = r->next, n++)
        if (is_same(r, what)) return;
    struct session_read *note = n < PROTECTED_MAX ? arena_alloc(s->arena, sizeof(*note)) : NULL;
    if (!note) return;
    *note = *what;
    note->next = s->reads;
    s->reads = note;
}
