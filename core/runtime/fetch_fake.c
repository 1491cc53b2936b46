/* A fetcher for tests: whoever drives it is the outside world. */
#include <string.h>

#include "base/mem.h"
#include "runtime/fetch_internal.h"

struct fetcher *fetcher_new_fake(void)
{
    struct fetcher *f = mem_alloc(sizeof(*f));
    f->is_fake = true;
    f->private_hosts = mem_strdup("");
    f->max = 1000;
    return f;
}

void fetch_fake_add(struct fetch *t)
{
    struct fetch **at = &t->fetcher->first;
    while (*at) {
        t->prev = *at;
        at = &(*at)->next;
    }
    *at = t;
}

/* The first one leaves the list. */
static void finish(struct fetcher *f, const struct fetch_result *result)
{
    struct fetch *t = f->first;
    f->first = t->next;
    if (f->first) f->first->prev = NULL;
    f->running--;
    if (t->url) f->curl.url_cleanup(t->url);
    t->request.done(t->request.ctx, result);
    fetch_free(t);
}

static int check(struct fetcher *f, struct fetch *t)
{
    int rc = f->curl.free_text ? 0 : fetch_curl_open(&f->curl, &t->err);
    return rc ? rc : fetch_hop_check(t, t->request.url, &t->err);
}

const struct fetch_request *fetch_fake_next(struct fetcher *f)
{
    while (f->first) {
        struct fetch *t = f->first;
        if (t->url || check(f, t) == 0) return &t->request;
        struct err err = t->err;
        finish(f, &(struct fetch_result){.failed = &err, .body = ""});
    }
    return NULL;
}

bool fetch_fake_waits(const struct fetcher *f)
{
    return f->first != NULL;
}

void fetch_fake_answer(struct fetcher *f, const struct fetch_result *result)
{
    struct err err;
    struct fetch_result r = *result;
    if (!r.failed && r.body_len > f->first->request.max_bytes) {
        err_set(&err, ERR_LIMIT, "fetch.too_large", "host", f->first->host, NULL);
        r = (struct fetch_result){.failed = &err, .body = ""};
    }
    finish(f, &r);
}

void fetch_fake_close(struct fetcher *f)
{
    while (f->first) {
        struct fetch *t = f->first;
        f->first = t->next;
        if (t->url) f->curl.url_cleanup(t->url);
        fetch_free(t);
    }
    mem_free(f->private_hosts);
    mem_free(f);
}
