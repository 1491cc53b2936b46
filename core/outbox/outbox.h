/* The outbox: what leaves the database does so from a row, at least once, with an id by which a peer can tell.
 *
 * A row has a kind (fetch, mail, webhook); each kind says how its rows are sent, how often and with which pauses. A due
 * row is leased (its next_at moves past the sending's own end) in a slice of its own; only after that commit is it
 * sent. The result comes back as another slice, which drops the row, says when it is tried again, or, when its attempts
 * are used up, leaves it as a dead letter for the administrator. A process that dies in between sends again after the
 * lease. Lane's thread; without a fetcher (commands, khung test) nothing is sent and rows stay as they are.
 *
 *     struct outbox_new n = {.kind = "mail", .body = &message};
 *     rc = outbox_add(s->host->outbox, s, &n, &id, err); */
#ifndef KHUNG_OUTBOX_H
#define KHUNG_OUTBOX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/val.h"
#include "plugin/host.h"
#include "plugin/session.h"
#include "store/list.h"
#include "store/store.h"

struct outbox;
struct outbox_sending;
struct loop;

extern const struct store_migration outbox_migrations[];

struct outbox_row {
    int64_t id, run, entry; /* run 0: nobody waits for it */
    int64_t owner;          /* what it belongs to, by its kind (a webhook), or 0 */
    int64_t attempts;       /* with the one that is under way */
    struct val body;        /* borrowed from the sending */
};

struct outbox_end {
    const struct err *failed; /* NULL: it was delivered */
    const struct val *response;
    bool is_last; /* it will not be tried again */
};

/* All on the lane's thread. */
struct outbox_kind {
    const char *name;
    void *ctx;
    const int *pauses_s; /* after each attempt but the last; closed by 0. A jitter of a fifth is added */
    int most;            /* on their way at once */
    bool keeps_dead;     /* as a dead letter; else the row goes when its attempts are used up */
    /* In the slice of the lease: completes what is sent (may change body, in the arena). An error is a failed attempt.
     * NULL: the body is what is sent. */
    int (*prepare)(void *ctx, struct session *s, struct outbox_row *row, struct err *err);
    /* After the lease's commit. 0: outbox_sent is called, once, later. */
    int (*send)(void *ctx, struct outbox_sending *sending, struct err *err);
    /* After an answer: is it one? NULL: whatever came back. */
    int (*accept)(const struct val *response, struct err *err);
    /* In the slice that records the result; each attempt. NULL: nothing to do. */
    int (*done)(void *ctx, struct session *s, const struct outbox_row *row, const struct outbox_end *end,
                struct err *err);
};

struct outbox *outbox_new(struct host *host, struct loop *loop); /* loop: the lane's; NULL: nothing is sent */
void outbox_free(struct outbox *o);
void outbox_add_kind(struct outbox *o, const struct outbox_kind *kind); /* at start; copied */
void outbox_attach(struct outbox *o);

struct outbox_new {
    const char *kind;
    const struct val *body; /* data alone; "timeout" (ms) of it bounds the sending */
    int64_t run, entry, owner;
    int64_t at; /* not before; 0: now */
};
int outbox_add(struct outbox *o, struct session *s, const struct outbox_new *n, int64_t *id, struct err *err);

/* What is due of this owner and not on its way waits until then: its peer does not answer, others' do. */
int outbox_delay(struct session *s, const char *kind, int64_t owner, int64_t until, struct err *err);

/* For `send`: what is sent, and its end. `response` is copied; `failed` NULL: there is a response (may be nil). */
const struct outbox_row *outbox_row_of(const struct outbox_sending *s);
struct loop *outbox_loop(const struct outbox_sending *s);
struct fetcher *outbox_fetcher(const struct outbox_sending *s);
struct arena *outbox_arena(struct outbox_sending *s);
void outbox_sent(struct outbox_sending *s, const struct val *response, const struct err *failed);
/* A `send` for bodies { url, method, headers, body, timeout, hosts }; responses { status, headers, body, json }. */
int outbox_http_send(void *ctx, struct outbox_sending *s, struct err *err);

/* For the administrator. Rows without their bodies but for "to", "subject", "text", "url" and "type". */
/* A page of what waits, or of dead letters alone. */
extern const struct list outbox_rows;
int outbox_page(struct store *db, const struct list_query *q, struct arena *a, struct val *out, const char **next,
                struct err *err);
/* Of a kind (NULL: any), one (id) or all dead ones (id 0); *n: how many. */
int outbox_retry(struct outbox *o, struct session *s, int64_t id, int64_t *n, struct err *err);
int outbox_drop(struct outbox *o, struct session *s, int64_t id, int64_t *n, struct err *err);
/* Held: nothing is sent until it is released; survives a restart. */
int outbox_hold(struct outbox *o, struct session *s, bool held, struct err *err);
int outbox_is_held(struct store *db, struct err *err); /* 1, 0 */

#endif
