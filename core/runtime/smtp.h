/* Outbound mail: one message to one address, handed to the organisation's mail server.
 *
 * On the fetcher's libcurl and loop (fetch.h). The server is the administrator's choice, so its address may be private;
 * a message holds no addresses but those given here. What the server refuses for good (5xx) is ERR_INVALID
 * "smtp.refused", all else may be tried again.
 *
 *     struct smtp_mail m = {.from = from, .to = to, .headers = lines, .nheaders = 5, .text = text, .done = done};
 *     smtp_start(fetcher, &m, err);   ...   done(me, failed) */
#ifndef KHUNG_SMTP_H
#define KHUNG_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

struct loop;
struct fetcher;

enum smtp_tls { SMTP_TLS_REQUIRED, SMTP_TLS_OPTIONAL, SMTP_TLS_OFF };

struct smtp_server {
    const char *url;             /* "smtp://mail.example.org:587" (STARTTLS as `tls` says), "smtps://…" */
    const char *user, *password; /* NULL: none asked for */
    const char *ca;              /* certificates in PEM that are trusted instead of the system's, or NULL */
    enum smtp_tls tls;
};

struct smtp_mail {
    const char *from, *to;      /* addresses alone; refused if they hold anything else */
    const char *const *headers; /* lines "Name: value", encoded; folded ones hold "\r\n " */
    size_t nheaders;
    const char *text; /* UTF-8 */
    size_t text_len;
    const char *html; /* NULL: text alone */
    size_t html_len;
    int timeout_ms;                                    /* 0: 60 s */
    struct loop *reply;                                /* done runs on its thread; NULL: the fetcher's loop */
    void (*done)(void *ctx, const struct err *failed); /* NULL: the server has taken it */
    void *ctx;
};

/* Any thread. Copies all. After 0 done is called exactly once; after an error never. */
int smtp_start(struct fetcher *f, const struct smtp_mail *m, struct err *err);

/* An address that can stand in an envelope and a header as it is: ASCII, one @, no blanks, quotes or brackets. */
bool smtp_is_address(const char *s);

#endif
