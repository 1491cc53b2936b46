/* What an inbox draws on: by name, each position held in its unit, each role in its unit and every unit below; and the
 * same of those whom the person stands in for, as far as the delegation goes. */
#include <string.h>

#include "flow/flow_inbox.h"
#include "people/people.h"

enum { SOURCES_MAX = 20000 };

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

int inbox_find_sources(struct inbox *b)
{
    struct scope own = {.person = b->q->person};
    if (b->q->about) return add_source(b, BY_ABOUT, NULL, b->q->about);
    if (b->q->claimed && strcmp(b->q->claimed, "me") == 0) return add_source(b, BY_CLAIM, NULL, b->s->actor.person);
    if (!b->q->person) return add_source(b, ALL_OPEN, NULL, 0);
    int rc = add_scope(b, &own);
    if (rc == 0) rc = add_seats(b, b->q->person, 0);
    return rc ? rc : add_delegations(b);
}
