/* Outbound HTTP: requests leave from the io thread, results come back to the loop of whoever asked.
 *
 * libcurl is opened (dlopen) by the first request, so that a service that fetches nothing does not pay its 6 MB. Only
 * http and https, no proxies of the environment, no cookies. The host must be on the request's list, at each
 * redirect anew; private and loopback addresses are refused when the socket is opened, unless the host was granted by
 * name in `private_hosts`.
 *
 *     struct fetch_request r = {.url = url, .hosts = hosts, .nhosts = 1, .reply = loop, .done = done, .ctx = me};
 *     fetch_start(fetcher, &r, err);   ...   done(me, &result) */
#ifndef KHUNG_FETCH_H
#define KHUNG_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct loop;
struct fetcher;
struct smtp_server;

struct fetch_header {
    const char *name, *value;
};

/* Borrowed until done returns. */
struct fetch_result {
    const struct err *failed; /* NULL: there is a response, whatever its status */
    int status;
    const struct fetch_header *headers; /* names in small letters; of the last response */
    size_t nheaders;
    const char *body; /* ended by a NUL that is not counted */
    size_t body_len;
};

struct fetch_request {
    const char *url;
    const char *method; /* NULL: GET, or POST with a body */
    const struct fetch_header *headers;
    size_t nheaders;
    const char *body;
    size_t body_len;
    int timeout_ms;           /* for all of it, redirects too; 0: 30 s */
    size_t max_bytes;         /* of the response's body; 0: 1 MiB */
    int redirects;            /* followed at most; 0: none, 3xx is a result */
    const char *const *hosts; /* "example.org", "*.example.org" (not itself), "*"; none: nothing is allowed */
    size_t nhosts;
    struct loop *reply; /* done runs on its thread; NULL: the fetcher's loop */
    void (*done)(void *ctx, const struct fetch_result *result);
    void *ctx;
};

struct fetcher_options {
    struct loop *loop;         /* the io thread's */
    const char *private_hosts; /* names, separated by blanks or commas, that may have private addresses; NULL: none */
    int requests;              /* at once, waiting ones too; 0: 1000 */
    const struct smtp_server *smtp; /* where mail goes (smtp.h); NULL: there is none */
};
int fetcher_new(const struct fetcher_options *o, struct fetcher **out, struct err *err);
/* On the loop's thread, or after it has ended; before loop_free. What is under way fails with "fetch.stopped". */
void fetcher_free(struct fetcher *f);

/* Tests: a fetcher without loop and network. Requests are checked as if they were to be sent, then wait to be answered
 * by hand, on the thread that asks. Freed with fetcher_free; what waits then is never answered. */
struct fetcher *fetcher_new_fake(void);
/* The oldest that waits, borrowed until it is answered; NULL: none. What does not pass the checks is answered here. */
const struct fetch_request *fetch_fake_next(struct fetcher *f);
bool fetch_fake_waits(const struct fetcher *f);
void fetch_fake_answer(struct fetcher *f, const struct fetch_result *result);

/* Any thread. Copies all of the request. After 0 done is called exactly once; after an error never. */
int fetch_start(struct fetcher *f, const struct fetch_request *r, struct err *err);

#endif
