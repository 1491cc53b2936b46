/* Inside outbox/: the rows' way out. */
#ifndef KHUNG_OUTBOX_INTERNAL_H
#define KHUNG_OUTBOX_INTERNAL_H

#include "outbox/outbox.h"
#include "base/buf.h"
#include "store/lane.h"

enum { OUTBOX_KINDS_MAX = 8, OUTBOX_TIMEOUT_MS = 30000, OUTBOX_LEASE_MS = 30000, OUTBOX_BODY_MAX = 1 << 20 };

struct outbox {
    struct host *host;
    struct loop *loop;
    struct lane *lane;
    struct lane_source source;
    struct buf scratch;
    struct outbox_kind kinds[OUTBOX_KINDS_MAX];
    int on_way[OUTBOX_KINDS_MAX];
    bool more[OUTBOX_KINDS_MAX]; /* some are due and wait for a place */
    int nkinds;
};

/* A row on its way: leased, sent, answered. */
struct outbox_sending {
    struct lane_work work;
    struct outbox *outbox;
    int kind;
    struct outbox_row row;
    struct arena arena;
    struct val response;
    struct err failed;
    bool has_failed, is_leased, unsent;
};

struct api;
void outbox_add_api(struct outbox *o, struct api *api);
void outbox_erase_attach(struct outbox *o);
const struct outbox_kind *outbox_kind_of(const struct outbox_sending *s);
void outbox_wake(struct outbox *o, int64_t at);
/* Tells the kind of a result and brings the row to what follows from it (outbox_end.c). */
int outbox_end_row(struct outbox_sending *s, struct session *session, struct err *err);

#endif
