/* Inside runtime/: the fetcher's parts. */
#ifndef KHUNG_FETCH_INTERNAL_H
#define KHUNG_FETCH_INTERNAL_H

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "runtime/fetch.h"
#include "runtime/loop.h"
#include "runtime/smtp.h"

enum { FETCH_HEADERS_MAX = 100, FETCH_URL_MAX = 8 << 10, FETCH_HEAD_MAX = 64 << 10 };

/* libcurl's functions that are used; found at run time (fetch_curl.c). Written once, on the io thread. */
struct fetch_curl {
    __typeof__(&curl_global_init) global_init;
    __typeof__(&curl_easy_init) easy_init;
    __typeof__(&curl_easy_setopt) easy_setopt;
    __typeof__(&curl_easy_getinfo) easy_getinfo;
    __typeof__(&curl_easy_cleanup) easy_cleanup;
    __typeof__(&curl_easy_strerror) easy_strerror;
    __typeof__(&curl_multi_init) multi_init;
    __typeof__(&curl_multi_setopt) multi_setopt;
    __typeof__(&curl_multi_add_handle) multi_add_handle;
    __typeof__(&curl_multi_remove_handle) multi_remove_handle;
    __typeof__(&curl_multi_socket_action) multi_socket_action;
    __typeof__(&curl_multi_info_read) multi_info_read;
    __typeof__(&curl_multi_assign) multi_assign;
    __typeof__(&curl_multi_cleanup) multi_cleanup;
    __typeof__(&curl_slist_append) slist_append;
    __typeof__(&curl_slist_free_all) slist_free_all;
    __typeof__(&curl_url) url;
    __typeof__(&curl_url_set) url_set;
    __typeof__(&curl_url_get) url_get;
    __typeof__(&curl_url_cleanup) url_cleanup;
    __typeof__(&curl_free) free_text;
    __typeof__(&curl_mime_init) mime_init;
    __typeof__(&curl_mime_addpart) mime_addpart;
    __typeof__(&curl_mime_data) mime_data;
    __typeof__(&curl_mime_type) mime_type;
    __typeof__(&curl_mime_encoder) mime_encoder;
    __typeof__(&curl_mime_free) mime_free;
};

/* What libcurl works on, of whatever protocol: its handle's private data. */
struct transfer {
    void (*ended)(struct transfer *t, CURLcode code);
};

/* One request: owned by the sender's mail, then the io thread, then the mail of the answer. */
struct fetch {
    struct mail mail;
    struct transfer transfer;
    struct fetch *next, *prev; /* among the running ones */
    struct fetcher *fetcher;
    int64_t deadline_ms; /* of the loop's clock */
    struct arena arena;
    struct fetch_request request; /* its texts are in the arena */
    int hops;
    bool drop_body;    /* a redirect made it a GET */
    bool drop_secrets; /* a redirect led to another host */
    /* the transfer */
    CURL *easy;
    CURLU *url;
    struct curl_slist *lines;
    bool is_private_ok, met_private, is_too_large;
    char host[256], origin[300];
    /* the result */
    struct buf head, body;
    struct fetch_header headers[FETCH_HEADERS_MAX];
    struct fetch_result result;
    struct err err;
};

struct fetcher {
    struct loop *loop;
    uv_loop_t *uv;
    char *private_hosts;
    int max;
    atomic_int running; /* accepted and not yet answered */
    /* on the io thread */
    bool is_open, is_stopping, is_fake;
    struct fetch_curl curl;
    CURLM *multi;
    uv_timer_t *timer;
    struct fetch *first;
    struct smtp *first_smtp;
    struct smtp_server smtp; /* its texts are owned; url NULL: none is set */
};

/* fetch_curl.c */
int fetch_curl_open(struct fetch_curl *c, struct err *err);
/* fetch_loop.c: libcurl's sockets and timer on the loop. */
int fetch_loop_open(struct fetcher *f, struct err *err);
void fetch_loop_close(struct fetcher *f);
/* fetch_hop.c: one request to one URL. */
int fetch_hop_start(struct fetch *t, const char *url, struct err *err);
void fetch_hop_close(struct fetch *t);
/* Reads the URL and says whether it may be fetched; needs only the library. */
int fetch_hop_check(struct fetch *t, const char *url, struct err *err);
/* fetch.c */
void fetch_finish(struct fetch *t, int rc);
void fetch_free(struct fetch *t);
/* The library and its loop, at first use. */
int fetcher_open_library(struct fetcher *f, struct err *err);
/* fetch_fake.c */
void fetch_fake_add(struct fetch *t);
void fetch_fake_close(struct fetcher *f);
/* smtp.c */
int smtp_server_set(struct fetcher *f, const struct smtp_server *server);
void smtp_server_clear(struct fetcher *f);
void smtp_stop(struct fetcher *f);

#endif
