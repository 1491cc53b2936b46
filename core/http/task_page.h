/* Pages of tasks: the inbox (/tasks), one task with its form (/tasks/ID). What they show and do are calls of the API as
 * REST makes them (task.inbox, task.show, task.decide …), so that there is one policy. For who is logged in by a
 * browser; without a script. */
#ifndef KHUNG_TASK_PAGE_H
#define KHUNG_TASK_PAGE_H

#include "http/api_job.h"
#include "http/page.h"
#include "people/people_find.h"
#include "plugin/session.h"

void task_page_handle(struct http_api *api, struct http_request *r);
/* Several tasks of one kind, decided together: GET shows them with their form, POST what will happen, then does it. */
void bulk_page_handle(struct http_api *api, struct http_request *r);

/* Of one request; in the job's arena. */
struct task_page {
    struct page page;
    int64_t task;           /* 0: the inbox */
    struct val given;       /* the form as it was sent, texts; or nil */
    const char *act;        /* "decide", "claim" … of a POST */
    const char *done;       /* what was done just now, or NULL */
    const char *after;      /* cursors of the inbox, or NULL */
    const char *undated;    /* cursor among those without a term, or NULL */
    const struct err *told; /* what was wrong with what was sent, or NULL */
    const char *token;      /* of a link, or NULL */
    const char *find;       /* the field whose search was asked for, and nothing else; or NULL */
    bool shows;             /* what is done changes nothing: on a reader, when the form's files are there */
    /* On a reader before what is done: finds what was typed (task_pick_take); or NULL. */
    int (*pick)(struct api_job *job, struct session *s, struct reader *reader, struct err *err);
    /* The page of a form that was refused. */
    int (*again)(struct api_job *job, struct session *s, struct reader *reader, struct err *err);
    /* What is done when the form's files are there, and who was typed is found. */
    int (*next)(struct api_job *job, struct session *s, struct reader *reader, struct err *err);
};
static inline struct task_page *task_page_of(const struct api_job *job)
{
    return job->page;
}

/* A job for whose browser asks, counted against their rate; NULL: it has been answered (log in first, wrong word …). */
struct api_job *task_page_open(struct http_api *api, struct http_request *r, int64_t task);
/* Answers job->err with a page, and frees. */
void task_page_reply_error(struct api_job *job);
/* As job->refuse: what was refused is shown with its reasons (`again`), and what was filled in is still there. */
void task_page_refuse(struct api_job *job);
/* The lines of a page's answer, for job->headers. */
const char *task_page_lines(struct api_job *job);

/* Work of jobs. */
int inbox_page_write(struct api_job *job, struct session *s, struct reader *reader, struct err *err); /* inbox_page.c */
int task_page_write(struct api_job *job, struct session *s, struct reader *reader,
                    struct err *err); /* task_page_write.c */

/* --- forms with files (task_form_files.c) --- */

/* The form that was sent, with files or without, into `given`; job->err. */
int task_form_take(struct api_job *job);
/* The fields of the task's form: those of the page begin with "_", which no field of a task does. ERR_NOMEM. */
int task_form_fields(struct arena *a, const struct val *given, struct val *out);
/* A number of the form, 0 if it is none; and all of a field that came as one text or as several. */
int64_t task_form_number(struct arena *a, const struct val *v);
int task_form_numbers(struct arena *a, const struct val *v, struct val *out);
/* Starts job->work, on the lane (on a reader when a search alone was asked for); when the form has files, they are kept
 * first, and their numbers put into `given`, and who was typed is found on a reader (`pick`). A link's files are its
 * person's. What is wrong with one goes to job->refuse. */
void task_form_start(struct api_job *job);

/* --- parts (task_form.c, task_text.c, task_files.c), of links, too --- */

/* The form's fields, filled with what was given, each with what was wrong with it. */
struct task_form {
    struct session *s;        /* as whom it is filled in */
    const struct val *fields; /* of task.show */
    const struct val *given;  /* a map of texts and lists of them, or nil */
    const struct err *wrong;  /* or NULL */
    int64_t file_max;
    const char *find; /* the field whose search was asked for, or NULL */
};
bool task_form_is_file(const struct val *field);
bool task_form_has_files(const struct val *fields);
void task_form_write(struct page *p, const struct task_form *f);
/* What is shown with the form (task.show's `shown`): the answer goes with it. */
void task_form_hash(struct page *p, const struct val *shown);
/* What was wrong, on top of the page, with links to the fields that are meant: their ids begin with `prefix` ("f"). */
void task_form_err(struct page *p, const struct val *fields, const char *prefix, const struct err *wrong);
/* The same of one field, at its place. */
void task_form_wrong(struct page *p, const struct val *field, const struct err_field *wrong);
/* "comment": its title, or one of the catalogue for names that many forms have, or the name. */
void task_form_title(struct page *p, const struct val *field);
/* The same of a name without a field: "award_title" is "Award title". */
void task_form_name(struct page *p, const char *name);
/* A choice as its form calls it. */
void task_form_choice(struct page *p, const struct val *field, const struct val *choice);

/* A value as people read it (task_value.c); `field` as content.fields and task.show have them, or NULL. */
void task_value_write(struct page *p, struct session *s, const struct val *field, const struct val *v);
void task_value_person(struct page *p, struct session *s, int64_t id);
void task_value_files(struct page *p, const struct val *v);
/* Of task.show's `vote` (task_vote.c): whether the ballot is secret and may be changed; and what the vote takes. */
void task_vote_ballot(struct page *p, const struct val *vote);
void task_vote_rule(struct page *p, const struct val *vote);

/* A person or a unit, or a list of them (task_pick.c): sought by a part of the name, and chosen. */
struct task_pick {
    struct session *s;
    enum people_find_kind kind;
    const char *name, *id;    /* of the field, of its input */
    const struct val *given;  /* the form as it was sent; nil */
    const struct val *preset; /* what is chosen when nothing was sent: an id, a list of ids; or NULL */
    const char *described;
    bool many, required, wrong, is_sought; /* is_sought: its button was pressed just now */
};
void task_pick_write(struct page *p, const struct task_pick *k);
/* What is picked in a field of a form; 0: it is something else. */
enum people_find_kind task_pick_kind(const struct val *field);
/* The field whose search was asked for, or one of whose list is taken off, and nothing else; NULL: none was. */
const char *task_pick_find(struct arena *a, const struct val *given);
bool task_pick_any(const struct val *given); /* something may have been typed */
/* The form with ids for what was typed into one of its `fields` (of task.show) and fits one alone; of other names
 * nothing is looked for. ERR_INVALID with a field for each that fits none or many, and for each beyond the first few;
 * `given` has the others all the same. Not on the lane: a search reads thousands of words. */
int task_pick_take(struct session *s, const struct val *fields, struct val *given, struct err *err);

/* The input for files under a label, with those that were sent before, each to be kept or not. */
struct task_files {
    struct session *s;
    const char *name, *id; /* of the input */
    const struct val *given;
    const struct val *types; /* of what may be sent, or NULL */
    const char *described;   /* ids for aria-describedby, or NULL */
    bool many, required, wrong;
};
void task_files_write(struct page *p, const struct task_files *f);
/* "At most 20 MB. PDF, images." */
void task_files_help(struct page *p, int64_t file_max, const struct val *types);
/* One that was sent before, by its number as the form has it: its name. */
void task_files_sent(struct page *p, struct session *s, const struct val *id);
/* What people attached, in short. */
void task_files_brief(struct page *p, const struct val *comments);
/* What people attached, each with the button that takes it away for who did. */
void task_files_attached(struct page *p, struct session *s, const struct val *comments, bool is_open);
/* A name (a link where they are fetched: page.files), size and digest. */
void task_files_show(struct page *p, const struct val *file);
bool task_files_is(const struct val *v);

/* What else there is to do with an open task (task_acts.c): a form each, folded away; and why not what one may not. */
struct task_acts {
    struct api_job *job;
    struct session *s;
    const struct val *task; /* of task.show */
    bool is_ballot, has_it; /* has_it: the reader has taken it on */
};
void task_acts_write(const struct task_acts *w);

/* The text that is asked about, and what changed in it. */
void task_text_write(struct page *p, struct session *s, const struct val *task);
/* Its fields alone. */
void task_text_fields(struct page *p, struct session *s, const struct val *task);
/* The differences of an answer or a task: { { field, before, after } … }. */
void task_text_changed(struct page *p, struct session *s, const struct val *task, const struct val *changed);

#endif
