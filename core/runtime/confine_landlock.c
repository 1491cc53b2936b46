/* Landlock: the process itself says which folders it will still need; the kernel then refuses all others, whoever runs
 * it. Libraries, zones, certificates and the files of name resolution are read; the data directory is written; nothing
 * is executed. No more TCP port can be bound, and no process outside can be signalled or reached by an abstract
 * socket. Constants are the kernel's, since older headers lack the later ones. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/confine_internal.h"

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_MAKE_SOCK = 1 << 9,
    FS_REFER = 1 << 13,
    FS_TRUNCATE = 1 << 14,
    FS_READ = FS_READ_FILE | FS_READ_DIR,
    FS_WRITE = FS_READ | FS_WRITE_FILE | FS_TRUNCATE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG |
               FS_MAKE_SOCK | FS_REFER,
    FS_OF_A_FILE = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE,
    NET_BIND_TCP = 1 << 0,
    SCOPE_ALL = 3, /* abstract sockets, signals */
};

/* The kernel's struct landlock_ruleset_attr as of level 6; older levels take the first fields. */
struct ruleset {
    uint64_t fs, net, scoped;
};

static const char *const system_read[] = {
    /* code and its data */
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/usr/share/zoneinfo",
    "/etc/localtime", "/dev/urandom", "/sys/devices/system/cpu",
    /* certificates; the private keys beside them are left out */
    "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
    "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted", "/etc/ca-certificates",
    /* names */
    "/etc/resolv.conf", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/etc/hosts",
    "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols"};

/* What a level of the kernel can refuse. */
static uint64_t handled(int level)
{
    uint64_t all = (1 << 13) - 1;
    if (level >= 2) all |= FS_REFER;
    if (level >= 3) all |= FS_TRUNCATE;
    if (level >= 5) all |= 1 << 15; /* ioctl on devices */
    return all;
}

/* A path that is not there now is left out. */
static int allow(int ruleset, const char *path, uint64_t rights)
{
    struct stat st;
    int rc = 0, fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
    if (fstat(fd, &st) != 0) {
        rc = -1;
    } else {
        if (!S_ISDIR(st.st_mode)) rights &= FS_OF_A_FILE;
        struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
        rc = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    int error = errno;
    close(fd);
    errno = error;
    return rc;
}

static int allow_all(int ruleset, const struct confine_options *o, uint64_t can)
{
    static const char *const variables[] = {"SSL_CERT_FILE", "SSL_CERT_DIR"};
    int rc = allow(ruleset, o->data_dir, FS_WRITE & can);
    if (rc == 0) rc = allow(ruleset, "/dev/null", (FS_READ_FILE | FS_WRITE_FILE) & can);
    for (size_t i = 0; rc == 0 && i < sizeof(system_read) / sizeof(system_read[0]); i++)
        rc = allow(ruleset, system_read[i], FS_READ & can);
    for (size_t i = 0; rc == 0 && i < o->nread; i++)
        rc = allow(ruleset, o->read[i], FS_READ & can);
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        const char *path = getenv(variables[i]);
        if (path) rc = allow(ruleset, path, FS_READ & can);
    }
    return rc;
}

int confine_landlock(const struct confine_options *o, char why[80])
{
    struct ruleset set = {0};
    int level = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION), ruleset = -1;
    if (level > 0) {
        size_t size = level >= 6 ? sizeof(set) : level >= 4 ? offsetof(struct ruleset, scoped) : sizeof(set.fs);
        set.fs = handled(level);
        set.net = level >= 4 ? NET_BIND_TCP : 0;
        set.scoped = level >= 6 ? SCOPE_ALL : 0;
        ruleset = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
    }
    int rc = ruleset < 0 ? -1 : allow_all(ruleset, o, set.fs);
    if (rc == 0) rc = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
    if (rc) snprintf(why, 80, "%s", strerror(errno));
    if (ruleset >= 0) close(ruleset);
    return rc ? 0 : level;
}
