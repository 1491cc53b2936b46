/* The text that a task is about: its fields as they were when it was asked, and what was changed in it. */
#include <string.h>

#include "content/content.h"
#include "http/task_page.h"
#include "plugin/api.h"
#include "plugin/host.h"
#include "plugin/plugins.h"
#include "plugin/registry.h"

/* Of one item. */
struct text {
    struct page *p;
    struct session *s;
    const char *title; /* which field gives it its title, or NULL */
    struct val fields; /* as content.fields has them; none of a type that no plugin has any more */
};

static const char *title_field(struct session *s, const char *type)
{
    struct registry *r = plugins_registry(s->host->plugins);
    const struct decl *d = r ? registry_find(r, "type", NULL, type) : NULL;
    const char *title = d ? val_cstr(s->arena, val_get(&d->spec, "title")) : NULL;
    if (r) registry_drop(r);
    return title;
}

static struct text text_of(struct page *p, struct session *s, const struct val *item)
{
    struct text t = {.p = p, .s = s, .fields = val_list()};
    struct val args = val_list();
    struct err ignored = {0};
    const struct val *type = val_is(item, VAL_OBJ) ? val_get(item->as.obj.fields, "type") : NULL;
    const char *name = type ? val_cstr(s->arena, type) : NULL;
    if (!name || val_add(s->arena, &args, *type) != 0) return t;
    if (api_invoke(s->host->api, s, "content.fields", &args, s->arena, &t.fields, &ignored) != 0) t.fields = val_list();
    t.title = title_field(s, name);
    return t;
}

static const struct val *field_of(const struct text *t, const char *name)
{
    for (size_t i = 0; val_at(&t->fields, i); i++)
        if (val_is_str(val_get(val_at(&t->fields, i), "name"), name)) return val_at(&t->fields, i);
    return NULL;
}

static void add_label(const struct text *t, const char *name)
{
    const struct val *field = field_of(t, name);
    if (field)
        task_form_title(t->p, field);
    else
        task_form_name(t->p, name);
}

static bool is_in(const struct val *part, const char *name)
{
    if (!val_is(part, VAL_LIST) || part->as.list.n == 0) return true;
    for (size_t i = 0; val_at(part, i); i++)
        if (val_is_str(val_at(part, i), name)) return true;
    return false;
}

/* What gives the item its title comes first. */
static void add_fields(const struct text *t, const struct val *task)
{
    const struct val *fields = val_get(task, "item")->as.obj.fields, *part = val_get(task, "part");
    page_add(t->p, "<dl>\n");
    for (int first = 1; first >= 0; first--)
        for (size_t i = 0; fields && i < fields->as.map.n; i++) {
            const struct val_pair *f = &fields->as.map.pairs[i];
            bool is_shown = !content_item_is_head(f->key) && f->v.type != VAL_NIL && is_in(part, f->key);
            bool is_title = t->title && strcmp(t->title, f->key) == 0;
            if (!is_shown || is_title != (first == 1)) continue;
            page_add(t->p, "<dt>");
            add_label(t, f->key);
            page_add(t->p, "</dt><dd>");
            task_value_write(t->p, t->s, field_of(t, f->key), &f->v);
            page_add(t->p, "</dd>\n");
        }
    page_add(t->p, "</dl>\n");
}

static void add_side(const struct text *t, const char *name, const struct val *v)
{
    if (v) task_value_write(t->p, t->s, field_of(t, name), v);
}

static void add_changed(const struct text *t, const struct val *changed)
{
    page_add(t->p, "<dl>\n");
    for (size_t i = 0; val_at(changed, i); i++) {
        const struct val *one = val_at(changed, i), *field = val_get(one, "field");
        const char *name = field ? val_cstr(t->s->arena, field) : NULL;
        if (!name) continue;
        page_add(t->p, "<dt>");
        add_label(t, name);
        page_add(t->p, "</dt><dd><del><b>%k</b>", "task.page_before");
        add_side(t, name, val_get(one, "before"));
        page_add(t->p, "</del><ins><b>%k</b>", "task.page_after");
        add_side(t, name, val_get(one, "after"));
        page_add(t->p, "</ins></dd>\n");
    }
    page_add(t->p, "</dl>\n");
}

void task_text_changed(struct page *p, struct session *s, const struct val *task, const struct val *changed)
{
    struct text t = text_of(p, s, val_get(task, "item"));
    add_changed(&t, changed);
}

void task_text_fields(struct page *p, struct session *s, const struct val *task)
{
    if (!val_is(val_get(task, "item"), VAL_OBJ)) return;
    struct text t = text_of(p, s, val_get(task, "item"));
    add_fields(&t, task);
}

void task_text_write(struct page *p, struct session *s, const struct val *task)
{
    const struct val *item = val_get(task, "item"), *hash = val_get(task, "about_hash");
    const struct val *changed = val_get(task, "changed");
    if (!val_is(item, VAL_OBJ)) return;
    struct text t = text_of(p, s, item);
    if (val_is(changed, VAL_LIST) && changed->as.list.n) {
        page_add(p, "<h2>%k</h2>\n<p>%k</p>\n", "task.page_changed", "task.page_changed_text");
        add_changed(&t, changed);
    }
    page_add(p, "<h2>%k</h2>\n<div class=\"text\">\n", "task.page_text");
    add_fields(&t, task);
    page_add(p, "</div>\n<p class=\"soft\">");
    /* Not behind a link of a mail: that is good for the one task. */
    if (p->user) page_add(p, "<a href=\"/texts/%i\">%k</a> · ", item->as.obj.id, "page.text_open");
    page_add(p, "%k %i", "task.page_revision", val_get_int(task, "about_revision", 0));
    if (val_is(hash, VAL_STR) && hash->as.str.len > 12) {
        page_add(p, " · <code>");
        page_text(p, hash->as.str.s, 12);
        page_add(p, "</code>");
    }
    page_add(p, "</p>\n");
}
