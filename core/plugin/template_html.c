/* A look at HTML that is enough to tell text, tags, quoted attributes and remarks apart, as a browser does. */
#include "plugin/template_internal.h"

#include <string.h>
#include <strings.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_element(const char *s, size_t n, const char *name)
{
    size_t len = strlen(name);
    return n > len && strncasecmp(s + 1, name, len) == 0 && (n == len + 1 || !is_letter(s[len + 1]));
}

/* At a "<": how many bytes of it are the beginning of a tag or a remark. Where the piece ends with it, what is filled
 * in next would be the tag's name. */
static size_t open_tag(struct html_state *h, const char *s, size_t n)
{
    if (n >= 4 && memcmp(s, "<!--", 4) == 0) {
        h->place = HTML_REMARK;
        return 2; /* "<!-->" is a whole one */
    }
    if (n > 1 && !is_letter(s[1]) && s[1] != '/' && s[1] != '!' && s[1] != '?') return 1;
    if (is_element(s, n, "script")) h->bad = "script";
    if (is_element(s, n, "style")) h->bad = "style";
    h->place = HTML_TAG;
    h->last = '<';
    return 1;
}

static size_t in_tag(struct html_state *h, const char *s)
{
    bool is_blank = *s == ' ' || *s == '\t' || *s == '\n' || *s == '\r' || *s == '\f';
    if (*s == '>') {
        h->place = HTML_TEXT;
    } else if ((*s == '"' || *s == '\'') && h->last == '=') {
        h->place = HTML_QUOTED;
        h->quote = *s;
        h->last = *s;
    } else if (!is_blank) {
        h->last = *s;
    }
    return 1;
}

static size_t in_remark(struct html_state *h, const char *s, size_t n)
{
    size_t len = n >= 3 && memcmp(s, "-->", 3) == 0 ? 3 : n >= 4 && memcmp(s, "--!>", 4) == 0 ? 4 : 0;
    if (len) h->place = HTML_TEXT;
    return len ? len : 1;
}

void html_go_on(struct html_state *h, const char *s, size_t n)
{
    for (size_t at = 0; at < n;) {
        const char *p = s + at;
        size_t left = n - at;
        if (h->place == HTML_TEXT) {
            at += *p == '<' ? open_tag(h, p, left) : 1;
        } else if (h->place == HTML_TAG) {
            at += in_tag(h, p);
        } else if (h->place == HTML_REMARK) {
            at += in_remark(h, p, left);
        } else {
            if (*p == h->quote) h->place = HTML_TAG;
            at++;
        }
    }
}
