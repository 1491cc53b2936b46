/* Logging in by a browser: name and password, then a code where the account has a second factor, then on to where one
 * wanted to go.
 *
 * A form that is sent without a session carries a word, too, which belongs to a cookie of this browser: so no other
 * site can log somebody in as somebody else. Between the two steps a sealed cookie says whose password was right; it is
 * good for some minutes, with the code alone, and for as long as the password is the same. */
#include <string.h>

#include "base/locale.h"
#include "http/auth_web.h"
#include "http/oidc.h"
#include "http/problem.h"
#include "http/query.h"
#include "notify/notify.h"
#include "plugin/host.h"

enum { STEP_MS = 5 * 60 * 1000, WORD_S = 3600, LINES_MAX = 8192, LANGUAGE_S = 365 * 86400 };
static const char about[] = "login step";

struct login_step {
    int64_t account, expires;
    char name[64], password[SECRET_TEXT]; /* a code of the password's hash */
};
enum { STEP_LEN = sizeof(struct login_step) + SECRET_SEAL_MORE };

static const struct auth *auth_of(const struct auth_job *job)
{
    return job->api->o.host->auth;
}

static const char *cookie_of(struct auth_job *job, const char *which)
{
    size_t len;
    const char *cookie = auth_cookie(job->api, job->request, which, &len);
    return cookie ? arena_strndup(&job->arena, cookie, len) : NULL;
}

/* The word of this browser; a new one when it has none. */
static void take_word(struct auth_job *job, struct buf *lines, char word[SECRET_TEXT])
{
    char fresh[SECRET_TEXT];
    const char *cookie = cookie_of(job, "login");
    if (!cookie) {
        secret_new(fresh);
        auth_cookie_line(job->api, lines, "login", fresh, WORD_S);
    }
    auth_csrf(job->api, cookie ? cookie : fresh, word);
}

static bool has_word(struct auth_job *job)
{
    char good[SECRET_TEXT];
    const char *cookie = cookie_of(job, "login");
    const char *given = http_query_get(job->request->body, job->request->body_len, "_csrf", &job->arena);
    if (cookie && given) auth_csrf(job->api, cookie, good);
    return cookie && given && secret_equal(given, good);
}

/* "/login?next=…" */
static const char *with_next(struct auth_job *job, const char *path)
{
    struct buf b;
    if (!job->return_to) return path;
    buf_init(&b, 4096);
    buf_printf(&b, "%s?", path);
    http_query_add(&b, strcmp(path, "/auth/oidc/start") == 0 ? "return" : "next", job->return_to);
    const char *copy = arena_strndup(&job->arena, b.data, b.len);
    buf_close(&b);
    return copy ? copy : path;
}

static void begin(struct auth_job *job, struct page *p, const char *action, const char *title)
{
    p->here = with_next(job, action);
    auth_page_title(job, p, title);
    if (job->err.code) page_err(p, &job->err);
    page_form(p, action);
    if (job->return_to) page_add(p, "<input type=\"hidden\" name=\"next\" value=\"%s\">\n", job->return_to);
}

static void show_form(struct auth_job *job, int status)
{
    struct buf b, lines;
    struct page p;
    char word[SECRET_TEXT];
    buf_init(&lines, LINES_MAX);
    auth_page_open(job, &p, &b);
    take_word(job, &lines, word);
    p.csrf = word;
    begin(job, &p, "/login", "auth.login");
    page_add(&p,
             "<label for=\"name\">%k</label>\n<input id=\"name\" name=\"name\" autocomplete=\"username\""
             " autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"63\" required value=\"%s\">\n"
             "<label for=\"password\">%k</label>\n<input id=\"password\" name=\"password\" type=\"password\""
             " autocomplete=\"current-password\" required>\n<button>%k</button>\n</form>\n"
             "<p><a href=\"/login/forgot\">%k</a></p>\n",
             "auth.page_name", job->name, "auth.login_password", "auth.login", "auth.forgot");
    if (job->api->auth->oidc)
        page_add(&p, "<p class=\"or\"><a class=\"button second\" href=\"%s\">%k</a></p>\n",
                 with_next(job, "/auth/oidc/start"), "auth.login_oidc");
    auth_page_close(job, &p, status, lines.data);
    buf_close(&lines);
}

static void show_code(struct auth_job *job, int status, const char *more)
{
    struct buf b, lines;
    struct page p;
    char word[SECRET_TEXT];
    buf_init(&lines, LINES_MAX);
    if (more) buf_add_str(&lines, more);
    auth_page_open(job, &p, &b);
    take_word(job, &lines, word);
    p.csrf = word;
    begin(job, &p, "/login/code", "auth.code");
    page_add(&p,
             "<label for=\"code\">%k</label>\n<p class=\"help\" id=\"code-help\">%k</p>\n"
             "<input id=\"code\" name=\"code\" inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"40\""
             " required aria-describedby=\"code-help\">\n<button>%k</button>\n</form>\n"
             "<p><a href=\"%s\">%k</a></p>\n",
             "auth.code_label", "auth.code_help", "auth.login", with_next(job, "/login"), "auth.code_again");
    auth_page_close(job, &p, status, lines.data);
    buf_close(&lines);
}

/* Not the hash itself, sealed or not: it stays here. */
static void sign_password(const struct auth_job *job, const char *hash, char out[SECRET_TEXT])
{
    secret_sign(auth_of(job)->totp_key, hash, strlen(hash), out);
}

static void ask_code(struct auth_job *job)
{
    struct login_step step = {.account = job->account};
    uint8_t sealed[STEP_LEN];
    char text[2 * STEP_LEN];
    struct buf lines;
    buf_init(&lines, LINES_MAX);
    step.expires = clock_now(&job->api->o.host->clock) + STEP_MS;
    strncpy(step.name, job->name, sizeof(step.name) - 1);
    sign_password(job, job->stored, step.password);
    secret_seal(auth_of(job)->totp_key, &step, sizeof(step), about, sealed);
    secret_base64(sealed, sizeof(sealed), text, sizeof(text));
    auth_cookie_line(job->api, &lines, "step", text, STEP_MS / 1000);
    err_clear(&job->err);
    show_code(job, 200, lines.data);
    buf_close(&lines);
}

static bool tell(struct auth_job *job)
{
    if (strcmp(job->err.key, "auth.totp_needed") == 0)
        ask_code(job);
    else
        show_form(job, http_status_of(&job->err));
    return true;
}

static bool tell_code(struct auth_job *job)
{
    show_code(job, http_status_of(&job->err), NULL);
    return true;
}

static void answer(struct auth_job *job)
{
    struct buf lines;
    buf_init(&lines, LINES_MAX);
    auth_session_lines(job, &lines);
    auth_cookie_line(job->api, &lines, "login", "", 0);
    auth_cookie_line(job->api, &lines, "step", "", 0);
    page_redirect(job->request, job->return_to ? job->return_to : "/tasks", lines.data);
    buf_close(&lines);
}

static void refuse(struct auth_job *job, int code, const char *key)
{
    err_set(&job->err, code, key, NULL);
    auth_job_refuse(job);
}

/* Who is logged in already has nothing to do here. */
void auth_login_page(struct auth_job *job)
{
    struct people_login login;
    struct err ignored = {0};
    if (auth_who(job->api, job->request, &login, &ignored) == 0 && login.session)
        page_redirect(job->request, job->return_to ? job->return_to : "/tasks", NULL);
    else
        show_form(job, 200);
    auth_job_free(job);
}

void auth_login_act(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, auth_admit}, {true, auth_verify}, {false, auth_log_in}},
                                          .answer = answer};
    job->tell = tell;
    job->present = job->password;
    job->code = NULL; /* is asked for by itself */
    if (!has_word(job))
        refuse(job, ERR_DENIED, "auth.csrf");
    else if (!job->name || !*job->name || strlen(job->name) > 63 || !job->present || !*job->present)
        refuse(job, ERR_INVALID, "auth.login_missing");
    else
        auth_job_start(job, &plan);
}

/* --- the second step --- */

static bool read_step(struct auth_job *job, struct login_step *step)
{
    uint8_t sealed[STEP_LEN];
    size_t n = 0;
    const char *text = cookie_of(job, "step");
    return text && secret_unbase64(text, strlen(text), sealed, sizeof(sealed), &n) && n == sizeof(sealed) &&
           secret_open(auth_of(job)->totp_key, sealed, n, about, (uint8_t *)step) &&
           step->expires > clock_now(&job->api->o.host->clock);
}

/* A try like any other: it counts before it is made. */
static int take_up(struct auth_job *job, struct session *s, struct err *err)
{
    char now[SECRET_TEXT];
    int rc = auth_attempt_charge(s, job->name, job->address, err);
    if (rc == 0) rc = auth_password_get(s->db, job->account, job->stored, err);
    if (rc) return rc;
    sign_password(job, job->stored, now);
    return secret_equal(now, job->present) ? 0 : err_set(err, ERR_DENIED, "auth.wrong", NULL);
}

/* What came too late begins again. */
static bool resume(struct auth_job *job)
{
    struct login_step *step = arena_alloc(&job->arena, sizeof(*step));
    if (!step || !read_step(job, step)) {
        job->tell = tell;
        refuse(job, ERR_DENIED, "auth.step_over");
        return false;
    }
    job->account = step->account;
    job->name = step->name;
    job->present = step->password;
    return true;
}

void auth_code_page(struct auth_job *job)
{
    if (!resume(job)) return;
    show_code(job, 200, NULL);
    auth_job_free(job);
}

void auth_code_act(struct auth_job *job)
{
    static const struct auth_plan plan = {.steps = {{false, take_up}, {false, auth_log_in}}, .answer = answer};
    if (!resume(job)) return;
    job->tell = tell_code;
    if (!has_word(job))
        refuse(job, ERR_DENIED, "auth.csrf");
    else if (!job->code || !*job->code)
        refuse(job, ERR_INVALID, "auth.code_missing");
    else
        auth_job_start(job, &plan);
}

/* --- a forgotten password --- */

static void show_forgot(struct auth_job *job, int status)
{
    struct buf b;
    struct page p;
    auth_page_open(job, &p, &b);
    p.here = "/login/forgot";
    auth_page_title(job, &p, "auth.forgot");
    if (job->err.code) page_err(&p, &job->err);
    if (notify_has_mail(job->api->o.host->notify)) {
        page_add(&p, "<p>%k</p>\n", "auth.forgot_text");
        page_form(&p, "/login/forgot");
        page_add(&p,
                 "<label for=\"name\">%k</label>\n<input id=\"name\" name=\"name\" autocomplete=\"username\""
                 " autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"63\" required value=\"%s\">\n"
                 "<button>%k</button>\n</form>\n",
                 "auth.page_name", job->name, "auth.forgot_button");
    } else {
        page_add(&p, "<p>%k</p>\n", "auth.forgot_no_mail");
    }
    page_add(&p, "<p><a href=\"/login\">%k</a></p>\n", "auth.forgot_back");
    auth_page_close(job, &p, status, NULL);
}

void auth_forgot_page(struct auth_job *job)
{
    show_forgot(job, 200);
    auth_job_free(job);
}

static bool tell_forgot(struct auth_job *job)
{
    show_forgot(job, http_status_of(&job->err));
    return true;
}

void auth_forgot_act(struct auth_job *job)
{
    job->tell = tell_forgot;
    if (!job->name || !*job->name)
        refuse(job, ERR_INVALID, "auth.name_missing");
    else
        auth_reset_send(job);
}

/* --- the language of pages --- */

void auth_language(struct auth_job *job)
{
    struct buf lines;
    const char *lang = job->segment;
    if (strcmp(lang, "vi") != 0 && strcmp(lang, "en") != 0) {
        err_set(&job->err, ERR_NOT_FOUND, "http.not_found", "path", job->request->path, NULL);
        auth_job_refuse(job);
        return;
    }
    buf_init(&lines, LINES_MAX);
    auth_cookie_line(job->api, &lines, "lang", lang, LANGUAGE_S);
    page_redirect(job->request, job->return_to ? job->return_to : "/", lines.data);
    buf_close(&lines);
    auth_job_free(job);
}
