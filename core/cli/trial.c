/* A run's outcome in words; where two calls differ, only what differs of them. */
#include "cli/trial.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/locale.h"

enum { CALL_BYTES = 400, VALUE_BYTES = 120 };

/* `name = value`, cut where it grows too long to be read. */
static void add_argument(struct buf *out, const char *name, const struct val *v)
{
    struct buf text;
    buf_init(&text, 64 << 10);
    json_write(&text, v);
    size_t n = text.data ? text.len : 0;
    bool cut = n > VALUE_BYTES;
    if (cut) n = VALUE_BYTES;
    while (cut && n && ((unsigned char)text.data[n] & 0xC0) == 0x80)
        n--;
    buf_printf(out, "%s%s = %.*s%s", out->len ? ", " : "", name, (int)n, text.data ? text.data : "", cut ? "…" : "");
    buf_close(&text);
}

/* What `mine` has and `other` has not, or has otherwise. Options stand in one map: its keys are compared. */
static void add_differences(struct buf *out, const struct val *mine, const struct val *other)
{
    for (size_t i = 0; val_is(mine, VAL_MAP) && i < mine->as.map.n && out->len < CALL_BYTES; i++) {
        const struct val_pair *p = &mine->as.map.pairs[i];
        const struct val *was = val_is(other, VAL_MAP) ? val_get(other, p->key) : NULL;
        if (was && val_equal(was, &p->v)) continue;
        if (p->v.type == VAL_MAP && (!was || was->type == VAL_MAP))
            add_differences(out, &p->v, was);
        else
            add_argument(out, p->key, &p->v);
    }
}

static bool is_same_function(const char *a, const char *b)
{
    size_t n = strcspn(a, " ");
    return n == strcspn(b, " ") && strncmp(a, b, n) == 0;
}

static const char *tell_call(struct cli *c, const char *call, const struct val *mine, const struct val *other)
{
    struct buf text;
    buf_init(&text, 4 * CALL_BYTES + VALUE_BYTES);
    add_differences(&text, mine, other);
    const char *told = text.len ? arena_printf(&c->arena, "%s: %s", call, text.data) : call;
    buf_close(&text);
    return told ? told : call;
}

void trial_calls(struct cli *c, const struct val *row, struct trial_calls *out)
{
    const char *then = val_get_str(row, "journal"), *now = val_get_str(row, "code");
    const struct val *was = val_get(row, "journal_args"), *is = val_get(row, "code_args");
    bool same = then && now && is_same_function(then, now);
    out->then = then ? tell_call(c, then, was, same ? is : NULL) : "-";
    out->now = now ? tell_call(c, now, is, same ? was : NULL) : "-";
}

static void say(struct cli *c, const char *key, const char *name, const char *value, const struct val *row)
{
    struct buf b;
    struct err_num run;
    const char *step = val_get_str(row, "step"), *flow = val_get_str(row, "flow");
    buf_init(&b, 8192);
    locale_format(&b, c->lang, key, "run", err_i64(&run, val_get_int(row, "run", 0)), "flow", flow ? flow : "", "step",
                  step ? step : "", name, value, NULL);
    printf("%s%s\n", strcmp(name, "call") == 0 ? "  " : "", b.data ? b.data : "");
    buf_close(&b);
}

void trial_print(struct cli *c, const struct val *row)
{
    const char *error = val_get_str(row, "error");
    const struct val *outcome = val_get(row, "outcome");
    struct trial_calls calls;
    if (val_is_str(outcome, "moves")) {
        say(c, "upgrade.moves", "error", "", row);
    } else if (val_is_str(outcome, "stays")) {
        say(c, "upgrade.stays", "error", error ? error : "", row);
    } else {
        trial_calls(c, row, &calls);
        say(c, val_get_str(row, "step") ? "upgrade.diverges" : "upgrade.fails", "error", error ? error : "", row);
        if (error && val_get_str(row, "step")) printf("  %s\n", error);
        if (val_get_str(row, "journal")) say(c, "upgrade.then", "call", calls.then, row);
        if (val_get_str(row, "code")) say(c, "upgrade.now", "call", calls.now, row);
    }
}
