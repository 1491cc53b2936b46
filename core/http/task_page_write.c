/* One task: what is asked, about which text, what one may do with it and why, and what happened to it. */
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "http/task_page.h"
#include "people/explain.h"
#include "plugin/api.h"
#include "plugin/host.h"

struct shown {
    struct api_job *job;
    struct session *s;
    struct task_page *t;
    struct page *p;
    struct val task, log, said;
    bool is_ballot, is_open;
};

static int call(struct shown *w, const char *name, struct val *out, struct err *err)
{
    struct val args = val_list();
    if (val_add(&w->job->arena, &args, val_int(w->t->task))) return err_set(err, ERR_NOMEM, "memory", NULL);
    return api_invoke(w->s->host->api, w->s, name, &args, &w->job->arena, out, err);
}

static void add_person(struct shown *w, int64_t id)
{
    task_value_person(w->p, w->s, id);
}

static bool may(const struct shown *w, const char *flag)
{
    return val_get_bool(&w->task, flag, false);
}

static bool has_it(const struct shown *w)
{
    return val_get_int(&w->task, "claimed_by", 0) == w->s->actor.person &&
           val_get_int(&w->task, "claimed_until", 0) > w->s->now;
}

/* --- what it is --- */

static void add_notes(struct shown *w)
{
    const struct val *warnings = val_get(&w->task, "warnings");
    int64_t due = val_get_int(&w->task, "due", 0), until = val_get_int(&w->task, "claimed_until", 0);
    if (due) {
        page_add(w->p, "<p>");
        if (w->is_open && due < w->s->now) page_add(w->p, "<span class=\"late\">%k</span> · ", "page.late");
        page_due(w->p, due, w->s->now, w->s->zone);
        page_add(w->p, "</p>\n");
    }
    if (w->is_open && until > w->s->now) {
        page_add(w->p, "<p>%k ", "page.claimed_by");
        add_person(w, val_get_int(&w->task, "claimed_by", 0));
        page_add(w->p, ", %k ", "page.until");
        page_instant(w->p, until, w->s->zone);
        page_add(w->p, "</p>\n");
    }
    for (size_t i = 0; val_at(warnings, i); i++) {
        page_add(w->p, "<div class=\"note\"><p>");
        page_val(w->p, val_at(warnings, i));
        page_add(w->p, "</p></div>\n");
    }
    if (w->is_open && val_get_str(&w->task, "see"))
        page_add(w->p, "<p><a href=\"%s\">%k</a></p>\n", val_get_str(&w->task, "see"), "page.see");
    if (val_get(&w->task, "help")) {
        page_add(w->p, "<p>");
        page_val(w->p, val_get(&w->task, "help"));
        page_add(w->p, "</p>\n");
    }
}

static void add_answer_line(struct shown *w, const struct val *field)
{
    const struct val *answer = val_get(&w->task, "answer"), *name = val_get(field, "name");
    const char *key = name ? val_cstr(&w->job->arena, name) : NULL;
    const struct val *v = key ? val_get(answer, key) : NULL;
    if (!v) return;
    page_add(w->p, "<dt>");
    task_form_title(w->p, field);
    page_add(w->p, "</dt><dd>");
    task_value_write(w->p, w->s, field, v);
    page_add(w->p, "</dd>\n");
}

static void add_answer(struct shown *w)
{
    const struct val *answer = val_get(&w->task, "answer"), *fields = val_get(&w->task, "fields");
    const struct val *changed = val_get(answer, "changed");
    int64_t by = val_get_int(&w->task, "decided_by", 0), at = val_get_int(&w->task, "decided_at", 0);
    if (w->is_open) return;
    if (val_get_bool(answer, "voided", false)) {
        page_add(w->p, "<div class=\"note\"><p><strong>%k</strong> %k</p></div>\n", "page.voided", "page.voided_text");
        if (val_is(changed, VAL_LIST)) task_text_changed(w->p, w->s, &w->task, changed);
    }
    page_add(w->p, "<h2>%k</h2>\n<dl>\n", by ? "page.answer" : "page.closed");
    for (int first = 1; first >= 0; first--) /* as the form had them */
        for (size_t i = 0; val_at(fields, i); i++)
            if (val_get_bool(val_at(fields, i), "required", false) == first) add_answer_line(w, val_at(fields, i));
    page_add(w->p, "</dl>\n");
    if (!by) return;
    page_add(w->p, "<p class=\"soft\">");
    add_person(w, by);
    page_add(w->p, ", ");
    page_instant(w->p, at, w->s->zone);
    if (val_get_int(answer, "on_behalf_of", 0)) {
        page_add(w->p, " · %k ", "page.for");
        add_person(w, val_get_int(answer, "on_behalf_of", 0));
    }
    page_add(w->p, "</p>\n");
}

/* --- what one may do --- */

/* In full, with dates, where the person holds it themselves or stands in; else as the policy said it. */
static void add_why(struct shown *w)
{
    const struct val *to = val_get(&w->task, "to"), *why = val_get(val_get(&w->task, "why"), "decide");
    struct arena *a = &w->job->arena;
    for (size_t i = 0; val_at(to, i) && !val_get(val_at(to, i), "for"); i++) {
        struct val one;
        struct err ignored = {0};
        int64_t day = people_day(w->s->host, w->s->now);
        int rc = people_explain(w->s->db, val_at(to, i), w->s->actor.person, day, w->p->lang, a, &one, &ignored);
        if (rc != 0 || !val_get_bool(&one, "may", false) || !val_get(&one, "sentence")) continue;
        why = val_get(&one, "sentence");
        break;
    }
    page_add(w->p, "<p class=\"soft\">");
    page_val(w->p, why);
    page_add(w->p, "</p>\n");
}

static void begin_act(struct shown *w, const char *act, bool has_files)
{
    if (has_files)
        page_form_files(w->p, NULL);
    else
        page_form(w->p, NULL);
    page_add(w->p, "<input type=\"hidden\" name=\"_act\" value=\"%s\">\n", act);
}

static void add_vote(struct page *p, const struct val *vote)
{
    if (!vote) return;
    page_add(p, "<div class=\"note\">");
    task_vote_ballot(p, vote);
    task_vote_rule(p, vote);
    page_add(p, "</div>\n");
}

/* One's open vote, which may be changed while it is on. */
static bool may_change(struct shown *w)
{
    const struct val *answer = val_get(&w->task, "answer");
    return w->is_ballot && !w->is_open && val_get_bool(val_get(&w->task, "vote"), "change", false) &&
           val_get_int(&w->task, "decided_by", 0) == w->s->actor.person && !val_get(answer, "recused");
}

static void add_decide_form(struct shown *w, const char *button)
{
    struct task_form form = {.s = w->s, .fields = val_get(&w->task, "fields"), .file_max = w->job->api->o.file_max};
    bool again = w->t->act && strcmp(w->t->act, "decide") == 0;
    if (!w->is_open) form.given = val_get(&w->task, "answer");
    if (again) form.given = &w->t->given;
    if (again) form.wrong = w->t->told;
    if (again) form.find = w->t->find;
    begin_act(w, "decide", task_form_has_files(form.fields));
    task_form_hash(w->p, val_get(&w->task, "shown"));
    task_form_write(w->p, &form);
    page_add(w->p, "<button>%k</button>\n</form>\n", button);
}

static void add_decide(struct shown *w)
{
    page_add(w->p, "<h2 id=\"decide\">%k</h2>\n",
             may_change(w)  ? "page.vote_change_title"
             : w->is_ballot ? "page.vote"
                            : "page.decide");
    if (!may(w, "may_decide") && !may_change(w)) {
        page_add(w->p, "<div class=\"note\"><p><strong>%k</strong> ", "page.not_you");
        page_val(w->p, val_get(val_get(&w->task, "why"), "decide"));
        page_add(w->p, "</p></div>\n");
        return;
    }
    add_vote(w->p, val_get(&w->task, "vote"));
    if (w->is_open) add_why(w);
    add_decide_form(w, w->is_ballot ? "page.vote_button" : "page.decide_button");
}

/* Why one may or may not, in a sentence each. */
static void add_reasons(struct shown *w)
{
    static const char *const verbs[] = {"decide", "claim", "delegate", "reassign", "hand_back"};
    const struct val *why = val_get(&w->task, "why");
    if (!why) return;
    page_add(w->p, "<details>\n<summary>%k</summary>\n<dl>\n", "page.may");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        char key[40], flag[40];
        snprintf(key, sizeof(key), "page.verb_%s", verbs[i]);
        snprintf(flag, sizeof(flag), "may_%s", verbs[i]);
        page_add(w->p, "<dt>%k: %k</dt><dd>", key, may(w, flag) ? "page.yes" : "page.no");
        page_val(w->p, val_get(why, verbs[i]));
        page_add(w->p, "</dd>\n");
    }
    page_add(w->p, "</dl>\n</details>\n");
}

static void add_log(struct shown *w)
{
    if (w->log.type != VAL_LIST || w->log.as.list.n == 0) return;
    page_add(w->p, "<h2>%k</h2>\n<ul class=\"list\">\n", "page.log");
    for (size_t i = 0; val_at(&w->log, i); i++) {
        const struct val *line = val_at(&w->log, i);
        char key[60];
        const char *kind = val_cstr(&w->job->arena, val_get(line, "kind"));
        snprintf(key, sizeof(key), "page.log_%.40s", kind ? kind : "");
        page_add(w->p, "<li>\n");
        page_instant(w->p, val_get_int(line, "at", 0), w->s->zone);
        page_add(w->p, " · %k", key);
        if (val_get(line, "by")) page_add(w->p, " · ");
        if (val_get(line, "by")) add_person(w, val_get_int(line, "by", 0));
        if (val_get(line, "person")) page_add(w->p, " → ");
        if (val_get(line, "person")) add_person(w, val_get_int(line, "person", 0));
        if (val_get(line, "text")) page_add(w->p, "\n<p>");
        page_val(w->p, val_get(line, "text"));
        page_add(w->p, val_get(line, "text") ? "</p>\n" : "\n");
        if (val_get(line, "files")) {
            page_add(w->p, "<p>");
            task_value_files(w->p, val_get(line, "files"));
            page_add(w->p, "</p>\n");
        }
        page_add(w->p, "</li>\n");
    }
    page_add(w->p, "</ul>\n");
}

int task_page_write(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct task_page *t = task_page_of(job);
    struct shown w = {.job = job, .s = s, .t = t, .p = &t->page};
    int rc = call(&w, "task.show", &w.task, err);
    if (rc == 0) rc = call(&w, "task.history", &w.log, err);
    if (rc == 0) rc = call(&w, "task.comments", &w.said, err);
    if (rc) return rc;
    const char *title = val_cstr(&job->arena, val_get(&w.task, "title"));
    w.is_open = val_is_str(val_get(&w.task, "state"), "open");
    w.is_ballot = val_is_str(val_get(&w.task, "kind"), "ballot");
    page_begin(w.p, title ? title : "");
    if (t->told)
        task_form_err(w.p, val_get(&w.task, "fields"), t->act && strcmp(t->act, "decide") != 0 ? t->act : "f", t->told);
    if (t->done && !t->told) page_add(w.p, "<div class=\"done\" role=\"status\"><p>%k</p></div>\n", t->done);
    add_notes(&w);
    add_answer(&w);
    task_text_write(w.p, s, &w.task);
    task_files_attached(w.p, s, &w.said, w.is_open);
    if (w.is_open || may_change(&w)) add_decide(&w);
    struct task_acts acts = {job, s, &w.task, w.is_ballot, has_it(&w)};
    if (w.is_open) task_acts_write(&acts);
    if (w.is_open) add_reasons(&w);
    add_log(&w);
    page_add(w.p, "<p><a href=\"/tasks\">%k</a></p>\n", "page.back");
    page_end(w.p);
    return buf_ok(&job->out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
