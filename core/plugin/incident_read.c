/* Kept errors as people look for them: the last ones, and one whole. */
#include "plugin/incident.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/locale.h"
#include "base/val.h"
#include "plugin/session.h"

enum { LIST_MAX = 100 };

#define COLUMNS                                                                                                        \
    "select id, plugin, kind, name, place, last, count, run, text, code, remedy, args, first, entry, version,"         \
    " traceback, source from incident"

static int put_text(struct arena *a, struct val *map, const char *key, struct stmt *s, int col)
{
    size_t len;
    const char *p = stmt_text(s, col, &len);
    char *copy = p && len ? arena_strndup(a, p, len) : NULL;
    return copy ? val_set(a, map, key, val_strn(copy, len)) : 0;
}

static int put_int(struct arena *a, struct val *map, const char *key, struct stmt *s, int col)
{
    return stmt_int(s, col) ? val_set(a, map, key, val_int(stmt_int(s, col))) : 0;
}

/* The sentence and what to do, in the reader's language. */
static int put_message(struct arena *a, const char *lang, struct val *map, struct stmt *s)
{
    struct err e = {0};
    struct buf plain, whole;
    size_t len;
    int rc = 0;
    stmt_copy(s, 8, e.text, sizeof(e.text));
    stmt_copy(s, 9, e.key, sizeof(e.key));
    stmt_copy(s, 10, e.remedy, sizeof(e.remedy));
    const char *args = stmt_blob(s, 11, &len);
    if (args && len == sizeof(e.args)) memcpy(e.args, args, len);
    buf_init(&plain, 8192);
    buf_init(&whole, 8192);
    locale_err(&plain, lang, &e, false);
    locale_err(&whole, lang, &e, true);
    char *message = arena_strndup(a, plain.data ? plain.data : "", plain.len);
    char *remedy =
        whole.len > plain.len + 1 ? arena_strndup(a, whole.data + plain.len + 1, whole.len - plain.len - 1) : NULL;
    if (message) rc |= val_set(a, map, "message", val_str(message));
    if (remedy) rc |= val_set(a, map, "remedy", val_str(remedy));
    buf_close(&plain);
    buf_close(&whole);
    return rc;
}

static int read_row(struct stmt *s, const char *lang, bool whole, struct arena *a, struct val *out)
{
    *out = val_map();
    int rc = put_text(a, out, "id", s, 0);
    rc |= put_text(a, out, "plugin", s, 1);
    rc |= put_text(a, out, "kind", s, 2);
    rc |= put_text(a, out, "name", s, 3);
    rc |= put_text(a, out, "where", s, 4);
    rc |= put_int(a, out, "last", s, 5);
    rc |= put_int(a, out, "count", s, 6);
    rc |= put_int(a, out, "run", s, 7);
    rc |= put_message(a, lang, out, s);
    if (!whole) return rc;
    rc |= put_text(a, out, "code", s, 9);
    rc |= put_int(a, out, "first", s, 12);
    /* Where it failed, counted as in the run's history: at 0 when its first call did. */
    if (stmt_int(s, 7)) rc |= val_set(a, out, "step", val_int(stmt_int(s, 13)));
    rc |= put_text(a, out, "version", s, 14);
    rc |= put_text(a, out, "source", s, 16);
    return rc | put_text(a, out, "traceback", s, 15);
}

int incident_list(struct session *session, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(session->db, COLUMNS " order by last desc limit ?1", err);
    int rc;
    *out = val_list();
    if (!s) return err->code;
    stmt_bind_int(s, 1, LIST_MAX);
    while ((rc = stmt_step(s, err)) == 1) {
        struct val row;
        if (read_row(s, session->lang, false, a, &row) == 0 && val_add(a, out, row) == 0) continue;
        rc = err_set(err, ERR_NOMEM, "memory", NULL);
        break;
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

int incident_show(struct session *session, const char *id, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(session->db, COLUMNS " where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1 && read_row(s, session->lang, true, a, out) != 0) rc = err_set(err, ERR_NOMEM, "memory", NULL);
    stmt_done(s);
    return rc;
}
