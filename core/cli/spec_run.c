/* A spec file run: each test in its passes, in an order that the seed gives; told in the order of the file. */
#include <stdlib.h>
#include <string.h>

#include "base/diff.h"
#include "base/mem.h"
#include "cli/spec_file.h"
#include "plugin/plugin.h"

enum { STATE_MAX = 64 << 20, DETAIL_MAX = 16 << 10, POINTS_MAX = 10000 };

/* How a test went; kept until all of the file have been run. */
struct told {
    struct spec_result r;
    struct err *err;
    char *detail, what[200];
    bool is_run;
};

struct testing {
    struct spec_file *f;
    const struct spec_test *t;
    struct told *told;
    struct buf state, other; /* what stood in the database after the straight pass, and after another */
    int64_t points[POINTS_MAX];
    size_t npoints;
    uint64_t seed;
};

static uint64_t mix(uint64_t seed, const char *text)
{
    for (; *text; text++)
        seed = (seed ^ (unsigned char)*text) * 0x100000001b3;
    return seed;
}

/* 0: it passed; 1: it failed, which has been kept; or what is wrong with the host. */
static int run_once(struct testing *tt, enum spec_pass pass, const int64_t *points, size_t n, struct buf *state,
                    struct err *err)
{
    struct spec *s = tt->f->spec;
    struct err failed = {0};
    spec_trial_begin(&s->trial, pass, points, n);
    int rc = spec_open(s, err);
    if (rc) return rc;
    buf_clear(&tt->f->detail);
    buf_clear(state);
    tt->f->snapshots.update = tt->f->run->snapshots.update && pass == SPEC_STRAIGHT;
    rc = spec_file_test(tt->f, tt->t, &failed);
    if (rc == 0) rc = spec_state(s, state, &failed);
    if (rc == 0 && pass != SPEC_STRAIGHT &&
        (tt->state.len != state->len || memcmp(tt->state.data, state->data, state->len) != 0)) {
        struct diff_text old = {"straight", tt->state.data, tt->state.len}, now = {"now", state->data, state->len};
        rc = err_set(&failed, ERR_REFUSED, "spec.state", NULL);
        diff_unified(&tt->f->detail, &old, &now);
    }
    if (rc) {
        tt->told->r.outcome = SPEC_FAILED;
        tt->told->r.pass = pass;
        tt->told->err = mem_alloc(sizeof(failed));
        *tt->told->err = failed;
        memcpy(tt->told->what, s->trial.what, sizeof(tt->told->what));
        if (buf_ok(&tt->f->detail) && tt->f->detail.len) tt->told->detail = mem_strdup(tt->f->detail.data);
    }
    spec_close(s);
    return rc ? 1 : 0;
}

static int run_passes(struct testing *tt, struct err *err)
{
    const struct spec_run *run = tt->f->run;
    struct spec_result *r = &tt->told->r;
    int rc = run_once(tt, SPEC_STRAIGHT, NULL, 0, &tt->state, err);
    if (rc || run->is_straight || tt->t->is_volatile) return rc;
    size_t most = run->most < POINTS_MAX ? run->most : POINTS_MAX;
    int64_t calls = spec_trial_calls(&tt->f->spec->trial);
    tt->npoints = spec_trial_points(calls, most, tt->seed, tt->points);
    rc = run_once(tt, SPEC_KILLED, tt->points, tt->npoints, &tt->other, err);
    r->kills = tt->f->spec->trial.hits;
    tt->npoints = spec_trial_points(calls, most, ~tt->seed, tt->points);
    for (size_t i = 0; rc == 0 && i < tt->npoints; i++) {
        rc = run_once(tt, SPEC_FAULT, &tt->points[i], 1, &tt->other, err);
        r->faults += tt->f->spec->trial.hits;
    }
    return rc;
}

static int run_test(struct spec_file *f, const struct spec_test *t, struct told *told, struct err *err)
{
    struct testing *tt = mem_alloc(sizeof(*tt));
    int64_t start = clock_mono_ns();
    tt->f = f;
    tt->t = t;
    tt->told = told;
    tt->seed = mix(f->run->seed, t->it);
    buf_init(&tt->state, STATE_MAX);
    buf_init(&tt->other, STATE_MAX);
    told->is_run = true;
    told->r = (struct spec_result){.file = f->run->path, .describe = t->describe, .it = t->it, .line = t->line};
    int rc = 0;
    if (t->is_pending)
        told->r.outcome = SPEC_PENDING;
    else
        rc = run_passes(tt, err);
    told->r.ms = (double)(clock_mono_ns() - start) / 1e6;
    buf_close(&tt->state);
    buf_close(&tt->other);
    mem_free(tt);
    return rc < 0 ? rc : 0;
}

static void tell(const struct spec_run *run, struct told *told, int n)
{
    for (int i = 0; i < n; i++) {
        struct told *t = &told[i];
        t->r.err = t->err;
        t->r.what = t->what;
        t->r.detail = t->detail ? t->detail : "";
        if (t->is_run) run->report(run->ctx, &t->r);
        mem_free(t->err);
        mem_free(t->detail);
    }
}

/* The same seed gives the same order, whatever else is run and wherever the files stand. */
static void shuffle(const struct spec_run *run, int *order, int n)
{
    const char *slash = strrchr(run->path, '/');
    uint64_t seed = mix(mix(run->seed, run->spec->plugin), slash ? slash : run->path);
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int i = n - 1; i > 0; i--) {
        int k = (int)(spec_random(&seed) % (uint64_t)(i + 1)), other = order[i];
        order[i] = order[k];
        order[k] = other;
    }
}

static bool is_wanted(const struct spec_run *run, const struct spec_test *t)
{
    char whole[400] = "";
    if (!run->only) return true;
    strncat(whole, t->describe, sizeof(whole) - 1);
    strncat(whole, ": ", sizeof(whole) - strlen(whole) - 1);
    strncat(whole, t->it, sizeof(whole) - strlen(whole) - 1);
    return strstr(whole, run->only) != NULL;
}

static int run_tests(struct spec_file *f, struct err *err)
{
    struct told *told = mem_alloc(SPEC_TESTS_MAX * sizeof(*told));
    int order[SPEC_TESTS_MAX], rc = 0;
    shuffle(f->run, order, f->ntests);
    for (int i = 0; rc == 0 && i < f->ntests; i++) {
        const struct spec_test *t = &f->tests[order[i]];
        if (is_wanted(f->run, t)) rc = run_test(f, t, &told[order[i]], err);
    }
    tell(f->run, told, f->ntests);
    mem_free(told);
    return rc;
}

int spec_run_file(struct spec_run *run, struct err *err)
{
    struct spec_file *f = mem_alloc(sizeof(*f));
    struct spec *s = run->spec;
    f->run = run;
    f->spec = s;
    f->snapshots = run->snapshots;
    f->snapshots.written = 0;
    f->groups[0].outer = -1;
    f->ngroups = 1;
    buf_init(&f->detail, DETAIL_MAX);
    s->world.answer = spec_file_answer;
    s->world.ctx = f;
    spec_trial_begin(&s->trial, SPEC_STRAIGHT, NULL, 0);
    int rc = spec_open(s, err);
    if (rc == 0) {
        rc = spec_file_load(f, err);
        spec_close(s);
    }
    if (rc == 0) rc = run_tests(f, err);
    run->snapshots.written += f->snapshots.written;
    buf_close(&f->detail);
    vm_free(f->vm);
    plugin_drop(f->plugin);
    mem_free(f);
    return rc;
}
