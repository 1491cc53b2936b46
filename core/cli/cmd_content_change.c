/* khung content create, edit, submit …: what REST does with an item, from the command line and by the same policy. Who
 * changes, approves or publishes a text says which: its revision or its hash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"

/* `args` behind the item: its fields, and flags with texts ("?": may be missing; "until" is an option of the call). */
struct change {
    const char *verb, *api, *args;
    bool binds; /* must say what was seen */
};

static const struct change changes[] = {{"create", "content.create", "fields", false},
                                        {"edit", "content.edit", "fields", true},
                                        {"submit", "content.submit", "", false},
                                        {"approve", "content.approve", "", true},
                                        {"send-back", "content.send_back", "comment", false},
                                        {"schedule", "content.schedule", "at until?", true},
                                        {"publish", "content.publish", "", true},
                                        {"correct", "content.correct", "fields note", true},
                                        {"retract", "content.retract", "reason", false},
                                        {"archive", "content.archive", "reason?", false}};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NOMEM, "memory", NULL);
}

/* What is written stands for a text, a date or a choice as it is; for all else it is JSON (3, true, [1, 2]). */
static struct val read_value(struct cli *c, const struct val *types, const char *name, const char *text)
{
    static const char *const as_it_is[] = {"text", "markdown", "date", "instant", "duration", "choice"};
    struct val v;
    struct err no = {0};
    for (size_t i = 0; val_at(types, i); i++) {
        const struct val *type = val_get(val_at(types, i), "type");
        if (!val_is_str(val_get(val_at(types, i), "name"), name)) continue;
        for (size_t k = 0; k < sizeof(as_it_is) / sizeof(as_it_is[0]); k++)
            if (val_is_str(type, as_it_is[k])) return val_str(text);
        return json_parse(text, strlen(text), &c->arena, &v, &no) == 0 ? v : val_str(text);
    }
    return val_str(text); /* there is no such field: the service says so */
}

/* --field name=value over what a file says. */
static int add_flags(struct cli *c, struct val *out, struct err *err)
{
    struct val args = val_list(), types;
    int rc = cli_flag(c, "field") ? 0 : 1;
    if (rc == 0 && val_add(&c->arena, &args, val_str(c->words[2])) != 0) rc = no_memory(err);
    if (rc == 0) rc = cli_call(c, "content.fields", &args, cli_flag(c, "as"), &types, err);
    for (int i = 0; rc == 0 && i < c->nflags; i++) {
        const char *value = c->flags[i].value, *eq = strchr(value, '=');
        if (strcmp(c->flags[i].name, "field") != 0) continue;
        if (!eq || eq == value) return err_set(err, ERR_INVALID, "cli.field", "field", value, NULL);
        char *name = arena_strndup(&c->arena, value, (size_t)(eq - value));
        bool ok = name && val_set(&c->arena, out, name, read_value(c, &types, name, eq + 1)) == 0;
        if (!ok) rc = no_memory(err);
    }
    return rc == 1 ? 0 : rc;
}

static int read_fields(struct cli *c, const char *file, struct val *out, struct err *err)
{
    const char *text;
    size_t len;
    *out = val_map();
    int rc = file ? cli_read_file(c, file, &text, &len, err) : 0;
    if (rc == 0 && file) rc = json_parse(text, len, &c->arena, out, err);
    if (rc == 0 && out->type != VAL_MAP) rc = err_set(err, ERR_INVALID, "cli.fields", "file", file, NULL);
    return rc ? rc : add_flags(c, out, err);
}

/* CLI_USAGE for what is missing. */
static int add_args(struct cli *c, const struct change *ch, const char *file, struct val *args, struct err *err)
{
    int rc = 0;
    for (const char *p = ch->args; rc == 0 && *p;) {
        char name[16];
        size_t n = strcspn(p, " ");
        bool optional = p[n - 1] == '?';
        struct val v = val_nil();
        snprintf(name, sizeof(name), "%.*s", (int)(n - optional), p);
        const char *given = cli_flag(c, name);
        if (strcmp(name, "fields") == 0) {
            rc = read_fields(c, file, &v, err);
            if (rc == 0 && v.as.map.n == 0) rc = CLI_USAGE;
        } else if (!given) {
            rc = optional ? 0 : CLI_USAGE;
        } else if (strcmp(name, "until") == 0) {
            v = val_map();
            rc = val_set(&c->arena, &v, name, val_str(given)) ? no_memory(err) : 0;
        } else {
            v = val_str(given);
        }
        if (rc == 0 && v.type != VAL_NIL && val_add(&c->arena, args, v) != 0) rc = no_memory(err);
        p += n + strspn(p + n, " ");
    }
    return rc;
}

/* The item by its type and its id or address, as it is now. */
static int find(struct cli *c, struct val *item, struct err *err)
{
    struct val args = val_list();
    const char *key = c->words[3];
    char *end;
    int64_t id = strtoll(key, &end, 10);
    if (val_add(&c->arena, &args, val_str(c->words[2])) != 0 ||
        val_add(&c->arena, &args, *key && !*end ? val_int(id) : val_str(key)) != 0)
        return no_memory(err);
    int rc = cli_call(c, "content.get", &args, cli_flag(c, "as"), item, err);
    if (rc || item->type == VAL_MAP) return rc;
    return err_set(err, ERR_NOT_FOUND, "cli.no_item", "type", c->words[2], "item", key, NULL);
}

/* What the call is about is what was seen: --hash as it stands, --revision by the hash that it has. */
static int take_seen(struct cli *c, const struct change *ch, const struct val *item, const char **seen, struct err *err)
{
    const char *hash = cli_flag(c, "hash"), *revision = cli_flag(c, "revision");
    struct err_num n;
    if (hash && strspn(hash, "0123456789abcdef") != strlen(hash))
        return err_set(err, ERR_INVALID, "cli.unseen", "type", c->words[2], "item", c->words[3], NULL);
    if (!hash && !revision)
        return ch->binds ? err_set(err, ERR_INVALID, "cli.unseen", "type", c->words[2], "item", c->words[3], NULL) : 0;
    *seen = hash;
    if (!revision) return 0;
    const char *now = err_i64(&n, val_get_int(item, "revision", 0));
    if (strcmp(now, revision) != 0)
        return err_set(err, ERR_CONFLICT, "conflict.revision", "item", c->words[3], "expected", revision, "current",
                       now, NULL);
    if (!hash) *seen = val_cstr(&c->arena, val_get(item, "hash"));
    return 0;
}

static int run(struct cli *c, const struct change *ch)
{
    struct val args = val_list(), item, out;
    struct err err = {0};
    bool makes = strcmp(ch->verb, "create") == 0, has_fields = strncmp(ch->args, "fields", 6) == 0;
    const char *seen = NULL;
    int least = makes ? 3 : 4;
    if (c->nwords < least || c->nwords > least + has_fields) return cli_usage(c, cli_content_usage(ch->verb));
    int rc = makes ? 0 : find(c, &item, &err);
    if (rc == 0 && !makes) rc = take_seen(c, ch, &item, &seen, &err);
    struct val first = makes || rc ? val_str(c->words[2]) : val_int(val_get_int(&item, "id", 0));
    if (rc == 0 && val_add(&c->arena, &args, first) != 0) rc = no_memory(&err);
    if (rc == 0) rc = add_args(c, ch, c->nwords > least ? c->words[least] : NULL, &args, &err);
    if (rc > 0) return cli_usage(c, cli_content_usage(ch->verb));
    c->seen = seen;
    if (rc == 0) rc = cli_call(c, ch->api, &args, cli_flag(c, "as"), &out, &err);
    if (rc) return cli_fail(c, &err);
    cli_print(c, &out, NULL);
    return CLI_DONE;
}

int cli_content_change(struct cli *c)
{
    for (size_t i = 0; c->nwords > 1 && i < sizeof(changes) / sizeof(changes[0]); i++)
        if (strcmp(changes[i].verb, c->words[1]) == 0) return run(c, &changes[i]);
    return CLI_NO_VERB;
}
