/* What a user changes about the own login: password and second factor. All but the last word of the enrolment ask for
 * the present password, since a session alone may be somebody else's at an open desk; and they count as tries of it. */
#include <stdio.h>
#include <string.h>

#include "http/auth_web.h"
#include "plugin/host.h"

static void missing(struct auth_job *job, const char *name)
{
    err_set(&job->err, ERR_INVALID, "http.parameter", "name", name, NULL);
    auth_job_refuse(job);
}

/* The session may have ended while the password was looked at. */
static int is_still_here(struct auth_job *job, struct session *s, struct err *err)
{
    char now[SECRET_HASH_TEXT];
    int64_t owner = 0;
    int rc = auth_session_owner(s->db, job->login.session, &owner, err);
    if (rc >= 0 && owner != job->login.actor.user) return err_set(err, ERR_DENIED, "auth.no_session_here", NULL);
    if (rc == 1) rc = auth_password_get(s->db, owner, now, err);
    if (rc == 0 && job->stored[0] && strcmp(now, job->stored) != 0) return err_set(err, ERR_DENIED, "auth.wrong", NULL);
    return rc;
}

static int confirmed(struct auth_job *job, struct session *s, struct err *err)
{
    int rc = is_still_here(job, s, err);
    return rc ? rc : auth_attempt_forgive(s, job->name, job->address, err);
}

static void answer_nothing(struct auth_job *job)
{
    struct val nothing = val_nil();
    auth_reply(job, 204, &nothing, NULL);
}

/* --- password --- */

static int verify_and_hash(struct auth_job *job, struct session *s, struct err *err)
{
    int rc = auth_verify(job, s, err);
    return rc ? rc : auth_hash_new(job, s, err);
}

static void answer_change(struct auth_job *job)
{
    if (job->is_page)
        auth_account_done(job, "password");
    else
        answer_nothing(job);
}

static int change(struct auth_job *job, struct session *s, struct err *err)
{
    int rc = confirmed(job, s, err);
    return rc ? rc : auth_password_set(s, job->login.actor.user, job->hash, job->login.session, err);
}

void auth_change_password(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, auth_admit}, {true, verify_and_hash}, {false, change}},
                                          .answer = answer_change};
    job->name = job->login.name;
    job->tell = auth_account_tell;
    if (!job->present || !job->password) {
        missing(job, job->present ? "password" : "present");
        return;
    }
    auth_job_start(job, &plan);
}

/* --- second factor --- */

static int enrol(struct auth_job *job, struct session *s, struct err *err)
{
    int rc = confirmed(job, s, err);
    return rc ? rc : auth_totp_enrol(s, job->login.actor.user, job->secret, err);
}

/* otpauth://totp/Khung:lan?secret=…&issuer=Khung: names hold no character that needs encoding but @. */
static void answer_enrol(struct auth_job *job)
{
    struct val out = val_map();
    char *uri =
        arena_printf(&job->arena, "otpauth://totp/Khung:%s?secret=%s&issuer=Khung", job->login.name, job->secret);
    if (uri && job->is_page) {
        auth_totp_show_key(job, uri);
        return;
    }
    if (uri && val_set(&job->arena, &out, "secret", val_str(job->secret)) == 0)
        val_set(&job->arena, &out, "uri", val_str(uri));
    auth_reply(job, 200, &out, NULL);
}

void auth_totp_start(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, auth_admit}, {true, auth_verify}, {false, enrol}},
                                          .answer = answer_enrol};
    job->name = job->login.name;
    job->tell = auth_totp_tell;
    job->present = job->present ? job->present : job->password;
    if (!job->present)
        missing(job, "present");
    else
        auth_job_start(job, &plan);
}

static int count_try(struct auth_job *job, struct session *s, struct err *err)
{
    return auth_attempt_charge(s, job->name, job->address, err);
}

static int finish(struct auth_job *job, struct session *s, struct err *err)
{
    int rc = is_still_here(job, s, err);
    if (rc == 0) rc = auth_totp_confirm(s, job->login.actor.user, job->code, job->recovery, err);
    return rc ? rc : auth_attempt_forgive(s, job->name, job->address, err);
}

static void answer_finish(struct auth_job *job)
{
    struct val out = val_map(), codes = val_list();
    int rc = 0;
    if (job->is_page) {
        auth_totp_show_codes(job);
        return;
    }
    for (int i = 0; rc == 0 && i < AUTH_RECOVERY_CODES; i++)
        rc = val_add(&job->arena, &codes, val_str(job->recovery[i]));
    if (rc == 0) val_set(&job->arena, &out, "recovery", codes);
    auth_reply(job, 200, &out, NULL);
}

void auth_totp_finish(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, count_try}, {false, finish}}, .answer = answer_finish};
    job->name = job->login.name;
    job->tell = auth_totp_tell;
    if (!job->code)
        missing(job, "code");
    else
        auth_job_start(job, &plan);
}

static void answer_off(struct auth_job *job)
{
    if (job->is_page)
        auth_account_done(job, "totp_off");
    else
        answer_nothing(job);
}

static int take_off(struct auth_job *job, struct session *s, struct err *err)
{
    int rc = confirmed(job, s, err);
    return rc ? rc : auth_totp_remove(s, job->login.actor.user, err);
}

void auth_totp_off(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, auth_admit}, {true, auth_verify}, {false, take_off}},
                                          .answer = answer_off};
    job->name = job->login.name;
    job->tell = auth_totp_tell;
    job->present = job->present ? job->present : job->password;
    if (!job->present)
        missing(job, "present");
    else
        auth_job_start(job, &plan);
}
