/* Pages of authentication: the frame, and those of one heading and one form. */
#include <string.h>

#include "base/locale.h"
#include "http/auth_web.h"
#include "http/problem.h"
#include "http/query.h"
#include "notify/notify.h"
#include "plugin/host.h"

/* A page without the count is better than none. */
static int count_unread(struct http_api *api, int64_t person)
{
    struct err ignored = {0};
    bool begins = !store_in_transaction(api->db);
    if (person <= 0 || (begins && store_begin(api->db, &ignored) != 0)) return 0;
    int n = notify_unread(api->db, person, &ignored);
    if (begins) store_rollback(api->db);
    return n > 0 ? n : 0;
}

int auth_page_take(struct http_api *api, const struct http_request *r, const struct people_login *login,
                   struct arena *a, struct page *p)
{
    size_t len;
    const char *cookie = login->session ? auth_cookie(api, r, "session", &len) : NULL;
    if (!cookie) return 0;
    char *word = arena_alloc(a, SECRET_TEXT), *session = arena_strndup(a, cookie, len);
    if (!word || !session) return ERR_NOMEM;
    auth_csrf(api, session, word);
    p->user = login->name;
    p->csrf = word;
    p->unread = count_unread(api, login->actor.person);
    return 0;
}

void auth_page_open(struct auth_job *job, struct page *p, struct buf *b)
{
    buf_init(b, PAGE_MAX);
    *p = (struct page){.out = b, .lang = job->login.lang, .here = job->request->path, .is_narrow = true};
    auth_page_take(job->api, job->request, &job->login, &job->arena, p);
}

void auth_page_close(struct auth_job *job, struct page *p, int status, const char *more)
{
    struct buf lines;
    buf_init(&lines, 4096);
    if (more) buf_add_str(&lines, more);
    if (status == 429 && err_arg(&job->err, "retry_after")[0] && !strstr(job->request->rate, "Retry-After"))
        buf_printf(&lines, "Retry-After: %s\r\n", err_arg(&job->err, "retry_after"));
    page_end(p);
    page_reply(job->request, status, p, lines.data);
    buf_close(&lines);
    buf_close(p->out);
}

void auth_page_title(struct auth_job *job, struct page *p, const char *key)
{
    struct buf title;
    buf_init(&title, 4096);
    locale_format(&title, p->lang, key, "name", job->name ? job->name : "", NULL);
    page_begin(p, title.data);
    buf_close(&title);
}

static void add_name(struct page *p, const struct auth_page *page)
{
    if (page->asks_name)
        page_add(p,
                 "<label for=\"name\">%k</label>\n<input id=\"name\" name=\"name\" autocomplete=\"username\""
                 " autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"63\" required value=\"%s\">\n",
                 "auth.page_name", page->name);
    else /* for the browser's store of passwords */
        page_add(p, "<input type=\"text\" name=\"user\" autocomplete=\"username\" readonly hidden value=\"%s\">\n",
                 page->name);
}

void auth_page_new_password(struct auth_job *job, struct page *p)
{
    struct err_num least;
    page_add(p, "<label for=\"password\">%k</label>\n<p class=\"help\" id=\"rule\">", "auth.page_password");
    page_say(p, "auth.page_rule", "least", err_i64(&least, job->api->o.host->auth->o.password_length));
    page_add(p,
             "</p>\n<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"new-password\" required"
             " aria-describedby=\"rule\">\n");
}

void auth_page_reply(struct auth_job *job, const struct auth_page *page)
{
    struct buf b;
    struct page p;
    auth_page_open(job, &p, &b);
    auth_page_title(job, &p, page->title);
    if (page->wrong) page_err(&p, page->wrong);
    if (page->text) {
        page_add(&p, "<p>");
        page_say(&p, page->text, "name", job->name ? job->name : "");
        page_add(&p, "</p>\n");
    }
    if (page->has_form) {
        page_form(&p, NULL);
        add_name(&p, page);
        auth_page_new_password(job, &p);
        page_add(&p, "<button>%k</button>\n</form>\n", page->button);
    }
    if (page->link) page_add(&p, "<p><a class=\"button\" href=\"%s\">%k</a></p>\n", page->link, page->link_text);
    auth_page_close(job, &p, page->status, page->headers);
}

/* Who is not logged in gets to where they wanted by logging in. */
void auth_page_refuse(struct auth_job *job)
{
    bool lacks_login = strcmp(job->err.key, "auth.no_session_here") == 0 || strcmp(job->err.key, "http.no_token") == 0;
    struct auth_page page = {.status = http_status_of(&job->err), .title = "auth.page_failed", .wrong = &job->err};
    if (lacks_login && strcmp(job->request->method, "GET") == 0) {
        page_login_first(job->request);
        return;
    }
    page.link = lacks_login ? "/login" : NULL;
    page.link_text = "auth.login";
    auth_page_reply(job, &page);
}
