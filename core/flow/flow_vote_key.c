/* Keys of the counts of secret votes: files. Each is good for one state of a count; once that is no more, by a commit,
 * it is overwritten and deleted. */
#include "flow/flow_vote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/crash.h"
#include "runtime/log.h"

enum { PATH_LEN = 600, ID_HEX = 2 * VOTE_KEY_ID + 1 };

static void path_of(const char *dir, const struct vote *v, const uint8_t id[VOTE_KEY_ID], char out[PATH_LEN])
{
    char hex[ID_HEX];
    sodium_bin2hex(hex, sizeof(hex), id, VOTE_KEY_ID);
    snprintf(out, PATH_LEN, "%s/vote-%lld-%lld.%s.key", dir, (long long)v->run, (long long)v->entry, hex);
}

/* By its name: where the data lies is nothing for a voter. */
static int io_error(const char *key, const char *path, struct err *err)
{
    const char *why = strerror(errno), *name = strrchr(path, '/');
    return err_set(err, ERR_IO, key, "file", name ? name + 1 : path, "detail", why, NULL);
}

static int sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0) close(fd);
    return rc;
}

/* On the disk before what it seals is in the database: a count without its key could not be opened. */
static int write_key(const char *dir, const char *path, const uint8_t *secret)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -1;
    int rc = write(fd, secret, VOTE_KEY_LEN) == VOTE_KEY_LEN ? fsync(fd) : -1;
    close(fd);
    return rc || sync_folder(dir) ? -1 : 0;
}

int vote_key_make(const char *dir, const struct vote *v, struct vote_key *k, struct err *err)
{
    char path[PATH_LEN];
    randombytes_buf(k, sizeof(*k));
    path_of(dir, v, k->id, path);
    int rc = write_key(dir, path, k->secret);
    crash_point("vote.key_written");
    return rc ? io_error("vote.key_file", path, err) : 0;
}

static int read_key(const char *path, uint8_t secret[VOTE_KEY_LEN], struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return errno == ENOENT ? 0 : io_error("vote.key_unread", path, err);
    errno = 0;
    int rc = read(fd, secret, VOTE_KEY_LEN) == VOTE_KEY_LEN ? 1 : io_error("vote.key_unread", path, err);
    close(fd);
    return rc;
}

int vote_key_read(const char *dir, const struct vote *v, struct vote_key *k, struct err *err)
{
    char path[PATH_LEN];
    path_of(dir, v, k->id, path);
    return read_key(path, k->secret, err);
}

int vote_key_read_old(const char *dir, const struct vote *v, uint8_t secret[VOTE_KEY_LEN], struct err *err)
{
    char path[PATH_LEN];
    snprintf(path, sizeof(path), "%s/vote-%lld-%lld.key", dir, (long long)v->run, (long long)v->entry);
    return read_key(path, secret, err);
}

/* Overwritten first: what a file held stays on the disk after it has gone. What cannot be overwritten stays. */
static int wipe(const char *path)
{
    uint8_t noise[VOTE_KEY_LEN];
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return -1;
    randombytes_buf(noise, sizeof(noise));
    int rc = write(fd, noise, sizeof(noise)) == sizeof(noise) ? fsync(fd) : -1;
    close(fd);
    if (rc == 0) rc = unlink(path);
    crash_point("vote.key_gone");
    return rc;
}

/* A key file, by its name. */
struct key_file {
    int64_t run, entry;
    uint8_t id[VOTE_KEY_ID];
    bool is_old; /* of boxes */
};

static bool parse_name(const char *name, struct key_file *out)
{
    long long run, entry;
    char hex[ID_HEX];
    size_t len;
    int old = 0, end = 0;
    int n = sscanf(name, "vote-%lld-%lld.key%n", &run, &entry, &old);
    if (n != 2) return false;
    *out = (struct key_file){.run = run, .entry = entry, .is_old = old && !name[old]};
    if (out->is_old) return true;
    n = sscanf(name, "vote-%lld-%lld.%16[0-9a-f].key%n", &run, &entry, hex, &end);
    if (n != 3 || !end || name[end]) return false;
    return sodium_hex2bin(out->id, sizeof(out->id), hex, strlen(hex), NULL, &len, NULL) == 0 && len == sizeof(out->id);
}

/* 1: a count is sealed by it. */
static int is_used(struct store *db, const struct key_file *k, struct err *err)
{
    if (k->is_old) return 0;
    struct stmt *s = store_stmt(db, "select 1 from flow_vote_count where run = ?1 and entry = ?2 and key = ?3", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, k->run);
    stmt_bind_int(s, 2, k->entry);
    stmt_bind_blob(s, 3, k->id, sizeof(k->id));
    int rc = stmt_step(s, err);
    stmt_done(s);
    return rc;
}

/* One that cannot be wiped does not keep the others. */
static int wipe_unused(const char *dir, struct store *db, struct err *err)
{
    char path[PATH_LEN + 300];
    DIR *d = opendir(dir);
    int rc = d ? 0 : io_error("vote.key_kept", dir, err);
    for (struct dirent *e; d && (e = readdir(d));) {
        struct key_file k;
        if (!parse_name(e->d_name, &k)) continue;
        int used = is_used(db, &k, err);
        if (used < 0) rc = used;
        if (used < 0) break;
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (used == 0 && wipe(path)) rc = io_error("vote.key_kept", path, err);
    }
    if (d) closedir(d);
    return rc;
}

void vote_key_sweep(struct flow *f)
{
    struct err err = {0};
    if (!f->keys_left) return;
    f->keys_left = wipe_unused(f->host->data_dir, lane_db(f->lane), &err) != 0;
    if (f->keys_left && !f->keys_told) log_err(LOG_WARN, "vote.key_kept", &err);
    f->keys_told = f->keys_left;
}
