/* /account/totp: the second factor, put on and taken off. Its forms are the routes' own (auth_account.c). The key is
 * shown once, as a picture for the app's camera, as a link for an app on this device, and as a text. */
#include <string.h>

#include "http/auth_web.h"
#include "http/problem.h"

static const char here[] = "/account/totp";

static void begin(struct auth_job *job, struct page *p, struct buf *b, const char *title)
{
    auth_page_open(job, p, b);
    p->here = here;
    auth_page_title(job, p, title);
    if (job->err.code) page_err(p, &job->err);
}

static void end(struct auth_job *job, struct page *p, int status)
{
    page_add(p, "<p><a href=\"/account\">%k</a></p>\n", "page.to_account");
    auth_page_close(job, p, status, NULL);
}

/* The present password, since the session alone may be somebody else's at an open desk. */
static void add_password_form(struct auth_job *job, struct page *p, const char *action, const char *button)
{
    page_form(p, action);
    page_add(p,
             "<input type=\"text\" name=\"user\" autocomplete=\"username\" readonly hidden value=\"%s\">\n"
             "<label for=\"present\">%k</label>\n<input id=\"present\" name=\"present\" type=\"password\""
             " autocomplete=\"current-password\" required>\n<button>%k</button>\n</form>\n",
             job->login.name, "auth.present_password", button);
}

static void add_code_form(struct page *p)
{
    page_form(p, "/account/totp/confirm");
    page_add(p,
             "<label for=\"code\">%k</label>\n<input id=\"code\" name=\"code\" inputmode=\"numeric\""
             " autocomplete=\"one-time-code\" maxlength=\"40\" required>\n<button>%k</button>\n</form>\n",
             "auth.totp_code", "auth.totp_confirm");
}

static int is_on(struct auth_job *job)
{
    struct store *db = job->api->db;
    struct err err = {0};
    bool begins = !store_in_transaction(db);
    if (begins && store_begin(db, &err) != 0) return err.code;
    int on = auth_totp_is_on(db, job->login.actor.user, &err);
    if (begins) store_rollback(db);
    return on;
}

static void show(struct auth_job *job, bool on, int status)
{
    struct buf b;
    struct page p;
    begin(job, &p, &b, "auth.totp");
    page_add(&p, "<p>%k</p>\n<p>%k</p>\n", on ? "auth.totp_on" : "auth.totp_off",
             on ? "auth.totp_lose" : "auth.totp_why");
    add_password_form(job, &p, on ? "/account/totp/remove" : here, on ? "auth.totp_remove" : "auth.totp_begin");
    end(job, &p, status);
}

/* A code that was wrong: the key stands in the app already. */
static void show_code(struct auth_job *job, int status)
{
    struct buf b;
    struct page p;
    begin(job, &p, &b, "auth.totp");
    add_code_form(&p);
    page_add(&p, "<p><a href=\"%s\">%k</a></p>\n", here, "auth.totp_anew");
    end(job, &p, status);
}

void auth_totp_page(struct auth_job *job)
{
    int on = is_on(job);
    if (on < 0) {
        err_set(&job->err, on, "store.lost", NULL);
        auth_job_refuse(job);
        return;
    }
    show(job, on == 1, 200);
    auth_job_free(job);
}

bool auth_totp_tell(struct auth_job *job)
{
    int on = job->login.session ? is_on(job) : -1;
    if (on < 0) return false;
    int status = http_status_of(&job->err);
    if (job->code && !on && strcmp(job->err.key, "auth.totp_none") != 0)
        show_code(job, status);
    else
        show(job, on == 1, status);
    return true;
}

/* "ABCD EFGH …": what is typed off a screen. */
static void add_groups(struct page *p, const char *key)
{
    for (size_t i = 0; key[i]; i++) {
        if (i && i % 4 == 0) page_add(p, " ");
        page_text(p, key + i, 1);
    }
}

void auth_totp_show_key(struct auth_job *job, const char *uri)
{
    struct buf b;
    struct page p;
    begin(job, &p, &b, "auth.totp");
    page_add(&p, "<ol class=\"steps\">\n<li>\n<p>%k</p>\n", "auth.totp_scan");
    page_qr(&p, uri, "auth.totp_qr");
    page_add(&p, "<p><a href=\"%s\">%k</a></p>\n<p>%k<br>\n<code class=\"key\">", uri, "auth.totp_open",
             "auth.totp_type");
    add_groups(&p, job->secret);
    page_add(&p, "</code></p>\n<details>\n<summary>%k</summary>\n<p><code>%s</code></p>\n</details>\n</li>\n<li>\n",
             "auth.totp_uri", uri);
    add_code_form(&p);
    page_add(&p, "</li>\n</ol>\n");
    end(job, &p, 200);
}

void auth_totp_show_codes(struct auth_job *job)
{
    struct buf b;
    struct page p;
    begin(job, &p, &b, "auth.recovery");
    page_add(&p, "<div class=\"done\" role=\"status\"><p>%k</p></div>\n<p>%k</p>\n<ul class=\"codes\">\n",
             "auth.done_totp", "auth.recovery_text");
    for (int i = 0; i < AUTH_RECOVERY_CODES; i++)
        page_add(&p, "<li><code>%s</code></li>\n", job->recovery[i]);
    page_add(&p, "</ul>\n");
    end(job, &p, 200);
}
