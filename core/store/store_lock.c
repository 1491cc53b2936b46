/* The data directory: one process at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/store.h"

struct store_lock {
    int fd;
};

static int fail(const char *dir, struct err *err)
{
    return err_set(err, ERR_IO, "data.dir", "dir", dir, "detail", strerror(errno), NULL);
}

int store_lock_dir(const char *dir, struct store_lock **out, struct err *err)
{
    char path[600], pid[24] = "";
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) return fail(dir, err);
    snprintf(path, sizeof(path), "%s/lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return fail(dir, err);
    int locked = flock(fd, LOCK_EX | LOCK_NB);
    if (locked != 0 && errno != EWOULDBLOCK) {
        fail(dir, err);
        close(fd);
        return ERR_IO;
    }
    if (locked != 0) {
        ssize_t n = read(fd, pid, sizeof(pid) - 1);
        pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
        close(fd);
        return err_set(err, ERR_CONFLICT, "data.locked", "dir", dir, "pid", pid, NULL);
    }
    int n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)n, 0) != n) {
        fail(dir, err);
        close(fd);
        return ERR_IO;
    }
    *out = mem_alloc(sizeof(**out));
    (*out)->fd = fd;
    return 0;
}

void store_unlock_dir(struct store_lock *l)
{
    if (!l) return;
    close(l->fd);
    mem_free(l);
}
