/* Accounts behind which there may be one and the same human: of one person, by which the policy goes anyway; of persons
 * with one e-mail address, which reads what lets either account in; named like another's address; of one subject at two
 * addresses of a provider. Two people with nothing in common that is kept here cannot be told from one. */
#include "people/people_internal.h"

#include <string.h>

/* clang-format off */

/* `where` picks the accounts x; each with every other one, and what they have in common. */
#define PAIRS(where)                                                                                                   \
    "select x.id as x, y.id as y, 'person' as way from account x join account y on y.person = x.person and y.id <>"    \
    " x.id where x.person is not null" where                                                                           \
    " union select x.id, y.id, 'mail' from account x join person p on p.id = x.person join person q on lower(q.email)" \
    " = lower(p.email) and q.id <> p.id join account y on y.person = q.id where p.email is not null and q.email is"    \
    " not null" where                                                                                                  \
    " union select x.id, y.id, 'name' from account x join person q on lower(q.email) = lower(x.name) join account y"   \
    " on y.person = q.id and y.id <> x.id where q.email is not null" where                                             \
    " union select x.id, y.id, 'subject' from account x join auth_identity i on i.account = x.id join auth_identity j" \
    " on j.subject = i.subject join account y on y.id = j.account and y.id <> x.id where 1" where

static const char some_sql[] =
    "select y.name, group_concat(distinct pairs.way) from (" PAIRS(" and x.id in (select ?1 union select id from account where"
    " person = ?2)") ") pairs join account y on y.id = pairs.y where y.disabled_at is null group by y.id order by y.name";
static const char all_sql[] =
    "select x.name, (select p.code from person p where p.id = x.person), group_concat(distinct pairs.way),"
    " group_concat(distinct y.name) from (" PAIRS("") ") pairs join account x on x.id = pairs.x join account y on y.id = pairs.y"
    " where x.disabled_at is null and y.disabled_at is null group by x.id order by x.name limit 20000";
/* clang-format on */

/* "a,b" as a list. */
static int words(struct stmt *s, int column, struct arena *a, struct val *out)
{
    const char *text = people_text(s, column, a);
    *out = val_list();
    for (const char *p = text; p && *p;) {
        size_t n = strcspn(p, ",");
        char *word = arena_strndup(a, p, n);
        if (!word || val_add(a, out, val_str(word))) return ERR_NOMEM;
        p += n + (p[n] == ',');
    }
    return text ? 0 : ERR_NOMEM;
}

static int read_some(struct stmt *s, struct arena *a, struct val *row)
{
    struct val by;
    const char *name = people_text(s, 0, a);
    return !name || words(s, 1, a, &by) || val_set(a, row, "user", val_str(name)) || val_set(a, row, "by", by);
}

static int read_all(struct stmt *s, struct arena *a, struct val *row)
{
    struct val by, others;
    const char *name = people_text(s, 0, a), *person = stmt_is_null(s, 1) ? NULL : people_text(s, 1, a);
    if (!name || words(s, 2, a, &by) || words(s, 3, a, &others)) return ERR_NOMEM;
    return val_set(a, row, "name", val_str(name)) || val_set(a, row, "person", person ? val_str(person) : val_nil()) ||
           val_set(a, row, "by", by) || val_set(a, row, "others", others);
}

static int read_rows(struct stmt *s, int (*read)(struct stmt *s, struct arena *a, struct val *row), struct arena *a,
                     struct val *out, struct err *err)
{
    int rc;
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct val row = val_map();
        if (read(s, a, &row) || val_add(a, out, row)) break;
    }
    stmt_done(s);
    return rc == 1 ? people_too_large(err) : rc;
}

int people_alike(struct store *db, int64_t account, int64_t person, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db, some_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, account);
    stmt_bind_int(s, 2, person);
    return read_rows(s, read_some, a, out, err);
}

int people_alike_all(struct store *db, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db, all_sql, err);
    return s ? read_rows(s, read_all, a, out, err) : err->code;
}
