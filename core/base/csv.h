/* CSV (RFC 4180): strict reading that knows where each cell stood, and writing that no spreadsheet takes for a formula.
 *
 * A file is UTF-8, with a byte order mark or without, its cells divided by , or ; or a tab (whichever its first line
 * has most of). Texts that begin like a formula are written behind an apostrophe, which reading takes off again, so
 * that what was written is what is read. Any thread. */
#ifndef KHUNG_CSV_H
#define KHUNG_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "err.h"

enum { CSV_CELL_MAX = 64 << 10, CSV_COLUMNS_MAX = 64, CSV_ROWS_MAX = 200000 };

struct csv_cell {
    const char *s; /* ends in NUL */
    size_t len;
};

struct csv_row {
    struct csv_cell *cells;
    size_t n;
    size_t line; /* where it begins, from 1 */
};

struct csv {
    struct csv_row *rows; /* the first is the titles; empty lines are left out */
    size_t n;
};

/* ERR_INVALID "csv.utf8" "csv.nul" "csv.quote" "csv.cell" "csv.columns" {line, column}, ERR_LIMIT "csv.rows". */
int csv_parse(const char *text, size_t len, struct arena *a, struct csv *out, struct err *err);
/* A cell as it was before it was guarded, or as it is. */
struct csv_cell csv_unguarded(struct csv_cell cell);
/* One cell, quoted and guarded where it must be; the caller writes the commas and ends a row by "\r\n". */
void csv_write_cell(struct buf *b, const char *s, size_t len);

#endif
