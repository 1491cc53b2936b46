/* The host: what the program is made of, in one struct that is filled at start and passed around.
 *
 * Floors above plugin/ add their module by name with host_set and find others with host_get; the members here are
 * those that every floor needs. Read only after start, but where a member says otherwise. */
#ifndef KHUNG_HOST_H
#define KHUNG_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/field.h"

struct api;
struct lane;
struct events;
struct plugins;
struct confine;
struct config;
struct content;
struct storage;
struct schedule;
struct flow;
struct loops;
struct readers;
struct fetcher;
struct outbox;
struct notify;
struct bind_kind;
struct quotas;
struct breakers;
struct incidents;
struct api_trial;
struct vm_lines;
struct audit;
struct files;
struct auth;

/* What happens to a plugin that wants capabilities and has no grant: its first version is taken as it is written
 * (first), waits too (ask), or everything is taken (trust: tests, demonstrations, --dev). A command without a service
 * does as the last service did. */
enum grant_policy { GRANT_AS_BEFORE, GRANT_FIRST, GRANT_ASK, GRANT_TRUST };

struct host {
    struct clock clock;
    const char *data_dir;
    const char *settings; /* file of plugins' settings, or NULL */
    enum grant_policy grants;
    const char *zone; /* "Asia/Ho_Chi_Minh" */
    const char *lang; /* "vi" */
    struct api *api;
    struct events *events;
    struct plugins *plugins;       /* the registry and the loaded set */
    const struct bind_kind *kinds; /* object kinds that Lua sees (bind_lua.h) */
    size_t nkinds;
    struct lane *lane;         /* NULL in commands that only read */
    struct quotas *quotas;     /* what plugins have, against their limits; NULL: nothing is counted */
    struct breakers *breakers; /* which plugins are switched off; NULL: none ever is */
    struct field_time time;    /* how local times in text are read (schedule/zone.h) */
    struct content *content;
    struct storage *storage;
    struct schedule *schedule;
    struct flow *flow;
    struct outbox *outbox;         /* what leaves the database: requests, mail, webhooks */
    struct notify *notify;         /* notices, mail, webhooks, calendar feeds */
    struct loops *loops;           /* volatile loop.* work of plugins */
    struct readers *readers;       /* NULL in commands */
    struct fetcher *fetcher;       /* outbound HTTP on the io thread */
    const struct confine *confine; /* what the service gave up at its start; NULL in commands */
    struct auth *auth;             /* how people log in (people/auth.h) */
    struct incidents *incidents;   /* errors of plugins that came lately */
    struct audit *audit;           /* who did what; NULL: nothing is told */
    struct files *files;           /* what people hand in; NULL: there are none */
    bool is_test;                  /* khung test */
    struct api_trial *trial;       /* khung test: lets host calls fail; else NULL */
    const struct vm_lines *lines;  /* khung test --coverage: is told of the lines that run; else NULL */
};

#endif
