/* Settings of logins, and the way in for the first administrator. */
#include "cli/login.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/locale.h"
#include "base/mem.h"
#include "runtime/log.h"

static int port_of(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);
    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0) return 0;
    /* The port stands at the same place in both. */
    return ntohs(((struct sockaddr_in *)&a)->sin_port);
}

static void own_url(const struct config *c, int fd, char url[LOGIN_URL])
{
    const char *told = config_text(c, "url"), *listen = config_text(c, "listen"), *colon = strrchr(listen, ':');
    int n = colon ? (int)(colon - listen) : (int)strlen(listen);
    bool any = n == 0 || strncmp(listen, "0.0.0.0", 7) == 0 || strncmp(listen, "[::]", 4) == 0;
    if (*told) {
        size_t len = strlen(told);
        snprintf(url, LOGIN_URL, "%.*s", (int)(told[len - 1] == '/' ? len - 1 : len), told);
    } else {
        snprintf(url, LOGIN_URL, "http://%.*s:%d", any ? 9 : n, any ? "localhost" : listen, port_of(fd));
    }
}

void login_options(const struct config *c, int fd, char url[LOGIN_URL], struct auth_options *out)
{
    own_url(c, fd, url);
    *out = (struct auth_options){.url = url,
                                 .is_public = *config_text(c, "url") != '\0',
                                 .password_length = (int)config_int(c, "password_length"),
                                 .breached = config_text(c, "breached_passwords"),
                                 .lock_after = (int)config_int(c, "lock_after"),
                                 .address_after = (int)config_int(c, "lock_address_after"),
                                 .lock_ms = config_int(c, "lock_ms"),
                                 .lock_most_ms = config_int(c, "lock_most_ms"),
                                 .idle_ms = config_int(c, "session_idle_s") * 1000,
                                 .session_ms = config_int(c, "session_s") * 1000,
                                 .link_ms = config_int(c, "reset_link_s") * 1000};
}

int login_oidc_options(const struct config *c, char secret[LOGIN_SECRET], struct oidc_options *out, struct err *err)
{
    const char *file = config_text(c, "oidc_secret_file");
    *out = (struct oidc_options){.issuer = config_text(c, "oidc_issuer"),
                                 .client_id = config_text(c, "oidc_client_id"),
                                 .secret = secret,
                                 .scopes = config_text(c, "oidc_scopes"),
                                 .claim = config_text(c, "oidc_claim"),
                                 .create = config_bool(c, "oidc_create")};
    secret[0] = '\0';
    if (!*file) return 0;
    FILE *f = fopen(file, "re");
    bool ok = f && fgets(secret, LOGIN_SECRET, f);
    int rc = ok ? 0 : err_set(err, ERR_IO, "config.file", "file", file, "detail", strerror(errno), NULL);
    secret[strcspn(secret, "\r\n")] = '\0';
    if (f) fclose(f);
    return rc;
}

/* --- the first administrator --- */

struct first_work {
    struct lane_work work;
    struct app *app;
    char link[300];
};

static int run_first(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct first_work *f = (struct first_work *)w;
    struct session s;
    struct arena a;
    (void)lane;
    f->link[0] = '\0';
    arena_init(&a, 1 << 20);
    app_session(f->app, &s, &a);
    int rc = auth_is_new(s.db, err);
    if (rc == 1) rc = auth_link_make(&s, AUTH_LINK_FIRST, 0, f->link, err);
    arena_close(&a);
    return rc;
}

static void done_first(struct lane_work *w, const struct err *failed)
{
    struct first_work *f = (struct first_work *)w;
    struct buf text;
    if (failed) log_err(LOG_ERROR, "auth.setup_link", failed);
    if (!failed && f->link[0]) {
        log_warn("auth.setup_link", "link", f->link, "hours", "24", NULL);
        buf_init(&text, 4096);
        locale_format(&text, f->app->host.lang, "auth.first_link", "link", f->link, NULL);
        printf("%s\n", text.data ? text.data : "");
        fflush(stdout);
        buf_close(&text);
    }
    mem_free(f);
}

void login_first_link(struct app *app)
{
    struct first_work *f = mem_alloc(sizeof(*f));
    f->work.run = run_first;
    f->work.done = done_first;
    f->app = app;
    lane_post(app->lane, &f->work);
}
