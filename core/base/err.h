/* Errors: one list of codes, and a record that says what went wrong in words.
 *
 * Every function that can fail returns 0 or a negative ERR_* code and, where it takes a `struct err *`,
 * fills it. The record holds a key of the message catalogue (core/locale) and named values; the sentence
 * a person reads is made from them at the border, in the reader's language (locale.h). Any thread.
 *
 *     return err_set(err, ERR_INVALID, "invalid.field", "field", name, "type", type, NULL);
 */
#ifndef KHUNG_ERR_H
#define KHUNG_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum err_code {
    ERR_INVALID = -1, /* the caller's data is wrong */
    ERR_NOT_FOUND = -2,
    ERR_CONFLICT = -3, /* somebody else changed it, or a unique rule */
    ERR_DENIED = -4,   /* the caller may not */
    ERR_REFUSED = -5,  /* a business rule or a veto says no */
    ERR_LIMIT = -6,    /* a budget or a maximum is used up */
    ERR_PLUGIN = -7,   /* an error raised by Lua code, or a fault in it */
    ERR_DIVERGED = -8, /* replay met another call than the journal holds */
    ERR_PROTOCOL = -9, /* a peer broke the protocol */
    ERR_TIMEOUT = -10,
    /* Faults of the host: never journalled, pass every pcall, roll the slice back. */
    ERR_BUSY = -20, /* conflict with another transaction: retry */
    ERR_FULL = -21, /* no space left */
    ERR_IO = -22,
    ERR_CORRUPT = -23,
    ERR_NOMEM = -24,
    ERR_STOPPED = -25, /* the service is stopping, or the time limit was hit */
    ERR_INTERNAL = -26,
};

enum { ERR_FIELDS_MAX = 8 };

struct err_field {
    char name[48];
    char key[32];    /* catalogue key of what is wrong with this field */
    char detail[96]; /* its one value, shown as {detail} */
};

struct err {
    int code;        /* 0 or ERR_* */
    char key[48];    /* "refused.approval": what Lua sees as err.code, HTTP as type */
    char args[640];  /* name\0value\0 … \0 */
    char text[512];  /* a ready message (errors raised by a plugin); wins over the catalogue */
    char where[160]; /* "file:line" or "" */
    char traceback[1200];
    char remedy[32];   /* catalogue key of what to do about a ready message, or "" */
    char incident[12]; /* by which it can be found later (plugin/incident.h), or "" */
    struct err_field fields[ERR_FIELDS_MAX];
    int nfields;
};

/* Fill `err` (may be NULL) and return `code`. Values are (name, value) string pairs, closed by NULL; a NULL
 * value reads "". Too long values are cut. */
/* Takes one finding of many: `khung verify` tells each in the reader's language. */
typedef void (*err_sink)(void *ctx, const struct err *finding);

int err_set(struct err *err, int code, const char *key, ...) __attribute__((sentinel));
/* A ready message, e.g. from a plugin's error(). */
int err_set_text(struct err *err, int code, const char *key, const char *text);
void err_set_where(struct err *err, const char *file, int line);
/* Adds one bad field (cut silently at ERR_FIELDS_MAX) to an error that has been set. */
void err_add_field(struct err *err, const char *name, const char *key, const char *detail);
/* Adds one named value to an error that has been set. */
void err_add_arg(struct err *err, const char *name, const char *value);
/* The value of a named argument, or "". */
const char *err_arg(const struct err *err, const char *name);
void err_clear(struct err *err);
/* True for ERR_BUSY and below: a fault of the host, not an answer to the caller. */
bool err_is_fault(int code);

/* For values in messages: formats into a caller's small buffer and returns it. */
struct err_num {
    char s[24];
};
const char *err_i64(struct err_num *buf, int64_t n);

#endif
