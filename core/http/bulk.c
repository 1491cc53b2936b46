/* Several tasks decided together: which of them can be, what is asked of all, and the decisions. */
#include "http/bulk.h"

#include <stdio.h>
#include <string.h>

#include "flow/task.h"
#include "plugin/api.h"
#include "plugin/host.h"

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NOMEM, "memory", NULL);
}

static void leave_out(struct bulk_one *one, const char *why, const struct val *reason)
{
    one->is_in = false;
    one->why = why;
    if (reason) one->reason = *reason;
}

/* Ballots go with ballots alone, secret ones with secret ones. */
static bool is_same_kind(const struct val *a, const struct val *b)
{
    static const char *const parts[] = {"secret", "change"};
    const struct val *x = val_get(a, "vote"), *y = val_get(b, "vote");
    bool same = val_is_str(val_get(a, "kind"), "ballot") == val_is_str(val_get(b, "kind"), "ballot");
    for (size_t i = 0; same && i < 2; i++)
        same = val_get_bool(x, parts[i], false) == val_get_bool(y, parts[i], false);
    return same;
}

/* Can this one be decided with the others? */
static void look(struct bulk *b, struct bulk_one *one)
{
    const struct val *fields = val_get(&one->task, "fields");
    one->is_in = true;
    if (!val_is_str(val_get(&one->task, "state"), "open")) leave_out(one, "flow.task_closed.page", NULL);
    if (one->is_in && !val_get_bool(&one->task, "may_decide", false))
        leave_out(one, NULL, val_get(val_get(&one->task, "why"), "decide"));
    if (one->is_in && !b->first) b->first = &one->task;
    b->fields = val_get(b->first, "fields");
    if (one->is_in && !is_same_kind(b->first, &one->task)) leave_out(one, "vote.alone", NULL);
    if (one->is_in && !val_equal(b->fields, fields)) leave_out(one, "page.bulk_other", NULL);
}

static int load_one(struct bulk *b, struct bulk_one *one, struct err *err)
{
    struct val args = val_list();
    if (val_add(&b->job->arena, &args, val_int(one->id))) return no_memory(err);
    int rc = api_invoke(b->s->host->api, b->s, "task.show", &args, &b->job->arena, &one->task, &one->err);
    if (rc && err_is_fault(rc)) {
        *err = one->err;
        return rc;
    }
    if (rc) {
        one->task = val_nil();
        if (strcmp(one->err.key, "denied.verb") == 0) err_set(&one->err, ERR_DENIED, "task.not_yours", NULL);
    } else {
        look(b, one);
    }
    return 0;
}

static bool has(const struct bulk *b, int64_t id)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->all[i].id == id) return true;
    return false;
}

int bulk_load(struct bulk *b, struct api_job *job, struct session *s, struct err *err)
{
    struct task_page *t = task_page_of(job);
    struct val ids;
    struct err_num most;
    *b = (struct bulk){.job = job, .s = s, .t = t, .p = &t->page};
    if (task_form_numbers(&job->arena, val_get(&t->given, "task"), &ids)) return no_memory(err);
    if (ids.as.list.n == 0) return err_set(err, ERR_INVALID, "page.bulk_none", NULL);
    if (ids.as.list.n > BULK_MOST)
        return err_set(err, ERR_INVALID, "page.bulk_many", "most", err_i64(&most, BULK_MOST), NULL);
    b->all = arena_alloc(&job->arena, ids.as.list.n * sizeof(*b->all));
    if (!b->all) return no_memory(err);
    for (size_t i = 0; i < ids.as.list.n; i++) {
        int64_t id = ids.as.list.items[i].as.i;
        if (has(b, id)) continue;
        struct bulk_one *one = &b->all[b->n++];
        *one = (struct bulk_one){.id = id, .task = val_nil()};
        int rc = load_one(b, one, err);
        if (rc) return rc;
        b->nin += one->is_in;
    }
    return 0;
}

const struct val *bulk_hash(const struct bulk *b, const struct bulk_one *one)
{
    char key[40];
    snprintf(key, sizeof(key), "_hash_%lld", (long long)one->id);
    const struct val *given = val_get(&b->t->given, key);
    return val_is(given, VAL_STR) ? given : NULL;
}

/* Of the form, as an answer to this one. */
static int fill(struct bulk *b, const struct bulk_one *one, struct val *answer, struct err *err)
{
    struct val fields, own;
    int rc = task_form_fields(&b->job->arena, &b->t->given, &fields);
    *answer = own = val_map();
    for (size_t i = 0; rc == 0 && i < fields.as.map.n; i++)
        if (strcmp(fields.as.map.pairs[i].key, "task") != 0)
            rc = val_set(&b->job->arena, &own, fields.as.map.pairs[i].key, fields.as.map.pairs[i].v);
    if (rc) return no_memory(err);
    return flow_task_fill_form(b->s, one->id, &own, answer, err);
}

int bulk_check(struct bulk *b, struct err *err)
{
    for (size_t i = 0; i < b->n; i++) {
        struct bulk_one *one = &b->all[i];
        struct val answer;
        const struct val *hash = bulk_hash(b, one);
        if (!one->is_in) continue;
        int rc = fill(b, one, &answer, &one->err);
        if (rc == 0 && hash && val_set(&b->job->arena, &answer, "hash", *hash)) return no_memory(err);
        if (rc == 0) rc = flow_decide_check(b->s->host->flow, b->s, one->id, &answer, &one->err);
        if (rc == 0) continue;
        if (err_is_fault(rc) || one->err.nfields) {
            *err = one->err;
            return rc;
        }
        one->is_in = false;
        b->nin--;
    }
    return 0;
}

int bulk_decide(struct bulk *b, struct val *out, struct err *err)
{
    struct arena *a = &b->job->arena;
    struct val args = val_list(), tasks = val_list(), answer = val_map();
    bool filled = false;
    for (size_t i = 0; i < b->n; i++) {
        struct val entry = val_map();
        const struct val *hash = bulk_hash(b, &b->all[i]);
        if (!b->all[i].is_in) continue;
        int rc = filled ? 0 : fill(b, &b->all[i], &answer, err);
        if (rc) return rc;
        filled = true;
        rc = val_set(a, &entry, "task", val_int(b->all[i].id));
        if (rc == 0 && hash) rc = val_set(a, &entry, "hash", *hash);
        if (rc || val_add(a, &tasks, entry)) return no_memory(err);
    }
    *out = val_list();
    if (!filled) return 0;
    if (val_add(a, &args, tasks) || val_add(a, &args, answer)) return no_memory(err);
    return api_invoke(b->s->host->api, b->s, "task.decide_all", &args, a, out, err);
}
