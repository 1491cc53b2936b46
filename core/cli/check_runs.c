/* What a new source means for the runs that are open: each is tried against it, before it serves, and nothing changes.
 *
 * Runs that differ in the same way are one finding. */
#include "cli/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/trial.h"

enum { KINDS_MAX = 100 };

/* Runs that end alike. */
struct kind {
    struct val row; /* of the first */
    struct trial_calls calls;
    int64_t n;
};

struct trying {
    struct cli *c;
    const struct plugin *plugin;
    struct kind kinds[KINDS_MAX];
    size_t nkinds;
    struct check_runs *sum;
};

static bool is_same(const struct val *a, const struct val *b, const char *key)
{
    const char *x = val_get_str(a, key), *y = val_get_str(b, key);
    return x && y ? strcmp(x, y) == 0 : x == y;
}

static void count(struct trying *t, const struct val *row)
{
    static const char *const same[] = {"flow", "outcome", "step", "journal", "code", "where", "error"};
    size_t i = 0;
    for (; i < t->nkinds; i++) {
        size_t k = 0;
        while (k < 7 && is_same(&t->kinds[i].row, row, same[k]))
            k++;
        if (k == 7) break;
    }
    if (i == KINDS_MAX) return; /* more kinds than anybody reads */
    if (i == t->nkinds) {
        trial_calls(t->c, row, &t->kinds[i].calls);
        t->kinds[t->nkinds++].row = *row;
    }
    t->kinds[i].n++;
}

static int offer(struct cli *c, const struct plugin *p, struct val *args)
{
    struct val files = val_map();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < p->nfiles; i++)
        rc = val_set(&c->arena, &files, p->files[i].path, val_strn(p->files[i].text, p->files[i].len));
    *args = val_list();
    if (rc == 0) rc = val_add(&c->arena, args, val_str(p->name));
    if (rc == 0) rc = val_add(&c->arena, args, files);
    return rc ? rc : val_add(&c->arena, args, val_int(0));
}

static int try_all(struct trying *t, struct err *err)
{
    struct cli *c = t->c;
    struct val args, out;
    int rc = offer(c, t->plugin, &args);
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    for (bool more = true; rc == 0 && more;) {
        struct arena_mark mark = arena_mark(&c->arena);
        size_t kinds = t->nkinds;
        rc = cli_call(c, "run.try", &args, NULL, &out, err);
        if (rc) break;
        const struct val *runs = val_get(&out, "runs");
        for (size_t i = 0; val_at(runs, i); i++) {
            bool moves = val_is_str(val_get(val_at(runs, i), "outcome"), "moves");
            t->sum->moves += moves;
            t->sum->others += !moves;
            if (!moves) count(t, val_at(runs, i));
        }
        int64_t next = val_get_int(&out, "next", 0);
        more = next != 0;
        if (t->nkinds == kinds) arena_rewind(&c->arena, mark); /* nothing of this page is kept */
        args.as.list.items[2] = val_int(next);
    }
    return rc;
}

/* "leave/request.lua:5" as file and line of this plugin; else its manifest. */
void check_place(const struct plugin *p, const char *where, char file[CHECK_FILE_LEN], struct check_finding *f)
{
    const char *slash = where ? strchr(where, '/') : NULL, *colon = where ? strrchr(where, ':') : NULL;
    f->file = "plugin.lua";
    f->line = f->column = 1;
    if (!slash || !colon || colon < slash || strncmp(where, p->name, (size_t)(slash - where)) != 0) return;
    snprintf(file, CHECK_FILE_LEN, "%.*s", (int)(colon - slash - 1), slash + 1);
    f->file = file;
    f->line = (int)strtol(colon + 1, NULL, 10);
}

static void tell(const struct trying *t, const struct kind *k, check_sink *sink, void *ctx)
{
    const char *step = val_get_str(&k->row, "step"), *error = val_get_str(&k->row, "error");
    const char *flow = val_get_str(&k->row, "flow"), *key = "check.run_fails";
    struct check_finding f = {0};
    struct err_num n, run;
    char file[CHECK_FILE_LEN];
    if (val_is_str(val_get(&k->row, "outcome"), "stays"))
        key = "check.run_stays";
    else if (val_get_str(&k->row, "journal"))
        key = "check.run_diverges";
    check_place(t->plugin, val_get_str(&k->row, "where"), file, &f);
    err_set(&f.what, ERR_DIVERGED, key, "n", err_i64(&n, k->n), "run", err_i64(&run, val_get_int(&k->row, "run", 0)),
            "flow", flow, "step", step ? step : "", "then", k->calls.then, "now", k->calls.now, "error",
            error ? error : "", NULL);
    sink(ctx, &f);
}

int check_runs(struct cli *c, const struct plugin *p, check_sink *sink, void *ctx, struct check_runs *sum,
               struct err *err)
{
    char path[512];
    *sum = (struct check_runs){0};
    int n = snprintf(path, sizeof(path), "%s/khung.db", c->data);
    if (n >= (int)sizeof(path) || access(path, F_OK) != 0) return 0; /* nothing was ever started here */
    struct trying *t = arena_alloc(&c->arena, sizeof(*t));
    if (!t) return err_set(err, ERR_NOMEM, "memory", NULL);
    memset(t, 0, sizeof(*t));
    t->c = c;
    t->plugin = p;
    t->sum = sum;
    int rc = try_all(t, err);
    for (size_t i = 0; rc == 0 && i < t->nkinds; i++)
        tell(t, &t->kinds[i], sink, ctx);
    return rc;
}
