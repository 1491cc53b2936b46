/* Runs of a flow or in a state: each flow and state is one range of an index, in the order of the ids, and a page is
 * the first of all of them. So it costs a step a range and its own rows, however many runs there are.
 *
 * By fields of the input: each field and value is such a range, too, and what all of them hold is found by leaps: each
 * range in turn seeks the first run that is not before the one that the others have come to. So it costs no more than
 * the rarest of them; ranges that are all long and meet rarely are left off after so many seeks, and a page says where.
 */
#include "base/buf.h"
#include "flow/flow_internal.h"

enum { FIND_MAX = 1001, ID_TEXT = 21, SEEKS_MAX = 5000 };

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

const char *const flow_find_leap_sql[2][2] = {
    {"select run from flow_search where name = ?1 and field = ?2 and value = ?3 and run >= ?4 order by run limit 1",
     "select run from flow_search where name = ?1 and field = ?2 and value = ?3 and run <= ?4 order by run desc limit "
     "1"},
    {"select id from flow_run indexed by flow_run_state where name = ?1 and state = ?2 and id >= ?4 order by id limit "
     "1",
     "select id from flow_run indexed by flow_run_state where name = ?1 and state = ?2 and id <= ?4 order by id desc"
     " limit 1"}};

/* The first run of the k-th range that is not before `from`: of a field's value, or, behind all those, of the state.
 * 1, 0. */
static int leap(struct store *db, const struct flow_filter *q, int64_t name, size_t k, int64_t from, int64_t *id,
                struct err *err)
{
    bool by_state = k == q->search.n;
    struct stmt *s = store_stmt(db, flow_find_leap_sql[by_state][!q->oldest], err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, name);
    if (by_state) stmt_bind_int(s, 2, q->state);
    if (!by_state) stmt_bind_str(s, 2, q->search.by[k].field);
    if (!by_state) stmt_bind_str(s, 3, q->search.by[k].value);
    stmt_bind_int(s, 4, from);
    int rc = stmt_step(s, err);
    if (rc == 1) *id = stmt_int(s, 0);
    stmt_done(s);
    return rc;
}

/* *stopped: where it was left off, or 0; NULL: it goes on to the end. */
static int search(struct store *db, const struct flow_filter *q, int64_t name, struct found *f, int64_t *stopped,
                  struct err *err)
{
    size_t n = q->search.n + (q->state >= 0), agree = 0, seeks = 0;
    int64_t step = q->oldest ? 1 : -1, id = 0, end = q->before ? q->before : INT64_MAX;
    int64_t at = q->oldest ? q->behind + 1 : end - 1;
    for (size_t k = 0; f->n < f->want; k = k + 1 < n ? k + 1 : 0) {
        if (stopped && seeks++ == SEEKS_MAX) {
            *stopped = at - step;
            return 0;
        }
        int rc = leap(db, q, name, k, at, &id, err);
        if (rc != 1 || id <= q->behind || id >= end) return rc < 0 ? rc : 0;
        agree = id == at ? agree + 1 : 1;
        at = id;
        if (agree < n) continue;
        f->ids[f->n++] = id;
        at = id + step;
        agree = 0;
    }
    return 0;
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

static int find(struct store *db, const struct flow_filter *q, struct found *f, int64_t *stopped, struct err *err)
{
    struct stmt *s = names(db, q, err);
    int rc;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        rc = q->search.n ? search(db, q, stmt_int(s, 0), f, stopped, err) : read_name(db, q, stmt_int(s, 0), f, err);
        if (rc) break;
    }
    stmt_done(s);
    return rc;
}

int flow_find_ids(struct store *db, const struct flow_filter *q, struct arena *a, const char **ids, int64_t *stopped,
                  struct err *err)
{
    struct found f = {.down = !q->oldest, .want = q->limit > 0 && q->limit < FIND_MAX ? (size_t)q->limit : FIND_MAX};
    *ids = NULL;
    if (stopped) *stopped = 0;
    f.ids = arena_alloc(a, f.want * sizeof(*f.ids));
    if (!f.ids) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    int rc = find(db, q, &f, stopped, err);
    if (rc == 0) *ids = write_ids(&f, a);
    return rc || *ids ? rc : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
