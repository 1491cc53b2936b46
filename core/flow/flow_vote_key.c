/* Keys and boxes of secret votes. A box is 80 bytes whatever it holds, stands under a random key, and carries no time:
 * with the database alone nobody can open it, or tell whose it is. */
#include "flow/flow_vote.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/crash.h"

_Static_assert(VOTE_KEY_LEN == crypto_box_PUBLICKEYBYTES && VOTE_KEY_LEN == crypto_box_SECRETKEYBYTES, "key");
_Static_assert(VOTE_BOX_LEN == VOTE_TEXT_MAX + crypto_box_SEALBYTES, "box");

enum { PATH_LEN = 600, ID_LEN = 16 };

static void path_of(struct flow *f, int64_t run, int64_t entry, char out[PATH_LEN])
{
    snprintf(out, PATH_LEN, "%s/vote-%lld-%lld.key", f->host->data_dir, (long long)run, (long long)entry);
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

/* On the disk before the vote is in the database: a vote without its key could not be counted. */
static int write_key(struct flow *f, const char *path, const uint8_t *secret)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -1;
    int rc = write(fd, secret, VOTE_KEY_LEN) == VOTE_KEY_LEN ? fsync(fd) : -1;
    close(fd);
    return rc || sync_folder(f->host->data_dir) ? -1 : 0;
}

int vote_key_make(struct flow *f, int64_t run, int64_t entry, uint8_t public_key[VOTE_KEY_LEN], struct err *err)
{
    uint8_t secret[VOTE_KEY_LEN];
    char path[PATH_LEN];
    path_of(f, run, entry, path);
    if (crypto_box_keypair(public_key, secret) != 0) return err_set(err, ERR_INTERNAL, "vote.key_file", NULL);
    int rc = write_key(f, path, secret);
    sodium_memzero(secret, sizeof(secret));
    crash_point("vote.key_written");
    return rc ? io_error(path, err) : 0;
}

static bool read_key(struct flow *f, const struct vote *v, uint8_t secret[VOTE_KEY_LEN])
{
    char path[PATH_LEN];
    path_of(f, v->run, v->entry, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool whole = fd >= 0 && read(fd, secret, VOTE_KEY_LEN) == VOTE_KEY_LEN;
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

/* Calls fn for every key file; `run` and `entry` are its name's. */
static void each_key(struct flow *f, bool (*is_over)(void *ctx, int64_t run, int64_t entry), void *ctx)
{
    char path[PATH_LEN + 300];
    DIR *d = opendir(f->host->data_dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        long long run, entry;
        int end = 0;
        if (sscanf(e->d_name, "vote-%lld-%lld.key%n", &run, &entry, &end) != 2 || !end || e->d_name[end]) continue;
        snprintf(path, sizeof(path), "%s/%s", f->host->data_dir, e->d_name);
        if (is_over(ctx, run, entry)) wipe(path);
    }
    if (d) closedir(d);
}

struct destroyed {
    struct flow *flow;
    int64_t run, entry;
};

static bool is_destroyed(void *ctx, int64_t run, int64_t entry)
{
    const struct destroyed *d = ctx;
    return run == d->run && (d->entry < 0 || entry == d->entry);
}

static void destroy(void *arg)
{
    struct destroyed *d = arg;
    each_key(d->flow, is_destroyed, d);
    mem_free(d);
}

void vote_key_destroy(struct flow *f, int64_t run, int64_t entry)
{
    struct destroyed *d = mem_alloc(sizeof(*d));
    *d = (struct destroyed){f, run, entry};
    lane_after_commit(f->lane, destroy, mem_free, d);
}

struct sweep {
    struct store *db;
    struct err *err;
    int rc;
};

static bool is_left(void *ctx, int64_t run, int64_t entry)
{
    struct sweep *w = ctx;
    struct stmt *s = store_stmt(w->db, "select 1 from flow_vote where run = ?1 and entry = ?2", w->err);
    if (!s) return w->rc = w->err->code, false;
    stmt_bind_int(s, 1, run);
    stmt_bind_int(s, 2, entry);
    int rc = stmt_step(s, w->err);
    stmt_done(s);
    if (rc < 0) w->rc = rc;
    return rc == 0;
}

int vote_key_sweep(struct flow *f, struct store *db, struct err *err)
{
    struct sweep w = {db, err, 0};
    each_key(f, is_left, &w);
    return w.rc;
}

int vote_box_add(struct store *db, const struct vote *v, const uint8_t key[VOTE_KEY_LEN], int option, struct err *err)
{
    uint8_t text[VOTE_TEXT_MAX], box[VOTE_BOX_LEN], id[ID_LEN];
    randombytes_buf(text, sizeof(text));
    randombytes_buf(id, sizeof(id));
    text[0] = (uint8_t)option;
    int rc = crypto_box_seal(box, text, sizeof(text), key);
    sodium_memzero(text, sizeof(text));
    struct stmt *s =
        rc ? NULL : store_stmt(db, "insert into flow_ballot(id, run, entry, box) values(?1, ?2, ?3, ?4)", err);
    if (!s) return rc ? err_set(err, ERR_INTERNAL, "vote.boxes", NULL) : err->code;
    stmt_bind_blob(s, 1, id, sizeof(id));
    stmt_bind_int(s, 2, v->run);
    stmt_bind_int(s, 3, v->entry);
    stmt_bind_blob(s, 4, box, sizeof(box));
    return stmt_run(s, err);
}

static bool open_box(struct stmt *s, const struct vote *v, const uint8_t *key, const uint8_t *secret,
                     int64_t counts[VOTE_OPTIONS_MAX + 1])
{
    uint8_t text[VOTE_TEXT_MAX];
    size_t len;
    const uint8_t *box = stmt_blob(s, 0, &len);
    bool good = box && len == VOTE_BOX_LEN && crypto_box_seal_open(text, box, len, key, secret) == 0;
    if (good) good = text[0] < v->noptions || text[0] == VOTE_OPTIONS_MAX;
    if (good) counts[text[0]]++;
    sodium_memzero(text, sizeof(text));
    return good;
}

int vote_box_count(struct flow *f, struct store *db, const struct vote *v, const uint8_t key[VOTE_KEY_LEN],
                   int64_t counts[VOTE_OPTIONS_MAX + 1], struct err *err)
{
    uint8_t secret[VOTE_KEY_LEN];
    struct err_num run;
    bool good = true;
    if (!read_key(f, v, secret)) return err_set(err, ERR_REFUSED, "vote.key_lost", "run", err_i64(&run, v->run), NULL);
    /* In the order of their random keys. */
    struct stmt *s = store_stmt(db, "select box from flow_ballot where run = ?1 and entry = ?2 order by id", err);
    int rc = s ? 1 : err->code;
    if (s) {
        stmt_bind_int(s, 1, v->run);
        stmt_bind_int(s, 2, v->entry);
        while (good && (rc = stmt_step(s, err)) == 1)
            good = open_box(s, v, key, secret, counts);
        stmt_done(s);
    }
    sodium_memzero(secret, sizeof(secret));
    if (!good) return err_set(err, ERR_REFUSED, "vote.boxes", "run", err_i64(&run, v->run), NULL);
    return rc < 0 ? rc : 0;
}
