/* Routes of plugins over HTTP: found in the registry on the io thread, asked on a reader or on the lane. */
#include <string.h>

#include "base/locale.h"
#include "http/api_job.h"
#include "http/auth_web.h"
#include "http/form_body.h"
#include "http/page.h"
#include "http/problem.h"
#include "http/routes.h"
#include "route/route.h"

/* What a plugin's page() gave, in the frame of all pages. */
static void frame(struct api_job *job, const char *title)
{
    struct buf whole;
    struct page p = *(struct page *)job->page;
    buf_init(&whole, ROUTE_BODY_MAX + PAGE_MAX);
    p.out = &whole;
    page_begin(&p, title);
    if (job->out.data) buf_add(&whole, job->out.data, job->out.len);
    page_end(&p);
    buf_close(&job->out);
    job->out = whole;
}

static int run(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    struct route_answer answer = {.body = job->out};
    struct route_request q = *job->route;
    int rc = job->body ? api_route_add_files(job, s, &q, err) : 0;
    if (rc == 0) rc = route_run(s, reader ? &reader->states : NULL, &q, &answer, err);
    job->out = answer.body;
    job->out.max = SIZE_MAX; /* what the next one has is its own matter */
    if (rc) return rc;
    /* Its forms hold words of this session, which are neither to be kept nor for another one. */
    if (answer.title && job->idempotency_key) return err_set(err, ERR_INVALID, "http.idempotency_page", NULL);
    if (answer.title && answer.body.len) frame(job, answer.title);
    job->status = answer.status;
    job->type = answer.type;
    job->head = answer.headers;
    return buf_ok(&job->out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}

/* --- browsers --- */

/* Is it a person's browser that asks, and shows what comes? */
static bool is_browser(const struct http_request *r)
{
    const char *accept = http_header(r, "accept");
    return accept && strstr(accept, "text/html");
}

/* What is wrong, as a page. */
static void refuse_page(struct api_job *job)
{
    struct buf b;
    struct page p = *(struct page *)job->page;
    const char *title = locale_text(p.lang, "auth.page_failed");
    bool logs_in = strcmp(job->err.key, "http.no_token") == 0 && strcmp(job->request->method, "GET") == 0;
    if (logs_in) {
        page_login_first(job->request);
        api_job_free(job);
        return;
    }
    buf_init(&b, PAGE_MAX);
    p.out = &b;
    page_begin(&p, title ? title : "");
    page_err(&p, &job->err);
    page_end(&p);
    page_reply(job->request, http_status_of(&job->err), &p, NULL);
    buf_close(&b);
    api_job_free(job);
}

/* Whose page it is, and the words for its forms: the frame's own, and that of the plugin's. */
static int take_page(struct api_job *job, const char *plugin, struct route_request *q)
{
    struct http_api *api = job->api;
    struct page *p = job->page;
    size_t len;
    const char *cookie = job->login.session ? auth_cookie(api, job->request, "session", &len) : NULL;
    if (!cookie) return 0;
    char *session = arena_strndup(&job->arena, cookie, len), *own = arena_alloc(&job->arena, SECRET_TEXT);
    if (!session || !own || auth_page_take(api, job->request, &job->login, &job->arena, p) != 0)
        return err_set(&job->err, ERR_NOMEM, "memory", NULL);
    auth_csrf_plugin(api, session, plugin, own);
    q->word = own;
    return 0;
}

/* --- the request --- */

/* The word of the session was for us: a plugin could ask with it in its reader's name. */
void api_route_drop_word(struct val *form)
{
    for (size_t i = form->as.map.n; i-- > 0;)
        if (strcmp(form->as.map.pairs[i].key, "_csrf") == 0)
            form->as.map.pairs[i] = form->as.map.pairs[--form->as.map.n];
}

/* JSON, or what a web form sends. */
static int read_body(const struct http_request *r, struct arena *a, struct route_request *q, struct err *err)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = http_header(r, "content-type");
    if (r->body_len && type && strncmp(type, form, sizeof(form) - 1) == 0) {
        int rc = http_form_parse(a, r->body, r->body_len, &q->form, err);
        if (rc == 0) api_route_drop_word(&q->form);
        return rc;
    }
    return api_read_json(r, a, &q->json, err);
}

/* It is read on the lane, with its files. What it would be known by again is not kept. */
static int take_form(struct api_job *job)
{
    if (job->body->err.code)
        job->err = job->body->err;
    else if (http_header(job->request, "idempotency-key"))
        err_set(&job->err, ERR_INVALID, "http.idempotency_form", NULL);
    return job->err.code;
}

static int take(struct api_job *job, const struct route_def *def)
{
    const struct http_request *r = job->request;
    struct arena *a = &job->arena;
    struct err *err = &job->err;
    struct route_request *q = arena_alloc(a, sizeof(*q));
    if (!q) return err_set(err, ERR_NOMEM, "memory", NULL);
    *q = (struct route_request){
        .method = r->method, .path = r->path, .have = http_header(r, "if-none-match"), .actor = job->login.actor};
    job->call = "route.call";
    job->work = run;
    job->route = q;
    job->plugin = arena_strdup(a, def->plugin);
    const char *verb = arena_printf(a, "route.%s", def->plugin);
    int rc = !verb || !job->plugin ? err_set(err, ERR_NOMEM, "memory", NULL) : take_page(job, def->plugin, q);
    if (rc == 0) rc = route_admits(def, &q->actor, err);
    if (rc == 0 && job->login.token) rc = people_token_allows(&job->login, verb, err);
    if (rc == 0) rc = http_form_parse(a, r->query, strlen(r->query), &q->query, err);
    if (rc == 0) api_route_drop_word(&q->query);
    if (rc == 0 && job->body) return take_form(job);
    if (rc == 0 && !def->reads) rc = read_body(r, a, q, err);
    return rc || def->reads ? rc : api_take_key(job);
}

static void refuse(struct api_job *job)
{
    if (job->refuse)
        job->refuse(job);
    else
        api_refuse(job);
}

void api_route_handle(struct http_api *api, struct http_request *r)
{
    char allow[64];
    struct registry *registry = plugins_registry(api->o.host->plugins);
    const struct route_def *def = route_find(registry, r->method, r->path, allow);
    if (def) {
        struct api_job *job = api_job_new(api, r);
        struct page *p = arena_alloc(&job->arena, sizeof(*p));
        bool reads = def->reads;
        job->body = form_body_of(r);
        const struct val *word = job->body ? val_get(&job->body->fields, "_csrf") : NULL;
        if (word) r->word = val_cstr(&job->arena, word);
        int rc = api_admit(api, r, &job->login, &job->err);
        auth_page_lang(api, r, job->login.lang);
        *p = (struct page){.lang = job->login.lang, .here = reads ? r->path : NULL};
        job->page = p;
        if (is_browser(r)) job->refuse = refuse_page;
        if (rc == 0) rc = take(job, def);
        if (rc)
            refuse(job);
        else
            api_route_start(job, !reads);
    } else {
        api_not_found(r, allow);
    }
    registry_drop(registry);
}
