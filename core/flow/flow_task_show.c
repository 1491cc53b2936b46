/* A task as people see it: what is asked, about which text and what changed in it, who has it, what one may do. */
#include "flow/flow_task.h"

#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "content/content.h"
#include "flow/flow_vote.h"

static int too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

/* What differs from the text that was shown when this was asked before. */
static int show_changed(struct store *db, const struct flow_task *t, struct arena *a, struct val *out, struct err *err)
{
    struct content_span span = {.item = t->about, .from = t->since_rev, .to = t->about_rev};
    struct val changed, copy;
    if (!t->since_rev || t->since_rev == t->about_rev) return 0;
    int rc = content_diff(db, &span, a, &changed, err);
    if (rc) return rc == ERR_NOT_FOUND ? 0 : rc;
    if (val_copy(a, &changed, &copy) || val_set(a, out, "changed", copy)) return too_large(err);
    return 0;
}

/* A term that touches a year of which no calendar is known may turn out to be another. */
static int show_warnings(struct session *s, const struct flow_task *t, struct arena *a, struct val *out)
{
    struct buf text;
    struct err_num year;
    struct val list = val_list();
    if (!t->gap) return 0;
    buf_init(&text, 1000);
    locale_format(&text, s->lang, "task.warn_calendar", "year", err_i64(&year, t->gap), NULL);
    char *copy = arena_strndup(a, text.data ? text.data : "", text.len);
    buf_close(&text);
    return !copy || val_add(a, &list, val_str(copy)) || val_set(a, out, "warnings", list) ? ERR_NOMEM : 0;
}

static int show_about(struct arena *a, const struct flow_task *t, struct val *out)
{
    int rc = 0;
    if (!t->about) return 0;
    rc |= val_set(a, out, "about", val_int(t->about));
    rc |= val_set(a, out, "about_revision", val_int(t->about_rev));
    if (t->about_hash) rc |= val_set(a, out, "about_hash", val_str(t->about_hash));
    if (t->part.type != VAL_NIL) rc |= val_set(a, out, "part", t->part);
    return rc;
}

/* What an answer to this, as it is now, carries. */
static int show_shown(struct store *db, const struct flow_task *t, struct arena *a, struct val *out, struct err *err)
{
    char shown[DIGEST_HEX];
    int rc = flow_task_shown(db, t, a, shown, err);
    char *copy = rc ? NULL : arena_strdup(a, shown);
    if (rc) return rc;
    return !copy || val_set(a, out, "shown", val_str(copy)) ? too_large(err) : 0;
}

static int show_state(struct arena *a, const struct flow_task *t, struct val *out)
{
    static const char *const states[] = {"open", "decided", "closed"};
    int rc = val_set(a, out, "state", val_str(states[t->state]));
    if (t->due && t->due != INT64_MAX) rc |= val_set(a, out, "due", val_int(t->due));
    if (t->claimed_by) rc |= val_set(a, out, "claimed_by", val_int(t->claimed_by));
    if (t->claimed_by) rc |= val_set(a, out, "claimed_until", val_int(t->claimed_until));
    if (t->orphan) rc |= val_set(a, out, "orphan", val_int(t->orphan));
    if (t->orphan && t->orphan_why) rc |= val_set(a, out, "orphan_why", val_str(t->orphan_why));
    if (t->answer.type != VAL_NIL) rc |= val_set(a, out, "answer", t->answer);
    if (t->decided_by) rc |= val_set(a, out, "decided_by", val_int(t->decided_by));
    if (t->decided_at) rc |= val_set(a, out, "decided_at", val_int(t->decided_at));
    return rc;
}

int flow_task_show(struct session *s, struct store *db, const struct flow_task *t, struct arena *a, struct val *out,
                   struct err *err)
{
    struct val form, fields;
    *out = val_map();
    int rc = val_set(a, out, "id", val_int(t->id)) | val_set(a, out, "run", val_int(t->run)) |
             val_set(a, out, "title", val_str(t->title)) | val_set(a, out, "to", t->targets) | show_state(a, t, out) |
             show_about(a, t, out);
    if (t->kind == TASK_BALLOT) rc |= val_set(a, out, "kind", val_str("ballot"));
    if (t->see) rc |= val_set(a, out, "see", val_str(t->see));
    if (t->help) rc |= val_set(a, out, "help", val_str(t->help));
    if (t->form.type != VAL_NIL) rc |= val_set(a, out, "form", t->form);
    rc |= show_warnings(s, t, a, out);
    if (rc) return too_large(err);
    rc = show_shown(db, t, a, out, err);
    if (rc == 0) rc = flow_task_form(a, t, &form, err);
    if (rc == 0) rc = flow_task_fields(a, &form, s->lang, &fields, err);
    if (rc == 0) rc = val_set(a, out, "fields", fields) ? too_large(err) : 0;
    if (rc == 0) rc = show_changed(db, t, a, out, err);
    return rc ? rc : flow_task_show_may(s, t, out, err);
}

/* While it is on: is it secret, may one change it, what it takes. */
static int show_vote(struct session *s, const struct flow_task *t, struct arena *a, struct val *out, struct err *err)
{
    static const char *const of[] = {"members", "present"}, *const absent[] = {"written", "not_counted", "against"};
    struct vote v;
    struct val shown = val_map();
    if (t->kind != TASK_BALLOT) return 0;
    int rc = flow_vote_load(s, t->run, t->entry, &v, err);
    if (rc != 1) return rc;
    rc = val_set(a, &shown, "secret", val_bool(v.secret)) |
         val_set(a, &shown, "change", val_bool(v.can_change && !v.secret)) |
         val_set(a, &shown, "members", val_int((int64_t)v.members.as.list.n)) |
         val_set(a, &shown, "quorum", val_str(v.quorum_text)) |
         val_set(a, &shown, "threshold", val_str(v.threshold_text)) | val_set(a, &shown, "of", val_str(of[v.of])) |
         val_set(a, &shown, "absent", val_str(absent[v.absent])) | val_set(a, out, "vote", shown);
    return rc ? too_large(err) : 0;
}

int flow_task_show_item(struct session *s, const struct flow_task *t, struct arena *a, struct val *out, struct err *err)
{
    struct content_key k = {.id = t->about, .rev = t->about_rev};
    struct val item;
    int rc = show_vote(s, t, a, out, err);
    if (rc || !t->about) return rc;
    rc = content_get(s, &k, a, &item, err);
    if (rc == 1 && val_set(a, out, "item", item)) rc = too_large(err);
    return rc < 0 ? rc : 0;
}
