/* The tables of the engine. Parked runs are many: rows are narrow and every index is partial where it can be. */
#include "flow/flow.h"

static const char first[] =
    /* Names and versions are told once and referred to by small numbers. */
    "create table flow_name(id integer primary key, plugin text not null, name text not null, unique(plugin, name));"
    "create table plugin_version(id integer primary key, plugin text not null, hash text not null,"
    " level integer not null, at integer not null, unique(plugin, hash));"
    "create table plugin_version_needs(version integer not null, needs integer not null,"
    " primary key(version, needs)) without rowid;"
    "create table plugin_source(version integer not null, path text not null, text text not null,"
    " primary key(version, path)) without rowid;"
    /* due: when it is to be looked at next; null: it waits for an event or has ended. */
    "create table flow_run(id integer primary key, name integer not null, version integer not null,"
    " state integer not null, due integer, entry integer not null, slice integer not null, bid text,"
    " parent integer, parent_entry integer, attempts integer not null, user integer, person integer,"
    " paused integer, input blob,"
    " checkpoint blob, result blob, ended integer);"
    "create unique index flow_run_bid on flow_run(name, bid) where bid is not null;"
    "create index flow_run_due on flow_run(due) where due is not null;"
    "create index flow_run_parent on flow_run(parent) where parent is not null;"
    "create index flow_run_stuck on flow_run(state) where state in (2, 3, 5);"
    "create table flow_journal(run integer not null, slice integer not null, body blob not null,"
    " primary key(run, slice)) without rowid;"
    "create table flow_error(run integer primary key, key text not null, args blob, text text, location text,"
    " traceback text, at integer not null);"
    "create table flow_note(run integer not null, at integer not null, kind text not null, text text not null);"
    "create index flow_note_run on flow_note(run);"
    /* key: digest of the first field of the match (0: any), so that an event finds only those that may fit. */
    "create table flow_wait(event text not null, key integer not null, run integer not null, entry integer not null,"
    " match blob, primary key(event, key, run, entry)) without rowid;"
    "create index flow_wait_run on flow_wait(run);"
    /* entry: the wait it is for; null: by name, kept until the run waits for it. used: kept for its key alone. */
    "create table flow_signal(id integer primary key, run integer not null, entry integer, name text, key text,"
    " body blob, failed blob, used integer);"
    "create index flow_signal_run on flow_signal(run, id) where used is null;"
    "create unique index flow_signal_key on flow_signal(run, name, key) where key is not null;"
    "create table flow_undo(run integer not null, n integer not null, plugin text not null, name text not null,"
    " input blob, child integer, primary key(run, n)) without rowid;";

static const char tasks[] =
    "create table flow_task(id integer primary key, run integer not null, entry integer not null, n integer not null,"
    " state integer not null, title text not null, about integer, about_rev integer, about_hash text, form blob,"
    " help text, due integer, next_at integer, remind integer, escalate blob, on_timeout text, decided_by integer,"
    " decided_as text, decided_for integer, decided_at integer, answer blob);"
    "create index flow_task_run on flow_task(run, entry);"
    "create index flow_task_next on flow_task(next_at) where next_at is not null;"
    "create index flow_task_open on flow_task(id) where state = 0;"
    "create index flow_task_about on flow_task(about) where state = 0 and about is not null;"
    "create index flow_task_decided on flow_task(decided_at) where decided_at is not null;"
    "create table flow_task_group(run integer not null, entry integer not null, need integer not null,"
    " veto integer not null, primary key(run, entry)) without rowid;"
    /* Whom an open task is asked of; the rows go when it is closed, so that inboxes stay small. */
    "create table flow_task_target(task integer not null, n integer not null, person integer, position text,"
    " role text, unit integer, primary key(task, n)) without rowid;"
    "create index flow_task_person on flow_task_target(person) where person is not null;"
    "create index flow_task_position on flow_task_target(position, unit) where position is not null;"
    "create index flow_task_role on flow_task_target(role, unit) where role is not null;";

static const char outbox[] =
    "create table outbox(id integer primary key, run integer, entry integer, kind text not null, body blob not null,"
    " attempts integer not null, next_at integer, held integer, last_error text);"
    "create index outbox_next on outbox(next_at) where next_at is not null;"
    "create index outbox_run on outbox(run) where run is not null;";

/* Which open runs hold a version: asked by upgrades and before old source is dropped. */
static const char held[] = "create index flow_run_version on flow_run(version) where ended is null;";

/* off: its plugin is switched off; it is held until that is on again. */
static const char off[] = "alter table flow_run add column off integer;"
                          "create index flow_run_off on flow_run(name) where off is not null;";

/* Those that need somebody: few, and counted at each start. */
static const char needy[] = "create index flow_run_needy on flow_run(state) where state in (2, 3, 5);";

const struct store_migration flow_migrations[] = {{"flow/001", first},
                                                  {"flow/002", tasks},
                                                  {"flow/003", outbox},
                                                  {"flow/004", held},
                                                  {"flow/005", off},
                                                  {"flow/006", needy},
                                                  {0}};
