/* Errors as problem documents. The key of the error is the last part of `type`, and `code`. */
#include "http/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/locale.h"

/* Who asks has not shown who it is: 401. */
static const char *const unauthenticated[] = {"http.no_token",   "auth.wrong",           "auth.totp_needed",
                                              "auth.totp_wrong", "auth.no_session_here", NULL};

/* What is asked of a list cannot be understood: 400. */
static const char *const malformed[] = {"json.syntax", "list.parameter", "list.sort", "list.field",
                                        "list.value",  "find.cursor",    NULL};

/* It is about something else than what was looked at: 412. */
static const char *const other[] = {"http.precondition",  "task.changed",       "task.files_added",
                                    "task.files_removed", "task.files_changed", NULL};

static bool is_one_of(const char *key, const char *const *keys)
{
    for (; *keys; keys++)
        if (strcmp(key, *keys) == 0) return true;
    return false;
}

int http_status_of(const struct err *err)
{
    static const char refused[] = "http.refused_"; /* by the parser: the status is part of the key */
    if (strncmp(err->key, refused, sizeof(refused) - 1) == 0)
        return (int)strtol(err->key + sizeof(refused) - 1, NULL, 10);
    if (is_one_of(err->key, other)) return 412;
    if (strcmp(err->key, "http.precondition_required") == 0) return 428;
    if (is_one_of(err->key, unauthenticated)) return 401;
    if (strcmp(err->key, "oidc.provider") == 0) return 503;
    if (strcmp(err->key, "file.size") == 0) return 413;
    if (strcmp(err->key, "http.method") == 0) return 405;
    if (is_one_of(err->key, malformed)) return 400;
    if (strcmp(err->key, "plugin.off") == 0 || strcmp(err->key, "plugin.disabled") == 0) return 503;
    if (err->incident[0] && (err->code == ERR_PLUGIN || err->code == ERR_LIMIT)) return 500; /* the plugin's mistake */
    switch (err->code) {
    case ERR_INVALID:
        return 422;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_CONFLICT:
    case ERR_REFUSED:
        return 409;
    case ERR_DENIED:
        return 403;
    case ERR_LIMIT:
        return 429;
    case ERR_BUSY:
    case ERR_STOPPED:
    case ERR_TIMEOUT:
        return 503;
    case ERR_FULL:
        return 507;
    default:
        return 500;
    }
}

static void add(struct buf *b, const char *name, const char *value, size_t len)
{
    buf_printf(b, ",\"%s\":", name);
    json_write_str(b, value, len);
}

static void add_detail(struct buf *b, const struct err *err, const char *lang)
{
    struct buf text;
    buf_init(&text, 8192);
    locale_err(&text, lang, err, false);
    size_t plain = text.len;
    add(b, "detail", text.data ? text.data : "", plain);
    buf_clear(&text);
    locale_err(&text, lang, err, true);
    if (text.len > plain + 1) add(b, "hint", text.data + plain + 1, text.len - plain - 1);
    buf_close(&text);
}

static void add_fields(struct buf *b, const struct err *err, const char *lang)
{
    buf_add_str(b, ",\"errors\":[");
    for (int i = 0; i < err->nfields; i++) {
        struct buf text;
        buf_init(&text, 1024);
        locale_field(&text, lang, &err->fields[i]);
        buf_printf(b, "%s{\"field\":", i ? "," : "");
        json_write_str(b, err->fields[i].name, strlen(err->fields[i].name));
        add(b, "detail", text.data ? text.data : "", text.len);
        buf_add_char(b, '}');
        buf_close(&text);
    }
    buf_add_char(b, ']');
}

void http_problem(struct http_request *r, const struct err *err, const char *lang)
{
    struct buf b;
    int status = http_status_of(err);
    char title[64], more[100];
    buf_init(&b, 64 << 10);
    snprintf(title, sizeof(title), "http.title_%d", status);
    const char *text = locale_text(lang, title);
    buf_printf(&b, "{\"type\":\"urn:khung:%s\",\"status\":%d", err->key, status);
    add(&b, "title", text ? text : err->key, strlen(text ? text : err->key));
    add_detail(&b, err, lang);
    add(&b, "code", err->key, strlen(err->key));
    if (err->where[0]) add(&b, "where", err->where, strlen(err->where));
    if (err->incident[0]) add(&b, "incident", err->incident, strlen(err->incident));
    if (err->nfields) add_fields(&b, err, lang);
    add(&b, "request", r->id, strlen(r->id));
    buf_add_str(&b, "}\n");
    struct http_response res = {.status = status, .type = "application/problem+json", .body = b.data, .len = b.len};
    if (status == 401) res.headers = "WWW-Authenticate: Bearer\r\n";
    if (status == 405 && err_arg(err, "allow")) {
        snprintf(more, sizeof(more), "Allow: %s\r\n", err_arg(err, "allow"));
        res.headers = more;
    }
    if (status == 429 && *err_arg(err, "retry_after") && !strstr(r->rate, "Retry-After")) {
        snprintf(more, sizeof(more), "Retry-After: %s\r\n", err_arg(err, "retry_after"));
        res.headers = more;
    }
    http_reply(r, &res);
    buf_close(&b);
}
