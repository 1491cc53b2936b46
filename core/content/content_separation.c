/* Separation of duties: who wrote a text or handed it in does not approve it.
 *
 * Asked of the item's log, since its last publication: creating, editing, correcting and submitting count, by whichever
 * way they were done. On for every type that asks for approval, unless it is declared with { separation = false }.
 *
 * It goes by the person: another account of theirs is they. Where two persons have one e-mail address, either can let
 * the other's account in (people_alike.c), so that one human may be both: they count as one. */
#include "content/content_internal.h"
#include "people/people.h"

#define AUTHORED                                                                                                       \
    "verb in ('create','edit','correct','submit') and l.id > coalesce((select max(id) from item_log where item = ?1"   \
    " and verb = 'publish'), 0)"
/* What an account wrote is its person's, also when it had none yet, or another; one without a person is itself. */
#define WROTE(persons)                                                                                                 \
    "select 1 from item_log l where item = ?1 and (user = ?3 or person in (" persons ") or user in (select a.id from"  \
    " account a where a.person in (" persons "))) and " AUTHORED " limit 1"

static int ask(struct store *db, const char *sql, int64_t item, int64_t person, int64_t user, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, item);
    if (person > 0) stmt_bind_int(s, 2, person);
    if (user > 0) stmt_bind_int(s, 3, user);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

/* 0, or ERR_DENIED with the reason: it was they, or somebody who may be they by another person's name. */
static int apart(struct store *db, int64_t item, int64_t person, int64_t user, struct err *err)
{
    static const char alike[] = WROTE(PEOPLE_ALIKE("?2")), self[] = WROTE("select ?2");
    struct err_num n;
    if (person <= 0 && user <= 0) return 0;
    int rc = ask(db, alike, item, person, user, err);
    if (rc <= 0) return rc;
    rc = ask(db, self, item, person, user, err);
    if (rc < 0) return rc;
    return err_set(err, ERR_DENIED, rc ? "denied.separation" : "denied.separation_mail", "item", err_i64(&n, item),
                   NULL);
}

int content_is_author(struct store *db, int64_t item, int64_t person, struct err *err)
{
    static const char sql[] = "select 1 from item_log l where item = ?1 and person = ?2 and " AUTHORED " limit 1";
    return person > 0 ? ask(db, sql, item, person, 0, err) : 0;
}

/* 1: it is on for the item's type; 0. */
static int is_on(const struct registry *r, struct store *db, int64_t item, struct err *err)
{
    struct content_row row;
    const struct content_type *t;
    int rc = content_row_load(db, item, &row, err);
    if (rc == 0) rc = content_type_of(r, row.type, &t, err);
    return rc ? rc : t->approval && t->separation;
}

static const char authors_sql[] =
    "with who(id) as (select l.person from item_log l where item = ?1 and person > 0 and " AUTHORED
    " union select a.person from item_log l join account a on a.id = l.user where item = ?1 and a.person is not null "
    "and"
    " " AUTHORED ") select id from who union select q.id from who join person p on p.id = who.id join person q on"
    " lower(q.email) = lower(p.email) where p.email is not null and q.email is not null order by 1";

int content_authors(const struct registry *r, struct store *db, int64_t item, struct arena *a, struct val *out,
                    struct err *err)
{
    int rc = is_on(r, db, item, err);
    *out = val_list();
    if (rc <= 0) return rc;
    struct stmt *s = store_stmt(db, authors_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, item);
    while ((rc = stmt_step(s, err)) == 1)
        if (val_add(a, out, val_int(stmt_int(s, 0)))) {
            rc = content_too_large(err);
            break;
        }
    stmt_done(s);
    return rc;
}

int content_separated(const struct registry *r, struct store *db, int64_t item, int64_t person, int64_t user,
                      struct err *err)
{
    int rc = is_on(r, db, item, err);
    return rc == 1 ? apart(db, item, person, user, err) : rc;
}

static int64_t id_of(const struct val *v)
{
    return !v ? 0 : v->type == VAL_OBJ ? v->as.obj.id : v->type == VAL_INT ? v->as.i : 0;
}

/* A run decides nothing itself: it says who has, by the answer of one, of several, or of a vote. */
static bool says_who(const struct val *fields)
{
    return id_of(val_get(fields, "by")) > 0 || val_get_bool(fields, "passed", false) ||
           val_is(val_get(fields, "answers"), VAL_LIST);
}

/* An answer says by whom, and for whom; whoever asks is one of them, too, unless that is a run at work. */
int content_check_approver(struct session *s, const struct content_type *t, int64_t item, const struct val *by,
                           struct err *err)
{
    const struct val *fields = val_is(by, VAL_OBJ) ? by->as.obj.fields : by;
    bool asks = !s->actor.run;
    struct err_num n;
    const struct {
        int64_t person, user;
    } who[] = {{id_of(val_get(fields, "by")), 0},
               {id_of(val_get(fields, "on_behalf_of")), 0},
               {asks ? s->actor.person : 0, asks ? s->actor.user : 0}};
    int rc = 0;
    if (!t->approval || !t->separation) return 0;
    if ((s->actor.run || s->mode == SESSION_LOOP) && !says_who(fields))
        return err_set(err, ERR_DENIED, "denied.approver", "item", err_i64(&n, item), NULL);
    for (int i = 0; rc == 0 && i < 3; i++)
        rc = apart(s->db, item, who[i].person, who[i].user, err);
    return rc;
}
