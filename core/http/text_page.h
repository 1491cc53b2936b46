/* Inside http/: the page of a text (/texts/ID). Requests and what is done (text_page.c), the page (text_page_write.c),
 * what may be done (text_moves.c), what happened to it and what changed between two revisions (text_log.c). */
#ifndef KHUNG_TEXT_PAGE_H
#define KHUNG_TEXT_PAGE_H

#include "content/content.h"
#include "http/task_page.h"

void text_page_handle(struct http_api *api, struct http_request *r);

/* As one reader sees it. */
struct text_view {
    struct api_job *job;
    struct session *s;
    struct page *p;
    int64_t id;
    struct val item; /* an object; of what is public, where they may not read drafts */
    bool is_whole;   /* they may read drafts: then there is a history */
};
/* The number in the path; 0: it has none. */
int64_t text_page_id(const struct api_job *job);
/* Reads as content.get does; ERR_NOT_FOUND for what this reader may not see. */
int text_page_read(struct text_view *v, struct err *err);
int text_page_write(struct api_job *job, struct session *s, struct reader *reader, struct err *err);
/* One call of the API about the item; `more`: further arguments, or NULL. */
int text_page_call(struct text_view *v, const char *call, const struct val *more, struct val *out, struct err *err);

/* What a move of content is asked with, beside the item. */
struct text_move {
    enum content_verb verb;
    bool reason, needs_reason, dates;
};
enum { TEXT_MOVES = 7 };
extern const struct text_move text_moves[TEXT_MOVES];
void text_moves_write(struct text_view *v);

int text_log_write(struct text_view *v, struct err *err);

#endif
