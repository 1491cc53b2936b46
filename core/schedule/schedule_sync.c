/* Declared jobs against the registry, and instants against changed zone data. */
#include <string.h>

#include "base/digest.h"
#include "base/zone.h"
#include "runtime/log.h"
#include "schedule/schedule_internal.h"

static int mark_absent(struct session *s, struct err *err)
{
    /* A word of its own (declared = 2) for "not yet seen in this registry". */
    return store_exec(s->db, "update schedule set declared = 2 where declared = 1", err);
}

/* The same as what was declared before? Then its place in time, its reason and its history stay. */
static int is_same(struct session *s, const struct schedule_new *n, int64_t *id, struct err *err)
{
    struct schedule_row r;
    struct val nothing = val_nil();
    int rc = schedule_find(s->db, n->plugin, n->name, id, err);
    if (rc == 1) rc = schedule_row_load(s->db, *id, s->arena, &r, err);
    if (rc != 1) return rc;
    const char *zone = n->zone ? n->zone : s->host->zone;
    bool same = r.cron && strcmp(r.cron, n->cron) == 0 && strcmp(r.zone, zone) == 0 && r.flow && n->flow &&
                strcmp(r.flow, n->flow) == 0 && r.missed == n->missed && r.overlap == n->overlap &&
                r.grace_ms == (n->grace_ms ? n->grace_ms : GRACE_MS) &&
                val_equal(&r.input, n->input ? n->input : &nothing) && r.state != SCHEDULE_CANCELLED;
    return same;
}

static int keep(struct session *s, int64_t id, struct err *err)
{
    /* One that was absent comes back with the time that it had: its policy decides about what was
     * missed. */
    struct stmt *q =
        store_stmt(s->db,
                   "update schedule set declared = 1, next_at = case when state = 4 then due else next_at end,"
                   " state = case when state = 4 then 0 else state end where id = ?1",
                   err);
    if (!q) return err->code;
    stmt_bind_int(q, 1, id);
    return stmt_run(q, err);
}

static int sync_one(struct schedule *sch, struct session *s, const struct decl *d, struct err *err)
{
    struct schedule_new *n = d->compiled;
    int64_t id;
    int rc = is_same(s, n, &id, err);
    if (rc < 0) return rc;
    rc = rc == 1 ? keep(s, id, err) : schedule_put(sch, s, n, &id, err);
    if (rc) err_add_arg(err, "plugin", d->plugin);
    return rc;
}

int schedule_sync(struct schedule *sch, struct session *s, const struct registry *r, struct err *err)
{
    size_t i = 0;
    int rc = mark_absent(s, err);
    for (const struct decl *d; rc == 0 && (d = registry_each(r, "cron", &i));)
        rc = sync_one(sch, s, d, err);
    if (rc == 0)
        rc = store_exec(s->db,
                        "update schedule set declared = 1, state = 4, next_at = null, waiting = 0, manual = 0"
                        " where declared = 2",
                        err);
    if (rc == 0) lane_wake_at(sch->host->lane, &sch->source, 0);
    return rc;
}

/* A fingerprint of a zone's rules over the years that matter. */
static int64_t rules_of(const struct zone *z)
{
    uint64_t h = 0;
    struct zone_span span;
    int64_t at = (int64_t)date_days(2000, 1, 1) * 86400, end = (int64_t)date_days(2100, 1, 1) * 86400;
    while (at < end) {
        zone_span_at(z, at, &span);
        int64_t parts[3] = {(int64_t)h, span.until, span.offset_s};
        h = digest_short(parts, sizeof(parts));
        if (span.until == INT64_MAX) break;
        at = span.until;
    }
    return (int64_t)(h >> 1);
}

static int rederive_row(struct session *s, int64_t id, const struct zone *z, int64_t *moved, struct err *err)
{
    struct schedule_row r;
    struct date d;
    int rc = schedule_row_load(s->db, id, s->arena, &r, err);
    if (rc <= 0 || schedule_parse_local(r.local, &d)) return rc < 0 ? rc : 0;
    int64_t due = zone_instant(z, &d);
    if (due == r.due) return 0;
    if (r.next_at == r.due) r.next_at = due; /* a retry or a manual firing keeps its own time */
    r.due = due;
    (*moved)++;
    return schedule_row_save(s->db, &r, err);
}

/* Few at a time, so that an arena of fixed size is enough for any number of rows. */
static int rederive_zone(struct session *s, const char *name, const struct zone *z, int64_t *moved, struct err *err)
{
    enum { PIECE = 256 };
    int64_t ids[PIECE], after = 0;
    size_t n;
    int rc;
    do {
        struct stmt *q = store_stmt(s->db,
                                    "select id from schedule where zone = ?1 and state in (0, 2, "
                                    "4) and id > ?2 order by id limit ?3",
                                    err);
        if (!q) return err->code;
        stmt_bind_str(q, 1, name);
        stmt_bind_int(q, 2, after);
        stmt_bind_int(q, 3, PIECE);
        for (n = 0; (rc = stmt_step(q, err)) == 1 && n < PIECE; n++)
            ids[n] = stmt_int(q, 0);
        stmt_done(q);
        struct arena_mark mark = arena_mark(s->arena);
        for (size_t i = 0; rc >= 0 && i < n; i++)
            rc = rederive_row(s, ids[i], z, moved, err);
        arena_rewind(s->arena, mark);
        if (n) after = ids[n - 1];
    } while (rc >= 0 && n == PIECE);
    return rc < 0 ? rc : 0;
}

static int remember(struct store *db, const char *zone, int64_t rules, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "insert into schedule_zone(zone, rules) values(?1, ?2) on "
                                "conflict(zone) do update set rules = excluded.rules",
                                err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, zone);
    stmt_bind_int(s, 2, rules);
    return stmt_run(s, err);
}

int schedule_remember_zone(struct store *db, const char *name, struct err *err)
{
    const struct zone *z;
    struct stmt *s = store_stmt(db, "select 1 from schedule_zone where zone = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, name);
    int rc = stmt_step(s, err);
    stmt_done(s);
    if (rc) return rc < 0 ? rc : 0;
    rc = zone_find(name, &z, err);
    return rc ? rc : remember(db, name, rules_of(z), err);
}

int schedule_rederive(struct schedule *sch, struct session *s, int64_t *moved, struct err *err)
{
    struct stmt *q = store_stmt(s->db, "select zone, rules from schedule_zone order by zone", err);
    struct err_num n;
    int rc;
    *moved = 0;
    if (!q) return err->code;
    while ((rc = stmt_step(q, err)) == 1) {
        size_t len;
        const char *text = stmt_text(q, 0, &len);
        char *name = arena_strndup(s->arena, text, len);
        const struct zone *z = name ? zone_get(name) : NULL;
        /* A zone that is gone: its jobs keep their instants, and say so when they fire. */
        if (!z) {
            log_warn("schedule.zone_gone", "zone", name, NULL);
            continue;
        }
        int64_t rules = rules_of(z);
        if (rules == stmt_int(q, 1)) continue;
        rc = rederive_zone(s, name, z, moved, err);
        if (rc == 0) rc = remember(s->db, name, rules, err);
        if (rc) break;
    }
    stmt_done(q);
    if (rc == 0 && *moved) {
        log_warn("schedule.zone_changed", "moved", err_i64(&n, *moved), NULL);
        lane_wake_at(sch->host->lane, &sch->source, 0);
    }
    return rc;
}
