/* The page behind a signed link. */
#include "http/link_page.h"

#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "flow/task.h"
#include "http/auth_web.h"
#include "http/form_body.h"
#include "http/problem.h"
#include "http/routes.h"
#include "http/task_page.h"
#include "plugin/api.h"
#include "plugin/host.h"

/* Nothing happens until the button is pressed: the page is what a mail scanner sees. */
static void write_form(struct api_job *job, struct session *s, const struct val *task)
{
    struct task_page *t = task_page_of(job);
    struct page *p = &t->page;
    struct session as;
    struct err ignored = {0};
    if (flow_link_act_as(s, t->token, &as, &ignored) != 0) as = *s;
    struct task_form form = {.s = &as,
                             .fields = val_get(task, "fields"),
                             .given = &t->given,
                             .wrong = t->told,
                             .file_max = job->api->o.file_max,
                             .find = t->find};
    if (task_form_has_files(form.fields))
        page_form_files(p, NULL);
    else
        page_form(p, NULL);
    task_form_hash(p, val_get(task, "shown"));
    task_form_write(p, &form);
    page_add(p, "<p>%k</p>\n<button>%k</button>\n</form>\n", "task.page_once", "task.page_confirm");
}

/* As whom they are asked, or why they cannot decide it now. */
static void write_may(struct page *p, const struct val *task)
{
    bool may = val_get_bool(task, "may_decide", false);
    page_add(p, may ? "<p class=\"soft\">" : "<div class=\"note\"><p><strong>%k</strong> ", "page.not_you");
    page_val(p, val_get(val_get(task, "why"), "decide"));
    page_add(p, may ? "</p>\n" : "</p></div>\n");
}

static int show_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct task_page *t = task_page_of(job);
    struct page *p = &t->page;
    struct val task, said;
    struct session as;
    int rc = api_invoke(s->host->api, s, "task.link_show", &job->args, &job->arena, &task, err);
    const char *title = rc == 0 ? val_cstr(&job->arena, val_get(&task, "title")) : NULL;
    if (rc) return rc;
    page_begin(p, title ? title : "");
    if (t->told) task_form_err(p, val_get(&task, "fields"), "f", t->told);
    if (val_get(&task, "help")) {
        page_add(p, "<p>");
        page_val(p, val_get(&task, "help"));
        page_add(p, "</p>\n");
    }
    if (val_get_int(&task, "due", 0)) {
        page_add(p, "<p>");
        page_due(p, val_get_int(&task, "due", 0), s->now, s->zone);
        page_add(p, "</p>\n");
    }
    task_text_write(p, s, &task);
    if (flow_link_act_as(s, t->token, &as, err) == 0 &&
        flow_task_comments(&as, val_get_int(&task, "id", 0), &job->arena, &said, err) == 0)
        task_files_attached(p, &as, &said, false);
    write_may(p, &task);
    if (val_get_bool(&task, "may_decide", false)) write_form(job, s, &task);
    page_end(p);
    return buf_ok(&job->out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}

static void write_message(struct page *p, const char *title, const char *text)
{
    const char *head = locale_text(p->lang, title);
    page_begin(p, head ? head : title);
    if (text) page_add(p, "<p>%k</p>\n", text);
}

static int pick_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct task_page *t = task_page_of(job);
    struct val task;
    struct session as;
    int rc = api_invoke(s->host->api, s, "task.link_show", &job->args, &job->arena, &task, err);
    if (rc == 0) rc = flow_link_act_as(s, t->token, &as, err);
    return rc ? rc : task_pick_take(&as, val_get(&task, "fields"), &t->given, err);
}

static int decide_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct task_page *t = task_page_of(job);
    struct val args = job->args, fields, out;
    const struct val *hash = val_get(&t->given, "_hash");
    int rc = task_form_fields(&job->arena, &t->given, &fields);
    if (rc == 0 && hash) rc = val_set(&job->arena, &fields, "hash", *hash);
    if (rc || val_add(&job->arena, &args, fields)) return err_set(err, ERR_NOMEM, "memory", NULL);
    rc = api_invoke(s->host->api, s, "task.link_decide", &args, &job->arena, &out, err);
    if (rc) return rc;
    t->page.here = NULL; /* it is used up: there is nothing to come back to */
    write_message(&t->page, "task.page_done", "task.page_thanks");
    page_end(&t->page);
    return 0;
}

static void reply_error(struct api_job *job)
{
    struct page *p = &task_page_of(job)->page;
    buf_clear(&job->out);
    write_message(p, "task.page_failed", NULL);
    page_err(p, &job->err);
    page_end(p);
    page_reply(job->request, http_status_of(&job->err), p, NULL);
    api_job_free(job);
}

/* What is wrong with a field can be mended, and what is attached now can be looked at: the link is still good. */
static void refuse(struct api_job *job)
{
    struct task_page *t = task_page_of(job);
    struct err *told = arena_alloc(&job->arena, sizeof(*told));
    bool is_form = job->work != show_work && (job->err.code == ERR_INVALID || strncmp(job->err.key, "file.", 5) == 0 ||
                                              http_status_of(&job->err) == 412);
    if (!is_form || !told) {
        reply_error(job);
        return;
    }
    *told = job->err;
    t->told = told;
    job->reply = NULL;
    job->status = http_status_of(told);
    job->work = show_work;
    api_job_go_on(job, false);
}

static int take_request(struct api_job *job, struct task_page *t, bool reads)
{
    const struct http_request *r = job->request;
    struct buf lines;
    t->token = arena_strdup(&job->arena, r->path + 3);
    if (!reads && strcmp(r->method, "POST") != 0)
        return err_set(&job->err, ERR_INVALID, "http.method", "method", r->method, "allow", "GET, POST", NULL);
    int rc = reads ? 0 : task_form_take(job);
    if (rc) return rc;
    t->page.files = arena_printf(&job->arena, "/t/%s/files/", t->token ? t->token : "");
    t->find = reads ? NULL : task_pick_find(&job->arena, &t->given);
    buf_init(&lines, 4096);
    page_headers(&lines, &t->page);
    job->headers = arena_strndup(&job->arena, lines.data, lines.len);
    buf_close(&lines);
    if (!t->token || !job->headers || val_add(&job->arena, &job->args, val_str(t->token)))
        return err_set(&job->err, ERR_NOMEM, "memory", NULL);
    return 0;
}

/* Called as nobody: the token alone says who decides what. */
void link_page_handle(struct http_api *api, struct http_request *r)
{
    struct api_job *job = api_job_new(api, r);
    struct task_page *t = arena_alloc(&job->arena, sizeof(*t));
    bool reads = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    const char *lang = http_header(r, "accept-language");
    snprintf(job->login.lang, sizeof(job->login.lang), "%s", lang ? locale_pick(lang) : api->o.host->lang);
    auth_page_lang(api, r, job->login.lang);
    *t = (struct task_page){.given = val_nil(), .pick = pick_work};
    t->page =
        (struct page){.out = &job->out, .lang = job->login.lang, .here = r->path, .is_narrow = true, .is_secret = true};
    job->login.actor.user = PEOPLE_ANONYMOUS;
    job->page = t;
    job->body = form_body_of(r);
    job->args = val_list();
    int rc = http_take_rate(api, r, PEOPLE_ANONYMOUS, &job->err);
    if (rc == 0) rc = take_request(job, t, reads);
    if (rc) {
        reply_error(job);
        return;
    }
    job->call = reads || t->find ? "task.link_show" : "task.link_decide";
    job->type = "text/html; charset=utf-8";
    job->status = 200;
    job->refuse = refuse;
    job->work = reads || t->find ? show_work : decide_work;
    if (reads)
        api_job_start(job, false);
    else
        task_form_start(job);
}
