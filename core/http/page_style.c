/* The style of all pages: page.css, put into the program when it is built. */
#include "http/page.h"

extern const char page_css[];
extern const size_t page_css_len;

void page_style(struct http_request *r)
{
    struct http_response res = {.status = 200,
                                .type = "text/css; charset=utf-8",
                                .body = page_css,
                                .len = page_css_len,
                                .headers = "Cache-Control: max-age=3600\r\n"};
    http_reply(r, &res);
}
