/* The inbox of a person: open tasks that they may decide.
 *
 * First the sources: by name, each position held in its unit, each role in its unit and every unit below; and the same
 * of those whom the person stands in for, as far as the delegation goes. A source is one range of an index in the order
 * of the page, so a page costs a step a source and its own rows, however many tasks are open. */
#include <stdio.h>
#include <string.h>

#include "flow/flow_task.h"
#include "flow/task.h"
#include "people/people.h"

enum source_kind {
    BY_PERSON,
    BY_BODY,
    BY_POSITION,
    BY_ROLE,
    BY_ROLE_ALONE,
    BY_ROLE_ANYWHERE,
    BY_ABOUT,
    ALL_OPEN,
    NKINDS
};
enum { SOURCES_MAX = 20000, PAGE_MAX = 1000, ROWS_MAX = 5000 };

struct source {
    enum source_kind kind;
    const char *name;
    int64_t id; /* person, body or unit */
};

/* What a page is sorted by, ascending: the newest first is (-task, 0), by the term (due, task). */
struct place {
    int64_t first, second;
};

struct inbox {
    struct session *s;
    const struct inbox_query *q;
    struct arena *a;
    int64_t day;
    struct source *sources;
    size_t n, cap;
    struct place *found; /* the least ones after the cursor, sorted */
    size_t nfound, want;
    struct err *err;
};

static int add_source(struct inbox *b, enum source_kind kind, const char *name, int64_t id)
{
    for (size_t i = 0; b->n < 200 && i < b->n; i++) {
        const struct source *other = &b->sources[i];
        if (other->kind == kind && other->id == id && (!name || strcmp(other->name, name) == 0)) return 0;
    }
    if (b->n == SOURCES_MAX) return 0; /* more than any organisation has units */
    if (b->n == b->cap) {
        size_t cap = b->cap ? 4 * b->cap : 64;
        struct source *more = arena_alloc(b->a, cap * sizeof(*more));
        if (!more) return err_set(b->err, ERR_LIMIT, "limit.size", NULL);
        if (b->n) memcpy(more, b->sources, b->n * sizeof(*more));
        b->sources = more;
        b->cap = cap;
    }
    b->sources[b->n++] = (struct source){kind, name, id};
    return 0;
}

/* What a delegation is limited to; all zero: what one holds oneself. */
struct scope {
    int64_t person, unit, body;
    const char *position, *role;
};

static bool within(struct inbox *b, const struct scope *sc, int64_t unit)
{
    if (!sc->unit) return true;
    return unit && people_is_within(b->s->db, unit, sc->unit, b->day, b->err) == 1;
}

static int add_positions(struct inbox *b, const struct scope *sc)
{
    struct stmt *s = store_stmt(b->s->db,
                                "select position, unit from position_held where person = ?1 and valid_from <= ?2"
                                " and (valid_to is null or valid_to > ?2)",
                                b->err);
    int rc;
    if (!s) return b->err->code;
    stmt_bind_int(s, 1, sc->person);
    stmt_bind_int(s, 2, b->day);
    while ((rc = stmt_step(s, b->err)) == 1) {
        size_t len;
        const char *text = stmt_text(s, 0, &len), *position = arena_strndup(b->a, text, len);
        if (!position) rc = err_set(b->err, ERR_LIMIT, "limit.size", NULL);
        if (rc == 1 && sc->position && strcmp(position, sc->position) != 0) continue;
        if (rc == 1 && within(b, sc, stmt_int(s, 1))) rc = add_source(b, BY_POSITION, position, stmt_int(s, 1));
        if (rc < 0) break;
    }
    stmt_done(s);
    return rc;
}

/* A role in a unit reaches all units below it. */
static int add_below(struct inbox *b, const struct scope *sc, const char *role, int64_t top)
{
    struct stmt *s = store_stmt(b->s->db,
                                "with recursive down(id) as (select ?1 union select p.unit from down join unit_parent p"
                                " on p.parent = down.id where p.valid_from <= ?2 and (p.valid_to is null or"
                                " p.valid_to > ?2)) select id from down",
                                b->err);
    int rc;
    if (!s) return b->err->code;
    stmt_bind_int(s, 1, top);
    stmt_bind_int(s, 2, b->day);
    while ((rc = stmt_step(s, b->err)) == 1) {
        int64_t unit = stmt_int(s, 0);
        if (within(b, sc, unit)) rc = add_source(b, BY_ROLE, role, unit);
        if (rc < 0) break;
    }
    stmt_done(s);
    if (rc == 0 && !sc->unit) rc = add_source(b, BY_ROLE_ALONE, role, 0);
    return rc;
}

static int add_role(struct inbox *b, const struct scope *sc, const char *role, int64_t unit)
{
    if (sc->role && strcmp(role, sc->role) != 0) return 0;
    if (unit) return add_below(b, sc, role, unit);
    if (!sc->unit) return add_source(b, BY_ROLE_ANYWHERE, role, 0);
    return add_below(b, sc, role, sc->unit);
}

static int add_roles(struct inbox *b, const struct scope *sc)
{
    struct stmt *s = store_stmt(b->s->db,
                                "select role, unit from role_held where person = ?1 and valid_from <= ?2"
                                " and (valid_to is null or valid_to > ?2)"
                                " union select r.role, h.unit from position_held h join position_role r"
                                " on r.position = h.position where h.person = ?1 and h.valid_from <= ?2"
                                " and (h.valid_to is null or h.valid_to > ?2)",
                                b->err);
    int rc;
    if (!s) return b->err->code;
    stmt_bind_int(s, 1, sc->person);
    stmt_bind_int(s, 2, b->day);
    while ((rc = stmt_step(s, b->err)) == 1) {
        size_t len;
        const char *text = stmt_text(s, 0, &len), *role = arena_strndup(b->a, text, len);
        rc = role ? add_role(b, sc, role, stmt_int(s, 1)) : err_set(b->err, ERR_LIMIT, "limit.size", NULL);
        if (rc < 0) break;
    }
    stmt_done(s);
    return rc;
}

/* A seat goes with the person: one stands in for it only where the delegation names the body. */
static int add_seats(struct inbox *b, int64_t person, int64_t only)
{
    struct stmt *s = store_stmt(b->s->db,
                                "select body from body_member where person = ?1 and valid_from <= ?2"
                                " and (valid_to is null or valid_to > ?2) and (?3 = 0 or body = ?3)",
                                b->err);
    int rc;
    if (!s) return b->err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, b->day);
    stmt_bind_int(s, 3, only);
    while ((rc = stmt_step(s, b->err)) == 1) {
        rc = add_source(b, BY_BODY, NULL, stmt_int(s, 0));
        if (rc < 0) break;
    }
    stmt_done(s);
    return rc;
}

static int add_scope(struct inbox *b, const struct scope *sc)
{
    int rc = 0;
    if (sc->body) return add_seats(b, sc->person, sc->body);
    if (!sc->position && !sc->role && !sc->unit) rc = add_source(b, BY_PERSON, NULL, sc->person);
    if (rc == 0 && !sc->role) rc = add_positions(b, sc);
    if (rc == 0 && !sc->position) rc = add_roles(b, sc);
    return rc;
}

static int add_delegations(struct inbox *b)
{
    struct scope scopes[64];
    size_t n = 0;
    struct stmt *s = store_stmt(b->s->db,
                                "select from_person, unit, position, role, body from delegation where to_person = ?1"
                                " and valid_from <= ?2 and valid_to > ?2 limit 64",
                                b->err);
    int rc;
    if (!s) return b->err->code;
    stmt_bind_int(s, 1, b->q->person);
    stmt_bind_int(s, 2, b->day);
    while ((rc = stmt_step(s, b->err)) == 1) {
        size_t len;
        const char *position = stmt_text(s, 2, &len), *role;
        scopes[n] = (struct scope){.person = stmt_int(s, 0), .unit = stmt_int(s, 1), .body = stmt_int(s, 4)};
        if (position) scopes[n].position = arena_strndup(b->a, position, len);
        role = stmt_text(s, 3, &len);
        if (role) scopes[n].role = arena_strndup(b->a, role, len);
        n++;
    }
    stmt_done(s);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add_scope(b, &scopes[i]);
    return rc;
}

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
    if (src->kind <= BY_ROLE || src->kind == BY_ABOUT) stmt_bind_int(s, 2, src->id);
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

static int fits_flow(struct inbox *b, int64_t run)
{
    struct stmt *s = store_stmt(b->s->db,
                                "select 1 from flow_run r join flow_name n on n.id = r.name where r.id = ?1"
                                " and n.plugin || '.' || n.name = ?2",
                                b->err);
    if (!s) return b->err->code;
    stmt_bind_int(s, 1, run);
    stmt_bind_str(s, 2, b->q->flow);
    int rc = stmt_step(s, b->err);
    stmt_done(s);
    return rc;
}

static int fits(struct inbox *b, const struct flow_task *t)
{
    const struct inbox_query *q = b->q;
    if (q->due_before && (!t->due || t->due >= q->due_before)) return 0;
    bool held = t->claimed_by && t->claimed_until > b->s->now;
    if (q->claimed && strcmp(q->claimed, "none") == 0 && held) return 0;
    if (q->claimed && strcmp(q->claimed, "me") == 0 && !(held && t->claimed_by == b->s->actor.person)) return 0;
    if (q->flow) {
        int rc = fits_flow(b, t->run);
        if (rc != 1) return rc;
    }
    /* Those about a text are few, whoever is asked. */
    return q->about && q->person ? flow_task_may(b->s, t, q->person, &(struct people_capacity){0}, b->err) : 1;
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

static int find_sources(struct inbox *b)
{
    struct scope own = {.person = b->q->person};
    if (b->q->about) return add_source(b, BY_ABOUT, NULL, b->q->about);
    if (!b->q->person) return add_source(b, ALL_OPEN, NULL, 0);
    int rc = add_scope(b, &own);
    if (rc == 0) rc = add_seats(b, b->q->person, 0);
    return rc ? rc : add_delegations(b);
}

/* One round: the next ids after the cursor, those that fit into the list. The cursor moves. */
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
        rc = flow_task_load(b->s->db, b->q->by_due ? after->second : -after->first, b->a, &t, b->err);
        if (rc == 1) rc = fits(b, &t);
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
    if (rc == 0) rc = find_sources(&b);
    bool more = true;
    while (rc == 0 && more && tasks.as.list.n < limit && rows < ROWS_MAX) {
        rc = fill(&b, &after, limit, &tasks);
        rows += b.nfound;
        more = b.nfound == b.want;
        if (tasks.as.list.n == limit && b.nfound && compare(&after, &b.found[b.nfound - 1]) < 0) more = true;
    }
    if (rc) return rc;
    *out = val_map();
    rc = val_set(a, out, "tasks", tasks);
    char *next = arena_printf(a, "%lld.%lld", (long long)after.first, (long long)after.second);
    if (more) rc |= next ? val_set(a, out, "next", val_str(next)) : ERR_NOMEM;
    return rc ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}
