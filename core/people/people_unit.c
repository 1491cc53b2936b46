/* Units as they were on a day. The tree is walked by recursive queries over dated parents; `union`
 * (not `union all`) ends a walk even where an import has made a circle. */
#include "people/people_internal.h"

#include <string.h>

#include "base/zone.h"

const struct val_kind people_unit_kind = {"unit"}, people_person_kind = {"person"};

#define UNIT_COLUMNS "select u.id, u.code, " PEOPLE_UNIT_NAME ", u.kind from unit u "

int people_too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

const char *people_text(struct stmt *s, int col, struct arena *a)
{
    size_t len;
    const char *p = stmt_text(s, col, &len);
    return p ? arena_strndup(a, p, len) : NULL;
}

int people_one(struct stmt *s, int64_t *out, struct err *err)
{
    int rc = stmt_step(s, err);
    if (rc == 1) *out = stmt_int(s, 0);
    stmt_done(s);
    return rc;
}

int64_t people_day(const struct host *host, int64_t now)
{
    const struct zone *z = host->zone ? zone_get(host->zone) : NULL;
    if (z) return zone_day(z, now);
    return now >= 0 ? now / 86400000 : -((-now + 86399999) / 86400000);
}

static int object(struct stmt *s, const struct val_kind *kind, struct arena *a, struct val *out)
{
    struct val *fields = arena_alloc(a, sizeof(*fields));
    const char *code = people_text(s, 1, a), *name = people_text(s, 2, a);
    if (!fields || !code || !name) return ERR_NOMEM;
    *fields = val_map();
    int rc = val_set(a, fields, "code", val_str(code));
    if (rc == 0) rc = val_set(a, fields, "name", val_str(name));
    if (rc == 0) rc = val_set(a, fields, "text", val_str(name));
    *out = val_obj(kind, stmt_int(s, 0), 0, fields);
    return rc;
}

int people_unit_row(struct stmt *s, struct arena *a, struct val *out)
{
    int rc = object(s, &people_unit_kind, a, out);
    const char *kind = people_text(s, 3, a);
    return rc || !kind ? ERR_NOMEM : val_set(a, out->as.obj.fields, "kind", val_str(kind));
}

int people_person_row(struct stmt *s, struct arena *a, struct val *out)
{
    return object(s, &people_person_kind, a, out);
}

int people_unit_get(struct store *db, int64_t id, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db, UNIT_COLUMNS "where u.id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    stmt_bind_int(s, 2, day);
    int rc = stmt_step(s, err);
    if (rc == 1 && people_unit_row(s, a, out)) rc = people_too_large(err);
    stmt_done(s);
    return rc;
}

int people_unit_by_code(struct store *db, const char *code, int64_t *id, struct err *err)
{
    struct stmt *s = store_stmt(db, "select id from unit where code = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, code);
    return people_one(s, id, err);
}

int people_parent(struct store *db, int64_t unit, int64_t day, int64_t *parent, struct err *err)
{
    struct stmt *s = store_stmt(db, "select p.parent from unit_parent p where p.unit = ?1 and " HELD("p"), err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, day);
    return people_one(s, parent, err);
}

/* Rows of UNIT_COLUMNS into a list. */
static int unit_list(struct stmt *s, struct arena *a, struct val *out, struct err *err)
{
    int rc;
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct val unit;
        if (people_unit_row(s, a, &unit) || val_add(a, out, unit)) {
            rc = people_too_large(err);
            break;
        }
    }
    stmt_done(s);
    return rc;
}

int people_children(struct store *db, int64_t unit, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                UNIT_COLUMNS "join unit_parent p on p.unit = u.id where p.parent = ?1 and " HELD(
                                    "p") " and " HELD("u") " order by u.code",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, day);
    return unit_list(s, a, out, err);
}

int people_units(struct store *db, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db, UNIT_COLUMNS "where " HELD("u") " order by u.code limit 20000", err);
    if (!s) return err->code;
    stmt_bind_int(s, 2, day);
    return unit_list(s, a, out, err);
}

int people_above(struct store *db, int64_t unit, const char *kind, int64_t day, int64_t *above, struct err *err)
{
    int64_t at = unit, parent = 0;
    int rc = 0, levels = 0;
    *above = 0;
    for (; levels < 64 && (rc = people_parent(db, at, day, &parent, err)) == 1; levels++) {
        at = parent;
        if (!kind) continue;
        struct stmt *s = store_stmt(db, "select 1 from unit where id = ?1 and kind = ?2", err);
        if (!s) return err->code;
        stmt_bind_int(s, 1, at);
        stmt_bind_str(s, 2, kind);
        int64_t one;
        rc = people_one(s, &one, err);
        if (rc < 0) return rc;
        if (rc == 1) {
            *above = at;
            return 1;
        }
    }
    if (rc < 0 || kind || levels == 0) return rc < 0 ? rc : 0;
    *above = at;
    return 1;
}

int people_successors(struct store *db, int64_t unit, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s =
        store_stmt(db,
                   "select r.successor, r.day, r.how from unit_successor r where r.unit = ?1 and r.day <= ?2"
                   " order by r.day, r.successor",
                   err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, day);
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct val row = val_map(), next;
        const char *how = people_text(s, 2, a);
        if (stmt_int(s, 0)) {
            rc = people_unit_get(db, stmt_int(s, 0), day, a, &next, err);
            if (rc < 0) break;
            if (rc == 1 && val_set(a, &row, "unit", next)) how = NULL;
        }
        if (!how || val_set(a, &row, "day", val_int(stmt_int(s, 1))) || val_set(a, &row, "how", val_str(how)) ||
            val_add(a, out, row)) {
            rc = people_too_large(err);
            break;
        }
    }
    stmt_done(s);
    return rc;
}

int people_is_within(struct store *db, int64_t unit, int64_t top, int64_t day, struct err *err)
{
    struct stmt *s = store_stmt(db, WITH_UP "select 1 from up where id = ?3 limit 1", err);
    int64_t one;
    if (!s) return err->code;
    stmt_bind_int(s, 1, unit);
    stmt_bind_int(s, 2, day);
    stmt_bind_int(s, 3, top);
    return people_one(s, &one, err);
}
