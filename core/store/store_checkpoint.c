/* Copying the log into the database file, after a commit that makes the log long enough; by the writer itself, or, when
 * that is asked for, by a thread beside it: a log of 2,000 pages takes as long as a thousand slices, and whoever waits
 * for an answer would wait for it, too. The thread leaves nothing over when the writer pauses; who never does copies
 * the rest itself once the log is very long, because only then it begins anew. A copy that fails loses nothing: the log
 * just grows. */
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "runtime/crash.h"
#include "runtime/log.h"
#include "runtime/thread.h"
#include "store/store_internal.h"

enum { AT_WORK = -1, VERY_LONG = 5, TOO_LONG = 20 };

struct store_copier {
    struct worker worker;
    sqlite3 *raw;       /* the thread's connection */
    _Atomic int copied; /* pages of the log as it is now, or AT_WORK */
    char path[512];
};

static void tell_failed(struct store *db, int rc)
{
    bool failed = rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY && (rc & 0xff) != SQLITE_LOCKED;
    if (failed && !db->checkpoint_failed)
        log_warn("store.checkpoint_failed", "file", db->path, "detail", sqlite3_errstr(rc), NULL);
    db->checkpoint_failed = failed;
}

static int open_raw(struct store_copier *c)
{
    int rc = sqlite3_open_v2(c->path, &c->raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(c->raw, "pragma synchronous = full", NULL, NULL, NULL);
    if (rc == SQLITE_OK) return rc;
    sqlite3_close_v2(c->raw); /* one that failed cannot be used again */
    c->raw = NULL;
    return rc;
}

/* What fails here is tried, and told, by the writer: nothing was copied. The next copy tries again. */
static void copy(void *ctx)
{
    struct store_copier *c = ctx;
    int all = 0, done = 0;
    int rc = c->raw ? SQLITE_OK : open_raw(c);
    crash_point("store.log_begun");
    if (rc == SQLITE_OK) rc = sqlite3_wal_checkpoint_v2(c->raw, NULL, SQLITE_CHECKPOINT_PASSIVE, &all, &done);
    crash_point("store.log_copied");
    atomic_store(&c->copied, rc == SQLITE_OK && done > 0 ? done : 0);
}

struct store_copier *store_copier_new(const char *path)
{
    struct store_copier *c = mem_alloc(sizeof(*c));
    strncat(c->path, path, sizeof(c->path) - 1);
    worker_init(&c->worker, "khung-copy", copy, c);
    return c;
}

void store_copier_free(struct store_copier *c)
{
    if (!c) return;
    worker_close(&c->worker);
    sqlite3_close_v2(c->raw);
    mem_free(c);
}

/* A disk that cannot keep up holds the writer up, too, before it is full. */
static int copied_pages(struct store *db, int pages)
{
    struct store_copier *c = db->copier;
    while (atomic_load(&c->copied) == AT_WORK && pages >= TOO_LONG * db->checkpoint_pages)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return atomic_load(&c->copied);
}

/* Is it left to the thread? Not the rest of a very long log, nor what the thread got nothing of. */
static bool is_left(struct store *db, int pages)
{
    struct store_copier *c = db->copier;
    int copied = c ? copied_pages(db, pages) : 0;
    if (!c || copied == AT_WORK) return c != NULL;
    if (pages - copied < db->checkpoint_pages) return pages < VERY_LONG * db->checkpoint_pages;
    if (db->is_left && copied == 0) return false;
    atomic_store(&c->copied, AT_WORK);
    db->is_left = true;
    if (worker_wake(&c->worker)) return true;
    atomic_store(&c->copied, 0);
    return false;
}

int store_checkpoint(struct store *db, int pages)
{
    int all = 0, done = 0;
    bool begins = pages <= db->wal_pages; /* anew: nothing of it is copied */
    db->wal_pages = pages;
    if (db->copier && begins && atomic_load(&db->copier->copied) != AT_WORK) {
        atomic_store(&db->copier->copied, 0);
        db->is_left = false;
    }
    if (pages < db->checkpoint_pages || is_left(db, pages)) return SQLITE_OK;
    int rc = sqlite3_wal_checkpoint_v2(db->raw, NULL, SQLITE_CHECKPOINT_PASSIVE, &all, &done);
    crash_point("store.log_rest");
    if (rc == SQLITE_OK && done == all) db->wal_pages = 0;
    tell_failed(db, rc);
    db->is_left = false;
    if (db->copier) atomic_store(&db->copier->copied, done == all ? 0 : done);
    return SQLITE_OK;
}
