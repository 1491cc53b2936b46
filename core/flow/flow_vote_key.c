/* Keys of the counts of secret votes: files. Each is good for one state of a count; once that is no more, it is
 * overwritten and deleted. */
#include "flow/flow_vote.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum { PATH_LEN = 600, ID_HEX = 2 * VOTE_KEY_ID + 1 };

static void path_of(struct flow *f, const struct vote *v, const uint8_t id[VOTE_KEY_ID], char out[PATH_LEN])
{
    char hex[ID_HEX];
    sodium_bin2hex(hex, sizeof(hex), id, VOTE_KEY_ID);
    snprintf(out, PATH_LEN, "%s/vote-%lld-%lld.%s.key", f->host->data_dir, (long long)v->run, (long long)v->entry, hex);
}

static int io_error(const char *path, struct err *err)
{
    return err_set(err, ERR_IO, "vote.key_file", "file", path, NULL);
}

static int sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0) close(fd);
    return rc;
}

/* On the disk before what it seals is in the database: a count without its key could not be opened. */
static int write_key(struct flow *f, const char *path, const uint8_t *secret)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -1;
    int rc = write(fd, secret, VOTE_KEY_LEN) == VOTE_KEY_LEN ? fsync(fd) : -1;
    close(fd);
    return rc || sync_folder(f->host->data_dir) ? -1 : 0;
}

int vote_key_make(struct flow *f, const struct vote *v, struct vote_key *k, struct err *err)
{
    char path[PATH_LEN];
    randombytes_buf(k, sizeof(*k));
    path_of(f, v, k->id, path);
    int rc = write_key(f, path, k->secret);
    crash_point("vote.key_written");
    return rc ? io_error(path, err) : 0;
}

bool vote_key_read(struct flow *f, const struct vote *v, struct vote_key *k)
{
    char path[PATH_LEN];
    path_of(f, v, k->id, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool whole = fd >= 0 && read(fd, k->secret, VOTE_KEY_LEN) == VOTE_KEY_LEN;
    if (fd >= 0) close(fd);
    return whole;
}

/* Overwritten first: what a file held stays on the disk after it has gone. */
static void wipe(const char *path)
{
    uint8_t noise[VOTE_KEY_LEN];
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        randombytes_buf(noise, sizeof(noise));
        if (write(fd, noise, sizeof(noise)) == sizeof(noise)) fsync(fd);
        close(fd);
    }
    unlink(path);
    crash_point("vote.key_gone");
}

/* A key file, by its name. */
struct key_file {
    int64_t run, entry;
    uint8_t id[VOTE_KEY_ID];
};

static bool parse_name(const char *name, struct key_file *out)
{
    long long run, entry;
    char hex[ID_HEX];
    size_t len;
    int end = 0;
    if (sscanf(name, "vote-%lld-%lld.%16[0-9a-f].key%n", &run, &entry, hex, &end) != 3 || !end || name[end])
        return false;
    out->run = run;
    out->entry = entry;
    return sodium_hex2bin(out->id, sizeof(out->id), hex, strlen(hex), NULL, &len, NULL) == 0 && len == sizeof(out->id);
}

/* 1: a count is sealed by it. */
static int is_used(struct store *db, const struct key_file *k, struct err *err)
{
    struct stmt *s = store_stmt(db, "select 1 from flow_vote_count where run = ?1 and entry = ?2 and key = ?3", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, k->run);
    stmt_bind_int(s, 2, k->entry);
    stmt_bind_blob(s, 3, k->id, sizeof(k->id));
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

/* Of a vote, of all of a run (entry -1), or of all (run -1). */
static int wipe_unused(struct flow *f, struct store *db, int64_t run, int64_t entry, struct err *err)
{
    char path[PATH_LEN + 300];
    DIR *d = opendir(f->host->data_dir);
    int rc = 0;
    for (struct dirent *e; rc >= 0 && d && (e = readdir(d));) {
        struct key_file k;
        if (!parse_name(e->d_name, &k)) continue;
        if ((run >= 0 && k.run != run) || (entry >= 0 && k.entry != entry)) continue;
        rc = is_used(db, &k, err);
        snprintf(path, sizeof(path), "%s/%s", f->host->data_dir, e->d_name);
        if (rc == 0) wipe(path);
    }
    if (d) closedir(d);
    return rc < 0 ? rc : 0;
}

struct destroyed {
    struct flow *flow;
    int64_t run, entry;
};

static void destroy(void *arg)
{
    struct destroyed *d = arg;
    struct err err = {0};
    if (wipe_unused(d->flow, lane_db(d->flow->lane), d->run, d->entry, &err)) log_err(LOG_ERROR, "vote.key_kept", &err);
    mem_free(d);
}

void vote_key_destroy(struct flow *f, int64_t run, int64_t entry)
{
    struct destroyed *d = mem_alloc(sizeof(*d));
    *d = (struct destroyed){f, run, entry};
    lane_after_commit(f->lane, destroy, mem_free, d);
}

int vote_key_sweep(struct flow *f, struct store *db, struct err *err)
{
    return wipe_unused(f, db, -1, -1, err);
}
