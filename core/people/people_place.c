/* Where the organisation is: its time zone and language.
 *
 * The service is told by its settings and keeps it in the database, so that a command without the service reckons and
 * speaks as it does: a run that is replayed must find the same texts. */
#include "people/people_internal.h"

#include <stdio.h>
#include <string.h>

static int read_one(struct store *db, const char *name, char *out, size_t cap, struct err *err)
{
    size_t len;
    struct stmt *s = store_stmt(db, "select value from place where name = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, name);
    int rc = stmt_step(s, err);
    const char *text = rc == 1 ? stmt_text(s, 0, &len) : NULL;
    if (text) snprintf(out, cap, "%s", text);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int keep_one(struct store *db, const char *name, const char *value, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "insert into place(name, value) values(?1, ?2) on conflict(name) do update set value ="
                                " excluded.value where value <> excluded.value",
                                err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, name);
    stmt_bind_str(s, 2, value);
    return stmt_run(s, err);
}

int people_place(struct store *db, const char *zone, const char *lang, struct people_place *out, struct err *err)
{
    snprintf(out->zone, sizeof(out->zone), "%s", "Asia/Ho_Chi_Minh");
    snprintf(out->lang, sizeof(out->lang), "%s", "vi");
    int rc = read_one(db, "zone", out->zone, sizeof(out->zone), err);
    if (rc == 0) rc = read_one(db, "lang", out->lang, sizeof(out->lang), err);
    if (zone) snprintf(out->zone, sizeof(out->zone), "%s", zone);
    if (lang) snprintf(out->lang, sizeof(out->lang), "%s", lang);
    if (rc == 0 && zone) rc = keep_one(db, "zone", zone, err);
    if (rc == 0 && lang) rc = keep_one(db, "lang", lang, err);
    return rc;
}
