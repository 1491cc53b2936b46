/* One event loop, owned by one thread; and the mailbox through which other threads talk to it.
 *
 * The io thread, the lane and every reader have one each. A callback fetches, completes, returns. Messages own
 * their content. Only runtime/ and http/ see libuv (loop_uv.h).
 *
 *     struct loop *l; loop_new(&l, err); ... loop_run(l) on its thread; loop_stop(l) from any thread. */
#ifndef KHUNG_LOOP_H
#define KHUNG_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct loop;
struct loop_timer;

int loop_new(struct loop **out, struct err *err);
void loop_free(struct loop *l); /* after loop_run has returned; closes what is left open */
void loop_run(struct loop *l);  /* until loop_stop */
void loop_stop(struct loop *l); /* any thread */
/* Runs what is ready, waiting at most `wait_ms` (0: not at all; -1: until something happens). */
void loop_step(struct loop *l, int wait_ms);

/* A mail is embedded at the front of a message that owns its content. deliver() runs on the loop's thread and
 * takes the message over. Mails of one sender arrive in their order. */
struct mail {
    struct mail *next;
    void (*deliver)(struct mail *m);
};
/* Any thread. False, and nothing is taken over, once the loop is closed to mail. */
bool loop_post(struct loop *l, struct mail *m);
/* No more mail is accepted after this; what was accepted is still delivered. */
void loop_close_mail(struct loop *l);

/* One-shot timer on the loop's thread. Setting it again moves it. */
int loop_timer_new(struct loop *l, void (*fire)(void *arg), void *arg, struct loop_timer **out);
void loop_timer_set(struct loop_timer *t, int64_t in_ms);
void loop_timer_stop(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

/* Runs `fire` once, after the callbacks of this turn of the loop (loop's thread). Used to close a batch. */
int loop_soon_new(struct loop *l, void (*fire)(void *arg), void *arg, struct loop_timer **out);
void loop_soon(struct loop_timer *t);

/* A thread that runs a loop: named in the process list, all signals blocked but those for time limits. */
struct loop_thread;
int loop_thread_start(struct loop *l, const char *name, void (*before)(void *arg), void (*after)(void *arg), void *arg,
                      struct loop_thread **out, struct err *err);
void loop_thread_join(struct loop_thread *t); /* and frees it */

#endif
