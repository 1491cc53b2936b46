/* The audit as a file that proves itself: JSON lines or CSV, an entry a line, as the search shows it. The first line of
 * a row carries the row as it is hashed (proof); rows that the filter leaves out stand as their digests alone, of which
 * nothing can be learned. So a receiver holds the whole chain from "chain.begin" (ROW:HASH of the row before) to
 * "chain.end", and can compare both, and any row between, with anchors that he has. What was erased stays erased.
 *
 * Written page by page on any connection: rows are only added, so pages fit each other. Verified without a database. */
#ifndef KHUNG_AUDIT_EXPORT_H
#define KHUNG_AUDIT_EXPORT_H

#include "audit/audit.h"
#include "base/buf.h"

enum audit_format { AUDIT_JSONL, AUDIT_CSV };
bool audit_format_parse(const char *name, enum audit_format *out);

struct audit_export {
    enum audit_format format;
    int64_t since, until;                     /* instants; 0: open */
    int64_t person;                           /* of whom, or for whom it was done; 0: any */
    int64_t after;                            /* the page before ended with this row; 0: the first */
    bool (*is_unit)(void *ctx, int64_t unit); /* NULL: any */
    void *ctx;
};
struct audit_page {
    int64_t next, last; /* `after` for the next page, 0: it was the last; the row that the export ends with */
};
int audit_export_page(struct store *db, const struct audit_export *e, struct buf *out, struct audit_page *page,
                      struct err *err);

struct audit_file {
    int64_t line, rows, omitted, erased;
    struct audit_head begin, end;
    const char *how; /* NULL: it is whole; "line" "chain" "cut" "anchor" */
};
/* Reads the whole file by `read_line` (a line with its end, or a piece of one, borrowed; 0 at the end, -1 an error).
 * ERR_* when it cannot be read; else 0, and out->how. */
int audit_export_verify(int64_t (*read_line)(void *ctx, const char **line), void *ctx, const struct audit_head *anchor,
                        struct audit_file *out, struct err *err);

#endif
