/* What a call is about must still be what the caller has seen. */
#ifndef KHUNG_HTTP_API_MATCH_H
#define KHUNG_HTTP_API_MATCH_H

#include "base/err.h"
#include "base/val.h"
#include "plugin/session.h"

/* `seen`: as If-Match has it, a hash or several; of the item, the task or the account that the first of `args` names.
 * ERR_CONFLICT "http.precondition". In the slice of the call, before it. */
int api_match(struct session *s, const char *call, const struct val *args, const char *seen, struct err *err);

#endif
