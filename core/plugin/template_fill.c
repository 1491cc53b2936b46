/* Filling a template: its pieces in order, sections by recursion, names from the innermost value outwards. */
#include <string.h>

#include "base/kinds.h"
#include "base/locale.h"
#include "base/markdown.h"
#include "plugin/template_internal.h"
#include "plugin/text_fill.h"

enum { VALUE_MAX = 4 << 20 };

struct filling {
    struct template_fill *f;
    const struct template *t;
    const struct val *scopes[TEMPLATE_DEPTH_MAX + 1]; /* the innermost last */
    size_t depth;
    struct buf value; /* one value, before it is escaped */
    struct err *err;
};

static int fail(struct filling *g, int code, const char *key, const struct template_piece *p, const char *type)
{
    const char *name = arena_strndup(g->f->arena, p->s, p->len);
    int rc = err_set(g->err, code, key, "template", g->t->file, "name", name ? name : "", "type", type, NULL);
    err_set_where(g->err, g->t->file, p->line);
    return rc;
}

static int step(struct filling *g, const struct template_piece *p, size_t n)
{
    g->f->steps -= (int64_t)n + 1;
    return g->f->steps > 0 ? 0 : fail(g, ERR_PLUGIN, "template.work", p, "");
}

/* --- names --- */

static const struct val *fields_of(const struct val *v)
{
    return v && v->type == VAL_OBJ ? v->as.obj.fields : v;
}

static int member(struct filling *g, const struct template_piece *p, const struct val *of, const char *name,
                  const struct val **out)
{
    *out = NULL;
    if (of->type == VAL_OBJ && !of->as.obj.fields)
        return fail(g, ERR_PLUGIN, "template.object", p, of->as.obj.kind->name);
    const struct val *map = fields_of(of);
    if (map->type != VAL_MAP) return 0;
    *out = val_get(map, name);
    return step(g, p, map->as.map.n);
}

/* "item.title": item from the innermost value that has one, then its title. NULL: nobody has one. */
static int look_up(struct filling *g, const struct template_piece *p, const struct val **out)
{
    char name[TEMPLATE_TAG_MAX + 1];
    int rc = 0;
    *out = g->scopes[g->depth - 1];
    if (p->len == 1 && *p->s == '.') return 0;
    memcpy(name, p->s, p->len);
    name[p->len] = '\0';
    char *rest = strchr(name, '.');
    if (rest) *rest++ = '\0';
    const struct val *v = NULL;
    for (size_t i = g->depth; rc == 0 && !v && i-- > 0;)
        rc = member(g, p, g->scopes[i], name, &v);
    while (rc == 0 && v && rest) {
        char *part = rest, *dot = strchr(rest, '.');
        if (dot) *dot = '\0';
        rest = dot ? dot + 1 : NULL;
        rc = member(g, p, v, part, &v);
    }
    *out = v;
    return rc;
}

/* --- values --- */

/* Control characters are no text for people, and one of them stands for the word. */
static bool is_plain(char c)
{
    return (unsigned char)c >= ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void escape(struct filling *g)
{
    const char *s = g->value.data;
    size_t n = g->value.len, from = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && is_plain(s[i])) continue;
        if (i > from) text_escape_html(g->f->out, s + from, i - from);
        from = i + 1;
    }
}

/* "2021-01-04 08:00" as people here write it. */
static bool add_time(struct buf *b, const struct val *v)
{
    bool is_time = v->type == VAL_OBJ && (v->as.obj.kind == &date_kind || v->as.obj.kind == &instant_kind);
    const struct val *text = is_time ? val_get(v->as.obj.fields, "text") : NULL;
    if (!val_is(text, VAL_STR) || text->as.str.len < 10) return false;
    const char *s = text->as.str.s;
    buf_printf(b, "%.2s/%.2s/%.4s", s + 8, s + 5, s);
    if (text->as.str.len > 10) buf_add(b, s + 10, text->as.str.len - 10);
    return true;
}

static int take_value(struct filling *g, const struct template_piece *p)
{
    const struct val *v;
    int rc = look_up(g, p, &v);
    buf_clear(&g->value);
    if (rc || !v || v->type == VAL_NIL) return rc;
    if (v->type == VAL_LIST || v->type == VAL_MAP)
        return fail(g, ERR_PLUGIN, "template.value", p, v->type == VAL_LIST ? "list" : "table");
    if (v->type == VAL_OBJ && !v->as.obj.fields) return fail(g, ERR_PLUGIN, "template.object", p, v->as.obj.kind->name);
    if (v->type == VAL_BOOL) {
        const char *word = locale_text(g->f->lang, v->as.b ? "page.yes" : "page.no");
        buf_add_str(&g->value, word ? word : "");
    } else if (!add_time(&g->value, v)) {
        const struct val *name = v->type == VAL_OBJ ? val_get(v->as.obj.fields, "name") : NULL;
        text_add_value(&g->value, name ? name : v, false);
    }
    if (!buf_ok(&g->value)) return fail(g, ERR_PLUGIN, "template.work", p, "");
    return step(g, p, g->value.len / 64);
}

static int add_value(struct filling *g, const struct template_piece *p)
{
    int rc = take_value(g, p);
    if (rc == 0) escape(g);
    return rc;
}

/* As escape() does; here behind it, since "&#27;" is one, too. */
static void drop_controls(struct buf *b, size_t from)
{
    size_t n = from;
    if (!buf_ok(b) || from >= b->len) return;
    for (size_t i = from; i < b->len; i++)
        if (is_plain(b->data[i])) b->data[n++] = b->data[i];
    b->len = n;
    b->data[n] = '\0';
}

static int add_markdown(struct filling *g, const struct template_piece *p)
{
    size_t from = g->f->out->len;
    int rc = take_value(g, p);
    if (rc == 0) rc = step(g, p, g->value.len);
    if (rc || g->value.len == 0) return rc;
    rc = markdown_html(g->value.data, g->value.len, g->f->out, g->err);
    if (rc) err_set_where(g->err, g->t->file, p->line);
    drop_controls(g->f->out, from);
    return rc;
}

static int add_locale(struct filling *g, const struct template_piece *p)
{
    const char *text = plugin_text(g->f->plugin, g->f->lang, p->s);
    const struct val *values = NULL;
    for (size_t i = g->depth; !val_is(values, VAL_MAP) && i-- > 0;)
        values = fields_of(g->scopes[i]);
    buf_clear(&g->value);
    text_fill(&g->value, text ? text : p->s, val_is(values, VAL_MAP) ? values : NULL, g->f->arena);
    if (!buf_ok(&g->value)) return fail(g, ERR_PLUGIN, "template.work", p, "");
    escape(g);
    return step(g, p, g->value.len / 64);
}

/* --- pieces --- */

static int fill(struct filling *g, size_t from, size_t to);

static bool is_nothing(const struct val *v)
{
    return !v || v->type == VAL_NIL || (v->type == VAL_BOOL && !v->as.b) || (v->type == VAL_LIST && !v->as.list.n) ||
           (v->type == VAL_MAP && !v->as.map.n) || (v->type == VAL_STR && !v->as.str.len);
}

static int fill_with(struct filling *g, const struct val *v, const struct template_piece *p)
{
    size_t at = (size_t)(p - g->t->pieces);
    int rc = step(g, p, 0);
    g->scopes[g->depth++] = v;
    if (rc == 0) rc = fill(g, at + 1, p->end);
    g->depth--;
    return rc;
}

static int add_section(struct filling *g, const struct template_piece *p)
{
    const struct val *v, *none = g->scopes[g->depth - 1];
    int rc = look_up(g, p, &v);
    if (rc) return rc;
    if (p->kind == TEMPLATE_EMPTY) return is_nothing(v) ? fill_with(g, none, p) : 0;
    if (is_nothing(v)) return 0;
    if (v->type != VAL_LIST) return fill_with(g, v, p);
    for (size_t i = 0; rc == 0 && i < v->as.list.n; i++)
        rc = fill_with(g, &v->as.list.items[i], p);
    return rc;
}

static int add_piece(struct filling *g, const struct template_piece *p)
{
    switch (p->kind) {
    case TEMPLATE_TEXT:
        buf_add(g->f->out, p->s, p->len);
        return step(g, p, p->len / 64);
    case TEMPLATE_VALUE:
        return add_value(g, p);
    case TEMPLATE_MARKDOWN:
        return add_markdown(g, p);
    case TEMPLATE_LOCALE:
        return add_locale(g, p);
    case TEMPLATE_WORD:
        buf_add_str(g->f->out, TEMPLATE_CSRF);
        return step(g, p, 0);
    default:
        return add_section(g, p);
    }
}

static int fill(struct filling *g, size_t from, size_t to)
{
    int rc = 0;
    for (size_t i = from; rc == 0 && i < to;) {
        const struct template_piece *p = &g->t->pieces[i];
        rc = add_piece(g, p);
        i = p->kind == TEMPLATE_SECTION || p->kind == TEMPLATE_EMPTY ? p->end : i + 1;
    }
    return rc;
}

int template_fill(struct template_fill *f, const char *name, struct err *err)
{
    struct template t;
    struct val none = val_map();
    struct filling g = {.f = f, .t = &t, .depth = 1, .err = err};
    const char *path = arena_printf(f->arena, "templates/%s.html", name);
    const struct plugin_file *file = path ? plugin_file_find(f->plugin, path) : NULL;
    if (!file) return err_set(err, ERR_PLUGIN, "template.missing", "template", name, "plugin", f->plugin->name, NULL);
    int rc = template_read(f->plugin, file, f->arena, &t, err);
    if (rc) return rc;
    g.scopes[0] = f->data && f->data->type != VAL_NIL ? f->data : &none;
    buf_init(&g.value, VALUE_MAX);
    rc = fill(&g, 0, t.n);
    buf_close(&g.value);
    if (rc || buf_ok(f->out)) return rc;
    struct err_num most;
    return err_set(err, ERR_PLUGIN, "template.size", "template", t.file, "most", err_i64(&most, (int64_t)f->out->max),
                   NULL);
}
