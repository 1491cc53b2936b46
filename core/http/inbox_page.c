/* The inbox: what one may decide, the most urgent first, what has no term behind it. */
#include <string.h>

#include "base/locale.h"
#include "http/query.h"
#include "http/task_page.h"
#include "plugin/api.h"
#include "plugin/host.h"

enum { PAGE_TASKS = 20 };

struct part {
    struct api_job *job;
    struct session *s;
    struct page *p;
    bool undated, choose; /* choose: several may be decided together */
};

static int read_part(const struct part *w, const char *after, struct val *out, struct err *err)
{
    struct arena *a = &w->job->arena;
    struct val args = val_list(), options = val_map();
    int rc = val_set(a, &options, "limit", val_int(PAGE_TASKS));
    if (rc == 0)
        rc =
            w->undated ? val_set(a, &options, "undated", val_bool(true)) : val_set(a, &options, "sort", val_str("due"));
    if (rc == 0 && after && *after) rc = val_set(a, &options, "after", val_str(after));
    if (rc == 0) rc = val_add(a, &args, options);
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    return api_invoke(w->s->host->api, w->s, "task.inbox", &args, a, out, err);
}

/* What one decides oneself; which of them go together is seen when they are chosen. */
static bool can_choose(const struct part *w, const struct val *task)
{
    return w->choose && val_get_bool(task, "may_decide", false);
}

static size_t count_choices(const struct val *found)
{
    const struct part any = {.choose = true};
    const struct val *tasks = val_get(found, "tasks");
    size_t n = 0;
    for (size_t i = 0; val_at(tasks, i); i++)
        n += can_choose(&any, val_at(tasks, i));
    return n;
}

static void add_task(const struct part *w, const struct val *task)
{
    struct page *p = w->p;
    int64_t due = val_get_int(task, "due", 0), until = val_get_int(task, "claimed_until", 0);
    page_add(p, w->choose ? "<li class=\"chosen\">\n" : "<li>\n");
    if (can_choose(w, task)) {
        page_add(p, "<input type=\"checkbox\" name=\"task\" value=\"%i\" aria-label=\"%k: ", val_get_int(task, "id", 0),
                 "page.choose");
        page_val(p, val_get(task, "title"));
        page_add(p, "\">\n");
    }
    page_add(p, "<div><a class=\"title\" href=\"/tasks/%i\">", val_get_int(task, "id", 0));
    page_val(p, val_get(task, "title"));
    page_add(p, "</a>\n<p class=\"soft\">");
    if (due && due < w->s->now) page_add(p, "<span class=\"late\">%k</span> · ", "page.late");
    if (due) {
        page_due(p, due, w->s->now, w->s->zone);
        page_add(p, "<br>\n");
    }
    if (val_get_int(task, "claimed_by", 0) == w->s->actor.person && until > w->s->now)
        page_add(p, "%k<br>\n", "page.claimed_by_you");
    page_val(p, val_get(val_get(task, "why"), "decide"));
    page_add(p, "</p></div>\n</li>\n");
}

static void add_next(const struct part *w, const struct val *next)
{
    struct buf to;
    const char *after = val_cstr(&w->job->arena, next);
    buf_init(&to, 1000);
    buf_add_str(&to, "/tasks?");
    http_query_add(&to, w->undated ? "undated" : "after", after ? after : "");
    page_add(w->p, "<p><a class=\"button second\" href=\"%s\">%k</a></p>\n", to.data, "page.more");
    buf_close(&to);
}

static void add_part(const struct part *w, const struct val *found, const char *heading)
{
    const struct val *tasks = val_get(found, "tasks"), *next = val_get(found, "next");
    if (tasks->as.list.n) page_add(w->p, "<h2>%k</h2>\n<ul class=\"list\">\n", heading);
    for (size_t i = 0; val_at(tasks, i); i++)
        add_task(w, val_at(tasks, i));
    if (tasks->as.list.n) page_add(w->p, "</ul>\n");
    if (next) add_next(w, next);
}

int inbox_page_write(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct task_page *t = task_page_of(job);
    struct part dated = {.job = job, .s = s, .p = &t->page}, undated = dated;
    struct val first = val_nil(), rest = val_nil();
    int rc = 0;
    undated.undated = true;
    if (!t->undated) rc = read_part(&dated, t->after, &first, err);
    /* What has no term comes when there is no more of what has. */
    if (rc == 0 && !val_get(&first, "next")) rc = read_part(&undated, t->undated, &rest, err);
    if (rc) return rc;
    const char *title = locale_text(t->page.lang, "page.inbox");
    page_begin(&t->page, title ? title : "");
    if (t->done) page_add(&t->page, "<div class=\"done\" role=\"status\"><p>%k</p></div>\n", t->done);
    dated.choose = undated.choose = count_choices(&first) + count_choices(&rest) > 1;
    if (dated.choose)
        page_add(&t->page, "<form method=\"get\" action=\"/tasks/decide\">\n<p class=\"help\">%k</p>\n",
                 "page.choose_help");
    if (first.type == VAL_MAP) add_part(&dated, &first, "page.with_term");
    if (rest.type == VAL_MAP) add_part(&undated, &rest, "page.without_term");
    if (dated.choose) page_add(&t->page, "<button class=\"second\">%k</button>\n</form>\n", "page.choose_button");
    const struct val *a = val_get(&first, "tasks"), *b = val_get(&rest, "tasks");
    if (!t->after && !t->undated && (!a || a->as.list.n == 0) && (!b || b->as.list.n == 0) && !val_get(&rest, "next"))
        page_add(&t->page, "<p>%k</p>\n", "page.inbox_empty");
    page_end(&t->page);
    return buf_ok(&job->out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
