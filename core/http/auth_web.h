/* Inside http/: authentication over HTTP.
 *
 * All on the io thread, but the steps of a job. A request below /auth/ becomes a job; its plan says which steps run on
 * the lane (rows) and which on the pool (hashes of passwords), one after the other; then it is answered. The first step
 * that fails is the last. */
#ifndef KHUNG_HTTP_AUTH_WEB_H
#define KHUNG_HTTP_AUTH_WEB_H

#include "http/api_job.h"
#include "http/routes.h"
#include "http/page.h"
#include "people/auth.h"
#include "runtime/pool.h"

struct oidc;
struct oidc_back;
struct auth_job;

/* What the io thread has of it; one a service. */
struct auth_web {
    struct pool *pool;
    struct oidc *oidc; /* NULL: no provider is set */
    struct {
        int64_t session, at;
    } touched[256]; /* whose use is on its way to the database */
};
struct auth_web *auth_web_new(const struct http_api_options *o);
void auth_web_free(struct auth_web *w);

/* --- who asks (auth_who.c) --- */

/* A bearer token, or the cookie of a session; neither: PEOPLE_ANONYMOUS. In a read transaction of api->db. ERR_DENIED
 * "http.no_token"; for what is not safe with a cookie: "auth.csrf", "auth.origin". */
int auth_who(struct http_api *api, struct http_request *r, struct people_login *login, struct err *err);
/* Whose browser sends a body that has not come yet, and the word against forgery in it: by the cookie, from a page of
 * ours. ERR_DENIED "http.no_token", "auth.origin". */
int auth_browser(struct http_api *api, struct http_request *r, struct people_login *login, struct err *err);
/* Does a page of ours send this, or no browser at all? ERR_DENIED "auth.origin". */
int auth_same_origin(struct http_api *api, const struct http_request *r, struct err *err);
/* "session", "csrf", "oidc". Borrowed from the header, `len` long; NULL: not there. */
const char *auth_cookie(struct http_api *api, const struct http_request *r, const char *which, size_t *len);
/* A line Set-Cookie. max_age 0: away with it. */
void auth_cookie_line(struct http_api *api, struct buf *b, const char *which, const char *value, int64_t max_age_s);
void auth_csrf(struct http_api *api, const char *session, char out[SECRET_TEXT]);
/* The word for forms that are posted to one plugin, and good for nothing else: a plugin may come to know it. */
void auth_csrf_plugin(struct http_api *api, const char *session, const char *plugin, char out[SECRET_TEXT]);
/* Whom a try is counted against: behind a trusted proxy the address that it names. */
void auth_address(struct http_api *api, const struct http_request *r, char out[64]);

/* --- jobs (auth_job.c) --- */

/* `s`: on the lane; NULL on the pool. */
typedef int (*auth_step)(struct auth_job *job, struct session *s, struct err *err);
struct auth_plan {
    struct {
        bool on_pool;
        auth_step run;
    } steps[4];                           /* closed by {0} */
    void (*answer)(struct auth_job *job); /* of a success; replies, does not free */
};

struct auth_job {
    struct lane_work lane;
    struct pool_work pool;
    struct mail back;
    struct http_api *api;
    struct http_request *request;
    const struct auth_plan *plan;
    int at;
    struct arena arena;
    struct people_login login; /* who asks */
    bool is_page;              /* answered by a page, not by JSON */
    /* Shows a form again with what is wrong. False: it is nothing that this form can mend. NULL: there is none. */
    bool (*tell)(struct auth_job *job);
    bool failed;
    struct err err;
    /* what the routes pass from step to step */
    const char *segment;                                   /* of the path: a token, an id; "" */
    const char *name, *password, *present, *code, *old;    /* of the body; `old`: the session's cookie */
    char address[64];                                      /* of who asks */
    char stored[SECRET_HASH_TEXT], hash[SECRET_HASH_TEXT]; /* of the present password, of the new one */
    int64_t account, session;
    const char *how;
    char token[SECRET_TEXT]; /* of the new session */
    char secret[40], recovery[AUTH_RECOVERY_CODES][AUTH_RECOVERY_TEXT];
    const struct val *claims; /* of a provider */
    struct oidc_back *back_from;
    const char *return_to; /* a path here, or NULL: where to go from the login */
};
struct auth_job *auth_job_new(struct http_api *api, struct http_request *r);
void auth_job_free(struct auth_job *job);
/* Answered later; takes the job over. */
void auth_job_start(struct auth_job *job, const struct auth_plan *plan);
/* The request has been deferred already. */
void auth_job_go_on(struct auth_job *job, const struct auth_plan *plan);
/* Answers with job->err, as a page or a problem, and frees. */
void auth_job_refuse(struct auth_job *job);
/* Replies 200 with JSON, or 204 when `out` is nil. */
void auth_reply(struct auth_job *job, int status, const struct val *out, const char *headers);
/* The session's cookies, and { name, admin, lang, csrf }. */
void auth_reply_session(struct auth_job *job);
void auth_session_lines(struct auth_job *job, struct buf *b);

/* Steps that several plans have. */
int auth_admit(struct auth_job *job, struct session *s, struct err *err);        /* job->name; fills account, stored */
int auth_verify(struct auth_job *job, struct session *s, struct err *err);       /* job->present against stored */
int auth_hash_new(struct auth_job *job, struct session *s, struct err *err);     /* job->password, rules and hash */
int auth_open_session(struct auth_job *job, struct session *s, struct err *err); /* job->account, how, old */
int auth_log_in(struct auth_job *job, struct session *s, struct err *err);       /* job->account, stored, code */

/* --- pages (auth_page.c) --- */

/* The language that the reader chose on a page, if any. */
void auth_page_lang(struct http_api *api, const struct http_request *r, char lang[8]);
/* Whose page it is, by the session: their name, the word for its forms, how much they have not read. 0: it is, or
 * nobody is logged in; ERR_NOMEM. */
int auth_page_take(struct http_api *api, const struct http_request *r, const struct people_login *login,
                   struct arena *a, struct page *p);
/* A page of the job's caller; what is written in between is the caller's. Closes the buffer. */
void auth_page_open(struct auth_job *job, struct page *p, struct buf *b);
void auth_page_title(struct auth_job *job, struct page *p, const char *key); /* {name}: job->name */
void auth_page_new_password(struct auth_job *job, struct page *p);
void auth_page_close(struct auth_job *job, struct page *p, int status, const char *more);
/* job->err as a page, or off to the login when that is what lacks. */
void auth_page_refuse(struct auth_job *job);

struct auth_page {
    int status;
    const char *title, *text; /* keys of the catalogue */
    const struct err *wrong;  /* above the form, or NULL */
    bool has_form, asks_name;
    const char *name; /* whose password it is, or what was typed; NULL */
    const char *button;
    const char *link, *link_text; /* where to go on, and its key; NULL */
    const char *headers;          /* more lines */
};
void auth_page_reply(struct auth_job *job, const struct auth_page *page);

/* --- routes --- */

struct auth_route {
    const char *method, *pattern;
    enum http_needs needs;
    bool is_page; /* a browser's own requests: errors are pages, too */
    void (*handle)(struct auth_job *job);
    struct http_told told;
};
extern const struct auth_route auth_routes[]; /* closed by {NULL} */

/* True: it was one of authentication, and it is or will be answered. */
bool auth_handle(struct http_api *api, struct http_request *r);
void auth_login(struct auth_job *job); /* auth_login.c */
void auth_logout(struct auth_job *job);
void auth_me(struct auth_job *job);
void auth_sessions(struct auth_job *job); /* auth_sessions.c */
void auth_sessions_end(struct auth_job *job);
void auth_sessions_end_others(struct auth_job *job);
void auth_change_password(struct auth_job *job); /* auth_account.c */
void auth_totp_start(struct auth_job *job);
void auth_totp_finish(struct auth_job *job);
void auth_totp_off(struct auth_job *job);
void auth_setup_page(struct auth_job *job); /* auth_links.c */
void auth_setup_act(struct auth_job *job);
void auth_reset_send(struct auth_job *job);
void auth_reset_page(struct auth_job *job);
void auth_reset_act(struct auth_job *job);
void auth_oidc_start(struct auth_job *job); /* auth_oidc.c */
void auth_oidc_callback(struct auth_job *job);
void auth_login_page(struct auth_job *job); /* login_page.c */
void auth_login_act(struct auth_job *job);
void auth_code_page(struct auth_job *job);
void auth_code_act(struct auth_job *job);
void auth_forgot_page(struct auth_job *job);
void auth_forgot_act(struct auth_job *job);
void auth_language(struct auth_job *job);
void auth_account_page(struct auth_job *job); /* account_page.c */
bool auth_account_tell(struct auth_job *job);
void auth_account_done(struct auth_job *job, const char *what);
void auth_totp_page(struct auth_job *job); /* totp_page.c */
bool auth_totp_tell(struct auth_job *job);
void auth_totp_show_key(struct auth_job *job, const char *uri);
void auth_totp_show_codes(struct auth_job *job);

#endif
