/* Commands of plugins: `khung x NAME …`, called on this machine by whoever runs it.
 *
 * A command reads on a reader, or, when it says writes = true, writes on the lane in one transaction. Arguments come as
 * texts and are read as the declared fields. It acts by its plugin's own capabilities, or as a user (--as).
 *
 *     rc = command_run(&session, states, "dry-run", &args, &out, err); */
#ifndef KHUNG_COMMAND_H
#define KHUNG_COMMAND_H

#include "people/params.h"
#include "plugin/plugins.h"
#include "plugin/session.h"

enum { COMMAND_READ_MS = 5000, COMMAND_WRITE_MS = 100, COMMAND_NAME_MAX = 48 };

/* Adds command.define, the declaration kind "command", and for the host command.run and command.list. */
void command_attach(struct host *host);

/* What decl->compiled of a command is. In the registry's arena. */
struct command_def {
    const char *name, *plugin;
    struct field_list args;
    const struct val *doc;     /* text, or { vi =, en = }, or NULL */
    const struct val *columns; /* a list of names: how a list of results is shown; or NULL */
    bool writes;
};

/* The flags of every command of the program, closed by NULL. */
extern const char *const command_common[];
/* NULL: there is none. Borrowed from the registry. */
const struct command_def *command_find(const struct registry *r, const char *name);
/* As the session's actor; one that is all 0 is the operator. On a reader with its `states`, or on the lane (NULL).
 * `out`: { value =, columns = } in the session's arena. ERR_NOT_FOUND "command.unknown". */
int command_run(struct session *s, struct plugin_states *states, const char *name, const struct val *args,
                struct val *out, struct err *err);

#endif
