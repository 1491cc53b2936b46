/* A session: as whom, where and when a piece of plugin code (or a host command) runs right now.
 *
 * It is made on the stack of whoever calls into a plugin and passed to every API function; it owns nothing. */
#ifndef KHUNG_SESSION_H
#define KHUNG_SESSION_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct store;
struct lane;
struct clock;
struct api_journal;
struct plugin;
struct plugin_vm;
struct registry;
struct host;
struct session_read;

enum session_mode {
    SESSION_LOAD,  /* init.lua: declares, reads nothing */
    SESSION_READ,  /* GET handlers, reports: a reader's snapshot */
    SESSION_WRITE, /* POST handlers, commands, after-commit jobs: the lane, no waits */
    SESSION_HOOK,  /* before_* hooks: the lane, no waits, may refuse */
    SESSION_RUN,   /* a flow's run */
    SESSION_LOOP,  /* loop.* callbacks and jobs: waits are volatile */
};

/* Who acts. All 0 is the system itself (scheduler, engine). */
struct actor {
    int64_t user;
    int64_t person;
    int64_t run;        /* acting as part of this run */
    const char *plugin; /* the plugin whose code acts, or NULL: a host command */
    bool is_operator;   /* a command of this plugin, called on this machine: it acts by its own capabilities */
    bool admin;         /* may administer the system: no business rights follow */
};

struct session {
    enum session_mode mode;
    struct host *host;         /* the modules (plugin/host.h) */
    struct store *db;          /* this thread's connection, in a transaction */
    struct lane *lane;         /* NULL on readers */
    struct registry *registry; /* on readers: the snapshot's; NULL on the lane: the active one */
    struct arena *arena;       /* for this slice or request; not reset before its end */
    int64_t now;               /* this slice's time */
    struct actor actor;
    int64_t token;               /* the bearer token that the caller showed; 0: none */
    const char *origin;          /* from where, for the audit: "http 10.0.0.7 r-12ab", "cli"; NULL: from within */
    const char *lang;            /* "vi", "en" */
    const char *zone;            /* IANA zone of the organisation */
    struct plugin_vm *vm;        /* whose code runs; NULL for host commands */
    struct api_journal *journal; /* SESSION_RUN: steps pass through here; else NULL */
    bool replaying;              /* SESSION_RUN: the journal is being replayed; log is silent */
    void *run;                   /* SESSION_RUN: the flow engine's */
    struct session_read *reads;  /* of something protected (protected.h) */
    bool is_secret;              /* what was asked must not be kept, not even as a digest: it is a secret ballot */
    const char *next; /* where the page ends that a list has just given (in the call's arena); NULL: nowhere */
};

const char *session_mode_name(enum session_mode mode);

#endif
