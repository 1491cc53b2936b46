/* Would a call wait for ever? Two flows with limits that call each other may: a run that has the turn of the one waits
 * for the turn of the other, and the other way round. Every such circle is closed by a call whose child has to wait, so
 * that this is where it is looked for, and where the call is refused.
 *
 * A turn comes free when one of the runs that have it ends, or more of them, when more have it than the limit lets by
 * now. One that is above the call waits for the call; another waits for every turn for which something below it waits.
 * A turn too many of whose runs wait so for turns of this kind never comes free. What has a deadline is no exception:
 * until then both would do nothing.
 *
 * Those that waited before a limit was what it is now may stand in a circle that no call has closed: they are looked at
 * when the limit has been counted (flow_catch_up.c), and come in one by one, beyond the limit, until the turn comes. */
#include "flow/flow_internal.h"

#include <string.h>

#include "runtime/log.h"

enum { TURNS_MOST = 64, NEEDS_MOST = 500, HOLDERS_MOST = 1000 };

struct turn {
    int64_t name;
    const char *key;
    int64_t must_end, ending; /* so many runs that have it, until it comes free; so many wait for nothing */
    bool comes;               /* free, some day */
};

/* A run that has the turn `of` waits for the turn `other`, by way of the run `waits` (0: of the call). */
struct need {
    int64_t run;
    int of, other;
    int64_t waits;
};

struct circle {
    struct store *db;
    struct arena *a;
    struct turn turns[TURNS_MOST];
    struct need needs[NEEDS_MOST];
    int64_t above[FLOW_DEEPEST];
    int nturns, nneeds, nabove;
    int nlooked; /* runs that have a turn */
};

static int find_above(struct circle *c, int64_t parent, struct err *err)
{
    struct stmt *s = store_stmt(c->db,
                                "with recursive up(id, n) as (select ?1, 1 union all select r.parent, up.n + 1 from up"
                                " join flow_run r on r.id = up.id where r.parent is not null and up.n < ?2)"
                                " select id from up",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, parent);
    stmt_bind_int(s, 2, FLOW_DEEPEST);
    int rc;
    while ((rc = stmt_step(s, err)) == 1 && c->nabove < FLOW_DEEPEST)
        c->above[c->nabove++] = stmt_int(s, 0);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* Its place; -1: there are too many to look at. */
static int add_turn(struct circle *c, int64_t name, const char *key, size_t len)
{
    for (int i = 0; i < c->nturns; i++)
        if (c->turns[i].name == name && strlen(c->turns[i].key) == len && memcmp(c->turns[i].key, key, len) == 0)
            return i;
    const char *copy = c->nturns < TURNS_MOST ? arena_strndup(c->a, key, len) : NULL;
    if (!copy) return -1;
    c->turns[c->nturns] = (struct turn){.name = name, .key = copy};
    return c->nturns++;
}

/* What a run waits for that has the turn `of`: with nothing, or with more than can be looked at, it will end. */
static int add_needs(struct circle *c, int of, int64_t run, struct err *err)
{
    int had = c->nneeds;
    for (int i = 0; i < c->nabove; i++)
        if (c->above[i] == run && c->nneeds < NEEDS_MOST) c->needs[c->nneeds++] = (struct need){run, of, 0, 0};
    if (c->nneeds == NEEDS_MOST) {
        c->turns[of].ending += had == NEEDS_MOST;
        return 0;
    }
    c->nlooked++;
    struct stmt *s = store_stmt(c->db,
                                "with recursive down(id, n) as (select ?1, 0 union all select r.id, down.n + 1 from"
                                " down join flow_run r on r.parent = down.id where r.state in (0, 5) and down.n < ?2"
                                " limit 1000) select t.name, t.key, t.run from down join flow_turn t on t.run = down.id"
                                " where t.waits > 0",
                                err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, run);
    stmt_bind_int(s, 2, FLOW_DEEPEST);
    int rc;
    while ((rc = stmt_step(s, err)) == 1 && c->nneeds < NEEDS_MOST) {
        size_t len;
        const char *key = stmt_text(s, 1, &len);
        int other = add_turn(c, stmt_int(s, 0), key, len);
        if (other >= 0) c->needs[c->nneeds++] = (struct need){run, of, other, stmt_int(s, 2)};
    }
    stmt_done(s);
    c->turns[of].ending += c->nneeds == had;
    return rc < 0 ? rc : 0;
}

static int read_limit(struct store *db, int64_t name, int64_t *most, struct err *err)
{
    struct stmt *s = store_stmt(db, "select most from flow_limit where name = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, name);
    int rc = stmt_step(s, err);
    if (rc == 1) *most = stmt_int(s, 0);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int add_holders(struct circle *c, int of, struct err *err)
{
    int64_t runs[HOLDERS_MOST];
    int n = 0, rc;
    struct stmt *s =
        store_stmt(c->db, "select run from flow_turn where name = ?1 and key = ?2 and waits = 0 order by run", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, c->turns[of].name);
    stmt_bind_str(s, 2, c->turns[of].key);
    while ((rc = stmt_step(s, err)) == 1 && n < HOLDERS_MOST)
        runs[n++] = stmt_int(s, 0);
    stmt_done(s);
    struct turn *t = &c->turns[of];
    int64_t most = INT64_MAX; /* not limited any more */
    if (rc >= 0) rc = read_limit(c->db, t->name, &most, err);
    t->must_end = n - most + 1;
    t->comes = n == HOLDERS_MOST || t->must_end <= 0;
    for (int i = 0; rc >= 0 && i < n && !t->comes; i++) {
        rc = add_needs(c, of, runs[i], err);
        t->comes = t->ending >= t->must_end;
    }
    return rc < 0 ? rc : 0;
}

/* A run ends if all that it waits for comes; the needs of one run for one turn stand together. */
static bool comes_now(const struct circle *c, int of)
{
    int64_t ending = c->turns[of].ending;
    for (int i = 0; i < c->nneeds;) {
        const struct need *first = &c->needs[i];
        bool ends = true;
        for (; i < c->nneeds && c->needs[i].run == first->run && c->needs[i].of == first->of; i++)
            ends = ends && c->turns[c->needs[i].other].comes;
        ending += first->of == of && ends;
    }
    return ending >= c->turns[of].must_end;
}

static void settle(struct circle *c)
{
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < c->nturns; i++) {
            if (c->turns[i].comes || !comes_now(c, i)) continue;
            c->turns[i].comes = more = true;
        }
    }
}

static int refuse(struct circle *c, const struct flow_run *run, struct err *err)
{
    const struct need *n = c->needs; /* the first: of this turn */
    struct err_num id;
    char waits[160] = "";
    struct stmt *s = store_stmt(c->db, "select plugin || '.' || name from flow_name where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, c->turns[n->other].name);
    int rc = stmt_step(s, err);
    if (rc == 1) stmt_copy(s, 0, waits, sizeof(waits));
    stmt_done(s);
    if (rc < 0) return rc;
    return err_set(err, ERR_REFUSED, "flow.turn_circle", "flow", run->name, "run", err_i64(&id, n->run), "waits", waits,
                   NULL);
}

/* *c: the turn, and all that its coming free hangs on. `parent`: of the call for which it is looked at, or 0. */
static int look(struct circle *c, int64_t parent, int64_t name, const char *key, struct err *err)
{
    int rc = parent ? find_above(c, parent, err) : 0;
    if (rc == 0 && add_turn(c, name, key, strlen(key)) < 0) rc = err_set(err, ERR_NOMEM, "memory", NULL);
    for (int i = 0; rc == 0 && i < c->nturns && !c->turns[0].comes; i++)
        rc = add_holders(c, i, err);
    if (rc == 0) settle(c);
    return rc;
}

int flow_turn_circle(struct store *db, const struct flow_run *run, const char *key, struct err *err)
{
    struct arena a;
    struct circle c = {.db = db, .a = &a};
    arena_init(&a, 64 << 10);
    int rc = look(&c, run->parent, run->name_id, key, err);
    if (rc == 0 && !c.turns[0].comes) rc = refuse(&c, run, err);
    arena_close(&a);
    return rc;
}

/* One that waits below a run that never ends for it; 0: the turn comes. */
static int64_t in_the_way(const struct circle *c)
{
    for (int i = 0; !c->turns[0].comes && i < c->nneeds; i++) {
        const struct need *n = &c->needs[i];
        if (!c->turns[n->of].comes && !c->turns[n->other].comes && n->waits) return n->waits;
    }
    return 0;
}

int flow_turn_untie(struct flow *f, struct store *db, const struct flow_catch *at, struct flow_turn_left *left,
                    int64_t now, struct err *err)
{
    int64_t run = 1;
    int rc = 0;
    while (rc == 0 && run && left->runs > 0 && left->holders > 0) {
        struct arena a;
        struct err_num id;
        struct circle c = {.db = db, .a = &a};
        arena_init(&a, 64 << 10);
        rc = look(&c, 0, at->name, at->key, err);
        left->holders -= c.nlooked;
        run = rc ? 0 : in_the_way(&c);
        if (run) {
            left->runs--;
            rc = flow_turn_give(f, db, run, now, err);
            log_warn("flow.turn_untied", "run", err_i64(&id, run), NULL);
        }
        arena_close(&a);
    }
    return rc ? rc : run != 0;
}
