/* Runs of a flow or in a state: each flow and state is one range of an index, in the order of the ids, and a page is
 * the first of all of them. So it costs a step a range and its own rows, however many runs there are. */
#include "base/buf.h"
#include "flow/flow_internal.h"

enum { FIND_MAX = 1001, ID_TEXT = 21 };

struct found {
    int64_t *ids;
    size_t n, want;
    bool down;
};

const char flow_find_newest_sql[] = "select id from flow_run indexed by flow_run_state where name = ?1 and state = ?2"
                                    " and id > ?3 and id < ?4 order by id desc";
const char flow_find_oldest_sql[] = "select id from flow_run indexed by flow_run_state where name = ?1 and state = ?2"
                                    " and id > ?3 and id < ?4 order by id";

/* False: it, and all that come behind it in its range, are too far. */
static bool keep(struct found *f, int64_t id)
{
    size_t at = f->n;
    while (at > 0 && (f->down ? f->ids[at - 1] < id : f->ids[at - 1] > id))
        at--;
    if (at == f->want) return false;
    if (f->n < f->want) f->n++;
    for (size_t i = f->n - 1; i > at; i--)
        f->ids[i] = f->ids[i - 1];
    f->ids[at] = id;
    return true;
}

static int read_range(struct store *db, const struct flow_filter *q, int64_t name, int state, struct found *f,
                      struct err *err)
{
    struct stmt *s = store_stmt(db, q->oldest ? flow_find_oldest_sql : flow_find_newest_sql, err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, name);
    stmt_bind_int(s, 2, state);
    stmt_bind_int(s, 3, q->behind);
    stmt_bind_int(s, 4, q->before ? q->before : INT64_MAX);
    while ((rc = stmt_step(s, err)) == 1 && keep(f, stmt_int(s, 0)))
        continue;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int read_name(struct store *db, const struct flow_filter *q, int64_t name, struct found *f, struct err *err)
{
    int rc = 0, first = q->state < 0 ? FLOW_RUNNING : q->state, last = q->state < 0 ? FLOW_UNDOING : q->state;
    for (int state = first; rc == 0 && state <= last; state++)
        rc = read_range(db, q, name, state, f, err);
    return rc;
}

/* Names of flows are few: those that were ever started here. */
static struct stmt *names(struct store *db, const struct flow_filter *q, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                q->plugin ? "select id from flow_name where plugin = ?1 and (?2 is null or name = ?2)"
                                          : "select id from flow_name where ?2 is null or name = ?2",
                                err);
    if (!s) return NULL;
    if (q->plugin) stmt_bind_str(s, 1, q->plugin);
    stmt_bind_str(s, 2, q->name);
    return s;
}

/* As the JSON that FLOW_FIND_THESE takes. */
static const char *write_ids(const struct found *f, struct arena *a)
{
    struct buf b;
    buf_init(&b, FIND_MAX * ID_TEXT);
    for (size_t i = 0; i < f->n; i++)
        buf_printf(&b, "%c%lld", i ? ',' : '[', (long long)f->ids[i]);
    buf_add_str(&b, f->n ? "]" : "[]");
    const char *copy = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return copy;
}

int flow_find_ids(struct store *db, const struct flow_filter *q, struct arena *a, const char **ids, struct err *err)
{
    struct found f = {.down = !q->oldest, .want = q->limit > 0 && q->limit < FIND_MAX ? (size_t)q->limit : FIND_MAX};
    int rc;
    *ids = NULL;
    f.ids = arena_alloc(a, f.want * sizeof(*f.ids));
    struct stmt *s = f.ids ? names(db, q, err) : NULL;
    if (!s) return f.ids ? err->code : err_set(err, ERR_LIMIT, "limit.size", NULL);
    while ((rc = stmt_step(s, err)) == 1) {
        rc = read_name(db, q, stmt_int(s, 0), &f, err);
        if (rc) break;
    }
    stmt_done(s);
    if (rc == 0) *ids = write_ids(&f, a);
    return rc || *ids ? rc : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
