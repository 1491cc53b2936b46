/* A value as people read it. */
#ifndef KHUNG_CLI_CELL_H
#define KHUNG_CLI_CELL_H

#include "base/buf.h"
#include "base/val.h"

/* Can it be told without brackets? */
bool cli_cell_reads(const struct val *v);
/* Of the field `name`: a person or a unit by its name, an instant as a date. */
void cli_cell(struct buf *b, const char *name, const struct val *v);
/* The same for a table: sentences are cut, the cut shown by an ellipsis. How many columns of a terminal it takes. */
size_t cli_cell_cut(struct buf *b, const char *name, const struct val *v);

#endif
