/* The API functions of content, in two tables: those that change and those that read. */
#ifndef KHUNG_CONTENT_API_H
#define KHUNG_CONTENT_API_H

#include "content/content_internal.h"

extern const struct api_fn content_write_functions[], content_read_functions[];
extern const struct list content_items;
int content_list(struct api_call *c);
/* The item as it is now becomes the call's result. */
int content_api_item(struct api_call *c, int64_t id);

#endif
