/* What is opened by a link alone: the secret in it is the caller's right. Looking changes nothing (programs that scan
 * mail look at every link); a form, or a mail program's one click (RFC 8058), does. */
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "http/api_job.h"
#include "people/people.h"

static int render_text(struct api_job *job, const struct val *out)
{
    if (out->type == VAL_STR) buf_add(&job->out, out->as.str.s, out->as.str.len);
    return buf_ok(&job->out) ? 0 : ERR_LIMIT;
}

static void add_page(struct api_job *job, const char *key, const char *button)
{
    struct buf *b = &job->out;
    const char *lang = job->login.lang;
    buf_printf(b,
               "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>Khung</title>"
               "<meta name=\"robots\" content=\"noindex\"></head><body>\n<p>",
               lang);
    locale_format(b, lang, key, NULL);
    buf_add_str(b, "</p>\n");
    if (button) {
        buf_add_str(b, "<form method=\"post\"><button>");
        locale_format(b, lang, button, NULL);
        buf_add_str(b, "</button></form>\n");
    }
    buf_add_str(b, "</body></html>\n");
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
        api_refuse(job);
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
    start(job, reads ? "notify.link" : "notify.unsubscribe", link, "text/html; charset=utf-8", !reads);
}
