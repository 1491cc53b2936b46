/* Requests for the page of a text, and what is done by its buttons: the moves that REST makes, by the same calls. The
 * form says which revision was looked at; of another one nothing is done. */
#include "http/text_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"
#include "http/own_page.h"
#include "http/problem.h"
#include "http/query.h"
#include "plugin/api.h"
#include "plugin/host.h"

static const char before[] = "/texts/";

int64_t text_page_id(const struct api_job *job)
{
    const char *digits = job->request->path + sizeof(before) - 1;
    size_t n = strspn(digits, "0123456789");
    return n && n < 19 && !digits[n] ? strtoll(digits, NULL, 10) : 0;
}

static const struct text_move *move_of(const char *name)
{
    for (int i = 0; name && i < TEXT_MOVES; i++)
        if (strcmp(content_verb_name(text_moves[i].verb), name) == 0) return &text_moves[i];
    return NULL;
}

static struct val given(struct api_job *job, const char *name)
{
    const char *text = own_page_given(job, name);
    return text && *text ? val_str(text) : val_nil();
}

/* The arguments of the call: the item in the revision that was looked at, then a reason or dates. */
static int add_args(struct api_job *job, const struct text_move *m, int64_t rev, struct val *args, struct err *err)
{
    struct arena *a = &job->arena;
    struct val reason = given(job, "reason"), at = given(job, "at"), until = given(job, "until"), options = val_map();
    if (m->needs_reason && reason.type == VAL_NIL) reason = val_str("");
    if (m->dates && at.type == VAL_NIL) return err_set(err, ERR_INVALID, "content.schedule_at", NULL);
    int rc = val_add(a, args, val_obj(&content_item_kind, text_page_id(job), rev, NULL));
    if (rc == 0 && m->reason) rc = val_add(a, args, reason);
    if (rc == 0 && m->dates) rc = val_add(a, args, at);
    if (rc == 0 && m->dates && until.type == VAL_STR) rc = val_set(a, &options, "until_", until);
    if (rc == 0 && m->dates) rc = val_add(a, args, options);
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
}

static int act_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    const char *act = task_page_of(job)->act;
    struct text_view v = {.job = job, .s = s, .p = &task_page_of(job)->page, .id = text_page_id(job)};
    struct val args = val_list(), out;
    struct err_num n, m, k;
    char call[40];
    (void)reader;
    int64_t rev = task_form_number(&job->arena, val_get(&task_page_of(job)->given, "_revision"));
    int rc = text_page_read(&v, err);
    if (rc == 0 && rev != v.item.as.obj.rev)
        rc = err_set(err, ERR_CONFLICT, "conflict.revision", "item", err_i64(&n, v.id), "expected", err_i64(&m, rev),
                     "current", err_i64(&k, v.item.as.obj.rev), NULL);
    if (rc == 0) rc = add_args(job, move_of(act), rev, &args, err);
    snprintf(call, sizeof(call), "content.%.30s", act);
    if (rc == 0) rc = api_invoke(s->host->api, s, call, &args, &job->arena, &out, err);
    if (rc) return rc;
    const char *path = arena_strdup(&job->arena, job->request->path);
    return path ? own_page_done(job, path, act, NULL, err) : err_set(err, ERR_NOMEM, "memory", NULL);
}

static int take_form(struct api_job *job)
{
    int rc = task_form_take(job);
    const struct text_move *m = rc == 0 ? move_of(own_page_given(job, "_act")) : NULL;
    if (rc == 0 && !m) rc = err_set(&job->err, ERR_INVALID, "http.parameter", "name", "_act", NULL);
    if (m) task_page_of(job)->act = content_verb_name(m->verb);
    return rc;
}

void text_page_handle(struct http_api *api, struct http_request *r)
{
    struct api_job *job = task_page_open(api, r, 0);
    if (!job) return;
    struct task_page *t = task_page_of(job);
    bool writes = strcmp(r->method, "POST") == 0;
    const struct text_move *done = move_of(http_query_get(r->query, strlen(r->query), "done", &job->arena));
    int rc = 0;
    t->page.has_pictures = true;
    t->after = http_query_get(r->query, strlen(r->query), "after", &job->arena);
    t->done = done ? arena_printf(&job->arena, "page.text_did_%s", content_verb_name(done->verb)) : NULL;
    t->again = text_page_write;
    job->call = "content.get";
    job->refuse = task_page_refuse;
    job->headers = task_page_lines(job);
    if (!text_page_id(job)) rc = err_set(&job->err, ERR_NOT_FOUND, "http.not_found", "path", r->path, NULL);
    if (rc == 0 && writes) rc = take_form(job);
    job->work = writes ? act_work : text_page_write;
    if (rc)
        task_page_reply_error(job);
    else
        api_job_start(job, writes);
}
