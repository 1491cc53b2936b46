/* Persons and the positions that they hold. An approver is a position at a date, never a user name.
 */
#include "people/people_internal.h"

int people_person_get(struct store *db, int64_t id, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db, "select id, code, name from person where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1 && people_person_row(s, a, out)) rc = people_too_large(err);
    stmt_done(s);
    return rc;
}

int people_person_by_code(struct store *db, const char *code, int64_t *id, struct err *err)
{
    struct stmt *s = store_stmt(db, "select id from person where code = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, code);
    return people_one(s, id, err);
}

int people_holders(struct store *db, const char *position, int64_t unit, int64_t day, struct arena *a, struct val *out,
                   struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select p.id, p.code, p.name from position_held h join person p on p.id = h.person"
                                " where h.position = ?1 and h.unit = ?3 and " HELD("h") " order by h.valid_from, p.id",
                                err);
    int rc;
    if (!s) return err->code;
    stmt_bind_str(s, 1, position);
    stmt_bind_int(s, 2, day);
    stmt_bind_int(s, 3, unit);
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct val person;
        if (people_person_row(s, a, &person) || val_add(a, out, person)) {
            rc = people_too_large(err);
            break;
        }
    }
    stmt_done(s);
    return rc;
}

int people_has_holder(struct store *db, const char *position, int64_t unit, int64_t day, struct err *err)
{
    int64_t one;
    struct stmt *s = store_stmt(
        db, "select 1 from position_held h where h.position = ?1 and h.unit = ?3 and " HELD("h") " limit 1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, position);
    stmt_bind_int(s, 2, day);
    stmt_bind_int(s, 3, unit);
    return people_one(s, &one, err);
}

int people_only_unit(struct store *db, const char *position, int64_t day, int64_t *unit, struct err *err)
{
    struct err_num n;
    int found = 0, rc;
    struct stmt *s = store_stmt(
        db, "select distinct h.unit from position_held h where h.position = ?1 and " HELD("h") " limit 2", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, position);
    stmt_bind_int(s, 2, day);
    while ((rc = stmt_step(s, err)) == 1) {
        *unit = stmt_int(s, 0);
        found++;
    }
    stmt_done(s);
    if (rc < 0 || found == 1) return rc;
    return err_set(err, ERR_INVALID, "people.position_unit", "position", position, "found", err_i64(&n, found), NULL);
}

int people_service(struct store *db, int64_t person, const char *position, int64_t day, int64_t *days, struct err *err)
{
    static const char sql[] =
        "select h.valid_from, min(coalesce(h.valid_to, ?2 + 1), ?2 + 1) from position_held h where"
        " h.person = ?1 and (?3 is null or h.position = ?3) and h.valid_from > ?4 and h.valid_from"
        " <= ?2 order by 1";
    struct stmt *s = store_stmt(db, sql, err);
    int64_t counted = INT64_MIN; /* all before this day has been counted */
    int rc;
    *days = 0;
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, day);
    if (position) stmt_bind_str(s, 3, position);
    stmt_bind_int(s, 4, PEOPLE_ALWAYS);
    while ((rc = stmt_step(s, err)) == 1) {
        int64_t from = stmt_int(s, 0) > counted ? stmt_int(s, 0) : counted, to = stmt_int(s, 1);
        if (to <= from) continue;
        *days += to - from;
        counted = to;
    }
    stmt_done(s);
    return rc;
}
