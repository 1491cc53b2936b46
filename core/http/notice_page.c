/* /notices: what one was told, the newest first. What is new is said by a word; looking at it changes nothing (programs
 * look ahead), a button does. */
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "http/own_page.h"

enum { NOTICES = 20 };
static const char here[] = "/notices";

/* "Task": of a plugin's topic, its own name. */
static void add_kind(struct page *p, const char *kind)
{
    char key[100];
    if (!kind) return;
    snprintf(key, sizeof(key), "notify.kind.%.80s", kind);
    if (locale_text(p->lang, key))
        page_add(p, "%k", key);
    else
        page_add(p, "%s", kind);
}

/* To a page of ours, and nowhere else. */
static void add_title(struct api_job *job, struct page *p, const struct val *notice)
{
    const struct val *link = val_get(notice, "link");
    const char *to = link ? val_cstr(&job->arena, link) : NULL;
    bool is_here = to && page_is_path_here(to);
    if (is_here)
        page_add(p, "<a class=\"title\" href=\"%s\">", to);
    else
        page_add(p, "<span class=\"title\">");
    page_val(p, val_get(notice, "title"));
    page_add(p, is_here ? "</a>\n" : "</span>\n");
}

static void add_read(struct api_job *job, struct page *p, const struct val *notice)
{
    const char *after = task_page_of(job)->after;
    own_page_form(p, here, "read");
    page_add(p, "<input type=\"hidden\" name=\"notice\" value=\"%i\">\n", val_get_int(notice, "id", 0));
    if (after) page_add(p, "<input type=\"hidden\" name=\"after\" value=\"%s\">\n", after);
    page_add(p, "<button class=\"plain\">%k<span class=\"hidden\">: ", "page.notice_read");
    page_val(p, val_get(notice, "title"));
    page_add(p, "</span></button>\n</form>\n");
}

static void add_notice(struct api_job *job, struct session *s, const struct val *notice)
{
    struct page *p = &task_page_of(job)->page;
    const struct val *kind = val_get(notice, "kind"), *text = val_get(notice, "text");
    bool is_new = !val_is(val_get(notice, "read_at"), VAL_INT);
    page_add(p, is_new ? "<li class=\"new\">\n" : "<li>\n");
    add_title(job, p, notice);
    page_add(p, "<p class=\"soft\">");
    if (is_new) page_add(p, "<strong class=\"count\">%k</strong> ", "page.notice_new");
    add_kind(p, kind ? val_cstr(&job->arena, kind) : NULL);
    page_add(p, " · ");
    page_instant(p, val_get_int(notice, "at", 0), s->zone);
    page_add(p, "</p>\n");
    if (val_is(text, VAL_STR) && text->as.str.len) {
        page_add(p, "<details>\n<summary>%k</summary>\n<p class=\"lines\">", "page.notice_text");
        page_val(p, text);
        page_add(p, "</p>\n</details>\n");
    }
    if (is_new) add_read(job, p, notice);
    page_add(p, "</li>\n");
}

static void add_list(struct api_job *job, struct session *s, const struct val *notices)
{
    struct page *p = &task_page_of(job)->page;
    if (p->unread > 0) {
        own_page_form(p, here, "all");
        page_add(p, "<button class=\"second\">%k</button>\n</form>\n", "page.notice_read_all");
    }
    page_add(p, "<ul class=\"list notices\">\n");
    for (size_t i = 0; val_at(notices, i); i++)
        add_notice(job, s, val_at(notices, i));
    page_add(p, "</ul>\n");
}

static int show(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct task_page *t = task_page_of(job);
    struct val options = val_map(), notices = val_nil();
    int rc = val_set(&job->arena, &options, "limit", val_int(NOTICES));
    if (rc == 0 && t->after && *t->after) rc = val_set(&job->arena, &options, "after", val_str(t->after));
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    rc = own_page_call(job, s, "notice.list", &options, &notices, err);
    if (rc) return rc;
    own_page_begin(job, "page.notices");
    page_add(&t->page, "<p><a href=\"/account/notices\">%k</a></p>\n", "page.wishes");
    if (val_at(&notices, 0))
        add_list(job, s, &notices);
    else
        page_add(&t->page, "<p>%k</p>\n", "page.notices_none");
    own_page_more(&t->page, s, here);
    return own_page_end(job, err);
}

static int mark(struct api_job *job, struct session *s, bool all, struct err *err)
{
    struct arena *a = &job->arena;
    struct val what = val_map(), ids, out;
    int rc = task_form_numbers(a, val_get(&task_page_of(job)->given, "notice"), &ids);
    if (rc == 0) rc = all ? val_set(a, &what, "all", val_bool(true)) : val_set(a, &what, "ids", ids);
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    rc = own_page_call(job, s, "notice.read", &what, &out, err);
    return rc ? rc : own_page_done(job, here, all ? "read_all" : "read", own_page_given(job, "after"), err);
}

static int mark_one(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    return mark(job, s, false, err);
}

static int mark_all(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    return mark(job, s, true, err);
}

const struct own_page notice_page = {here, show, {{"read", mark_one}, {"all", mark_all}}};
