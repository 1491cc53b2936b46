/* Files of runs and tasks: in a run's input, in answers, beside comments. The code of the run's plugin may pass them on
 * (to an item, to a row), whoever may see the task sees them. */
#include <string.h>

#include "file/file.h"
#include "flow/flow_task.h"
#include "flow/task.h"
#include "people/people.h"

/* A refusal is a no; what is told to who asks for a file is always the same. */
static int as_seen(int rc)
{
    return rc == 0 ? 1 : err_is_fault(rc) ? rc : 0;
}

/* Code of another plugin sees neither by this: a run may read all runs, and would carry their files out. */
static int task_seen(void *ctx, struct session *s, int64_t file, int64_t id, struct err *err)
{
    (void)ctx;
    (void)file;
    return s->actor.plugin ? 0 : as_seen(flow_task_readable(s, id, err));
}

static int run_seen(void *ctx, struct session *s, int64_t file, int64_t id, struct err *err)
{
    (void)ctx;
    (void)file;
    (void)id;
    return s->actor.plugin ? 0 : as_seen(people_check(s, "flow.read", PEOPLE_ANY_UNIT, err));
}

void flow_file_attach(struct flow *f)
{
    files_add_kind(f->host->files, "task", task_seen, f);
    files_add_kind(f->host->files, "run", run_seen, f);
}

static int plugin_of(struct session *s, int64_t run, const char **out, struct err *err)
{
    struct stmt *st =
        store_stmt(s->db, "select n.plugin from flow_run r join flow_name n on n.id = r.name where r.id = ?1", err);
    *out = NULL;
    if (!st) return err->code;
    stmt_bind_int(st, 1, run);
    int rc = stmt_step(st, err);
    if (rc == 1) {
        size_t len;
        const char *text = stmt_text(st, 0, &len);
        *out = arena_strndup(s->arena, text, len);
    }
    stmt_done(st);
    if (rc == 1 && !*out) return err_set(err, ERR_NOMEM, "memory", NULL);
    return rc < 0 ? rc : 0;
}

static int hang_task(struct session *s, const struct flow_task *t, const struct field_list *fields,
                     const struct val *values, struct err *err)
{
    struct file_thing on = {.kind = "task", .id = t->id};
    int rc = plugin_of(s, t->run, &on.plugin, err);
    return rc ? rc : file_fields_hang(s, fields, values, &on, err);
}

int flow_file_take_answer(struct session *s, const struct flow_task *t, const struct field_list *fields,
                          struct val *values, struct err *err)
{
    if (!file_fields_any(fields)) return 0;
    int rc = file_fields_take(s, fields, s->arena, values, err);
    return rc || t->state != TASK_OPEN ? rc : hang_task(s, t, fields, values, err);
}

int flow_file_take_list(struct session *s, const struct flow_task *t, const struct val *ids, struct val *out,
                        struct err *err)
{
    const struct field f = {.name = "files", .type = FIELD_LIST, .item = FIELD_FILE};
    const struct field_list fields = {&f, 1};
    struct val values = val_map();
    int rc = file_list_take(s, ids, s->arena, out, err);
    if (rc || out->type == VAL_NIL) return rc;
    if (val_set(s->arena, &values, f.name, *out)) return err_set(err, ERR_NOMEM, "memory", NULL);
    return hang_task(s, t, &fields, &values, err);
}

static int check_one(struct session *s, const char *field, const struct val *v, struct err *err)
{
    struct file_row row;
    struct err_num n;
    int64_t id = v->type == VAL_INT ? v->as.i : 0;
    int rc = file_load(s->db, id, &row, err);
    if (rc < 0) return rc;
    if (rc == 1 && !row.user && row.person == s->actor.person && !row.hung) return 0;
    err_set(err, ERR_INVALID, "invalid.file", "field", field, "id", err_i64(&n, id), NULL);
    err_add_field(err, field, "invalid.file", n.s);
    return ERR_INVALID;
}

int flow_file_check_own(struct session *s, const struct flow_task *t, const struct val *values, struct err *err)
{
    struct field_list fields;
    struct val form;
    int rc = flow_task_form(s->arena, t, &form, err);
    if (rc == 0) rc = field_parse_list(s->arena, &form, &fields, err);
    for (size_t i = 0; rc == 0 && i < values->as.map.n; i++) {
        const struct val_pair *p = &values->as.map.pairs[i];
        const struct field *f = field_find(&fields, p->key);
        if (f && f->type == FIELD_FILE && p->v.type != VAL_NIL) rc = check_one(s, p->key, &p->v, err);
        bool is_list = f && f->type == FIELD_LIST && f->item == FIELD_FILE;
        for (size_t k = 0; rc == 0 && is_list && val_at(&p->v, k); k++)
            rc = check_one(s, p->key, val_at(&p->v, k), err);
    }
    return rc;
}

int flow_file_let_go(struct session *s, int64_t task, int64_t file, struct err *err)
{
    const struct file_thing on = {.kind = "task", .id = task};
    return file_unhang(s, file, &on, err);
}

int flow_file_hang_run(struct session *s, const struct flow_run *run, const struct flow_def *def, struct err *err)
{
    struct file_thing on = {.kind = "run", .id = run->id, .plugin = run->plugin};
    if (def->is_handler || !file_fields_any(&def->input)) return 0;
    return file_fields_hang(s, &def->input, &run->input, &on, err);
}
