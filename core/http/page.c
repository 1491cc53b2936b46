/* The frame of a page, and escaping. */
#include "http/page.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/kinds.h"
#include "base/locale.h"
#include "base/zone.h"
#include "http/query.h"
#include "notify/notify.h"

enum { SENTENCE_MAX = 16 << 10, HEADERS_MAX = 16 << 10 };

void page_text(struct page *p, const char *s, size_t n)
{
    struct buf *b = p->out;
    for (size_t i = 0; i < n; i++) {
        const char *as = s[i] == '&'    ? "&amp;"
                         : s[i] == '<'  ? "&lt;"
                         : s[i] == '>'  ? "&gt;"
                         : s[i] == '"'  ? "&quot;"
                         : s[i] == '\'' ? "&#39;"
                                        : NULL;
        if (as)
            buf_add_str(b, as);
        else if (s[i])
            buf_add_char(b, s[i]);
    }
}

static void add_text(struct page *p, const char *s)
{
    if (s) page_text(p, s, strlen(s));
}

static void add_key(struct page *p, const char *key)
{
    const char *text = locale_text(p->lang, key);
    add_text(p, text ? text : key);
}

void page_add(struct page *p, const char *html, ...)
{
    va_list args;
    va_start(args, html);
    for (const char *s = html, *at; *s; s = at) {
        at = s + strcspn(s, "%");
        buf_add(p->out, s, (size_t)(at - s));
        if (!*at) break;
        switch (at[1]) {
        case 's':
            add_text(p, va_arg(args, const char *));
            break;
        case 'k':
            add_key(p, va_arg(args, const char *));
            break;
        case 'i':
            buf_printf(p->out, "%lld", (long long)va_arg(args, int64_t));
            break;
        default:
            assert(at[1] == '%');
            buf_add_char(p->out, '%');
        }
        at += 2;
    }
    va_end(args);
}

void page_say(struct page *p, const char *key, const char *name, const char *value)
{
    struct buf text;
    buf_init(&text, SENTENCE_MAX);
    locale_format(&text, p->lang, key, name, value, NULL);
    if (text.data) page_text(p, text.data, text.len);
    buf_close(&text);
}

/* "2021-01-04 08:00" as people here write it. */
static void add_time(struct page *p, const char *s, size_t n)
{
    char iso[17], out[17];
    bool is_day = n < 16;
    if (n < 10) return;
    snprintf(iso, sizeof(iso), "%.*s", is_day ? 10 : 16, s);
    if (!is_day) iso[10] = 'T';
    snprintf(out, sizeof(out), is_day ? "%.2s/%.2s/%.4s" : "%.2s/%.2s/%.4s %.5s", s + 8, s + 5, s, s + 11);
    page_add(p, "<time datetime=\"%s\">%s</time>", iso, out);
}

static void add_object(struct page *p, const struct val *v)
{
    static const char *const names[] = {"name", "title", "text", "iso"};
    const struct val *fields = v->as.obj.fields, *text = val_get(fields, "text");
    if ((v->as.obj.kind == &date_kind || v->as.obj.kind == &instant_kind) && val_is(text, VAL_STR)) {
        add_time(p, text->as.str.s, text->as.str.len);
        return;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct val *name = val_get(fields, names[i]);
        if (!val_is(name, VAL_STR)) continue;
        page_text(p, name->as.str.s, name->as.str.len);
        return;
    }
}

void page_val(struct page *p, const struct val *v)
{
    if (!v) return;
    if (v->type == VAL_STR) page_text(p, v->as.str.s, v->as.str.len);
    if (v->type == VAL_INT) page_add(p, "%i", v->as.i);
    if (v->type == VAL_NUM) buf_printf(p->out, "%.14g", v->as.n);
    if (v->type == VAL_BOOL) add_key(p, v->as.b ? "page.yes" : "page.no");
    if (v->type == VAL_OBJ && v->as.obj.fields) add_object(p, v);
    for (size_t i = 0; v->type == VAL_LIST && i < v->as.list.n; i++) {
        if (i) buf_add_str(p->out, ", ");
        page_val(p, &v->as.list.items[i]);
    }
    for (size_t i = 0; v->type == VAL_MAP && i < v->as.map.n; i++) {
        page_add(p, i ? "; %s: " : "%s: ", v->as.map.pairs[i].key);
        page_val(p, &v->as.map.pairs[i].v);
    }
}

void page_instant(struct page *p, int64_t ms, const char *zone)
{
    struct arena a;
    struct val at;
    arena_init(&a, 8192);
    if (kind_instant(&a, ms, zone, &at) == 0) page_val(p, &at);
    arena_close(&a);
}

void page_due(struct page *p, int64_t due, int64_t now, const char *zone)
{
    const struct zone *z = zone_get(zone);
    int64_t days = z ? zone_day(z, due) - zone_day(z, now) : 0;
    struct err_num n;
    if (days >= -1 && days <= 1)
        page_add(p, "%k ", days < 0 ? "page.due_yesterday" : days > 0 ? "page.due_tomorrow" : "page.due_today");
    else
        page_say(p, days < 0 ? "page.due_ago" : "page.due_in", "n", err_i64(&n, days < 0 ? -days : days));
    page_add(p, days >= -1 && days <= 1 ? "" : " ");
    page_instant(p, due, zone);
}

/* --- the frame --- */

/* "3", and for who hears it "3 unread". */
static void add_unread(struct page *p)
{
    if (p->unread <= 0) return;
    bool more = p->unread >= NOTIFY_UNREAD_MAX;
    page_add(p,
             more ? " <span class=\"count\">%i+ <span class=\"hidden\">%k</span></span>"
                  : " <span class=\"count\">%i <span class=\"hidden\">%k</span></span>",
             (int64_t)(more ? NOTIFY_UNREAD_MAX - 1 : p->unread), "page.unread");
}

static void add_nav(struct page *p)
{
    page_add(p, "<header>\n<a class=\"home\" href=\"/\">Khung</a>\n");
    if (p->user) {
        page_add(p, "<nav aria-label=\"%k\">\n<a href=\"/tasks\">%k</a>\n<a href=\"/notices\">%k", "page.nav",
                 "page.tasks", "page.notices");
        add_unread(p);
        page_add(p,
                 "</a>\n<a href=\"/account\">%k</a>\n"
                 "<form method=\"post\" action=\"/logout\"><input type=\"hidden\" name=\"_csrf\" value=\"%s\">"
                 "<button class=\"plain\">%k</button></form>\n</nav>\n",
                 "page.account", p->csrf, "page.logout");
    }
    page_add(p, "</header>\n");
}

static void add_language(struct page *p, const char *lang, const char *name)
{
    struct buf to;
    buf_init(&to, 4 * PAGE_PATH_MAX);
    http_query_encode(&to, p->here);
    bool is_this = strcmp(lang, p->lang) == 0;
    page_add(p,
             is_this ? "<a href=\"/language/%s?next=%s\" lang=\"%s\" hreflang=\"%s\" aria-current=\"true\">%k</a>\n"
                     : "<a href=\"/language/%s?next=%s\" lang=\"%s\" hreflang=\"%s\">%k</a>\n",
             lang, to.data, lang, lang, name);
    buf_close(&to);
}

void page_begin(struct page *p, const char *title)
{
    page_add(p,
             "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<title>%s · Khung</title>\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<link rel=\"stylesheet\" href=\"/page.css\">\n",
             p->lang, title);
    /* Where pictures are allowed a browser would ask for one of the whole site. */
    if (p->has_pictures) page_add(p, "<link rel=\"icon\" href=\"data:,\">\n");
    page_add(p, "</head>\n<body>\n<a class=\"skip\" href=\"#main\">%k</a>\n", "page.skip");
    add_nav(p);
    page_add(p, "<main id=\"main\" tabindex=\"-1\"");
    page_add(p, p->is_narrow ? " class=\"narrow\">\n<h1>%s</h1>\n" : ">\n<h1>%s</h1>\n", title);
}

void page_end(struct page *p)
{
    page_add(p, "</main>\n");
    if (p->here) {
        page_add(p, "<footer>\n<nav aria-label=\"%k\">\n", "page.language");
        add_language(p, "vi", "page.lang_vi");
        add_language(p, "en", "page.lang_en");
        page_add(p, "</nav>\n</footer>\n");
    }
    page_add(p, "</body>\n</html>\n");
}

/* novalidate: what is wrong is said by the page, in its language and at its place. */
void page_form(struct page *p, const char *action)
{
    page_add(p, action ? "<form method=\"post\" action=\"%s\" novalidate>\n" : "<form method=\"post\" novalidate>\n",
             action);
    if (p->csrf) page_add(p, "<input type=\"hidden\" name=\"_csrf\" value=\"%s\">\n", p->csrf);
}

void page_form_files(struct page *p, const char *action)
{
    page_add(p, "<form method=\"post\" enctype=\"multipart/form-data\"");
    page_add(p, action ? " action=\"%s\" novalidate>\n" : " novalidate>\n", action);
    if (p->csrf) page_add(p, "<input type=\"hidden\" name=\"_csrf\" value=\"%s\">\n", p->csrf);
}

void page_bytes(struct page *p, int64_t bytes)
{
    const int64_t kib = 1 << 10, mib = 1 << 20;
    if (bytes < kib)
        page_add(p, "%i B", bytes);
    else if (bytes < mib)
        page_add(p, "%i KB", (bytes + kib - 1) / kib);
    else
        page_add(p, bytes % mib ? "%i%k%i MB" : "%i MB", bytes / mib, "page.decimal", bytes % mib * 10 / mib);
}

/* --- what is wrong --- */

/* Where the sentence and its remedy are for programs and operators, pages have their own: KEY.page. */
void page_sentence(struct page *p, const struct err *err)
{
    struct buf text;
    struct err own = *err;
    buf_init(&text, SENTENCE_MAX);
    snprintf(own.key, sizeof(own.key), "%.*s.page", (int)sizeof(own.key) - 6, err->key);
    bool has_own = !err->text[0] && locale_text(p->lang, own.key);
    locale_err(&text, p->lang, has_own ? &own : err, !has_own);
    if (text.data) page_text(p, text.data, text.len);
    buf_close(&text);
}

void page_err(struct page *p, const struct err *err)
{
    page_add(p, "<div class=\"wrong\" role=\"alert\" id=\"wrong\">\n<p><strong>%k</strong> ", "page.wrong");
    page_sentence(p, err);
    page_add(p, "</p>\n</div>\n");
}

/* --- answers --- */

/* same-origin where it can be: with no-referrer a browser hides the origin of our own form from us. */
void page_headers(struct buf *lines, const struct page *p)
{
    buf_printf(lines,
               "Cache-Control: no-store\r\nContent-Language: %s\r\nReferrer-Policy: %s\r\n"
               "Content-Security-Policy: default-src 'none'; style-src 'self';%s form-action 'self';"
               " frame-ancestors 'none'; base-uri 'none'\r\nX-Frame-Options: DENY\r\n"
               "Cross-Origin-Opener-Policy: same-origin\r\n"
               "X-Robots-Tag: noindex, nofollow\r\n",
               p->lang, p->is_secret ? "no-referrer" : "same-origin", p->has_pictures ? " img-src 'self' data:;" : "");
}

void page_reply(struct http_request *r, int status, const struct page *p, const char *more)
{
    struct buf lines;
    buf_init(&lines, HEADERS_MAX);
    page_headers(&lines, p);
    if (more) buf_add_str(&lines, more);
    struct http_response res = {.status = status,
                                .type = "text/html; charset=utf-8",
                                .body = p->out->data,
                                .len = p->out->len,
                                .headers = lines.data};
    http_reply(r, &res);
    buf_close(&lines);
}

void page_redirect(struct http_request *r, const char *to, const char *more)
{
    struct buf lines;
    buf_init(&lines, HEADERS_MAX);
    buf_printf(&lines, "Cache-Control: no-store\r\nReferrer-Policy: same-origin\r\nLocation: %s\r\n%s", to,
               more ? more : "");
    struct http_response res = {.status = 303, .headers = lines.data};
    http_reply(r, &res);
    buf_close(&lines);
}

bool page_is_path_here(const char *path)
{
    if (!path || path[0] != '/' || path[1] == '/' || path[1] == '\\') return false;
    for (const unsigned char *p = (const unsigned char *)path; *p; p++)
        if (*p <= ' ' || *p == '\\' || *p >= 0x7f) return false;
    return strlen(path) < PAGE_PATH_MAX;
}

void page_login_first(struct http_request *r)
{
    struct buf here, to;
    buf_init(&here, HEADERS_MAX);
    buf_init(&to, HEADERS_MAX);
    buf_printf(&here, "%s%s%s", r->path, *r->query ? "?" : "", r->query);
    buf_add_str(&to, "/login");
    if (page_is_path_here(here.data)) {
        buf_add_char(&to, '?');
        http_query_add(&to, "next", here.data);
    }
    page_redirect(r, to.data, NULL);
    buf_close(&here);
    buf_close(&to);
}
