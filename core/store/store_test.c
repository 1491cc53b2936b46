/* A file layer for tests that fails on purpose. All but writes, syncs and truncations is passed on as it is. */
#include "store/store_test.h"

#include <stdio.h>

#include "base/mem.h"
#include "store/store_internal.h"

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real;
};

/* The engine calls back on the thread that uses the connection. */
static _Thread_local struct {
    sqlite3_vfs *shim, *real;
    unsigned kinds;
    long at, count;
    bool stays;
    int error;
} state;

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct fault_file *)f)->real;
}

static bool must_fail(unsigned kind)
{
    if (!(state.kinds & kind)) return false;
    state.count++;
    return state.at > 0 && (state.count == state.at || (state.stays && state.count > state.at));
}

static int on_close(sqlite3_file *f)
{
    return real_of(f)->pMethods ? real_of(f)->pMethods->xClose(real_of(f)) : SQLITE_OK;
}

static int on_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

static int on_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    if (must_fail(STORE_TEST_WRITE)) {
        real_of(f)->pMethods->xWrite(real_of(f), p, n / 2, at);
        return state.error == ERR_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (must_fail(STORE_TEST_TRUNCATE)) return SQLITE_IOERR_TRUNCATE;
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int on_sync(sqlite3_file *f, int flags)
{
    (void)f;
    (void)flags;
    if (!must_fail(STORE_TEST_SYNC)) return SQLITE_OK;
    return state.error == ERR_FULL ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
}

static int on_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int on_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int on_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int on_check_lock(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int on_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int on_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int on_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int on_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int on_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void on_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int on_shm_unmap(sqlite3_file *f, int remove)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    static const sqlite3_io_methods methods = {.iVersion = 2,
                                               .xClose = on_close,
                                               .xRead = on_read,
                                               .xWrite = on_write,
                                               .xTruncate = on_truncate,
                                               .xSync = on_sync,
                                               .xFileSize = on_size,
                                               .xLock = on_lock,
                                               .xUnlock = on_unlock,
                                               .xCheckReservedLock = on_check_lock,
                                               .xFileControl = on_control,
                                               .xSectorSize = on_sector,
                                               .xDeviceCharacteristics = on_device,
                                               .xShmMap = on_shm_map,
                                               .xShmLock = on_shm_lock,
                                               .xShmBarrier = on_shm_barrier,
                                               .xShmUnmap = on_shm_unmap};
    struct fault_file *file = (struct fault_file *)f;
    sqlite3_vfs *real = vfs->pAppData;
    file->real = (sqlite3_file *)(file + 1);
    file->base.pMethods = NULL;
    int rc = real->xOpen(real, name, file->real, flags, out);
    if (file->real->pMethods) file->base.pMethods = &methods;
    return rc;
}

void store_test_faults_start(void)
{
    state.real = sqlite3_vfs_find(NULL);
    state.shim = mem_alloc(sizeof(*state.shim));
    *state.shim = *state.real;
    state.shim->pNext = NULL;
    state.shim->zName = "khung-fault";
    state.shim->pAppData = state.real;
    state.shim->szOsFile = (int)sizeof(struct fault_file) + state.real->szOsFile;
    state.shim->xOpen = on_open;
    state.kinds = 0;
    sqlite3_vfs_register(state.shim, 1);
}

void store_test_faults_stop(void)
{
    sqlite3_vfs_unregister(state.shim);
    sqlite3_vfs_register(state.real, 1);
    mem_free(state.shim);
    state.shim = NULL;
    state.kinds = 0;
}

void store_test_fault(unsigned kinds, long n, bool stays, int error)
{
    state.kinds = kinds;
    state.at = n;
    state.count = 0;
    state.stays = stays;
    state.error = error;
}

long store_test_count(void)
{
    return state.count;
}

int store_test_limit_pages(struct store *db, int64_t pages, struct err *err)
{
    enum { MOST = 1073741823 };
    char sql[64];
    snprintf(sql, sizeof(sql), "pragma max_page_count = %lld", (long long)(pages ? pages : MOST));
    return store_exec(db, sql, err);
}

void store_test_statements(struct store *db, void (*see)(void *ctx, const char *sql), void *ctx)
{
    for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(db->raw, s));)
        see(ctx, sqlite3_sql(s));
}
