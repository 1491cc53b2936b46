/* Installing: write beside, sync, exchange two folders by one rename, sync, clear away. Paths are opened one component
 * at a time below a descriptor and without following links, so that nothing can be led elsewhere meanwhile. */
#include "plugin/pack_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/crash.h"

#define STAGE ".install"
enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

struct pack_place {
    int fd;
    char dir[512];
};

static int fail(const struct pack_place *p, const char *what, struct err *err)
{
    char path[800];
    snprintf(path, sizeof(path), "%s/%s", p->dir, what);
    return err_set(err, ERR_IO, "pack.write", "file", path, "detail", strerror(errno), NULL);
}

/* A file, or a folder with all in it. Links are removed, not followed. */
static int remove_tree(int dir, const char *name)
{
    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT) return 0;
    int fd = openat(dir, name, FOLDER), rc = 0;
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0) close(fd);
        return -1;
    }
    for (struct dirent *e; (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) rc |= remove_tree(dirfd(d), e->d_name);
    closedir(d);
    return rc | unlinkat(dir, name, AT_REMOVEDIR);
}

int pack_place_open(const char *dir, struct pack_place **out, struct err *err)
{
    struct pack_place *p = mem_alloc(sizeof(*p));
    int rc = 0;
    snprintf(p->dir, sizeof(p->dir), "%s", dir);
    p->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->fd < 0)
        rc = err_set(err, ERR_IO, "pack.write", "file", dir, "detail", strerror(errno), NULL);
    else if (flock(p->fd, LOCK_EX | LOCK_NB) != 0)
        rc = err_set(err, ERR_CONFLICT, "pack.busy", "dir", dir, NULL);
    else if (remove_tree(p->fd, STAGE) != 0)
        rc = fail(p, STAGE, err);
    if (rc == 0) {
        *out = p;
        return 0;
    }
    if (p->fd >= 0) close(p->fd);
    mem_free(p);
    return rc;
}

void pack_place_close(struct pack_place *p)
{
    if (!p) return;
    remove_tree(p->fd, STAGE);
    close(p->fd);
    mem_free(p);
}

/* Opens the folder of a path below `fd`, making what is not there; `last` is the file's own name. */
static int open_parent(int fd, const char *path, const char **last)
{
    int at = dup(fd);
    for (*last = path; at >= 0;) {
        char name[PACK_PATH_MAX + 1];
        size_t n = strcspn(*last, "/");
        if (!(*last)[n]) return at;
        snprintf(name, sizeof(name), "%.*s", (int)n, *last);
        if (mkdirat(at, name, 0755) == 0 || errno == EEXIST) {
            int next = openat(at, name, FOLDER);
            close(at);
            at = next;
            if (at >= 0) fchmod(at, 0755); /* whatever the umask: the service reads as another user */
        } else {
            close(at);
            return -1;
        }
        *last += n + 1;
    }
    return at;
}

static int write_file(int fd, const struct plugin_file *f)
{
    const char *name;
    int dir = open_parent(fd, f->path, &name), file = -1, rc = -1;
    if (dir >= 0) file = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file >= 0) {
        size_t done = 0;
        rc = fchmod(file, 0644);
        while (rc == 0 && done < f->len) {
            ssize_t n = write(file, f->text + done, f->len - done);
            if (n <= 0) rc = -1;
            done += n > 0 ? (size_t)n : 0;
        }
        if (close(file) != 0) rc = -1;
    }
    int error = errno;
    if (dir >= 0) close(dir);
    errno = error;
    return rc;
}

int pack_place_write(struct pack_place *p, const struct pack *pack, struct err *err)
{
    char path[PACK_NAME_MAX + 16];
    int rc = 0, fd = -1;
    snprintf(path, sizeof(path), STAGE "/%s", pack->name);
    if (mkdirat(p->fd, STAGE, 0755) == 0 && mkdirat(p->fd, path, 0755) == 0) fd = openat(p->fd, path, FOLDER);
    if (fd < 0 || fchmod(fd, 0755) != 0) rc = fail(p, path, err);
    crash_point("pack.begun");
    for (size_t i = 0; rc == 0 && i < pack->nfiles; i++) {
        if (write_file(fd, &pack->files[i]) != 0) rc = fail(p, pack->files[i].path, err);
        crash_point("pack.file_written");
    }
    /* One call for up to 500 files and their folders. */
    if (rc == 0 && syncfs(p->fd) != 0) rc = fail(p, path, err);
    if (fd >= 0) close(fd);
    crash_point("pack.written");
    return rc;
}

int pack_place_swap(struct pack_place *p, const char *name, struct err *err)
{
    char staged[PACK_NAME_MAX + 16];
    struct stat st;
    snprintf(staged, sizeof(staged), STAGE "/%s", name);
    bool is_there = fstatat(p->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (renameat2(p->fd, staged, p->fd, name, is_there ? RENAME_EXCHANGE : RENAME_NOREPLACE) != 0)
        return err_set(err, ERR_IO, "pack.exchange", "dir", p->dir, "detail", strerror(errno), NULL);
    crash_point("pack.exchanged");
    if (syncfs(p->fd) != 0) return fail(p, name, err);
    crash_point("pack.synced");
    if (remove_tree(p->fd, STAGE) != 0) return fail(p, STAGE, err);
    crash_point("pack.cleared");
    return 0;
}
