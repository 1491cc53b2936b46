/* khung doctor: machine, data, service. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/locale.h"
#include "cli/cli.h"

struct finding {
    int bad;
    struct cli *c;
};

static void line(struct finding *f, bool good, const char *what, const char *value)
{
    printf("%s  %-12s %s\n", good ? "ok  " : "BAD ", what, value);
    f->bad += !good;
}

/* What keeps the running service locked in. What does not is shown with its remedy, and is no failure: an office may
 * have no better kernel. */
static int show_locks(struct finding *f)
{
    struct val none = val_list(), out;
    struct err err = {0};
    if (cli_call(f->c, "system.confinement", &none, NULL, &out, &err) != 0) return cli_fail(f->c, &err);
    for (size_t i = 0; val_at(&out, i); i++) {
        const struct val *p = val_at(&out, i);
        bool ok = val_get_bool(p, "ok", false);
        printf("%s  %-12s %s\n", ok ? "ok  " : "LOOK", val_get_str(p, "part"), val_get_str(p, ok ? "value" : "why"));
    }
    return 0;
}

int cli_doctor(struct cli *c)
{
    struct finding f = {.c = c};
    struct utsname u;
    struct statvfs fs;
    struct val none = val_list(), out;
    struct err err = {0};
    char text[300];
    uname(&u);
    snprintf(text, sizeof(text), "%s %s, %ld cores", u.sysname, u.release, sysconf(_SC_NPROCESSORS_ONLN));
    line(&f, true, "machine", text);
    bool there = access(c->data, F_OK) == 0;
    bool writable = there && access(c->data, W_OK) == 0;
    line(&f, !there || writable, "data", writable ? c->data : there ? "not writable" : "not made yet");
    if (there && statvfs(c->data, &fs) == 0) {
        unsigned long long mib = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
        snprintf(text, sizeof(text), "%llu MiB free", mib);
        line(&f, mib > 100, "disk", text);
    }
    bool runs = cli_has_service(c);
    line(&f, true, "service", runs ? "running" : "not running");
    if (!there) return f.bad ? CLI_FAILED : CLI_DONE;
    if (runs && show_locks(&f) != 0) return CLI_FAILED;
    if (cli_call(c, "plugin.list", &none, NULL, &out, &err) != 0) return cli_fail(c, &err);
    for (size_t i = 0; val_at(&out, i); i++) {
        const struct val *p = val_at(&out, i);
        bool active = val_is_str(val_get(p, "state"), "active");
        snprintf(text, sizeof(text), "%s %s", val_get_str(p, "name"), active ? "" : val_get_str(p, "why"));
        line(&f, active, "plugin", text);
    }
    if (cli_call(c, "system.verify", &none, NULL, &out, &err) != 0) return cli_fail(c, &err);
    snprintf(text, sizeof(text), "%zu findings", out.as.list.n);
    line(&f, out.as.list.n == 0, "database", text);
    return f.bad ? CLI_FAILED : CLI_DONE;
}
