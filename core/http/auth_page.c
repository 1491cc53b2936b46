/* Pages of a few lines: a heading, what to do, a form. They work without a script, with any reader of screens, and load
 * nothing but their style. */
#include <string.h>

#include "base/locale.h"
#include "http/auth_web.h"
#include "plugin/host.h"

enum { PAGE_MAX = 64 << 10 };

static void add_escaped(struct buf *b, const char *s)
{
    for (; *s; s++) {
        const char *as = *s == '&' ? "&amp;" : *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : *s == '"' ? "&quot;" : NULL;
        if (as)
            buf_add_str(b, as);
        else
            buf_add_char(b, *s);
    }
}

static void add_text(struct buf *b, const struct auth_job *job, const char *key)
{
    char least[24];
    struct buf text;
    struct err_num n;
    buf_init(&text, 4096);
    strncpy(least, err_i64(&n, job->api->o.host->auth->o.password_length), sizeof(least) - 1);
    least[sizeof(least) - 1] = '\0';
    locale_format(&text, job->login.lang, key, "least", least, "name", job->name ? job->name : "", NULL);
    add_escaped(b, text.data ? text.data : "");
    buf_close(&text);
}

static void add_wrong(struct buf *b, const struct auth_job *job, const struct err *wrong)
{
    struct buf text;
    buf_init(&text, 4096);
    locale_err(&text, job->login.lang, wrong, true);
    buf_add_str(b, "<p role=\"alert\" id=\"wrong\">");
    add_escaped(b, text.data ? text.data : "");
    buf_add_str(b, "</p>\n");
    buf_close(&text);
}

static void add_name(struct buf *b, const struct auth_job *job, const struct auth_page *page)
{
    if (page->asks_name) {
        buf_add_str(b, "<label for=\"name\">");
        add_text(b, job, "auth.page_name");
        buf_add_str(b, "</label>\n<input id=\"name\" name=\"name\" autocomplete=\"username\" autocapitalize=\"none\""
                       " spellcheck=\"false\" maxlength=\"63\" required value=\"");
    } else { /* for the browser's store of passwords */
        buf_add_str(b, "<input type=\"text\" name=\"user\" autocomplete=\"username\" readonly hidden value=\"");
    }
    add_escaped(b, page->name ? page->name : "");
    buf_add_str(b, "\">\n");
}

static void add_form(struct buf *b, const struct auth_job *job, const struct auth_page *page)
{
    buf_add_str(b, "<form method=\"post\">\n");
    add_name(b, job, page);
    buf_add_str(b, "<label for=\"password\">");
    add_text(b, job, "auth.page_password");
    buf_add_str(b, "</label>\n<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"new-password\""
                   " required aria-describedby=\"rule\">\n<p id=\"rule\">");
    add_text(b, job, "auth.page_rule");
    buf_add_str(b, "</p>\n<button>");
    add_text(b, job, page->button);
    buf_add_str(b, "</button>\n</form>\n");
}

static void add_page(struct buf *b, const struct auth_job *job, const struct auth_page *page)
{
    buf_printf(b, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<title>", job->login.lang);
    add_text(b, job, page->title);
    buf_add_str(b, "</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<link rel=\"stylesheet\" href=\"/auth/style.css\">\n</head>\n<body>\n<main>\n<h1>");
    add_text(b, job, page->title);
    buf_add_str(b, "</h1>\n");
    if (page->text) {
        buf_add_str(b, "<p>");
        add_text(b, job, page->text);
        buf_add_str(b, "</p>\n");
    }
    if (page->wrong) add_wrong(b, job, page->wrong);
    if (page->has_form) add_form(b, job, page);
    buf_add_str(b, "</main>\n</body>\n</html>\n");
}

/* same-origin, not no-referrer: with that a browser hides the origin of our own form from us. */
void auth_page_reply(struct auth_job *job, const struct auth_page *page)
{
    struct buf b, lines;
    buf_init(&b, PAGE_MAX);
    buf_init(&lines, PAGE_MAX);
    buf_add_str(&lines, "Cache-Control: no-store\r\nReferrer-Policy: same-origin\r\n"
                        "Content-Security-Policy: default-src 'none'; style-src 'self'; form-action 'self';"
                        " frame-ancestors 'none'; base-uri 'none'\r\nCross-Origin-Opener-Policy: same-origin\r\n"
                        "Content-Language: ");
    buf_add_str(&lines, job->login.lang);
    buf_add_str(&lines, "\r\n");
    if (page->headers) buf_add_str(&lines, page->headers);
    if (page->wrong && err_arg(page->wrong, "retry_after")[0])
        buf_printf(&lines, "Retry-After: %s\r\n", err_arg(page->wrong, "retry_after"));
    add_page(&b, job, page);
    struct http_response res = {.status = page->status,
                                .type = "text/html; charset=utf-8",
                                .body = b.data,
                                .len = b.len,
                                .headers = lines.data};
    http_reply(job->request, &res);
    buf_close(&b);
    buf_close(&lines);
}

void auth_page_style(struct http_request *r)
{
    static const char style[] =
        ":root{color-scheme:light dark}\n"
        "body{font:1rem/1.5 system-ui,sans-serif;margin:0;padding:1rem}\n"
        "main{max-width:26rem;margin:2rem auto}\n"
        "label,input,button,textarea{display:block;width:100%;box-sizing:border-box;font:inherit}\n"
        "input,button,textarea{padding:.6rem;margin:.25rem 0 1rem}\n"
        "fieldset{border:1px solid #8888;margin:0 0 1rem;padding:.2rem .8rem .6rem}\n"
        "legend{padding:0 .3rem}\n"
        "[type=radio],[type=checkbox]{display:inline-block;width:auto;margin:0 .5rem 0 0}\n"
        "[hidden]{display:none}\n"
        "[role=alert]{border-left:.3rem solid #b00020;padding-left:.8rem}\n";
    struct http_response res = {.status = 200,
                                .type = "text/css; charset=utf-8",
                                .body = style,
                                .len = sizeof(style) - 1,
                                .headers = "Cache-Control: max-age=3600\r\n"};
    http_reply(r, &res);
}
