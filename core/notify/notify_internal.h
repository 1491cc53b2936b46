/* Inside notify/: kinds of notices, persons' wishes, mail, webhooks. */
#ifndef KHUNG_NOTIFY_INTERNAL_H
#define KHUNG_NOTIFY_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/val.h"
#include "notify/notify.h"
#include "outbox/outbox.h"
#include "people/people.h"
#include "plugin/session.h"
#include "store/lane.h"

enum {
    NOTIFY_CROWD_MAX = 2000, /* persons told of one thing */
    NOTIFY_TEXT_MAX = 256 << 10,
    NOTIFY_SUBJECT_MAX = 500,
    NOTIFY_SECRET_LEN = 32,
    NOTIFY_TOPIC_MAX = 100,
};

struct notify {
    struct host *host;
    struct lane *lane;
    struct lane_source notices_source, mailings_source;
    struct lane_source anchor_source; /* anchor_mail.c */
    struct lane_work anchor_work;
    bool is_mailing_anchor;
    int in_flight;      /* persons whose notices are being mailed */
    struct arena arena; /* for one event */
    /* Set before threads start, then only read. */
    char url[400], mail_from[256], mail_name[200], anchor_to[NOTIFY_ADDRESSES_MAX];
    bool mail_links;
    uint8_t secret[NOTIFY_SECRET_LEN]; /* signs links */
};

/* --- notices --- */

enum notice_way { NOTICE_NONE, NOTICE_APP, NOTICE_MAIL, NOTICE_DIGEST, NOTICE_WAYS };
extern const char *const notice_ways[NOTICE_WAYS];

/* A kind that the core makes; others are topics of plugins ("PLUGIN.topic"), which may be unsubscribed. */
struct notice_kind {
    const char *name;
    bool is_duty; /* cannot be unsubscribed */
    enum notice_way otherwise;
};
const struct notice_kind *notice_kind_find(const char *name); /* never NULL */
extern const struct notice_kind notice_kinds[];               /* closed by {NULL} */

/* How a person wants to be told of a kind, and when. Minutes of the local day; -1: none. */
struct notice_wish {
    enum notice_way way;
    int quiet_from, quiet_until, digest_at;
};
int notice_wish_read(struct store *db, int64_t person, const char *kind, struct notice_wish *out, struct err *err);
/* The first moment from `now` on at which mail may go; quiet hours over. */
int64_t notice_when(const struct notice_wish *w, const char *zone, int64_t now);

struct notice {
    const char *kind, *title, *link; /* link: NULL none */
    const char *text;                /* NULL: the title says all */
    const char *html;                /* with a text: its own form of it, or NULL */
    const char *plugin;              /* whose it is, or NULL */
    int64_t ref, due;                /* a task or an item; its deadline; 0 */
};
/* On the lane, as nobody, over the arena of one event. */
struct session notify_session(struct notify *n, struct lane *lane);
/* Tells one person by the way they wish: a row, a mail or both. */
int notice_tell(struct notify *n, struct session *s, const struct people_reached *to, const struct notice *what,
                struct err *err);
int64_t notices_collect(struct lane_source *src, struct lane *lane, int64_t now, int max);
/* Of "content.sent_back" and "content.approved" (notice_author.c). */
int notice_author(struct notify *n, struct session *s, const char *event, const struct val *data, struct err *err);
int notice_event(struct notify *n, struct session *s, const char *event, const struct val *data, struct err *err);
/* Lines with what a mail links to (notice_link.c). 1: a link in it is a key; 0. */
struct notice_links {
    const struct notice *notice;
    int64_t person;
    const char *lang;
};
int notice_add_links(struct notify *n, struct session *s, const struct notice_links *l, struct buf *out,
                     struct err *err);
void notice_add_api(struct notify *n, struct api *api);

/* --- mail --- */

struct mail_message {
    int64_t person;
    const char *to, *name, *lang;
    const char *subject, *text, *html; /* html NULL: made from the text */
    const char *kind;
    int64_t at;     /* not before; 0: now */
    bool is_secret; /* what lists the outbox leaves the text out */
};
/* Into the outbox. A line break in a subject or an address that is none is refused. */
int mail_queue(struct notify *n, struct session *s, const struct mail_message *m, struct err *err);
void mail_add_kind(struct notify *n);
void mail_add_auth(struct notify *n); /* mail_auth.c */
/* "Name: value", encoded by RFC 2047 where it must be and folded. */
int mail_header(struct arena *a, const char *name, const char *value, const char **out);
/* A name and an address: "=?utf-8?B?…?= <a@b>". */
int mail_header_address(struct arena *a, const char *header, const char *name, const char *address, const char **out);
int mail_header_date(struct arena *a, int64_t ms, const char **out);
/* Blocks are paragraphs, addresses are links. */
int mail_html(struct arena *a, const char *lang, const char *text, size_t len, const char **out);
bool mail_is_line(const char *s); /* without line breaks or other control characters */

void anchor_mail_start(struct notify *n);
int64_t mailings_collect(struct lane_source *src, struct lane *lane, int64_t now, int max);
/* What many are told: kept as one row, brought to each of them piece by piece. */
struct mailing {
    const char *kind, *plugin;
    struct val texts;          /* { vi = { subject, text, html }, en = … }, or nil and: */
    const struct notice *what; /* the same for all */
    const struct people_crowd *to;
    const struct val *targets; /* instead of `to`: whoever they reach when it is brought */
};
int mailing_add(struct notify *n, struct session *s, const struct mailing *m, struct err *err);
void mail_add_api(struct notify *n, struct api *api);

/* --- links, calendar, webhooks --- */

int notify_link_make(struct notify *n, int64_t person, const char *kind, struct arena *a, const char **out);
void calendar_add_api(struct notify *n, struct api *api);
void webhook_add_kind(struct notify *n);
void webhook_add_api(struct notify *n, struct api *api);
void notify_erase_attach(struct notify *n);
int webhook_event(struct notify *n, struct session *s, const char *event, const struct val *data, struct err *err);

#endif
