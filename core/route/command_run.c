/* Running a command: its arguments read, then its function. */
#include <stdio.h>

#include "file/file.h"
#include "people/people.h"
#include "plugin/host.h"
#include "route/command_internal.h"
#include "route/piece.h"

struct running {
    struct session *s;
    struct val value;
};

static int too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

static int find(struct session *s, struct plugin_states *states, const char *name, const struct command_def **def,
                struct plugin_vm **pv, struct err *err)
{
    struct registry *r = states ? s->registry : plugins_current(s->host->plugins);
    *def = command_find(r, name);
    *pv = *def && !states ? plugins_vm(s->host->plugins, (*def)->plugin) : NULL;
    if (*def && states) return plugin_states_get(states, s->host, r, (*def)->plugin, pv, err);
    return *pv ? 0 : err_set(err, ERR_NOT_FOUND, "command.unknown", "command", name ? name : "", NULL);
}

/* Objects get what is shown of them, while it is the plugin's mistake if they are too many. */
static int read_value(void *ctx, const struct val *given, struct err *err)
{
    struct running *k = ctx;
    k->value = *given;
    return people_show_all(k->s, &k->value, k->s->arena, err);
}

static int give(const struct command_def *def, const struct val *value, struct arena *a, struct val *out,
                struct err *err)
{
    struct val copy = val_nil();
    *out = val_map();
    if (val_set(a, out, "value", *value)) return too_large(err);
    if (!val_is(def->columns, VAL_LIST)) return 0;
    /* The registry may be another one before this is read. */
    return val_copy(a, def->columns, &copy) || val_set(a, out, "columns", copy) ? too_large(err) : 0;
}

int command_run(struct session *s, struct plugin_states *states, const char *name, const struct val *args,
                struct val *out, struct err *err)
{
    struct session own = *s;
    struct running k = {.s = &own};
    const struct command_def *def;
    struct plugin_vm *pv;
    struct val stored, shown;
    struct piece p = {.kind = "command", .name = name, .arg = &shown, .read = read_value, .ctx = &k};
    int rc = find(s, states, name, &def, &pv, err);
    if (rc) return rc;
    if (!def->writes && !states) {
        own.mode = SESSION_READ;
        own.lane = NULL;
    }
    rc = people_params_read(&own, &def->args, args, own.arena, &stored, err);
    if (rc == 0) rc = file_fields_take(&own, &def->args, own.arena, &stored, err);
    if (rc == 0) rc = people_params_show(&own, &def->args, &stored, own.arena, &shown, err);
    if (rc) return rc;
    own.actor.is_operator = !own.actor.user && !own.actor.person;
    own.actor.plugin = def->plugin;
    p.cpu_ms = def->writes ? COMMAND_WRITE_MS : COMMAND_READ_MS;
    rc = piece_run(&own, pv, &p, NULL, err);
    s->reads = own.reads;
    return rc ? rc : give(def, &k.value, own.arena, out, err);
}
