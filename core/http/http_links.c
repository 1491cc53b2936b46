/* What is opened by a link alone: the secret in it is the caller's right. Looking changes nothing (programs that scan
 * mail look at every link); a form, or a mail program's one click (RFC 8058), does. */
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "http/api_job.h"
#include "http/page.h"
#include "http/problem.h"
#include "people/people.h"

static int render_text(struct api_job *job, const struct val *out)
{
    if (out->type == VAL_STR) buf_add(&job->out, out->as.str.s, out->as.str.len);
    return buf_ok(&job->out) ? 0 : ERR_LIMIT;
}

static void add_page(struct api_job *job, const char *key, const char *button)
{
    struct page p = {.out = &job->out, .lang = job->login.lang, .is_narrow = true, .is_secret = true};
    const char *title = locale_text(p.lang, "notify.unsubscribe.title");
    page_begin(&p, title ? title : "");
    page_add(&p, "<p>%k</p>\n", key);
    if (button) {
        page_form(&p, NULL);
        page_add(&p, "<button>%k</button>\n</form>\n", button);
    }
    page_end(&p);
}

static int render_question(struct api_job *job, const struct val *out)
{
    (void)out;
    add_page(job, "notify.unsubscribe.ask", "notify.unsubscribe.button");
    return buf_ok(&job->out) ? 0 : ERR_LIMIT;
}

static int render_done(struct api_job *job, const struct val *out)
{
    (void)out;
    add_page(job, "notify.unsubscribe.done", NULL);
    return buf_ok(&job->out) ? 0 : ERR_LIMIT;
}

/* The path's last part, without its ending; NULL: another path. */
static const char *token_in(struct arena *a, const char *path, const char *prefix, const char *ending)
{
    size_t n = strlen(prefix), len = strlen(path), end = strlen(ending);
    if (strncmp(path, prefix, n) != 0 || len <= n + end || strcmp(path + len - end, ending) != 0) return NULL;
    const char *token = arena_strndup(a, path + n, len - n - end);
    return token && !strchr(token, '/') ? token : NULL;
}

static void refuse(struct api_job *job)
{
    struct page p = {.out = &job->out, .lang = job->login.lang, .is_narrow = true, .is_secret = true};
    const char *title = locale_text(p.lang, "auth.page_failed");
    buf_clear(&job->out);
    page_begin(&p, title ? title : "");
    page_err(&p, &job->err);
    page_end(&p);
    page_reply(job->request, http_status_of(&job->err), &p, NULL);
    api_job_free(job);
}

static const char *page_lines(struct api_job *job)
{
    struct page p = {.lang = job->login.lang, .is_secret = true};
    struct buf lines;
    buf_init(&lines, 4096);
    page_headers(&lines, &p);
    const char *copy = arena_strndup(&job->arena, lines.data, lines.len);
    buf_close(&lines);
    return copy;
}

static void start(struct api_job *job, const char *call, const char *token, const char *type, bool writes)
{
    job->args = val_list();
    job->call = call;
    job->type = type;
    job->status = 200;
    job->login.actor.user = PEOPLE_ANONYMOUS;
    int rc = http_take_rate(job->api, job->request, PEOPLE_ANONYMOUS, &job->err);
    if (rc == 0 && (!token || val_add(&job->arena, &job->args, val_str(token)) != 0))
        rc = err_set(&job->err, ERR_NOMEM, "memory", NULL);
    if (rc)
        job->refuse ? job->refuse(job) : api_refuse(job);
    else
        api_job_start(job, writes);
}

static struct api_job *new_job(struct http_api *api, struct http_request *r)
{
    struct api_job *job = api_job_new(api, r);
    snprintf(job->login.lang, sizeof(job->login.lang), "%s", locale_pick(http_header(r, "accept-language")));
    return job;
}

void http_link_calendar(struct http_api *api, struct http_request *r)
{
    struct api_job *job = new_job(api, r);
    const char *token = token_in(&job->arena, r->path, "/calendar/", ".ics");
    job->render = render_text;
    if (token) {
        start(job, "calendar.feed", token, "text/calendar; charset=utf-8", false);
        return;
    }
    err_set(&job->err, ERR_NOT_FOUND, "http.not_found", "path", r->path, NULL);
    api_refuse(job);
}

void http_link_unsubscribe(struct http_api *api, struct http_request *r)
{
    struct api_job *job = new_job(api, r);
    bool reads = strcmp(r->method, "POST") != 0;
    const char *link = token_in(&job->arena, r->path, "/unsubscribe/", "");
    job->render = reads ? render_question : render_done;
    job->headers = page_lines(job);
    job->refuse = refuse;
    start(job, reads ? "notify.link" : "notify.unsubscribe", link, "text/html; charset=utf-8", !reads);
}
