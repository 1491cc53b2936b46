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

/* At a "<": how many bytes of it are the beginning of a tag or a remark. */
static size_t open_tag(struct html_state *h, const char *s, size_t n)
{
    size_t slash = n > 1 && s[1] == '/';
    if (n >= 4 && memcmp(s, "<!--", 4) == 0) {
        h->place = HTML_REMARK;
        h->last = '-';
        return 2; /* "<!-->" is a whole one */
    }
    if (n > 1 && !is_letter(s[1]) && s[1] != '/' && s[1] != '!' && s[1] != '?') return 1;
    if (is_element(s, n, "script")) h->bad = "script";
    if (is_element(s, n, "style")) h->bad = "style";
    h->place = HTML_TAG;
    h->part = TAG_OTHER;
    if (n == 1 + slash || (n < 4 && memcmp(s, "<!--", n) == 0)) h->part = TAG_OPEN;
    if (n > 1 + slash && is_letter(s[1 + slash])) h->part = TAG_NAME;
    return 1 + slash;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* Pages work without a script; and what is filled in is escaped for HTML once. */
static void end_name(struct html_state *h)
{
    if (h->nname > 2 && strncasecmp(h->name, "on", 2) == 0) h->attribute = "on…";
    if (h->nname == 6 && strncasecmp(h->name, "srcdoc", 6) == 0) h->attribute = "srcdoc";
    h->nname = 0;
}

static void add_name(struct html_state *h, char c)
{
    if (h->nname < sizeof(h->name)) h->name[h->nname++] = c;
}

/* Behind a name, a blank or a value: what does `c` begin? */
static enum html_part begin(struct html_state *h, char c)
{
    if (is_blank(c) || c == '/') return TAG_BETWEEN;
    if (c == '=') h->attribute = "=";
    add_name(h, c);
    return TAG_ATTRIBUTE;
}

static enum html_part in_attribute(struct html_state *h, char c)
{
    if (!is_blank(c) && c != '/' && c != '=') {
        add_name(h, c);
        return TAG_ATTRIBUTE;
    }
    end_name(h);
    return c == '=' ? TAG_VALUE : c == '/' ? TAG_BETWEEN : TAG_AFTER;
}

static enum html_part in_value(struct html_state *h, char c)
{
    if (is_blank(c)) return TAG_VALUE;
    if (c != '"' && c != '\'') return TAG_PLAIN;
    h->place = HTML_QUOTED;
    h->quote = c;
    return TAG_BETWEEN;
}

static enum html_part go_on(struct html_state *h, char c)
{
    switch (h->part) {
    case TAG_NAME:
        return is_blank(c) || c == '/' ? TAG_BETWEEN : TAG_NAME;
    case TAG_BETWEEN:
        return begin(h, c);
    case TAG_ATTRIBUTE:
        return in_attribute(h, c);
    case TAG_AFTER:
        return is_blank(c) ? TAG_AFTER : c == '=' ? TAG_VALUE : begin(h, c);
    case TAG_VALUE:
        return in_value(h, c);
    case TAG_PLAIN:
        return is_blank(c) ? TAG_BETWEEN : TAG_PLAIN;
    case TAG_JOINT:
        if (!is_blank(c) && c != '/') h->attribute = "}}";
        return TAG_BETWEEN;
    default:
        return h->part;
    }
}

static size_t in_tag(struct html_state *h, char c)
{
    if (c != '>') {
        h->part = go_on(h, c);
        return 1;
    }
    if (h->part == TAG_ATTRIBUTE) end_name(h);
    h->place = HTML_TEXT;
    return 1;
}

bool html_joint(struct html_state *h)
{
    if (h->place == HTML_REMARK) return h->last != '-' && h->last != '!';
    if (h->place != HTML_TAG || h->part == TAG_BETWEEN || h->part == TAG_OTHER) return true;
    if (h->part == TAG_OPEN || h->part == TAG_VALUE) return false;
    end_name(h);
    h->part = h->part == TAG_AFTER ? TAG_BETWEEN : TAG_JOINT;
    return true;
}

static size_t in_remark(struct html_state *h, const char *s, size_t n)
{
    h->last = *s;
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
            at += in_tag(h, *p);
        } else if (h->place == HTML_REMARK) {
            at += in_remark(h, p, left);
        } else {
            if (*p == h->quote) h->place = HTML_TAG;
            at++;
        }
    }
}
