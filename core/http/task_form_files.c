/* Forms of tasks with files: the form as it was sent, its files to the disk and to rows, then what is to be done. Each
 * is a step of its own, so that what was sent is there to be kept when the step behind it is refused. */
#include <string.h>

#include "file/file_bytes.h"
#include "flow/task.h"
#include "http/form_body.h"
#include "http/routes.h"
#include "http/task_page.h"

enum { PLAIN_MAX = 4 << 20, LINK_PLAIN_MAX = 64 << 10, LINK_SIZE_FILES = 8 };

int task_form_take(struct api_job *job)
{
    struct task_page *t = task_page_of(job);
    const struct http_request *r = job->request;
    const char *type = http_header(r, "content-type");
    if (job->body) {
        if (!job->body->err.code)
            return val_copy(&job->arena, &job->body->fields, &t->given)
                       ? err_set(&job->err, ERR_LIMIT, "limit.size", NULL)
                       : 0;
        job->err = job->body->err;
        return job->err.code;
    }
    if (!type || strncmp(type, "application/x-www-form-urlencoded", 33) != 0)
        return err_set(&job->err, ERR_INVALID, "http.content_type", "type", type ? type : "", NULL);
    if (r->body_len > (size_t)(t->token ? LINK_PLAIN_MAX : PLAIN_MAX))
        return err_set(&job->err, ERR_LIMIT, "limit.size", NULL);
    return http_form_parse_all(&job->arena, r->body, r->body_len, &t->given, &job->err);
}

int task_form_fields(struct arena *a, const struct val *given, struct val *out)
{
    int rc = 0;
    *out = val_map();
    for (size_t i = 0; rc == 0 && i < given->as.map.n; i++)
        if (given->as.map.pairs[i].key[0] != '_')
            rc = val_set(a, out, given->as.map.pairs[i].key, given->as.map.pairs[i].v);
    return rc;
}

static int count_for_link(struct api_job *job, struct session *s, struct session *as, struct err *err)
{
    const char *token = task_page_of(job)->token;
    int64_t files = 0, bytes = 0;
    for (const struct form_file *f = job->body->files; f; f = f->next) {
        files += f->bytes != NULL;
        bytes += f->bytes ? file_bytes_size(f->bytes) : 0;
    }
    int rc = flow_link_count_files(s, token, files, bytes, job->api->o.file_max * LINK_SIZE_FILES, err);
    return rc ? rc : flow_link_act_as(s, token, as, err);
}

static int add_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    struct task_page *t = task_page_of(job);
    struct session as = *s;
    struct err *told = arena_alloc(&job->arena, sizeof(*told));
    (void)reader;
    if (!told) return err_set(err, ERR_NOMEM, "memory", NULL);
    int rc = t->token ? count_for_link(job, s, &as, err) : 0;
    if (rc == 0) rc = form_body_add(job->body, &as, &t->given, err);
    *told = *err;
    t->told = rc == 1 ? told : NULL;
    return rc == 1 ? 0 : rc;
}

static void go_on(struct api_job *job)
{
    struct task_page *t = task_page_of(job);
    job->reply = NULL;
    job->work = t->next;
    api_job_go_on(job, !t->find && !t->shows);
}

/* Who was typed is sought on a reader: the lane has all waiting. */
static void find_picks(struct api_job *job)
{
    struct task_page *t = task_page_of(job);
    if (t->find || t->shows || !t->pick || !task_pick_any(&t->given)) {
        go_on(job);
        return;
    }
    job->work = t->pick;
    job->reply = go_on;
    api_job_go_on(job, false);
}

static void on_added(struct api_job *job)
{
    struct task_page *t = task_page_of(job);
    job->reply = NULL;
    if (t->told) {
        job->err = *t->told;
        t->told = NULL;
        job->refuse(job);
        return;
    }
    find_picks(job);
}

static void on_kept(struct form_body *f, void *ctx)
{
    struct api_job *job = ctx;
    if (f->err.code) {
        job->err = f->err;
        job->refuse(job);
        return;
    }
    job->work = add_work;
    job->reply = on_added;
    api_job_go_on(job, true);
}

void task_form_start(struct api_job *job)
{
    task_page_of(job)->next = job->work;
    http_defer(job->request);
    if (job->body && job->body->files)
        form_body_keep(job->body, on_kept, job);
    else
        find_picks(job);
}
