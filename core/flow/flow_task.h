/* Tasks inside the engine: one row each, targets beside it. States: 0 open, 1 decided, 2 closed.
 *
 * flow_task.c makes, answers and closes them; _row reads, _show shows, _form is what is to be filled in, _may who may
 * do what with one, _once that each human counts once, _act what people do with one short of deciding, _log what
 * happened to one, _shown what an answer is bound to, _void what an edit of the text does; flow_inbox.c lists those of
 * a person; flow_doubt.c looks after those that nobody can decide. */
#ifndef KHUNG_FLOW_TASK_H
#define KHUNG_FLOW_TASK_H

#include "flow/flow_internal.h"

enum { TASK_OPEN, TASK_DECIDED, TASK_CLOSED };
enum { TASK_ASK, TASK_BALLOT }; /* kind */
struct people_capacity;

struct flow_task {
    int64_t id, run, entry, n;
    int state;
    const char *title, *help, *on_timeout, *about_hash;
    int64_t about, about_rev;
    int64_t due, remind; /* instants; 0 or INT64_MAX: none */
    int64_t next_at;
    struct val targets;  /* list of { person= | position= | role=, unit= } */
    struct val form;     /* field declarations, or nil */
    struct val escalate; /* a target, or nil */
    struct val answer;
    int64_t decided_by, decided_at;
    int kind;
    const char *see; /* a path of this service at which more is to be seen, or NULL */
    struct val part; /* fields of the item, or nil: all of it */
    struct val was;  /* targets before a reassignment, or nil */
    int64_t since_rev;
    const char *term; /* within, when it counts working days */
    int64_t made;
    int64_t gap; /* a year without a calendar that the term touches, or 0 */
    int64_t claimed_by, claimed_until;
    int64_t orphan; /* since when */
    const char *orphan_why;
};

int flow_task_insert(struct flow *f, struct session *s, const struct flow_task *t, struct err *err);
/* Adds one more whom it is asked of. `why` NULL: asked from the start. */
int flow_task_add_target(struct store *db, const struct flow_task *t, const struct val *target, const char *why,
                         struct err *err);
/* Keeps whom it is asked of now, unless they are kept already. */
int flow_task_keep_targets(struct store *db, const struct flow_task *t, struct err *err);
/* So many tasks of a run are not open any more. */
int flow_task_count_off(struct flow *f, struct store *db, int64_t run, int64_t n, struct err *err);
int flow_task_set_targets(struct store *db, const struct flow_task *t, const struct val *targets, struct err *err);
/* 1 found, 0 not. Texts live in the arena. */
int flow_task_load(struct store *db, int64_t id, struct arena *a, struct flow_task *out, struct err *err);
/* The session's person is checked to be one who may; the answer's by, as, on_behalf_of. */
int flow_task_check_person(struct session *s, const struct flow_task *t, struct val *answer, struct err *err);
/* What was given for the form, checked, into `answer`. */
int flow_task_check_form(struct flow *f, struct session *s, const struct flow_task *t, const struct val *given,
                         struct val *answer, struct err *err);
/* Stores the answer of an open task, and settles the wait if that decides it. */
int flow_task_answer(struct flow *f, struct session *s, const struct flow_task *t, const struct val *answer,
                     struct err *err);
/* flow_audit.c */
int flow_tell_answer(struct session *s, const struct flow_task *t, const struct val *answer, struct err *err);
/* The text that all tasks of a wait are about, if it is one, into its answer: item, revision, hash. ERR_NOMEM. */
int flow_task_bind(struct session *s, int64_t run, int64_t entry, struct val *answer);
/* flow_task_void.c: `answer` says that the text is another now, and what changed in it. */
int flow_task_voided(struct session *s, const struct flow_task *t, int64_t now_rev, struct val *answer,
                     struct err *err);
/* Is the wait of these tasks decided now? Then its answer is signalled and what is still open is closed. */
int flow_task_settle(struct flow *f, struct session *s, int64_t run, int64_t entry, struct err *err);
int flow_target_body(struct api_call *c, const struct val *given, int64_t *body);
/* The nearest unit above with a holder of the position on that day: 1 and *found, 0. */
int flow_target_above(struct store *db, const char *position, int64_t unit, int64_t day, int64_t *found,
                      struct err *err);

/* flow_task_may.c. 1: the person may decide it, as `cap` says; 0: not. A claim of another is not looked at. */
int flow_task_may(struct session *s, const struct flow_task *t, int64_t person, struct people_capacity *cap,
                  struct err *err);
/* Neither the session's person nor whom they stand in for may have written the text that it is about, or have answered
 * beside it where each counts once. 0, or ERR_DENIED "denied.separation", "denied.once" (or with "_mail"). */
int flow_task_apart(struct session *s, const struct flow_task *t, int64_t on_behalf_of, struct err *err);
int flow_task_apart_from(struct session *s, const struct flow_task *t, int64_t person, int64_t on_behalf_of,
                         struct err *err);
/* flow_task_once.c: has neither the person nor whom they stand in for answered another task of a wait in which each
 * counts once? 0, or ERR_DENIED "denied.once", "denied.once_mail". Is it of such a wait, in which somebody has
 * answered: 1, 0. And who has answered leaves others in doubt: is there still somebody for them? */
int flow_task_once(struct session *s, const struct flow_task *t, int64_t person, int64_t on_behalf_of, struct err *err);
int flow_task_is_once(struct store *db, const struct flow_task *t, struct err *err);
int flow_task_once_doubt(struct store *db, const struct flow_task *t, int64_t by, int64_t on_behalf_of,
                         struct err *err);
/* Of the first target that names one: where rights over the task must hold; PEOPLE_ANY_UNIT. */
int64_t flow_task_unit(const struct flow_task *t);
/* 1: somebody else, who may still decide it, has taken it on for now. */
int flow_task_is_taken(struct session *s, const struct flow_task *t, int64_t person, struct err *err);
/* 0, or ERR_CONFLICT "task.claimed" (flow_task_act.c). */
int flow_task_not_taken(struct session *s, const struct flow_task *t, struct err *err);
/* 1: at least one person may decide it and can come in to do it: by an account that is not disabled, or by a link. */
int flow_task_can_anybody(struct session *s, const struct val *targets, struct err *err);
/* The same of a ballot, which is its voter's alone: nobody stands in for them. */
int flow_task_can_vote(struct session *s, const struct flow_task *t, struct err *err);
/* flow_vote_unread.c: of a ballot: the key of its vote cannot be read now. 1, 0. */
int flow_vote_is_unread(struct store *db, const struct flow_task *t, struct err *err);
/* 1 when among those who hold what is asked for is one who has neither written the text that it is about nor answered
 * beside it where each counts once; 0: none. */
int flow_task_has_others(struct session *s, const struct flow_task *t, const struct val *targets, struct err *err);
/* The name of a person, or "?". In the arena of the session. */
const char *flow_task_name_of(struct session *s, int64_t person);
/* may_decide, may_claim … and `why` { decide =, claim = … } of the session's person, in the session's language. */
int flow_task_show_may(struct session *s, const struct flow_task *t, struct val *out, struct err *err);

/* flow_task_show.c: as people see it; in the session's language, when there is a session. */
int flow_task_show(struct session *s, struct store *db, const struct flow_task *t, struct arena *a, struct val *out,
                   struct err *err);

/* The text that is asked about, as `item`: of that very revision. */
int flow_task_show_item(struct session *s, const struct flow_task *t, struct arena *a, struct val *out,
                        struct err *err);

/* flow_task_form.c: the form's declaration; a usual one when none was given. */
int flow_task_form(struct arena *a, const struct flow_task *t, struct val *form, struct err *err);
/* Can it be filled in? Its fields are well described, and none has a name that an answer has by itself. */
int flow_task_form_check(struct arena *a, const struct val *form, struct err *err);
/* The same of each form of { name = form }; "flow.forms" when it is no such map, or has more than
 * a hundred. */
int flow_task_forms_check(struct arena *a, const struct val *forms, struct err *err);
/* Its fields as a list of { name, type, required, title, help, choices, default }, in their `order`, then by name. */
int flow_task_fields(struct arena *a, const struct val *form, const char *lang, struct val *out, struct err *err);

/* flow_task_fill.c: what a web form sent, as an answer. */
int flow_task_fill(struct session *s, const struct flow_task *t, const struct val *given, struct val *out,
                   struct err *err);

/* Are the persons and units of an answer any? ERR_INVALID "task.no_code" with the field. */
int flow_task_check_ids(struct session *s, const struct field_list *fields, const struct val *given, struct err *err);

/* flow_task_log.c */
int flow_task_log(struct session *s, int64_t task, const char *kind, int64_t for_person, const char *text,
                  struct err *err);
/* The same with a list of files, or nil. */
int flow_task_log_files(struct session *s, int64_t task, const char *kind, const char *text, const struct val *files,
                        struct err *err);

/* The lines with files, oldest first; and the files that were attached when the first n of them had been written.
 * ERR_NOMEM. */
int flow_task_file_lines(struct store *db, int64_t task, struct arena *a, struct val *out, struct err *err);
int flow_task_files_at(struct arena *a, const struct val *lines, size_t n, struct val *out);

/* flow_task_shown.c: the hash of what an answer is bound to: the text, and what is attached. */
int flow_task_shown(struct store *db, const struct flow_task *t, struct arena *a, char out[DIGEST_HEX],
                    struct err *err);
/* Is it still what was shown? ERR_CONFLICT "task.changed"; "task.files_added", "task.files_removed",
 * "task.files_changed" when the files alone are others. */
int flow_task_check_shown(struct session *s, const struct flow_task *t, const char *shown, struct err *err);

/* flow_file.c: the files of an answer, checked, and hung on the task while it is open. */
int flow_file_take_answer(struct session *s, const struct flow_task *t, const struct field_list *fields,
                          struct val *values, struct err *err);
/* Of a link's answer: each file was handed in by its person without an account, and hangs on nothing yet. */
int flow_file_check_own(struct session *s, const struct flow_task *t, const struct val *values, struct err *err);
/* It hangs on the task no more. */
int flow_file_let_go(struct session *s, int64_t task, int64_t file, struct err *err);
/* The same of a list of ids, or nil. */
int flow_file_take_list(struct session *s, const struct flow_task *t, const struct val *ids, struct val *out,
                        struct err *err);

/* flow_heir.c: asked of those who took over from a unit, if it has ended; of all of its units that have. */
int flow_task_inherit(struct session *s, int64_t task, int64_t unit, struct err *err);
int flow_task_inherit_all(struct session *s, int64_t task, struct err *err);

/* flow_doubt.c: what may have changed who can decide a task, as in its rows. */
enum doubt_kind {
    DOUBT_POSITION = 1, /* in a unit */
    DOUBT_ROLE,
    DOUBT_PERSON,
    DOUBT_UNIT,
    DOUBT_CALENDAR,
    DOUBT_TASK,
    DOUBT_BODY,
    DOUBT_ENTRY, /* whether a person can come in */
    DOUBT_PLACE  /* under which unit a unit stands */
};
/* Is there anybody who can decide it? To be looked at. */
int flow_task_doubt(struct store *db, int64_t task, struct err *err);
/* since 0: it is none any more. */
int flow_task_set_orphan(struct store *db, int64_t task, int64_t since, const char *why, struct err *err);
/* Can somebody decide it now? Marks it, or ends the mark (flow_orphan.c). */
int flow_task_look(struct session *s, int64_t id, struct err *err);

/* flow_orphan_wait.c: it is looked at when somebody comes in here. The position (NULL: only where they stand) in the
 * unit or one above it; whom a target names. */
int flow_orphan_wait_above(struct session *s, int64_t task, const char *position, int64_t unit, struct err *err);
int flow_orphan_wait_for(struct session *s, int64_t task, const struct val *target, struct err *err);
int flow_orphan_wait_end(struct store *db, int64_t task, struct err *err);

/* flow_task_due.c */
/* Tells the others: "task.asked" "task.reminded" "task.escalated" … with { task, run, title, due, about, to }. */
int flow_task_emit(struct session *s, const struct flow_task *t, const char *event, struct err *err);
/* The same, and in the run's history. */
int flow_task_tell(struct session *s, const struct flow_task *t, const char *event, struct err *err);
int flow_task_set_next(struct flow *f, struct store *db, int64_t task, int64_t next, bool escalated, struct err *err);

/* task_api.c: from what the flow wrote. */
int flow_task_take_times(struct api_call *c, const struct val *spec, struct flow_task *t);
int flow_task_take_about(struct api_call *c, const struct val *spec, struct flow_task *t);
int flow_task_take_part(struct api_call *c, const struct val *spec, struct flow_task *t);
int flow_task_take_see(struct api_call *c, const struct val *spec, struct flow_task *t);

/* vote_api.c, flow_vote.c */
void vote_add_api(struct flow *f, struct api *api);
int flow_vote_settle(struct flow *f, struct session *s, int64_t run, int64_t entry, bool late, struct err *err);
/* The text that was voted on is another now: the vote ends as void. */
int flow_vote_void(struct flow *f, struct session *s, const struct flow_task *t, int64_t now_rev, struct err *err);
/* Would it be cast by the session's person? What flow_vote_cast checks before the form. */
int flow_vote_check(struct session *s, const struct flow_task *t, struct err *err);
int flow_vote_cast(struct flow *f, struct session *s, const struct flow_task *t, const struct val *answer,
                   struct err *err);

#endif
