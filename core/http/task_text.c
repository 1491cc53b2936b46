/* The text that a task is about: its fields as they were when it was asked, and what was changed in it. */
#include <stdio.h>
#include <string.h>

#include "content/content.h"
#include "http/task_page.h"
#include "plugin/host.h"
#include "plugin/plugins.h"
#include "plugin/registry.h"

/* How the type is declared, or NULL. In the registry's memory. */
static const struct val *declared_of(const struct registry *r, const struct val *item)
{
    char name[100];
    const struct val *type = val_is(item, VAL_OBJ) ? val_get(item->as.obj.fields, "type") : NULL;
    if (!r || !val_is(type, VAL_STR) || type->as.str.len >= sizeof(name)) return NULL;
    snprintf(name, sizeof(name), "%.*s", (int)type->as.str.len, type->as.str.s);
    const struct decl *d = registry_find(r, "type", NULL, name);
    return d ? &d->spec : NULL;
}

/* { "text!", title = { vi =, en = } }: its title for the reader, else its name. */
static void add_label(struct page *p, const struct val *declared, const char *name)
{
    const struct val *title = val_get(val_get(val_get(declared, "fields"), name), "title");
    if (val_is(title, VAL_MAP)) title = val_get(title, p->lang);
    if (val_is(title, VAL_STR))
        page_val(p, title);
    else
        page_add(p, "%s", name);
}

/* Anybody can write what looks like a file into a field of any values, with a digest of their own. */
static bool holds_files(const struct val *declared, const char *name)
{
    static const char *const types[] = {"file", "file!", "list:file", "list:file!"};
    const struct val *type = val_get(val_get(declared, "fields"), name);
    if (val_is(type, VAL_LIST)) type = val_at(type, 0);
    if (val_is(type, VAL_MAP)) type = val_get(type, "type") ? val_get(type, "type") : val_get(type, "1");
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (val_is_str(type, types[i])) return true;
    return false;
}

static void add_value(struct page *p, const struct val *declared, const char *name, const struct val *v)
{
    bool has_files = holds_files(declared, name);
    bool is_list = has_files && v->type == VAL_LIST && v->as.list.n > 0 && task_files_is(&v->as.list.items[0]);
    if (has_files && task_files_is(v))
        task_files_show(p, v);
    else if (!is_list)
        page_val(p, v);
    for (size_t i = 0; is_list && val_at(v, i); i++) {
        page_add(p, i ? "<br>" : "");
        task_files_show(p, val_at(v, i));
    }
}

static bool is_in(const struct val *part, const char *name)
{
    if (!val_is(part, VAL_LIST) || part->as.list.n == 0) return true;
    for (size_t i = 0; val_at(part, i); i++)
        if (val_is_str(val_at(part, i), name)) return true;
    return false;
}

/* What gives the item its title comes first. */
static void add_fields(struct page *p, const struct val *declared, const struct val *task)
{
    const struct val *fields = val_get(task, "item")->as.obj.fields, *part = val_get(task, "part");
    const struct val *title = val_get(declared, "title");
    page_add(p, "<dl>\n");
    for (int first = 1; first >= 0; first--)
        for (size_t i = 0; fields && i < fields->as.map.n; i++) {
            const struct val_pair *f = &fields->as.map.pairs[i];
            bool is_shown = !content_item_is_head(f->key) && f->v.type != VAL_NIL && is_in(part, f->key);
            if (!is_shown || val_is_str(title, f->key) != first) continue;
            page_add(p, "<dt>");
            add_label(p, declared, f->key);
            page_add(p, "</dt><dd>");
            add_value(p, declared, f->key, &f->v);
            page_add(p, "</dd>\n");
        }
    page_add(p, "</dl>\n");
}

static void add_changed(struct page *p, const struct val *declared, const struct val *changed)
{
    page_add(p, "<dl>\n");
    for (size_t i = 0; val_at(changed, i); i++) {
        char name[100];
        const struct val *one = val_at(changed, i), *field = val_get(one, "field");
        if (!val_is(field, VAL_STR)) continue;
        snprintf(name, sizeof(name), "%.*s", (int)(field->as.str.len < 99 ? field->as.str.len : 99), field->as.str.s);
        page_add(p, "<dt>");
        add_label(p, declared, name);
        page_add(p, "</dt><dd><del><b>%k</b>", "task.page_before");
        if (val_get(one, "before")) add_value(p, declared, name, val_get(one, "before"));
        page_add(p, "</del><ins><b>%k</b>", "task.page_after");
        if (val_get(one, "after")) add_value(p, declared, name, val_get(one, "after"));
        page_add(p, "</ins></dd>\n");
    }
    page_add(p, "</dl>\n");
}

void task_text_changed(struct page *p, struct session *s, const struct val *task, const struct val *changed)
{
    struct registry *r = plugins_registry(s->host->plugins);
    add_changed(p, declared_of(r, val_get(task, "item")), changed);
    if (r) registry_drop(r);
}

void task_text_fields(struct page *p, struct session *s, const struct val *task)
{
    if (!val_is(val_get(task, "item"), VAL_OBJ)) return;
    struct registry *r = plugins_registry(s->host->plugins);
    add_fields(p, declared_of(r, val_get(task, "item")), task);
    if (r) registry_drop(r);
}

void task_text_write(struct page *p, struct session *s, const struct val *task)
{
    const struct val *item = val_get(task, "item"), *hash = val_get(task, "about_hash");
    const struct val *changed = val_get(task, "changed");
    if (!val_is(item, VAL_OBJ)) return;
    struct registry *r = plugins_registry(s->host->plugins);
    const struct val *declared = declared_of(r, item);
    if (val_is(changed, VAL_LIST) && changed->as.list.n) {
        page_add(p, "<h2>%k</h2>\n<p>%k</p>\n", "task.page_changed", "task.page_changed_text");
        add_changed(p, declared, changed);
    }
    page_add(p, "<h2>%k</h2>\n<div class=\"text\">\n", "task.page_text");
    add_fields(p, declared, task);
    page_add(p, "</div>\n<p class=\"soft\">%k %i", "task.page_revision", val_get_int(task, "about_revision", 0));
    if (val_is(hash, VAL_STR) && hash->as.str.len > 12) {
        page_add(p, " · <code>");
        page_text(p, hash->as.str.s, 12);
        page_add(p, "</code>");
    }
    page_add(p, "</p>\n");
    if (r) registry_drop(r);
}

void task_text_ballot(struct page *p, const struct val *vote)
{
    bool secret = val_get_bool(vote, "secret", false), change = val_get_bool(vote, "change", false);
    page_add(p, "<p>%k %k</p>\n", secret ? "page.vote_secret" : "page.vote_open",
             change ? "page.vote_change" : "page.vote_once");
}

void task_text_vote(struct page *p, const struct val *vote)
{
    page_add(p, "<p class=\"soft\">%k %i · %k ", "page.vote_members", val_get_int(vote, "members", 0),
             "page.vote_quorum");
    page_val(p, val_get(vote, "quorum"));
    page_add(p, " · %k ", "page.vote_threshold");
    page_val(p, val_get(vote, "threshold"));
    page_add(p, "</p>\n");
}
