/* Who may do what to content: one policy (people), asked for the unit that an item belongs to. */
#include "content/content_internal.h"

#include <stdio.h>

#include "people/people.h"

int content_may(struct session *s, const char *verb, int64_t unit, struct err *err)
{
    char name[48];
    snprintf(name, sizeof(name), "content.%s", verb);
    return people_check(s, name, unit, err);
}

/* Without the right one sees what is public; a fault of the host shows itself at the next
 * statement. */
bool content_may_read_drafts(struct session *s, int64_t unit)
{
    struct err ignored = {0};
    return people_check(s, "content.read_draft", unit, &ignored) == 0;
}
