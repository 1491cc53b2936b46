/* Host calls that go wrong on purpose.
 *
 * Killed: after the call with a given number the slice ends as if the process had: it is rolled back, and the host is
 * opened anew. The slice then runs again, with the same numbers, up to the next point. A fault: the call with a given
 * number fails as if the disk had; the lane loses its transaction and runs each work of it again. */
#include "cli/spec.h"

#include <stdio.h>
#include <string.h>

/* What the spec looks at itself is no part of what it tests. */
static bool counts(const struct spec_trial *t, const struct api_call *c)
{
    return !t->is_off && (c->s->vm || c->fn->effect != API_READ);
}

static int hit(struct spec_trial *t, struct api_call *c, int code, const char *key)
{
    char where[160] = "";
    struct plugin_vm *pv = c->s->vm;
    if (pv) vm_where(pv->vm, where, sizeof(where));
    snprintf(t->what, sizeof(t->what), "%s%s%s%s", c->fn->name, where[0] ? " (" : "", where, where[0] ? ")" : "");
    t->hit = true;
    t->hits++;
    t->next++;
    return err_set(c->err, code, key, "function", c->fn->name, NULL);
}

static int before(struct api_trial *at, struct api_call *c)
{
    struct spec_trial *t = (struct spec_trial *)at;
    if (!counts(t, c)) return 0;
    t->slice++;
    if (t->pass != SPEC_FAULT || t->next == t->npoints || t->kept + t->slice < t->points[t->next]) return 0;
    return hit(t, c, ERR_IO, "spec.fault");
}

static int after(struct api_trial *at, struct api_call *c)
{
    struct spec_trial *t = (struct spec_trial *)at;
    if (t->pass != SPEC_KILLED || t->next == t->npoints || !counts(t, c)) return 0;
    if (t->kept + t->slice < t->points[t->next]) return 0;
    return hit(t, c, ERR_STOPPED, "spec.killed");
}

void spec_trial_begin(struct spec_trial *t, enum spec_pass pass, const int64_t *points, size_t n)
{
    *t = (struct spec_trial){.api = {before, after}, .pass = pass, .points = points, .npoints = n};
}

bool spec_trial_slice(struct spec_trial *t)
{
    bool killed = t->hit && t->pass == SPEC_KILLED;
    if (!killed) t->kept += t->slice;
    t->slice = 0;
    t->hit = false;
    return killed;
}

int64_t spec_trial_calls(const struct spec_trial *t)
{
    return t->kept + t->slice;
}

uint64_t spec_random(uint64_t *seed)
{
    /* splitmix64 */
    uint64_t z = *seed += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

size_t spec_trial_points(int64_t n, size_t most, uint64_t seed, int64_t *out)
{
    if (n <= (int64_t)most) {
        for (int64_t i = 0; i < n; i++)
            out[i] = i + 1;
        return (size_t)n;
    }
    for (size_t i = 0; i < most; i++) {
        int64_t from = n * (int64_t)i / (int64_t)most, to = n * (int64_t)(i + 1) / (int64_t)most;
        out[i] = from + 1 + (int64_t)(spec_random(&seed) % (uint64_t)(to - from));
    }
    return most;
}
