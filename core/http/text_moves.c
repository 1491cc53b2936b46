/* What this reader may do with a text now, a form each; and why not the rest. */
#include <stdio.h>
#include <string.h>

#include "http/own_page.h"
#include "http/text_page.h"
#include "plugin/host.h"

const struct text_move text_moves[TEXT_MOVES] = {
    {CONTENT_SUBMIT},
    {CONTENT_APPROVE},
    {CONTENT_PUBLISH},
    {CONTENT_SCHEDULE, .dates = true},
    {CONTENT_SEND_BACK, .reason = true, .needs_reason = true},
    {CONTENT_RETRACT, .reason = true, .needs_reason = true},
    {CONTENT_ARCHIVE, .reason = true},
};

/* As it would be asked for, with whatever is still to be filled in. */
static int check(const struct text_view *v, const struct text_move *m, struct err *err)
{
    struct content_move move = {
        .verb = m->verb, .item = v->id, .rev = v->item.as.obj.rev, .reason = "-", .at = v->s->now + 1};
    return content_may_move(v->s, &move, err);
}

static void begin_form(const struct text_view *v, const char *name)
{
    page_form(v->p, v->job->request->path);
    page_add(v->p,
             "<input type=\"hidden\" name=\"_act\" value=\"%s\">\n"
             "<input type=\"hidden\" name=\"_revision\" value=\"%i\">\n",
             name, v->item.as.obj.rev);
}

static void add_reason(const struct text_view *v, const struct text_move *m, const char *name, const char *given)
{
    page_add(v->p, "<label for=\"%s-reason\">%k", name, "page.reason");
    if (!m->needs_reason) page_add(v->p, " <span class=\"soft\">(%k)</span>", "page.optional");
    page_add(v->p, "</label>\n<textarea id=\"%s-reason\" name=\"reason\" rows=\"3\"", name);
    page_add(v->p, m->needs_reason ? " required>\n%s</textarea>\n" : ">\n%s</textarea>\n", given);
}

static void add_date(const struct text_view *v, const char *name, bool required, const char *given)
{
    page_add(v->p, "<label for=\"schedule-%s\">%k", name,
             required ? "page.text_schedule_at" : "page.text_schedule_until");
    if (!required) page_add(v->p, " <span class=\"soft\">(%k)</span>", "page.optional");
    page_add(v->p, "</label>\n<input type=\"datetime-local\" id=\"schedule-%s\" name=\"%s\" value=\"%s\"", name, name,
             given);
    page_add(v->p, required ? " required>\n" : ">\n");
}

static void add_move(const struct text_view *v, const struct text_move *m)
{
    const struct task_page *t = task_page_of(v->job);
    const char *name = content_verb_name(m->verb);
    bool again = t->act && strcmp(t->act, name) == 0, folds = m->reason || m->dates;
    char title[60];
    snprintf(title, sizeof(title), "page.text_do_%s", name);
    if (folds)
        page_add(v->p, again ? "<details open>\n<summary>%k</summary>\n" : "<details>\n<summary>%k</summary>\n", title);
    begin_form(v, name);
    if (m->reason) add_reason(v, m, name, again ? own_page_given(v->job, "reason") : NULL);
    if (m->dates) add_date(v, "at", true, again ? own_page_given(v->job, "at") : NULL);
    if (m->dates) add_date(v, "until", false, again ? own_page_given(v->job, "until") : NULL);
    page_add(v->p, "<button class=\"second\">%k</button>\n</form>\n", title);
    if (folds) page_add(v->p, "</details>\n");
}

void text_moves_write(struct text_view *v)
{
    struct err why[TEXT_MOVES];
    int can = 0, cannot = 0;
    for (int i = 0; i < TEXT_MOVES; i++) {
        err_clear(&why[i]);
        if (check(v, &text_moves[i], &why[i]) == 0) can++;
    }
    page_add(v->p, "<h2>%k</h2>\n", "page.text_acts");
    for (int i = 0; i < TEXT_MOVES; i++)
        if (!why[i].code) add_move(v, &text_moves[i]);
    if (!can) page_add(v->p, "<p>%k</p>\n", "page.text_acts_none");
    for (int i = 0; i < TEXT_MOVES; i++) {
        char title[60];
        if (!why[i].code) continue;
        page_add(v->p, cannot++ ? "" : "<details>\n<summary>%k</summary>\n<ul class=\"absent\">\n", "page.absent");
        snprintf(title, sizeof(title), "page.text_do_%s", content_verb_name(text_moves[i].verb));
        page_add(v->p, "<li><strong>%k:</strong> ", title);
        page_sentence(v->p, &why[i]);
        page_add(v->p, "</li>\n");
    }
    if (cannot) page_add(v->p, "</ul>\n</details>\n");
}
