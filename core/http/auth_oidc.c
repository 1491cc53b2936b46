/* Login by a provider: off to it, back with a code, and a session here. */
#include <stdio.h>
#include <string.h>

#include "http/auth_web.h"
#include "http/oidc.h"
#include "http/query.h"
#include "plugin/host.h"
#include "runtime/log.h"

static void refuse_code(struct auth_job *job, int code, const char *key)
{
    err_set(&job->err, code, key, NULL);
    auth_job_refuse(job);
}

static const char *query(struct auth_job *job, const char *name)
{
    return http_query_get(job->request->query, strlen(job->request->query), name, &job->arena);
}

static void redirect(struct auth_job *job, int status, const char *to, struct buf *lines)
{
    buf_add_str(lines, "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nLocation: ");
    buf_add_str(lines, to);
    buf_add_str(lines, "\r\n");
    struct http_response res = {.status = status, .headers = lines->data};
    http_reply(job->request, &res);
}

static void on_prepared(void *ctx, const struct err *failed)
{
    struct auth_job *job = ctx;
    struct host *host = job->api->o.host;
    struct oidc_login l = {.expires = clock_now(&host->clock) + OIDC_LOGIN_MS};
    char sealed[OIDC_LOGIN_TEXT];
    struct buf lines;
    if (failed) {
        log_err(LOG_WARN, "oidc.failed", failed);
        job->err = *failed;
        auth_job_refuse(job);
        return;
    }
    secret_new(l.state);
    secret_new(l.nonce);
    secret_new(l.verifier);
    if (job->return_to) snprintf(l.return_to, sizeof(l.return_to), "%s", job->return_to);
    char *to = oidc_login_url(job->api->auth->oidc, &l, &job->arena);
    if (!to || !oidc_login_seal(host, &l, sealed)) {
        refuse_code(job, ERR_NOMEM, "memory");
        return;
    }
    buf_init(&lines, 16384);
    auth_cookie_line(job->api, &lines, "oidc", sealed, OIDC_LOGIN_MS / 1000);
    redirect(job, 302, to, &lines);
    buf_close(&lines);
    auth_job_free(job);
}

void auth_oidc_start(struct auth_job *job)
{
    if (!job->api->auth->oidc) {
        refuse_code(job, ERR_NOT_FOUND, "oidc.none");
        return;
    }
    const char *return_to = query(job, "return");
    job->return_to = page_is_path_here(return_to) ? return_to : NULL;
    http_defer(job->request);
    oidc_prepare(job->api->auth->oidc, on_prepared, job);
}

/* --- back --- */

struct oidc_back {
    struct oidc_login login;
    struct val claims;
    const char *code;
};

static const char *text_of(struct auth_job *job, const char *claim)
{
    return val_cstr(&job->arena, val_get(job->claims, claim));
}

static int log_in(struct auth_job *job, struct session *s, struct err *err)
{
    const struct oidc_options *o = oidc_options(job->api->auth->oidc);
    struct people_account account;
    bool by_mail = strcmp(o->claim, "email") == 0;
    struct auth_identity i = {
        .issuer = o->issuer, .subject = text_of(job, "sub"), .name = text_of(job, o->claim), .create = o->create};
    if (by_mail && !val_get_bool(job->claims, "email_verified", false)) i.name = NULL;
    if (!i.subject) return err_set(err, ERR_DENIED, "oidc.token", "detail", "sub", NULL);
    int rc = auth_identity_find(s, &i, &account, err);
    if (rc) return rc;
    job->account = account.id;
    job->how = "oidc";
    memcpy(job->login.name, account.name, sizeof(account.name));
    return auth_open_session(job, s, err);
}

static void answer(struct auth_job *job)
{
    struct buf lines;
    buf_init(&lines, 16384);
    auth_session_lines(job, &lines);
    auth_cookie_line(job->api, &lines, "oidc", "", 0);
    if (job->return_to) {
        redirect(job, 303, job->return_to, &lines);
    } else {
        job->name = job->login.name;
        struct auth_page page = {.status = 200,
                                 .title = "auth.page_in",
                                 .text = "auth.page_in_text",
                                 .link = "/tasks",
                                 .link_text = "page.tasks",
                                 .headers = lines.data};
        auth_page_reply(job, &page);
    }
    buf_close(&lines);
}

static void on_redeemed(void *ctx, const struct err *failed)
{
    static const struct auth_plan plan = {.steps = {{false, log_in}}, .answer = answer};
    struct auth_job *job = ctx;
    if (!failed) {
        auth_job_go_on(job, &plan);
        return;
    }
    log_err(LOG_WARN, "oidc.failed", failed);
    job->err = *failed;
    auth_job_refuse(job);
}

static void on_ready(void *ctx, const struct err *failed)
{
    struct auth_job *job = ctx;
    struct oidc_back *b = job->back_from;
    if (failed)
        on_redeemed(job, failed);
    else
        oidc_redeem(job->api->auth->oidc, b->code, &b->login, &job->arena, &b->claims, on_redeemed, job);
}

void auth_oidc_callback(struct auth_job *job)
{
    struct http_api *api = job->api;
    struct oidc_back *b = arena_alloc(&job->arena, sizeof(*b));
    const char *state = query(job, "state"), *iss = query(job, "iss");
    size_t len;
    const char *sealed = auth_cookie(api, job->request, "oidc", &len);
    if (!api->auth->oidc || !b) {
        refuse_code(job, ERR_NOT_FOUND, "oidc.none");
        return;
    }
    bool begun = sealed && oidc_login_open(api->o.host, sealed, len, clock_now(&api->o.host->clock), &b->login);
    if (!begun || !state || !secret_equal(state, b->login.state)) {
        refuse_code(job, ERR_DENIED, "oidc.state");
        return;
    }
    b->code = query(job, "code");
    if (!b->code || (iss && strcmp(iss, oidc_options(api->auth->oidc)->issuer) != 0)) {
        refuse_code(job, ERR_DENIED, iss && b->code ? "oidc.state" : "oidc.refused");
        return;
    }
    job->claims = &b->claims;
    job->return_to = b->login.return_to[0] ? b->login.return_to : NULL;
    job->back_from = b;
    http_defer(job->request);
    oidc_prepare(api->auth->oidc, on_ready, job);
}
