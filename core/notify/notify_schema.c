/* The tables of notices, mailings, webhooks and calendar feeds. */
#include "notify/notify.h"

static const char notices[] =
    "create table notice(id integer primary key, person integer not null, at integer not null, kind text not null,"
    " ref integer, title text not null, text text, html text, plugin text, link text, read_at integer,"
    /* mail_at: it is yet to be mailed, then. */
    " mail_at integer, digest integer);"
    "create index notice_person on notice(person, id);"
    "create index notice_unread on notice(person) where read_at is null;"
    "create index notice_due on notice(mail_at) where mail_at is not null;"
    "create index notice_mail on notice(person, id) where mail_at is not null;"
    "create table notice_times(person integer primary key, quiet_from integer, quiet_until integer,"
    " digest_at integer);"
    "create table notice_way(person integer not null, kind text not null, way text not null,"
    " primary key(person, kind)) without rowid;"
    /* Whom a publication interests: type '' all, unit 0 all. */
    "create table notice_follow(person integer not null, type text not null, unit integer not null,"
    " primary key(type, unit, person)) without rowid;"
    "create index notice_follow_person on notice_follow(person);"
    "create table notify_setting(name text primary key, value blob not null) without rowid;";

/* body: what is said, and to whom; done: so many of them have been told. */
static const char mailings[] =
    "create table mailing(id integer primary key, body blob not null, done integer not null, at integer not null);";

static const char webhooks[] =
    "create table webhook(id integer primary key, url text not null, events text not null, owner integer,"
    " created_at integer not null, failing_since integer, last_error text, disabled_at integer, disabled_why text);"
    "create table webhook_secret(id integer primary key, webhook integer not null, secret blob not null,"
    " valid_from integer not null, valid_until integer);"
    "create index webhook_secret_webhook on webhook_secret(webhook);"
    "create table webhook_delivery(id integer primary key, webhook integer not null, event text not null,"
    " created_at integer not null, attempts integer not null, at integer, status integer, error text,"
    " state text not null);"
    "create index webhook_delivery_webhook on webhook_delivery(webhook, id);";

static const char calendar[] =
    "create table calendar_token(hash blob primary key, person integer not null, created_at integer not null)"
    " without rowid;"
    "create index calendar_token_person on calendar_token(person);";

/* By what lists are filtered: each with its order. */
static const char sought[] = "drop index notice_person; drop index notice_unread;"
                             "create index notice_at on notice(person, at);"
                             "create index notice_kind on notice(person, kind, at);"
                             "create index notice_unread on notice(person, at) where read_at is null;"
                             "create index webhook_delivery_event on webhook_delivery(webhook, event);"
                             "create index webhook_delivery_state on webhook_delivery(webhook, state);";

const struct store_migration notify_migrations[] = {{"notify/001", notices},  {"notify/002", mailings},
                                                    {"notify/003", webhooks}, {"notify/004", calendar},
                                                    {"notify/005", sought},   {0}};
