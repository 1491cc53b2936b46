/* Tasks inside the engine: one row each, targets beside it. States: 0 open, 1 decided, 2 closed. */
#ifndef KHUNG_FLOW_TASK_H
#define KHUNG_FLOW_TASK_H

#include "flow/flow_internal.h"

enum { TASK_OPEN, TASK_DECIDED, TASK_CLOSED };

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
};

int flow_task_insert(struct flow *f, struct session *s, const struct flow_task *t, struct err *err);
int flow_task_add_target(struct store *db, int64_t task, int64_t n, const struct val *target, struct err *err);
/* 1 found, 0 not. Texts live in the arena. */
int flow_task_load(struct store *db, int64_t id, struct arena *a, struct flow_task *out, struct err *err);
/* Stores the answer of an open task, and settles the wait if that decides it. */
int flow_task_answer(struct flow *f, struct session *s, const struct flow_task *t, const struct val *answer,
                     struct err *err);
/* flow_audit.c */
int flow_tell_answer(struct session *s, const struct flow_task *t, const struct val *answer, struct err *err);
/* Is the wait of these tasks decided now? Then its answer is signalled and what is still open is closed. */
int flow_task_settle(struct flow *f, struct session *s, int64_t run, int64_t entry, struct err *err);
/* Whom a task is asked of: a person, a list, { position=, unit= | above= }, { role=, unit= } → a list of targets. */
int flow_target_resolve(struct api_call *c, const struct val *to, struct val *out);

#endif
