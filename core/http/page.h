/* Pages for people: HTML that works without a script and loads nothing but its style.
 *
 * What is filled in is escaped, always: page_add copies the HTML of its caller, and %s in it is a text, %k the sentence
 * of a key, %i an int64_t. A page is written into a buffer (any thread) and answered on the io thread.
 *
 *     struct page p = {.out = &b, .lang = "vi"};
 *     page_begin(&p, title);
 *     page_add(&p, "<p class=\"late\">%k: %s</p>\n", "page.late", what);
 *     page_end(&p); */
#ifndef KHUNG_HTTP_PAGE_H
#define KHUNG_HTTP_PAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/val.h"
#include "http/server.h"

enum { PAGE_MAX = 4 << 20, PAGE_PATH_MAX = 200 };

struct page {
    struct buf *out;
    const char *lang;  /* "en", "vi" */
    const char *here;  /* the page's own path, for the switch of language; NULL: none */
    const char *user;  /* who is logged in; NULL: nobody */
    const char *csrf;  /* the word that their forms carry; NULL: none */
    int unread;        /* their notices, NOTIFY_UNREAD_MAX: so many or more */
    const char *files; /* where files are fetched, "/api/files/"; NULL: nowhere */
    bool is_narrow;    /* a form of a few fields */
    bool has_pictures; /* of this service (<img>) */
    bool is_secret;    /* its address is a key: no other page is told it, ours neither */
};

/* Everything before the content, with the title as its heading; and everything behind it. */
void page_begin(struct page *p, const char *title);
void page_end(struct page *p);
/* See above. `html` is a constant of the source, never a text that came from elsewhere. */
void page_add(struct page *p, const char *html, ...);
void page_text(struct page *p, const char *s, size_t n);
/* The sentence of a key with one {name} filled (NULL: none). */
void page_say(struct page *p, const char *key, const char *name, const char *value);
/* A value as people read it: of an object its name or text, of a list its parts. */
void page_val(struct page *p, const struct val *v);
/* "04/01/2021 08:00" in the zone; of a value, a date is "04/01/2021". */
void page_instant(struct page *p, int64_t ms, const char *zone);
/* The sentence of an error, with its remedy; pages have sentences of their own where those are for programs. */
void page_sentence(struct page *p, const struct err *err);
/* "Due tomorrow, 05/01/2021 08:00". */
void page_due(struct page *p, int64_t due, int64_t now, const char *zone);
/* What is wrong, on top of the page: read out at once. (Forms with fields have their own: task_form_err.) */
void page_err(struct page *p, const struct err *err);
/* Opens a form that is posted to `action` (NULL: to the page itself), with the word; the second one takes files. */
void page_form(struct page *p, const char *action);
void page_form_files(struct page *p, const char *action);
/* A QR code of a text that also stands on the page; `label`: a key, for who does not see it. */
void page_qr(struct page *p, const char *text, const char *label);
/* "20 MB" */
void page_bytes(struct page *p, int64_t bytes);

/* `more`: further header lines or NULL. The page may not be kept, framed, or sent elsewhere. */
void page_reply(struct http_request *r, int status, const struct page *p, const char *more);
/* The lines of every page, Content-Language too. */
void page_headers(struct buf *lines, const struct page *p);
/* Off to a path of this service; `more` as above. */
void page_redirect(struct http_request *r, const char *to, const char *more);
/* Off to the login, and back here from it. */
void page_login_first(struct http_request *r);
/* Is it a path of this service? "//evil.example" and "/\evil.example" are addresses elsewhere. */
bool page_is_path_here(const char *path);
/* "/page.css" */
void page_style(struct http_request *r);

#endif
