/* The page behind a signed link: GET shows what is asked and changes nothing, POST decides. Plain HTML without a
 * script, in the visitor's language. On the io thread, but for the writing of the page. */
#ifndef KHUNG_LINK_PAGE_H
#define KHUNG_LINK_PAGE_H

#include "http/api_job.h"

void link_page_handle(struct http_api *api, struct http_request *r);
/* The bytes of a file that the page shows (link_file.c). */
void link_file_handle(struct http_api *api, struct http_request *r);

#endif
