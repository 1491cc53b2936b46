/* Taking an organisation in and giving it out: files of JSON or CSV, read cell by cell.
 *
 * A list is a kind of row (units, persons, holders, …) with columns; in CSV it is a file "units.csv", in JSON a list in
 * an object. What was given out can be taken in: it makes the same organisation. Nothing is taken when one cell is
 * wrong.
 *
 *     struct people_file files[] = {{"units.csv", text, len}};
 *     rc = people_take(db, &(struct people_take){.files = files, .nfiles = 1, .preview = true, …}, arena, &report,
 * err); */
#ifndef KHUNG_PEOPLE_EXCHANGE_H
#define KHUNG_PEOPLE_EXCHANGE_H

#include "base/buf.h"
#include "people/people.h"

struct people_file {
    const char *name; /* "units.csv", "org.json"; folders before it do not count */
    const char *text;
    size_t len;
};

struct people_take {
    const struct people_file *files;
    size_t nfiles;
    struct session *by; /* whose it is, for what only some may take in (people_import_by); NULL: nobody's */
    bool preview;       /* tells all of it, and nothing stays; else a wrong cell is an error */
    int64_t now, day;
    const char *lang; /* of what the report says */
};

/* *report: { ok, lists = { units = 12 … }, cells = { { file, list, line, column, field, raw, value, warning, error,
 * says } },
 * errors (those cells that are wrong), warnings (those to look at), new, changed, ended, gone (rows: { list, key, … ;
 * changed ones with field, before, after }) }. In a preview all cells, up to PEOPLE_CELLS_MAX; else none.
 * line is the line of the file, in JSON the entry of the list; column the number of the column, in JSON none.
 * ERR_INVALID "people.cells" {count} with the first bad cells as fields; "people.file" {file}; those of csv_ and json_.
 */
enum { PEOPLE_CELLS_MAX = 10000 };
int people_take(struct store *db, const struct people_take *take, struct arena *a, struct val *report, struct err *err);

/* The organisation as lists; as of a day only what holds then, with PEOPLE_ALL_DAYS its whole history. */
#define PEOPLE_ALL_DAYS INT64_MIN
int people_give(struct store *db, int64_t day, struct arena *a, struct val *tree, struct err *err);
/* One list of such a tree as CSV, with a byte order mark and titles. */
int people_give_csv(const struct val *tree, const char *list, struct buf *out);

#endif
