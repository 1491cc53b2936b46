/* Inside plugin/: a template that was read, as a list of pieces. */
#ifndef KHUNG_TEMPLATE_INTERNAL_H
#define KHUNG_TEMPLATE_INTERNAL_H

#include "plugin/template.h"

enum template_kind {
    TEMPLATE_TEXT, /* as it stands */
    TEMPLATE_VALUE,
    TEMPLATE_MARKDOWN,
    TEMPLATE_SECTION, /* {{#name}}: up to `end` */
    TEMPLATE_EMPTY,   /* {{^name}}: up to `end` */
    TEMPLATE_LOCALE,  /* {{t:key}} */
    TEMPLATE_WORD,    /* {{csrf}} */
};

struct template_piece {
    enum template_kind kind;
    const char *s; /* the text, the name or the key */
    size_t len;
    size_t end; /* of a section: the index behind its last piece */
    int line;
};

struct template
{
    const char *file; /* "awards/templates/rounds.html" */
    struct template_piece *pieces;
    size_t n;
};

/* template_read.c. In the arena; the texts are the file's. */
int template_read(const struct plugin *p, const struct plugin_file *f, struct arena *a, struct template *out,
                  struct err *err);

/* template_html.c: where in the HTML a place is. */
enum html_place { HTML_TEXT, HTML_TAG, HTML_QUOTED, HTML_REMARK };
struct html_state {
    enum html_place place;
    char quote;      /* of HTML_QUOTED */
    char last;       /* what stood before, in a tag: a quote opens a value behind "=" alone */
    const char *bad; /* "script" or "style", where such an element has begun */
};
void html_go_on(struct html_state *h, const char *s, size_t n);

#endif
