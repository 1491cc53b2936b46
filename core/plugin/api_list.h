/* Functions that give a page of a list (store/list.h): the list stands in the function's description. */
#ifndef KHUNG_API_LIST_H
#define KHUNG_API_LIST_H

#include "plugin/api.h"
#include "store/list.h"

/* Reads the options against the description of the call's function. */
int api_list_read(struct api_call *c, const struct val *options, struct list_query *q);
/* The page of a query becomes the call's result; where it ends, the session's `next`. */
int api_list(struct api_call *c, const struct list_query *q, const struct list_rows *how);
/* The same of rows that are in memory. */
int api_list_slice(struct api_call *c, const struct val *options, const struct val *all);

#endif
