/* Separation of duties: who wrote a text or handed it in does not approve it.
 *
 * Asked of the item's log, since its last publication: creating, editing, correcting and submitting count, by whichever
 * way they were done. On for every type that asks for approval, unless it is declared with { separation = false }. */
#include "content/content_internal.h"

int content_is_author(struct store *db, int64_t item, int64_t person, struct err *err)
{
    static const char sql[] =
        "select 1 from item_log where item = ?1 and person = ?2 and verb in ('create','edit','correct','submit')"
        " and id > coalesce((select max(id) from item_log where item = ?1 and verb = 'publish'), 0) limit 1";
    if (person <= 0) return 0;
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, item);
    stmt_bind_int(s, 2, person);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

int content_separated(const struct registry *r, struct store *db, int64_t item, int64_t person, struct err *err)
{
    struct content_row row;
    const struct content_type *t;
    struct err_num n;
    int rc = content_row_load(db, item, &row, err);
    if (rc == 0) rc = content_type_of(r, row.type, &t, err);
    if (rc || !t->approval || !t->separation) return rc;
    rc = content_is_author(db, item, person, err);
    if (rc <= 0) return rc;
    return err_set(err, ERR_DENIED, "denied.separation", "item", err_i64(&n, item), NULL);
}

static int64_t id_of(const struct val *v)
{
    return !v ? 0 : v->type == VAL_OBJ ? v->as.obj.id : v->type == VAL_INT ? v->as.i : 0;
}

/* An answer says by whom, and for whom; without one it is whoever asks, unless that is a run at work. */
int content_check_approver(struct session *s, const struct content_type *t, int64_t item, const struct val *by,
                           struct err *err)
{
    const struct val *fields = val_is(by, VAL_OBJ) ? by->as.obj.fields : by;
    int64_t persons[2] = {id_of(val_get(fields, "by")), id_of(val_get(fields, "on_behalf_of"))};
    struct err_num n;
    if (!t->approval || !t->separation) return 0;
    if (!persons[0] && !s->actor.run) persons[0] = s->actor.person;
    for (int i = 0; i < 2; i++) {
        int rc = content_is_author(s->db, item, persons[i], err);
        if (rc < 0) return rc;
        if (rc == 1) return err_set(err, ERR_DENIED, "denied.separation", "item", err_i64(&n, item), NULL);
    }
    return 0;
}
