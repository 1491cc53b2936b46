/* A search that is new, or names other fields: all runs of the flow are found by it, a piece in each slice.
 * flow_searched says how far that is; pass null: done.
 *
 * A pass goes through the runs of one state, by its index. Their order is that in which states follow each other, so
 * that a run that goes on meanwhile is met later; what is tried again, against that order, is filled then (flow_retry).
 */
#include "flow/flow_internal.h"

#include "base/json.h"
#include "runtime/crash.h"

enum { PIECE = 200 };
static const enum flow_state passes[] = {FLOW_RUNNING, FLOW_FAILED,    FLOW_BLOCKED,
                                         FLOW_UNDOING, FLOW_COMPLETED, FLOW_CANCELLED};
enum { PASSES = sizeof(passes) / sizeof(passes[0]) };

struct filling {
    int64_t name, pass, after;
    struct val fields;
    size_t n;
};

static int next_search(struct store *db, struct arena *a, struct filling *l, struct err *err)
{
    struct stmt *s = store_stmt(
        db, "select name, fields, pass, after from flow_searched where pass is not null order by name limit 1", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    if (rc == 1) {
        size_t len;
        const char *fields = stmt_text(s, 1, &len);
        l->name = stmt_int(s, 0);
        l->pass = stmt_int(s, 2);
        l->after = stmt_int(s, 3);
        if (json_parse(fields, len, a, &l->fields, err) != 0) rc = err->code;
    }
    stmt_done(s);
    return rc;
}

/* What cannot be read is found by nothing. */
static struct val value(struct stmt *s, int col, struct arena *a)
{
    struct val v = val_nil();
    size_t len;
    const char *bytes = stmt_blob(s, col, &len);
    return bytes && val_decode(bytes, len, a, flow_kind_of, &v) == 0 ? v : val_nil();
}

static int fill_runs(struct store *db, struct filling *l, struct err *err)
{
    struct arena a;
    struct stmt *s = store_stmt(db,
                                "select id, input, checkpoint from flow_run where name = ?1 and state = ?2 and id > ?3"
                                " order by id limit ?4",
                                err);
    int rc;
    if (!s) return err->code;
    arena_init(&a, 64 << 20);
    stmt_bind_int(s, 1, l->name);
    stmt_bind_int(s, 2, passes[l->pass]);
    stmt_bind_int(s, 3, l->after);
    stmt_bind_int(s, 4, PIECE);
    while ((rc = stmt_step(s, err)) == 1) {
        struct val input = value(s, 1, &a), state = value(s, 2, &a);
        struct flow_found found = {.name = l->name, .run = stmt_int(s, 0), .input = &input, .state = &state};
        l->after = found.run;
        l->n++;
        rc = flow_search_put(db, &found, &l->fields, &a, err);
        if (rc) break;
        arena_reset(&a);
    }
    stmt_done(s);
    arena_close(&a);
    return rc;
}

static int keep(struct store *db, const struct filling *l, struct err *err)
{
    bool is_through = l->n < PIECE;
    if (is_through && l->pass + 1 == PASSES)
        return store_run(db, "update flow_searched set pass = null where name = ?1", l->name, 0, err);
    if (is_through)
        return store_run(db, "update flow_searched set pass = pass + 1, after = 0 where name = ?1", l->name, 0, err);
    return store_run(db, "update flow_searched set after = ?2 where name = ?1", l->name, l->after, err);
}

int flow_search_fill(struct store *db, struct err *err)
{
    struct filling l = {0};
    struct arena a;
    arena_init(&a, 64 << 10);
    int found = next_search(db, &a, &l, err), rc = found;
    if (found == 1) rc = fill_runs(db, &l, err);
    if (rc == 0 && found == 1) rc = keep(db, &l, err);
    if (l.n) crash_point("search.filled");
    arena_close(&a);
    return rc ? rc : found;
}
