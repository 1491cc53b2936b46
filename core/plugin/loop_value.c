/* Values that wait in channels, results and requests: copied, and counted against their plugin. */
#include "plugin/loop_internal.h"

#include "base/mem.h"

enum { VALUE_LEAST = 2048, VALUE_MAX = 1 << 20 };

struct loop_value *loop_value_new(struct loop_plugin *lp, const struct val *v, struct err *err)
{
    struct loop_value *value = mem_alloc(sizeof(*value));
    arena_init(&value->arena, VALUE_MAX);
    if (val_copy(&value->arena, v, &value->v) != 0) {
        arena_close(&value->arena);
        mem_free(value);
        err_set(err, ERR_LIMIT, "limit.size", NULL);
        return NULL;
    }
    value->bytes = value->arena.used > VALUE_LEAST ? value->arena.used : VALUE_LEAST;
    lp->bytes += value->bytes;
    while (lp->bytes > LOOP_BYTES_MAX && loop_job_evict(lp))
        continue;
    if (lp->bytes <= LOOP_BYTES_MAX) return value;
    loop_value_free(lp, value);
    err_set(err, ERR_LIMIT, "limit.loop_bytes", "plugin", lp->pv ? lp->pv->plugin->name : "", NULL);
    return NULL;
}

void loop_value_free(struct loop_plugin *lp, struct loop_value *v)
{
    if (!v) return;
    lp->bytes -= v->bytes;
    arena_close(&v->arena);
    mem_free(v);
}
