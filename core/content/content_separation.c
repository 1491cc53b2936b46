/* Separation of duties: who wrote a text or handed it in does not approve it.
 *
 * Asked of the item's log, since its last publication: creating, editing, correcting and submitting count, by whichever
 * way they were done. On for every type that asks for approval, unless it is declared with { separation = false }. */
#include "content/content_internal.h"

#define AUTHORED                                                                                                       \
    "verb in ('create','edit','correct','submit') and id > coalesce((select max(id) from item_log where item = ?1"     \
    " and verb = 'publish'), 0)"

/* An account without a person is known by itself. */
static int wrote(struct store *db, int64_t item, int64_t person, int64_t user, struct err *err)
{
    static const char sql[] =
        "select 1 from item_log where item = ?1 and (person = ?2 or user = ?3) and " AUTHORED " limit 1";
    if (person <= 0 && user <= 0) return 0;
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, item);
    if (person > 0) stmt_bind_int(s, 2, person);
    if (user > 0) stmt_bind_int(s, 3, user);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

int content_is_author(struct store *db, int64_t item, int64_t person, struct err *err)
{
    return wrote(db, item, person, 0, err);
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

int content_authors(const struct registry *r, struct store *db, int64_t item, struct arena *a, struct val *out,
                    struct err *err)
{
    int rc = is_on(r, db, item, err);
    *out = val_list();
    if (rc <= 0) return rc;
    struct stmt *s = store_stmt(
        db, "select distinct person from item_log where item = ?1 and person > 0 and " AUTHORED " order by person",
        err);
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

int content_separated(const struct registry *r, struct store *db, int64_t item, int64_t person, struct err *err)
{
    struct err_num n;
    int rc = is_on(r, db, item, err);
    if (rc == 1) rc = content_is_author(db, item, person, err);
    if (rc <= 0) return rc;
    return err_set(err, ERR_DENIED, "denied.separation", "item", err_i64(&n, item), NULL);
}

static int64_t id_of(const struct val *v)
{
    return !v ? 0 : v->type == VAL_OBJ ? v->as.obj.id : v->type == VAL_INT ? v->as.i : 0;
}

/* An answer says by whom, and for whom; whoever asks is one of them, too, unless that is a run at work. */
int content_check_approver(struct session *s, const struct content_type *t, int64_t item, const struct val *by,
                           struct err *err)
{
    const struct val *fields = val_is(by, VAL_OBJ) ? by->as.obj.fields : by;
    bool asks = !s->actor.run;
    const struct {
        int64_t person, user;
    } who[] = {{id_of(val_get(fields, "by")), 0},
               {id_of(val_get(fields, "on_behalf_of")), 0},
               {asks ? s->actor.person : 0, asks ? s->actor.user : 0}};
    struct err_num n;
    if (!t->approval || !t->separation) return 0;
    for (int i = 0; i < 3; i++) {
        int rc = wrote(s->db, item, who[i].person, who[i].user, err);
        if (rc < 0) return rc;
        if (rc == 1) return err_set(err, ERR_DENIED, "denied.separation", "item", err_i64(&n, item), NULL);
    }
    return 0;
}
