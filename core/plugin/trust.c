/* The list of trusted keys: read whole, changed in memory, written beside and renamed. */
#include "plugin/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/sign.h"

enum { FILE_MAX = 64 << 10, PATH_LEN = 600, NAME_MAX_HERE = 100 };

static int fail(const char *path, struct err *err)
{
    return err_set(err, ERR_IO, "plugin.file", "file", path, "detail", strerror(errno), NULL);
}

static int read_list(const char *dir, struct buf *out, struct err *err)
{
    char path[PATH_LEN], block[4096];
    ssize_t n;
    buf_init(out, FILE_MAX);
    snprintf(path, sizeof(path), "%s/trusted_keys", dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 0 : fail(path, err);
    while ((n = read(fd, block, sizeof(block))) > 0)
        buf_add(out, block, (size_t)n);
    int rc = n < 0 ? fail(path, err) : buf_ok(out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
    close(fd);
    return rc;
}

/* Calls once a line with key and name; lines that are none are passed over. */
static const char *next_key(const char *at, char key[SIGN_KEY_LEN], char name[NAME_MAX_HERE])
{
    while (at && *at) {
        size_t len = strcspn(at, "\n");
        const char *line = at;
        at += len + (at[len] == '\n');
        if (len < SIGN_KEY_LEN - 1 || (len >= SIGN_KEY_LEN && line[SIGN_KEY_LEN - 1] != ' ')) continue;
        snprintf(key, SIGN_KEY_LEN, "%s", line);
        snprintf(name, NAME_MAX_HERE, "%.*s", len > SIGN_KEY_LEN ? (int)(len - SIGN_KEY_LEN) : 0,
                 len > SIGN_KEY_LEN ? line + SIGN_KEY_LEN : "");
        if (sign_is_key(key)) return at;
    }
    return NULL;
}

int trust_has(const char *data_dir, const char *key, struct err *err)
{
    struct buf text;
    char found[SIGN_KEY_LEN], name[NAME_MAX_HERE];
    int rc = read_list(data_dir, &text, err);
    for (const char *at = text.data; rc == 0 && (at = next_key(at, found, name));)
        if (strcmp(found, key) == 0) rc = 1;
    buf_close(&text);
    return rc;
}

int trust_list(const char *data_dir, struct arena *a, struct val *out, struct err *err)
{
    struct buf text;
    char key[SIGN_KEY_LEN], name[NAME_MAX_HERE];
    int rc = read_list(data_dir, &text, err);
    *out = val_list();
    for (const char *at = text.data; rc == 0 && (at = next_key(at, key, name));) {
        struct val one = val_map();
        char *k = arena_strdup(a, key), *n = arena_strdup(a, name);
        if (!k || !n || val_set(a, &one, "key", val_str(k)) != 0 || val_set(a, &one, "name", val_str(n)) != 0 ||
            val_add(a, out, one) != 0)
            rc = err_set(err, ERR_NOMEM, "memory", NULL);
    }
    buf_close(&text);
    return rc;
}

static int write_list(const char *dir, const struct buf *text, struct err *err)
{
    char path[PATH_LEN], beside[PATH_LEN + 8];
    struct stat st;
    snprintf(path, sizeof(path), "%s/trusted_keys", dir);
    snprintf(beside, sizeof(beside), "%s.new", path);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) return fail(dir, err);
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    size_t len = text->data ? text->len : 0;
    bool ok = folder >= 0 && fd >= 0 && (len == 0 || write(fd, text->data, len) == (ssize_t)len) && fsync(fd) == 0;
    /* Root's own file in a directory of the service's user would shut that user out. */
    if (ok && geteuid() == 0 && fstat(folder, &st) == 0) ok = fchown(fd, st.st_uid, st.st_gid) == 0;
    if (ok) ok = rename(beside, path) == 0 && fsync(folder) == 0;
    int rc = ok ? 0 : fail(path, err);
    if (fd >= 0) close(fd);
    if (folder >= 0) close(folder);
    return rc;
}

/* The list without `key`, and with it at the end when there is a name. */
static int change(const char *dir, const char *key, const char *named, struct err *err)
{
    struct buf old, text;
    char found[SIGN_KEY_LEN], name[NAME_MAX_HERE];
    bool was_there = false;
    if (!sign_is_key(key)) return err_set(err, ERR_INVALID, "pack.key", "key", key, NULL);
    if (named && (strlen(named) >= NAME_MAX_HERE || strpbrk(named, "\n\r")))
        return err_set(err, ERR_INVALID, "pack.key_name", NULL);
    int rc = read_list(dir, &old, err);
    buf_init(&text, FILE_MAX);
    for (const char *at = old.data; rc == 0 && (at = next_key(at, found, name));) {
        bool same = strcmp(found, key) == 0;
        was_there |= same;
        if (!same) buf_printf(&text, "%s %s\n", found, name);
    }
    if (rc == 0 && named) buf_printf(&text, "%s %s\n", key, named);
    if (rc == 0 && !buf_ok(&text)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (rc == 0 && !named && !was_there) rc = err_set(err, ERR_NOT_FOUND, "pack.no_key", "key", key, NULL);
    if (rc == 0) rc = write_list(dir, &text, err);
    buf_close(&old);
    buf_close(&text);
    return rc;
}

int trust_add(const char *data_dir, const char *key, const char *name, struct err *err)
{
    return change(data_dir, key, name ? name : "", err);
}

int trust_remove(const char *data_dir, const char *key, struct err *err)
{
    return change(data_dir, key, NULL, err);
}
