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

int content_submitter(struct store *db, int64_t item, int64_t *person, struct err *err)
{
    static const char sql[] = "select coalesce(l.person, a.person) from item_log l left join account a on a.id = l.user"
                              " where item = ?1 and verb = 'submit' order by l.id desc limit 1";
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, item);
    int rc = stmt_step(s, err);
    *person = rc == 1 ? stmt_int(s, 0) : 0;
    stmt_done(s);
    return rc < 0 ? rc : 0;
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

static int all_authors(struct store *db, int64_t item, struct arena *a, struct val *out, struct err *err)
{
    int rc;
    *out = val_list();
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

int content_authors(const struct registry *r, struct store *db, int64_t item, struct arena *a, struct val *out,
                    struct err *err)
{
    int rc = is_on(r, db, item, err);
    *out = val_list();
    return rc <= 0 ? rc : all_authors(db, item, a, out, err);
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

/* An answer of one says by whom and for whom; that of several holds `answers`, that of a vote `votes` or, of a secret
 * one, `voters`. */
enum { ANSWERS_DEEP = 4, AUTHORS_ARENA = 1 << 20 };
static int64_t who_of(const struct val *answer, int i)
{
    static const char *const names[] = {"by", "on_behalf_of", "person"};
    return i == 3 ? id_of(answer) : answer->type == VAL_MAP ? id_of(val_get(answer, names[i])) : 0;
}

/* The first of them who is an author, or 0; *any: there is somebody at all. */
static int64_t author_among(const struct val *answer, const struct val *authors, int depth, bool *any)
{
    static const char *const lists[] = {"answers", "votes", "voters"};
    int64_t found = 0;
    for (int i = 0; !found && i < 4; i++) {
        int64_t person = who_of(answer, i);
        *any = *any || (person > 0 && i != 1);
        for (size_t k = 0; person > 0 && !found && k < authors->as.list.n; k++)
            if (authors->as.list.items[k].as.i == person) found = person;
    }
    for (size_t l = 0; !found && answer->type == VAL_MAP && depth < ANSWERS_DEEP && l < 3; l++) {
        const struct val *list = val_get(answer, lists[l]);
        for (size_t i = 0; val_is(list, VAL_LIST) && !found && i < list->as.list.n; i++)
            found = author_among(&list->as.list.items[i], authors, depth + 1, any);
    }
    return found;
}

/* Whoever asks is one of those who approve, too, unless that is a run at work: it decides nothing itself and says who
 * has. */
int content_check_approver(struct session *s, const struct content_type *t, int64_t item, const struct val *by,
                           struct err *err)
{
    const struct val *fields = val_is(by, VAL_OBJ) ? by->as.obj.fields : by;
    bool any = false;
    struct err_num n;
    struct arena a;
    struct val authors;
    int64_t author = 0;
    if (!t->approval || !t->separation) return 0;
    int rc = s->actor.run ? 0 : apart(s->db, item, s->actor.person, s->actor.user, err);
    arena_init(&a, AUTHORS_ARENA);
    if (rc == 0) rc = all_authors(s->db, item, &a, &authors, err);
    if (rc == 0 && fields) author = author_among(fields, &authors, 0, &any);
    arena_close(&a);
    if (rc) return rc;
    if (author) return apart(s->db, item, author, 0, err);
    if (any || (!s->actor.run && s->mode != SESSION_LOOP)) return 0;
    return err_set(err, ERR_DENIED, "denied.approver", "item", err_i64(&n, item), NULL);
}
