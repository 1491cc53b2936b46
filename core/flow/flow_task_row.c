/* Rows of tasks: the reader. */
#include "flow/flow_task.h"
#include "flow/task.h"

#define TASK_COLUMNS                                                                                                   \
    "select t.id, t.run, t.entry, t.n, t.state, t.title, t.help, t.on_timeout, t.about_hash, t.about, t.about_rev,"    \
    " t.due, t.remind, t.next_at, t.form, t.escalate, t.answer, t.decided_by, t.decided_at,"                           \
    " t.kind, t.part, t.was, t.since_rev, t.term, t.made, t.gap, t.claimed_by, t.claimed_until, t.orphan,"             \
    " t.orphan_why, t.see from flow_task t"

static const char *text(struct stmt *s, int col, struct arena *a)
{
    size_t len;
    const char *p = stmt_text(s, col, &len);
    return p ? arena_strndup(a, p, len) : NULL;
}

static int value(struct stmt *s, int col, struct arena *a, struct val *out)
{
    struct val borrowed;
    size_t len;
    const char *p = stmt_blob(s, col, &len);
    *out = val_nil();
    if (!p || !len) return 0;
    return val_decode(p, len, a, flow_kind_of, &borrowed) || val_copy(a, &borrowed, out) ? ERR_CORRUPT : 0;
}

static int read_task(struct stmt *s, struct arena *a, struct flow_task *t)
{
    *t = (struct flow_task){.id = stmt_int(s, 0),
                            .run = stmt_int(s, 1),
                            .entry = stmt_int(s, 2),
                            .n = stmt_int(s, 3),
                            .state = (int)stmt_int(s, 4),
                            .title = text(s, 5, a),
                            .help = text(s, 6, a),
                            .on_timeout = text(s, 7, a),
                            .about_hash = text(s, 8, a),
                            .about = stmt_int(s, 9),
                            .about_rev = stmt_int(s, 10),
                            .due = stmt_int(s, 11),
                            .remind = stmt_int(s, 12),
                            .next_at = stmt_int(s, 13),
                            .decided_by = stmt_int(s, 17),
                            .decided_at = stmt_int(s, 18),
                            .kind = (int)stmt_int(s, 19),
                            .since_rev = stmt_int(s, 22),
                            .term = text(s, 23, a),
                            .made = stmt_int(s, 24),
                            .gap = stmt_int(s, 25),
                            .claimed_by = stmt_int(s, 26),
                            .claimed_until = stmt_int(s, 27),
                            .orphan = stmt_int(s, 28),
                            .orphan_why = text(s, 29, a),
                            .see = text(s, 30, a)};
    int rc = value(s, 14, a, &t->form);
    if (rc == 0) rc = value(s, 15, a, &t->escalate);
    if (rc == 0) rc = value(s, 16, a, &t->answer);
    if (rc == 0) rc = value(s, 20, a, &t->part);
    if (rc == 0) rc = value(s, 21, a, &t->was);
    t->targets = val_list();
    return rc;
}

static int read_targets(struct store *db, int64_t task, struct arena *a, struct val *out, struct err *err)
{
    static const char *const names[] = {"person", "position", "role", "unit", "for", "why", "body"};
    struct stmt *s = store_stmt(
        db,
        "select person, position, role, unit, for_person, why, body from flow_task_target where task = ?1 order by n",
        err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
    while ((rc = stmt_step(s, err)) == 1) {
        struct val t = val_map();
        for (int i = 0; i < 7; i++) {
            if (stmt_is_null(s, i)) continue;
            struct val v = stmt_type(s, i) == STORE_INT ? val_int(stmt_int(s, i)) : val_str(text(s, i, a));
            if (val_set(a, &t, names[i], v) != 0) rc = ERR_NOMEM;
        }
        if (val_add(a, out, t) != 0) rc = ERR_NOMEM;
        if (rc < 0) break;
    }
    stmt_done(s);
    return rc == ERR_NOMEM ? err_set(err, ERR_LIMIT, "limit.size", NULL) : rc;
}

int flow_task_load(struct store *db, int64_t id, struct arena *a, struct flow_task *out, struct err *err)
{
    struct stmt *s = store_stmt(db, TASK_COLUMNS " where t.id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1 && read_task(s, a, out) != 0) rc = err_set(err, ERR_CORRUPT, "flow.row", NULL);
    stmt_done(s);
    if (rc != 1) return rc;
    rc = read_targets(db, id, a, &out->targets, err);
    return rc ? rc : 1;
}

int flow_read_task(struct session *s, int64_t id, struct arena *a, struct val *out, struct err *err)
{
    struct flow_task t;
    int rc = flow_task_load(s->db, id, a, &t, err);
    if (rc != 1) return rc;
    rc = flow_task_show(s, s->db, &t, a, out, err);
    return rc ? rc : 1;
}

int flow_read_task_whole(struct session *s, int64_t id, struct arena *a, struct val *out, struct err *err)
{
    struct flow_task t;
    int rc = flow_task_load(s->db, id, a, &t, err);
    if (rc != 1) return rc;
    rc = flow_task_show(s, s->db, &t, a, out, err);
    if (rc == 0) rc = flow_task_show_item(s, &t, a, out, err);
    return rc ? rc : 1;
}

int flow_read_task_flags(struct session *s, int64_t id, struct val *out, struct err *err)
{
    struct flow_task t;
    int rc = flow_task_readable(s, id, err);
    if (rc == 0) rc = flow_task_load(s->db, id, s->arena, &t, err);
    return rc == 1 ? flow_task_show_may(s, &t, out, err) : rc;
}
