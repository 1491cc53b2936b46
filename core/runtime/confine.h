/* What the process takes from itself before the first plugin is loaded, so that a hole in the sandbox leads nowhere:
 * rights of root, new privileges, system calls (seccomp), files and listening (Landlock), memory dumps.
 *
 * Called on the main thread while it is the only one: Landlock holds for a thread and those that it makes later. What
 * the kernel does not have is left out and told (CONFINE_AUTO), or ends the start (CONFINE_ON).
 *
 *     confine_user("khung", data_dir, err);  bind the ports before, open the database after
 *     confine_start(&options, &confine, err);  the last thing before threads start */
#ifndef KHUNG_CONFINE_H
#define KHUNG_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

enum confine_mode { CONFINE_AUTO, CONFINE_ON, CONFINE_OFF };
enum { CONFINE_READ_MAX = 64, CONFINE_PARTS = 7 };

struct confine_options {
    enum confine_mode mode;
    const char *data_dir;    /* read and written */
    const char *const *read; /* folders and files that are read beside those of the system */
    size_t nread;
    bool core_dumps;
};

/* What was asked and got at the start. Read only afterwards: any thread. */
struct confine {
    enum confine_mode mode;
    bool started, core_dumps;
    int landlock; /* the kernel's level, 0: none in force */
    bool seccomp;
    char landlock_why[80], seccomp_why[80]; /* what the kernel said when it refused */
};

/* Becomes `user` (NULL or "": nobody else) with its groups, for good. Makes the data directory for that user; one
 * that belongs to another is refused. Running as root is told in the log. */
int confine_user(const char *user, const char *data_dir, struct err *err);
/* A command of root's on a data directory of another user becomes that user: what it makes there must be the service's.
 */
int confine_as_owner(const char *data_dir, struct err *err);
int confine_start(const struct confine_options *o, struct confine *c, struct err *err);

/* Looks at what is in force for the calling thread now: asks the kernel, not the record. */
struct confine_part {
    const char *name; /* "user" "privileges" "seccomp" "landlock" "listening" "dumps" "names" */
    bool ok;
    char value[96];  /* of its sentence "confine.is.NAME" */
    const char *why; /* key of the catalogue with a remedy, NULL when ok */
    char detail[80]; /* its {detail} */
};
void confine_look(const struct confine *c, struct confine_part out[CONFINE_PARTS]);

#endif
