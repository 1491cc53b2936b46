/* The one transition function, and its table of allowed moves.
 *
 * REST, command line, Lua, import and the lane's publisher all come through here; nothing else
 * writes `state`. A move is checked, offered to the before_* hooks, checked again (a hook may have
 * changed the item), applied, logged and told. */
#include "content/content_internal.h"

#include <string.h>

#include "runtime/crash.h"
#include "runtime/log.h"

#define FROM(state) (1u << CONTENT_##state)

static const struct rule {
    const char *name, *before, *after;
    unsigned from;
    enum content_state to;
    bool binds; /* to a revision: the caller's must be the newest */
    bool needs_approval;
    bool needs_reason;
    bool needs_public;
} rules[] = {
    [CONTENT_SUBMIT] = {"submit", "content.before_submit", "content.submitted",
                        FROM(DRAFT) | FROM(RETRACTED) | FROM(ARCHIVED), CONTENT_IN_REVIEW},
    [CONTENT_APPROVE] = {"approve", "content.before_approve", "content.approved", FROM(DRAFT) | FROM(IN_REVIEW),
                         CONTENT_APPROVED, .binds = true},
    [CONTENT_SEND_BACK] = {"send_back", "content.before_send_back", "content.sent_back",
                           FROM(DRAFT) | FROM(IN_REVIEW) | FROM(APPROVED) | FROM(SCHEDULED), CONTENT_DRAFT,
                           .needs_reason = true},
    [CONTENT_SCHEDULE] = {"schedule", "content.before_schedule", "content.scheduled",
                          FROM(DRAFT) | FROM(IN_REVIEW) | FROM(APPROVED) | FROM(SCHEDULED), CONTENT_SCHEDULED,
                          .binds = true, .needs_approval = true},
    [CONTENT_PUBLISH] = {"publish", "content.before_publish", "content.published",
                         FROM(DRAFT) | FROM(IN_REVIEW) | FROM(APPROVED) | FROM(SCHEDULED) | FROM(RETRACTED) |
                             FROM(ARCHIVED),
                         CONTENT_PUBLISHED, .binds = true, .needs_approval = true},
    [CONTENT_RETRACT] = {"retract", "content.before_retract", "content.retracted",
                         FROM(DRAFT) | FROM(IN_REVIEW) | FROM(APPROVED) | FROM(SCHEDULED) | FROM(PUBLISHED),
                         CONTENT_RETRACTED, .needs_reason = true, .needs_public = true},
    [CONTENT_ARCHIVE] = {"archive", "content.before_archive", "content.archived",
                         FROM(DRAFT) | FROM(IN_REVIEW) | FROM(APPROVED) | FROM(SCHEDULED) | FROM(PUBLISHED) |
                             FROM(RETRACTED),
                         CONTENT_ARCHIVED},
};

const char *content_verb_name(enum content_verb v)
{
    return rules[v].name;
}

static int stale(const struct content_row *row, int64_t expected, struct err *err)
{
    struct err_num n, m, k;
    return err_set(err, ERR_CONFLICT, "conflict.revision", "item", err_i64(&n, row->id), "expected",
                   err_i64(&m, expected), "current", err_i64(&k, row->draft_rev), NULL);
}

static int check_approval(const struct content_row *row, const struct content_move *m, struct err *err)
{
    struct err_num n, k;
    bool approved = row->approved_rev == row->draft_rev && (!m->rev || m->rev == row->approved_rev);
    if (approved) return 0;
    return err_set(err, ERR_REFUSED, "refused.approval", "item", err_i64(&n, row->id), "revision",
                   err_i64(&k, m->rev ? m->rev : row->draft_rev), "verb", rules[m->verb].name, NULL);
}

/* The answer of a task, where one was given: about this item and this very text, and not voided meanwhile. */
static int check_answer(const struct content_row *row, const struct val *by, struct err *err)
{
    struct err_num n, k;
    const struct val *fields = val_is(by, VAL_OBJ) ? by->as.obj.fields : by;
    if (!val_is(fields, VAL_MAP)) return 0;
    const struct val *hash = val_get(fields, "hash");
    int64_t about = val_get_int(fields, "item", row->id);
    if (about != row->id)
        return err_set(err, ERR_REFUSED, "refused.other_item", "item", err_i64(&n, row->id), "other",
                       err_i64(&k, about), NULL);
    bool voided = val_get_bool(fields, "voided", false) || (val_is(hash, VAL_STR) && !val_is_str(hash, row->hash));
    if (!voided) return 0;
    return err_set(err, ERR_REFUSED, "refused.voided", "item", err_i64(&n, row->id), NULL);
}

static int check_dates(const struct content_move *m, struct err *err)
{
    if (m->verb != CONTENT_SCHEDULE) return 0;
    if (m->at <= 0) return err_set(err, ERR_INVALID, "content.schedule_at", NULL);
    if (m->until && m->until <= m->at) return err_set(err, ERR_INVALID, "content.schedule_until", NULL);
    return 0;
}

static int check(struct session *s, const struct content_type *t, const struct content_row *row,
                 const struct content_move *m, struct err *err)
{
    const struct rule *r = &rules[m->verb];
    struct err_num n;
    int rc = 0;
    if (!(r->from & (1u << row->state)) || (r->needs_public && !row->pub_rev))
        return err_set(err, ERR_REFUSED, "refused.transition", "item", err_i64(&n, row->id), "verb", r->name, "state",
                       content_state_name(row->state), NULL);
    if (r->needs_reason && (!m->reason || !m->reason[0]))
        return err_set(err, ERR_INVALID, "content.reason", "verb", r->name, NULL);
    if (m->reason && strlen(m->reason) > CONTENT_REASON_MAX)
        return err_set(err, ERR_LIMIT, "limit.size", "what", "reason", NULL);
    if (r->needs_approval && t->approval) rc = check_approval(row, m, err);
    if (rc == 0 && r->binds && m->rev && m->rev != row->draft_rev) rc = stale(row, m->rev, err);
    if (rc == 0 && m->verb == CONTENT_APPROVE) rc = check_answer(row, m->by, err);
    if (rc == 0 && m->verb == CONTENT_APPROVE) rc = content_check_approver(s, t, row->id, m->by, err);
    return rc ? rc : check_dates(m, err);
}

/* What is public goes; the item's own line of drafts is another matter. */
static int withdraw(struct session *s, const struct content_type *t, struct content_row *row, struct err *err)
{
    int rc = 0;
    if (row->pub_rev) rc = table_delete(s->db, t->pub, row->id, err);
    if (rc == 0) rc = content_index_remove(s->db, row->id, true, err);
    row->pub_rev = row->pub_id = row->pub_until = 0;
    return rc;
}

static int take_slug(struct session *s, struct content_row *row, struct err *err)
{
    if (!row->next_slug[0]) return 0;
    if (!row->was_public && strcmp(row->slug, row->next_slug) != 0) {
        int rc = content_slug_drop(s->db, row->type, row->slug, err);
        if (rc) return rc;
    }
    memcpy(row->slug, row->next_slug, sizeof(row->slug));
    row->next_slug[0] = '\0';
    return 0;
}

int content_publish_now(struct session *s, const struct content_type *t, struct content_row *row, struct err *err)
{
    struct arena a;
    struct val stored;
    struct content_revision rev;
    arena_init(&a, 4 * CONTENT_BODY_MAX);
    int rc = content_revision_load(s->db, row->id, row->draft_rev, &a, &rev, err);
    if (rc == 0) rc = content_body_read(t, rev.body, rev.body_len, &a, &stored, err);
    if (rc == 0) rc = take_slug(s, row, err);
    if (rc) goto out;
    crash_point("content.before_publish");
    row->pub_rev = row->draft_rev;
    row->pub_id = rev.id;
    row->pub_until = row->state == CONTENT_SCHEDULED ? row->until_at : 0;
    row->until_at = row->scheduled_rev = 0;
    row->state = CONTENT_PUBLISHED;
    row->was_public = true;
    if (!row->published_at) row->published_at = s->now;
    if (!row->publish_at) row->publish_at = s->now;
    rc = content_table_put(s->db, t, row, &stored, true, err);
    if (rc == 0) rc = content_index_put(s->db, t, row->id, &stored, true, err);
    if (rc == 0) rc = content_index_remove(s->db, row->id, false, err);
    crash_point("content.after_publish");
out:
    arena_close(&a);
    return rc;
}

/* One move on its way. */
struct step {
    struct content *c;
    struct session *s;
    const struct content_move *m;
    const struct content_type *t;
    struct content_row row;
    struct arena a;
    struct err *err;
};

static int apply(struct step *p)
{
    const struct content_move *m = p->m;
    struct content_row *row = &p->row;
    bool is_older_public = row->pub_rev && row->pub_rev != row->draft_rev;
    switch (m->verb) {
    case CONTENT_PUBLISH:
        return content_publish_now(p->s, p->t, row, p->err);
    case CONTENT_SUBMIT:
        break;
    case CONTENT_APPROVE:
        row->approved_rev = row->draft_rev;
        break;
    case CONTENT_SEND_BACK:
        row->approved_rev = row->scheduled_rev = row->until_at = 0;
        break;
    case CONTENT_SCHEDULE:
        row->scheduled_rev = row->draft_rev;
        row->publish_at = m->at;
        row->until_at = m->until;
        break;
    case CONTENT_RETRACT:
        row->approved_rev = row->scheduled_rev = row->until_at = row->published_at = 0;
        row->state = CONTENT_RETRACTED;
        return withdraw(p->s, p->t, row, p->err);
    case CONTENT_ARCHIVE:
        /* The end of what is public must not sweep away a newer draft that is on its way. */
        if (!(m->expires && is_older_public)) {
            row->state = CONTENT_ARCHIVED;
            row->approved_rev = row->scheduled_rev = row->until_at = 0;
        }
        return withdraw(p->s, p->t, row, p->err);
    }
    row->state = rules[m->verb].to;
    return 0;
}

void content_wake_due(struct content *c, struct session *s, const struct content_row *row)
{
    if (s->lane && row->due_at) lane_wake_at(s->lane, &c->source, row->due_at);
}

/* Who decided, and as what: { person =, as = } out of the answer of a task. */
static int add_decider(struct step *p, struct val *out)
{
    const struct val *by = p->m->by, *fields = val_is(by, VAL_OBJ) ? by->as.obj.fields : by;
    const struct val *who = val_get(fields, "by"), *as = val_get(fields, "as");
    int64_t person = val_is(who, VAL_OBJ) ? who->as.obj.id : val_is(who, VAL_INT) ? who->as.i : 0;
    struct val told = val_map();
    int rc = person ? val_set(&p->a, &told, "person", val_int(person)) : 0;
    if (rc == 0 && val_is(as, VAL_STR)) rc = val_set(&p->a, &told, "as", *as);
    return rc || told.as.map.n == 0 ? rc : val_set(&p->a, out, "by", told);
}

/* What the events of this move say beside the head. */
static int extras(struct step *p, struct val *out)
{
    const struct content_move *m = p->m;
    int rc = 0;
    *out = val_map();
    if (m->reason) rc = val_set(&p->a, out, "reason", val_str(m->reason));
    if (rc == 0 && val_is(m->notes, VAL_MAP)) rc = val_set(&p->a, out, "notes", *m->notes);
    if (rc == 0) rc = add_decider(p, out);
    if (rc == 0 && m->verb == CONTENT_SCHEDULE) rc = val_set(&p->a, out, "publish_at", val_int(m->at));
    if (rc == 0 && m->verb == CONTENT_PUBLISH) rc = val_set(&p->a, out, "slug", val_str(p->row.slug));
    return rc ? content_too_large(p->err) : 0;
}

/* Is the revision that was just published a correction? */
static int find_note(struct step *p, bool *noted)
{
    struct stmt *st = store_stmt(p->s->db, "select note is not null from revision where id=?1", p->err);
    if (!st) return p->err->code;
    stmt_bind_int(st, 1, p->row.pub_id);
    int rc = stmt_step(st, p->err);
    *noted = rc == 1 && stmt_int(st, 0);
    stmt_done(st);
    return rc < 0 ? rc : 0;
}

/* Saves, logs and tells what was applied. */
static int finish(struct step *p, enum content_state was)
{
    struct content_log_entry e = {
        .verb = rules[p->m->verb].name, .was = was, .reason = p->m->reason, .by = p->m->by, .notes = p->m->notes};
    struct val extra;
    bool noted = false;
    int rc = content_row_save(p->s->db, &p->row, p->err);
    if (rc == 0) rc = content_table_put_head(p->s->db, p->t, &p->row, p->err);
    if (rc == 0) rc = content_log_add(p->s, &p->row, &e, p->err);
    if (rc == 0) rc = extras(p, &extra);
    if (rc == 0 && p->m->verb == CONTENT_PUBLISH) rc = find_note(p, &noted);
    if (rc == 0) rc = content_event(p->s, rules[p->m->verb].after, &p->row, &extra, p->err);
    if (rc == 0 && noted) rc = content_event(p->s, "content.corrected", &p->row, &extra, p->err);
    if (rc == 0) content_wake_due(p->c, p->s, &p->row);
    return rc;
}

static int load(struct step *p, const struct registry *r)
{
    int rc = content_row_load(p->s->db, p->m->item, &p->row, p->err);
    if (rc == 0) rc = content_type_of(r, p->row.type, &p->t, p->err);
    return rc ? rc : check(p->s, p->t, &p->row, p->m, p->err);
}

int content_transition(struct content *c, struct session *s, const struct content_move *m, struct err *err)
{
    struct registry *r = content_registry(s);
    struct step p = {.c = c, .s = s, .m = m, .err = err};
    struct val extra;
    arena_init(&p.a, 256 << 10);
    int rc = load(&p, r);
    if (rc == 0) rc = extras(&p, &extra);
    if (rc == 0) rc = content_event(s, rules[m->verb].before, &p.row, &extra, err);
    if (rc == 0) rc = load(&p, r); /* a hook may have changed the item */
    if (rc == 0) {
        enum content_state was = p.row.state;
        rc = apply(&p);
        if (rc == 0) rc = finish(&p, was);
    }
    arena_close(&p.a);
    registry_drop(r);
    return rc;
}

int content_may_move(struct session *s, const struct content_move *m, struct err *err)
{
    struct registry *r = content_registry(s);
    struct step p = {.s = s, .m = m, .err = err};
    int rc = content_row_load(s->db, m->item, &p.row, err);
    if (rc == 0) rc = content_may(s, rules[m->verb].name, p.row.unit, content_state_name(p.row.state), err);
    if (rc == 0) rc = load(&p, r);
    registry_drop(r);
    return rc;
}
