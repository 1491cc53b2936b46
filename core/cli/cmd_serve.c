/* khung serve: the io thread (this one), the lane and the readers; orderly start and stop.
 *
 * SIGTERM and SIGINT: what was accepted is finished, then everything closes. SIGHUP: plugins are read anew. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/app.h"
#include "cli/cli.h"
#include "cli/dev.h"
#include "cli/guard.h"
#include "cli/login.h"
#include "cli/mail_settings.h"
#include "http/api_http.h"
#include "http/server.h"
#include "http/signals.h"
#include "plugin/loop.h"
#include "plugin/readers.h"
#include "runtime/config.h"
#include "runtime/fetch.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/metrics.h"
#include "vm/vm.h"

struct service {
    struct cli *c;
    struct config *config;
    struct app app;
    struct loop *io, *lane;
    struct loop_thread *lane_thread;
    struct readers *readers;
    struct http_api *api;
    struct http_server *server;
    struct signals *signals;
    struct clock clock;
    struct mail_settings mail;
    const char *dirs[16];
    size_t ndirs;
    int port_fd, local_fd; /* taken at the start, -1 once the server has them */
    char local_path[600];  /* khung.sock, "" before it is there */
    struct confine confine;
    struct dev *dev;     /* --dev */
    char url[LOGIN_URL]; /* at which people reach it */
    struct oidc_options oidc;
    char oidc_secret[LOGIN_SECRET];
    int64_t started_ns;
    struct process process;
    bool failed;
};

static int read_config(struct service *s, struct err *err)
{
    const char *file = cli_flag(s->c, "config");
    s->config = config_new();
    int rc = file ? config_read_file(s->config, file, err) : 0;
    if (rc == 0) rc = config_read_env(s->config, err);
    for (int i = 0; rc == 0 && i < s->c->nflags; i++) {
        char key[64];
        snprintf(key, sizeof(key), "%s", s->c->flags[i].name);
        for (char *p = key; *p; p++)
            *p = *p == '-' ? '_' : *p;
        bool own = strcmp(key, "config") == 0 || strcmp(key, "json") == 0 || strcmp(key, "dev") == 0;
        if (!own) rc = config_set(s->config, key, s->c->flags[i].value, "--", err);
    }
    return rc;
}

static void start_log(const struct service *s)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    enum log_level level = LOG_INFO;
    for (int i = 0; i < 4; i++)
        if (strcmp(levels[i], config_text(s->config, "log_level")) == 0) level = (enum log_level)i;
    log_init(level, strcmp(config_text(s->config, "log"), "json") == 0);
}

static void split_dirs(struct service *s)
{
    for (const char *p = config_text(s->config, "plugins"); *p && s->ndirs < 16;) {
        size_t n = strcspn(p, ":");
        if (n) s->dirs[s->ndirs++] = arena_strndup(&s->c->arena, p, n);
        p += n + (p[n] == ':');
    }
}

static enum grant_policy grants_of(const struct service *s)
{
    const char *word = config_text(s->config, "grants");
    if (cli_flag(s->c, "dev")) return GRANT_TRUST; /* who writes a plugin is not asked at each save */
    return strcmp(word, "ask") == 0 ? GRANT_ASK : strcmp(word, "trust") == 0 ? GRANT_TRUST : GRANT_FIRST;
}

static int open_app(struct service *s, struct err *err)
{
    clock_init_real(&s->clock);
    s->clock.offset_ms = config_int(s->config, "clock_offset");
    split_dirs(s);
    int rc = mail_settings_read(s->config, &s->c->arena, &s->mail, err);
    if (rc) return rc;
    struct app_options o = {.notify = &s->mail.notify,
                            .lock_wait_ms = 2000,
                            .data_dir = config_text(s->config, "data"),
                            .plugin_dirs = s->dirs,
                            .nplugin_dirs = s->ndirs,
                            .zone = config_text(s->config, "zone"),
                            .lang = config_text(s->config, "lang"),
                            .settings = config_text(s->config, "settings"),
                            .grants = grants_of(s),
                            .lane_loop = s->lane,
                            .clock = &s->clock,
                            .cache_runs = (int)config_int(s->config, "cache_runs"),
                            .batch_slices = (int)config_int(s->config, "batch_slices"),
                            .batch_ms = (int)config_int(s->config, "batch_ms")};
    login_options(s->config, s->port_fd, s->url, &o.auth);
    return app_open(&s->app, &o, err);
}

static void limits_of(const struct service *s, struct http_limits *l)
{
    http_limits_default(l);
    l->header_ms = config_int(s->config, "http_header_ms");
    l->idle_ms = config_int(s->config, "http_idle_ms");
    l->stall_ms = config_int(s->config, "http_stall_ms");
    l->body_rate = config_int(s->config, "http_body_rate");
    l->body_bytes = (size_t)config_int(s->config, "http_body_bytes");
    l->connections = (int)config_int(s->config, "http_connections");
    l->per_address = (int)config_int(s->config, "http_per_address");
}

/* The port is taken first: after that root's rights are given up. */
static int take_port(struct service *s, struct err *err)
{
    char address[128];
    const char *listen = config_text(s->config, "listen");
    snprintf(address, sizeof(address), "%s", listen);
    char *colon = strrchr(address, ':');
    if (!colon) return err_set(err, ERR_INVALID, "http.listen", "address", listen, "detail", "ADDRESS:PORT", NULL);
    *colon = '\0';
    return http_server_bind(address, (int)strtol(colon + 1, NULL, 10), &s->port_fd, err);
}

/* The way in for commands; once the directory is this process's own. */
static int take_socket(struct service *s, struct err *err)
{
    char path[sizeof(s->local_path)];
    snprintf(path, sizeof(path), "%s/khung.sock", config_text(s->config, "data"));
    int rc = http_server_bind_unix(path, &s->local_fd, err);
    if (rc == 0) memcpy(s->local_path, path, sizeof(path));
    return rc;
}

static int open_http(struct service *s, struct err *err)
{
    struct http_limits limits;
    const char *dir = config_text(s->config, "static");
    struct http_api_options o = {.host = &s->app.host,
                                 .loop = s->io,
                                 .readers = s->readers,
                                 .db_path = s->app.db_path,
                                 .file_max = config_int(s->config, "file_max"),
                                 .rate_user = config_int(s->config, "rate_user"),
                                 .rate_address = config_int(s->config, "rate_address"),
                                 .static_dir = *dir ? dir : NULL,
                                 .process = &s->process,
                                 .proxies = config_text(s->config, "proxies"),
                                 .oidc = &s->oidc};
    limits_of(s, &limits);
    int rc = http_api_new(&o, &s->api, err);
    if (rc == 0) rc = http_server_new(s->io, &limits, http_api_handle, s->api, &s->server, err);
    if (rc == 0) http_server_set_taker(s->server, http_api_take);
    if (rc == 0) rc = http_server_listen_on(s->server, s->port_fd, err);
    if (s->server) s->port_fd = -1;
    if (rc) return rc;
    rc = http_server_listen_unix_on(s->server, s->local_fd, err);
    s->local_fd = -1;
    return rc;
}

/* Files, one for each connection. */
static void raise_files(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) != 0) return;
    l.rlim_cur = l.rlim_max;
    setrlimit(RLIMIT_NOFILE, &l);
}

static void on_stopped(void *ctx)
{
    struct service *s = ctx;
    loop_stop(s->io);
}

static void on_signal(void *ctx, int signal)
{
    struct service *s = ctx;
    if (signal == SIGHUP) {
        log_info("service.reload", NULL);
        app_reload(&s->app, NULL, NULL, NULL);
        return;
    }
    log_info("service.stopping", NULL);
    signals_free(s->signals);
    s->signals = NULL;
    http_api_stop(s->api);
    http_server_stop(s->server, on_stopped, s);
}

/* The first load of the plugins is done: the doors open. */
struct ready_mail {
    struct mail mail;
    struct service *s;
};

static void on_ready(struct mail *m)
{
    struct service *s = ((struct ready_mail *)m)->s;
    struct err err = {0};
    struct err_num port, ms;
    mem_free(m);
    int rc = open_http(s, &err);
    if (rc == 0 && cli_flag(s->c, "dev")) {
        struct dev_options dev = {&s->app, s->io, s->dirs, s->ndirs, config_text(s->config, "settings")};
        rc = dev_start(&dev, &s->dev, &err);
    }
    if (rc) {
        s->failed = true;
        cli_fail(s->c, &err);
        loop_stop(s->io);
        return;
    }
    log_info("service.ready", "listen", config_text(s->config, "listen"), "port",
             err_i64(&port, http_server_port(s->server)), "ms",
             err_i64(&ms, (clock_mono_ns() - s->started_ns) / 1000000), NULL);
    login_first_link(&s->app);
    mem_return_now();
}

static void on_loaded(void *ctx, const struct err *failed)
{
    struct service *s = ctx;
    struct ready_mail *m = mem_alloc(sizeof(*m));
    (void)failed; /* logged; the service runs without plugins, so that it can be mended */
    m->mail.deliver = on_ready;
    m->s = s;
    loop_post(s->io, &m->mail);
}

/* One a core; and two that look long at something still leave one. */
static int usual_readers(void)
{
    enum { LEAST = 3 };
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > LEAST ? (int)n : LEAST;
}

static int start(struct service *s, struct err *err)
{
    int n = (int)config_int(s->config, "readers");
    int rc = take_port(s, err);
    if (rc == 0) rc = login_oidc_options(s->config, s->oidc_secret, &s->oidc, err);
    if (rc == 0) rc = confine_user(config_text(s->config, "user"), config_text(s->config, "data"), err);
    if (rc == 0) rc = loop_new(&s->io, err);
    if (rc == 0) rc = loop_new(&s->lane, err);
    if (rc == 0) rc = open_app(s, err);
    if (rc == 0) rc = take_socket(s, err);
    s->app.host.confine = &s->confine;
    if (rc == 0) rc = guard_service(s->config, s->dirs, s->ndirs, &s->confine, err);
    if (rc == 0) rc = readers_start(&s->app.host, s->app.db_path, n ? n : usual_readers(), &s->readers, err);
    if (rc) return rc;
    s->app.host.readers = s->readers;
    struct fetcher_options fetch = {.loop = s->io,
                                    .private_hosts = config_text(s->config, "fetch_private"),
                                    .smtp = s->mail.server.url ? &s->mail.server : NULL};
    rc = fetcher_new(&fetch, &s->app.host.fetcher, err);
    if (rc) return rc;
    rc = signals_new(s->io, on_signal, s, &s->signals, err);
    if (rc == 0) rc = loop_thread_start(s->lane, "lane", NULL, NULL, NULL, &s->lane_thread, err);
    if (rc == 0) app_reload(&s->app, NULL, on_loaded, s);
    return rc;
}

struct stop_mail {
    struct mail mail;
    struct service *s;
};

static void on_stop_lane(struct mail *m)
{
    struct service *s = ((struct stop_mail *)m)->s;
    mem_free(m);
    loops_stop(s->app.host.loops);
    lane_stop(s->app.lane);
    vm_tidy_end();
    loop_stop(s->lane);
}

static void stop(struct service *s)
{
    dev_stop(s->dev);
    if (s->lane_thread) {
        struct stop_mail *m = mem_alloc(sizeof(*m));
        m->mail.deliver = on_stop_lane;
        m->s = s;
        loop_post(s->lane, &m->mail);
        loop_thread_join(s->lane_thread);
    }
    readers_stop(s->readers);
    signals_free(s->signals);
    http_api_free(s->api);
    fetcher_free(s->app.host.fetcher);
    s->app.host.fetcher = NULL;
    if (s->local_path[0]) unlink(s->local_path);
    if (s->app.db) app_close(&s->app);
    loop_free(s->lane);
    loop_free(s->io);
    http_server_free(s->server);
    process_close(&s->process);
    if (s->port_fd >= 0) close(s->port_fd);
    if (s->local_fd >= 0) close(s->local_fd);
    config_free(s->config);
}

int cli_serve(struct cli *c)
{
    struct service s = {.c = c, .port_fd = -1, .local_fd = -1, .started_ns = clock_mono_ns()};
    struct err err = {0};
    umask(0077);
    process_open(&s.process);
    mem_return_freed();
    raise_files();
    int rc = read_config(&s, &err);
    if (rc == 0) {
        start_log(&s);
        rc = start(&s, &err);
    }
    if (rc) {
        cli_fail(c, &err);
        stop(&s);
        return rc == ERR_INVALID ? CLI_USAGE : CLI_FAILED;
    }
    loop_run(s.io);
    bool failed = s.failed;
    stop(&s);
    if (!failed) log_info("service.stopped", NULL);
    return failed ? CLI_FAILED : CLI_DONE;
}
