/* How a command reaches the API: the running service over its socket, or the data directory itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/app.h"
#include "cli/cli.h"
#include "people/people.h"
#include "report/report.h"
#include "runtime/confine.h"
#include "runtime/log.h"

enum { LOCK_TRIES = 60 };

static int connect_service(struct cli *c)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/khung.sock", c->data);
    if (n >= (int)sizeof(addr.sun_path)) return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

bool cli_has_service(struct cli *c)
{
    int fd = connect_service(c);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static int broken(struct err *err)
{
    return err_set(err, ERR_IO, "cli.service", NULL);
}

static int send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) return ERR_IO;
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* Reads to the end: the request asks for the connection to be closed. */
static int receive_all(int fd, struct buf *b)
{
    char block[16384];
    ssize_t n;
    while ((n = recv(fd, block, sizeof(block), 0)) > 0)
        buf_add(b, block, (size_t)n);
    return n == 0 && buf_ok(b) ? 0 : ERR_IO;
}

/* A problem document (RFC 9457) becomes the error again. */
static int take_problem(struct cli *c, const struct val *doc, struct err *err)
{
    const char *detail = val_cstr(&c->arena, val_get(doc, "detail")), *key = val_cstr(&c->arena, val_get(doc, "code"));
    const char *where = val_cstr(&c->arena, val_get(doc, "where")), *hint = val_cstr(&c->arena, val_get(doc, "hint"));
    const char *incident = val_cstr(&c->arena, val_get(doc, "incident"));
    const char *whole = hint ? arena_printf(&c->arena, "%s %s", detail ? detail : "", hint) : detail;
    if (!detail) return broken(err);
    err_set_text(err, ERR_REFUSED, key ? key : "cli.refused", whole ? whole : detail);
    if (incident) snprintf(err->incident, sizeof(err->incident), "%s", incident);
    if (where) err_set_where(err, where, 0);
    return ERR_REFUSED;
}

/* The cursor in Link: </rpc?after=CURSOR>; rel="next" */
static void take_next(struct cli *c, const char *head, size_t len)
{
    static const char mark[] = "\r\nLink: </rpc?after=";
    char *lines = arena_strndup(&c->arena, head, len), *at = lines ? strstr(lines, mark) : NULL;
    if (at) c->next = arena_strndup(&c->arena, at + sizeof(mark) - 1, strcspn(at + sizeof(mark) - 1, ">"));
}

static int read_answer(struct cli *c, struct buf *b, struct val *out, struct err *err)
{
    int status = 0;
    char *body = b->data ? strstr(b->data, "\r\n\r\n") : NULL;
    if (!body || sscanf(b->data, "HTTP/1.1 %d", &status) != 1) return broken(err);
    take_next(c, b->data, (size_t)(body - b->data));
    body += 4;
    size_t len = b->len - (size_t)(body - b->data);
    *out = val_nil();
    if (len) {
        int rc = json_parse(body, len, &c->arena, out, err);
        if (rc) return rc;
    }
    return status < 300 ? 0 : take_problem(c, out, err);
}

static int call_service(struct cli *c, int fd, const char *name, const struct val *args, const char *as,
                        struct val *out, struct err *err)
{
    struct val doc = val_map();
    struct buf body, message;
    buf_init(&body, 64 << 20);
    buf_init(&message, 128 << 20);
    int rc = val_set(&c->arena, &doc, "call", val_str(name));
    if (rc == 0) rc = val_set(&c->arena, &doc, "args", *args);
    if (rc == 0) rc = val_set(&c->arena, &doc, "lang", val_str(c->lang));
    if (rc == 0 && as) rc = val_set(&c->arena, &doc, "as", val_str(as));
    if (rc == 0 && c->seen) rc = val_set(&c->arena, &doc, "seen", val_str(c->seen));
    json_write(&body, &doc);
    buf_printf(&message,
               "POST /rpc HTTP/1.1\r\nHost: khung\r\nContent-Type: application/json\r\nConnection: close\r\n"
               "Content-Length: %zu\r\n\r\n",
               body.len);
    buf_add(&message, body.data, body.len);
    if (rc || !buf_ok(&message) || send_all(fd, message.data, message.len) != 0) rc = broken(err);
    buf_clear(&message);
    if (rc == 0 && receive_all(fd, &message) != 0) rc = broken(err);
    if (rc == 0) rc = read_answer(c, &message, out, err);
    buf_close(&body);
    buf_close(&message);
    close(fd);
    return rc;
}

int cli_get(struct cli *c, const char *path, struct buf *out, const char **body, struct err *err)
{
    int fd = connect_service(c), status = 0;
    char head[200];
    int n = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: khung\r\nConnection: close\r\n\r\n", path);
    if (fd < 0) return err_set(err, ERR_REFUSED, "cli.no_service", "data", c->data, NULL);
    int rc = send_all(fd, head, (size_t)n);
    if (rc == 0) rc = receive_all(fd, out);
    close(fd);
    const char *end = out->data ? strstr(out->data, "\r\n\r\n") : NULL;
    if (rc || !end || sscanf(out->data, "HTTP/1.1 %d", &status) != 1 || status != 200) return broken(err);
    *body = end + 4;
    return 0;
}

size_t cli_plugin_dirs(struct cli *c, const char *dirs[CLI_DIRS_MAX])
{
    size_t n = 0;
    for (const char *p = c->plugins; *p && n < CLI_DIRS_MAX;) {
        size_t len = strcspn(p, ":");
        if (len) dirs[n++] = arena_strndup(&c->arena, p, len);
        p += len + (p[len] == ':');
    }
    return n;
}

struct text_sink {
    struct buf b;
};

static int write_text(void *ctx, const char *p, size_t n)
{
    struct text_sink *t = ctx;
    buf_add(&t->b, p, n);
    return buf_ok(&t->b) ? 0 : ERR_LIMIT;
}

/* Reports run on a reader: here one over a connection of its own, without a thread. */
static int run_report(struct cli *c, struct app *app, const struct app_call *call, struct val *out, struct err *err)
{
    struct text_sink sink;
    struct store *db = NULL;
    struct store_options o = {.path = app->db_path, .role = STORE_READER};
    const char *format = val_cstr(&c->arena, val_at(&call->args, 2));
    struct report_request q = {.name = val_cstr(&c->arena, val_at(&call->args, 0)),
                               .params = val_at(&call->args, 1),
                               .lang = c->lang,
                               .actor = call->actor,
                               .sink = {write_text, &sink}};
    if (!q.name) {
        struct registry *r = plugins_registry(app->host.plugins);
        struct val list;
        int rc = report_list(r, c->lang, &c->arena, &list, err);
        if (rc == 0) rc = val_copy(&c->arena, &list, out);
        registry_drop(r);
        return rc;
    }
    if (format && !report_format_parse(format, &q.format))
        return err_set(err, ERR_INVALID, "http.parameter", "name", "format", NULL);
    buf_init(&sink.b, 64 << 20);
    int rc = store_open(&o, &db, err);
    if (rc == 0) rc = report_run_here(&app->host, db, &q, err);
    *out = val_map();
    char *text = rc == 0 ? arena_strndup(&c->arena, sink.b.data ? sink.b.data : "", sink.b.len) : NULL;
    if (text) rc = val_set(&c->arena, out, "text", val_strn(text, sink.b.len));
    store_close(db);
    buf_close(&sink.b);
    return rc;
}

/* Without a service: this process is the lane for a moment. What is due meanwhile is done as well. */
static int call_here(struct cli *c, const char *name, const struct val *args, const char *as, struct val *out,
                     struct err *err)
{
    const char *dirs[CLI_DIRS_MAX];
    struct app app;
    struct app_options o = {.data_dir = c->data,
                            .plugin_dirs = dirs,
                            .nplugin_dirs = cli_plugin_dirs(c, dirs),
                            .zone = cli_flag(c, "zone"),
                            .settings = cli_flag(c, "settings")};
    struct app_call call = {.name = name, .args = *args, .lang = c->lang, .seen = c->seen, .next = &c->next};
    /* What is only tried must not begin to serve by that. */
    bool loads = !c->tries && strcmp(name, "run.try") != 0;
    if (!o.zone) o.zone = getenv("KHUNG_ZONE");
    if (!cli_flag(c, "verbose")) log_init(LOG_ERROR, false);
    umask(0077);
    int rc = confine_as_owner(c->data, err);
    if (rc == 0) rc = app_open(&app, &o, err);
    if (rc) return rc;
    if (loads) app_reload(&app, NULL, NULL, NULL);
    if (loads) app_run(&app);
    rc = as ? people_account_actor(app.db, as, &call.actor, err) : 0;
    if (rc == 0 && strncmp(name, "report.", 7) == 0)
        rc = run_report(c, &app, &call, out, err);
    else if (rc == 0)
        rc = app_call(&app, &call, &c->arena, out, err);
    if (loads) app_run(&app); /* what the call left to be kept: its error, too */
    app_close(&app);
    return rc;
}

/* What was found here, as a service would tell it: what is printed of it is then the same. */
static int as_told(struct cli *c, struct val *out, struct err *err)
{
    struct buf b;
    struct val told;
    buf_init(&b, 256 << 20);
    json_write(&b, out);
    int rc =
        buf_ok(&b) ? json_parse(b.data, b.len, &c->arena, &told, err) : err_set(err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&b);
    if (rc == 0) *out = told;
    return rc;
}

int cli_call(struct cli *c, const char *name, const struct val *args, const char *as, struct val *out, struct err *err)
{
    /* A service that is just starting holds the directory but has no socket yet: try both for a while. */
    c->next = NULL;
    for (int tries = 0;; tries++) {
        int fd = connect_service(c);
        if (fd >= 0) return call_service(c, fd, name, args, as, out, err);
        int rc = call_here(c, name, args, as, out, err);
        if (rc == 0) return as_told(c, out, err);
        if (rc != ERR_CONFLICT || strcmp(err->key, "data.locked") != 0 || tries == LOCK_TRIES) return rc;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
}

int cli_call_all(struct cli *c, const char *name, const struct val *args, struct val *options, const char *as,
                 struct val *out, struct err *err)
{
    enum { A_PAGE = 1000 };
    struct val page;
    int rc = val_set(&c->arena, options, "limit", val_int(A_PAGE));
    if (rc == 0) rc = cli_call(c, name, args, as, out, err);
    while (rc == 0 && c->next && out->type == VAL_LIST) {
        rc = val_set(&c->arena, options, "after", val_str(c->next));
        if (rc == 0) rc = cli_call(c, name, args, as, &page, err);
        for (size_t i = 0; rc == 0 && i < page.as.list.n; i++)
            rc = val_add(&c->arena, out, page.as.list.items[i]);
    }
    return rc == ERR_NOMEM ? err_set(err, ERR_NOMEM, "memory", NULL) : rc;
}

int cli_list(struct cli *c, const char *name, struct val *out, struct err *err)
{
    struct val args = val_list();
    int rc = val_add(&c->arena, &args, val_map());
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL)
              : cli_call_all(c, name, &args, &args.as.list.items[0], NULL, out, err);
}
