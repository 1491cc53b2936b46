/* Rows of files, what they hang on, and who may see them by it. */
#include <string.h>

#include "audit/audit.h"
#include "base/id.h"
#include "base/mem.h"
#include "file/file_internal.h"
#include "runtime/crash.h"

/* What hangs on rows of plugins' tables: those things can be given back. */
static int count_bytes(void *ctx, struct store *db, struct quota_count *to, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select u.plugin, total(f.size) from file_use u join file f on f.id = u.file"
                                " where u.kind like 'table:%' group by u.plugin",
                                err);
    int rc;
    (void)ctx;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        size_t len;
        const char *plugin = stmt_text(s, 0, &len);
        quota_tell(to, plugin, len, QUOTA_BYTES, stmt_int(s, 1));
    }
    stmt_done(s);
    return rc;
}

struct files *files_new(struct host *host)
{
    struct files *f = mem_alloc(sizeof(*f));
    f->host = host;
    file_erase_attach(f);
    if (host->quotas) quotas_add_count(host->quotas, count_bytes, f);
    return f;
}

void files_free(struct files *f)
{
    mem_free(f);
}

void files_add_kind(struct files *f, const char *kind, file_seen_fn seen, void *ctx)
{
    if (f && f->nkinds < FILE_KINDS_MAX) f->kinds[f->nkinds++] = (struct file_kind){kind, seen, ctx};
}

int file_load(struct store *db, int64_t id, struct file_row *out, struct err *err)
{
    struct stmt *s =
        store_stmt(db, "select hash, size, type, name, at, user, person, hung from file where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        *out = (struct file_row){.id = id,
                                 .size = stmt_int(s, 1),
                                 .at = stmt_int(s, 4),
                                 .user = stmt_int(s, 5),
                                 .person = stmt_int(s, 6),
                                 .hung = stmt_int(s, 7)};
        stmt_copy(s, 0, out->hash, sizeof(out->hash));
        stmt_copy(s, 2, out->type, sizeof(out->type));
        stmt_copy(s, 3, out->name, sizeof(out->name));
    }
    stmt_done(s);
    return rc;
}

int file_value(const struct file_row *row, struct arena *a, struct val *out, struct err *err)
{
    char *hash = arena_strdup(a, row->hash), *name = arena_strdup(a, row->name), *type = arena_strdup(a, row->type);
    *out = val_map();
    if (hash && name && type && val_set(a, out, "hash", val_str(hash)) == 0 &&
        val_set(a, out, "id", val_int(row->id)) == 0 && val_set(a, out, "name", val_str(name)) == 0 &&
        val_set(a, out, "size", val_int(row->size)) == 0 && val_set(a, out, "type", val_str(type)) == 0)
        return 0;
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

/* What an account has handed in and not hung anywhere is bounded: it is nobody's but takes room for a day. */
static int check_loose(struct session *s, int64_t size, struct err *err)
{
    struct stmt *st = store_stmt(s->db, "select count(*), total(size) from file where hung = 0 and user = ?1", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, s->actor.user);
    int rc = stmt_step(st, err);
    bool many = rc == 1 && (stmt_int(st, 0) >= FILES_LOOSE_MAX || stmt_int(st, 1) + size > FILES_LOOSE_BYTES);
    stmt_done(st);
    if (rc < 0) return rc;
    return many ? err_set(err, ERR_LIMIT, "file.loose", NULL) : 0;
}

static int insert(struct session *s, const struct file_row *row, struct err *err)
{
    struct stmt *st = store_stmt(
        s->db, "insert into file(id, hash, size, type, name, at, user, person) values(?1,?2,?3,?4,?5,?6,?7,?8)", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, row->id);
    stmt_bind_str(st, 2, row->hash);
    stmt_bind_int(st, 3, row->size);
    stmt_bind_str(st, 4, row->type);
    stmt_bind_str(st, 5, row->name);
    stmt_bind_int(st, 6, row->at);
    if (row->user) stmt_bind_int(st, 7, row->user);
    if (row->person) stmt_bind_int(st, 8, row->person);
    return stmt_run(st, err);
}

int file_add(struct session *s, const struct file_new *n, struct val *out, struct err *err)
{
    struct files *f = s->host->files;
    struct file_row row = {.id = id_next(lane_ids(s->lane), s->now),
                           .size = n->size,
                           .at = s->now,
                           .user = s->actor.user,
                           .person = s->actor.person};
    strncat(row.hash, n->hash, sizeof(row.hash) - 1);
    strncat(row.type, n->type, sizeof(row.type) - 1);
    strncat(row.name, n->name, sizeof(row.name) - 1);
    int rc = row.user > 0 ? check_loose(s, n->size, err) : 0;
    if (rc) return rc;
    if (!file_bytes_there(s->host->data_dir, n->hash, n->size)) return err_set(err, ERR_CONFLICT, "file.gone", NULL);
    file_sweep_spare(f, n->hash);
    rc = insert(s, &row, err);
    if (rc == 0) rc = file_value(&row, s->arena, out, err);
    crash_point("file.row");
    struct audit_entry told = {.verb = "file.add", .kind = "file", .id = row.id, .after = out};
    return rc ? rc : audit_add(s, &told, err);
}

static int count_hung(struct store *db, int64_t file, int64_t by, struct err *err)
{
    struct stmt *s = store_stmt(db, "update file set hung = hung + ?2 where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, file);
    stmt_bind_int(s, 2, by);
    return stmt_run(s, err);
}

int file_hang(struct session *s, int64_t file, const struct file_thing *on, struct err *err)
{
    struct file_row row;
    struct err_num n;
    int rc = file_load(s->db, file, &row, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "not_found.file", "id", err_i64(&n, file), NULL);
    struct stmt *st = store_stmt(
        s->db, "insert or ignore into file_use(file, kind, thing, part, plugin) values(?1,?2,?3,?4,?5)", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, file);
    stmt_bind_str(st, 2, on->kind);
    stmt_bind_int(st, 3, on->id);
    stmt_bind_int(st, 4, on->part);
    stmt_bind_str(st, 5, on->plugin);
    rc = stmt_run(st, err);
    if (rc || store_changes(s->db) == 0) return rc;
    rc = count_hung(s->db, file, 1, err);
    crash_point("file.hung");
    return rc || !on->counts ? rc : quota_add(s, on->plugin, QUOTA_BYTES, row.size, err);
}

int file_unhang(struct session *s, int64_t file, const struct file_thing *on, struct err *err)
{
    struct stmt *st =
        store_stmt(s->db, "delete from file_use where file = ?1 and kind = ?2 and thing = ?3 and part = ?4", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, file);
    stmt_bind_str(st, 2, on->kind);
    stmt_bind_int(st, 3, on->id);
    stmt_bind_int(st, 4, on->part);
    int rc = stmt_run(st, err);
    if (rc || store_changes(s->db) == 0) return rc;
    st = store_stmt(s->db, "update file set hung = hung - 1, at = iif(hung = 1, ?2, at) where id = ?1", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, file);
    stmt_bind_int(st, 2, s->now);
    return stmt_run(st, err);
}

/* One statement about all that hangs on a thing; its first column, if it has one, in *n. */
static int of_thing(struct store *db, const char *sql, const struct file_thing *on, int64_t *n, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, on->kind);
    stmt_bind_int(s, 2, on->id);
    stmt_bind_int(s, 3, on->part);
    int rc = stmt_step(s, err);
    if (rc == 1 && n) *n = stmt_int(s, 0);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* What hangs on nothing any more has a day from now on, as if it had just been handed in. */
static int count_down(struct session *s, const struct file_thing *on, struct err *err)
{
    struct stmt *st = store_stmt(s->db,
                                 "update file set hung = hung - 1, at = iif(hung = 1, ?4, at) where id in (select file"
                                 " from file_use where kind = ?1 and thing = ?2 and part = ?3)",
                                 err);
    if (!st) return err->code;
    stmt_bind_str(st, 1, on->kind);
    stmt_bind_int(st, 2, on->id);
    stmt_bind_int(st, 3, on->part);
    stmt_bind_int(st, 4, s->now);
    return stmt_run(st, err);
}

int file_let_go(struct session *s, const struct file_thing *on, struct err *err)
{
#define OF_THING " from file_use where kind = ?1 and thing = ?2 and part = ?3"
    int64_t bytes = 0;
    int rc = of_thing(s->db, "select total(size) from file where id in (select file" OF_THING ")", on, &bytes, err);
    if (rc == 0) rc = count_down(s, on, err);
    if (rc == 0) rc = of_thing(s->db, "delete" OF_THING, on, NULL, err);
    return rc || !on->counts || !bytes ? rc : quota_add(s, on->plugin, QUOTA_BYTES, -bytes, err);
#undef OF_THING
}

int file_hangs(struct store *db, int64_t file, const struct file_thing *on, struct err *err)
{
    struct stmt *s =
        store_stmt(db, "select 1 from file_use where file = ?1 and kind = ?2 and thing = ?3 and part = ?4", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, file);
    stmt_bind_str(s, 2, on->kind);
    stmt_bind_int(s, 3, on->id);
    stmt_bind_int(s, 4, on->part);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

static int seen_by(struct session *s, const char *kind, size_t len, int64_t file, int64_t thing, struct err *err)
{
    const struct files *f = s->host->files;
    for (size_t i = 0; i < f->nkinds; i++)
        if (strlen(f->kinds[i].name) == len && memcmp(f->kinds[i].name, kind, len) == 0)
            return f->kinds[i].seen(f->kinds[i].ctx, s, file, thing, err);
    return 0;
}

static int seen_by_use(struct session *s, struct stmt *use, int64_t file, struct err *err)
{
    size_t nkind, nplugin = 0;
    const char *kind = stmt_text(use, 0, &nkind), *plugin = stmt_text(use, 2, &nplugin), *own = s->actor.plugin;
    if (own && plugin && strlen(own) == nplugin && memcmp(own, plugin, nplugin) == 0) return 1;
    return seen_by(s, kind, nkind, file, stmt_int(use, 1), err);
}

/* One that its account (in specs, where there are none: its person) has not hung anywhere yet is not for code that runs
 * by itself. */
static bool is_own(const struct session *s, const struct file_row *row)
{
    const struct actor *who = &s->actor;
    if (who->plugin && s->mode != SESSION_WRITE) return false;
    if (who->user) return who->user > 0 && who->user == row->user;
    return !row->user && who->person && who->person == row->person;
}

int file_may_see(struct session *s, const struct file_row *row, struct err *err)
{
    const struct actor *who = &s->actor;
    if (!who->user && !who->person && !who->plugin && !who->run) return 1; /* the system, the operator */
    if (row->hung == 0) return is_own(s, row);
    struct stmt *st = store_stmt(
        s->db,
        "select kind, thing, plugin from file_use where file = ?1 group by kind, thing order by thing desc limit 1000",
        err);
    int rc = 0, seen = 0;
    if (!st) return err->code;
    stmt_bind_int(st, 1, row->id);
    while (seen == 0 && (rc = stmt_step(st, err)) == 1)
        seen = seen_by_use(s, st, row->id, err);
    stmt_done(st);
    return rc < 0 ? rc : seen;
}
