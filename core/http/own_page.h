/* Pages of one's own: what one is told (/notices), how one wants to be told (/account/notices), one's tokens
 * (/account/tokens). Each shows itself on a reader, and does what its form asks for on the lane, by the calls that REST
 * makes; what is refused is shown with its reasons. */
#ifndef KHUNG_HTTP_OWN_PAGE_H
#define KHUNG_HTTP_OWN_PAGE_H

#include "http/task_page.h"

typedef int (*own_page_work)(struct api_job *job, struct session *s, struct reader *reader, struct err *err);

struct own_page {
    const char *path;
    own_page_work show;
    struct {
        const char *name; /* "_act" of its form */
        own_page_work run;
    } acts[5]; /* closed by {0} */
};
extern const struct own_page notice_page, wish_page, token_page;

void own_page_handle(struct http_api *api, struct http_request *r);

/* The page's frame, narrow or not; with what was wrong, or what was done just now, on top. */
void own_page_begin(struct api_job *job, const char *title);
int own_page_end(struct api_job *job, struct err *err);
/* A form of the page that asks for `act`. */
void own_page_form(struct page *p, const char *path, const char *act);
/* What a field of the form says; NULL: it is not there. */
const char *own_page_given(struct api_job *job, const char *name);
/* The answer of an act: off to `path` with ?done=WHAT, and the cursor of where one was (NULL: none). */
int own_page_done(struct api_job *job, const char *path, const char *what, const char *after, struct err *err);
/* One call of the API with one argument (NULL: none). */
int own_page_call(struct api_job *job, struct session *s, const char *call, const struct val *arg, struct val *out,
                  struct err *err);
/* The link to what comes behind, with the cursor in the session, when there is more. */
void own_page_more(struct page *p, struct session *s, const char *path);

#endif
