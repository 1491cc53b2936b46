/* What hangs on a unit: read, and ended with it. One table of what there is serves both. */
#include "base/kinds.h"
#include "people/change.h"
#include "people/people_change.h"

/* Each statement gives id, person, what is held, and until when; each `end` ends one of them on ?2. */
static const struct {
    const char *list, *read, *end;
} bound[] = {
    {"holders",
     "select h.id, p.name, coalesce(t.title, h.position), h.valid_to from position_held h join person p on p.id ="
     " h.person left join position t on t.code = h.position where h.unit = ?1 and " HELD("h") " order by h.id",
     "update position_held set valid_to = ?2 where id = ?1"},
    {"roles",
     "select h.id, coalesce(p.name, c.name), h.role, h.valid_to from role_held h left join person p on p.id = h.person"
     " left join account c on c.id = h.account where h.unit = ?1 and " HELD("h") " order by h.id",
     "update role_held set valid_to = ?2 where id = ?1"},
    {"delegations",
     "select h.id, t.name, f.name, h.valid_to from delegation h join person f on f.id = h.from_person join person t on"
     " t.id = h.to_person where h.unit = ?1 and h.valid_to > ?2 order by h.id",
     "update delegation set valid_to = max(?2, valid_from + 1) where id = ?1"},
    {"bodies", "select h.id, null, h.name, h.valid_to from body h where h.unit = ?1 and " HELD("h") " order by h.id",
     "update body set valid_to = ?2 where id = ?1"},
};
enum { NBOUND = sizeof(bound) / sizeof(bound[0]) };

static int show(struct stmt *s, struct arena *a, struct val *row)
{
    const char *person = people_text(s, 1, a), *what = people_text(s, 2, a);
    *row = val_map();
    int rc = val_set(a, row, "id", val_int(stmt_int(s, 0)));
    if (rc == 0 && person) rc = val_set(a, row, "person", val_str(person));
    if (rc == 0 && what) rc = val_set(a, row, "what", val_str(what));
    if (rc == 0 && !stmt_is_null(s, 3)) rc = people_set_day(a, row, "until", stmt_int(s, 3) - 1);
    return rc;
}

static int read_list(struct store *db, const char *sql, int64_t unit, int64_t day, struct arena *a, struct val *out,
                     struct err *err)
{
    int rc;
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, day);
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct val row;
        if (show(s, a, &row) || val_add(a, out, row)) {
            rc = people_too_large(err);
            break;
        }
    }
    stmt_done(s);
    return rc;
}

int people_hangs(struct store *db, int64_t unit, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    struct val list;
    *out = val_map();
    int rc = people_children(db, unit, day, a, &list, err);
    if (rc == 0 && val_set(a, out, "children", list)) rc = people_too_large(err);
    for (size_t i = 0; rc == 0 && i < NBOUND; i++) {
        rc = read_list(db, bound[i].read, unit, day, a, &list, err);
        if (rc == 0 && val_set(a, out, bound[i].list, list)) rc = people_too_large(err);
    }
    return rc;
}

static int end_one(struct change *c, const char *sql, int64_t id)
{
    struct stmt *s = store_stmt(c->db, sql, c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, id);
    stmt_bind_int(s, 2, c->day);
    return stmt_run(s, c->err);
}

int change_end_bound(struct change *c, int64_t unit)
{
    struct val list;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < NBOUND; i++) {
        rc = read_list(c->db, bound[i].read, unit, c->day, c->a, &list, c->err);
        for (size_t k = 0; rc == 0 && k < list.as.list.n; k++) {
            rc = end_one(c, bound[i].end, val_get_int(val_at(&list, k), "id", 0));
            if (rc == 0 && bound[i].list[0] == 'b')
                rc = end_one(c,
                             "update body_member set valid_to = ?2 where body = ?1 and valid_from < ?2 and (valid_to is"
                             " null or valid_to > ?2)",
                             val_get_int(val_at(&list, k), "id", 0));
            if (rc == 0) rc = change_note(c, bound[i].list, *val_at(&list, k));
        }
    }
    return rc;
}
