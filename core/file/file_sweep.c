/* The sweep: rows that have hung on nothing for a day, and bytes that no row names and nobody has written for a day.
 *
 * Once an hour, a piece at a time: the rows, then each of the folders. Bytes are removed after the commit, on the
 * lane's thread, where rows are made: a row that is made meanwhile for the same bytes spares them, and one that comes
 * after does not find them and is refused (file_add). */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "file/file_internal.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum { DAY_MS = 86400000, PAUSE_MS = 3600000, FIRST_MS = 1000, NEXT_MS = 20, ROWS = -1, TMP = 256, FOLDERS = 257 };

static void add_dying(struct files *f, const char hash[DIGEST_HEX])
{
    memcpy(f->dying[f->ndying++], hash, DIGEST_HEX);
}

void file_sweep_spare(struct files *f, const char *hash)
{
    for (size_t i = 0; i < f->ndying; i++)
        if (strcmp(f->dying[i], hash) == 0) f->dying[i][0] = '\0';
}

/* 1: a row names these bytes. */
static int is_named(struct store *db, const char *hash, struct err *err)
{
    struct stmt *s = store_stmt(db, "select 1 from file where hash = ?1 limit 1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, hash);
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

static int tell(struct files *f, struct store *db, int64_t now, int64_t id, struct err *err)
{
    struct session s = {.mode = SESSION_WRITE, .host = f->host, .db = db, .lane = f->lane, .now = now};
    return audit_add(&s, &(struct audit_entry){.verb = "file.sweep", .kind = "file", .id = id}, err);
}

static int sweep_rows(struct files *f, struct store *db, int64_t now, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "delete from file where id in (select id from file where hung = 0 and at < ?1"
                                " limit ?2) returning hash, id",
                                err);
    char hashes[FILE_SWEEP_MAX][DIGEST_HEX];
    int64_t ids[FILE_SWEEP_MAX];
    size_t n = 0;
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, now - DAY_MS);
    stmt_bind_int(s, 2, FILE_SWEEP_MAX);
    while ((rc = stmt_step(s, err)) == 1 && n < FILE_SWEEP_MAX) {
        size_t len;
        const char *hash = stmt_text(s, 0, &len);
        ids[n] = stmt_int(s, 1);
        snprintf(hashes[n++], DIGEST_HEX, "%.*s", (int)len, hash);
    }
    stmt_done(s);
    for (size_t i = 0; rc >= 0 && i < n; i++) {
        rc = is_named(db, hashes[i], err);
        if (rc == 0) add_dying(f, hashes[i]);
        if (rc >= 0) rc = tell(f, db, now, ids[i], err);
    }
    return rc < 0 ? rc : 0;
}

static bool is_old(int folder, const char *name, int64_t now)
{
    struct stat st;
    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           (int64_t)st.st_mtim.tv_sec * 1000 < now - DAY_MS;
}

static int sweep_entry(struct files *f, struct store *db, int folder, const char *name, struct err *err)
{
    char hash[DIGEST_HEX];
    if (f->folder == TMP) { /* an upload that ended with its process: nobody's */
        unlinkat(folder, name, 0);
        return 0;
    }
    if (strlen(name) != DIGEST_HEX - 3) return 0;
    snprintf(hash, sizeof(hash), "%02x%s", (unsigned)f->folder, name);
    int rc = is_named(db, hash, err);
    if (rc == 0) add_dying(f, hash);
    return rc < 0 ? rc : 0;
}

static void folder_path(const struct files *f, char path[FILE_PATH_LEN])
{
    if (f->folder == TMP)
        snprintf(path, FILE_PATH_LEN, "%s/files/tmp", f->host->data_dir);
    else
        snprintf(path, FILE_PATH_LEN, "%s/files/%02x", f->host->data_dir, (unsigned)f->folder);
}

/* On to the next that there is: a folder comes with its first file. */
static void take_next_folder(struct files *f)
{
    char path[FILE_PATH_LEN];
    do {
        f->folder++;
        folder_path(f, path);
    } while (f->folder < FOLDERS && access(path, F_OK) != 0);
}

static int sweep_folder(struct files *f, struct store *db, int64_t now, struct err *err)
{
    char path[FILE_PATH_LEN];
    folder_path(f, path);
    DIR *d = opendir(path);
    int rc = 0;
    if (!d) return 0;
    for (struct dirent *e; rc == 0 && f->ndying < FILE_SWEEP_MAX && (e = readdir(d));)
        if (is_old(dirfd(d), e->d_name, now)) rc = sweep_entry(f, db, dirfd(d), e->d_name, err);
    closedir(d);
    return rc;
}

static struct files *of_work(struct lane_work *w)
{
    return (struct files *)((char *)w - offsetof(struct files, work));
}

static int run_sweep(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct files *f = of_work(w);
    f->ndying = 0;
    return f->folder == ROWS ? sweep_rows(f, lane_db(lane), lane_now(lane), err)
                             : sweep_folder(f, lane_db(lane), lane_now(lane), err);
}

static void done_sweep(struct lane_work *w, const struct err *failed)
{
    struct files *f = of_work(w);
    char path[FILE_PATH_LEN];
    bool more = f->ndying == FILE_SWEEP_MAX; /* the same again */
    crash_point("file.swept");
    for (size_t i = 0; !failed && i < f->ndying; i++) {
        if (!f->dying[i][0]) continue;
        file_bytes_path(f->host->data_dir, f->dying[i], path);
        unlink(path);
    }
    f->ndying = 0;
    f->is_sweeping = false;
    if (failed) log_err(LOG_WARN, "file.sweep", failed);
    if (!more || failed) take_next_folder(f);
    bool is_last = f->folder == FOLDERS;
    if (is_last) f->folder = ROWS;
    lane_wake_at(f->lane, &f->source, lane_now(f->lane) + (is_last ? PAUSE_MS : NEXT_MS));
}

static int64_t collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct files *f = (struct files *)((char *)src - offsetof(struct files, source));
    (void)now;
    (void)max;
    if (!f->is_sweeping) lane_add(lane, &f->work);
    f->is_sweeping = true;
    return INT64_MAX;
}

void files_start(struct files *f, struct lane *lane)
{
    f->lane = lane;
    f->folder = ROWS;
    f->work = (struct lane_work){.run = run_sweep, .done = done_sweep};
    f->source = (struct lane_source){.collect = collect, .due = INT64_MAX};
    lane_add_source(lane, &f->source);
    lane_wake_at(lane, &f->source, lane_now(lane) + FIRST_MS);
}
