/* Links of mails about tasks: to the task's page for who can log in; and one that decides by itself, for who has no
 * account, or for all where the configuration allows it (mail_links). */
#include "notify/notify_internal.h"

#include <string.h>

#include "base/kinds.h"
#include "base/locale.h"
#include "flow/task.h"

static const int64_t week_ms = 7 * 86400000LL, longest_ms = 90 * 86400000LL;

/* As long as there is to decide it, and a week at least. */
static int64_t expiry(int64_t due, int64_t now)
{
    return due < now + week_ms ? now + week_ms : due > now + longest_ms ? now + longest_ms : due;
}

/* 1 and a token; 0: this person cannot decide it (any more), so there is nothing to link to. */
static int make(struct session *s, const struct notice *w, int64_t person, char token[TASK_TOKEN_LEN], struct err *err)
{
    struct err refused = {0};
    int rc = flow_link_make(s, w->ref, person, expiry(w->due, s->now), token, &refused);
    if (rc == 0) return 1;
    if (!err_is_fault(rc)) return 0;
    *err = refused;
    return rc;
}

static int add_decision(struct notify *n, struct session *s, const struct notice_links *l, struct buf *out,
                        struct err *err)
{
    const struct notice *w = l->notice;
    char token[TASK_TOKEN_LEN];
    struct val at;
    int rc = make(s, w, l->person, token, err);
    if (rc <= 0) return rc;
    if (kind_instant(s->arena, expiry(w->due, s->now), s->zone, &at) != 0)
        return err_set(err, ERR_NOMEM, "memory", NULL);
    locale_format(out, l->lang, "notify.decide", "at", val_get_str(at.as.obj.fields, "text"), NULL);
    buf_printf(out, "\n%s/t/%s\n", n->url, token);
    return 1;
}

int notice_add_links(struct notify *n, struct session *s, const struct notice_links *l, struct buf *out,
                     struct err *err)
{
    const struct notice *w = l->notice;
    if (!w->link || !n->url[0]) return 0;
    bool is_task = strncmp(w->kind, "task.", 5) == 0;
    int entry = is_task ? people_entry(s->db, l->person, err) : PEOPLE_HAS_ACCOUNT;
    if (entry < 0) return entry;
    if (entry != PEOPLE_NO_ACCOUNT) buf_printf(out, "%s%s\n", n->url, w->link);
    bool decides = is_task && (entry == PEOPLE_NO_ACCOUNT || (entry == PEOPLE_HAS_ACCOUNT && n->mail_links));
    return decides ? add_decision(n, s, l, out, err) : 0;
}
