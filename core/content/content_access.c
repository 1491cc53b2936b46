/* Who may do what to content: one policy (people), asked for the unit that an item belongs to. */
#include "content/content_internal.h"

#include <stdio.h>

#include "file/file.h"
#include "people/people.h"

int content_may(struct session *s, const char *verb, int64_t unit, const char *state, struct err *err)
{
    char name[48];
    snprintf(name, sizeof(name), "content.%s", verb);
    return people_check_in(s, name, unit, state, err);
}

/* Without the right one sees what is public; a fault of the host shows itself at the next
 * statement. */
bool content_may_read_drafts(struct session *s, int64_t unit, const char *state)
{
    struct err ignored = {0};
    return people_check_in(s, "content.read_draft", unit, state, &ignored) == 0;
}

/* The published revision is everybody's; others are theirs who may read drafts, or edit them. */
static int item_seen(void *ctx, struct session *s, int64_t file, int64_t id, struct err *err)
{
    struct content_row row;
    struct err ignored = {0};
    int rc = content_row_load(s->db, id, &row, err);
    (void)ctx;
    if (rc) return err_is_fault(rc) ? rc : 0;
    struct file_thing published = {.kind = "item", .id = id, .part = row.pub_rev};
    rc = row.pub_id ? file_hangs(s->db, file, &published, err) : 0;
    if (rc == 1 && s->actor.user == PEOPLE_ANONYMOUS) {
        struct registry *r = content_registry(s);
        if (!content_is_public(r, row.type)) rc = 0;
        if (r) registry_drop(r);
    }
    if (rc) return rc;
    const char *state = content_state_name(row.state);
    return content_may_read_drafts(s, row.unit, state) || content_may(s, "edit", row.unit, state, &ignored) == 0;
}

void content_files_attach(struct content *c)
{
    files_add_kind(c->host->files, "item", item_seen, c);
}
