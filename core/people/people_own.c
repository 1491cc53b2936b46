/* What somebody holds that lets them do something: roles, positions, seats, delegations, and what the roles allow. */
#include "people/own.h"

#include <string.h>

#include "audit/audit.h"
#include "people/people_internal.h"
#include "people/people_own_tree.h"
#include "people/verb.h"
#include "runtime/log.h"

struct power {
    const char *what, *detail; /* "role", "editor@hanoi" */
    int64_t since, until;      /* INT64_MAX: open */
    struct power *next;
};

struct people_powers {
    int64_t account, person;
    const char *name;
    struct power *first;
    bool by_tree;
    struct own_tree tree;
    struct people_powers *next;
};

#define OPEN(t) "(" t ".valid_to is null or " t ".valid_to > ?2)"
#define CODE(t) "coalesce((select u.code from unit u where u.id = " t ".unit), '*')"
#define ROLE_ROWS(whose)                                                                                               \
    "select 'role', h.role || '@' || " CODE("h") ", h.valid_from, h.valid_to from role_held h where " whose            \
                                                 " and " OPEN("h")

/* clang-format off */

/* ?2 the day, ?3 the person, ?4 the account. What is over does not count, what is to come does. */
static const char powers_sql[] =
    "select 'admin', '', 0, null from account where id = ?4 and admin = 1"
    " union all " ROLE_ROWS("h.person = ?3") " union all " ROLE_ROWS("h.account = ?4")
    " union all select 'position', h.position || '@' || " CODE("h") ", h.valid_from, h.valid_to from position_held h"
    " where h.person = ?3 and " OPEN("h")
    " union all select 'body', (select b.code from body b where b.id = m.body), m.valid_from, m.valid_to"
    " from body_member m where m.person = ?3 and " OPEN("m")
    " union all select 'delegation', (select p.code from person p where p.id = d.from_person) || ' ' ||"
    " coalesce(d.position, d.role, (select b.code from body b where b.id = d.body), '*') || '@' || " CODE("d")
    ", d.valid_from, d.valid_to from delegation d where d.to_person = ?3 and d.valid_to > ?2"
    " union all select 'verb', v.role || ' ' || v.verb, 0, null from role_verb v where v.role in (select h.role from"
    " role_held h where h.person = ?3 and " OPEN("h") " union select h.role from role_held h where h.account = ?4 and "
    OPEN("h") " union select r.role from position_held h join position_role r on r.position = h.position where"
    " h.person = ?3 and " OPEN("h") ")"
    /* To be somebody else: what is asked of them, and their ballots. */
    " union all select 'person', p.code, 0, null from person p where p.id = ?3";

/* clang-format on */

static int read_powers(struct session *s, int64_t person, struct people_powers *p, struct arena *a, struct err *err)
{
    struct stmt *st = store_stmt(s->db, powers_sql, err);
    struct power **end = &p->first;
    int rc;
    if (!st) return err->code;
    stmt_bind_int(st, 2, people_day(s->host, s->now));
    stmt_bind_int(st, 3, person);
    stmt_bind_int(st, 4, p->account);
    while ((rc = stmt_step(st, err)) == 1) {
        struct power *one = arena_alloc(a, sizeof(*one));
        if (!one) break;
        *one = (struct power){.what = people_text(st, 0, a),
                              .detail = people_text(st, 1, a),
                              .since = stmt_int(st, 2),
                              .until = stmt_is_null(st, 3) ? INT64_MAX : stmt_int(st, 3)};
        if (!one->what || !one->detail) break;
        *end = one;
        end = &one->next;
    }
    stmt_done(st);
    return rc == 1 ? people_too_large(err) : rc;
}

static int64_t own_account(const struct session *s)
{
    return s->actor.user > 0 && !s->actor.run ? s->actor.user : 0;
}

/* Another account of the same person is one's own as well. */
static bool is_own(const struct session *s, const struct people_powers *p)
{
    if (own_account(s) == 0) return false;
    return p->account == own_account(s) || (p->person > 0 && p->person == s->actor.person);
}

/* The accounts that a statement finds; ?1 the actor's own, ?2 their person. */
static int read_accounts(struct session *s, const char *sql, bool by_tree, struct arena *a, struct people_powers **out,
                         struct err *err)
{
    int rc;
    struct stmt *st = store_stmt(s->db, sql, err);
    *out = NULL;
    if (!st) return err->code;
    stmt_bind_int(st, 1, own_account(s));
    if (own_account(s) && s->actor.person > 0) stmt_bind_int(st, 2, s->actor.person);
    while ((rc = stmt_step(st, err)) == 1) {
        struct people_powers *p = arena_alloc(a, sizeof(*p));
        if (p)
            *p = (struct people_powers){.account = stmt_int(st, 0),
                                        .name = people_text(st, 1, a),
                                        .person = stmt_int(st, 2),
                                        .by_tree = by_tree,
                                        .next = *out};
        if (!p || !p->name) rc = people_too_large(err);
        if (rc == 1) rc = read_powers(s, stmt_int(st, 2), p, a, err);
        if (rc == 0 && by_tree) rc = own_tree_read(s, stmt_int(st, 2), p->account, a, &p->tree, err);
        if (rc < 0) break;
        *out = p;
    }
    stmt_done(st);
    return rc;
}

#define ACCOUNTS "select id, name, coalesce(person, 0) from account where "

int people_powers_read(struct session *s, bool by_tree, struct arena *a, struct people_powers **out, struct err *err)
{
    return read_accounts(s, ACCOUNTS "admin = 1 or id = ?1 or person in (" PEOPLE_ALIKE("?2") ")", by_tree, a, out,
                         err);
}

int people_own_read(struct session *s, struct arena *a, struct people_powers **out, struct err *err)
{
    return read_accounts(s, ACCOUNTS "id = ?1 or person = ?2", true, a, out, err);
}

/* "editor content.*" covers "editor content.edit": of the same role. */
static bool covers_verb(const char *had, const char *has)
{
    const char *verb = strrchr(had, ' '), *other = strrchr(has, ' ');
    return verb && other && verb - had == other - has && strncmp(had, has, (size_t)(verb - had)) == 0 &&
           people_verb_covers(verb + 1, other + 1);
}

static bool covers(const struct power *had, const struct power *has)
{
    if (strcmp(had->what, has->what) != 0 || had->since > has->since || had->until < has->until) return false;
    if (strcmp(had->detail, has->detail) == 0) return true;
    return strcmp(had->what, "verb") == 0 && covers_verb(had->detail, has->detail);
}

static bool had_it(const struct people_powers *before, const struct power *has)
{
    for (const struct power *p = before ? before->first : NULL; p; p = p->next)
        if (covers(p, has)) return true;
    return false;
}

/* What is new, as texts: "role editor@hanoi". */
static int gained(struct session *s, const struct people_powers *before, const struct people_powers *after,
                  struct arena *a, struct val *out, struct err *err)
{
    *out = val_list();
    for (const struct power *p = after->first; p; p = p->next) {
        if (had_it(before, p)) continue;
        const char *text = arena_printf(a, "%s%s%s", p->what, *p->detail ? " " : "", p->detail);
        if (!text || val_add(a, out, val_str(text))) return people_too_large(err);
    }
    /* What somebody gains by a holding is told by it already, with all that it reaches. */
    if (!before || !after->by_tree || out->as.list.n) return 0;
    return own_tree_gained(s, &before->tree, &after->tree, a, out, err);
}

/* What an account had; one's own new one has gained nothing by what its person had already. */
static const struct people_powers *then_of(const struct session *s, const struct people_powers *before,
                                           const struct people_powers *now)
{
    const struct people_powers *own = NULL;
    for (const struct people_powers *p = before; p; p = p->next) {
        if (p->account == now->account) return p;
        if (is_own(s, p)) own = p;
    }
    return is_own(s, now) ? own : NULL;
}

static int tell(struct session *s, const struct people_powers *who, const struct val *what, struct arena *a,
                struct err *err)
{
    struct val after = val_map();
    if (val_set(a, &after, "gained", *what)) return people_too_large(err);
    return audit_add(s,
                     &(struct audit_entry){
                         .verb = "user.gain", .kind = "user", .id = who->account, .name = who->name, .after = &after},
                     err);
}

int people_powers_check(struct session *s, const struct people_powers *before, struct arena *a, struct err *err)
{
    struct people_powers *after;
    int rc = people_powers_read(s, before && before->by_tree, a, &after, err);
    for (const struct people_powers *now = after; rc == 0 && now; now = now->next) {
        struct val what;
        rc = gained(s, then_of(s, before, now), now, a, &what, err);
        if (rc || what.as.list.n == 0) continue;
        if (is_own(s, now)) {
            log_warn("people.own_rights", "user", now->name, "what", val_at(&what, 0)->as.str.s, NULL);
            return err_set(err, ERR_DENIED, "denied.own_rights", "what", val_at(&what, 0)->as.str.s, NULL);
        }
        /* Whoever keeps the organisation does not make administrators of the system. */
        if (val_is_str(val_at(&what, 0), "admin")) rc = people_check(s, "user.add", PEOPLE_ANY_UNIT, err);
        if (rc == 0) rc = tell(s, now, &what, a, err);
    }
    return rc;
}

int people_own_gained(struct session *s, const struct people_powers *before, struct people_powers *now, struct arena *a,
                      const char **what, struct err *err)
{
    int rc = 0;
    *what = NULL;
    for (; rc == 0 && now; now = now->next) {
        struct val list = val_list();
        if (before) now->tree.last_unit = before->tree.last_unit;
        if (is_own(s, now)) rc = gained(s, then_of(s, before, now), now, a, &list, err);
        if (rc == 0 && list.as.list.n && !*what) *what = val_at(&list, 0)->as.str.s;
    }
    return rc;
}
