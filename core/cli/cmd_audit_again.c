/* khung audit erase --again: a backup that was put back holds again whom the office has erased since. The list of
 * erasures, kept elsewhere, names them by number and by a digest of their code; each that this database does not know
 * of is done once more, if the number is still that person's. */
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"

static int read_list(struct cli *c, struct val *out, struct err *err)
{
    const char *text;
    size_t len;
    int rc = cli_read_file(c, cli_flag(c, "again"), &text, &len, err);
    if (rc) return rc;
    if (json_parse(text, len, &c->arena, out, err) == 0 && out->type == VAL_LIST) return 0;
    return err_set(err, ERR_INVALID, "audit.again", NULL);
}

static int known(struct cli *c, struct val *out, struct err *err)
{
    struct val args = val_list();
    int rc = val_add(&c->arena, &args, val_map());
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL)
              : cli_call_all(c, "audit.erasures", &args, &args.as.list.items[0], cli_flag(c, "as"), out, err);
}

static bool is_known(const struct val *list, const struct val *was)
{
    const struct val *digest = val_get(was, "digest");
    for (size_t i = 0; val_at(list, i); i++) {
        const struct val *one = val_at(list, i), *its = val_get(one, "digest");
        if (val_get_int(one, "id", 0) == val_get_int(was, "id", -1)) return true;
        if (val_get_int(one, "person", 0) != val_get_int(was, "person", -1)) continue;
        if (val_is(digest, VAL_STR) && val_is(its, VAL_STR) && its->as.str.len == digest->as.str.len &&
            memcmp(its->as.str.s, digest->as.str.s, its->as.str.len) == 0)
            return true;
    }
    return false;
}

/* One of the list: { person, erasure } or { person, why } or, where it is known or there is nobody, { person, skipped
 * }. */
static int again(struct cli *c, const struct val *was, const struct val *here, struct val *done, bool *failed)
{
    const char *reason = val_cstr(&c->arena, val_get(was, "reason"));
    const char *digest = val_cstr(&c->arena, val_get(was, "digest"));
    struct val who = val_int(val_get_int(was, "person", 0)), row = val_map(), out;
    struct err err = {0};
    int rc = val_set(&c->arena, &row, "person", who);
    bool skip = is_known(here, was), published = val_get_bool(was, "published", false);
    if (!skip && !digest) err_set(&err, ERR_INVALID, "audit.again_number", NULL);
    if (!skip && digest && cli_audit_erase(c, &who, reason ? reason : "", published, digest, &out, &err) == 0)
        rc |= val_set(&c->arena, &row, "erasure", val_int(val_get_int(&out, "id", 0)));
    else if (skip || strcmp(err.key, "people.no_person") == 0)
        rc |= val_set(&c->arena, &row, "skipped", val_bool(true));
    else {
        const char *key = arena_strdup(&c->arena, err.key);
        *failed = true;
        rc |= key ? val_set(&c->arena, &row, "why", val_str(key)) : ERR_NOMEM;
    }
    return rc | val_add(&c->arena, done, row);
}

int cli_audit_again(struct cli *c)
{
    struct val list, here, done = val_list();
    struct err err = {0};
    bool failed = false;
    int rc = read_list(c, &list, &err);
    if (rc == 0) rc = known(c, &here, &err);
    /* From the oldest on, as they were. */
    for (size_t i = rc == 0 ? list.as.list.n : 0; rc == 0 && i > 0; i--)
        if (again(c, val_at(&list, i - 1), &here, &done, &failed) != 0) rc = err_set(&err, ERR_NOMEM, "memory", NULL);
    if (rc) return cli_fail(c, &err);
    cli_print(c, &done, NULL);
    return failed ? CLI_FAILED : CLI_DONE;
}
