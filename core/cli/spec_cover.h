/* Which lines of a plugin its specs run: khung test --coverage. */
#ifndef KHUNG_SPEC_COVER_H
#define KHUNG_SPEC_COVER_H

#include "base/buf.h"
#include "base/val.h"
#include "vm/vm.h"

struct arena;
struct cover_file;

/* Zeroed at first. The lines are to be told to `lines`. */
struct cover {
    struct vm_lines lines;
    struct cover_file *files, *last;
    size_t nfiles;
};
/* Adds the files of a plugin: all its Lua but manifest, texts and specs. */
int cover_add(struct cover *c, const char *dir, struct err *err);
void cover_close(struct cover *c);
/* A list of { file, lines, run, percent, missing = "3, 10-12" }. */
int cover_table(const struct cover *c, struct arena *a, struct val *out);
/* As lcov writes it, which editors and CI read. */
void cover_lcov(const struct cover *c, struct buf *out);

#endif
