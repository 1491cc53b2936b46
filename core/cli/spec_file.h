/* One spec file while it is run: what it describes, and how far its tests are. Owned by spec_run.c. */
#ifndef KHUNG_SPEC_FILE_H
#define KHUNG_SPEC_FILE_H

#include "cli/spec.h"

enum { SPEC_TESTS_MAX = 500, SPEC_GROUPS_MAX = 100, SPEC_HOOKS_MAX = 100 };

struct lua_State;
struct plugin;

/* A describe; the first is the file itself. */
struct spec_group {
    int outer; /* -1: none */
    char name[120];
};

struct spec_hook {
    int group, ref;
    bool is_after;
};

struct spec_test {
    char describe[160], it[160];
    int group, line, ref;
    bool is_pending, is_volatile;
};

struct spec_file {
    const struct spec_run *run;
    struct spec *spec;
    struct vm *vm;
    struct plugin *plugin; /* whose modules a spec may require */
    struct spec_test tests[SPEC_TESTS_MAX];
    struct spec_group groups[SPEC_GROUPS_MAX];
    struct spec_hook hooks[SPEC_HOOKS_MAX];
    int ntests, ngroups, nhooks;
    int group; /* that is being described */
    struct spec_snapshots snapshots;
    /* Of the test that runs. */
    struct lua_State *L; /* whose call drives the host */
    int answers;         /* a table of answers to fetches, kept; 0: none */
    struct buf detail;   /* what an error has to say beyond its sentence */
};

/* spec_lua.c: the Lua state of a file, with the API in it; and the file run in it, which describes its tests. */
int spec_file_load(struct spec_file *f, struct err *err);
/* spec_describe_lua.c: one test with what goes before and after it. 0, or what it failed with. */
int spec_file_test(struct spec_file *f, const struct spec_test *t, struct err *err);
/* spec_world_lua.c: as in struct spec_world. */
int spec_file_answer(void *ctx, const struct val *request, struct arena *a, struct val *response, struct err *err);

#endif
