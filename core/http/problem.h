/* Errors as problem documents (RFC 9457), in the reader's language. */
#ifndef KHUNG_HTTP_PROBLEM_H
#define KHUNG_HTTP_PROBLEM_H

#include "base/err.h"
#include "http/server.h"

/* Replies with { type, title, status, detail, hint, code, where, errors, request }. */
void http_problem(struct http_request *r, const struct err *err, const char *lang);
int http_status_of(const struct err *err);

#endif
