/* What files hold of a person who is erased: those that they handed in and that hang on nothing are swept at once; a
 * name that tells of them is taken from a file. One that hangs on an item keeps its name as the item keeps its text. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit_place.h"
#include "file/file_internal.h"

enum { FILES_AT_ONCE = 200, ENDING_MAX = 8 };

#define OF_PERSON                                                                                                      \
    "(select u.file from file_use u join file f on f.id = u.file where u.kind = ?1 and u.thing = ?2 and f.person = "   \
    "?3)"

static int run_on(struct session *s, const char *sql, const struct file_thing *on, int64_t person, int64_t *n,
                  struct err *err)
{
    struct stmt *st = store_stmt(s->db, sql, err);
    if (!st) return err->code;
    stmt_bind_str(st, 1, on->kind);
    stmt_bind_int(st, 2, on->id);
    stmt_bind_int(st, 3, person);
    int rc = stmt_step(st, err);
    if (rc == 1 && n) *n = stmt_int(st, 0);
    stmt_done(st);
    return rc < 0 ? rc : 0;
}

static void wake_sweep(struct files *f, int64_t now)
{
    if (f && f->lane) lane_wake_at(f->lane, &f->source, now);
}

int file_let_go_of(struct session *s, const struct file_thing *on, int64_t person, bool is_dry, int64_t *n,
                   struct err *err)
{
    int64_t found = 0;
    int rc = run_on(s, "select count(*) from " OF_PERSON, on, person, &found, err);
    *n += found;
    if (rc || is_dry || found == 0) return rc;
    wake_sweep(s->host->files, s->now);
    rc = run_on(s, "update file set hung = hung - 1, at = iif(hung = 1, 0, at) where id in " OF_PERSON, on, person,
                NULL, err);
    return rc ? rc
              : run_on(s, "delete from file_use where kind = ?1 and thing = ?2 and file in " OF_PERSON, on, person,
                       NULL, err);
}

/* In names of files words are often parted otherwise. */
static bool is_named(struct erasing *e, const char *name)
{
    char words[FILE_NAME_MAX + 1];
    size_t n = strlen(name);
    memcpy(words, name, n + 1);
    for (size_t i = 0; i < n; i++)
        if (words[i] == '-' || words[i] == '_' || words[i] == '.') words[i] = ' ';
    return erasing_names(e, name, n) || erasing_names(e, words, n);
}

static const char *ending_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot || strlen(dot) > ENDING_MAX) return "";
    for (const char *p = dot + 1; *p; p++)
        if (!isalnum((unsigned char)*p)) return "";
    return dot;
}

/* A row of a file does not change: it is written anew. */
static int rename_file(struct store *db, const struct file_row *row, struct err *err)
{
    char name[60];
    snprintf(name, sizeof(name), "erased-%lld%s", (long long)row->id, ending_of(row->name));
    struct stmt *s = store_stmt(db,
                                "replace into file(id, hash, size, type, name, at, user, person, hung) select id, hash,"
                                " size, type, ?2, at, user, person, hung from file where id = ?1",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, row->id);
    stmt_bind_str(s, 2, name);
    return stmt_run(s, err);
}

static int age(struct store *db, int64_t id, struct err *err)
{
    struct stmt *s = store_stmt(db, "update file set at = 0 where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    return stmt_run(s, err);
}

static int look_at_one(struct files *f, struct erasing *e, const struct file_row *row, bool on_item, struct err *err)
{
    bool own = row->person == e->traces->person && row->hung == 0 && row->at;
    bool named = is_named(e, row->name), kept = named && on_item && !e->published;
    int rc = 0;
    e->kept += kept;
    if (kept) named = false;
    if (!own && !named) return 0;
    if (named && !e->is_dry) rc = rename_file(e->s->db, row, err);
    if (rc == 0 && own && !e->is_dry) rc = age(e->s->db, row->id, err);
    if (rc == 0 && own && !e->is_dry) wake_sweep(f, e->s->now);
    return rc ? rc : erasing_tell(e, "file", row->id, 1, err);
}

static int look(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    struct stmt *s = store_stmt(e->s->db,
                                "select f.id, exists(select 1 from file_use u where u.file = f.id and u.kind = 'item')"
                                " from file f where f.id > ?1 order by f.id limit ?2",
                                err);
    int n = 0, rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->at);
    stmt_bind_int(s, 2, FILES_AT_ONCE);
    while ((rc = stmt_step(s, err)) == 1) {
        struct erasing_mark one;
        struct file_row row;
        e->at = stmt_int(s, 0);
        n++;
        rc = erasing_begin(e, &one, err);
        if (rc == 0) rc = file_load(e->s->db, e->at, &row, err);
        if (rc == 1) rc = look_at_one(ctx, e, &row, stmt_int(s, 1) != 0, err);
        rc = erasing_end(e, &one, "file", e->at, rc, err);
        if (rc < 0) break;
    }
    stmt_done(s);
    *more = n == FILES_AT_ONCE;
    return rc;
}

void file_erase_attach(struct files *f)
{
    audit_add_place(f->host->audit, &(struct audit_place){.name = "files", .look = look, .ctx = f, .tables = {"file"}});
}
