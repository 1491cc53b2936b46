/* The page behind a signed link. */
#include "http/link_page.h"

#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "content/content.h"
#include "http/problem.h"
#include "http/routes.h"

static const char headers[] =
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Robots-Tag: noindex, nofollow\r\n";

static void escape(struct buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        switch (s[i]) {
        case '<':
            buf_add_str(b, "&lt;");
            break;
        case '>':
            buf_add_str(b, "&gt;");
            break;
        case '&':
            buf_add_str(b, "&amp;");
            break;
        case '"':
            buf_add_str(b, "&quot;");
            break;
        case '\'':
            buf_add_str(b, "&#39;");
            break;
        default:
            buf_add_char(b, s[i]);
        }
    }
}

static void escape_val(struct buf *b, const struct val *v)
{
    if (val_is(v, VAL_STR)) escape(b, v->as.str.s, v->as.str.len);
    if (val_is(v, VAL_INT)) buf_printf(b, "%lld", (long long)v->as.i);
    if (val_is(v, VAL_NUM)) buf_printf(b, "%.14g", v->as.n);
    if (val_is(v, VAL_BOOL)) buf_add_str(b, v->as.b ? "✓" : "–");
}

static void say(struct buf *b, const char *lang, const char *key)
{
    const char *text = locale_text(lang, key);
    escape(b, text ? text : key, strlen(text ? text : key));
}

static void open_page(struct buf *b, const char *lang, const char *title, size_t len)
{
    buf_printf(b,
               "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>",
               lang);
    escape(b, title, len);
    buf_add_str(b, "</title><link rel=\"stylesheet\" href=\"/auth/style.css\"></head>\n<body><main><h1>");
    escape(b, title, len);
    buf_add_str(b, "</h1>\n");
}

static void close_page(struct buf *b)
{
    buf_add_str(b, "</main></body></html>\n");
}

static void message_page(struct buf *b, const char *lang, const char *title, const char *text)
{
    const char *head = locale_text(lang, title);
    open_page(b, lang, head ? head : title, strlen(head ? head : title));
    buf_add_str(b, "<p>");
    escape(b, text, strlen(text));
    buf_add_str(b, "</p>\n");
    close_page(b);
}

/* The text that is asked about: what of its fields is text or a number. */
static void write_item(struct buf *b, const char *lang, const struct val *item)
{
    const struct val *fields = val_is(item, VAL_OBJ) ? item->as.obj.fields : NULL;
    if (!fields) return;
    buf_add_str(b, "<h2>");
    say(b, lang, "task.page_text");
    buf_add_str(b, "</h2>\n<dl>\n");
    for (size_t i = 0; i < fields->as.map.n; i++) {
        const struct val_pair *p = &fields->as.map.pairs[i];
        bool shown = p->v.type == VAL_STR || p->v.type == VAL_INT || p->v.type == VAL_NUM || p->v.type == VAL_BOOL;
        if (!shown || content_item_is_head(p->key)) continue;
        buf_add_str(b, "<dt>");
        escape(b, p->key, strlen(p->key));
        buf_add_str(b, "</dt><dd>");
        escape_val(b, &p->v);
        buf_add_str(b, "</dd>\n");
    }
    buf_add_str(b, "</dl>\n");
}

static void write_choices(struct buf *b, const char *lang, const struct val *field, const struct val *name)
{
    const struct val *choices = val_get(field, "choices"), *titles = val_get(field, "titles");
    for (size_t i = 0; val_at(choices, i); i++) {
        const struct val *one = val_at(choices, i);
        char key[160];
        buf_add_str(b, "<label><input type=\"radio\" name=\"");
        escape_val(b, name);
        buf_add_str(b, "\" value=\"");
        escape_val(b, one);
        buf_add_str(b, "\"> ");
        snprintf(key, sizeof(key), "task.choice_%.*s", (int)(one->as.str.len < 100 ? one->as.str.len : 0),
                 one->as.str.s);
        const struct val *title = NULL;
        for (size_t k = 0; titles && k < titles->as.map.n; k++)
            if (val_is_str(one, titles->as.map.pairs[k].key)) title = &titles->as.map.pairs[k].v;
        if (title)
            escape_val(b, title);
        else if (locale_text(lang, key))
            say(b, lang, key);
        else
            escape_val(b, one);
        buf_add_str(b, "</label><br>\n");
    }
}

static void write_field(struct buf *b, const char *lang, const struct val *field)
{
    const struct val *name = val_get(field, "name"), *title = val_get(field, "title"), *help = val_get(field, "help");
    const struct val *type = val_get(field, "type");
    char key[160];
    buf_add_str(b, "<fieldset><legend>");
    snprintf(key, sizeof(key), "task.field_%.*s", (int)(name->as.str.len < 100 ? name->as.str.len : 0), name->as.str.s);
    if (title)
        escape_val(b, title);
    else if (locale_text(lang, key))
        say(b, lang, key);
    else
        escape_val(b, name);
    if (val_get_bool(field, "required", false)) buf_add_str(b, " *");
    buf_add_str(b, "</legend>\n");
    if (help) {
        buf_add_str(b, "<p>");
        escape_val(b, help);
        buf_add_str(b, "</p>\n");
    }
    if (val_get(field, "choices")) {
        write_choices(b, lang, field, name);
    } else if (val_is_str(type, "boolean")) {
        buf_add_str(b, "<input type=\"checkbox\" value=\"true\" name=\"");
        escape_val(b, name);
        buf_add_str(b, "\">\n");
    } else {
        buf_add_str(b, val_is_str(type, "markdown") || val_is_str(type, "text") ? "<textarea rows=\"4\" name=\""
                                                                                : "<input name=\"");
        escape_val(b, name);
        buf_add_str(b, val_is_str(type, "markdown") || val_is_str(type, "text") ? "\"></textarea>\n" : "\">\n");
    }
    buf_add_str(b, "</fieldset>\n");
}

/* Nothing happens until the button is pressed: the page is what a mail scanner sees. */
static void write_form(struct buf *b, const char *lang, const struct val *task)
{
    const struct val *fields = val_get(task, "fields");
    buf_add_str(b, "<form method=\"post\">\n");
    for (int required = 1; required >= 0; required--) /* what must be said comes first */
        for (size_t i = 0; val_at(fields, i); i++)
            if (val_get_bool(val_at(fields, i), "required", false) == required) write_field(b, lang, val_at(fields, i));
    buf_add_str(b, "<p>");
    say(b, lang, "task.page_once");
    buf_add_str(b, "</p>\n<button type=\"submit\">");
    say(b, lang, "task.page_confirm");
    buf_add_str(b, "</button>\n</form>\n");
}

void link_page_write(struct api_job *job, const struct val *out)
{
    struct buf *b = &job->out;
    const char *lang = job->login.lang;
    const struct val *title = val_get(out, "title"), *help = val_get(out, "help");
    if (!val_is(title, VAL_STR)) {
        const char *thanks = locale_text(lang, "task.page_thanks");
        message_page(b, lang, "task.page_done", thanks ? thanks : "");
        return;
    }
    open_page(b, lang, title->as.str.s, title->as.str.len);
    if (help) {
        buf_add_str(b, "<p>");
        escape_val(b, help);
        buf_add_str(b, "</p>\n");
    }
    write_item(b, lang, val_get(out, "item"));
    write_form(b, lang, out);
    close_page(b);
}

void link_page_problem(struct http_request *r, const struct err *err, const char *lang)
{
    struct buf b, text;
    buf_init(&b, 64 << 10);
    buf_init(&text, 8192);
    locale_err(&text, lang, err, false);
    for (int i = 0; i < err->nfields; i++) {
        buf_add_char(&text, ' ');
        locale_field(&text, lang, &err->fields[i]);
    }
    message_page(&b, lang, "task.page_failed", text.data ? text.data : "");
    struct http_response res = {.status = http_status_of(err),
                                .type = "text/html; charset=utf-8",
                                .headers = headers,
                                .body = b.data,
                                .len = b.len};
    http_reply(r, &res);
    buf_close(&text);
    buf_close(&b);
}

static void refuse(struct api_job *job)
{
    link_page_problem(job->request, &job->err, job->login.lang);
    api_job_free(job);
}

/* Called as nobody: the token alone says who decides what. */
void link_page_handle(struct http_api *api, struct http_request *r)
{
    struct api_job *job = api_job_new(api, r);
    bool reads = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    const char *lang = http_header(r, "accept-language"), *type = http_header(r, "content-type");
    struct val answer = val_map();
    int rc;
    snprintf(job->login.lang, sizeof(job->login.lang), "%s", lang ? locale_pick(lang) : api->o.host->lang);
    job->login.actor.user = PEOPLE_ANONYMOUS;
    job->page = headers;
    job->status = 200;
    job->args = val_list();
    rc = http_take_rate(api, r, PEOPLE_ANONYMOUS, &job->err);
    if (rc == 0 && !reads && (!type || strncmp(type, "application/x-www-form-urlencoded", 33) != 0))
        rc = err_set(&job->err, ERR_INVALID, "http.content_type", "type", type ? type : "", NULL);
    if (rc == 0 && !reads && r->body_len > 64 << 10) rc = err_set(&job->err, ERR_LIMIT, "limit.size", NULL);
    if (rc == 0 && !reads) rc = http_form_parse(&job->arena, r->body, r->body_len, &answer, &job->err);
    const char *token = arena_strdup(&job->arena, r->path + 3);
    if (rc == 0 && (!token || val_add(&job->arena, &job->args, val_str(token)) ||
                    (!reads && val_add(&job->arena, &job->args, answer))))
        rc = err_set(&job->err, ERR_NOMEM, "memory", NULL);
    if (rc) {
        refuse(job);
        return;
    }
    job->call = reads ? "task.link_show" : "task.link_decide";
    job->type = "text/html; charset=utf-8";
    api_job_start(job, !reads);
}
