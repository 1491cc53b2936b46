/* Specs of plugins: a host in memory with a virtual clock, driven from Lua.
 *
 * Each `it` has a fresh database and the organisation, actors and outside world that it asks for. It is run straight
 * through; then once more with the host killed and opened anew inside and after its slices, so that what is not in the
 * database does not survive; then again with one host call failing, for one call after the other (spec_trial.c). What
 * stands in the database at the end must be the same each time (spec_state.c). */
#ifndef KHUNG_SPEC_H
#define KHUNG_SPEC_H

#include "base/buf.h"
#include "cli/app.h"
#include "plugin/api.h"
#include "vm/vm.h"

struct fetcher;

enum spec_pass { SPEC_STRAIGHT, SPEC_KILLED, SPEC_FAULT };

/* Which host calls fail. Counted are those of plugins and the changes that the spec makes itself. */
struct spec_trial {
    struct api_trial api; /* first: what the host holds is this */
    enum spec_pass pass;
    bool is_off;
    int64_t kept, slice; /* calls so far: of slices that stayed, of the one that runs */
    const int64_t *points;
    size_t npoints, next; /* after these calls the host is killed; or: this call fails */
    bool hit;             /* it has just happened */
    int hits;
    char what[200]; /* the call that was hit last, and where */
};

/* The outside world: what was asked of it, and who answers. */
struct spec_world {
    struct fetcher *fetcher;
    struct arena arena;
    struct val requests; /* a list of { method, url, headers, body, json } */
    /* Fills { status, headers, body } or { failed = "fetch.timeout" }; nil: there is no answer. */
    int (*answer)(void *ctx, const struct val *request, struct arena *a, struct val *response, struct err *err);
    void *ctx;
    bool is_answering;
    struct err failed; /* code 0: nothing is wrong */
};

struct spec {
    struct app app;
    struct app_options options;
    struct clock clock;
    char dir[128];
    const char *plugin; /* whose specs */
    const char *zone;   /* that each host begins with */
    bool open;
    struct arena arena; /* reset after each `it` */
    struct spec_trial trial;
    struct spec_world world;
    bool is_reused; /* opened again and again: a copy of the fresh database is kept until spec_end */
    char *fresh;
    size_t fresh_len;
};

/* A fresh host in an empty folder; plugins are loaded. */
int spec_open(struct spec *s, struct err *err);
void spec_close(struct spec *s);
void spec_end(struct spec *s);
/* Closes the host and opens it anew on the same database. */
int spec_restart(struct spec *s, struct err *err);
/* Calls an API function as a slice of its own, then runs all that is ready. */
int spec_call(struct spec *s, const char *name, const struct val *args, int64_t person, struct val *out,
              struct err *err);
/* Moves the clock, stopping at every due time on the way. */
int spec_clock(struct spec *s, int64_t to, struct err *err);
/* From now on the organisation is in this zone. */
int spec_zone(struct spec *s, const char *zone, struct err *err);
/* Runs a report: { rows = { { column = value } … }, totals =, notes = … }. */
int spec_report(struct spec *s, const char *name, const struct val *params, int64_t person, struct val *out,
                struct err *err);

/* spec_trial.c */
void spec_trial_begin(struct spec_trial *t, enum spec_pass pass, const int64_t *points, size_t n);
/* A slice has ended. True: the host was killed in it. */
bool spec_trial_slice(struct spec_trial *t);
int64_t spec_trial_calls(const struct spec_trial *t);
/* At most `most` of the numbers 1 … n, all over the range, picked by the seed; rising. */
size_t spec_trial_points(int64_t n, size_t most, uint64_t seed, int64_t *out);
uint64_t spec_random(uint64_t *seed);

/* spec_world.c */
void spec_world_open(struct spec_world *w);
void spec_world_close(struct spec_world *w);
/* Answers what was asked; true: something was. */
bool spec_world_answer(struct spec_world *w);

/* spec_text.c: a value as text, the same each time: keys sorted, ids by their first appearance. */
void spec_text(struct buf *out, const struct val *v, const char *zone);

/* spec_state.c: what stands in the database, line by line, without ids. */
int spec_state(struct spec *s, struct buf *out, struct err *err);

/* spec_snapshot.c: compares a value with what is kept in `dir`/NAME.txt; `update` writes it. ERR_REFUSED
 * "spec.snapshot" {name}, the difference in *diff. */
struct spec_snapshots {
    const char *dir;
    bool update;
    int written;
};
int spec_snapshot(struct spec_snapshots *s, const char *name, const char *text, struct buf *diff, struct err *err);

/* One spec file. */
enum spec_outcome { SPEC_PASSED, SPEC_FAILED, SPEC_PENDING };
struct spec_result {
    const char *file, *describe, *it;
    int line;
    enum spec_outcome outcome;
    enum spec_pass pass; /* in which it failed */
    const char *what;    /* the host call that was hit there, or "" */
    const struct err *err;
    const char *detail; /* more lines, or "" */
    int kills, faults;  /* how often it was run so */
    double ms;
};
struct spec_run {
    struct spec *spec;
    const char *path, *text, *only;
    size_t len;
    uint64_t seed;
    bool is_straight; /* the first pass alone */
    size_t most;      /* kills and faults of one test, each */
    struct spec_snapshots snapshots;
    const struct vm_lines *lines; /* is told of the lines of the specs too */
    void (*report)(void *ctx, const struct spec_result *r);
    void *ctx;
};
/* Runs its tests in an order that the seed gives; reports them in theirs. */
int spec_run_file(struct spec_run *run, struct err *err);

#endif
