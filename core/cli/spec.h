/* Specs of plugins: a host in memory with a virtual clock, driven from Lua.
 *
 * Each `it` has a fresh database and the organisation and actors that it asks for. In the second pass the host is
 * closed and opened anew after every batch of one slice: what is not in the database does not survive. */
#ifndef KHUNG_SPEC_H
#define KHUNG_SPEC_H

#include "cli/app.h"
#include "vm/vm.h"

struct spec {
    struct app app;
    struct app_options options;
    struct clock clock;
    char dir[128];
    const char *plugin; /* whose specs */
    bool restarts;      /* the second pass */
    bool open;
    struct arena arena; /* reset after each `it` */
    int restarted;
    bool is_reused;   /* opened again and again: a copy of the fresh database is kept until spec_end */
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
/* Runs a report: { rows = { { column = value } … }, totals =, notes = … }. */
int spec_report(struct spec *s, const char *name, const struct val *params, int64_t person, struct val *out,
                struct err *err);

/* Runs one spec file; each test is reported through `report`. */
struct spec_result {
    const char *describe, *it;
    bool passed;
    const struct err *err;
};
int spec_run_file(struct spec *s, const char *path, const char *text, size_t len, const char *only,
                  void (*report)(void *ctx, const struct spec_result *r), void *ctx, struct err *err);

#endif
