/* What khung test says: for people as it goes; as JSON; as a JUnit file, which CI reads. */
#ifndef KHUNG_TEST_PRINT_H
#define KHUNG_TEST_PRINT_H

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/spec.h"

struct test_print {
    struct cli *c;
    uint64_t seed;
    const char *plugin, *text; /* of the file that is run */
    int passed, failed, pending, kills, faults;
    struct val tests; /* --json */
    struct buf junit;
};

void test_print_open(struct test_print *p, struct cli *c, uint64_t seed);
void test_print_plugin(struct test_print *p, const char *plugin);
void test_print_result(void *print, const struct spec_result *r);
/* A file that could not be run at all. */
void test_print_broken(struct test_print *p, const char *file, const struct err *err);
/* The end; `coverage` may be NULL. */
void test_print_close(struct test_print *p, const struct val *coverage);
/* Writes a text to a file, whole. */
int test_print_file(struct cli *c, const char *path, const struct buf *text);

#endif
