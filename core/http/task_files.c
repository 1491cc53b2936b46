/* Files on pages of tasks: to be chosen, sent before, attached. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"
#include "file/file.h"
#include "http/task_page.h"
#include "people/people.h"

bool task_files_is(const struct val *v)
{
    return val_is(val_get(v, "hash"), VAL_STR) && val_is(val_get(v, "name"), VAL_STR);
}

/* What is decided is decided of these very bytes: their digest is shown. */
void task_files_show(struct page *p, const struct val *file)
{
    if (p->files) page_add(p, "<a href=\"%s%i\">", p->files, val_get_int(file, "id", 0));
    page_val(p, val_get(file, "name"));
    if (p->files) page_add(p, "</a>");
    page_add(p, " <span class=\"soft\">(");
    page_bytes(p, val_get_int(file, "size", 0));
    page_add(p, ")<br>SHA-256 <code>");
    page_val(p, val_get(file, "hash"));
    page_add(p, "</code></span>");
}

/* "application/pdf": PDF, in the reader's language; else as it is. */
static void add_type(struct page *p, const struct val *type)
{
    char key[120];
    snprintf(key, sizeof(key), "page.type_%.*s", val_is(type, VAL_STR) ? (int)type->as.str.len : 0,
             val_is(type, VAL_STR) ? type->as.str.s : "");
    for (char *c = key; *c; c++)
        if (*c == '/' || *c == '*' || *c == '-' || *c == '+') *c = '_';
    if (locale_text(p->lang, key))
        page_add(p, "%k", key);
    else
        page_val(p, type);
}

static const struct val *type_at(const struct val *types, size_t i)
{
    return val_is(types, VAL_STR) ? (i ? NULL : types) : types ? val_at(types, i) : NULL;
}

void task_files_help(struct page *p, int64_t file_max, const struct val *types)
{
    struct buf size;
    struct page into = *p;
    buf_init(&size, 100);
    into.out = &size;
    page_bytes(&into, file_max);
    page_say(p, "page.file_most", "most", size.data);
    buf_close(&size);
    for (size_t i = 0; type_at(types, i); i++) {
        if (i == 0) page_add(p, " %k ", "page.file_types");
        if (i) page_add(p, ", ");
        add_type(p, type_at(types, i));
    }
    if (type_at(types, 0)) page_add(p, ".");
}

static void add_accept(struct page *p, const struct val *types)
{
    for (size_t i = 0; type_at(types, i); i++) {
        page_add(p, i ? "," : " accept=\"");
        page_val(p, type_at(types, i));
    }
    if (type_at(types, 0)) page_add(p, "\"");
}

/* One that was sent before, if it is there and theirs who fill this in. */
static bool load_sent(struct session *s, const struct val *given, struct file_row *row)
{
    struct err ignored = {0};
    char text[24] = "";
    if (val_is(given, VAL_STR)) snprintf(text, sizeof(text), "%.*s", (int)given->as.str.len, given->as.str.s);
    int rc = *text ? file_load(s->db, strtoll(text, NULL, 10), row, &ignored) : 0;
    return rc == 1 && file_may_see(s, row, &ignored) == 1;
}

void task_files_sent(struct page *p, struct session *s, const struct val *id)
{
    struct file_row row;
    if (!load_sent(s, id, &row)) return;
    page_add(p, "%s <span class=\"soft\">(", row.name);
    page_bytes(p, row.size);
    page_add(p, ")</span>");
}

/* 1, 0. */
static bool add_kept(struct page *p, const struct task_files *f, const struct val *given)
{
    struct file_row row;
    if (!load_sent(f->s, given, &row)) return false;
    if (!file_type_fits(f->types, row.type)) {
        if (!f->wrong) page_add(p, "<p class=\"field-wrong\">%s: %k</p>\n", row.name, "page.file_not_allowed");
        return false;
    }
    page_add(p,
             "<label class=\"choice\"><input type=\"checkbox\" name=\"%s\" value=\"%i\" checked> <span>%k %s"
             " <span class=\"soft\">(",
             f->name, row.id, "page.file_keep", row.name);
    page_bytes(p, row.size);
    page_add(p, ")</span></span></label>\n");
    return true;
}

void task_files_write(struct page *p, const struct task_files *f)
{
    bool any = false;
    if (val_is(f->given, VAL_STR)) any = add_kept(p, f, f->given);
    for (size_t i = f->many || !val_is(f->given, VAL_LIST) || !f->given->as.list.n ? 0 : f->given->as.list.n - 1;
         val_is(f->given, VAL_LIST) && val_at(f->given, i); i++)
        any = add_kept(p, f, val_at(f->given, i)) || any;
    page_add(p, "<input id=\"%s\" type=\"file\" name=\"%s\"", f->id, f->name);
    if (f->many) page_add(p, " multiple");
    if (f->required && !any) page_add(p, " required");
    if (f->wrong) page_add(p, " aria-invalid=\"true\"");
    if (f->described) page_add(p, " aria-describedby=\"%s\"", f->described);
    add_accept(p, f->types);
    page_add(p, ">\n");
}

/* --- what is attached --- */

static void add_person(struct page *p, struct session *s, int64_t id)
{
    struct err ignored = {0};
    struct val person;
    if (people_person_get(s->db, id, s->arena, &person, &ignored) == 1) page_val(p, &person);
}

static void add_attached(struct page *p, struct session *s, const struct val *line, const struct val *file, bool own)
{
    page_add(p, "<li>\n");
    task_files_show(p, file);
    page_add(p, "\n<p class=\"soft\">");
    add_person(p, s, val_get_int(line, "by", 0));
    page_add(p, ", ");
    page_instant(p, val_get_int(line, "at", 0), s->zone);
    page_add(p, "</p>\n");
    if (own) {
        page_form(p, NULL);
        page_add(p,
                 "<input type=\"hidden\" name=\"_act\" value=\"detach\">\n<input type=\"hidden\" name=\"file\""
                 " value=\"%i\">\n<button class=\"plain\">%k<span class=\"hidden\"> ",
                 val_get_int(file, "id", 0), "page.do_detach");
        page_val(p, val_get(file, "name"));
        page_add(p, "</span></button>\n</form>\n");
    }
    page_add(p, "</li>\n");
}

void task_files_attached(struct page *p, struct session *s, const struct val *comments, bool is_open)
{
    bool any = false;
    for (size_t i = 0; val_at(comments, i); i++) {
        const struct val *line = val_at(comments, i), *files = val_get(line, "files");
        bool own = is_open && s->actor.person && val_get_int(line, "by", 0) == s->actor.person;
        for (size_t k = 0; files && val_at(files, k); k++) {
            if (!any) page_add(p, "<h2 id=\"attached\">%k</h2>\n<ul class=\"list\">\n", "page.attached");
            any = true;
            add_attached(p, s, line, val_at(files, k), own);
        }
    }
    if (any) page_add(p, "</ul>\n");
}

void task_files_brief(struct page *p, const struct val *comments)
{
    bool any = false;
    for (size_t i = 0; val_at(comments, i); i++) {
        const struct val *files = val_get(val_at(comments, i), "files");
        for (size_t k = 0; files && val_at(files, k); k++) {
            if (!any) page_add(p, "<p><strong>%k</strong><br>", "page.attached");
            if (any) page_add(p, "<br>");
            any = true;
            task_files_show(p, val_at(files, k));
        }
    }
    if (any) page_add(p, "</p>\n");
}
