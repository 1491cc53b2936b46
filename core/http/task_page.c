/* Requests for pages of tasks: who asks, what is to be done, and the page again when it was refused. */
#include "http/task_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"
#include "flow/task.h"
#include "http/auth_web.h"
#include "http/form_body.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/routes.h"
#include "plugin/api.h"

static int64_t id_in(const char *path)
{
    const char *digits = path + 7;
    size_t n = strncmp(path, "/tasks/", 7) == 0 ? strspn(digits, "0123456789") : 0;
    return n && n < 19 && !digits[n] ? strtoll(digits, NULL, 10) : 0;
}

/* --- what is done --- */

/* What a form may ask for: a call, and its arguments behind the task's number. A "!" is passed on though it be empty,
 * so that the call says what it misses; "#" is a number, "*" a list of them. */
static const struct act {
    const char *name, *call, *args[2];
    const char *picks[2]; /* persons and units, named so */
} acts[] = {{"decide", "task.decide", {NULL}},
            {"claim", "task.claim", {NULL}},
            {"release", "task.release", {NULL}},
            {"delegate", "task.delegate", {"person!", "reason"}, {"person"}},
            {"hand_back", "task.hand_back", {"reason"}},
            {"comment", "task.comment", {"text!", "files*"}},
            {"reassign", "task.reassign", {"reason!"}, {"person", "unit"}},
            {"detach", "task.detach", {"file#"}},
            {"recuse", "task.recuse", {"reason!"}}};

static const struct act *act_of(const char *name)
{
    for (size_t i = 0; name && i < sizeof(acts) / sizeof(acts[0]); i++)
        if (strcmp(acts[i].name, name) == 0) return &acts[i];
    return NULL;
}

static int add_answer(struct api_job *job, struct session *s, struct val *args, struct err *err)
{
    struct task_page *t = task_page_of(job);
    struct val fields, answer;
    const struct val *hash = val_get(&t->given, "_hash");
    int rc = task_form_fields(&job->arena, &t->given, &fields);
    if (rc == 0) rc = flow_task_fill_form(s, t->task, &fields, &answer, err);
    if (rc) return err->code ? rc : err_set(err, ERR_NOMEM, "memory", NULL);
    if (hash) rc = val_set(&job->arena, &answer, "hash", *hash);
    if (rc == 0) rc = val_add(&job->arena, args, answer);
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
}

int64_t task_form_number(struct arena *a, const struct val *v)
{
    const char *text = v ? val_cstr(a, v) : NULL;
    return text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 19 ? strtoll(text, NULL, 10) : 0;
}

/* Of what came as one text or as several. */
int task_form_numbers(struct arena *a, const struct val *v, struct val *out)
{
    int rc = 0;
    *out = val_list();
    if (val_is(v, VAL_STR) && v->as.str.len) rc = val_add(a, out, val_int(task_form_number(a, v)));
    for (size_t i = 0; rc == 0 && val_is(v, VAL_LIST) && val_at(v, i); i++)
        rc = val_add(a, out, val_int(task_form_number(a, val_at(v, i))));
    return rc;
}

static int add_given(struct api_job *job, const struct act *act, struct val *args)
{
    struct task_page *t = task_page_of(job);
    int rc = 0;
    for (int i = 0; rc == 0 && i < 2 && act->args[i]; i++) {
        size_t n = strcspn(act->args[i], "!#*");
        char *name = arena_strndup(&job->arena, act->args[i], n), how = act->args[i][n];
        const struct val *v = name ? val_get(&t->given, name) : NULL;
        bool is_empty = !val_is(v, VAL_STR) || v->as.str.len == 0;
        struct val arg = !is_empty ? *v : how ? val_str("") : val_nil();
        if (how == '#') arg = val_int(task_form_number(&job->arena, v));
        if (how == '*') rc = task_form_numbers(&job->arena, v, &arg);
        if (rc == 0) rc = val_add(&job->arena, args, arg);
    }
    return rc;
}

/* Whom it is asked of instead: a person, else a position in a unit. */
static int add_target(struct api_job *job, struct val *args, struct err *err)
{
    static const char *const names[] = {"person", "position", "unit"};
    struct task_page *t = task_page_of(job);
    struct arena *a = &job->arena;
    const char *given[3];
    struct val to = val_map();
    for (int i = 0; i < 3; i++) {
        const struct val *v = val_get(&t->given, names[i]);
        given[i] = v ? val_cstr(a, v) : NULL;
        if (given[i] && !*given[i]) given[i] = NULL;
    }
    int rc = 0;
    if (given[0] || !given[1]) {
        int64_t id = given[0] ? task_form_number(a, val_get(&t->given, "person")) : 0;
        rc = val_set(a, &to, "person", id ? val_int(id) : val_str(given[0] ? given[0] : ""));
    } else {
        int64_t unit = given[2] ? task_form_number(a, val_get(&t->given, "unit")) : 0;
        rc = val_set(a, &to, "position", val_str(given[1]));
        if (rc == 0 && given[2]) rc = val_set(a, &to, "unit", unit ? val_int(unit) : val_str(given[2]));
    }
    if (rc == 0) rc = val_add(a, args, to);
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
}

/* What a call says of one of its arguments is said at that field. */
static void name_field(const struct act *act, struct err *err)
{
    static const char *const fields[][2] = {{"people.no_person", "person"},
                                            {"people.no_unit", "unit"},
                                            {"task.has_it", "person"},
                                            {"task.delegate_author", "person"},
                                            {"task.text", "reason"}};
    for (size_t i = 0; err->nfields == 0 && i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (strcmp(err->key, fields[i][0]) != 0) continue;
        bool is_remark = strcmp(fields[i][0], "task.text") == 0 && strcmp(act->name, "comment") == 0;
        char detail[96];
        snprintf(detail, sizeof(detail), "%.90s", err_arg(err, "code"));
        err_add_field(err, is_remark ? "text" : fields[i][1], i == 0 && !*detail ? "invalid.required" : err->key,
                      detail);
    }
}

/* The fields of its form that a person or a unit is typed into. */
static int pick_fields(struct api_job *job, struct session *s, const struct act *act, struct val *out, struct err *err)
{
    struct arena *a = &job->arena;
    struct val args = val_list(), task;
    int rc = val_add(a, &args, val_int(task_page_of(job)->task));
    *out = val_list();
    for (int i = 0; rc == 0 && i < 2 && act->picks[i]; i++) {
        struct val field = val_map();
        rc = val_set(a, &field, "name", val_str(act->picks[i]));
        if (rc == 0) rc = val_set(a, &field, "type", val_str(act->picks[i]));
        if (rc == 0) rc = val_add(a, out, field);
    }
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    if (strcmp(act->name, "decide") != 0) return 0;
    rc = api_invoke(s->host->api, s, "task.show", &args, a, &task, err);
    const struct val *fields = rc == 0 ? val_get(&task, "fields") : NULL;
    if (fields) *out = *fields;
    return rc;
}

static int pick_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct task_page *t = task_page_of(job);
    struct val fields;
    int rc = pick_fields(job, s, act_of(t->act), &fields, err);
    return rc ? rc : task_pick_take(s, &fields, &t->given, err);
}

static int act_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct task_page *t = task_page_of(job);
    const struct act *act = act_of(t->act);
    struct val args = val_list(), out;
    int rc = 0;
    if (val_add(&job->arena, &args, val_int(t->task))) return err_set(err, ERR_NOMEM, "memory", NULL);
    if (strcmp(act->name, "decide") == 0) rc = add_answer(job, s, &args, err);
    if (strcmp(act->name, "reassign") == 0) rc = add_target(job, &args, err);
    if (rc) return rc;
    if (add_given(job, act, &args)) return err_set(err, ERR_NOMEM, "memory", NULL);
    rc = api_invoke(s->host->api, s, act->call, &args, &job->arena, &out, err);
    if (rc) name_field(act, err);
    if (rc) return rc;
    job->status = 303;
    job->headers = arena_printf(&job->arena, "Cache-Control: no-store\r\nLocation: /tasks/%lld?done=%s\r\n",
                                (long long)t->task, act->name);
    return job->headers ? 0 : err_set(err, ERR_NOMEM, "memory", NULL);
}

/* --- answers --- */

void task_page_reply_error(struct api_job *job)
{
    struct task_page *t = task_page_of(job);
    const char *title = locale_text(t->page.lang, "auth.page_failed");
    char more[60] = "";
    /* By a link of a mail, mostly: somebody else has decided it since. */
    if (t->task && strcmp(job->err.key, "denied.verb") == 0) err_set(&job->err, ERR_DENIED, "task.not_yours", NULL);
    buf_clear(&job->out);
    page_begin(&t->page, title ? title : "");
    page_err(&t->page, &job->err);
    if (t->page.user) page_add(&t->page, "<p><a href=\"/tasks\">%k</a></p>\n", "page.back");
    page_end(&t->page);
    if (err_arg(&job->err, "retry_after")[0] && !strstr(job->request->rate, "Retry-After"))
        snprintf(more, sizeof(more), "Retry-After: %s\r\n", err_arg(&job->err, "retry_after"));
    page_reply(job->request, http_status_of(&job->err), &t->page, more);
    api_job_free(job);
}

const char *task_page_lines(struct api_job *job)
{
    struct buf b;
    buf_init(&b, 4096);
    page_headers(&b, &task_page_of(job)->page);
    const char *copy = arena_strndup(&job->arena, b.data, b.len);
    buf_close(&b);
    return copy;
}

void task_page_refuse(struct api_job *job)
{
    struct task_page *t = task_page_of(job);
    struct err *told = arena_alloc(&job->arena, sizeof(*told));
    if (!t->act || t->told || !told || err_is_fault(job->err.code)) {
        task_page_reply_error(job);
        return;
    }
    *told = job->err;
    t->told = told;
    job->reply = NULL;
    job->status = http_status_of(told);
    job->headers = task_page_lines(job);
    job->work = t->again;
    api_job_go_on(job, false);
}

static const char *query_of(struct api_job *job, const char *name)
{
    const char *query = job->request->query;
    return http_query_get(query, strlen(query), name, &job->arena);
}

static int take_form(struct api_job *job, struct task_page *t)
{
    int rc = task_form_take(job);
    const struct val *act = rc == 0 ? val_get(&t->given, "_act") : NULL;
    const struct act *known = act ? act_of(val_cstr(&job->arena, act)) : NULL;
    if (rc == 0 && !known) rc = err_set(&job->err, ERR_INVALID, "http.parameter", "name", "_act", NULL);
    if (rc) return rc;
    t->act = known->name;
    t->find = task_pick_find(&job->arena, &t->given);
    return 0;
}

/* Whose browser this is. */
static int identify(struct http_api *api, struct api_job *job, struct task_page *t)
{
    struct http_request *r = job->request;
    const char *accept = http_header(r, "accept-language");
    snprintf(job->login.lang, sizeof(job->login.lang), "%s", accept ? locale_pick(accept) : api->o.host->lang);
    int rc = store_begin(api->db, &job->err);
    if (rc) return rc;
    rc = auth_who(api, r, &job->login, &job->err);
    store_rollback(api->db);
    auth_page_lang(api, r, job->login.lang);
    if (rc || !job->login.session) return rc;
    t->page.files = "/api/files/";
    if (auth_page_take(api, r, &job->login, &job->arena, &t->page) == 0) return 0;
    return err_set(&job->err, ERR_NOMEM, "memory", NULL);
}

/* The word stands in the body, which came before anybody asked who sends it. */
static void take_body(struct api_job *job)
{
    job->body = form_body_of(job->request);
    const struct val *word = job->body ? val_get(&job->body->fields, "_csrf") : NULL;
    if (word) job->request->word = val_cstr(&job->arena, word);
}

static const char *done_of(struct api_job *job)
{
    const struct act *act = act_of(query_of(job, "done"));
    return act ? arena_printf(&job->arena, "page.done_%s", act->name) : NULL;
}

struct api_job *task_page_open(struct http_api *api, struct http_request *r, int64_t task)
{
    struct api_job *job = api_job_new(api, r);
    struct task_page *t = arena_alloc(&job->arena, sizeof(*t));
    *t = (struct task_page){.task = task, .given = val_nil(), .pick = task ? pick_work : NULL};
    t->page = (struct page){.out = &job->out, .lang = job->login.lang, .here = r->path};
    job->page = t;
    job->args = val_list();
    job->type = "text/html; charset=utf-8";
    job->status = 200;
    take_body(job);
    struct err limit;
    int rc = identify(api, job, t);
    if (http_take_rate(api, r, rc ? PEOPLE_ANONYMOUS : job->login.actor.user, &limit) != 0) {
        job->err = limit;
        rc = limit.code;
    }
    if (rc == 0 && job->login.session) return job;
    if (rc) {
        task_page_reply_error(job);
    } else {
        page_login_first(r);
        api_job_free(job);
    }
    return NULL;
}

void task_page_handle(struct http_api *api, struct http_request *r)
{
    struct api_job *job = task_page_open(api, r, id_in(r->path));
    if (!job) return;
    struct task_page *t = task_page_of(job);
    bool reads = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    int rc = 0;
    if (!t->task && strchr(r->path + 1, '/'))
        rc = err_set(&job->err, ERR_NOT_FOUND, "http.not_found", "path", r->path, NULL);
    if (rc == 0 && !reads && (strcmp(r->method, "POST") != 0 || !t->task))
        rc = err_set(&job->err, ERR_INVALID, "http.method", "method", r->method, "allow", "GET", NULL);
    if (rc == 0 && !reads) rc = take_form(job, t);
    job->headers = rc == 0 ? task_page_lines(job) : NULL;
    if (rc) {
        task_page_reply_error(job);
        return;
    }
    t->after = query_of(job, "after");
    t->undated = query_of(job, "undated");
    t->done = done_of(job);
    job->call = t->task ? "task.show" : "task.inbox";
    job->refuse = task_page_refuse;
    t->again = task_page_write;
    job->work = !reads && !t->find ? act_work : t->task ? task_page_write : inbox_page_write;
    if (reads)
        api_job_start(job, false);
    else
        task_form_start(job);
}
