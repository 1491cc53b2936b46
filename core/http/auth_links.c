/* The pages behind one-time links: the first administrator, a new password. To open one does nothing: programs that
 * look at mail open links, and people press buttons. */
#include <string.h>

#include "http/auth_web.h"
#include "plugin/host.h"

static bool is_reset(const struct auth_job *job)
{
    return strncmp(job->request->path, "/auth/reset/", 12) == 0;
}

/* 0 when the link is good; job->name is then whose password a reset is of. */
static int look(struct auth_job *job)
{
    char name[64] = "";
    int rc = auth_link_check(job->api->db, is_reset(job), job->segment, clock_now(&job->api->o.host->clock), NULL, name,
                             &job->err);
    if (rc == 0) rc = err_set(&job->err, ERR_NOT_FOUND, "auth.link", NULL);
    if (rc > 0 && is_reset(job)) job->name = arena_strdup(&job->arena, name);
    return rc < 0 ? rc : 0;
}

static void show_form(struct auth_job *job, const struct err *wrong, int status)
{
    bool reset = is_reset(job);
    struct auth_page page = {.status = status,
                             .title = reset ? "auth.page_reset" : "auth.page_setup",
                             .text = reset ? "auth.page_reset_text" : "auth.page_setup_text",
                             .wrong = wrong,
                             .has_form = true,
                             .asks_name = !reset,
                             .name = job->name,
                             .button = reset ? "auth.page_reset_button" : "auth.page_setup_button"};
    auth_page_reply(job, &page);
}

static void show(struct auth_job *job)
{
    if (look(job) != 0) {
        auth_job_refuse(job);
        return;
    }
    show_form(job, NULL, 200);
    auth_job_free(job);
}

static void answer_done(struct auth_job *job)
{
    struct auth_page page = {.status = 200,
                             .title = is_reset(job) ? "auth.page_reset_done" : "auth.page_setup_done",
                             .text = "auth.page_done_text",
                             .name = job->name,
                             .link = "/login",
                             .link_text = "auth.login"};
    struct val out = val_map();
    if (job->is_page) {
        auth_page_reply(job, &page);
        return;
    }
    if (job->name) val_set(&job->arena, &out, "name", val_str(job->name));
    auth_reply(job, 200, &out, NULL);
}

/* What is wrong with a name or a password is told on the form, so that another can be tried: the link is still good. */
static bool tell(struct auth_job *job)
{
    if (job->err.code != ERR_INVALID && job->err.code != ERR_CONFLICT) return false;
    show_form(job, &job->err, 422);
    return true;
}

static void act(struct auth_job *job, const struct auth_plan *plan)
{
    if (look(job) != 0) {
        auth_job_refuse(job);
    } else if (!job->name || !*job->name || !job->password) {
        err_set(&job->err, ERR_INVALID, "http.parameter", "name", job->password ? "name" : "password", NULL);
        auth_job_refuse(job);
    } else {
        job->tell = tell;
        auth_job_start(job, plan);
    }
}

static int set_up(struct auth_job *job, struct session *s, struct err *err)
{
    return auth_setup(s, job->segment, job->name, job->hash, &job->account, err);
}

void auth_setup_page(struct auth_job *job)
{
    show(job);
}

void auth_setup_act(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{true, auth_hash_new}, {false, set_up}}, .answer = answer_done};
    act(job, &plan);
}

void auth_reset_page(struct auth_job *job)
{
    show(job);
}

static int set_new(struct auth_job *job, struct session *s, struct err *err)
{
    return auth_reset(s, job->segment, job->hash, err);
}

void auth_reset_act(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{true, auth_hash_new}, {false, set_new}}, .answer = answer_done};
    act(job, &plan);
}

/* --- a mail with a link --- */

static int send_link(struct auth_job *job, struct session *s, struct err *err)
{
    char who[80] = "reset:";
    strncat(who, job->name, sizeof(who) - 7);
    int rc = auth_attempt_charge(s, who, job->address, err);
    return rc ? rc : auth_reset_ask(s, job->name, err);
}

/* The same for every name. */
static void answer_sent(struct auth_job *job)
{
    struct auth_page page = {.status = 202,
                             .title = "auth.sent",
                             .text = "auth.sent_text",
                             .link = "/login",
                             .link_text = "auth.forgot_back"};
    struct val out = val_map();
    if (job->is_page) {
        auth_page_reply(job, &page);
        return;
    }
    val_set(&job->arena, &out, "sent", val_str("if there is such an account with an address"));
    auth_reply(job, 202, &out, NULL);
}

void auth_reset_send(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, send_link}}, .answer = answer_sent};
    if (!job->name || strlen(job->name) > 63) {
        err_set(&job->err, ERR_INVALID, "http.parameter", "name", "name", NULL);
        auth_job_refuse(job);
        return;
    }
    auth_job_start(job, &plan);
}
