/* What authentication has at its start: its settings and its key.
 *
 * The key file is not in the database, so that a stolen copy of the database alone gives no second factor away. */
#include "people/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/mem.h"
#include "audit/audit.h"
#include "people/auth_internal.h"
#include "runtime/log.h"

enum { KEY_LEN = 32, PATH_LEN = 600 };

static int fail(const char *path, struct err *err)
{
    return err_set(err, ERR_IO, "auth.key", "file", path, "detail", strerror(errno), NULL);
}

/* 1 read, 0 not there. */
static int read_key(const char *path, uint8_t key[KEY_LEN], struct err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 0 : fail(path, err);
    bool whole = read(fd, key, KEY_LEN) == KEY_LEN && fstat(fd, &st) == 0 && st.st_size == KEY_LEN;
    bool shut = whole && (st.st_mode & 077) == 0;
    close(fd);
    if (!whole) errno = EINVAL;
    if (whole && !shut) errno = EPERM; /* others can read it: then it is none */
    return shut ? 1 : fail(path, err);
}

/* Written beside, then renamed: a key is there whole or not at all. */
static int make_key(const char *dir, const char *path, uint8_t key[KEY_LEN], struct err *err)
{
    char beside[PATH_LEN + 8];
    struct stat st;
    snprintf(beside, sizeof(beside), "%s.new", path);
    digest_random(key, KEY_LEN);
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = folder >= 0 && fd >= 0 && write(fd, key, KEY_LEN) == KEY_LEN && fsync(fd) == 0;
    /* Root's own file in a directory of the service's user would shut that user out. */
    if (ok && geteuid() == 0 && fstat(folder, &st) == 0) ok = fchown(fd, st.st_uid, st.st_gid) == 0;
    crash_point("auth.key_written");
    if (ok) ok = rename(beside, path) == 0 && fsync(folder) == 0;
    int rc = ok ? 0 : fail(path, err);
    if (fd >= 0) close(fd);
    if (folder >= 0) close(folder);
    return rc;
}

static void fill(struct auth_options *o)
{
    if (!o->url || !*o->url) o->url = "http://127.0.0.1:8080";
    if (!o->password_length) o->password_length = 12;
    if (!o->lock_after) o->lock_after = 5;
    if (!o->lock_ms) o->lock_ms = 30000;
    if (!o->lock_most_ms) o->lock_most_ms = 15 * 60000;
    if (!o->address_after) o->address_after = 50;
    if (!o->idle_ms) o->idle_ms = 12 * INT64_C(3600000);
    if (!o->session_ms) o->session_ms = 30 * INT64_C(86400000);
    if (!o->link_ms) o->link_ms = 30 * 60000;
}

int auth_open(struct host *host, const struct auth_options *o, struct auth **out, struct err *err)
{
    char path[PATH_LEN];
    uint8_t key[KEY_LEN];
    snprintf(path, sizeof(path), "%s/auth.key", host->data_dir);
    int rc = read_key(path, key, err);
    if (rc == 0) rc = make_key(host->data_dir, path, key, err);
    if (rc < 0) return rc;
    struct auth *a = mem_alloc(sizeof(*a));
    if (o) a->o = *o;
    fill(&a->o);
    secret_derive(key, "csrf", a->csrf_key);
    secret_derive(key, "once", a->once_key);
    secret_derive(key, "totp", a->totp_key);
    secret_derive(key, "oidc", a->oidc_key);
    secret_forget(key, sizeof(key));
    *out = a;
    return 0;
}

void auth_close(struct auth *a)
{
    if (!a) return;
    secret_forget(a, sizeof(*a));
    mem_free(a);
}

int auth_run(struct store *db, const char *sql, int64_t a, int64_t b, int64_t c, struct err *err)
{
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    int n = stmt_bind_count(s);
    if (n > 0) stmt_bind_int(s, 1, a);
    if (n > 1) stmt_bind_int(s, 2, b);
    if (n > 2) stmt_bind_int(s, 3, c);
    return stmt_run(s, err);
}

int auth_tell(struct session *s, const char *verb, int64_t account, const char *how, struct err *err)
{
    struct val after = how ? val_str(how) : val_nil();
    return audit_add(
        s, &(struct audit_entry){.verb = verb, .kind = "user", .id = account, .after = how ? &after : NULL}, err);
}
