/* libcurl says which sockets to watch and when to call again; libuv does so. */
#include "runtime/fetch_internal.h"

#include "base/mem.h"

/* A watched socket; freed when libuv has let go of it. */
struct watch {
    uv_poll_t poll;
    struct fetcher *fetcher;
    curl_socket_t fd;
};

enum { CONNECTIONS_MAX = 64 };

static void take_ended(struct fetcher *f)
{
    CURLMsg *m;
    int left;
    while (f->multi && (m = f->curl.multi_info_read(f->multi, &left))) {
        struct transfer *t = NULL;
        if (m->msg != CURLMSG_DONE) continue;
        CURLcode code = m->data.result; /* m is gone with the handle */
        f->curl.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
        t->ended(t, code);
    }
}

static void act(struct fetcher *f, curl_socket_t fd, int events)
{
    int running;
    f->curl.multi_socket_action(f->multi, fd, events, &running);
    take_ended(f);
}

static void on_timer(uv_timer_t *t)
{
    act(t->data, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *ctx)
{
    struct fetcher *f = ctx;
    (void)multi;
    if (!f->timer) return 0;
    if (ms < 0)
        uv_timer_stop(f->timer);
    else
        uv_timer_start(f->timer, on_timer, (uint64_t)ms, 0);
    return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE) flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE) flags |= CURL_CSELECT_OUT;
    act(w->fetcher, w->fd, flags);
}

static void free_watch(uv_handle_t *h)
{
    mem_free(h->data);
}

static void free_timer(uv_handle_t *h)
{
    mem_free(h);
}

static struct watch *watch_new(struct fetcher *f, curl_socket_t fd)
{
    struct watch *w = mem_alloc(sizeof(*w));
    w->fetcher = f;
    w->fd = fd;
    if (uv_poll_init_socket(f->uv, &w->poll, fd) != 0) {
        mem_free(w);
        return NULL;
    }
    w->poll.data = w;
    f->curl.multi_assign(f->multi, fd, w);
    return w;
}

static int set_watch(CURL *easy, curl_socket_t fd, int what, void *ctx, void *assigned)
{
    struct fetcher *f = ctx;
    struct watch *w = assigned;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (!w) return 0;
        uv_poll_stop(&w->poll);
        uv_close((uv_handle_t *)&w->poll, free_watch);
        f->curl.multi_assign(f->multi, fd, NULL);
        return 0;
    }
    if (!w) w = watch_new(f, fd);
    if (!w) return -1; /* the transfers fail */
    int events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= UV_READABLE;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= UV_WRITABLE;
    uv_poll_start(&w->poll, events, on_poll);
    return 0;
}

int fetch_loop_open(struct fetcher *f, struct err *err)
{
    f->multi = f->curl.multi_init();
    if (!f->multi) return err_set(err, ERR_NOMEM, "memory", NULL);
    f->timer = mem_alloc(sizeof(*f->timer));
    uv_timer_init(f->uv, f->timer);
    f->timer->data = f;
    f->curl.multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, set_watch);
    f->curl.multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    f->curl.multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    f->curl.multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    f->curl.multi_setopt(f->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MAX);
    return 0;
}

void fetch_loop_close(struct fetcher *f)
{
    if (f->timer) {
        uv_timer_stop(f->timer);
        uv_close((uv_handle_t *)f->timer, free_timer);
        f->timer = NULL;
    }
    if (f->multi) f->curl.multi_cleanup(f->multi);
    f->multi = NULL;
}
