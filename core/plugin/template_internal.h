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
enum html_part {           /* of HTML_TAG */
                 TAG_OPEN, /* behind "<" or "</", and what it becomes is not known */
                 TAG_NAME,
                 TAG_BETWEEN, /* attributes */
                 TAG_ATTRIBUTE,
                 TAG_AFTER, /* an attribute's name and a blank */
                 TAG_VALUE, /* behind "=" */
                 TAG_PLAIN, /* in a value without quotes */
                 TAG_JOINT, /* a {{tag}} stood here: something new has to begin */
                 TAG_OTHER, /* "<!doctype", "<?", "</ ": up to the next ">", whatever stands there */
};
struct html_state {
    enum html_place place;
    enum html_part part;
    char quote;   /* of HTML_QUOTED */
    char last;    /* of HTML_REMARK: the byte that was read */
    char name[8]; /* how the attribute's begins */
    size_t nname;
    const char *bad;       /* "script" or "style", where such an element has begun */
    const char *attribute; /* one that may not be: without a name, "on", "srcdoc" */
};
void html_go_on(struct html_state *h, const char *s, size_t n);
/* A {{tag}} follows, of whatever kind. False: none may, since what stands around it would be read as something else. */
bool html_joint(struct html_state *h);

#endif
