/* Circuit breakers: a plugin whose code keeps failing is switched off, and tried again by itself after a pause.
 *
 * Each piece of a plugin's code that the host runs (a hook, a slice of a run, a loop callback, a report) is entered and
 * left here. A failure is an uncaught Lua error or a stop for time or memory; a veto, a refusal or a wrong input is
 * none. After `failures` in a row, or more than `failures_percent` of at least `failures_calls` in a minute (limits of
 * the admin's settings), the breaker is open: ERR_REFUSED "plugin.off" {plugin, why, since, next} to whoever asks. A
 * hook that cannot be asked refuses what it was to be asked about; runs and loop jobs wait where they are. After 30 s
 * (twice as long each time, 10 min at most) one piece is let in as a trial: of what waits, or else of what comes next.
 * If it does not fail, the breaker is closed; if it says nothing of the code (a refusal, a fault of the host), the next
 * piece is tried.
 *
 * The admin switches a plugin off and on by hand (breaker_disable, breaker_enable); that lasts. State is kept in
 * plugin_breaker. Under `khung test` nothing is ever switched off. */
#ifndef KHUNG_BREAKER_H
#define KHUNG_BREAKER_H

#include "plugin/host.h"
#include "plugin/session.h"
#include "store/lane.h"

struct breakers;
struct breaker;
struct err;
extern const struct store_migration breaker_migrations[];

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF, BREAKER_OFF };
const char *breaker_state_name(enum breaker_state state); /* "closed" "open" "half-open" "off" */

int breakers_open(struct host *host, struct store *db, struct breakers **out, struct err *err);
void breakers_free(struct breakers *bs);
void breakers_start(struct breakers *bs, struct lane *lane);
/* At start, by those who hold work back: in a slice of the lane, when a plugin was switched on (`all`), or may try one
 * piece of work. More than it likes to do at once: breaker_tell, and it is called again. */
typedef int (*breaker_listener)(void *ctx, struct session *s, const char *plugin, bool all, struct err *err);
void breakers_add_listener(struct breakers *bs, breaker_listener fn, void *ctx);
/* Any thread: tells the listeners if the plugin is on. */
void breaker_tell(struct breakers *bs, const char *plugin);

/* Any thread, around each piece of code; leave must follow an enter that gave 0. What a piece causes of the same plugin
 * on the same thread is part of it. */
struct breaker_pass {
    struct breaker *breaker;  /* NULL: nothing to be told */
    bool is_trial, is_nested; /* nested: within the trial, which only its failure ends */
};
int breaker_enter(struct host *host, const char *plugin, struct breaker_pass *p, struct err *err);
/* `rc` and `err` as the code ended. */
void breaker_leave(struct host *host, const struct breaker_pass *p, int rc, const struct err *err);
/* The same for one that is tried anew by somebody else, who counts: its failure is none but in a trial. */
void breaker_leave_again(struct host *host, const struct breaker_pass *p, int rc, const struct err *err);
/* Did a hook refuse by raising an error of its own? */
bool breaker_is_veto(const struct err *err);

/* In a slice. With the commit. */
int breaker_disable(struct session *s, const char *plugin, const char *why, struct err *err);
int breaker_enable(struct session *s, const char *plugin, struct err *err);
/* A new version serves: it is given a trial at once. Lane's thread. */
void breaker_renew(struct host *host, const char *plugin);

/* Any thread. */
struct breaker_status {
    enum breaker_state state;
    char why[400];                    /* "" when closed */
    int64_t since, until, trips;      /* trips: in a row, without a good trial between */
    int64_t calls, failed, times_off; /* since the process started */
};
void breaker_status(struct breakers *bs, const char *plugin, struct breaker_status *out);

#endif
