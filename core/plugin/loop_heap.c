/* One heap of due times for the timers and waits of all plugins; the lane asks it when the first has come. */
#include "plugin/loop_internal.h"

#include <stddef.h>
#include <string.h>

#include "base/date.h"
#include "base/mem.h"
#include "plugin/host.h"

static bool is_before(const struct loop_due *a, const struct loop_due *b)
{
    return a->at != b->at ? a->at < b->at : a->serial < b->serial;
}

static void place(struct loops *loops, struct loop_due *due, size_t pos)
{
    loops->heap[pos - 1] = due;
    due->pos = pos;
}

/* Moves the entry at `pos` to where it belongs. */
static void sift(struct loops *loops, struct loop_due *due, size_t pos)
{
    while (pos > 1 && is_before(due, loops->heap[pos / 2 - 1])) {
        place(loops, loops->heap[pos / 2 - 1], pos);
        pos /= 2;
    }
    for (size_t child; (child = 2 * pos) <= loops->ndue; pos = child) {
        if (child < loops->ndue && is_before(loops->heap[child], loops->heap[child - 1])) child++;
        if (!is_before(loops->heap[child - 1], due)) break;
        place(loops, loops->heap[child - 1], pos);
    }
    place(loops, due, pos);
}

void loop_due_clear(struct loops *loops, struct loop_due *due)
{
    size_t pos = due->pos;
    if (!pos) return;
    due->pos = 0;
    struct loop_due *last = loops->heap[--loops->ndue];
    if (last != due) sift(loops, last, pos);
}

void loop_due_set(struct loops *loops, struct loop_due *due, int64_t at)
{
    loop_due_clear(loops, due);
    if (loops->ndue == loops->heap_cap) {
        size_t cap = loops->heap_cap ? 2 * loops->heap_cap : 64;
        struct loop_due **grown = mem_alloc(cap * sizeof(struct loop_due *));
        if (loops->ndue) memcpy(grown, loops->heap, loops->ndue * sizeof(struct loop_due *));
        mem_free(loops->heap);
        loops->heap = grown;
        loops->heap_cap = cap;
    }
    due->at = at;
    due->serial = ++loops->serial;
    sift(loops, due, ++loops->ndue);
    lane_wake_at(loops->host->lane, &loops->source, at);
}

static void wait_is_over(struct loop_job *j)
{
    if (j->wait == WAIT_TAKE) loop_channel_timeout(j);
    loop_job_resume(j, NULL, NULL);
}

int64_t loop_collect(struct lane_source *s, struct lane *lane, int64_t now, int max)
{
    struct loops *loops = (struct loops *)((char *)s - offsetof(struct loops, source));
    (void)lane;
    if (loops->stopped) return INT64_MAX;
    for (int n = 0; loops->ndue && loops->heap[0]->at <= now; n++) {
        struct loop_due *due = loops->heap[0];
        if (n == max) return now;
        loop_due_clear(loops, due);
        if (due->is_timer)
            loop_timer_due((struct loop_timer_item *)((char *)due - offsetof(struct loop_timer_item, due)), now);
        else
            wait_is_over((struct loop_job *)((char *)due - offsetof(struct loop_job, due)));
    }
    return loops->ndue ? loops->heap[0]->at : INT64_MAX;
}

int loop_duration(struct api_call *c, const struct val *v, int64_t least, int64_t *ms)
{
    struct duration d;
    const char *text = v->type == VAL_STR ? api_str(v) : NULL;
    if (!text || !duration_parse(text, strlen(text), &d) || d.working_days || d.before || d.ms < 0)
        return err_set(c->err, ERR_INVALID, "loop.duration", "function", c->fn->name, "text", text, NULL);
    *ms = d.ms < least ? least : d.ms;
    return 0;
}
