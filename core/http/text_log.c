/* What happened to a text: its moves and revisions, the newest first; and what changed between two revisions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"
#include "http/own_page.h"
#include "http/query.h"
#include "http/text_page.h"

enum { LINES = 20 };

static int read_lines(struct text_view *v, struct val *out, struct err *err)
{
    struct arena *a = &v->job->arena;
    const char *after = task_page_of(v->job)->after;
    struct val options = val_map(), more = val_list();
    int rc = val_set(a, &options, "limit", val_int(LINES));
    if (rc == 0) rc = val_set(a, &options, "sort", val_str("-id"));
    if (rc == 0 && after && *after) rc = val_set(a, &options, "after", val_str(after));
    if (rc == 0) rc = val_add(a, &more, options);
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL) : text_page_call(v, "content.history", &more, out, err);
}

/* Who decided, where a run did it for them. */
static int64_t who_of(const struct val *line)
{
    const struct val *by = val_get(val_get(line, "detail"), "by");
    return val_get_int(by, "person", val_get_int(line, "person", 0));
}

static void add_paragraph(const struct text_view *v, const struct val *text)
{
    if (!val_is(text, VAL_STR) || !text->as.str.len) return;
    page_add(v->p, "<p class=\"lines\">");
    page_val(v->p, text);
    page_add(v->p, "</p>\n");
}

static void add_line(const struct text_view *v, const struct val *line)
{
    const char *verb = val_cstr(v->s->arena, val_get(line, "verb"));
    const struct val *reason = val_get(line, "reason"), *note = val_get(line, "note");
    char key[60];
    int64_t who = who_of(line);
    snprintf(key, sizeof(key), "page.text_log_%.30s", verb ? verb : "");
    page_add(v->p, "<li>\n");
    page_val(v->p, val_get(line, "at"));
    page_add(v->p, " · %k · %k %i", key, "task.page_revision", val_get_int(line, "revision", 0));
    if (who > 0) {
        page_add(v->p, " · ");
        task_value_person(v->p, v->s, who);
    }
    page_add(v->p, "\n");
    add_paragraph(v, reason);
    if (!reason || !note || !val_equal(reason, note)) add_paragraph(v, note);
    page_add(v->p, "</li>\n");
}

/* A revision of the query; what stands there else. */
static int64_t asked(const struct text_view *v, const char *name, int64_t otherwise)
{
    const char *query = v->job->request->query;
    const char *text = http_query_get(query, strlen(query), name, &v->job->arena);
    bool is_number = text && *text && strlen(text) < 10 && strspn(text, "0123456789") == strlen(text);
    return is_number ? strtoll(text, NULL, 10) : otherwise;
}

static void add_number(const struct text_view *v, const char *name, const char *key, int64_t is)
{
    page_add(v->p,
             "<div><label for=\"%s\">%k</label>\n<input type=\"number\" id=\"%s\" name=\"%s\" min=\"1\" max=\"%i\""
             " value=\"%i\"></div>\n",
             name, key, name, name, v->item.as.obj.rev, is);
}

static void add_difference(struct text_view *v, int64_t from, int64_t to)
{
    struct val more = val_list(), as = val_map(), changed;
    struct err refused = {0};
    int rc = val_add(&v->job->arena, &more, val_int(from));
    if (rc == 0) rc = val_add(&v->job->arena, &more, val_int(to));
    if (rc == 0) rc = val_set(&v->job->arena, &as, "item", v->item);
    if (rc) return;
    rc = text_page_call(v, "content.diff", &more, &changed, &refused);
    if (rc)
        page_err(v->p, &refused);
    else if (val_at(&changed, 0))
        task_text_changed(v->p, v->s, &as, &changed);
    else
        page_add(v->p, "<p>%k</p>\n", "page.text_same");
}

static void add_differences(struct text_view *v)
{
    int64_t newest = v->item.as.obj.rev, from = asked(v, "from", 0), to = asked(v, "to", newest);
    if (newest < 2) return;
    page_add(v->p, "<h2 id=\"changes\">%k</h2>\n<form method=\"get\" action=\"%s#changes\">\n<div class=\"times\">\n",
             "page.text_compare", v->job->request->path);
    add_number(v, "from", "page.text_from", from ? from : newest - 1);
    add_number(v, "to", "page.text_to", to);
    page_add(v->p, "</div>\n<button class=\"second\">%k</button>\n</form>\n", "page.text_compare_do");
    if (from) add_difference(v, from, to);
}

int text_log_write(struct text_view *v, struct err *err)
{
    struct val lines;
    add_differences(v);
    v->s->next = NULL;
    int rc = read_lines(v, &lines, err);
    if (rc) return rc;
    page_add(v->p, "<h2>%k</h2>\n<ul class=\"list\">\n", "page.text_log");
    for (size_t i = 0; val_at(&lines, i); i++)
        add_line(v, val_at(&lines, i));
    page_add(v->p, "</ul>\n");
    own_page_more(v->p, v->s, v->job->request->path);
    return 0;
}
