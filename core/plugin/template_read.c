/* Reading a template into pieces, and what is wrong with it, with its line. */
#include "plugin/template_internal.h"

#include <string.h>

struct reading {
    const struct plugin *plugin;
    const struct plugin_file *file;
    struct template *out;
    struct arena *arena;
    struct err *err;
    size_t cap;
    const char *at; /* the next byte; the text ends in NUL */
    int line;
    struct html_state html;
    struct {
        size_t piece;
        struct html_state html;
    } open[TEMPLATE_DEPTH_MAX];
    size_t depth;
};

struct tag {
    const char *s;
    size_t len;
    char sign; /* '#', '^', '/', '!', or 0 */
};

static int bad(struct reading *r, const char *key, const char *s, size_t n)
{
    const char *tag = arena_strndup(r->arena, s, n < 80 ? n : 80);
    int rc = err_set(r->err, ERR_INVALID, key, "tag", tag ? tag : "", NULL);
    err_set_where(r->err, r->out->file, r->line);
    return rc;
}

static int add(struct reading *r, enum template_kind kind, const char *s, size_t n)
{
    struct template *t = r->out;
    if (t->n == TEMPLATE_TAGS_MAX) return bad(r, "template.large", "", 0);
    if (t->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 32;
        struct template_piece *grown = arena_alloc(r->arena, cap * sizeof(*grown));
        if (!grown) return err_set(r->err, ERR_NOMEM, "memory", NULL);
        if (t->n) memcpy(grown, t->pieces, t->n * sizeof(*grown));
        t->pieces = grown;
        r->cap = cap;
    }
    t->pieces[t->n++] = (struct template_piece){.kind = kind, .s = s, .len = n, .line = r->line};
    return 0;
}

static void count_lines(struct reading *r, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        r->line += s[i] == '\n';
}

static int take_text(struct reading *r, size_t n)
{
    const char *s = r->at;
    int rc = n ? add(r, TEMPLATE_TEXT, s, n) : 0;
    html_go_on(&r->html, s, n);
    count_lines(r, s, n);
    r->at += n;
    if (rc == 0 && r->html.attribute) rc = bad(r, "template.attribute", r->html.attribute, strlen(r->html.attribute));
    if (rc == 0 && r->html.bad) rc = bad(r, "template.script", r->html.bad, strlen(r->html.bad));
    return rc;
}

static bool is_name(const char *s, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    if (n == 1 && *s == '.') return true;
    for (size_t i = 0, part = 0; i <= n; i++) {
        if (i < n && s[i] != '.') {
            if (!memchr(letters, s[i], sizeof(letters) - 1)) return false;
            part++;
        } else if (part == 0) {
            return false;
        } else {
            part = 0;
        }
    }
    return true;
}

/* A value that is no part of a quoted attribute could bring attributes of its own. */
static int check_place(struct reading *r, const struct tag *t, bool in_attribute)
{
    bool fits = r->html.place == HTML_TEXT || (in_attribute && r->html.place == HTML_QUOTED);
    return fits ? 0 : bad(r, "template.place", t->s, t->len);
}

static bool is_same_place(const struct html_state *a, const struct html_state *b)
{
    return a->place == b->place && (a->place != HTML_QUOTED || a->quote == b->quote);
}

static int open_section(struct reading *r, const struct tag *t)
{
    if (r->depth == TEMPLATE_DEPTH_MAX) return bad(r, "template.deep", t->s, t->len);
    r->open[r->depth].piece = r->out->n;
    r->open[r->depth++].html = r->html;
    return add(r, t->sign == '#' ? TEMPLATE_SECTION : TEMPLATE_EMPTY, t->s, t->len);
}

static int close_section(struct reading *r, const struct tag *t)
{
    if (r->depth == 0) return bad(r, "template.close", t->s, t->len);
    struct template_piece *p = &r->out->pieces[r->open[r->depth - 1].piece];
    if (p->len != t->len || memcmp(p->s, t->s, t->len) != 0) return bad(r, "template.close", t->s, t->len);
    if (!is_same_place(&r->html, &r->open[r->depth - 1].html)) return bad(r, "template.uneven", t->s, t->len);
    /* Where nothing of it was written, the same comes next. */
    if (r->html.place == HTML_TAG && r->open[r->depth - 1].html.part == TAG_JOINT) r->html.part = TAG_JOINT;
    p->end = r->out->n;
    r->depth--;
    return 0;
}

static int take_locale(struct reading *r, const struct tag *t)
{
    const char *key = arena_strndup(r->arena, t->s + 2, t->len - 2);
    if (!key) return err_set(r->err, ERR_NOMEM, "memory", NULL);
    int rc = check_place(r, t, true);
    if (rc) return rc;
    return plugin_text(r->plugin, "vi", key) ? add(r, TEMPLATE_LOCALE, key, t->len - 2)
                                             : bad(r, "template.text", key, t->len - 2);
}

static int take_markdown(struct reading *r, const struct tag *t)
{
    enum { PREFIX = sizeof("markdown:") - 1 };
    if (!is_name(t->s + PREFIX, t->len - PREFIX)) return bad(r, "template.tag", t->s, t->len);
    int rc = check_place(r, t, false);
    return rc ? rc : add(r, TEMPLATE_MARKDOWN, t->s + PREFIX, t->len - PREFIX);
}

static bool begins(const struct tag *t, const char *with)
{
    size_t n = strlen(with);
    return t->len > n && memcmp(t->s, with, n) == 0;
}

static int take_tag(struct reading *r, const struct tag *t)
{
    if (t->sign == '!') return 0;
    if (!t->sign && begins(t, "t:")) return take_locale(r, t);
    if (!t->sign && begins(t, "markdown:")) return take_markdown(r, t);
    if (!is_name(t->s, t->len)) return bad(r, "template.tag", t->s, t->len);
    if (t->sign == '#' || t->sign == '^') return open_section(r, t);
    if (t->sign == '/') return close_section(r, t);
    bool is_word = t->len == 4 && memcmp(t->s, "csrf", 4) == 0;
    int rc = check_place(r, t, !is_word);
    return rc ? rc : add(r, is_word ? TEMPLATE_WORD : TEMPLATE_VALUE, t->s, t->len);
}

/* At "{{". */
static int read_tag(struct reading *r)
{
    struct tag t = {.s = r->at + 2};
    const char *end = strstr(t.s, "}}");
    if (r->at[2] == '{') return bad(r, "template.raw", r->at, 3);
    if (!end) return bad(r, "template.open", r->at, strcspn(r->at, "\n"));
    if (*t.s && strchr("#^/!", *t.s)) t.sign = *t.s++;
    if (end - t.s > TEMPLATE_TAG_MAX && t.sign != '!') return bad(r, "template.tag", t.s, 80);
    const char *last = end;
    while (t.s < last && strchr(" \t\r\n", *t.s))
        t.s++;
    while (last > t.s && strchr(" \t\r\n", last[-1]))
        last--;
    t.len = (size_t)(last - t.s);
    int rc = html_joint(&r->html) ? take_tag(r, &t) : bad(r, "template.place", t.s, t.len);
    count_lines(r, r->at, (size_t)(end + 2 - r->at));
    r->at = end + 2;
    return rc;
}

int template_read(const struct plugin *p, const struct plugin_file *f, struct arena *a, struct template *out,
                  struct err *err)
{
    struct reading r = {.plugin = p, .file = f, .out = out, .arena = a, .err = err, .at = f->text, .line = 1};
    int rc = 0;
    *out = (struct template){.file = arena_printf(a, "%s/%s", p->name, f->path)};
    if (!out->file) return err_set(err, ERR_NOMEM, "memory", NULL);
    count_lines(&r, f->text, strlen(f->text));
    if (strlen(f->text) != f->len) return bad(&r, "template.tag", "NUL", 3);
    r.line = 1;
    while (rc == 0 && *r.at) {
        const char *next = strstr(r.at, "{{");
        size_t n = next ? (size_t)(next - r.at) : strlen(r.at);
        rc = take_text(&r, n);
        if (rc == 0 && *r.at) rc = read_tag(&r);
    }
    if (rc == 0 && r.depth > 0) {
        const struct template_piece *open = &out->pieces[r.open[r.depth - 1].piece];
        r.line = open->line;
        rc = bad(&r, "template.not_closed", open->s, open->len);
    }
    return rc;
}

static bool is_template(const struct plugin_file *f)
{
    size_t n = strlen(f->path);
    return strncmp(f->path, "templates/", 10) == 0 && n > 15 && strcmp(f->path + n - 5, ".html") == 0;
}

int template_check_all(struct plugin *p, struct err *err)
{
    int rc = 0;
    struct arena a;
    arena_init(&a, 16 << 20);
    for (size_t i = 0; rc == 0 && i < p->nfiles; i++) {
        struct template t;
        if (is_template(&p->files[i])) rc = template_read(p, &p->files[i], &a, &t, err);
        arena_reset(&a);
    }
    arena_close(&a);
    return rc;
}
