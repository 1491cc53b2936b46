/* The journal of a run: entries, one row a slice.
 *
 * An entry is a step (a host call with its result or refusal), a wait (with what it waits for) or a wake-up (which
 * wait, with what outcome). Entries are numbered through the run; replay reads them in that one order, which is the
 * order in which things happened, whatever branch they belong to. Calls are compared by branch, op and digest.
 *
 * Bytes of an entry: type, branch, then: step and wait: op, where, digest (8), code, payload · wake: entry of the
 * wait, code, payload. Numbers are LEB128; strings and payloads have their length before them. A payload is a
 * canonical value (val_encode), for a refusal the error as a map. */
#ifndef KHUNG_FLOW_JOURNAL_H
#define KHUNG_FLOW_JOURNAL_H

#include "base/buf.h"
#include "base/val.h"
#include "base/err.h"

struct arena;

enum flow_entry_type { ENTRY_STEP = 1, ENTRY_WAIT = 2, ENTRY_WAKE = 3 };

struct flow_entry {
    enum flow_entry_type type;
    int64_t branch;
    int64_t wait;   /* ENTRY_WAKE: the wait's entry number */
    const char *op; /* not NUL-ended */
    size_t op_len;
    const char *where;
    size_t where_len;
    uint64_t digest;
    int code;            /* 0, or a refusal */
    const char *payload; /* canonical value */
    size_t payload_len;
};

struct flow_journal {
    char *old; /* what is stored, all slices in order; owned */
    size_t old_len, pos;
    struct buf out; /* entries of the slice that runs */
    int64_t entry;  /* number of the next entry */
};

void flow_journal_init(struct flow_journal *j);
void flow_journal_close(struct flow_journal *j);
void flow_entry_write(struct buf *b, const struct flow_entry *e);
/* 1 an entry, 0 the end, ERR_CORRUPT "flow.journal". Borrows from the bytes. */
int flow_entry_read(const char *bytes, size_t len, size_t *pos, struct flow_entry *out, struct err *err);
int flow_journal_append(struct flow_journal *j, const struct flow_entry *e, struct err *err);
int flow_journal_next(struct flow_journal *j, struct flow_entry *out, struct err *err);

/* Errors as values, to be kept as a step's refusal and given back on replay. */
int flow_err_to_val(struct arena *a, const struct err *e, struct val *out);
void flow_err_from_val(const struct val *v, struct err *out);

#endif
