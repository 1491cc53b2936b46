/* What people do with a task beside deciding it. */
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "http/task_page.h"
#include "plugin/api.h"
#include "plugin/host.h"

static const struct act {
    const char *name, *flag;
    const char *text; /* the name of a text to be given, or NULL */
    bool needs_text, person, place, files;
    int kind; /* 0 any, 1 asks, 2 ballots */
} acts[] = {{.name = "claim", .flag = "may_claim", .kind = 1},
            {.name = "delegate", .flag = "may_delegate", .text = "reason", .person = true, .kind = 1},
            {.name = "reassign",
             .flag = "may_reassign",
             .text = "reason",
             .needs_text = true,
             .person = true,
             .place = true,
             .kind = 1},
            {.name = "hand_back", .flag = "may_hand_back", .text = "reason"},
            {.name = "recuse", .flag = "may_recuse", .text = "reason", .needs_text = true, .kind = 2},
            {.name = "comment", .flag = "may_comment", .text = "text", .files = true}};
static const struct act release = {.name = "release"};

struct shown {
    const struct task_acts *w;
    const struct act *act;
    struct page *p;
    bool again; /* this very form was sent, and is shown again */
};

static const struct val *given_of(const struct shown *f)
{
    const struct task_page *t = task_page_of(f->w->job);
    return f->again && t->given.type == VAL_MAP ? &t->given : NULL;
}

static const char *text_of(const struct shown *f, const char *name)
{
    const struct val *given = given_of(f), *v = given ? val_get(given, name) : NULL;
    return v ? val_cstr(&f->w->job->arena, v) : NULL;
}

static const struct err_field *wrong_with(const struct shown *f, const char *name)
{
    const struct err *told = task_page_of(f->w->job)->told;
    for (int i = 0; f->again && told && i < told->nfields; i++)
        if (strcmp(told->fields[i].name, name) == 0) return &told->fields[i];
    return NULL;
}

/* Label, help (a key, or NULL) and what is wrong of a field; the ids that describe it, in `described`. */
static void add_label(const struct shown *f, const char *name, bool required, const char *help, char described[160])
{
    const char *act = f->act->name;
    const struct err_field *wrong = wrong_with(f, name);
    char key[40];
    snprintf(key, sizeof(key), "page.%s", name);
    page_add(f->p, "<label for=\"%s-%s\">%k", act, name, key);
    if (!required) page_add(f->p, " <span class=\"soft\">(%k)</span>", "page.optional");
    page_add(f->p, "</label>\n");
    if (help) page_add(f->p, "<p class=\"help\" id=\"%s-%s-help\">%k</p>\n", act, name, help);
    if (wrong) {
        page_add(f->p, "<p class=\"field-wrong\" id=\"%s-%s-wrong\">", act, name);
        task_form_wrong(f->p, NULL, wrong);
        page_add(f->p, "</p>\n");
    }
    int n = help ? snprintf(described, 160, "%s-%s-help", act, name) : 0;
    if (wrong) snprintf(described + n, (size_t)(160 - n), "%s%s-%s-wrong", n ? " " : "", act, name);
    if (!help && !wrong) described[0] = '\0';
}

static void add_pick(const struct shown *f, const char *name, enum people_find_kind kind, bool required)
{
    char described[160], id[60];
    const struct task_page *t = task_page_of(f->w->job);
    static const struct val none = {.type = VAL_NIL};
    snprintf(id, sizeof(id), "%s-%s", f->act->name, name);
    add_label(f, name, required, "page.find_help", described);
    struct task_pick pick = {.s = f->w->s,
                             .kind = kind,
                             .name = name,
                             .id = id,
                             .given = given_of(f) ? given_of(f) : &none,
                             .described = described,
                             .required = required,
                             .wrong = wrong_with(f, name) != NULL,
                             .is_sought = f->again && t->find && strcmp(t->find, name) == 0};
    task_pick_write(f->p, &pick);
}

static void add_text(const struct shown *f)
{
    char described[160];
    const char *name = f->act->text;
    add_label(f, name, f->act->needs_text, NULL, described);
    page_add(f->p, "<textarea id=\"%s-%s\" name=\"%s\" rows=\"3\"", f->act->name, name, name);
    if (f->act->needs_text) page_add(f->p, " required");
    if (described[0]) page_add(f->p, " aria-invalid=\"true\" aria-describedby=\"%s\"", described);
    page_add(f->p, ">\n%s</textarea>\n", text_of(f, name));
}

static void add_files(const struct shown *f)
{
    char described[160];
    const struct val *given = given_of(f);
    struct task_files files = {.s = f->w->s,
                               .name = "files",
                               .id = "comment-files",
                               .given = given ? val_get(given, "files") : NULL,
                               .described = "comment-files-most",
                               .many = true,
                               .wrong = wrong_with(f, "files") != NULL};
    add_label(f, "files", false, NULL, described);
    page_add(f->p, "<p class=\"help\" id=\"comment-files-most\">");
    task_files_help(f->p, f->w->job->api->o.file_max, NULL);
    page_add(f->p, "</p>\n");
    task_files_write(f->p, &files);
}

/* The positions that there are; which of them somebody holds, in which unit, is seen when it is asked of them. */
static void add_positions(const struct shown *f)
{
    struct arena *a = &f->w->job->arena;
    struct val args = val_list(), options = val_map(), found = val_list();
    struct err ignored = {0};
    char described[160];
    const char *chosen = text_of(f, "position");
    const char *next = f->w->s->next;
    if (val_set(a, &options, "limit", val_int(1000)) || val_add(a, &args, options)) return;
    api_invoke(f->w->s->host->api, f->w->s, "people.position_list", &args, a, &found, &ignored);
    f->w->s->next = next;
    add_label(f, "position", false, "page.position_help", described);
    page_add(f->p,
             "<select id=\"%s-position\" name=\"position\" aria-describedby=\"%s\">\n<option value=\"\">%k</option>\n",
             f->act->name, described, "page.position_none");
    for (size_t i = 0; val_at(&found, i); i++) {
        const char *code = val_cstr(a, val_get(val_at(&found, i), "code"));
        if (!code) continue;
        page_add(f->p, chosen && strcmp(chosen, code) == 0 ? "<option value=\"%s\" selected>" : "<option value=\"%s\">",
                 code);
        page_val(f->p, val_get(val_at(&found, i), "title"));
        page_add(f->p, "</option>\n");
    }
    page_add(f->p, "</select>\n");
    add_pick(f, "unit", PEOPLE_FIND_UNIT, false);
}

static void add_act(const struct task_acts *w, const struct act *a)
{
    const struct task_page *t = task_page_of(w->job);
    struct shown f = {.w = w, .act = a, .p = &task_page_of(w->job)->page};
    char title[40], help[40], button[40];
    snprintf(title, sizeof(title), "page.act_%s", a->name);
    snprintf(help, sizeof(help), "page.help_%s", a->name);
    snprintf(button, sizeof(button), "page.do_%s", a->name);
    f.again = t->act && strcmp(t->act, a->name) == 0;
    page_add(f.p, f.again ? "<details open>\n<summary>%k</summary>\n" : "<details>\n<summary>%k</summary>\n", title);
    page_add(f.p, "<p class=\"help\">%k</p>\n", help);
    if (a->files)
        page_form_files(f.p, NULL);
    else
        page_form(f.p, NULL);
    page_add(f.p, "<input type=\"hidden\" name=\"_act\" value=\"%s\">\n", a->name);
    if (a->person) add_pick(&f, "person", PEOPLE_FIND_PERSON, !a->place);
    if (a->place) add_positions(&f);
    if (a->text) add_text(&f);
    if (a->files) add_files(&f);
    page_add(f.p, "<button class=\"second\">%k</button>\n</form>\n</details>\n", button);
}

static bool may(const struct task_acts *w, const struct act *a)
{
    return val_get_bool(w->task, a->flag, false);
}

/* Where a form is not there, why. Deciding has its own place. */
static void add_absent(const struct task_acts *w)
{
    struct page *p = &task_page_of(w->job)->page;
    bool any = false;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        const struct act *a = &acts[i];
        char title[40];
        const struct val *why = val_get(val_get(w->task, "why"), a->name);
        if (may(w, a) || !why || (a->kind == 1 && w->is_ballot) || (a->kind == 2 && !w->is_ballot)) continue;
        snprintf(title, sizeof(title), "page.act_%s", a->name);
        page_add(p, any ? "" : "<h3>%k</h3>\n<ul class=\"absent\">\n", "page.absent");
        page_add(p, "<li><strong>%k:</strong> ", title);
        page_val(p, why);
        page_add(p, "</li>\n");
        any = true;
    }
    if (any) page_add(p, "</ul>\n");
}

void task_acts_write(const struct task_acts *w)
{
    page_add(&task_page_of(w->job)->page, "<h2>%k</h2>\n", "page.acts");
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        const struct act *a = &acts[i];
        if ((a->kind == 1 && w->is_ballot) || (a->kind == 2 && !w->is_ballot)) continue;
        if (strcmp(a->name, "claim") == 0 && w->has_it)
            add_act(w, &release);
        else if (may(w, a))
            add_act(w, a);
    }
    add_absent(w);
}
