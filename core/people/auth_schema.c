/* The tables of authentication. Secrets of clients are here as SHA-256, passwords as argon2id, secrets of the second
 * factor sealed by a key that is not in the database. */
#include "people/auth.h"

static const char first[] =
    "create table auth_password(account integer primary key, hash text not null, changed_at integer not null);"
    "create table auth_session(id integer primary key, hash blob not null unique, account integer not null,"
    " how text not null, address text, agent text, created_at integer not null, seen_at integer not null,"
    " expires_at integer not null);"
    "create index auth_session_account on auth_session(account, seen_at);"
    "create index auth_session_expires on auth_session(expires_at);"
    /* who: "n:NAME" or "a:ADDRESS" */
    "create table auth_attempt(who text primary key, failures integer not null, at integer not null,"
    " until integer not null) without rowid;"
    "create index auth_attempt_at on auth_attempt(at);"
    "create table auth_totp(account integer primary key, secret blob not null, confirmed_at integer,"
    " last_step integer not null);"
    "create table auth_recovery(account integer not null, hash blob not null, primary key(account, hash))"
    " without rowid;"
    "create table auth_link(hash blob primary key, kind integer not null, account integer not null,"
    " created_at integer not null, expires_at integer not null, used_at integer) without rowid;"
    "create index auth_link_account on auth_link(kind, account);"
    "create table auth_identity(issuer text not null, subject text not null, account integer not null,"
    " created_at integer not null, primary key(issuer, subject)) without rowid;"
    "create unique index auth_identity_account on auth_identity(account, issuer);";

static const char subjects[] = "create index auth_identity_subject on auth_identity(subject);";

static const char places[] =
    "create table auth_place(account integer not null, place text not null, at integer not null,"
    " primary key(account, place)) without rowid;";

const struct store_migration auth_migrations[] = {
    {"auth/001", first}, {"auth/places", places}, {"auth/subjects", subjects}, {0}};
