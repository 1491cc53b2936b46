/* What a plugin's code may use: the admin says how much, in the plugin's settings under `limits`; the manifest may ask
 * for less, so that a plugin which goes wild is stopped sooner. */
#include <stdlib.h>
#include <string.h>

#include "plugin/plugin.h"

enum { MEMORY = 32 << 20, MEMORY_MIN = 1 << 20, SLICE_MS = 5, SLICE_MS_MAX = 1000 };
static const int64_t memory_max = (int64_t)4 << 30;

/* "32MiB", or a number of bytes; 0: neither. */
static int64_t parse_size(const struct val *v)
{
    static const struct {
        const char *name;
        int shift;
    } units[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
    char *end, text[32] = "";
    if (v->type == VAL_INT) return v->as.i;
    if (v->type != VAL_STR || v->as.str.len >= sizeof(text)) return 0;
    memcpy(text, v->as.str.s, v->as.str.len);
    double n = strtod(text, &end);
    for (size_t i = 0; n > 0 && n <= (double)memory_max && i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(end, units[i].name) == 0) return (int64_t)(n * (double)(1LL << units[i].shift));
    return 0;
}

static int refuse(const char *name, const char *expected, struct err *err)
{
    return err_set(err, ERR_INVALID, "plugin.limit", "limit", name, "expected", expected, NULL);
}

static int read_limits(const struct val *limits, struct plugin_limits *out, struct err *err)
{
    size_t n = val_is(limits, VAL_MAP) ? limits->as.map.n : 0;
    if (limits && limits->type != VAL_MAP && !(limits->type == VAL_LIST && limits->as.list.n == 0))
        return refuse("limits", "{ memory = \"32MiB\", slice_ms = 5 }", err);
    for (size_t i = 0; i < n; i++) {
        const struct val_pair *p = &limits->as.map.pairs[i];
        if (strcmp(p->key, "memory") == 0) {
            int64_t size = parse_size(&p->v);
            if (size < MEMORY_MIN || size > memory_max) return refuse(p->key, "1MiB … 4GiB", err);
            out->memory = (size_t)size;
        } else if (strcmp(p->key, "slice_ms") == 0) {
            if (p->v.type != VAL_INT || p->v.as.i < 1 || p->v.as.i > SLICE_MS_MAX)
                return refuse(p->key, "1 … 1000", err);
            out->slice_ms = p->v.as.i;
        } else {
            return refuse(p->key, "memory, slice_ms", err);
        }
    }
    return 0;
}

void plugin_limit(struct plugin *p, const struct plugin_limits *allowed)
{
    p->allowed = *allowed;
    p->limits = p->asked;
    if (p->limits.memory > allowed->memory) p->limits.memory = allowed->memory;
    if (p->limits.slice_ms > allowed->slice_ms) p->limits.slice_ms = allowed->slice_ms;
}

int plugin_limits_read(struct plugin *p, const struct val *settings, struct err *err)
{
    struct plugin_limits allowed = {MEMORY, SLICE_MS};
    int rc = read_limits(val_get(settings, "limits"), &allowed, err);
    p->asked = allowed;
    if (rc == 0) rc = read_limits(val_get(&p->manifest, "limits"), &p->asked, err);
    if (rc == 0) plugin_limit(p, &allowed);
    return rc;
}
