/* Tasks from outside: what people see of them and do with them. Those that change run on the lane inside a slice, as
 * the session's person; each checks that this person may.
 *
 *     struct inbox_query q = {.person = 17, .limit = 50};
 *     rc = flow_inbox(session, &q, arena, &page, err);     // { tasks = {…}, next = "…" } */
#ifndef KHUNG_TASK_H
#define KHUNG_TASK_H

#include "flow/flow.h"
#include "store/list.h"

/* Columns of a list for what flow_task_show tells of a task, beside id and due. */
#define FLOW_TASK_TO                                                                                                   \
    "list{person:integer,position:text,role:text,unit:integer,body:integer,for:integer,why:text,due:integer}"
#define FLOW_TASK_CHANGED "list{field:text!,before:json,after:json}"
#define FLOW_TASK_COLUMNS                                                                                              \
    {"run", FIELD_INTEGER, LIST_SHOWN}, {"title", FIELD_TEXT, LIST_SHOWN},                                             \
        {"to", FIELD_JSON, LIST_SHOWN, .gives = FLOW_TASK_TO}, {"state", FIELD_TEXT, LIST_SHOWN},                      \
        {"kind", FIELD_TEXT, LIST_SHOWN}, {"help", FIELD_TEXT, LIST_SHOWN}, {"see", FIELD_TEXT, LIST_SHOWN},           \
        {"form", FIELD_JSON, LIST_SHOWN, .gives = "map"}, {"fields", FIELD_JSON, LIST_SHOWN, .gives = "@Field[]"},     \
        {"warnings", FIELD_JSON, LIST_SHOWN, .gives = "list:text"}, {"about_revision", FIELD_INTEGER, LIST_SHOWN},     \
        {"about_hash", FIELD_TEXT, LIST_SHOWN}, {"shown", FIELD_TEXT, LIST_SHOWN},                                     \
        {"part", FIELD_JSON, LIST_SHOWN, .gives = "list:text"},                                                        \
        {"changed", FIELD_JSON, LIST_SHOWN, .gives = FLOW_TASK_CHANGED}, {"claimed_by", FIELD_INTEGER, LIST_SHOWN},    \
        {"claimed_until", FIELD_INSTANT, LIST_SHOWN}, {"orphan_why", FIELD_TEXT, LIST_SHOWN},                          \
        {"may_decide", FIELD_BOOLEAN, LIST_SHOWN}, {"may_claim", FIELD_BOOLEAN, LIST_SHOWN},                           \
        {"may_delegate", FIELD_BOOLEAN, LIST_SHOWN}, {"may_reassign", FIELD_BOOLEAN, LIST_SHOWN},                      \
        {"may_hand_back", FIELD_BOOLEAN, LIST_SHOWN}, {"may_release", FIELD_BOOLEAN, LIST_SHOWN},                      \
        {"may_comment", FIELD_BOOLEAN, LIST_SHOWN}, {"may_recuse", FIELD_BOOLEAN, LIST_SHOWN},                         \
    {                                                                                                                  \
        "why", FIELD_JSON, LIST_SHOWN, .gives = "map:text"                                                             \
    }

/* One task with what the session's person may do with it and why. 1, 0. */
int flow_read_task(struct session *s, int64_t id, struct arena *a, struct val *out, struct err *err);
/* The same with the text that it is about, as `item`. */
int flow_read_task_whole(struct session *s, int64_t id, struct arena *a, struct val *out, struct err *err);
/* Adds to the map *out what they may do with a task that they may read, and why. ERR_NOT_FOUND "flow.no_task",
 * ERR_DENIED. */
int flow_read_task_flags(struct session *s, int64_t id, struct val *out, struct err *err);
/* What is to be filled in, as it was declared: { field = "type!" }. ERR_NOT_FOUND "flow.no_task". */
int flow_task_form_of(struct session *s, int64_t id, struct arena *a, struct val *form, struct err *err);
/* That of a task which was asked without one. ERR_NOMEM. */
int flow_task_usual_form(struct arena *a, struct val *form);
/* What happened to it, oldest first: { id, at, kind, by, person, text, files }. The page becomes `out`, and the
 * session's `next`. Of what was said (flow_task_comments) the list has the same columns. */
extern const struct list flow_task_history_list, flow_task_comment_list;
int flow_task_log_page(struct session *s, int64_t task, const struct list_query *q, struct arena *a, struct val *out,
                       struct err *err);
/* Is it, or was it, asked of the session's person; or may they read all? 0, or ERR_DENIED. */
int flow_task_readable(struct session *s, int64_t id, struct err *err);

/* Open tasks that a person may decide: by name, by a position, by a role in the unit or above it, or standing in for
 * somebody. Newest first; by_due: the most urgent first, those without a term left out. Costs what the page holds, not
 * what is open. */
struct inbox_query {
    int64_t person; /* 0: all open tasks */
    int64_t limit;  /* 0: 50; at most 1000 */
    const char *after;
    bool by_due;
    /* Filters; 0: any. */
    int64_t about, due_before;
    const char *claimed; /* "me", "none" or NULL */
    const char *flow;    /* "plugin.name" */
    bool undated;        /* without a term alone; not by_due */
    int64_t day;         /* as of that day; 0: today */
};
int flow_inbox(struct session *s, const struct inbox_query *q, struct arena *a, struct val *out, struct err *err);

/* Decides an open task: checks that the person may, the form, and the text's hash. `hash` in the answer is the `shown`
 * of the task as it was looked at: ERR_CONFLICT "task.changed", "task.files_added" … when it is about another text by
 * now, or other files are attached. The same answer by the same person again is no error. */
int flow_decide(struct flow *f, struct session *s, int64_t task, const struct val *answer, struct err *err);
/* Would it be decided? What flow_decide checks, and nothing is changed; not of files. */
int flow_decide_check(struct flow *f, struct session *s, int64_t task, const struct val *answer, struct err *err);
/* What a web form sent for a task, as an answer. */
int flow_task_fill_form(struct session *s, int64_t task, const struct val *given, struct val *out, struct err *err);
/* The same answer to many, each a number or { task =, hash = } (the text that was shown of it); each for itself: { {
 * task =, done = true } | { task =, code =, message = } … }. */
int flow_decide_all(struct flow *f, struct session *s, const struct val *tasks, const struct val *answer,
                    struct val *out, struct err *err);

/* Takes a task on, so that others leave it alone until then; until 0: for eight hours. ERR_CONFLICT "task.claimed". */
int flow_task_claim(struct flow *f, struct session *s, int64_t task, int64_t until, struct err *err);
int flow_task_release(struct flow *f, struct session *s, int64_t task, struct err *err);
/* Asks others instead. Needs task.reassign in the unit. */
int flow_task_reassign(struct api_call *c, int64_t task, const struct val *to, const char *reason);
/* Lets another decide this one task in one's place; it cannot be passed on. */
int flow_task_delegate(struct flow *f, struct session *s, int64_t task, int64_t person, const char *reason,
                       struct err *err);
/* Gives back what was delegated or reassigned. */
int flow_task_hand_back(struct flow *f, struct session *s, int64_t task, const char *reason, struct err *err);
/* Is it still what was shown, by the hash of it? As flow_decide says. */
int flow_task_match(struct session *s, int64_t task, const char *shown, struct err *err);
/* A remark, files (a list of ids, or nil), or both. ERR_LIMIT "task.said_most" when much has been said already. */
int flow_task_comment(struct session *s, int64_t task, const char *text, const struct val *files, struct err *err);
/* Takes away a file that the session's person attached. ERR_NOT_FOUND "task.no_attachment". */
int flow_task_detach(struct session *s, int64_t task, int64_t file, struct err *err);
/* What was said about a task and attached to it and not taken away again, oldest first: { kind, at, by, text, files }.
 */
int flow_task_comments(struct session *s, int64_t task, struct arena *a, struct val *out, struct err *err);
/* Takes no part in a vote, for a reason; does not count among its members then. */
int flow_task_recuse(struct flow *f, struct session *s, int64_t task, const char *reason, struct err *err);

/* Tasks that nobody can decide, oldest first: as flow_read_task, with orphan = { since, why, unit above }. */
extern const struct list flow_orphan_list;
int flow_orphans(struct session *s, const struct list_query *q, struct arena *a, struct val *out, const char **next,
                 struct err *err);
/* What somebody leaves behind: { person, tasks, runs, delegations }; of a task: does another stay who may decide it?
 * day 0: today. */
int flow_handover(struct session *s, int64_t person, int64_t day, struct arena *a, struct val *out, struct err *err);

/* What a unit leaves behind: { unit, ended, successors, tasks (asked of it now), moved (asked of it once, and of those
 * who took over since) }; of an open task: whom it is asked of, and can anybody decide it? */
int flow_unit_handover(struct session *s, int64_t unit, struct arena *a, struct val *out, struct err *err);

/* Sentences about terms that touch years without a calendar, of a run or (run 0) of all open tasks; then of orphans,
 * too. */
int flow_warnings(struct session *s, int64_t run, struct val *out, struct err *err);

/* A link by which a person without an account decides one task: used once, until it expires, and only while the text is
 * the one that it was made for. `token` is shown this once. */
enum { TASK_TOKEN_LEN = 64 };
int flow_link_make(struct session *s, int64_t task, int64_t person, int64_t expires, char token[TASK_TOKEN_LEN],
                   struct err *err);
/* What the link is for, as its person sees it; changes nothing. ERR_NOT_FOUND "task.link", ERR_REFUSED
 * "task.link_used", "task.link_expired". */
int flow_link_read(struct session *s, const char *token, struct arena *a, struct val *out, struct err *err);
/* The link is good: *as is its person, who has no account here. */
int flow_link_act_as(struct session *s, const char *token, struct session *as, struct err *err);
/* Before files that came by it get rows: ERR_LIMIT "task.link_files" when it has brought too many, or more than `most`
 * bytes in all. */
enum { TASK_LINK_FILES = 40 };
int flow_link_count_files(struct session *s, const char *token, int64_t files, int64_t bytes, int64_t most,
                          struct err *err);
int flow_link_decide(struct flow *f, struct session *s, const char *token, const struct val *answer, struct err *err);

#endif
