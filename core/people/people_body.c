/* Bodies: a council, a committee, a panel, with terms and members by date. */
#include "people/people_internal.h"

const struct val_kind people_body_kind = {"body"};

static int body_object(struct stmt *s, struct arena *a, struct val *out)
{
    struct val *fields = arena_alloc(a, sizeof(*fields));
    const char *code = people_text(s, 1, a), *name = people_text(s, 2, a), *term = people_text(s, 4, a);
    if (!fields || !code || !name) return ERR_NOMEM;
    *fields = val_map();
    int rc = val_set(a, fields, "code", val_str(code));
    if (rc == 0) rc = val_set(a, fields, "name", val_str(name));
    if (rc == 0) rc = val_set(a, fields, "text", val_str(name));
    if (rc == 0) rc = val_set(a, fields, "unit", val_int(stmt_int(s, 3)));
    if (rc == 0 && term) rc = val_set(a, fields, "term", val_str(term));
    *out = val_obj(&people_body_kind, stmt_int(s, 0), 0, fields);
    return rc;
}

int people_body_get(struct store *db, int64_t id, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select b.id, b.code, b.name, b.unit, (select t.name from body_term t where t.body ="
                                " b.id and " HELD("t") " order by t.valid_from desc limit 1) from body b"
                                                       " where b.id = ?1",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    stmt_bind_int(s, 2, day);
    int rc = stmt_step(s, err);
    if (rc == 1 && body_object(s, a, out)) rc = people_too_large(err);
    stmt_done(s);
    return rc;
}

int people_body_by_code(struct store *db, const char *code, int64_t *id, struct err *err)
{
    struct stmt *s = store_stmt(db, "select id from body where code = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, code);
    return people_one(s, id, err);
}

int people_members(struct store *db, int64_t body, int64_t day, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select p.id, p.code, p.name, h.capacity from body_member h join person p on p.id ="
                                " h.person where h.body = ?1 and " HELD("h") " order by p.id",
                                err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, body);
    stmt_bind_int(s, 2, day);
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct val person;
        const char *capacity = people_text(s, 3, a);
        if (people_person_row(s, a, &person) ||
            (capacity && val_set(a, person.as.obj.fields, "capacity", val_str(capacity))) || val_add(a, out, person)) {
            rc = people_too_large(err);
            break;
        }
    }
    stmt_done(s);
    return rc;
}

int people_is_member(struct store *db, int64_t body, int64_t person, int64_t day, struct err *err)
{
    int64_t one;
    struct stmt *s = store_stmt(
        db, "select 1 from body_member h where h.body = ?1 and h.person = ?3 and " HELD("h") " limit 1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, body);
    stmt_bind_int(s, 2, day);
    stmt_bind_int(s, 3, person);
    return people_one(s, &one, err);
}
