/* The bytes of files. Written beside under a name of its own, brought to the disk, then renamed to their digest: a file
 * of that name is whole or is not there. The same bytes twice are one file; they are written all the same and take the
 * place of those that were there, so that their age says when they came last (the sweep goes by it). */
#include "file/file_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/crash.h"

enum { HEAD = 4096, FOLDER_LEN = 600, BELOW_LEN = FOLDER_LEN + 8 };

struct file_bytes {
    char folder[FOLDER_LEN]; /* DATA/files */
    char beside[FILE_PATH_LEN];
    int fd;
    int64_t size, most;
    struct digest digest;
    char hash[DIGEST_HEX];
    unsigned char head[HEAD];
    size_t nhead;
};

static int fail(const char *path, struct err *err)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    return err_set(err, full ? ERR_FULL : ERR_IO, full ? "file.full" : "file.write", "file", path, "detail",
                   strerror(errno), NULL);
}

static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0) close(fd);
    return rc;
}

/* A folder that is new is on the disk before anything in it counts. */
static int make_folder(const char *path, const char *parent, struct err *err)
{
    if (mkdir(path, 0700) == 0) return sync_folder(parent) ? fail(parent, err) : 0;
    return errno == EEXIST ? 0 : fail(path, err);
}

void file_bytes_path(const char *data_dir, const char *hash, char out[FILE_PATH_LEN])
{
    snprintf(out, FILE_PATH_LEN, "%s/files/%.2s/%s", data_dir, hash, hash + 2);
}

int file_bytes_new(const char *data_dir, int64_t most, struct file_bytes **out, struct err *err)
{
    struct file_bytes *b = mem_alloc(sizeof(*b));
    char tmp[BELOW_LEN];
    uint64_t random[2];
    digest_random(random, sizeof(random));
    snprintf(b->folder, sizeof(b->folder), "%s/files", data_dir);
    snprintf(tmp, sizeof(tmp), "%s/tmp", b->folder);
    snprintf(b->beside, sizeof(b->beside), "%s/%016llx%016llx", tmp, (unsigned long long)random[0],
             (unsigned long long)random[1]);
    b->fd = -1;
    b->most = most;
    digest_begin(&b->digest);
    int rc = make_folder(b->folder, data_dir, err);
    if (rc == 0) rc = make_folder(tmp, b->folder, err);
    if (rc == 0) b->fd = open(b->beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (rc == 0 && b->fd < 0) rc = fail(b->beside, err);
    if (rc) {
        file_bytes_free(b);
        return rc;
    }
    *out = b;
    return 0;
}

int file_bytes_add(struct file_bytes *b, const void *p, size_t n, struct err *err)
{
    struct err_num most;
    const char *at = p;
    if (n > (size_t)(b->most - b->size))
        return err_set(err, ERR_LIMIT, "file.size", "bytes", err_i64(&most, b->most), NULL);
    for (size_t left = n; left > 0;) {
        ssize_t done = write(b->fd, at, left);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return fail(b->beside, err);
        at += done;
        left -= (size_t)done;
    }
    size_t room = HEAD - b->nhead, first = n < room ? n : room;
    memcpy(b->head + b->nhead, p, first);
    b->nhead += first;
    b->size += (int64_t)n;
    digest_add(&b->digest, p, n);
    return 0;
}

int file_bytes_keep(struct file_bytes *b, struct err *err)
{
    char path[FILE_PATH_LEN], folder[BELOW_LEN];
    const char *hash = file_bytes_hash(b);
    snprintf(folder, sizeof(folder), "%s/%.2s", b->folder, hash);
    snprintf(path, sizeof(path), "%s/%s", folder, hash + 2);
    crash_point("file.written");
    int rc = make_folder(folder, b->folder, err);
    if (rc == 0 && fsync(b->fd) != 0) rc = fail(b->beside, err);
    crash_point("file.synced");
    if (rc == 0 && rename(b->beside, path) != 0) rc = fail(path, err);
    if (rc) return rc;
    b->beside[0] = '\0';
    crash_point("file.renamed");
    rc = sync_folder(folder) ? fail(folder, err) : 0;
    crash_point("file.kept");
    return rc;
}

void file_bytes_free(struct file_bytes *b)
{
    if (!b) return;
    if (b->fd >= 0) {
        close(b->fd);
        if (b->beside[0]) unlink(b->beside);
    }
    mem_free(b);
}

int64_t file_bytes_size(const struct file_bytes *b)
{
    return b->size;
}

const char *file_bytes_hash(struct file_bytes *b)
{
    uint8_t digest[DIGEST_LEN];
    if (!b->hash[0]) {
        digest_end(&b->digest, digest);
        digest_hex(digest, b->hash);
    }
    return b->hash;
}

const char *file_bytes_type(const struct file_bytes *b)
{
    return file_type_of(b->head, b->nhead);
}

int file_bytes_open(const char *data_dir, const char *hash)
{
    char path[FILE_PATH_LEN];
    file_bytes_path(data_dir, hash, path);
    return open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

int file_bytes_there(const char *data_dir, const char *hash, int64_t size)
{
    char path[FILE_PATH_LEN];
    struct stat st;
    file_bytes_path(data_dir, hash, path);
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == size;
}
