/* Rows of tasks: the reader, and how lists show them. */
#include "flow/flow_task.h"

#include <string.h>

#include "base/kinds.h"
#include "people/people.h"

#define TASK_COLUMNS                                                                                                   \
    "select t.id, t.run, t.entry, t.n, t.state, t.title, t.help, t.on_timeout, t.about_hash, t.about, t.about_rev,"    \
    " t.due, t.remind, t.next_at, t.form, t.escalate, t.answer, t.decided_by, t.decided_at from flow_task t"

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
                            .decided_at = stmt_int(s, 18)};
    int rc = value(s, 14, a, &t->form);
    if (rc == 0) rc = value(s, 15, a, &t->escalate);
    if (rc == 0) rc = value(s, 16, a, &t->answer);
    t->targets = val_list();
    return rc;
}

static int read_targets(struct store *db, int64_t task, struct arena *a, struct val *out, struct err *err)
{
    static const char *const names[] = {"person", "position", "role", "unit"};
    struct stmt *s =
        store_stmt(db, "select person, position, role, unit from flow_task_target where task = ?1 order by n", err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, task);
    while ((rc = stmt_step(s, err)) == 1) {
        struct val t = val_map();
        for (int i = 0; i < 4; i++) {
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

static int show(struct arena *a, const struct flow_task *t, struct val *out)
{
    static const char *const states[] = {"open", "decided", "closed"};
    int rc = 0;
    *out = val_map();
    rc |= val_set(a, out, "id", val_int(t->id));
    rc |= val_set(a, out, "run", val_int(t->run));
    rc |= val_set(a, out, "state", val_str(states[t->state]));
    rc |= val_set(a, out, "title", val_str(t->title));
    if (t->help) rc |= val_set(a, out, "help", val_str(t->help));
    if (t->about) rc |= val_set(a, out, "about", val_int(t->about));
    if (t->about) rc |= val_set(a, out, "about_revision", val_int(t->about_rev));
    if (t->about_hash) rc |= val_set(a, out, "about_hash", val_str(t->about_hash));
    if (t->due && t->due != INT64_MAX) rc |= val_set(a, out, "due", val_int(t->due));
    rc |= val_set(a, out, "to", t->targets);
    if (t->form.type != VAL_NIL) rc |= val_set(a, out, "form", t->form);
    if (t->answer.type != VAL_NIL) rc |= val_set(a, out, "answer", t->answer);
    if (t->decided_by) rc |= val_set(a, out, "decided_by", val_int(t->decided_by));
    if (t->decided_at) rc |= val_set(a, out, "decided_at", val_int(t->decided_at));
    return rc;
}

int flow_read_task(struct store *db, int64_t id, struct arena *a, struct val *out, struct err *err)
{
    struct flow_task t;
    int rc = flow_task_load(db, id, a, &t, err);
    if (rc == 1 && show(a, &t, out) != 0) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    return rc;
}

/* All open tasks, or those whose target is the person, a position they hold, or a role they have. */
static const char *const inbox_sql[] = {
    "select id from flow_task where state = 0 order by id desc limit 1000",
    "select g.task from flow_task_target g where g.person = ?1"
    " union select g.task from position_held h join flow_task_target g on g.position = h.position and g.unit = h.unit"
    " where h.person = ?1 and h.valid_from <= ?2 and (h.valid_to is null or h.valid_to > ?2)"
    " union select g.task from role_held h join flow_task_target g on g.role = h.role and (g.unit is null or g.unit = "
    "h.unit)"
    " where h.person = ?1 and h.valid_from <= ?2 and (h.valid_to is null or h.valid_to > ?2)"
    " order by 1 desc limit 1000"};

int flow_read_tasks(struct store *db, struct host *host, int64_t person, int64_t now, struct arena *a, struct val *out,
                    struct err *err)
{
    int64_t *ids = arena_alloc(a, 1000 * sizeof(*ids));
    size_t n = 0;
    struct stmt *s = store_stmt(db, inbox_sql[person != 0], err);
    int rc;
    if (!s) return err->code;
    if (!ids) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (person) {
        stmt_bind_int(s, 1, person);
        stmt_bind_int(s, 2, people_day(host, now));
    }
    while ((rc = stmt_step(s, err)) == 1)
        ids[n++] = stmt_int(s, 0);
    stmt_done(s);
    *out = val_list();
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct val task;
        rc = flow_read_task(db, ids[i], a, &task, err);
        if (rc == 1) rc = val_add(a, out, task) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
    }
    return rc;
}
