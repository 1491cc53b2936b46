/* Telling people and programs: notices in the app, mail, webhooks, calendar feeds.
 *
 * Listens to the events of the floors below (task.*, content.*): they know nothing of it. A notice is a row for one
 * person; by that person's wishes it is also mailed, at once, after their quiet hours, or once a day with others. What
 * leaves does so through the outbox. Lane's thread, inside a slice; what only reads takes any connection.
 *
 *     notify_set(host->notify, db, &settings, err); */
#ifndef KHUNG_NOTIFY_H
#define KHUNG_NOTIFY_H

#include "plugin/api.h"
#include "plugin/host.h"
#include "plugin/session.h"
#include "store/store.h"

struct notify;
extern const struct store_migration notify_migrations[];

enum { NOTIFY_ADDRESSES_MAX = 1000, NOTIFY_UNREAD_MAX = 100 };

struct notify *notify_new(struct host *host);
void notify_free(struct notify *n);
void notify_attach(struct notify *n);

/* Is there a mail server to send by? */
bool notify_has_mail(const struct notify *n);
/* How many notices a person has not read yet, counted up to NOTIFY_UNREAD_MAX; or an error. On any connection. */
int notify_unread(struct store *db, int64_t person, struct err *err);
extern const char notify_unread_sql[]; /* for the test of its plan */
/* Can one be told of this kind in another way only, and not left in the dark? */
bool notify_is_duty(const char *kind);

/* As the service was told by its settings, and as it is kept for commands without it. */
struct notify_settings {
    const char *url;       /* where people reach the service: "https://khung.example.org"; "": no links */
    const char *mail_from; /* the sender's address; "": no mail is sent */
    const char *mail_name; /* and name */
    bool mail_links;       /* mails about tasks decide by a link for those with an account, too; not kept */
    const char *anchor_to; /* addresses that get the audit's anchor of the day, separated by commas; "": none */
};
/* NULL: as they were kept last. */
int notify_set(struct notify *n, struct store *db, const struct notify_settings *given, struct err *err);

/* A person's feed as text/calendar. 1 and *out (a text); 0: no such token. */
int notify_calendar(struct session *s, const char *token, struct arena *a, struct val *out, struct err *err);
/* A signed link out of a kind of mail. What it is good for: { person =, kind = }; 1, or 0 when it is not genuine. */
int notify_link_read(struct session *s, const char *token, struct arena *a, struct val *out, struct err *err);
int notify_link_use(struct session *s, const char *token, struct err *err);

#endif
