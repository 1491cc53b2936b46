/* khung flow upgrade: open runs are tried against the active version of their plugin; those that fit are moved. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"
#include "base/buf.h"
#include "cli/cli.h"
#include "cli/trial.h"

struct counts {
    int64_t moves, stays, diverges;
};

static void count(struct counts *n, const struct val *runs)
{
    for (size_t i = 0; val_at(runs, i); i++) {
        const struct val *outcome = val_get(val_at(runs, i), "outcome");
        n->moves += val_is_str(outcome, "moves");
        n->stays += val_is_str(outcome, "stays");
        n->diverges += val_is_str(outcome, "diverges");
    }
}

static int take_options(struct cli *c, struct val *out)
{
    const char *plugin = c->nwords > 2 ? c->words[2] : NULL, *flow = cli_flag(c, "flow"), *run = cli_flag(c, "run");
    int rc = 0;
    *out = val_map();
    if (plugin) rc |= val_set(&c->arena, out, "plugin", val_str(plugin));
    if (flow) rc |= val_set(&c->arena, out, "flow", val_str(flow));
    if (run) rc |= val_set(&c->arena, out, "run", val_int(strtoll(run, NULL, 10)));
    if (cli_flag(c, "dry-run")) rc |= val_set(&c->arena, out, "dry_run", val_bool(true));
    return rc;
}

static void say_sum(struct cli *c, const struct counts *n)
{
    struct buf b;
    struct err_num moves, stays, diverges;
    buf_init(&b, 4096);
    locale_format(&b, c->lang, cli_flag(c, "dry-run") ? "upgrade.would" : "upgrade.did", "moves",
                  err_i64(&moves, n->moves), "stays", err_i64(&stays, n->stays), "diverges",
                  err_i64(&diverges, n->diverges), NULL);
    printf("%s\n", b.data ? b.data : "");
    buf_close(&b);
}

/* Page by page: what was done is printed at once, and between two pages others have their turn. */
static int upgrade(struct cli *c)
{
    struct val options, args, out, all = val_list();
    struct err err = {0};
    struct counts n = {0};
    if (c->nwords > 3) return cli_usage(c, "khung flow upgrade [PLUGIN] [--flow NAME] [--run ID] [--dry-run]");
    int rc = take_options(c, &options);
    for (bool more = true; rc == 0 && more;) {
        struct arena_mark mark = arena_mark(&c->arena);
        args = val_list();
        rc = val_add(&c->arena, &args, options);
        if (rc == 0) rc = cli_call(c, "run.upgrade", &args, cli_flag(c, "as"), &out, &err);
        if (rc) return cli_fail(c, &err);
        const struct val *runs = val_get(&out, "runs");
        count(&n, runs);
        for (size_t i = 0; c->json && rc == 0 && val_at(runs, i); i++)
            rc = val_add(&c->arena, &all, *val_at(runs, i));
        for (size_t i = 0; !c->json && val_at(runs, i); i++)
            trial_print(c, val_at(runs, i));
        int64_t next = val_get_int(&out, "next", 0);
        more = next != 0;
        if (!c->json) arena_rewind(&c->arena, mark);
        if (more && rc == 0) rc = val_set(&c->arena, &options, "after", val_int(next));
    }
    if (c->json)
        cli_print(c, &all, NULL);
    else
        say_sum(c, &n);
    return n.diverges ? CLI_FAILED : CLI_DONE;
}

int cli_flow(struct cli *c)
{
    return c->nwords > 1 && strcmp(c->words[1], "upgrade") == 0 ? upgrade(c) : cli_calls(c);
}
