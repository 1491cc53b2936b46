/* Channels: a bounded queue between the handlers and jobs of one plugin.
 *
 * What a slice puts is seen after its commit; what it takes comes back to the front if it is rolled back. */
#include "plugin/loop_internal.h"

#include <stddef.h>

#include "base/mem.h"

enum { CHANNEL_LEAST = 1, CHANNEL_MOST = 1000 };

static bool has_room(const struct loop_channel *ch)
{
    return ch->count + ch->reserved + ch->held < ch->cap;
}

static struct loop_job *pop_job(struct loop_job **list)
{
    struct loop_job *j = *list;
    *list = j->next_waiter;
    j->next_waiter = NULL;
    return j;
}

static void add_job(struct loop_job **list, struct loop_job *j)
{
    while (*list)
        list = &(*list)->next_waiter;
    *list = j;
}

static struct loop_value *pop_value(struct loop_channel *ch)
{
    struct loop_value *v = ch->first;
    ch->first = v->next;
    if (!ch->first) ch->last = NULL;
    v->next = NULL;
    ch->count--;
    return v;
}

/* To the first who waits, or to the end of the queue. */
static void append(struct loop_channel *ch, struct loop_value *v)
{
    if (ch->takers) {
        loop_job_resume(pop_job(&ch->takers), v, NULL);
        return;
    }
    if (ch->last)
        ch->last->next = v;
    else
        ch->first = v;
    ch->last = v;
    ch->count++;
}

/* There may be room: those who wait to put go on in their order. */
static void admit(struct loop_channel *ch)
{
    while (ch->putters && has_room(ch)) {
        struct loop_job *j = pop_job(&ch->putters);
        struct loop_value *v = j->wait_value;
        j->wait_value = NULL;
        append(ch, v);
        loop_job_resume(j, NULL, NULL);
    }
}

static struct loop_channel *find(struct loop_plugin *lp, int64_t id)
{
    return loop_table_find(&lp->channels, id);
}

static void gone(struct loop_job *j)
{
    struct err err;
    err_set(&err, ERR_NOT_FOUND, "loop.closed", NULL);
    loop_job_resume(j, NULL, &err);
}

void loop_channel_wait_take(struct loop_job *j)
{
    struct loop_channel *ch = find(j->lp, j->wait_id);
    if (!ch) {
        loop_job_resume(j, NULL, NULL);
        return;
    }
    if (ch->first) {
        loop_job_resume(j, pop_value(ch), NULL);
        admit(ch);
        return;
    }
    add_job(&ch->takers, j);
    if (j->wait_until != INT64_MAX) loop_due_set(j->lp->loops, &j->due, j->wait_until);
}

void loop_channel_wait_put(struct loop_job *j)
{
    struct loop_channel *ch = find(j->lp, j->wait_id);
    if (!ch) {
        gone(j);
        return;
    }
    add_job(&ch->putters, j);
    admit(ch);
}

void loop_channel_timeout(struct loop_job *j)
{
    struct loop_channel *ch = find(j->lp, j->wait_id);
    for (struct loop_job **at = ch ? &ch->takers : NULL; at && *at; at = &(*at)->next_waiter) {
        if (*at != j) continue;
        *at = j->next_waiter;
        j->next_waiter = NULL;
        return;
    }
}

void loop_channel_free(struct loop_plugin *lp, struct loop_channel *ch)
{
    while (ch->first)
        loop_value_free(lp, pop_value(ch));
    loop_table_remove(&lp->channels, &ch->item);
    mem_free(ch);
}

static void on_put(struct loop_plugin *lp, int64_t id, struct loop_value *v)
{
    struct loop_channel *ch = find(lp, id);
    if (!ch) {
        loop_value_free(lp, v);
        return;
    }
    ch->reserved--;
    append(ch, v);
    admit(ch);
}

static void on_not_put(struct loop_plugin *lp, int64_t id, struct loop_value *v)
{
    struct loop_channel *ch = find(lp, id);
    loop_value_free(lp, v);
    if (!ch) return;
    ch->reserved--;
    admit(ch);
}

static void on_taken(struct loop_plugin *lp, int64_t id, struct loop_value *v)
{
    struct loop_channel *ch = find(lp, id);
    loop_value_free(lp, v);
    if (!ch) return;
    ch->held--;
    admit(ch);
}

static void on_not_taken(struct loop_plugin *lp, int64_t id, struct loop_value *v)
{
    struct loop_channel *ch = find(lp, id);
    if (!ch) {
        loop_value_free(lp, v);
        return;
    }
    ch->held--;
    if (ch->takers) {
        loop_job_resume(pop_job(&ch->takers), v, NULL);
        return;
    }
    v->next = ch->first;
    ch->first = v;
    if (!ch->last) ch->last = v;
    ch->count++;
}

static void on_not_made(struct loop_plugin *lp, int64_t id, struct loop_value *value)
{
    struct loop_channel *ch = find(lp, id);
    (void)value;
    if (ch) loop_channel_free(lp, ch);
}

static int channel(struct api_call *c)
{
    bool quiet;
    struct err_num n;
    int64_t cap = c->args[0].type == VAL_INT ? c->args[0].as.i : CHANNEL_LEAST;
    struct loop_plugin *lp = loop_plugin_of(c, &quiet);
    c->result = val_obj(&loop_channel_kind, 0, 0, NULL);
    if (!lp) return quiet ? 0 : c->err->code;
    if (cap < CHANNEL_LEAST || cap > CHANNEL_MOST)
        return err_set(c->err, ERR_INVALID, "loop.capacity", "most", err_i64(&n, CHANNEL_MOST), NULL);
    struct loop_channel *ch = mem_alloc(sizeof(*ch));
    ch->cap = (size_t)cap;
    if (!loop_table_add(&lp->channels, ++lp->loops->serial, &ch->item)) {
        mem_free(ch);
        return loop_limit(c->err, "channels", lp);
    }
    c->result = val_obj(&loop_channel_kind, ch->item.id, 0, NULL);
    if (lp->started) loop_after_commit(lp, ch->item.id, NULL, NULL, on_not_made);
    return 0;
}

/* The channel of a call. */
static struct loop_channel *of_call(struct api_call *c, struct loop_plugin **lp)
{
    bool quiet;
    *lp = loop_plugin_of(c, &quiet);
    if (!*lp) return NULL;
    struct loop_channel *ch = find(*lp, c->args[0].as.obj.id);
    if (!ch) err_set(c->err, ERR_NOT_FOUND, "loop.closed", NULL);
    return ch;
}

static int put(struct api_call *c)
{
    struct loop_plugin *lp;
    struct loop_channel *ch = of_call(c, &lp);
    if (!ch) return c->err->code;
    bool room = has_room(ch) && !ch->putters;
    if (!room && !(c->s->mode == SESSION_LOOP && vm_can_wait(lp->pv->vm)))
        return err_set(c->err, ERR_LIMIT, "loop.full", NULL);
    struct loop_value *v = loop_value_new(lp, &c->args[1], c->err);
    if (!v) return c->err->code;
    if (room) {
        ch->reserved++;
        loop_after_commit(lp, ch->item.id, v, on_put, on_not_put);
        return 0;
    }
    struct loop_job *j = loop_job_waits(c, WAIT_PUT, ch->item.id);
    if (!j) {
        loop_value_free(lp, v);
        return c->err->code;
    }
    j->wait_value = v;
    return API_WAITING;
}

static int take(struct api_call *c)
{
    struct loop_plugin *lp;
    struct loop_channel *ch = of_call(c, &lp);
    const struct val *within = val_get(&c->args[1], "within");
    int64_t ms = 0;
    if (!ch) return c->err->code;
    int rc = within ? loop_duration(c, within, 1, &ms) : 0;
    if (rc) return rc;
    if (ch->first) {
        struct loop_value *v = pop_value(ch);
        ch->held++;
        rc = val_copy(c->arena, &v->v, &c->result);
        loop_after_commit(lp, ch->item.id, v, on_taken, on_not_taken);
        return rc ? err_set(c->err, ERR_LIMIT, "limit.size", NULL) : 0;
    }
    struct loop_job *j = loop_job_waits(c, WAIT_TAKE, ch->item.id);
    if (!j) return c->err->code;
    if (within) j->wait_until = c->s->now + ms;
    return API_WAITING;
}

static void on_closed(struct loop_plugin *lp, int64_t id, struct loop_value *value)
{
    struct loop_channel *ch = find(lp, id);
    (void)value;
    if (!ch) return;
    while (ch->takers)
        loop_job_resume(pop_job(&ch->takers), NULL, NULL);
    while (ch->putters) {
        struct loop_job *j = pop_job(&ch->putters);
        loop_value_free(lp, j->wait_value);
        j->wait_value = NULL;
        gone(j);
    }
    loop_channel_free(lp, ch);
}

static int close_channel(struct api_call *c)
{
    struct loop_plugin *lp;
    struct loop_channel *ch = of_call(c, &lp);
    if (!ch) return c->err->code == ERR_NOT_FOUND ? 0 : c->err->code;
    loop_after_commit(lp, ch->item.id, NULL, on_closed, NULL);
    return 0;
}

const struct api_fn loop_channel_functions[] = {
    {"loop.channel", channel, "size:integer", "Channel", API_PURE, NULL, 1,
     "A queue between handlers and jobs of this plugin that holds `size` values (1)."},
    {"channel:put", put, "channel:object:channel! value:any!", "", API_WRITE, NULL, 1,
     "Puts a value, seen after the commit; when it is full a job waits, a handler is refused.", .tells = true},
    {"channel:take", take, "channel:object:channel! options:map{within:duration}", "any", API_WAIT, NULL, 1,
     "The next value; waits for it; nil when { within = \"10s\" } is over or the channel was closed."},
    {"channel:close", close_channel, "channel:object:channel!", "", API_WRITE, NULL, 1,
     "Ends the channel: those who wait for a value get nil.", .tells = true},
    {0},
};
