/* Forms with files for routes of plugins (multipart/form-data): the bytes go to the disk as they come; their rows are
 * made in the route's own transaction, so that a route that raises leaves none. The plugin gets a number for each,
 * never the bytes. */
#include <string.h>

#include "http/api_job.h"
#include "http/form_body.h"
#include "route/route.h"

int api_route_take(struct http_api *api, struct http_request *r, struct http_sink **out, struct err *err)
{
    char allow[64];
    struct registry *registry = plugins_registry(api->o.host->plugins);
    const struct route_def *def = route_find(registry, r->method, r->path, allow);
    int rc = def && !def->reads ? form_body_take_route(api, r, out, err) : 0;
    registry_drop(registry);
    return rc;
}

static void on_kept(struct form_body *f, void *ctx)
{
    struct api_job *job = ctx;
    if (!f->err.code) {
        api_job_go_on(job, true);
        return;
    }
    job->err = f->err;
    if (job->refuse)
        job->refuse(job);
    else
        api_refuse(job);
}

void api_route_start(struct api_job *job, bool writes)
{
    if (!job->body) {
        api_job_start(job, writes);
        return;
    }
    http_defer(job->request);
    form_body_keep(job->body, on_kept, job);
}

/* Several numbers in one field, as list:file is written in a form: "17,18". */
static int join(struct arena *a, struct val *v)
{
    struct buf b;
    buf_init(&b, 8 << 10);
    for (size_t i = 0; val_at(v, i); i++)
        buf_printf(&b, "%s%.*s", i ? "," : "", (int)val_at(v, i)->as.str.len, val_at(v, i)->as.str.s);
    char *text = buf_ok(&b) ? arena_strndup(a, b.data ? b.data : "", b.len) : NULL;
    buf_close(&b);
    if (text) *v = val_str(text);
    return text ? 0 : ERR_LIMIT;
}

static int add_file(struct arena *a, const struct form_file *f, struct val *list)
{
    struct val one = val_map();
    int rc = val_set(a, &one, "field", val_str(f->field));
    for (size_t i = 0; rc == 0 && i < f->row.as.map.n; i++)
        rc = val_set(a, &one, f->row.as.map.pairs[i].key, f->row.as.map.pairs[i].v);
    return rc ? rc : val_add(a, list, one);
}

int api_route_add_files(struct api_job *job, struct session *s, struct route_request *q, struct err *err)
{
    const struct form_body *body = job->body;
    int rc = form_body_add(body, s, &q->form, err);
    q->files = val_list();
    if (rc)
        return rc < 0 ? rc : err->code; /* one that cannot be taken ends it: a plugin has no page of its own for that */
    api_route_drop_word(&q->form);
    for (const struct form_file *f = body->files; rc == 0 && f; f = f->next) {
        struct val *v = (struct val *)val_get(&q->form, f->field);
        rc = add_file(s->arena, f, &q->files);
        if (rc == 0 && val_is(v, VAL_LIST)) rc = join(s->arena, v);
    }
    return rc ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}
