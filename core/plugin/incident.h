/* Errors of plugins, kept so that they can be found later by a short id.
 *
 * The same error (plugin, place, message) has the same id and is one row with a count; in a storm of them one a second
 * is written.
 * Kept by a lane slice of its own: what failed was rolled back, its error stays. At most INCIDENTS_MAX per plugin, the
 * oldest go first. */
#ifndef KHUNG_INCIDENT_H
#define KHUNG_INCIDENT_H

#include <stdint.h>
#include "store/store.h"

enum { INCIDENTS_MAX = 200, INCIDENT_ID = 12 };

struct host;
struct plugin;
struct err;

struct incident {
    const char *kind;            /* "run" "hook" "loop" "report" "load" */
    const char *name;            /* flow, event, report … */
    const struct plugin *plugin; /* whose code failed */
    int64_t run;                 /* 0: none */
    int64_t entry;               /* of its journal: the step at which it failed */
};

struct incidents; /* host->incidents: what came lately, by any thread */
struct incidents *incidents_new(void);
void incidents_free(struct incidents *in);

/* The id that an error of this plugin has: from place, code and message. */
void incident_id(const char *plugin, const struct err *err, char id[INCIDENT_ID]);
/* Is this a fault of the plugin (an uncaught Lua error, a limit), and no refusal that its author meant? */
bool incident_is(const struct err *err);
/* Any thread. Finds a remedy, sets err->incident, tells the log, keeps it. What comes again within a second is counted
 * and told with the next one. */
void incident_keep(struct host *host, const struct incident *i, struct err *err);

struct arena;
struct val;
struct session;
/* The last ones of a plugin (NULL: of all), newest first. */
int incident_list(struct session *s, struct arena *a, struct val *out, struct err *err);
/* 1 found, 0 not. In the language of whoever reads. */
int incident_show(struct session *s, const char *id, struct arena *a, struct val *out, struct err *err);

extern const struct store_migration incident_migrations[];

#endif
