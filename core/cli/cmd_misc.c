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

static const char *text_of(const struct cli *c, const char *key)
{
    const char *text = locale_text(c->lang, key);
    return text ? text : key;
}

static void print_padded(const char *text, size_t width)
{
    size_t w = cli_width(text, strlen(text));
    printf("%s%*s", text, w < width ? (int)(width - w) : 0, "");
}

/* `mark`, `what`: of the catalogue. */
static void print_line(const struct cli *c, const char *mark, const char *what, const char *value)
{
    print_padded(text_of(c, mark), 6);
    print_padded(what, 12);
    putchar(' ');
    if (value) cli_show(stdout, value, strlen(value));
    putchar('\n');
}

static void line(struct finding *f, bool good, const char *what, const char *value)
{
    print_line(f->c, good ? "doctor.good" : "doctor.bad", text_of(f->c, what), value);
    f->bad += !good;
}

/* A sentence of the catalogue with one number in it. */
static void line_number(struct finding *f, bool good, const char *what, const char *key, int64_t n)
{
    struct err_num num;
    struct buf b;
    buf_init(&b, 1024);
    locale_format(&b, f->c->lang, key, "n", err_i64(&num, n), NULL);
    line(f, good, what, b.data ? b.data : "");
    buf_close(&b);
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
        print_line(f->c, ok ? "doctor.good" : "doctor.look", val_get_str(p, "part"),
                   val_get_str(p, ok ? "value" : "why"));
    }
    return 0;
}

/* What may go wrong later: no failure yet. */
static int show_warnings(struct finding *f)
{
    struct val none = val_list(), out;
    struct err err = {0};
    if (cli_call(f->c, "task.warnings", &none, NULL, &out, &err) != 0) return cli_fail(f->c, &err);
    for (size_t i = 0; val_at(&out, i); i++)
        print_line(f->c, "doctor.look", "tasks", val_cstr(&f->c->arena, val_at(&out, i)));
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
    snprintf(text, sizeof(text), "%s %s, %ld CPU", u.sysname, u.release, sysconf(_SC_NPROCESSORS_ONLN));
    line(&f, true, "doctor.machine", text);
    bool there = access(c->data, F_OK) == 0;
    bool writable = there && access(c->data, W_OK) == 0;
    line(&f, !there || writable, "doctor.data",
         writable ? c->data : text_of(c, there ? "doctor.not_writable" : "doctor.not_made"));
    if (there && statvfs(c->data, &fs) == 0) {
        int64_t mib = (int64_t)((unsigned long long)fs.f_bavail * fs.f_frsize >> 20);
        line_number(&f, mib > 100, "doctor.disk", "doctor.free", mib);
    }
    bool runs = cli_has_service(c);
    line(&f, true, "doctor.service", text_of(c, runs ? "doctor.runs" : "doctor.runs_not"));
    if (!there) return f.bad ? CLI_FAILED : CLI_DONE;
    if (runs && show_locks(&f) != 0) return CLI_FAILED;
    if (cli_list(c, "plugin.list", &out, &err) != 0) return cli_fail(c, &err);
    for (size_t i = 0; val_at(&out, i); i++) {
        const struct val *p = val_at(&out, i);
        bool active = val_is_str(val_get(p, "state"), "active");
        snprintf(text, sizeof(text), "%s %s", val_get_str(p, "name"), active ? "" : val_get_str(p, "why"));
        line(&f, active, "doctor.plugin", text);
    }
    if (show_warnings(&f) != 0) return CLI_FAILED;
    if (cli_call(c, "system.verify", &none, NULL, &out, &err) != 0) return cli_fail(c, &err);
    line_number(&f, out.as.list.n == 0, "doctor.database", "doctor.findings", (int64_t)out.as.list.n);
    return f.bad ? CLI_FAILED : CLI_DONE;
}
