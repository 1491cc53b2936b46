/* Inside audit/: the lines of an export, the same when they are written and when they are checked. */
#ifndef KHUNG_AUDIT_LINE_H
#define KHUNG_AUDIT_LINE_H

#include "audit/audit_export.h"
#include "audit/audit_internal.h"

void audit_line_titles(enum audit_format format, struct buf *out); /* CSV's */
void audit_line_chain(enum audit_format format, const char *verb, const struct audit_head *head, struct buf *out);
void audit_line_omitted(enum audit_format format, int64_t first, const uint8_t *digests, size_t n, struct buf *out);
/* All entries of a row; the first with the proof. ERR_CORRUPT, ERR_NOMEM. */
int audit_line_row(enum audit_format format, const struct audit_row *r, struct arena *a, struct buf *out);
/* What of a line is needed to check it; texts in the arena. False: it is no such line. */
struct audit_line {
    int64_t row;
    const char *verb, *proof; /* "" : none */
};
bool audit_line_read(enum audit_format format, const char *line, size_t len, struct arena *a, struct audit_line *out);
/* A proof as a row, in the arena. */
bool audit_line_proof(const char *proof, struct arena *a, struct audit_row *out);

#endif
