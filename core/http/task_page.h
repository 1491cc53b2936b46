/* Pages of tasks: the inbox (/tasks), one task with its form (/tasks/ID). What they show and do are calls of the API as
 * REST makes them (task.inbox, task.show, task.decide …), so that there is one policy. For who is logged in by a
 * browser; without a script. */
#ifndef KHUNG_TASK_PAGE_H
#define KHUNG_TASK_PAGE_H

#include "http/api_job.h"
#include "http/page.h"

void task_page_handle(struct http_api *api, struct http_request *r);

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
};
static inline struct task_page *task_page_of(const struct api_job *job)
{
    return job->page;
}

/* Work of jobs. */
int inbox_page_write(struct api_job *job, struct session *s, struct reader *reader, struct err *err); /* inbox_page.c */
int task_page_write(struct api_job *job, struct session *s, struct reader *reader,
                    struct err *err); /* task_page_write.c */

/* --- parts (task_form.c, task_text.c), of links, too --- */

/* The form's fields, filled with what was given, each with what was wrong with it. */
struct task_form {
    const struct val *fields; /* of task.show */
    const struct val *given;  /* a map of texts, or nil */
    const struct err *wrong;  /* or NULL */
};
void task_form_write(struct page *p, const struct task_form *f);
/* What was wrong, on top of the page, with links to the fields that are meant. */
void task_form_err(struct page *p, const struct val *fields, const struct err *wrong);
/* "comment": its title, or one of the catalogue for names that many forms have, or the name. */
void task_form_title(struct page *p, const struct val *field);
/* A choice as its form calls it. */
void task_form_choice(struct page *p, const struct val *field, const struct val *choice);

/* The text that is asked about, and what changed in it. */
void task_text_write(struct page *p, struct session *s, const struct val *task);
/* The differences of an answer or a task: { { field, before, after } … }. */
void task_text_changed(struct page *p, struct session *s, const struct val *task, const struct val *changed);

#endif
