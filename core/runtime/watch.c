/* Watching files: libuv's fs events on one thread; others talk to it by mail. */
#include "runtime/watch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/loop_uv.h"

enum { NAMES_MAX = 64, GATHER_MS = 50 };

struct change {
    char *name;
    bool is_rename;
};

struct watch {
    uv_fs_event_t event;
    struct loop_timer *timer; /* runs while changes are gathered */
    struct watches *owner;
    struct watch *next;
    int64_t id, key[2];
    struct change changes[NAMES_MAX];
    size_t n;
    bool overflow;
};

struct watches {
    struct loop *loop;
    struct loop_thread *thread;
    void (*changed)(const struct watch_event *e);
    void *ctx;
    struct watch *first; /* the thread's */
    atomic_llong serial;
};

struct order {
    struct mail mail;
    struct watches *ws;
    int64_t id, key[2];
    char *path; /* NULL: remove */
};

static void clear(struct watch *w)
{
    for (size_t i = 0; i < w->n; i++)
        mem_free(w->changes[i].name);
    w->n = 0;
    w->overflow = false;
}

static void tell(void *arg)
{
    struct watch *w = arg;
    struct watch_event e = {.ctx = w->owner->ctx, .key = {w->key[0], w->key[1]}, .name = ""};
    if (w->overflow) w->owner->changed(&e);
    for (size_t i = 0; !w->overflow && i < w->n; i++) {
        e.name = w->changes[i].name;
        e.is_rename = w->changes[i].is_rename;
        w->owner->changed(&e);
    }
    clear(w);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct watch *w = event->data;
    bool is_rename = events & UV_RENAME;
    if (status < 0) return;
    if (!name) name = "";
    if (w->n == 0 && !w->overflow) loop_timer_set(w->timer, GATHER_MS);
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->changes[i].name, name) != 0) continue;
        w->changes[i].is_rename |= is_rename;
        return;
    }
    if (w->n == NAMES_MAX)
        w->overflow = true;
    else
        w->changes[w->n++] = (struct change){mem_strdup(name), is_rename};
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void end(struct watch *w)
{
    clear(w);
    loop_timer_stop(w->timer);
    loop_timer_free(w->timer);
    uv_close((uv_handle_t *)&w->event, on_closed);
}

static void add(struct order *o)
{
    struct watch *w = mem_alloc(sizeof(*w));
    w->owner = o->ws;
    w->id = o->id;
    w->key[0] = o->key[0];
    w->key[1] = o->key[1];
    w->event.data = w;
    uv_fs_event_init(loop_uv(o->ws->loop), &w->event);
    loop_timer_new(o->ws->loop, tell, w, &w->timer);
    w->next = o->ws->first;
    o->ws->first = w;
    int rc = uv_fs_event_start(&w->event, on_event, o->path, 0);
    if (rc) log_error("watch.failed", "path", o->path, "detail", uv_strerror(rc), NULL);
}

static void on_order(struct mail *m)
{
    struct order *o = (struct order *)m;
    struct watch **at = &o->ws->first;
    if (o->path) {
        add(o);
    } else {
        while (*at && (*at)->id != o->id)
            at = &(*at)->next;
        struct watch *w = *at;
        if (w) {
            *at = w->next;
            end(w);
        }
    }
    mem_free(o->path);
    mem_free(o);
}

static void end_all(void *arg)
{
    struct watches *ws = arg;
    while (ws->first) {
        struct watch *w = ws->first;
        ws->first = w->next;
        end(w);
    }
    loop_step(ws->loop, 0);
}

int watches_new(void (*changed)(const struct watch_event *e), void *ctx, struct watches **out, struct err *err)
{
    struct watches *ws = mem_alloc(sizeof(*ws));
    ws->changed = changed;
    ws->ctx = ctx;
    int rc = loop_new(&ws->loop, err);
    if (rc == 0) rc = loop_thread_start(ws->loop, "watch", NULL, end_all, ws, &ws->thread, err);
    if (rc) {
        loop_free(ws->loop);
        mem_free(ws);
        return rc;
    }
    *out = ws;
    return 0;
}

void watches_free(struct watches *ws)
{
    if (!ws) return;
    loop_close_mail(ws->loop);
    loop_stop(ws->loop);
    loop_thread_join(ws->thread);
    loop_free(ws->loop);
    mem_free(ws);
}

static void post(struct watches *ws, struct order o)
{
    struct order *copy = mem_alloc(sizeof(*copy));
    *copy = o;
    copy->mail.deliver = on_order;
    if (loop_post(ws->loop, &copy->mail)) return;
    mem_free(copy->path);
    mem_free(copy);
}

int64_t watch_add(struct watches *ws, const char *path, const int64_t key[2])
{
    int64_t id = atomic_fetch_add(&ws->serial, 1) + 1;
    post(ws, (struct order){.ws = ws, .id = id, .key = {key[0], key[1]}, .path = mem_strdup(path)});
    return id;
}

void watch_remove(struct watches *ws, int64_t id)
{
    post(ws, (struct order){.ws = ws, .id = id});
}
