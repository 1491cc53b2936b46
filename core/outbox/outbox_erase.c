/* What waits in the outbox and tells of a person who is erased: a mail to them and a dead letter go; what is to go to
 * others, or is a run's, is waited for: it leaves, or is dropped, within days. */
#include "audit/audit_place.h"
#include "outbox/outbox_internal.h"

enum { ROWS_AT_ONCE = 100 };

static int drop(struct erasing *e, int64_t id, struct err *err)
{
    struct stmt *s = store_stmt(e->s->db, "delete from outbox where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    return stmt_run(s, err);
}

/* Of a row: is it to the person, and does it tell of them at all? */
static int64_t read_body(struct erasing *e, const char *p, size_t len, bool *to_them)
{
    struct val body;
    *to_them = false;
    if (val_decode(p, len, e->a, audit_kind_of, &body) != 0) return 0;
    const struct val *to = val_get(&body, "to");
    *to_them = val_is(to, VAL_STR) && erasing_names(e, to->as.str.s, to->as.str.len);
    return erasing_scrub(e, &body, false);
}

/* What a server said of a row that tells of nobody itself. */
static int look_at_error(struct erasing *e, struct err *err)
{
    static const struct erasing_rows rows = {"select id, 0, last_error from outbox where id = ?1",
                                             "update outbox set last_error = ?3 where id = ?1 and ?2",
                                             {erasing_text},
                                             NULL};
    struct erasing_seen seen = {0};
    int rc = erasing_rows(e, &rows, e->at, &seen, err);
    return rc || seen.values == 0 ? rc : erasing_tell(e, "outbox", e->at, seen.values, err);
}

static int look_at_row(struct erasing *e, struct stmt *s, struct err *err)
{
    struct arena_mark mark = arena_mark(e->a);
    bool to_them, is_dead = stmt_is_null(s, 1), is_runs = !stmt_is_null(s, 2);
    size_t len;
    const char *p = stmt_blob(s, 3, &len);
    int64_t n = p ? read_body(e, p, len, &to_them) : 0;
    int rc = 0;
    arena_rewind(e->a, mark);
    if (n == 0) return look_at_error(e, err);
    if (is_runs || (!is_dead && !to_them)) return erasing_wait(e, "outbox", e->at, err);
    if (!e->is_dry) rc = drop(e, e->at, err);
    return rc ? rc : erasing_tell(e, "outbox", e->at, n, err);
}

static int look(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    struct stmt *s =
        store_stmt(e->s->db, "select id, next_at, run, body from outbox where id > ?1 order by id limit ?2", err);
    int n = 0, rc;
    (void)ctx;
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->at);
    stmt_bind_int(s, 2, ROWS_AT_ONCE);
    while ((rc = stmt_step(s, err)) == 1) {
        struct erasing_mark one;
        e->at = stmt_int(s, 0);
        n++;
        rc = erasing_begin(e, &one, err);
        if (rc == 0) rc = look_at_row(e, s, err);
        rc = erasing_end(e, &one, "outbox", e->at, rc, err);
        if (rc < 0) break;
    }
    stmt_done(s);
    *more = n == ROWS_AT_ONCE;
    return rc;
}

void outbox_erase_attach(struct outbox *o)
{
    static const char open[] = "select 1 from outbox where id = ?1 and next_at is not null";
    audit_add_place(o->host->audit, &(struct audit_place){
                                        .name = "outbox", .look = look, .open = open, .ctx = o, .tables = {"outbox"}});
}
