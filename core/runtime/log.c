/* The log: a line is put together on the stack of its thread and written at once. */
#include "runtime/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/json.h"
#include "base/locale.h"

enum { LINE_MAX_BYTES = 16 << 10 };

/* Set once at start, before there are threads. */
static enum log_level least_level = LOG_INFO;
static bool as_json;
static _Thread_local char request[64];

void log_init(enum log_level least, bool json)
{
    least_level = least;
    as_json = json;
}

void log_set_request(const char *id)
{
    request[0] = '\0';
    if (id) strncat(request, id, sizeof(request) - 1);
}

static const char *level_name(enum log_level level)
{
    static const char *const level_names[] = {"debug", "info", "warn", "error"};
    return level_names[level];
}

/* name=value; quoted when it has blanks or quotes. */
static void add_plain(struct buf *b, const char *name, const char *value)
{
    buf_add_char(b, ' ');
    buf_add_str(b, name);
    buf_add_char(b, '=');
    if (value[0] && !strpbrk(value, " \"=\n\t"))
        buf_add_str(b, value);
    else
        json_write_str(b, value, strlen(value));
}

static void add_json(struct buf *b, const char *name, const char *value)
{
    buf_add_char(b, ',');
    json_write_str(b, name, strlen(name));
    buf_add_char(b, ':');
    json_write_str(b, value, strlen(value));
}

static void start_line(struct buf *b, enum log_level level, const char *event)
{
    struct clock wall;
    char time[32];
    clock_init_real(&wall);
    date_format_iso(clock_now(&wall), time);
    if (as_json)
        buf_printf(b, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", time, level_name(level), event);
    else
        buf_printf(b, "%s %-5s %s", time, level_name(level), event);
}

static void end_line(struct buf *b)
{
    b->max += 2; /* kept for these */
    if (as_json) buf_add_char(b, '}');
    buf_add_char(b, '\n');
    if (b->data && write(STDERR_FILENO, b->data, b->len) < 0) {
        /* Nowhere left to say it. */
    }
    buf_close(b);
}

/* A pair that does not fit is left out whole, so that the line stays readable. */
static void add_pair(struct buf *b, const char *name, const char *value)
{
    size_t before = b->len;
    (as_json ? add_json : add_plain)(b, name, value);
    if (buf_ok(b)) return;
    b->failed = false;
    b->len = before;
    b->data[before] = '\0';
}

void log_write(enum log_level level, const char *event, ...)
{
    struct buf b;
    va_list pairs;
    if (level < least_level) return;
    buf_init(&b, LINE_MAX_BYTES);
    start_line(&b, level, event);
    va_start(pairs, event);
    for (const char *name; (name = va_arg(pairs, const char *));) {
        const char *value = va_arg(pairs, const char *);
        add_pair(&b, name, value ? value : "");
    }
    va_end(pairs);
    if (request[0]) add_pair(&b, "request", request);
    end_line(&b);
}

void log_err(enum log_level level, const char *event, const struct err *err)
{
    struct buf text;
    buf_init(&text, 2048);
    locale_err(&text, "en", err, true);
    log_write(level, event, "error", err->key, "text", text.data ? text.data : "", "where", err->where, NULL);
    buf_close(&text);
}

void log_last_words(const char *event, const char *name, const char *value)
{
    struct clock wall;
    char time[32], line[256];
    clock_init_real(&wall);
    date_format_iso(clock_now(&wall), time);
    int n = snprintf(line, sizeof(line),
                     as_json ? "{\"time\":\"%s\",\"level\":\"error\",\"event\":\"%s\",\"%s\":\"%s\"}\n"
                             : "%s error %s %s=%s\n",
                     time, event, name, value);
    if (write(STDERR_FILENO, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1) < 0) {
        /* Nowhere left to say it. */
    }
}
