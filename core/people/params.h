/* What a declaration asks of whoever calls it, the same for reports, routes and commands: values by field types, and
 * the right to call. Any thread with a session. */
#ifndef KHUNG_PEOPLE_PARAMS_H
#define KHUNG_PEOPLE_PARAMS_H

#include "base/arena.h"
#include "base/field.h"
#include "plugin/session.h"

/* Values as a query, a form or a command line has them: text is read as the field's type ("2021", a unit's code,
 * "1,2" of a list), then all are checked. `out`: in stored form. */
int people_params_read(struct session *s, const struct field_list *fields, const struct val *given, struct arena *a,
                       struct val *out, struct err *err);
/* The same as a plugin sees it: units, persons, dates and instants are objects. */
int people_params_show(struct session *s, const struct field_list *fields, const struct val *stored, struct arena *a,
                       struct val *out, struct err *err);
/* One stored value; an id of which there is nothing any more stays an id. */
int people_show(struct session *s, enum field_type type, const struct val *stored, struct arena *a, struct val *out,
                struct err *err);

/* Everything in a value that came out of a plugin, where it stands: dates, instants, units and persons get what is
 * shown of them; of others only the id is known. ERR_LIMIT past a few thousand units and persons. */
int people_show_all(struct session *s, struct val *v, struct arena *a, struct err *err);

/* access = { role =, verb =, unit = "param:NAME" }: a verb and a role in the unit that a parameter names. */
struct people_access {
    const char *role, *verb; /* NULL: not asked for */
    const char *unit_param;  /* NULL: about everything; only what is held for everything is enough */
};
/* Borrows from `spec`. ERR_INVALID without a text: *wrong says which part. */
int people_access_parse(const struct val *spec, const struct field_list *params, struct arena *a,
                        struct people_access *out, const char **wrong);
/* Before the plugin's code acts. 0; ERR_DENIED "denied.verb" {verb}, or the key `denied` with {name, role}. */
int people_access_check(struct session *s, const struct people_access *access, const struct val *params,
                        const char *denied, const char *name, struct err *err);

#endif
