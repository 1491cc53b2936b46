/* Static files below one folder. */
#ifndef KHUNG_HTTP_STATIC_H
#define KHUNG_HTTP_STATIC_H

#include "http/server.h"

/* Answers GET and HEAD: the file, its index.html for a folder, 304 by ETag, 404. Nothing outside the folder, no hidden
 * files, no links that lead out. */
void http_static(struct http_request *r, const char *dir);

#endif
