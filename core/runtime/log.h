/* The log: one line an event, to stderr, for people or as JSON. Any thread; a line is written by one write().
 *
 *     log_info("lane.started", "shard", "0", NULL);      key, then (name, value) pairs closed by NULL
 * Values are escaped. The request id, if one is set for the thread, is added to each line. Keys are words for
 * grep; the JSON form has {"time","level","event","request",…}. */
#ifndef KHUNG_LOG_H
#define KHUNG_LOG_H

#include <stdbool.h>
#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
void log_init(enum log_level least, bool json);
void log_write(enum log_level level, const char *event, ...) __attribute__((sentinel));
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
/* An error record as an event. */
void log_err(enum log_level level, const char *event, const struct err *err);
/* One error with one pair, without the heap: for handlers of signals. Neither text may need escaping. */
void log_last_words(const char *event, const char *name, const char *value);
/* For this thread, until changed; NULL for none. Copied. */
void log_set_request(const char *id);

#endif
