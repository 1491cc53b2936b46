/* Who may do what with a task, and why: the same tests that the actions make, so that what is shown is what is done. */
#include "flow/flow_task.h"

#include "base/buf.h"
#include "base/locale.h"
#include "base/zone.h"
#include "content/content.h"
#include "flow/task.h"
#include "people/explain.h"
#include "plugin/plugins.h"

enum { CROWD_MOST = 50 }; /* so many have not all written one text */

/* Handed on by `giver` for this task alone: holds while the giver may still decide it in their own right. */
static int by_hand(struct session *s, const struct flow_task *t, int64_t giver, struct people_capacity *cap,
                   struct err *err)
{
    for (size_t i = 0; val_at(&t->targets, i); i++) {
        const struct val *target = val_at(&t->targets, i);
        if (val_get_int(target, "for", 0)) continue;
        int rc = people_may_decide(s, target, giver, s->now, cap, err);
        if (rc < 0) return rc;
        if (rc == 0 || cap->on_behalf_of) continue;
        cap->on_behalf_of = giver;
        cap->why = "may.delegate";
        return 1;
    }
    return 0;
}

int flow_task_may(struct session *s, const struct flow_task *t, int64_t person, struct people_capacity *cap,
                  struct err *err)
{
    *cap = (struct people_capacity){.why = "may.none"};
    if (person <= 0) return 0;
    for (int standing_in = 0; standing_in < 2; standing_in++)
        for (size_t i = 0; val_at(&t->targets, i); i++) {
            const struct val *target = val_at(&t->targets, i);
            int64_t giver = val_get_int(target, "for", 0);
            int rc = 0;
            if (giver && standing_in && val_get_int(target, "person", 0) == person)
                rc = by_hand(s, t, giver, cap, err);
            else if (!giver)
                rc = people_may_decide(s, target, person, s->now, cap, err);
            /* What one may do oneself goes before what one may do for another. */
            if (rc == 1 && cap->on_behalf_of && !standing_in) rc = 0;
            if (rc) return rc;
        }
    *cap = (struct people_capacity){.why = "may.none"};
    return 0;
}

struct apart {
    int64_t person, user;
};

static int apart(struct session *s, const struct flow_task *t, const struct apart who[2], struct err *err)
{
    struct registry *r = t->about ? plugins_registry(s->host->plugins) : NULL;
    int rc = 0;
    for (int i = 0; rc == 0 && r && i < 2; i++)
        if (who[i].person > 0 || who[i].user > 0)
            rc = content_separated(r, s->db, t->about, who[i].person, who[i].user, err);
    registry_drop(r);
    return rc;
}

int flow_task_apart(struct session *s, const struct flow_task *t, int64_t on_behalf_of, struct err *err)
{
    const struct apart who[] = {{s->actor.person, s->actor.run ? 0 : s->actor.user}, {on_behalf_of, 0}};
    int rc = apart(s, t, who, err);
    return rc ? rc : flow_task_once(s, t, s->actor.person, on_behalf_of, err);
}

int flow_task_apart_from(struct session *s, const struct flow_task *t, int64_t person, int64_t on_behalf_of,
                         struct err *err)
{
    const struct apart who[] = {{person, 0}, {on_behalf_of, 0}};
    return apart(s, t, who, err);
}

int flow_task_is_taken(struct session *s, const struct flow_task *t, int64_t person, struct err *err)
{
    struct people_capacity cap;
    if (!t->claimed_by || t->claimed_by == person || t->claimed_until <= s->now) return 0;
    return flow_task_may(s, t, t->claimed_by, &cap, err);
}

/* To whom it was handed may decide it, as long as who handed it on holds it: whether or not they can come in. */
static int can_by_hand(struct session *s, const struct val *targets, const struct val *target, struct err *err)
{
    const struct flow_task t = {.targets = *targets};
    struct people_capacity cap;
    int rc = people_is_reachable(s->db, val_get_int(target, "person", 0), err);
    return rc == 1 ? by_hand(s, &t, val_get_int(target, "for", 0), &cap, err) : rc;
}

int flow_task_can_anybody(struct session *s, const struct val *targets, struct err *err)
{
    for (size_t i = 0; val_at(targets, i); i++) {
        const struct val *target = val_at(targets, i);
        bool handed = val_get_int(target, "for", 0) != 0;
        int rc = handed ? can_by_hand(s, targets, target, err) : people_can_anybody(s, target, s->now, err);
        if (rc) return rc;
    }
    return 0;
}

int flow_task_can_vote(struct session *s, const struct flow_task *t, struct err *err)
{
    int64_t voter = val_get_int(val_at(&t->targets, 0), "person", 0);
    int unread = flow_vote_is_unread(s->db, t, err);
    if (unread) return unread < 0 ? unread : 0;
    return voter ? people_is_reachable(s->db, voter, err) : 0;
}

/* Who wrote the text does not decide about it, nor who has answered beside it where each counts once. */
static int is_other(struct session *s, const struct flow_task *t, const struct registry *r, bool once, int64_t person,
                    struct err *err)
{
    struct people_capacity cap;
    int rc = r ? content_separated(r, s->db, t->about, person, 0, err) : 0;
    if (rc == 0 && once) {
        rc = flow_task_may(s, t, person, &cap, err);
        if (rc == 0) return 0;
        if (rc == 1) rc = flow_task_once(s, t, person, cap.on_behalf_of, err);
    }
    if (err_is_fault(rc)) return rc;
    if (rc) err_clear(err);
    return rc != ERR_DENIED;
}

static int others_by_hand(struct session *s, const struct flow_task *t, const struct registry *r, bool once,
                          const struct val *targets, struct err *err)
{
    for (size_t i = 0; val_at(targets, i); i++) {
        const struct val *target = val_at(targets, i);
        int64_t giver = val_get_int(target, "for", 0), person = val_get_int(target, "person", 0);
        int can = giver ? can_by_hand(s, targets, target, err) : 0;
        int rc = can == 1 && r ? flow_task_apart_from(s, t, person, giver, err) : 0;
        if (can == 1 && rc == 0 && once) rc = flow_task_once(s, t, person, giver, err);
        if (can < 0 || err_is_fault(rc)) return can < 0 ? can : rc;
        if (can == 1 && rc == 0) return 1;
        err_clear(err);
    }
    return 0;
}

int flow_task_has_others(struct session *s, const struct flow_task *t, const struct val *targets, struct err *err)
{
    struct people_crowd crowd = {.most = CROWD_MOST, .ids_only = true, .can_act = true};
    struct flow_task asked = *t;
    int once = flow_task_is_once(s->db, t, err), found = 0;
    if (once < 0 || (!once && !t->about)) return once < 0 ? once : 1;
    struct registry *r = t->about ? plugins_registry(s->host->plugins) : NULL;
    int rc = 0;
    asked.targets = *targets;
    for (size_t i = 0; rc == 0 && val_at(targets, i); i++)
        if (!val_get(val_at(targets, i), "for")) rc = people_reach(s, val_at(targets, i), s->arena, &crowd, err);
    bool many = rc == ERR_LIMIT;
    if (many) err_clear(err);
    for (size_t i = 0; rc == 0 && found == 0 && i < crowd.n; i++)
        found = is_other(s, &asked, r, once, crowd.of[i].person, err);
    if (rc == 0 && found == 0 && !many) found = others_by_hand(s, t, r, once, targets, err);
    registry_drop(r);
    return many ? 1 : rc ? rc : found;
}

/* --- with reasons --- */

struct shown {
    struct session *s;
    const struct flow_task *t;
    struct val *out, why;
    const char *by; /* why they may decide it, or may not */
    int rc;
};

static void set(struct shown *w, const char *verb, bool may, const char *text)
{
    char *flag = arena_printf(w->s->arena, "may_%s", verb);
    if (!flag || !text || val_set(w->s->arena, w->out, flag, val_bool(may)) ||
        val_set(w->s->arena, &w->why, verb, val_str(text)))
        w->rc = ERR_NOMEM;
}

/* key NULL: as they decide it. */
static void say(struct shown *w, const char *verb, bool may, const char *key, const char *name, const char *value)
{
    struct buf b;
    if (!key) {
        set(w, verb, may, w->by);
        return;
    }
    buf_init(&b, 2000);
    locale_format(&b, w->s->lang, key, name, value, NULL);
    char *text = arena_strndup(w->s->arena, b.data ? b.data : "", b.len);
    buf_close(&b);
    set(w, verb, may, text);
}

const char *flow_task_name_of(struct session *s, int64_t person)
{
    struct err err = {0};
    struct val p;
    if (people_person_get(s->db, person, s->arena, &p, &err) != 1 || !p.as.obj.fields) return "?";
    const char *name = val_cstr(s->arena, val_get(p.as.obj.fields, "name"));
    return name ? name : "?";
}

static void show_closed(struct shown *w)
{
    static const char *const verbs[] = {"decide",   "claim",     "release", "delegate",
                                        "reassign", "hand_back", "comment", "recuse"};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        say(w, verbs[i], false, "task.why_closed", "state", "");
}

int64_t flow_task_unit(const struct flow_task *t)
{
    for (size_t i = 0; val_at(&t->targets, i); i++) {
        int64_t unit = val_get_int(val_at(&t->targets, i), "unit", 0);
        if (unit) return unit;
    }
    return PEOPLE_ANY_UNIT;
}

static bool was_handed(const struct flow_task *t, int64_t person)
{
    for (size_t i = 0; val_at(&t->targets, i); i++)
        if (val_get_int(val_at(&t->targets, i), "for", 0) && val_get_int(val_at(&t->targets, i), "person", 0) == person)
            return true;
    return false;
}

/* By who has it, or who may hand tasks about. */
static void show_release(struct shown *w, bool allowed)
{
    const struct flow_task *t = w->t;
    bool held = t->claimed_by && t->claimed_until > w->s->now, own = held && t->claimed_by == w->s->actor.person;
    say(w, "release", held && (own || allowed),
        !held     ? "task.why_not_taken"
        : own     ? "task.why_own"
        : allowed ? "task.why_reassign"
                  : "task.why_taken",
        "name", held && !own ? flow_task_name_of(w->s, t->claimed_by) : "");
}

/* `asked`: it is asked of them, though they may not decide it. */
static void show_rest(struct shown *w, bool asked, bool taken, const struct people_capacity *cap)
{
    struct err err = {0};
    bool reads = asked || flow_task_readable(w->s, w->t->id, &err) == 0;
    bool votes = asked && w->t->kind == TASK_BALLOT && !taken && !cap->on_behalf_of;
    say(w, "comment", reads, reads ? "task.why_seen" : "may.none", "name", "");
    say(w, "recuse", votes,
        w->t->kind != TASK_BALLOT ? "vote.no_ballot"
        : votes                   ? "task.why_voter"
        : taken                   ? "task.why_taken"
        : cap->on_behalf_of       ? "task.why_ballot"
                                  : "may.none",
        "name", taken ? flow_task_name_of(w->s, w->t->claimed_by) : "");
}

static void show_open(struct shown *w, bool may, bool taken, const struct people_capacity *cap)
{
    const struct flow_task *t = w->t;
    int64_t me = w->s->actor.person;
    struct err err = {0};
    const char *who = taken ? flow_task_name_of(w->s, t->claimed_by) : "";
    say(w, "decide", may && !taken, taken ? "task.why_taken" : NULL, "name", who);
    say(w, "claim", may && !taken, taken ? "task.why_taken" : NULL, "name", who);
    say(w, "delegate", may && !taken && !cap->on_behalf_of && t->kind == TASK_ASK,
        t->kind == TASK_BALLOT     ? "task.why_ballot"
        : may && cap->on_behalf_of ? "task.why_passed_on"
        : taken                    ? "task.why_taken"
                                   : NULL,
        "name", who);
    bool allowed = t->kind == TASK_ASK && people_check(w->s, "task.reassign", flow_task_unit(t), &err) == 0;
    say(w, "reassign", allowed,
        allowed               ? "task.why_reassign"
        : t->kind == TASK_ASK ? "may.no_role"
                              : "task.why_ballot",
        "name", "");
    show_release(w, allowed);
    bool back = was_handed(t, me) || (may && t->was.type == VAL_LIST);
    say(w, "hand_back", back, back ? "task.why_handed" : "task.why_not_handed", "name", "");
}

int flow_task_show_may(struct session *s, const struct flow_task *t, struct val *out, struct err *err)
{
    struct shown w = {.s = s, .t = t, .out = out, .why = val_map()};
    struct people_capacity cap = {.why = "may.none"};
    int rc = 0;
    if (s->actor.person <= 0) return 0; /* a program or a run: nothing is asked of it */
    if (t->state == TASK_OPEN) {
        rc = flow_task_may(s, t, s->actor.person, &cap, err);
        if (rc < 0) return rc;
        bool may = rc == 1, asked = may;
        rc = may ? flow_task_apart(s, t, cap.on_behalf_of, err) : 0;
        if (err_is_fault(rc)) return rc;
        if (rc == ERR_DENIED) cap.why = arena_strdup(s->arena, err->key);
        if (rc) err_clear(err); /* what is not there any more is told when it is decided */
        may = may && rc != ERR_DENIED;
        rc = flow_task_is_taken(s, t, s->actor.person, err);
        if (rc < 0) return rc;
        int64_t day = people_day(s->host, s->now);
        bool taken = rc == 1;
        rc = people_capacity_why(s->db, &cap, s->actor.person, day, s->lang, s->arena, &w.by, err);
        if (rc) return rc;
        show_open(&w, may, taken, &cap);
        show_rest(&w, asked, taken, &cap);
    } else {
        show_closed(&w);
    }
    if (w.rc || val_set(s->arena, out, "why", w.why)) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    return 0;
}
