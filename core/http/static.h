/* Static files below one folder. */
#ifndef KHUNG_HTTP_STATIC_H
#define KHUNG_HTTP_STATIC_H

#include "http/server.h"

/* Answers GET and HEAD: the file, its index.html for a folder, 304 by ETag, 404. Nothing outside the folder, no hidden
 * files, no links that lead out. */
void http_static(struct http_request *r, const char *dir);

/* The bytes of an open file, from there on as many as the response says, piece by piece as the client takes them;
 * closes it. The request has been deferred. */
void http_send_file(struct http_request *r, int fd, int64_t from, const struct http_response *res);

#endif
