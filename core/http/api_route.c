/* Routes of plugins over HTTP: found in the registry on the io thread, asked on a reader or on the lane. */
#include <string.h>

#include "base/locale.h"
#include "http/api_job.h"
#include "http/routes.h"
#include "route/route.h"

static int run(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    struct route_answer answer = {.body = job->out};
    int rc = route_run(s, reader ? &reader->states : NULL, job->route, &answer, err);
    job->out = answer.body;
    job->out.max = SIZE_MAX; /* what the next one has is its own matter */
    if (rc) return rc;
    job->status = answer.status;
    job->type = answer.type;
    job->head = answer.headers;
    return 0;
}

/* The word of the session was for us: a plugin could ask with it in its reader's name. */
static void drop_word(struct val *form)
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
        if (rc == 0) drop_word(&q->form);
        return rc;
    }
    return api_read_json(r, a, &q->json, err);
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
    int rc = !verb || !job->plugin ? err_set(err, ERR_NOMEM, "memory", NULL) : 0;
    if (rc == 0) rc = route_admits(def, &q->actor, err);
    if (rc == 0 && job->login.token) rc = people_token_allows(&job->login, verb, err);
    if (rc == 0) rc = http_form_parse(a, r->query, strlen(r->query), &q->query, err);
    if (rc == 0 && !def->reads) rc = read_body(r, a, q, err);
    return rc || def->reads ? rc : api_take_key(job);
}

void api_route_handle(struct http_api *api, struct http_request *r)
{
    char allow[64];
    struct registry *registry = plugins_registry(api->o.host->plugins);
    const struct route_def *def = route_find(registry, r->method, r->path, allow);
    if (def) {
        struct api_job *job = api_job_new(api, r);
        bool reads = def->reads;
        int rc = api_admit(api, r, &job->login, &job->err);
        if (rc == 0) rc = take(job, def);
        if (rc)
            api_refuse(job);
        else
            api_job_start(job, !reads);
    } else {
        api_not_found(r, allow);
    }
    registry_drop(registry);
}
