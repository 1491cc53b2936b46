/* Readers of persons, positions and who holds them. */
#include <string.h>

#include "people/people_find.h"
#include "people/people_import.h"
#include "people/verb.h"

/* A state that no thing has, or a verb that no role gives, would allow nothing without a word. */
static int check_verbs(struct import *im, const struct val *verbs)
{
    for (size_t i = 0; val_at(verbs, i); i++) {
        const char *word = val_cstr(im->a, val_at(verbs, i));
        enum people_verb_wrong wrong = word ? people_verb_check(word) : PEOPLE_VERB_STATE;
        if (!word || wrong == PEOPLE_VERB_STATE || strlen(word) > PEOPLE_VERB_MAX) return import_bad(im, "verbs");
    }
    return 0;
}

int import_role(struct import *im, const struct val *row)
{
    const char *name = import_text(im, row, "name");
    if (!name) return import_bad(im, "name");
    int rc = check_verbs(im, val_get(row, "verbs"));
    if (rc == 0) rc = PUT(im, "delete from role_verb where role = ?1", "t", name);
    return rc ? rc
              : import_each(im, val_get(row, "verbs"), "insert or ignore into role_verb(role, verb) values(?1, ?2)",
                            name);
}

int import_position(struct import *im, const struct val *row)
{
    const char *code = import_text(im, row, "code"), *title = import_text(im, row, "title");
    const char *deputy_of = import_text(im, row, "deputy_of");
    int64_t rank = val_get_int(row, "rank", 0);
    if (!code) return import_bad(im, "code");
    int rc = PUT(im,
                 "insert into position(code, title, deputy_of, rank) values(?1, ?2, ?3, ?4) on conflict(code) do update"
                 " set title = excluded.title, deputy_of = excluded.deputy_of, rank = excluded.rank",
                 "tttn", code, title ? title : code, deputy_of, &rank);
    if (rc == 0) rc = PUT(im, "delete from position_role where position = ?1", "t", code);
    return rc ? rc
              : import_each(im, val_get(row, "roles"),
                            "insert or ignore into position_role(position, role) values(?1, ?2)", code);
}

/* To a person's e-mail goes what lets their account in again: changed, it is the account that changes hands.
 * 1: the row may be taken. */
static int check_email(struct import *im, const char *code, const char *email)
{
    static const char sql[] = "select a.id, a.name from person p join account a on a.person = p.id"
                              " where p.code = ?1 and p.email is not ?2 order by a.id limit 1";
    struct stmt *s = im->by ? store_stmt(im->db, sql, im->err) : NULL;
    char name[64];
    if (!s) return im->by ? im->err->code : 1;
    stmt_bind_str(s, 1, code);
    if (email) stmt_bind_str(s, 2, email);
    int rc = stmt_step(s, im->err);
    int64_t account = rc == 1 ? stmt_int(s, 0) : 0;
    if (rc == 1) stmt_copy(s, 1, name, sizeof(name));
    stmt_done(s);
    if (rc <= 0) return rc < 0 ? rc : 1;
    if (im->keeps_accounts) return import_denied(im, code);
    rc = import_tell(im, account, name, "email");
    return rc ? rc : 1;
}

int import_person(struct import *im, const struct val *row)
{
    const char *code = import_text(im, row, "code"), *name = import_text(im, row, "name"),
               *email = import_text(im, row, "email");
    if (!code) return import_bad(im, "code");
    if (!name) return import_bad(im, "name");
    int64_t id;
    int rc = check_email(im, code, email);
    if (rc != 1) return rc;
    rc = PUT(im,
             "insert into person(code, name, email) values(?1, ?2, ?3) on conflict(code) do "
             "update set name ="
             " excluded.name, email = excluded.email",
             "ttt", code, name, email);
    if (rc == 0) rc = import_code(im, "person", code, &id);
    return rc ? rc : people_words_put(im->db, PEOPLE_FIND_PERSON, id, name, im->err);
}

int import_holder(struct import *im, const struct val *row)
{
    const char *position = import_text(im, row, "position"), *act = import_text(im, row, "act");
    int64_t person, unit, from, to;
    if (!position) return import_bad(im, "position");
    int rc = import_code(im, "person", import_text(im, row, "person"), &person);
    if (rc == 0) rc = import_code(im, "unit", import_text(im, row, "unit"), &unit);
    if (rc == 0) rc = import_day(im, row, "from", PEOPLE_ALWAYS, &from);
    if (rc == 0) rc = import_day(im, row, "to", 0, &to);
    if (rc == 0) rc = import_within_unit(im, unit, from, &to);
    if (rc == 0) rc = PUT(im, "insert or ignore into position(code, title) values(?1, ?1)", "t", position);
    if (rc) return rc;
    return PUT(im,
               "insert into position_held(person, position, unit, valid_from, valid_to, act) "
               "values(?1, ?2, ?3, ?4, ?5,"
               " ?6) on conflict(position, unit, person, valid_from) do update set valid_to = "
               "coalesce(excluded.valid_to, valid_to),"
               " act = excluded.act",
               "itiint", &person, position, &unit, &from, &to, act);
}
