/* The page behind a signed link: GET shows what is asked and changes nothing, POST decides. Plain HTML without a
 * script, in the visitor's language. On the io thread, but for the writing of the page. */
#ifndef KHUNG_LINK_PAGE_H
#define KHUNG_LINK_PAGE_H

#include "http/api_job.h"

void link_page_handle(struct http_api *api, struct http_request *r);
/* What the job's call gave, as HTML (on the thread that ran it); and why it failed. */
void link_page_write(struct api_job *job, const struct val *out);
void link_page_problem(struct http_request *r, const struct err *err, const char *lang);

#endif
