/* Rows of units: a unit, its name and its place from a day on. The row before ends where the new one begins, and the
 * new one ends where a later one begins, so that rows may come in any order. */
#include "people/people_find.h"
#include "people/people_internal.h"

static int set_dated(struct store *db, const char *const sql[2], int64_t unit, int64_t day, const char *text,
                     int64_t number, struct err *err)
{
    for (int i = 0; i < 2; i++) {
        struct stmt *s = store_stmt(db, sql[i], err);
        if (!s) return err->code;
        stmt_bind_int(s, 1, unit);
        stmt_bind_int(s, 2, day);
        if (i == 1 && text) stmt_bind_str(s, 3, text);
        if (i == 1 && !text) stmt_bind_int(s, 3, number);
        int rc = stmt_run(s, err);
        if (rc) return rc;
    }
    return 0;
}

int people_unit_name(struct store *db, int64_t unit, const char *name, int64_t day, struct err *err)
{
    static const char *const sql[2] = {
        "update unit_name set valid_to = ?2 where unit = ?1 and valid_from = (select max(n.valid_from) from unit_name n"
        " where n.unit = ?1 and n.valid_from < ?2)",
        "insert into unit_name(unit, valid_from, name, valid_to) values(?1, ?2, ?3, (select min(n.valid_from) from"
        " unit_name n where n.unit = ?1 and n.valid_from > ?2)) on conflict(unit, valid_from) do update set name ="
        " excluded.name"};
    int rc = people_words_put(db, PEOPLE_FIND_UNIT, unit, name, err);
    return rc ? rc : set_dated(db, sql, unit, day, name, 0, err);
}

int people_unit_place(struct store *db, int64_t unit, int64_t parent, int64_t day, struct err *err)
{
    static const char *const sql[2] = {
        "update unit_parent set valid_to = ?2 where unit = ?1 and valid_from = (select max(p.valid_from) from"
        " unit_parent p where p.unit = ?1 and p.valid_from < ?2)",
        "insert into unit_parent(unit, valid_from, parent, valid_to) values(?1, ?2, ?3, (select min(p.valid_from) from"
        " unit_parent p where p.unit = ?1 and p.valid_from > ?2)) on conflict(unit, valid_from) do update set parent ="
        " excluded.parent"};
    return set_dated(db, sql, unit, day, NULL, parent, err);
}

int people_unit_add(struct store *db, const struct people_unit_new *n, int64_t *id, struct err *err)
{
    struct stmt *s = store_stmt(db, "insert into unit(code, kind, valid_from) values(?1, ?2, ?3) returning id", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, n->code);
    stmt_bind_str(s, 2, n->kind ? n->kind : "unit");
    stmt_bind_int(s, 3, n->from);
    int rc = people_one(s, id, err);
    if (rc == ERR_CONFLICT) return err_set(err, ERR_CONFLICT, "people.unit_exists", "code", n->code, NULL);
    if (rc == 1) rc = people_unit_name(db, *id, n->name, n->from, err);
    if (rc == 0 && n->parent) rc = people_unit_place(db, *id, n->parent, n->from, err);
    return rc;
}
