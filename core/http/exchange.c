/* Exchanges are taken at the first byte of a request and given back after its response; a few are kept with their
 * buffers, so that a busy server allocates nothing and an idle connection holds nothing. */
#include "base/mem.h"
#include "http/conn.h"

enum { OUT_MAX = 512 << 20 };

bool exchange_hold(struct http_conn *c, size_t n)
{
    struct http_server *s = c->server;
    if (s->held + n > s->limits.held_bytes) return false;
    s->held += n;
    c->x->held += n;
    return true;
}

bool exchange_start(struct http_conn *c)
{
    struct http_server *s = c->server;
    struct exchange *x = s->spare;
    if (s->held + sizeof(*x) > s->limits.held_bytes) return false;
    if (x) {
        s->spare = x->next;
        s->nspare--;
    } else {
        x = mem_alloc(sizeof(*x));
        buf_init(&x->head, s->limits.header_bytes + s->limits.url_bytes + 4096);
        buf_init(&x->body, s->limits.body_bytes + 1);
        buf_init(&x->out, OUT_MAX);
        buf_init(&x->waiting, OUT_MAX);
    }
    c->x = x;
    x->next = NULL;
    x->nparts = x->trailing = x->held = x->burst = 0;
    x->is_head = x->is_deferred = x->is_replied = false;
    x->is_stream = x->is_chunked = x->is_writing = x->is_ended = false;
    x->taken = 0;
    x->more = NULL;
    x->request = (struct http_request){.conn = c, .method = "", .path = "", .query = "", .body = ""};
    return exchange_hold(c, sizeof(*x));
}

static void close_buffers(struct exchange *x)
{
    buf_close(&x->head);
    buf_close(&x->body);
    buf_close(&x->out);
    buf_close(&x->waiting);
}

static void keep(struct buf *b)
{
    buf_clear(b);
    if (b->cap > KEEP_BUFFER) buf_close(b);
}

void exchange_end(struct http_conn *c)
{
    struct http_server *s = c->server;
    struct exchange *x = c->x;
    if (!x) return;
    c->x = NULL;
    struct http_sink *sink = x->request.sink;
    x->request.sink = NULL;
    if (sink) sink->drop(sink);
    mem_free(x->why);
    x->why = NULL;
    s->held -= x->held;
    if (s->nspare >= SPARE_MAX) {
        close_buffers(x);
        mem_free(x);
        return;
    }
    keep(&x->head);
    keep(&x->body);
    keep(&x->out);
    keep(&x->waiting);
    x->next = s->spare;
    s->spare = x;
    s->nspare++;
}

void exchange_free_spare(struct http_server *s)
{
    for (struct exchange *x = s->spare, *next; x; x = next) {
        next = x->next;
        close_buffers(x);
        mem_free(x);
    }
    s->spare = NULL;
    s->nspare = 0;
}
