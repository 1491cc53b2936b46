/* Audit: who, as what, for whom, did what to which thing, when, from where, with what was before and after.
 *
 * Entries are told while a slice works and belong to its transaction: what is rolled back, to a mark or as a whole, is
 * forgotten with it. Just before COMMIT they become rows, one for each stretch of work of the same actor with what
 * runs of nobody did beside it, and each row carries the SHA-256 of the row before it and of itself: whoever changes,
 * removes or adds one breaks the chain from there on. Once a day the head of the chain is an anchor, told to the log
 * and to events; a copy of it outside (printed, mailed) proves that the rows up to it have not been made anew.
 *
 *     audit_add(s, &(struct audit_entry){.verb = "people.delegate", .kind = "delegation", .id = id, .after = &d}, err);
 *
 * Told on the lane's thread; read on any connection. */
#ifndef KHUNG_AUDIT_H
#define KHUNG_AUDIT_H

#include "base/digest.h"
#include "base/val.h"
#include "plugin/host.h"
#include "plugin/session.h"
#include "store/store.h"

struct audit;
struct buf;
struct lane;
struct err;
extern const struct store_migration audit_migrations[];

int audit_new(struct host *host, struct audit **out, struct err *err);
/* Calls of the API that change something and do not tell themselves are told by their arguments. When host->api is. */
void audit_attach(struct host *host);
void audit_free(struct audit *au);

enum {
    AUDIT_VALUE_MAX = 4 << 10,  /* a larger value is kept as { bytes =, sha256 = } */
    AUDIT_BATCH_MAX = 64 << 20, /* entries of one transaction; more: the fault ERR_NOMEM "audit.batch" */
};
struct audit_entry {
    const char *verb; /* "content.publish"; a read of something protected is a verb, too: "report.run" */
    const char *kind; /* what kind of thing: "item" "run" "task" "person" "table:awards.nomination" */
    int64_t id;       /* which, or 0 */
    const char *name; /* where a name tells it better than a number, or NULL */
    int64_t unit;     /* whose, or 0 */
    int64_t on_behalf_of;
    const char *as;                   /* capacity: "editor", or NULL */
    const struct val *before, *after; /* or NULL */
    const char *reason;               /* or NULL */
    /* Nothing in before and after can ever be a personal value (states, digests): they stay public and cannot be
     * erased. All others are sealed (audit_seal.h). */
    bool is_plain;
};
/* In a slice. Who and from where is the session's. Without an audit (khung test's smallest hosts) nothing is done. */
int audit_add(struct session *s, const struct audit_entry *e, struct err *err);
/* For the lane, just before COMMIT: what was told becomes rows. */
int audit_before_commit(struct audit *au, struct store *db, int64_t now, struct err *err);
/* After it: tells of a new anchor. */
void audit_after_commit(struct audit *au);
/* The index by things and persons is made by the lane a little after the rows, in pieces. It promises nothing: what is
 * not indexed yet is searched row by row. One piece, in a transaction: *more, if there is. */
void audit_start(struct audit *au, struct lane *lane);
int audit_index_some(struct store *db, bool *more, struct err *err);

/* Entries, newest first. */
struct audit_filter {
    const char *kind, *name, *verb; /* NULL: any; verb "content.*": a family */
    int64_t id, person, run;        /* 0: any */
    int64_t since, until;           /* instants; 0: open */
    int64_t before;                 /* a row's number: goes on behind it; 0: from the newest */
    int64_t limit;                  /* entries at least; whole rows are given */
};
/* { { row =, at =, user =, person =, run =, plugin =, from =, verb =, kind =, … } }; *next: for `before`, or 0. */
int audit_find(struct store *db, const struct audit_filter *f, struct arena *a, struct val *out, int64_t *next,
               struct err *err);

/* What came after a row, oldest first, as audit_find gives it, and { n = } for the place in the row; at most so many
 * rows. *last: the last one read, or `after`. For those who follow (SSE). */
int audit_follow(struct store *db, int64_t after, int64_t rows, struct arena *a, struct val *out, int64_t *last,
                 struct err *err);
/* Called after each commit that wrote rows, on the lane's thread. Before the lane runs. */
void audit_set_listener(struct audit *au, void (*told)(void *ctx), void *ctx);
/* The same after a commit that made the anchor of a day. */
void audit_set_anchored(struct audit *au, void (*anchored)(void *ctx), void *ctx);

/* An entry that tells of an anchor: id its row, after { anchor = "ROW:HASH", day = }. */
#define AUDIT_ANCHOR_VERB "audit.anchor"
/* Head of the chain: number and hash of the last row; 0 and zeros for an empty one. */
struct audit_head {
    int64_t row, at;
    uint8_t hash[DIGEST_LEN];
};
int audit_head(struct store *db, struct audit_head *out, struct err *err);
/* Reads the whole chain. 0: whole; 1: broken, and *broken says at which row and how ("changed", "missing", "anchor",
 * "erased": without an act that says so; "unanchored": an anchor that the chain tells of is gone; "index": the search
 * does not find the row). */
struct audit_break {
    int64_t row, rows; /* rows: read in all */
    const char *how;
    int64_t erased; /* values that were erased, by acts that stand in the chain */
    struct audit_head head;
};
/* In words: ERR_CORRUPT "audit.broken_HOW" {row, good}. */
void audit_break_tell(const struct audit_break *b, struct err *out);
/* `anchor` (may be NULL): row and hash of a printed anchor, which the chain must hold. */
int audit_verify(struct store *db, const struct audit_head *anchor, struct audit_break *broken, struct err *err);
/* { { day =, row =, hash = } … }, newest first. */
int audit_anchors(struct store *db, int64_t limit, struct arena *a, struct val *out, struct err *err);
/* "12345:ab12…": as anchors are printed. False: it is none. */
bool audit_head_parse(const char *text, struct audit_head *out);

#endif
