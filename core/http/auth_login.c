/* Login, logout, and the steps around a password that other plans have too. */
#include <string.h>

#include "base/buf.h"
#include "http/auth_web.h"
#include "people/people.h"
#include "plugin/host.h"

static int wrong(struct err *err)
{
    return err_set(err, ERR_DENIED, "auth.wrong", NULL);
}

/* What follows takes the same time whether there is such an account or not. */
int auth_admit(struct auth_job *job, struct session *s, struct err *err)
{
    struct people_account account = {0};
    int rc = auth_attempt_charge(s, job->name, job->address, err);
    if (rc == 0) rc = people_account_find(s->db, job->name, &account, err);
    job->stored[0] = '\0';
    job->account = account.disabled ? 0 : account.id;
    return rc < 0 ? rc : auth_password_get(s->db, job->account, job->stored, err);
}

int auth_verify(struct auth_job *job, struct session *s, struct err *err)
{
    (void)s;
    return auth_password_is(job->stored, &job->arena, job->present) ? 0 : wrong(err);
}

int auth_hash_new(struct auth_job *job, struct session *s, struct err *err)
{
    const struct auth_options *o = &job->api->o.host->auth->o;
    (void)s;
    int rc = auth_password_check(o, &job->arena, &job->password, job->name ? job->name : "", err);
    return rc ? rc : auth_password_hash(job->password, job->hash, err);
}

int auth_open_session(struct auth_job *job, struct session *s, struct err *err)
{
    struct auth_session_new n = {.account = job->account,
                                 .how = job->how,
                                 .address = job->address,
                                 .agent = http_header(job->request, "user-agent"),
                                 .old = job->old};
    return auth_session_open(s, &n, job->token, &job->session, err);
}

/* The second factor. 1: a code is needed and none came (told, and not counted as a failure). */
static int second_factor(struct auth_job *job, struct session *s, struct err *err)
{
    int rc = auth_totp_is_on(s->db, job->account, err);
    if (rc <= 0) return rc;
    job->how = "totp";
    if (job->code) return auth_totp_use(s, job->account, job->code, err);
    rc = auth_attempt_undo(s, job->name, job->address, err);
    if (rc) return rc;
    job->failed = true;
    err_set(&job->err, ERR_DENIED, "auth.totp_needed", NULL);
    return 1;
}

/* The password was right a moment ago: is it still the one, and the account still there? */
int auth_log_in(struct auth_job *job, struct session *s, struct err *err)
{
    struct people_account account;
    char now[SECRET_HASH_TEXT];
    job->how = "password";
    job->failed = false; /* the slice may run a second time */
    int rc = people_account_find(s->db, job->name, &account, err);
    if (rc == 0 || (rc == 1 && (account.disabled || account.id != job->account))) return wrong(err);
    if (rc == 1) rc = auth_password_get(s->db, account.id, now, err);
    if (rc == 0 && strcmp(now, job->stored) != 0) return wrong(err);
    if (rc == 0) rc = second_factor(job, s, err);
    if (rc) return rc < 0 ? rc : 0;
    job->login.actor = (struct actor){.user = account.id, .person = account.person, .admin = account.admin};
    memcpy(job->login.name, account.name, sizeof(account.name));
    rc = auth_attempt_forgive(s, job->name, job->address, err);
    return rc ? rc : auth_open_session(job, s, err);
}

void auth_login(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, auth_admit}, {true, auth_verify}, {false, auth_log_in}},
                                          .answer = auth_reply_session};
    job->present = job->password;
    if (!job->name || strlen(job->name) > 63 || !job->present) {
        err_set(&job->err, ERR_INVALID, "http.parameter", "name", job->present ? "name" : "password", NULL);
        auth_job_refuse(job);
        return;
    }
    auth_job_start(job, &plan);
}

static int log_out(struct auth_job *job, struct session *s, struct err *err)
{
    int64_t account;
    int rc = auth_session_owner(s->db, job->login.session, &account, err);
    return rc == 1 ? auth_session_end(s, job->login.session, err) : rc;
}

static void answer_logout(struct auth_job *job)
{
    struct val nothing = val_nil();
    struct buf lines;
    buf_init(&lines, 4096);
    auth_cookie_line(job->api, &lines, "session", "", 0);
    auth_cookie_line(job->api, &lines, "csrf", "", 0);
    buf_add_str(&lines, "Clear-Site-Data: \"cache\"\r\n");
    if (job->is_page)
        page_redirect(job->request, "/login", lines.data);
    else
        auth_reply(job, 204, &nothing, lines.data);
    buf_close(&lines);
}

void auth_logout(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, log_out}}, .answer = answer_logout};
    auth_job_start(job, &plan);
}

void auth_me(struct auth_job *job)
{
    struct val out = val_map();
    struct arena *a = &job->arena;
    size_t len;
    char csrf[SECRET_TEXT];
    const char *cookie = auth_cookie(job->api, job->request, "session", &len), *session = arena_strndup(a, cookie, len);
    int on = auth_totp_is_on(job->api->db, job->login.actor.user, &job->err);
    int rc = session && on >= 0 ? 0 : ERR_NOMEM;
    if (rc == 0) auth_csrf(job->api, session, csrf);
    if (rc == 0) rc = val_set(a, &out, "name", val_str(job->login.name));
    if (rc == 0) rc = val_set(a, &out, "admin", val_bool(job->login.actor.admin));
    if (rc == 0) rc = val_set(a, &out, "session", val_int(job->login.session));
    if (rc == 0) rc = val_set(a, &out, "totp", val_bool(on == 1));
    if (rc == 0) rc = val_set(a, &out, "csrf", val_str(csrf));
    auth_reply(job, 200, &out, NULL);
    auth_job_free(job);
}
