/* Readers of accounts and of roles that are held. */
#include "people/people_import.h"

#include <stdio.h>
#include <string.h>

/* Is there nothing in the row that the account is not already? */
static bool is_same(const struct people_account *known, const struct people_account_new *n, const struct val *disabled)
{
    if (known->person != n->person || known->admin != n->admin) return false;
    if (strcmp(known->lang, n->lang ? n->lang : "") != 0) return false;
    return !val_is(disabled, VAL_BOOL) || disabled->as.b == known->disabled;
}

int import_user(struct import *im, const struct val *row)
{
    const char *name = import_text(im, row, "name"), *person = import_text(im, row, "person"),
               *lang = import_text(im, row, "lang");
    struct people_account known = {0};
    int64_t id = 0, admin = val_get_bool(row, "admin", false);
    const struct val *disabled = val_get(row, "disabled");
    if (!name) return import_bad(im, "name");
    int rc = person ? import_code(im, "person", person, &id) : 0;
    if (rc == 0) rc = people_account_find(im->db, name, &known, im->err);
    if (rc < 0) return rc;
    struct people_account_new n = {.name = name, .person = id, .lang = lang, .admin = admin != 0};
    if (im->keeps_accounts) return rc == 1 && is_same(&known, &n, disabled) ? 0 : import_denied(im, name);
    const char *what = known.person != id ? "person" : "account";
    if (rc == 1 && !is_same(&known, &n, disabled) && import_tell(im, known.id, name, what)) return im->err->code;
    bool off = val_get_bool(row, "disabled", false), was_off = known.disabled;
    if (rc == 1) {
        known.person = id;
        known.admin = n.admin;
        snprintf(known.lang, sizeof(known.lang), "%s", lang ? lang : "");
        rc = people_account_set(im->db, &known, im->now, im->err);
    } else {
        rc = people_account_add(im->db, &n, im->now, &known.id, im->err);
    }
    if (rc || !val_is(disabled, VAL_BOOL) || (was_off && off)) return rc;
    return people_account_disable(im->db, known.id, off, im->now, im->err);
}

/* Exactly one of person and user. */
int import_role_held(struct import *im, const struct val *row)
{
    const char *role = import_text(im, row, "role"), *unit = import_text(im, row, "unit"),
               *user = import_text(im, row, "user");
    struct people_account account = {0};
    int64_t person = 0, where = 0, from, to;
    if (!role) return import_bad(im, "role");
    int rc = user ? people_account_find(im->db, user, &account, im->err)
                  : import_code(im, "person", import_text(im, row, "person"), &person);
    if (user && rc == 0) return import_bad(im, "user");
    if (rc < 0) return rc;
    rc = unit ? import_code(im, "unit", unit, &where) : 0;
    if (rc == 0) rc = import_day(im, row, "from", PEOPLE_ALWAYS, &from);
    if (rc == 0) rc = import_day(im, row, "to", 0, &to);
    if (rc == 0 && where) rc = import_within_unit(im, where, from, &to);
    if (rc == 0)
        rc = PUT(im,
                 user ? "delete from role_held where account = ?1 and role = ?2 and coalesce(unit, "
                        "0) = ?3 and valid_from"
                        " = ?4"
                      : "delete from role_held where person = ?1 and role = ?2 and coalesce(unit, "
                        "0) = ?3 and valid_from"
                        " = ?4",
                 "itii", user ? &account.id : &person, role, &where, &from);
    if (rc) return rc;
    return PUT(im,
               "insert into role_held(person, account, role, unit, valid_from, valid_to) "
               "values(?1, ?2, ?3, ?4, ?5, ?6)",
               "nntnin", &person, &account.id, role, &where, &from, &to);
}
