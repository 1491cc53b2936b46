/* khung content import: a file is read by a flow of a plugin, PLUGIN.FLOW with { type, text }. What comes of it is
 * waited for, since a command that has done nothing must not look as if it had. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/locale.h"
#include "cli/cli.h"

enum { WAIT_MS = 50, TELL_TIMES = 40 };

/* A line about the run, on stderr: the answer is for whoever comes behind a pipe. */
static void tell(struct cli *c, const char *key, int64_t id, const struct val *run)
{
    struct buf b;
    struct err_num n, steps;
    buf_init(&b, 4096);
    locale_format(&b, c->lang, key, "id", err_i64(&n, id), "steps", err_i64(&steps, val_get_int(run, "entries", 0)),
                  "state", val_get_str(run, "state"), NULL);
    fprintf(stderr, "%s\n", b.data ? b.data : key);
    buf_close(&b);
}

/* The error of a run as an error again. */
static void read_error(struct cli *c, const struct val *e, struct err *err)
{
    const struct val *values = val_get(e, "values");
    const char *key = val_cstr(&c->arena, val_get(e, "code")), *text = val_cstr(&c->arena, val_get(e, "text"));
    const char *where = val_cstr(&c->arena, val_get(e, "where")), *id = val_cstr(&c->arena, val_get(e, "incident"));
    if (text)
        err_set_text(err, ERR_REFUSED, key ? key : "cli.refused", text);
    else
        err_set(err, ERR_REFUSED, key ? key : "cli.refused", NULL);
    for (size_t i = 0; val_is(values, VAL_MAP) && i < values->as.map.n; i++)
        err_add_arg(err, values->as.map.pairs[i].key, val_cstr(&c->arena, &values->as.map.pairs[i].v));
    if (where) err_set_where(err, where, 0);
    if (id) snprintf(err->incident, sizeof(err->incident), "%s", id);
}

static int print_end(struct cli *c, int64_t id, const struct val *run)
{
    const struct val *result = val_get(run, "result"), *error = val_get(run, "error");
    struct err err = {0};
    bool done = val_is_str(val_get(run, "state"), "completed");
    if (c->json) cli_print(c, run, NULL);
    if (done && c->json) return CLI_DONE;
    if (done) {
        cli_print(c, result && result->type != VAL_NIL ? result : run, NULL);
        return CLI_DONE;
    }
    if (error) {
        read_error(c, error, &err);
        cli_fail(c, &err);
    }
    tell(c, val_is_str(val_get(run, "state"), "running") ? "cli.run_again" : "cli.run_ended", id, run);
    return CLI_FAILED;
}

/* One that has failed and is to be tried again has been refused for now: whoever waits is told. */
static bool is_over(const struct val *run)
{
    return !val_is_str(val_get(run, "state"), "running") || val_get(run, "error") || val_get_bool(run, "paused", false);
}

static int wait_for(struct cli *c, int64_t id)
{
    const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000};
    int64_t told = -1;
    for (int i = 1;; i++) {
        struct arena_mark mark = arena_mark(&c->arena);
        struct val args = val_list(), run;
        struct err err = {0};
        if (val_add(&c->arena, &args, val_int(id)) != 0) return CLI_FAILED;
        if (cli_call(c, "run.show", &args, NULL, &run, &err) != 0) return cli_fail(c, &err);
        if (is_over(&run)) return print_end(c, id, &run);
        if (i % TELL_TIMES == 0 && val_get_int(&run, "entries", 0) != told) {
            told = val_get_int(&run, "entries", 0);
            tell(c, "cli.run_goes_on", id, &run);
        }
        arena_rewind(&c->arena, mark);
        nanosleep(&pause, NULL);
    }
}

int cli_import(struct cli *c)
{
    struct val args = val_list(), input = val_map(), out;
    struct err err = {0};
    const char *text, *flow = cli_flag(c, "with");
    size_t len;
    if (c->nwords != 4 || !flow) return cli_usage(c, cli_content_usage("import"));
    int rc = cli_read_file(c, c->words[3], &text, &len, &err);
    if (rc == 0) rc = val_set(&c->arena, &input, "type", val_str(c->words[2]));
    if (rc == 0) rc = val_set(&c->arena, &input, "text", val_strn(text, len));
    if (rc == 0) rc = val_add(&c->arena, &args, val_str(flow));
    if (rc == 0) rc = val_add(&c->arena, &args, input);
    if (rc == 0) rc = cli_call(c, "run.start", &args, cli_flag(c, "as"), &out, &err);
    if (rc) return cli_fail(c, &err);
    if (!cli_flag(c, "no-wait")) return wait_for(c, val_get_int(&out, "id", 0));
    cli_print(c, &out, NULL);
    return CLI_DONE;
}
