/* Error records: a code, a catalogue key and named values, put together without allocating. */
#include "base/err.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Copies what fits, never half a UTF-8 character. */
static size_t put(char *out, size_t cap, const char *s)
{
    size_t n = s ? strlen(s) : 0;
    if (n >= cap) {
        n = cap - 1;
        while (n && ((unsigned char)s[n] & 0xC0) == 0x80)
            n--;
    }
    if (n) memcpy(out, s, n);
    out[n] = '\0';
    return n;
}

/* The end of the pairs: where the next name goes. */
static size_t args_end(const struct err *err)
{
    size_t at = 0;
    while (at < sizeof(err->args) && err->args[at]) {
        at += strlen(err->args + at) + 1;
        at += strlen(err->args + at) + 1;
    }
    return at;
}

void err_clear(struct err *err)
{
    if (!err) return;
    err->code = 0;
    err->key[0] = err->text[0] = err->where[0] = err->traceback[0] = err->remedy[0] = err->incident[0] = '\0';
    err->args[0] = err->args[1] = '\0';
    err->nfields = 0;
}

void err_add_arg(struct err *err, const char *name, const char *value)
{
    if (!err) return;
    size_t at = args_end(err), left = sizeof(err->args) - at;
    if (left < strlen(name) + 4) return;
    at += put(err->args + at, left, name) + 1;
    left = sizeof(err->args) - at - 2; /* room for the closing NULs */
    at += put(err->args + at, left, value) + 1;
    err->args[at] = '\0';
    if (at + 1 < sizeof(err->args)) err->args[at + 1] = '\0';
}

int err_set(struct err *err, int code, const char *key, ...)
{
    va_list pairs;
    if (!err) return code;
    err_clear(err);
    err->code = code;
    put(err->key, sizeof(err->key), key);
    va_start(pairs, key);
    for (const char *name; (name = va_arg(pairs, const char *));)
        err_add_arg(err, name, va_arg(pairs, const char *));
    va_end(pairs);
    return code;
}

int err_set_text(struct err *err, int code, const char *key, const char *text)
{
    if (!err) return code;
    err_clear(err);
    err->code = code;
    put(err->key, sizeof(err->key), key);
    put(err->text, sizeof(err->text), text);
    return code;
}

void err_set_where(struct err *err, const char *file, int line)
{
    if (!err) return;
    if (line > 0)
        snprintf(err->where, sizeof(err->where), "%s:%d", file, line);
    else
        put(err->where, sizeof(err->where), file);
}

void err_add_field(struct err *err, const char *name, const char *key, const char *detail)
{
    if (!err || err->nfields == ERR_FIELDS_MAX) return;
    struct err_field *f = &err->fields[err->nfields++];
    put(f->name, sizeof(f->name), name);
    put(f->key, sizeof(f->key), key);
    put(f->detail, sizeof(f->detail), detail);
}

const char *err_arg(const struct err *err, const char *name)
{
    for (size_t at = 0; at < sizeof(err->args) && err->args[at];) {
        const char *value = err->args + at + strlen(err->args + at) + 1;
        if (strcmp(err->args + at, name) == 0) return value;
        at = (size_t)(value - err->args) + strlen(value) + 1;
    }
    return "";
}

bool err_is_fault(int code)
{
    return code <= ERR_BUSY;
}

const char *err_i64(struct err_num *buf, int64_t n)
{
    snprintf(buf->s, sizeof(buf->s), "%" PRId64, n);
    return buf->s;
}
