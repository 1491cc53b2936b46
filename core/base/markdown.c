/* Measured for each pair of 90 pieces of syntax, repeated to the largest size: what passes the bounds takes at most
 * some ten milliseconds; without them it is seconds, and a table of many columns takes all memory. */
#include "base/markdown.h"

#include <cmark-gfm.h>
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BRACKETS_MAX = 2000, MARKS_MAX = 4000, NESTED_MAX = 20, TABLES_MAX = 200, CELLS_MAX = 50000 };

static const char *const extensions[] = {"table", "strikethrough"};

struct counts {
    size_t lines, brackets, marks, angles, tables, pipes, nested; /* pipes, nested: of the line that has most */
};

/* Quotes and lists that one line opens: "> - 1. text". */
static size_t nested_in(const char *start, const char *end)
{
    size_t n = 0;
    for (const char *p = start; p < end; p++) {
        bool is_number = (*p == '.' || *p == ')') && p > start && p[-1] >= '0' && p[-1] <= '9';
        bool is_filler = *p == ' ' || *p == '\t' || (*p >= '0' && *p <= '9');
        if (is_number || *p == '>' || *p == '-' || *p == '+' || *p == '*')
            n++;
        else if (!is_filler)
            break;
    }
    return n;
}

/* "|--|:-:|": each makes the library read again what stands before it. */
static bool is_table(const char *p, const char *end)
{
    bool has_dash = false, has_mark = false;
    for (; p < end && strchr("|:- \t>+*.)0123456789", *p); p++) {
        has_dash |= *p == '-';
        has_mark |= *p == '|' || *p == ':';
    }
    return p == end && has_dash && has_mark;
}

static void count_line(struct counts *c, const char *p, const char *end)
{
    const char *start = p;
    size_t pipes = 0, nested = nested_in(p, end);
    for (; p < end; p++) {
        c->brackets += *p == '[';
        c->marks += *p == '*' || *p == '_' || *p == '~';
        c->angles += *p == '<';
        pipes += *p == '|';
    }
    c->lines++;
    c->tables += is_table(start, end);
    if (pipes > c->pipes) c->pipes = pipes;
    if (nested > c->nested) c->nested = nested;
}

static int check(const char *s, size_t len, struct err *err)
{
    struct counts c = {0};
    struct err_num n;
    if (len > MARKDOWN_MAX) return err_set(err, ERR_LIMIT, "markdown.large", "most", err_i64(&n, MARKDOWN_MAX), NULL);
    for (const char *p = s, *end = s + len; p < end;) {
        const char *line = p;
        while (line < end && *line != '\n' && *line != '\r')
            line++;
        count_line(&c, p, line);
        p = line + 1;
    }
    const char *what = c.brackets > BRACKETS_MAX                                             ? "["
                       : c.marks > MARKS_MAX                                                 ? "* _ ~"
                       : c.angles > MARKS_MAX                                                ? "<"
                       : c.nested > NESTED_MAX                                               ? "> -"
                       : c.tables > TABLES_MAX || (c.pipes && c.pipes * c.lines > CELLS_MAX) ? "|"
                                                                                             : NULL;
    return what ? err_set(err, ERR_LIMIT, "markdown.tangled", "what", what, NULL) : 0;
}

/* Without a scheme, or with one that runs nothing. The library forbids the known bad ones; here the good ones are
 * known, and pictures that are in the text itself, of which the library knows the harmless types. */
static bool is_harmless(const char *url, bool is_image)
{
    static const char *const good[] = {"http:", "https:", "mailto:", "tel:"};
    size_t n = strcspn(url, ":/?#");
    if (url[n] != ':') return true;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (strlen(good[i]) == n + 1 && strncasecmp(good[i], url, n + 1) == 0) return true;
    return is_image && strncasecmp(url, "data:image/", 11) == 0;
}

static void clear_links(cmark_node *doc)
{
    cmark_iter *iter = cmark_iter_new(doc);
    while (cmark_iter_next(iter) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(node);
        if (type != CMARK_NODE_LINK && type != CMARK_NODE_IMAGE) continue;
        const char *url = cmark_node_get_url(node);
        if (url && !is_harmless(url, type == CMARK_NODE_IMAGE)) cmark_node_set_url(node, "");
    }
    cmark_iter_free(iter);
}

int markdown_html(const char *s, size_t len, struct buf *out, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int rc = check(s, len, err);
    if (rc) return rc;
    pthread_once(&once, cmark_gfm_core_extensions_ensure_registered);
    cmark_parser *parser = cmark_parser_new(CMARK_OPT_VALIDATE_UTF8);
    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(extensions[i]));
    cmark_parser_feed(parser, s, len);
    cmark_node *doc = cmark_parser_finish(parser);
    clear_links(doc);
    char *html = cmark_render_html(doc, CMARK_OPT_DEFAULT, cmark_parser_get_syntax_extensions(parser));
    buf_add_str(out, html);
    cmark_get_default_mem_allocator()->free(html);
    cmark_node_free(doc);
    cmark_parser_free(parser);
    return buf_ok(out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
