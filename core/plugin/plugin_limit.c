/* What a plugin's code may use: the admin says how much, in the plugin's settings under `limits`; the manifest may ask
 * for less, so that a plugin which goes wild is stopped sooner. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/plugin.h"

#define MIB ((int64_t)1 << 20)
#define GIB ((int64_t)1 << 30)

static const struct limit {
    const char *name;
    size_t at; /* in struct plugin_limits */
    int64_t normal, least, most;
    bool is_size, is_admins;
    const char *expected;
} limits[] = {
    {"memory", offsetof(struct plugin_limits, memory), 32 * MIB, MIB, 4 * GIB, true, false, "1MiB … 4GiB"},
    {"slice_ms", offsetof(struct plugin_limits, slice_ms), 5, 1, 1000, false, false, "1 … 1000"},
    {"rows", offsetof(struct plugin_limits, most[QUOTA_ROWS]), 10000000, 0, INT64_MAX, false, false, "0, 1, 2 …"},
    {"bytes", offsetof(struct plugin_limits, most[QUOTA_BYTES]), 4 * GIB, 0, 1024 * GIB, true, false, "0 … 1024GiB"},
    {"runs", offsetof(struct plugin_limits, most[QUOTA_RUNS]), 2000000, 0, INT64_MAX, false, false, "0, 1, 2 …"},
    {"tasks", offsetof(struct plugin_limits, most[QUOTA_TASKS]), 200000, 0, INT64_MAX, false, false, "0, 1, 2 …"},
    {"calls_per_minute", offsetof(struct plugin_limits, most[QUOTA_CALLS]), 1000, 0, INT64_MAX, false, false,
     "0, 1, 2 …"},
    {"log_per_minute", offsetof(struct plugin_limits, most[QUOTA_LOG]), 1000, 0, INT64_MAX, false, false, "0, 1, 2 …"},
    {"failures", offsetof(struct plugin_limits, failures), 5, 0, INT64_MAX, false, true, "0 (never), 1, 2 …"},
    {"failures_percent", offsetof(struct plugin_limits, failures_percent), 50, 1, 100, false, true, "1 … 100"},
    {"failures_calls", offsetof(struct plugin_limits, failures_calls), 20, 1, INT64_MAX, false, true, "1, 2 …"},
};
enum { LIMITS = sizeof(limits) / sizeof(limits[0]) };

static int64_t *value(struct plugin_limits *l, size_t i)
{
    return (int64_t *)(void *)((char *)l + limits[i].at);
}

void plugin_limits_normal(struct plugin_limits *l)
{
    for (size_t i = 0; i < LIMITS; i++)
        *value(l, i) = limits[i].normal;
}

/* "32MiB", or a number of bytes; negative: neither. */
static int64_t parse_size(const struct val *v)
{
    static const struct {
        const char *name;
        int shift;
    } units[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
    char *end, text[32] = "";
    if (v->type == VAL_INT) return v->as.i;
    if (v->type != VAL_STR || v->as.str.len >= sizeof(text)) return -1;
    memcpy(text, v->as.str.s, v->as.str.len);
    double n = strtod(text, &end);
    for (size_t i = 0; end != text && n >= 0 && n <= (double)(1024 * GIB) && i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(end, units[i].name) == 0) return (int64_t)(n * (double)(1LL << units[i].shift));
    return -1;
}

static int refuse(const char *name, const char *expected, struct err *err)
{
    return err_set(err, ERR_INVALID, "plugin.limit", "limit", name, "expected", expected, NULL);
}

/* One pair. `admin`: said in the settings. */
static int read_one(const struct val_pair *p, bool admin, struct plugin_limits *out, struct err *err)
{
    static const char names[] = "memory, slice_ms, rows, bytes, runs, tasks, calls_per_minute, log_per_minute";
    for (size_t i = 0; i < LIMITS; i++) {
        const struct limit *l = &limits[i];
        if (strcmp(p->key, l->name) != 0 || (l->is_admins && !admin)) continue;
        int64_t v = l->is_size ? parse_size(&p->v) : p->v.type == VAL_INT ? p->v.as.i : -1;
        if (v < l->least || v > l->most) return refuse(p->key, l->expected, err);
        *value(out, i) = v;
        return 0;
    }
    return refuse(p->key, names, err);
}

static int read_limits(const struct val *given, bool admin, struct plugin_limits *out, struct err *err)
{
    size_t n = given && given->type == VAL_MAP ? given->as.map.n : 0;
    int rc = 0;
    if (given && given->type != VAL_MAP && !(given->type == VAL_LIST && given->as.list.n == 0))
        return refuse("limits", "{ memory = \"32MiB\", slice_ms = 5 }", err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = read_one(&given->as.map.pairs[i], admin, out, err);
    return rc;
}

void plugin_limit(struct plugin *p, const struct plugin_limits *allowed)
{
    struct plugin_limits most = *allowed;
    p->allowed = *allowed;
    p->limits = p->asked;
    for (size_t i = 0; i < LIMITS; i++)
        if (limits[i].is_admins || *value(&p->limits, i) > *value(&most, i)) *value(&p->limits, i) = *value(&most, i);
}

int plugin_limits_read(struct plugin *p, const struct val *settings, struct err *err)
{
    struct plugin_limits allowed;
    plugin_limits_normal(&allowed);
    int rc = read_limits(val_get(settings, "limits"), true, &allowed, err);
    p->asked = allowed;
    if (rc == 0) rc = read_limits(val_get(&p->manifest, "limits"), false, &p->asked, err);
    if (rc == 0) plugin_limit(p, &allowed);
    return rc;
}
