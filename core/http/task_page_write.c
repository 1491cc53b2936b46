/* One task: what is asked, about which text, what one may do with it and why, and what happened to it. */
#include <stdio.h>
#include <string.h>

#include "base/kinds.h"
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
    struct val task, log;
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
    struct err ignored = {0};
    struct val person;
    if (people_person_get(w->s->db, id, &w->job->arena, &person, &ignored) == 1)
        page_val(w->p, &person);
    else
        page_add(w->p, "%i", id);
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
        page_add(w->p, "%k ", "page.due");
        page_instant(w->p, due, w->s->zone);
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
    if (val_get(&w->task, "help")) {
        page_add(w->p, "<p>");
        page_val(w->p, val_get(&w->task, "help"));
        page_add(w->p, "</p>\n");
    }
}

/* As it was asked for; an answer keeps days, instants and persons as numbers. */
static void add_value(struct shown *w, const struct val *field, const struct val *v)
{
    const struct val *type = val_get(field, "type");
    struct val day;
    if (val_get(field, "choices"))
        task_form_choice(w->p, field, v);
    else if (val_is_str(type, "date") && v->type == VAL_INT && kind_date(&w->job->arena, v->as.i, &day) == 0)
        page_val(w->p, &day);
    else if (val_is_str(type, "instant") && v->type == VAL_INT)
        page_instant(w->p, v->as.i, w->s->zone);
    else if (val_is_str(type, "person") && v->type == VAL_INT)
        add_person(w, v->as.i);
    else
        page_val(w->p, v);
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
    add_value(w, field, v);
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

static void begin_act(struct shown *w, const char *act)
{
    page_form(w->p, NULL);
    page_add(w->p, "<input type=\"hidden\" name=\"_act\" value=\"%s\">\n", act);
}

static void add_decide(struct shown *w)
{
    struct task_form form = {.fields = val_get(&w->task, "fields")};
    const struct val *hash = val_get(&w->task, "about_hash");
    bool again = w->t->act && strcmp(w->t->act, "decide") == 0;
    if (again) form.given = &w->t->given;
    if (again) form.wrong = w->t->told;
    page_add(w->p, "<h2 id=\"decide\">%k</h2>\n", w->is_ballot ? "page.vote" : "page.decide");
    if (!may(w, "may_decide")) {
        page_add(w->p, "<div class=\"note\"><p><strong>%k</strong> ", "page.not_you");
        page_val(w->p, val_get(val_get(&w->task, "why"), "decide"));
        page_add(w->p, "</p></div>\n");
        return;
    }
    add_why(w);
    begin_act(w, "decide");
    if (val_is(hash, VAL_STR)) {
        page_add(w->p, "<input type=\"hidden\" name=\"_hash\" value=\"");
        page_val(w->p, hash);
        page_add(w->p, "\">\n");
    }
    task_form_write(w->p, &form);
    page_add(w->p, "<button>%k</button>\n</form>\n", w->is_ballot ? "page.vote_button" : "page.decide_button");
}

/* What else there is to do: a text and a button each, folded away. */
static const struct act {
    const char *name, *flag; /* flag NULL: whoever sees the task */
    const char *text;        /* the name of a text to be given, or NULL */
    bool person;             /* asks for one, too */
    int kind;                /* 0 any, 1 asks, 2 ballots */
} acts[] = {{"claim", "may_claim", NULL, false, 1},
            {"delegate", "may_delegate", "reason", true, 1},
            {"hand_back", "may_hand_back", "reason", false, 0},
            {"recuse", "may_decide", "reason", false, 2},
            {"comment", NULL, "text", false, 0}};

static const char *given_of(struct shown *w, const struct act *a, const char *name)
{
    bool again = w->t->act && strcmp(w->t->act, a->name) == 0;
    const struct val *v = again ? val_get(&w->t->given, name) : NULL;
    return v ? val_cstr(&w->job->arena, v) : NULL;
}

static void add_act(struct shown *w, const struct act *a)
{
    char title[40], button[40];
    snprintf(title, sizeof(title), "page.act_%s", a->name);
    snprintf(button, sizeof(button), "page.do_%s", a->name);
    bool again = w->t->act && strcmp(w->t->act, a->name) == 0;
    page_add(w->p, again ? "<details open>\n<summary>%k</summary>\n" : "<details>\n<summary>%k</summary>\n", title);
    begin_act(w, a->name);
    if (a->person)
        page_add(w->p,
                 "<label for=\"%s-person\">%k</label>\n<p class=\"help\" id=\"%s-help\">%k</p>\n"
                 "<input id=\"%s-person\" name=\"person\" required aria-describedby=\"%s-help\" value=\"%s\">\n",
                 a->name, "page.person", a->name, "page.person_help", a->name, a->name, given_of(w, a, "person"));
    if (a->text)
        page_add(w->p,
                 "<label for=\"%s-text\">%k</label>\n<textarea id=\"%s-text\" name=\"%s\" rows=\"3\">\n%s</textarea>\n",
                 a->name, strcmp(a->text, "text") == 0 ? "page.remark" : "page.reason", a->name, a->text,
                 given_of(w, a, a->text));
    page_add(w->p, "<button class=\"second\">%k</button>\n</form>\n</details>\n", button);
}

static void add_acts(struct shown *w)
{
    static const struct act release = {"release", NULL, NULL, false, 0};
    page_add(w->p, "<h2>%k</h2>\n", "page.acts");
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        const struct act *a = &acts[i];
        if ((a->kind == 1 && w->is_ballot) || (a->kind == 2 && !w->is_ballot)) continue;
        if (strcmp(a->name, "claim") == 0 && has_it(w))
            add_act(w, &release);
        else if (!a->flag || may(w, a->flag))
            add_act(w, a);
    }
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
        page_add(w->p, val_get(line, "text") ? "</p>\n</li>\n" : "\n</li>\n");
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
    if (rc) return rc;
    const char *title = val_cstr(&job->arena, val_get(&w.task, "title"));
    w.is_open = val_is_str(val_get(&w.task, "state"), "open");
    w.is_ballot = val_is_str(val_get(&w.task, "kind"), "ballot");
    page_begin(w.p, title ? title : "");
    if (t->told) task_form_err(w.p, val_get(&w.task, "fields"), t->told);
    if (t->done && !t->told) page_add(w.p, "<div class=\"done\" role=\"status\"><p>%k</p></div>\n", t->done);
    add_notes(&w);
    add_answer(&w);
    task_text_write(w.p, s, &w.task);
    if (w.is_open) add_decide(&w);
    if (w.is_open) add_acts(&w);
    if (w.is_open) add_reasons(&w);
    add_log(&w);
    page_add(w.p, "<p><a href=\"/tasks\">%k</a></p>\n", "page.back");
    page_end(w.p);
    return buf_ok(&job->out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
