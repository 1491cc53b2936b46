/* The tables of the engine. Parked runs are many: rows are narrow and every index is partial where it can be. */
#include "flow/flow.h"
#include "people/people.h"

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

/* off: its plugin is switched off (1) or does not serve (2); it is held until that is on again. */
static const char off[] = "alter table flow_run add column off integer;"
                          "create index flow_run_off on flow_run(name) where off is not null;";

/* Those that need somebody: few, and counted at each start. */
static const char needy[] = "create index flow_run_needy on flow_run(state) where state in (2, 3, 5);";
/* kind: 0 an ask, 1 a ballot of a vote. part: the fields of the item that the answer is about. since_rev: what was
 * shown when it was asked before. term: within, as written, and from when (made); gap: a year without a calendar. was:
 * whom it was asked of before it was reassigned. orphan: since when nobody can decide it. */
static const char asked[] =
    "alter table flow_task add column kind integer not null default 0;"
    "alter table flow_task add column part blob;"
    "alter table flow_task add column since_rev integer;"
    "alter table flow_task add column term text;"
    "alter table flow_task add column made integer;"
    "alter table flow_task add column gap integer;"
    "alter table flow_task add column was blob;"
    "alter table flow_task add column claimed_by integer;"
    "alter table flow_task add column claimed_until integer;"
    "alter table flow_task add column orphan integer;"
    "alter table flow_task add column orphan_why text;"
    "create index flow_task_claimed on flow_task(claimed_by) where claimed_by is not null;"
    "create index flow_task_orphan on flow_task(orphan) where orphan is not null;"
    "create index flow_task_part on flow_task(about) where part is not null;"
    "create index flow_task_due on flow_task(due) where state = 0 and due is not null;"
    "create index flow_task_term on flow_task(id) where term is not null and state = 0;"
    /* for_person: handed on by them, for this task alone. why: null (asked), escalated, orphan, delegated. */
    "alter table flow_task_target add column due integer;"
    "alter table flow_task_target add column for_person integer;"
    "alter table flow_task_target add column body integer;"
    "alter table flow_task_target add column why text;"
    "create index flow_task_unit on flow_task_target(unit) where unit is not null;"
    "create index flow_task_body on flow_task_target(body) where body is not null;"
    "create index flow_task_role_all on flow_task_target(role) where role is not null;"
    "create index flow_task_person_due on flow_task_target(person, due) where due is not null and person is not null;"
    "create index flow_task_position_due on flow_task_target(position, unit, due)"
    " where due is not null and position is not null;"
    "create index flow_task_role_all_due on flow_task_target(role, due) where due is not null and role is not null;"
    "create index flow_task_role_due on flow_task_target(role, unit, due) where due is not null and role is not null;"
    "update flow_task_target set due = (select t.due from flow_task t where t.id = task);"
    "create table flow_task_log(id integer primary key, task integer not null, at integer not null, kind text not null,"
    " person integer, for_person integer, text text);"
    "create index flow_task_log_task on flow_task_log(task);"
    /* id: random; what is sent is signed with a key that is not in here. used: when. */
    "create table flow_task_link(id blob primary key, task integer not null, person integer not null, hash text,"
    " expires integer not null, used integer) without rowid;"
    "create index flow_task_link_task on flow_task_link(task);";

/* A vote; the boxes of its ballots were in the order of their coming on the page, so that they went (vote_count). */
static const char votes[] =
    "create table flow_vote(run integer not null, entry integer not null, options blob not null, key blob,"
    " primary key(run, entry)) without rowid;"
    "create table flow_ballot(id blob primary key, run integer not null, entry integer not null, box blob not null)"
    " without rowid;"
    "create index flow_ballot_vote on flow_ballot(run, entry);";

/* What may have changed who can decide a task: noted by triggers, so that it does not matter who changes an
 * organisation, and looked at by flow_doubt.c. kind: 1 position in a unit, 2 role, 3 person, 4 unit, 5 calendar, 6
 * task, 7 body, 8 whether a person can come in, 9 under which unit a unit stands. */
/* What was half looked at is looked at from the start. (No "or replace": a trigger does as its statement says.) */
#define DOUBT(kind, name, unit)                                                                                        \
    " delete from flow_doubt where kind = " kind " and name = " name " and unit = " unit ";"                           \
    " insert into flow_doubt(kind, name, unit) values(" kind ", " name ", " unit ");"
#define ON(name, when, table) "create trigger flow_doubt_" name " after " when " on " table " begin"
#define ON_HELD(name, when, row)                                                                                       \
    ON("held_" name, when, "position_held")                                                                            \
    DOUBT("1", row ".position", row ".unit")                                                                           \
    DOUBT("3", "''", row ".person")                                                                                    \
    " delete from flow_doubt where kind = 2 and name in (select role from position_role where position = " row         \
    ".position);"                                                                                                      \
    " insert into flow_doubt(kind, name, unit) select 2, role, 0 from position_role where position = " row             \
    ".position; end;"
#define ON_ROLE(name, when, row)                                                                                       \
    ON("role_" name, when, "role_held")                                                                                \
    DOUBT("2", row ".role", "0") DOUBT("3", "''", "coalesce(" row ".person, 0)") " end;"
#define ON_DELEGATION(name, when, row)                                                                                 \
    ON("delegation_" name, when, "delegation")                                                                         \
    DOUBT("3", "''", row ".to_person") DOUBT("3", "''", row ".from_person") " end;"
/* clang-format off */
static const char doubts[] =
    "create table flow_doubt(kind integer not null, name text not null, unit integer not null,"
    " after integer not null default 0, primary key(kind, name, unit)) without rowid;"
    "create table flow_doubt_day(one integer primary key check(one = 1), day integer not null);"
    ON_HELD("made", "insert", "new")
    ON_HELD("changed", "update", "new")
    ON_HELD("gone", "delete", "old");
static const char more_doubts[] =
    ON_ROLE("made", "insert", "new")
    ON_ROLE("changed", "update", "new")
    ON_ROLE("gone", "delete", "old")
    ON_DELEGATION("made", "insert", "new")
    ON_DELEGATION("changed", "update", "new")
    ON_DELEGATION("gone", "delete", "old");
static const char other_doubts[] =
    "create trigger flow_doubt_account after update of disabled_at on account when new.person is not null begin"
    DOUBT("3", "''", "new.person") " end;"
    ON("successor", "insert", "unit_successor") DOUBT("4", "''", "new.unit") " end;"
    ON("year", "insert", "calendar_year") DOUBT("5", "''", "0") " end;"
    ON("year_changed", "update", "calendar_year") DOUBT("5", "''", "0") " end;"
    ON("day", "insert", "calendar_day") DOUBT("5", "''", "0") " end;"
    ON("day_gone", "delete", "calendar_day") DOUBT("5", "''", "0") " end;";
/* clang-format on */

/* By which the dates that come are found. */
static const char dates[] = "create index position_held_to on position_held(valid_to) where valid_to is not null;"
                            "create index position_held_from on position_held(valid_from);"
                            "create index role_held_to on role_held(valid_to) where valid_to is not null;"
                            "create index role_held_from on role_held(valid_from);"
                            "create index delegation_valid_to on delegation(valid_to);"
                            "create index unit_successor_day on unit_successor(day);"
                            "insert into role_verb(role, verb) values('editor', 'task.reassign'), ('operator', "
                            "'task.reassign'),"
                            " ('editor', 'task.link'), ('operator', 'task.link');";

static const char bodies[] =
    "create index flow_task_body_due on flow_task_target(body, due) where due is not null and body is not null;"
    "create index body_member_to on body_member(valid_to) where valid_to is not null;"
    "create index body_member_from on body_member(valid_from);" ON("seat", "insert", "body_member")
        DOUBT("7", "''", "new.body") " end;" ON("seat_changed", "update", "body_member")
            DOUBT("7", "''", "new.body") " end;" ON("seat_gone", "delete", "body_member")
                DOUBT("7", "''", "old.body") " end;";

/* Runs of a flow in a state, in the order of their ids (flow_find.c); what was said about a task. */
static const char sought[] =
    "create index flow_run_state on flow_run(name, state); drop index flow_run_needy;"
    "create index flow_task_log_said on flow_task_log(task) where kind in ('comment', 'attached', 'detached');";

/* Where the tasks of a unit went. */
static const char heirs[] =
    "create index flow_task_log_moved on flow_task_log(text, task) where kind in ('moved', 'split');";

/* Of a secret vote: what was chosen how often, sealed; `key` names the file with its key. */
static const char vote_count[] =
    "create table flow_vote_count(run integer not null, entry integer not null, key blob not null, sealed blob not"
    " null, primary key(run, entry)) without rowid; drop table flow_ballot; alter table flow_vote drop column key;";

/* What flow_vote_boxes.c has counted. */
static const char vote_boxes[] =
    "create table if not exists flow_vote_boxes(run integer not null, entry integer not null, key blob not null,"
    " sealed blob not null, primary key(run, entry)) without rowid;"
    "insert into flow_vote_count(run, entry, key, sealed) select run, entry, key, sealed from flow_vote_boxes"
    " where true on conflict do nothing; drop table flow_vote_boxes;";

static const char no_link[] = "alter table flow_task add column no_link integer;";

static const char link_files[] = "alter table flow_task_link add column files integer not null default 0;"
                                 "alter table flow_task_link add column bytes integer not null default 0;";

/* turn: null: its flow has no limit, 0: it has its turn, 1: it waits for it (flow_turn.c); waits: the same, 2: it is
 * paused meanwhile. value: as flow_value_key. */
static const char turns[] =
    "alter table flow_run add column turn integer;"
    "create table flow_turn(name integer not null, key text not null, waits integer not null, run integer not null,"
    " primary key(name, key, waits, run)) without rowid;"
    "create unique index flow_turn_run on flow_turn(run);"
    "create table flow_limit(name integer primary key, most integer not null);";
static const char search[] =
    "create table flow_search(name integer not null, field text not null, value text not null, run integer not null,"
    " primary key(name, field, value, run)) without rowid;"
    "create index flow_search_run on flow_search(run);";
/* How far runs that were there before are counted for a limit by `field` (counted: an id; null: all), and are found by
 * the fields of a search (pass, after: null: all). */
static const char caught_up[] =
    "alter table flow_limit add column field text; alter table flow_limit add column counted integer;"
    "create index flow_limit_counted on flow_limit(name) where counted is not null;"
    "create table flow_searched(name integer primary key, fields text not null, pass integer, after integer not null);"
    "create index flow_searched_pass on flow_searched(name) where pass is not null;";

/* An account that stands for another person lets in another. */
static const char doubt_person[] = "create trigger flow_doubt_account_person after update of person on account when"
                                   " new.person is not old.person begin" DOUBT("3", "''", "coalesce(old.person, 0)")
                                       DOUBT("3", "''", "coalesce(new.person, 0)") " end;";

/* What somebody who leaves has started and is still open. */
static const char started[] = "create index flow_run_person on flow_run(person) where ended is null and person is not"
                              " null;";

/* once: each human counts once among those who answer (flow_task_once.c). */
static const char once[] = "alter table flow_task_group add column once integer not null default 0;";

/* Whether a person can come in: an account goes off or on, is another's, or comes beside one that is off. It counts for
 * those, too, for whom they stand in and who cannot come in. */
#define DOUBT_ENTRY(row)                                                                                               \
    " delete from flow_doubt where kind = 8 and (unit = " row ".person or unit in (select from_person from delegation" \
    " where to_person = " row ".person));"                                                                             \
    " insert into flow_doubt(kind, name, unit) select 8, '', " row ".person where " row ".person is not null union"    \
    " select 8, '', d.from_person from delegation d where d.to_person = " row                                          \
    ".person and not " PEOPLE_CAN_ENTER("d.from_person") ";"
#define ON_STAND_IN(name, when, row)                                                                                   \
    "create trigger flow_doubt_stand_in_" name " after " when " on delegation when not " PEOPLE_CAN_ENTER(             \
        row ".from_person") " begin" DOUBT("8", "''", row ".from_person") " end;"
/* clang-format off */
static const char entry[] =
    "drop trigger flow_doubt_account; drop trigger flow_doubt_account_person;"
    "create trigger flow_doubt_account after update of disabled_at on account when (old.disabled_at is null) <>"
    " (new.disabled_at is null) begin" DOUBT_ENTRY("new") " end;"
    "create trigger flow_doubt_account_person after update of person on account when new.person is not old.person begin"
    DOUBT_ENTRY("old") DOUBT_ENTRY("new") " end;"
    "create trigger flow_doubt_account_made after insert on account when exists(select 1 from account other where"
    " other.person = new.person and other.id <> new.id) begin" DOUBT_ENTRY("new") " end;"
    ON_STAND_IN("made", "insert", "new")
    ON_STAND_IN("changed", "update", "new")
    ON_STAND_IN("gone", "delete", "old")
    "create index delegation_valid_from on delegation(valid_from);"
    "insert into flow_doubt(kind, name, unit) select distinct 8, '', person from account where disabled_at is not null"
    " and person is not null;";
/* clang-format on */

/* Orphans of which nobody could be asked, by the doubts that they wait for (flow_orphan_wait.c): those from before are
 * looked at once. */
/* clang-format off */
static const char orphan_wait[] =
    "create table flow_orphan_wait(kind integer not null, name text not null, unit integer not null,"
    " task integer not null, primary key(kind, name, unit, task)) without rowid;"
    "create index flow_orphan_wait_task on flow_orphan_wait(task);"
    "create trigger flow_orphan_wait_over after update of orphan on flow_task when old.orphan is not null and new.orphan"
    " is null begin delete from flow_orphan_wait where task = new.id; end;"
    "create index unit_parent_from on unit_parent(valid_from);"
    "create index unit_parent_to on unit_parent(valid_to) where valid_to is not null;"
    ON("place", "insert", "unit_parent") DOUBT("9", "''", "new.unit") " end;"
    ON("place_changed", "update", "unit_parent") DOUBT("9", "''", "new.unit") " end;"
    ON("place_gone", "delete", "unit_parent") DOUBT("9", "''", "old.unit") " end;"
    ON("carried", "insert", "position_role") DOUBT("2", "new.role", "0") " end;"
    ON("carried_gone", "delete", "position_role") DOUBT("2", "old.role", "0") " end;"
    "insert or ignore into flow_doubt(kind, name, unit) select 6, '', id from flow_task where orphan is not null;";
/* clang-format on */

/* Where a unit stands is in doubt when it has changed, not when it was written as it was. What waited for its author
 * alone has been asked of nobody above. */
/* clang-format off */
static const char place_changed[] =
    "drop trigger flow_doubt_place_changed;"
    "create trigger flow_doubt_place_changed after update on unit_parent when old.parent is not new.parent or"
    " old.valid_from is not new.valid_from or old.valid_to is not new.valid_to begin"
    DOUBT("9", "''", "new.unit") " end;"
    "insert or ignore into flow_doubt(kind, name, unit) select 6, '', id from flow_task where orphan is not null"
    " and orphan_why in ('task.orphan_author', 'task.orphan_once');";
/* clang-format on */

/* unread: since when the key of a secret vote cannot be read (flow_vote_unread.c). */
static const char vote_unread[] = "alter table flow_vote add column unread integer;"
                                  "create index flow_vote_unread on flow_vote(run) where unread is not null;";

const struct store_migration flow_migrations[] = {{"flow/001", first},
                                                  {"flow/002", tasks},
                                                  {"flow/003", outbox},
                                                  {"flow/004", held},
                                                  {"flow/005", off},
                                                  {"flow/006", needy},
                                                  {"flow/tasks", asked},
                                                  {"flow/votes", votes},
                                                  {"flow/doubts", doubts},
                                                  {"flow/doubts-2", more_doubts},
                                                  {"flow/doubts-3", other_doubts},
                                                  {"flow/dates", dates},
                                                  {"flow/bodies", bodies},
                                                  {"flow/files", "alter table flow_task_log add column files text"},
                                                  {"flow/no_link", no_link},
                                                  {"flow/sought", sought},
                                                  {"flow/link_files", link_files},
                                                  {"flow/turns", turns},
                                                  {"flow/search", search},
                                                  {"flow/heirs", heirs},
                                                  {"flow/vote_count", vote_count},
                                                  {"flow/vote_boxes", vote_boxes},
                                                  {"flow/caught_up", caught_up},
                                                  {"flow/doubt_person", doubt_person},
                                                  {"flow/started", started},
                                                  {"flow/once", once},
                                                  {"flow/entry", entry},
                                                  {"flow/see", "alter table flow_task add column see text"},
                                                  {"flow/orphan_wait", orphan_wait},
                                                  {"flow/vote_unread", vote_unread},
                                                  {"flow/place_changed", place_changed},
                                                  {0}};
