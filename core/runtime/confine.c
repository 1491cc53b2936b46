/* What the process gives up at its start, in this order: the rights of root, memory dumps, new privileges, files
 * (Landlock), system calls (seccomp). And what of it is in force, as the kernel tells. */
#include "runtime/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/confine_internal.h"
#include "runtime/log.h"

enum { PASSWD_MAX = 16384, SECCOMP_FILTERED = 2 };

/* The directory of a user that this process can still make anything of. */
static int own_data(const struct passwd *pw, const char *dir, struct err *err)
{
    char path[600];
    struct stat st;
    bool made = mkdir(dir, 0700) == 0;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || fstat(fd, &st) != 0 || (made && fchown(fd, pw->pw_uid, pw->pw_gid) != 0) ? -1 : 0;
    if (rc) rc = err_set(err, ERR_IO, "data.dir", "dir", dir, "detail", strerror(errno), NULL);
    if (fd >= 0) close(fd);
    if (rc) return rc;
    /* Also a database that an earlier start as root has left there. */
    snprintf(path, sizeof(path), "%s/khung.db", dir);
    if ((made || st.st_uid == pw->pw_uid) && (stat(path, &st) != 0 || st.st_uid == pw->pw_uid)) return 0;
    return err_set(err, ERR_DENIED, "confine.data_owner", "dir", dir, "user", pw->pw_name, NULL);
}

static int become(const struct passwd *pw, struct err *err)
{
    if (initgroups(pw->pw_name, pw->pw_gid) == 0 && setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == 0 &&
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == 0 && setuid(0) != 0)
        return 0;
    return err_set(err, ERR_DENIED, "confine.drop", "user", pw->pw_name, "detail", strerror(errno), NULL);
}

int confine_user(const char *user, const char *data_dir, struct err *err)
{
    struct passwd space, *pw = NULL;
    char text[PASSWD_MAX];
    if (!user || !*user) {
        if (geteuid() == 0) log_warn("confine.root", "remedy", "user = NAME", NULL);
        return 0;
    }
    if (getpwnam_r(user, &space, text, sizeof(text), &pw) != 0 || !pw)
        return err_set(err, ERR_NOT_FOUND, "confine.no_user", "user", user, NULL);
    if (pw->pw_uid == geteuid() && pw->pw_uid != 0) return 0;
    if (pw->pw_uid == 0 || geteuid() != 0) return err_set(err, ERR_INVALID, "confine.bad_user", "user", user, NULL);
    int rc = own_data(pw, data_dir, err);
    if (rc == 0) rc = become(pw, err);
    if (rc == 0) log_info("confine.user", "user", user, NULL);
    return rc;
}

int confine_as_owner(const char *data_dir, struct err *err)
{
    struct passwd space, *pw = NULL;
    char text[PASSWD_MAX];
    struct stat st;
    if (geteuid() != 0 || stat(data_dir, &st) != 0 || st.st_uid == 0) return 0;
    if (getpwuid_r(st.st_uid, &space, text, sizeof(text), &pw) != 0 || !pw) return 0; /* a number without an account */
    return become(pw, err);
}

static void stop_dumps(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int missing(const char *part, const char *why, struct err *err)
{
    return err_set(err, ERR_REFUSED, "confine.missing", "part", part, "detail", why, NULL);
}

int confine_start(const struct confine_options *o, struct confine *c, struct err *err)
{
    char level[24];
    *c = (struct confine){.mode = o->mode, .core_dumps = o->core_dumps};
    if (!o->core_dumps) stop_dumps();
    c->started = o->mode != CONFINE_OFF;
    if (!c->started) {
        log_warn("confine.off", NULL);
        return 0;
    }
    bool privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (!privileges && o->mode == CONFINE_ON) return missing("no_new_privs", strerror(errno), err);
    c->landlock = confine_landlock(o, c->landlock_why);
    if (!c->landlock && o->mode == CONFINE_ON) return missing("Landlock", c->landlock_why, err);
    c->seccomp = confine_seccomp(c->seccomp_why);
    if (!c->seccomp && o->mode == CONFINE_ON) return missing("seccomp", c->seccomp_why, err);
    snprintf(level, sizeof(level), "%d", c->landlock);
    log_write(c->seccomp && c->landlock ? LOG_INFO : LOG_WARN, "confine.on", "seccomp",
              c->seccomp ? "yes" : c->seccomp_why, "landlock", c->landlock ? level : c->landlock_why, NULL);
    return 0;
}

static void set(struct confine_part *p, const char *name, bool ok, const char *value, const char *why)
{
    *p = (struct confine_part){.name = name, .ok = ok, .why = ok ? NULL : why};
    snprintf(p->value, sizeof(p->value), "%s", value);
}

/* What lies outside of all that was allowed. */
static bool is_outside_closed(void)
{
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) close(fd);
    return fd < 0 && errno == EACCES;
}

static bool is_binding_closed(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    bool closed = bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 && errno == EACCES;
    close(fd);
    return closed;
}

/* A rule holds for a file, not its name: one that was put in its place since the start is shut. */
static bool is_stale(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) close(fd);
    return fd < 0 && errno == EACCES;
}

static void look_user(struct confine_part *p)
{
    char text[64];
    snprintf(text, sizeof(text), "%d:%d", (int)geteuid(), (int)getegid());
    set(p, "user", geteuid() != 0, text, "confine.root");
}

void confine_look(const struct confine *c, struct confine_part out[CONFINE_PARTS])
{
    char level[40];
    struct rlimit core = {0};
    bool off = !c->started;
    look_user(&out[0]);
    bool nnp = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    set(&out[1], "privileges", nnp, "", off ? "confine.off" : "confine.gain");
    bool filter = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_FILTERED;
    set(&out[2], "seccomp", filter, "", off ? "confine.off" : "confine.no_seccomp");
    snprintf(out[2].detail, sizeof(out[2].detail), "%s", c->seccomp_why);
    bool closed = is_outside_closed();
    snprintf(level, sizeof(level), "%d", c->landlock);
    set(&out[3], "landlock", closed, level, off ? "confine.off" : "confine.no_landlock");
    snprintf(out[3].detail, sizeof(out[3].detail), "%s", c->landlock_why);
    bool bound = is_binding_closed();
    set(&out[4], "listening", bound, "", off ? "confine.off" : "confine.no_binding");
    getrlimit(RLIMIT_CORE, &core);
    bool dumps = core.rlim_cur != 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
    set(&out[5], "dumps", !dumps, "", "confine.dumps");
    bool stale = is_stale("/etc/resolv.conf") || is_stale("/etc/hosts");
    set(&out[6], "names", !stale, "", "confine.stale");
}
