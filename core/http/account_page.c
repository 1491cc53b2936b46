/* One's own account: where one is logged in, and the password. Its forms are the routes' own (auth_account.c,
 * auth_sessions.c); what is wrong with one is told here. */
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "http/auth_web.h"
#include "store/list.h"
#include "http/problem.h"
#include "http/query.h"
#include "plugin/host.h"

/* "Firefox, Windows" of an agent's long name; NULL: it is none that people know. */
static const char *named_in(const char *agent, const char *const names[][2])
{
    for (size_t i = 0; agent && names[i][0]; i++)
        if (strstr(agent, names[i][0])) return names[i][1];
    return NULL;
}

static void add_agent(struct page *p, const char *agent)
{
    /* In this order: each browser also names those that came before it. */
    static const char *const browsers[][2] = {
        {"Edg/", "Edge"},      {"coc_coc", "Cốc Cốc"}, {"OPR/", "Opera"}, {"Firefox", "Firefox"},
        {"Chrome/", "Chrome"}, {"Safari/", "Safari"},  {"curl", "curl"},  {NULL, NULL}};
    static const char *const systems[][2] = {
        {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"},
        {"Mac OS X", "macOS"},  {"Linux", "Linux"},   {NULL, NULL}};
    const char *browser = named_in(agent, browsers), *system = named_in(agent, systems);
    if (browser)
        page_add(p, system ? "%s, %s" : "%s", browser, system);
    else
        page_add(p, "%k", "auth.session_agent");
}

static void add_session(struct auth_job *job, struct page *p, const struct val *row)
{
    const char *zone = job->api->o.host->zone, *agent = val_cstr(&job->arena, val_get(row, "agent"));
    const char *how = val_cstr(&job->arena, val_get(row, "how"));
    char key[40];
    int64_t id = val_get_int(row, "id", 0);
    bool is_this = id == job->login.session;
    snprintf(key, sizeof(key), "auth.session_%.20s", how ? how : "password");
    page_add(p, "<li>\n<span class=\"title\">");
    add_agent(p, agent);
    page_add(p, is_this ? "</span> (%k)\n<p class=\"soft\">" : "</span>\n<p class=\"soft\">", "auth.session_this");
    page_add(p, "%k", key);
    page_add(p, " · ");
    page_val(p, val_get(row, "address"));
    page_add(p, "<br>\n%k ", "auth.session_since");
    page_instant(p, val_get_int(row, "created", 0), zone);
    page_add(p, " · %k ", "auth.session_seen");
    page_instant(p, val_get_int(row, "seen", 0), zone);
    page_add(p, "</p>\n");
    if (!is_this) {
        char action[60];
        snprintf(action, sizeof(action), "/account/sessions/%lld", (long long)id);
        page_form(p, action);
        page_add(p, "<button class=\"second\">%k</button>\n</form>\n", "auth.session_end");
    }
    page_add(p, "</li>\n");
}

static void add_password(struct auth_job *job, struct page *p)
{
    page_add(p, "<h2 id=\"change\">%k</h2>\n", "auth.change_password");
    page_form(p, "/account/password");
    page_add(p,
             "<input type=\"text\" name=\"user\" autocomplete=\"username\" readonly hidden value=\"%s\">\n"
             "<label for=\"present\">%k</label>\n<input id=\"present\" name=\"present\" type=\"password\""
             " autocomplete=\"current-password\" required>\n",
             job->login.name, "auth.present_password");
    auth_page_new_password(job, p);
    page_add(p, "<p class=\"help\">%k</p>\n<button>%k</button>\n</form>\n", "auth.change_ends", "auth.change_password");
}

/* "?done=password", as the forms leave it. */
static const char *done_of(struct auth_job *job)
{
    static const char *const names[] = {"password", "session", "sessions", "totp_off"};
    const char *query = job->request->query, *done = http_query_get(query, strlen(query), "done", &job->arena);
    for (size_t i = 0; done && i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], done) == 0) return arena_printf(&job->arena, "auth.done_%s", done);
    return NULL;
}

static int show(struct auth_job *job, int status)
{
    struct http_api *api = job->api;
    struct val sessions;
    struct buf b;
    struct page p;
    struct err wrong = job->err, err = {0};
    int64_t now = clock_now(&api->o.host->clock);
    struct list_query q;
    const char *next;
    struct val options = val_map();
    int rc = list_read(&auth_session_rows, &options, &api->o.host->time, &job->arena, &q, &err);
    if (rc == 0)
        rc = auth_session_list(api->o.host->auth, api->db, job->login.actor.user, now, job->login.session, &q,
                               &job->arena, &sessions, &next, &err);
    int totp = rc == 0 ? auth_totp_is_on(api->db, job->login.actor.user, &err) : rc;
    if (totp < 0) {
        job->err = err;
        return totp;
    }
    const char *done = done_of(job);
    auth_page_open(job, &p, &b);
    p.here = "/account";
    job->name = job->login.name;
    auth_page_title(job, &p, "auth.account");
    if (wrong.code) page_err(&p, &wrong);
    if (done) page_add(&p, "<div class=\"done\" role=\"status\"><p>%k</p></div>\n", done);
    page_add(&p,
             "<p>%k<br>\n<a href=\"/account/totp\">%k</a></p>\n<ul>\n<li><a href=\"/account/notices\">%k</a></li>\n"
             "<li><a href=\"/account/tokens\">%k</a></li>\n</ul>\n<h2>%k</h2>\n<ul class=\"list\">\n",
             totp ? "auth.totp_on" : "auth.totp_off", totp ? "auth.totp_remove" : "auth.totp_begin", "page.wishes",
             "page.tokens", "auth.sessions");
    for (size_t i = 0; val_at(&sessions, i); i++)
        add_session(job, &p, val_at(&sessions, i));
    page_add(&p, "</ul>\n");
    if (sessions.as.list.n > 1) {
        page_form(&p, "/account/sessions");
        page_add(&p, "<button class=\"second\">%k</button>\n</form>\n", "auth.sessions_end");
    }
    add_password(job, &p);
    auth_page_close(job, &p, status, NULL);
    return 0;
}

void auth_account_page(struct auth_job *job)
{
    if (show(job, 200) != 0)
        auth_job_refuse(job);
    else
        auth_job_free(job);
}

bool auth_account_tell(struct auth_job *job)
{
    if (!job->login.session) return false;
    struct store *db = job->api->db;
    struct err failed;
    bool begins = !store_in_transaction(db);
    if (begins && store_begin(db, &failed) != 0) return false;
    int rc = show(job, http_status_of(&job->err));
    if (begins) store_rollback(db);
    return rc == 0;
}

void auth_account_done(struct auth_job *job, const char *what)
{
    char to[60];
    snprintf(to, sizeof(to), "/account?done=%s", what);
    page_redirect(job->request, to, NULL);
}
