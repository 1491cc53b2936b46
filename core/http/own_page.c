/* Requests for pages of one's own. */
#include "http/own_page.h"

#include <string.h>

#include "base/locale.h"
#include "http/problem.h"
#include "http/query.h"
#include "plugin/api.h"
#include "plugin/host.h"

static const struct own_page *page_at(const char *path)
{
    static const struct own_page *const pages[] = {&notice_page, &wish_page, &token_page};
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        if (strcmp(pages[i]->path, path) == 0) return pages[i];
    return NULL;
}

const char *own_page_given(struct api_job *job, const char *name)
{
    const struct val *v = val_get(&task_page_of(job)->given, name);
    return val_is(v, VAL_STR) ? val_cstr(&job->arena, v) : NULL;
}

static int take_act(struct api_job *job, const struct own_page *own)
{
    struct task_page *t = task_page_of(job);
    int rc = task_form_take(job);
    const char *act = rc == 0 ? own_page_given(job, "_act") : NULL;
    for (size_t i = 0; act && own->acts[i].name; i++) {
        if (strcmp(own->acts[i].name, act) != 0) continue;
        t->act = own->acts[i].name;
        job->work = own->acts[i].run;
        return 0;
    }
    return rc ? rc : err_set(&job->err, ERR_INVALID, "http.parameter", "name", "_act", NULL);
}

/* "?done=read": a sentence of the catalogue, or nothing. */
static const char *done_of(struct api_job *job)
{
    const char *query = job->request->query, *done = http_query_get(query, strlen(query), "done", &job->arena);
    const char *key = done && strlen(done) < 40 ? arena_printf(&job->arena, "page.did_%s", done) : NULL;
    return key && locale_text(job->login.lang, key) ? key : NULL;
}

void own_page_handle(struct http_api *api, struct http_request *r)
{
    struct api_job *job = task_page_open(api, r, 0);
    if (!job) return;
    struct task_page *t = task_page_of(job);
    const struct own_page *own = page_at(r->path);
    bool writes = strcmp(r->method, "POST") == 0;
    job->call = "notice.list"; /* the host's own time */
    job->work = t->again = own->show;
    job->refuse = task_page_refuse;
    job->headers = task_page_lines(job);
    t->after = http_query_get(r->query, strlen(r->query), "after", &job->arena);
    t->done = done_of(job);
    if (writes && take_act(job, own) != 0)
        task_page_reply_error(job);
    else
        api_job_start(job, writes);
}

/* --- what the pages have in common --- */

void own_page_begin(struct api_job *job, const char *key)
{
    struct task_page *t = task_page_of(job);
    const char *title = locale_text(t->page.lang, key);
    page_begin(&t->page, title ? title : "");
    if (t->told) page_err(&t->page, t->told);
    if (t->done) page_add(&t->page, "<div class=\"done\" role=\"status\"><p>%k</p></div>\n", t->done);
}

int own_page_end(struct api_job *job, struct err *err)
{
    page_end(&task_page_of(job)->page);
    return buf_ok(&job->out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}

void own_page_form(struct page *p, const char *path, const char *act)
{
    page_form(p, path);
    page_add(p, "<input type=\"hidden\" name=\"_act\" value=\"%s\">\n", act);
}

int own_page_done(struct api_job *job, const char *path, const char *what, const char *after, struct err *err)
{
    struct buf to;
    buf_init(&to, 4000);
    buf_printf(&to, "%s?done=%s", path, what);
    if (after && *after) http_query_add(&to, "after", after);
    job->status = 303;
    job->headers =
        buf_ok(&to) ? arena_printf(&job->arena, "Cache-Control: no-store\r\nLocation: %s\r\n", to.data) : NULL;
    buf_close(&to);
    return job->headers ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}

int own_page_call(struct api_job *job, struct session *s, const char *call, const struct val *arg, struct val *out,
                  struct err *err)
{
    struct val args = val_list();
    if (arg && val_add(&job->arena, &args, *arg) != 0) return err_set(err, ERR_NOMEM, "memory", NULL);
    return api_invoke(s->host->api, s, call, &args, &job->arena, out, err);
}

void own_page_more(struct page *p, struct session *s, const char *path)
{
    struct buf to;
    if (!s->next) return;
    buf_init(&to, 2000);
    buf_printf(&to, "%s?", path);
    http_query_add(&to, "after", s->next);
    page_add(p, "<p><a class=\"button second\" href=\"%s\">%k</a></p>\n", to.data, "page.more");
    buf_close(&to);
}
