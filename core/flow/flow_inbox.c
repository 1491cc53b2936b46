/* The inbox of a person: open tasks that they may decide. A source (flow_inbox_source.c) is one range of an index in
 * the order of the page, so a page costs a step a source and its own rows, however many tasks are open. */
#include <stdio.h>
#include <string.h>

#include "flow/flow_inbox.h"
#include "people/people.h"

/* ROWS_MAX: looked at for a page. Where filters leave few of many, it ends there, and the next one goes on. */
enum { PAGE_MAX = 1000, ROWS_MAX = 1000 };

/* Bound: ?1 the name, ?2 the id, ?3 ?4 the cursor, ?5 how many. */
#define NEWEST(index, where)                                                                                           \
    "select -task, 0 from flow_task_target indexed by " index " where " where " and task < ?3 order by task desc"      \
    " limit ?5"
static const char *const newest_sql[NKINDS] = {
    NEWEST("flow_task_person", "person = ?2"),
    NEWEST("flow_task_body", "body = ?2"),
    NEWEST("flow_task_position", "position = ?1 and unit = ?2"),
    NEWEST("flow_task_role", "role = ?1 and unit = ?2"),
    NEWEST("flow_task_role", "role = ?1 and unit is null"),
    NEWEST("flow_task_role_all", "role = ?1"),
    "select -id, 0 from flow_task indexed by flow_task_about where about = ?2 and state = 0 and id < ?3"
    " order by id desc limit ?5",
    "select -id, 0 from flow_task indexed by flow_task_claimed where claimed_by = ?2 and state = 0 and id < ?3"
    " order by id desc limit ?5",
    "select -id, 0 from flow_task where state = 0 and id < ?3 order by id desc limit ?5"};
#define UNDATED(index, where) NEWEST(index, where " and due is null")
static const char *const undated_sql[NKINDS] = {
    UNDATED("flow_task_person", "person = ?2"),
    UNDATED("flow_task_body", "body = ?2"),
    UNDATED("flow_task_position", "position = ?1 and unit = ?2"),
    UNDATED("flow_task_role", "role = ?1 and unit = ?2"),
    UNDATED("flow_task_role", "role = ?1 and unit is null"),
    UNDATED("flow_task_role_all", "role = ?1"),
    "select -id, 0 from flow_task indexed by flow_task_about where about = ?2 and state = 0 and due is null and id < ?3"
    " order by id desc limit ?5",
    "select -id, 0 from flow_task indexed by flow_task_claimed where claimed_by = ?2 and state = 0 and due is null"
    " and id < ?3 order by id desc limit ?5",
    "select -id, 0 from flow_task where state = 0 and due is null and id < ?3 order by id desc limit ?5"};
#define BY_DUE(index, where)                                                                                           \
    "select due, task from flow_task_target indexed by " index " where " where                                         \
    " and due is not null and due >= ?3 and (due, task) > (?3,"                                                        \
    " ?4) order by due, task limit ?5"
static const char *const due_sql[NKINDS] = {
    BY_DUE("flow_task_person_due", "person = ?2"),
    BY_DUE("flow_task_body_due", "body = ?2"),
    BY_DUE("flow_task_position_due", "position = ?1 and unit = ?2"),
    BY_DUE("flow_task_role_due", "role = ?1 and unit = ?2"),
    BY_DUE("flow_task_role_due", "role = ?1 and unit is null"),
    BY_DUE("flow_task_role_all_due", "role = ?1"),
    "select due, id from flow_task indexed by flow_task_about where about = ?2 and state = 0 and due is not null"
    " and due >= ?3 and (due, id) > (?3, ?4) order by due, id limit ?5",
    "select due, id from flow_task indexed by flow_task_claimed where claimed_by = ?2 and state = 0 and due is not null"
    " and due >= ?3 and (due, id) > (?3, ?4) order by due, id limit ?5",
    "select due, id from flow_task where state = 0 and due is not null and due >= ?3 and (due, id) > (?3, ?4)"
    " order by due, id limit ?5"};

static int compare(const struct place *a, const struct place *b)
{
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    return (a->second > b->second) - (a->second < b->second);
}

/* Keeps the least `want` ones. False: this one and all after it are too far. */
static bool keep(struct inbox *b, const struct place *p)
{
    size_t low = 0, high = b->nfound;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = compare(p, &b->found[mid]);
        if (order == 0) return true;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    if (low == b->want) return false;
    if (b->nfound < b->want) b->nfound++;
    memmove(&b->found[low + 1], &b->found[low], (b->nfound - 1 - low) * sizeof(*p));
    b->found[low] = *p;
    return true;
}

static const char *const *sql_of(const struct inbox_query *q)
{
    return q->by_due ? due_sql : q->undated ? undated_sql : newest_sql;
}

static int read_source(struct inbox *b, const struct source *src, const struct place *after)
{
    struct stmt *s = store_stmt(b->s->db, sql_of(b->q)[src->kind], b->err);
    int rc;
    if (!s) return b->err->code;
    if (src->name) stmt_bind_str(s, 1, src->name);
    if (src->kind <= BY_ROLE || src->kind == BY_ABOUT || src->kind == BY_CLAIM) stmt_bind_int(s, 2, src->id);
    stmt_bind_int(s, 3, b->q->by_due ? after->first : -after->first);
    if (b->q->by_due) stmt_bind_int(s, 4, after->second);
    stmt_bind_int(s, 5, (int64_t)b->want);
    while ((rc = stmt_step(s, b->err)) == 1) {
        struct place p = {stmt_int(s, 0), stmt_int(s, 1)};
        if (!keep(b, &p)) break;
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* By what stands in its row: read before the whole of it is. */
static int fits(struct inbox *b, int64_t task)
{
    static const char sql[] =
        "select t.due, t.claimed_by, t.claimed_until, ?2 is null or exists (select 1 from flow_run r join flow_name n"
        " on n.id = r.name where r.id = t.run and n.plugin || '.' || n.name = ?2) from flow_task t where t.id = ?1";
    const struct inbox_query *q = b->q;
    if (!q->due_before && !q->claimed && !q->flow) return 1;
    struct stmt *s = store_stmt(b->s->db, sql, b->err);
    if (!s) return b->err->code;
    stmt_bind_int(s, 1, task);
    if (q->flow) stmt_bind_str(s, 2, q->flow);
    int rc = stmt_step(s, b->err);
    if (rc == 1) {
        int64_t due = stmt_int(s, 0), by = stmt_int(s, 1);
        bool held = by && stmt_int(s, 2) > b->s->now;
        if (q->due_before && (!due || due >= q->due_before)) rc = 0;
        if (q->claimed && strcmp(q->claimed, "none") == 0 && held) rc = 0;
        if (q->claimed && strcmp(q->claimed, "me") == 0 && !(held && by == b->s->actor.person)) rc = 0;
        if (!stmt_int(s, 3)) rc = 0;
    }
    stmt_done(s);
    return rc;
}

/* Those about a text, or taken on by somebody, are few: whoever is asked. */
static int is_asked(struct inbox *b, const struct flow_task *t)
{
    enum source_kind first = b->n ? b->sources[0].kind : ALL_OPEN;
    if (!b->q->person || (first != BY_ABOUT && first != BY_CLAIM)) return 1;
    return flow_task_may(b->s, t, b->q->person, &(struct people_capacity){0}, b->err);
}

static int parse_cursor(const struct inbox_query *q, struct place *after, struct err *err)
{
    long long first, second;
    *after = (struct place){q->by_due ? INT64_MIN : -INT64_MAX, 0};
    if (!q->after) return 0;
    if (sscanf(q->after, "%lld.%lld", &first, &second) != 2 || first == INT64_MIN)
        return err_set(err, ERR_INVALID, "task.cursor", NULL);
    *after = (struct place){first, second};
    return 0;
}

/* One round: the next ids after the cursor, those that fit into the list. The cursor moves. 1: none behind it fits. */
static int fill(struct inbox *b, struct place *after, size_t limit, struct val *tasks)
{
    int rc = 0;
    b->nfound = 0;
    for (size_t i = 0; rc == 0 && i < b->n; i++)
        rc = read_source(b, &b->sources[i], after);
    for (size_t i = 0; rc == 0 && i < b->nfound && tasks->as.list.n < limit; i++) {
        struct flow_task t;
        struct val shown;
        *after = b->found[i];
        int64_t id = b->q->by_due ? after->second : -after->first;
        /* In their order nothing behind it fits either. */
        if (b->q->by_due && b->q->due_before && after->first >= b->q->due_before) return 1;
        rc = fits(b, id);
        if (rc == 1) rc = flow_task_load(b->s->db, id, b->a, &t, b->err);
        if (rc == 1) rc = is_asked(b, &t);
        if (rc != 1) continue;
        rc = flow_task_show(b->s, b->s->db, &t, b->a, &shown, b->err);
        if (rc == 0 && val_add(b->a, tasks, shown)) rc = err_set(b->err, ERR_LIMIT, "limit.size", NULL);
    }
    return rc < 0 ? rc : 0;
}

int flow_inbox(struct session *s, const struct inbox_query *q, struct arena *a, struct val *out, struct err *err)
{
    struct inbox b = {.s = s, .q = q, .a = a, .day = q->day ? q->day : people_day(s->host, s->now), .err = err};
    size_t limit = q->limit <= 0 ? 50 : q->limit > PAGE_MAX ? PAGE_MAX : (size_t)q->limit, rows = 0;
    struct val tasks = val_list();
    struct place after;
    int rc = parse_cursor(q, &after, err);
    b.want = limit + 1;
    b.found = arena_alloc(a, (b.want + 1) * sizeof(*b.found));
    if (!b.found) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (rc == 0) rc = inbox_find_sources(&b);
    bool more = true;
    while (rc == 0 && more && tasks.as.list.n < limit && rows < ROWS_MAX) {
        rc = fill(&b, &after, limit, &tasks);
        rows += b.nfound;
        more = rc == 0 && b.nfound == b.want;
        if (rc == 1) break;
        if (tasks.as.list.n == limit && b.nfound && compare(&after, &b.found[b.nfound - 1]) < 0) more = true;
    }
    if (rc < 0) return rc;
    *out = val_map();
    rc = val_set(a, out, "tasks", tasks);
    char *next = arena_printf(a, "%lld.%lld", (long long)after.first, (long long)after.second);
    if (more) rc |= next ? val_set(a, out, "next", val_str(next)) : ERR_NOMEM;
    return rc ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}
