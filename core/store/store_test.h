/* For tests only: a disk that fails on purpose.
 *
 * Between store_test_faults_start and _stop every connection that is opened goes through a shim of the engine's file
 * layer, which counts writes, syncs and truncations and makes the one that was asked for fail; syncs do not reach the
 * disk, so tests are fast. The state is per thread: use one thread.
 *
 *     store_test_faults_start();
 *     store_open(…); store_test_fault(STORE_TEST_WRITE, 7, false, ERR_FULL); … the seventh write from now fails … */
#ifndef KHUNG_STORE_TEST_H
#define KHUNG_STORE_TEST_H

#include "store/store.h"

enum { STORE_TEST_WRITE = 1, STORE_TEST_SYNC = 2, STORE_TEST_TRUNCATE = 4, STORE_TEST_ANY = 7 };

void store_test_faults_start(void);
void store_test_faults_stop(void); /* after the connections were closed */
/* The n-th operation of these kinds from now fails with ERR_FULL or ERR_IO (a write leaves half of its bytes), and all
 * later ones too if it `stays`. n = 0: none fails. Starts the count anew. */
void store_test_fault(unsigned kinds, long n, bool stays, int error);
/* Operations of the kinds asked for since the last store_test_fault. */
long store_test_count(void);

/* The database may grow to this many pages, as on a disk that is full; 0: no limit. */
int store_test_limit_pages(struct store *db, int64_t pages, struct err *err);

/* Every statement that the connection has prepared, by its text. */
void store_test_statements(struct store *db, void (*see)(void *ctx, const char *sql), void *ctx);

#endif
