/* Inside audit/: does a sealed value tell of a person? */
#ifndef KHUNG_AUDIT_TRACE_H
#define KHUNG_AUDIT_TRACE_H

#include "audit/audit_erase.h"
#include "audit/audit_seal.h"
#include "base/arena.h"

enum { AUDIT_TEXTS_MAX = 32 };

struct audit_trace {
    const struct audit_traces *t;
    struct {
        const char *s; /* folded */
        size_t len;
        bool is_code; /* a single word: only as a whole text, where a person stands */
    } texts[AUDIT_TEXTS_MAX];
    size_t n;
    struct arena scratch;
    const struct audit_row *row; /* that is looked at */
};
/* Borrows the traces. ERR_LIMIT: too many texts. */
int audit_trace_init(struct audit_trace *t, const struct audit_traces *traces, struct err *err);
void audit_trace_close(struct audit_trace *t);
/* How many sealed values of a row tell of the person. */
int64_t audit_count_values(struct audit_trace *t, const struct audit_row *r);
/* For audit_without, with the trace as its ctx. */
bool audit_trace_wants(void *ctx, const struct audit_sealed *v);
/* `codes`: here a single word, as codes are, may be the person, too, if it is all of the text. */
bool audit_trace_is_in(struct audit_trace *t, const char *text, size_t len, bool codes);

#endif
