/* The form of a task: one input a field, by its type. */
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "http/task_page.h"

enum { NAME_MAX_ = 60 };

static const char field_prefix[] = "task.field_";

static const char *short_text(const struct val *v, char out[NAME_MAX_])
{
    bool fits = val_is(v, VAL_STR) && v->as.str.len < NAME_MAX_;
    snprintf(out, NAME_MAX_, "%.*s", fits ? (int)v->as.str.len : 0, fits ? v->as.str.s : "");
    return out;
}

/* "award_title" is "Award title". */
static void add_readable(struct buf *out, const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_char(out, i == 0 && name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A'
                          : name[i] == '_'                           ? ' '
                                                                     : name[i]);
}

/* A text of the catalogue for what many forms have (task.field_comment, task.choice_approve), else the name. */
static void add_name(struct buf *out, const char *lang, const char *prefix, const struct val *name)
{
    char key[NAME_MAX_ + 20], text[NAME_MAX_];
    snprintf(key, sizeof(key), "%s%s", prefix, short_text(name, text));
    const char *sentence = locale_text(lang, key);
    if (sentence)
        buf_add_str(out, sentence);
    else if (val_is(name, VAL_STR) && strcmp(prefix, field_prefix) == 0)
        add_readable(out, name->as.str.s, name->as.str.len);
    else if (val_is(name, VAL_STR))
        buf_add(out, name->as.str.s, name->as.str.len);
}

void task_form_name(struct page *p, const char *name)
{
    struct buf title;
    struct val v = val_str(name);
    buf_init(&title, 4096);
    add_name(&title, p->lang, field_prefix, &v);
    page_text(p, title.data, title.len);
    buf_close(&title);
}

static void add_plain(struct buf *out, const char *lang, const struct val *field)
{
    const struct val *title = val_get(field, "title");
    if (val_is(title, VAL_STR))
        buf_add(out, title->as.str.s, title->as.str.len);
    else
        add_name(out, lang, field_prefix, val_get(field, "name"));
}

void task_form_title(struct page *p, const struct val *field)
{
    struct buf title;
    buf_init(&title, 4096);
    add_plain(&title, p->lang, field);
    page_add(p, "%s", title.data);
    buf_close(&title);
}

void task_form_choice(struct page *p, const struct val *field, const struct val *choice)
{
    const struct val *titles = val_get(field, "titles");
    for (size_t k = 0; titles && k < titles->as.map.n; k++)
        if (val_is_str(choice, titles->as.map.pairs[k].key)) {
            page_val(p, &titles->as.map.pairs[k].v);
            return;
        }
    struct buf name;
    buf_init(&name, 4096);
    add_name(&name, p->lang, "task.choice_", choice);
    page_add(p, "%s", name.data);
    buf_close(&name);
}

struct one {
    struct page *p;
    const struct val *field;
    const char *name;
    const struct val *value; /* what was given, else the default; or NULL */
    const struct err_field *wrong;
    const char *help; /* key of a usual one, or NULL */
    bool required, has_help, is_file;
    const struct task_form *form;
};

/* A field of the page's own: "reason", "person". */
static void add_page_name(struct buf *out, const char *lang, const char *name)
{
    char key[NAME_MAX_ + 20];
    snprintf(key, sizeof(key), "page.%s", name);
    const char *text = locale_text(lang, key);
    buf_add_str(out, text ? text : name);
}

/* Under the name that the form gives the field; pages have sentences of their own (KEY.page). */
void task_form_wrong(struct page *p, const struct val *field, const struct err_field *wrong)
{
    struct buf title, text;
    char own[48];
    buf_init(&title, 4096);
    buf_init(&text, 8192);
    buf_add_str(&title, "“");
    if (field)
        add_plain(&title, p->lang, field);
    else
        add_page_name(&title, p->lang, wrong->name);
    buf_add_str(&title, "”");
    snprintf(own, sizeof(own), "%s.page", wrong->key);
    locale_format(&text, p->lang, locale_text(p->lang, own) ? own : wrong->key, "field", title.data, "detail",
                  wrong->detail, NULL);
    page_add(p, "%s", text.data);
    buf_close(&title);
    buf_close(&text);
}

/* ' name="x" required aria-describedby="f-x-help f-x-wrong"', but for the id. */
static void add_attributes(const struct one *o)
{
    page_add(o->p, " name=\"%s\"", o->name);
    if (o->required) page_add(o->p, " required");
    if (o->wrong) page_add(o->p, " aria-invalid=\"true\"");
}

static void add_described(const struct one *o)
{
    if (!o->has_help && !o->wrong) return;
    page_add(o->p, " aria-describedby=\"");
    if (o->has_help) page_add(o->p, "f-%s-help", o->name);
    if (o->wrong) page_add(o->p, o->has_help ? " f-%s-wrong" : "f-%s-wrong", o->name);
    page_add(o->p, "\"");
}

/* Behind the title: is it needed, what helps, what is wrong. */
static void add_notes(const struct one *o)
{
    if (o->has_help) {
        page_add(o->p, "<p class=\"help\" id=\"f-%s-help\">", o->name);
        page_val(o->p, val_get(o->field, "help"));
        if (o->help) page_add(o->p, val_get(o->field, "help") ? " %k" : "%k", o->help);
        if (o->is_file && val_get(o->field, "help")) page_add(o->p, " ");
        if (o->is_file) task_files_help(o->p, o->form->file_max, val_get(o->field, "types"));
        page_add(o->p, "</p>\n");
    }
    if (o->wrong) {
        page_add(o->p, "<p class=\"field-wrong\" id=\"f-%s-wrong\">", o->name);
        task_form_wrong(o->p, o->field, o->wrong);
        page_add(o->p, "</p>\n");
    }
}

static void add_title(const struct one *o)
{
    task_form_title(o->p, o->field);
    if (!o->required) page_add(o->p, " <span class=\"soft\">(%k)</span>", "page.optional");
}

static void add_radio(const struct one *o, const struct val *choice, size_t at, bool is_yes_no)
{
    bool is_chosen = o->value && (val_equal(o->value, choice) || (is_yes_no && val_is(o->value, VAL_BOOL) &&
                                                                  o->value->as.b == val_is_str(choice, "true")));
    /* The first one has the field's id: the summary of what is wrong leads there. */
    page_add(o->p, "<label class=\"choice\"><input type=\"radio\"");
    if (at == 0) page_add(o->p, " id=\"f-%s\"", o->name);
    add_attributes(o);
    page_add(o->p, " value=\"");
    page_val(o->p, choice);
    page_add(o->p, is_chosen ? "\" checked> <span>" : "\"> <span>");
    if (is_yes_no)
        page_add(o->p, "%k", at ? "page.no" : "page.yes");
    else
        task_form_choice(o->p, o->field, choice);
    page_add(o->p, "</span></label>\n");
}

static void add_choices(const struct one *o)
{
    const struct val *choices = val_get(o->field, "choices");
    const struct val yes_no[2] = {val_str("true"), val_str("false")};
    page_add(o->p, "<fieldset");
    add_described(o);
    page_add(o->p, ">\n<legend>");
    add_title(o);
    page_add(o->p, "</legend>\n");
    add_notes(o);
    for (size_t i = 0; choices ? val_at(choices, i) != NULL : i < 2; i++)
        add_radio(o, choices ? val_at(choices, i) : &yes_no[i], i, !choices);
    page_add(o->p, "</fieldset>\n");
}

static void add_limit(const struct one *o, const char *name)
{
    const struct val *v = val_get(o->field, name);
    if (!v) return;
    page_add(o->p, strcmp(name, "min") == 0 ? " min=\"" : " max=\"");
    page_val(o->p, v);
    page_add(o->p, "\"");
}

/* What a browser has for a type; NULL: several lines of text. */
static const char *input_of(const struct val *type)
{
    static const char *const inputs[][2] = {{"integer", "number\" step=\"1"},     {"money", "number\" step=\"1"},
                                            {"number", "number\" step=\"any"},    {"date", "date"},
                                            {"instant", "datetime-local"},        {"duration", "text"},
                                            {"ref", "text\" inputmode=\"numeric"}};
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
        if (val_is_str(type, inputs[i][0])) return inputs[i][1];
    return NULL;
}

bool task_form_is_file(const struct val *field)
{
    return val_is_str(val_get(field, "type"), "file") || val_is_str(val_get(field, "item"), "file");
}

bool task_form_has_files(const struct val *fields)
{
    for (size_t i = 0; val_at(fields, i); i++)
        if (task_form_is_file(val_at(fields, i))) return true;
    return false;
}

static void add_files(const struct one *o)
{
    char id[NAME_MAX_ + 10], described[3 * NAME_MAX_];
    snprintf(id, sizeof(id), "f-%s", o->name);
    snprintf(described, sizeof(described), o->wrong ? "f-%s-help f-%s-wrong" : "f-%s-help", o->name, o->name);
    struct task_files files = {.s = o->form->s,
                               .name = o->name,
                               .id = id,
                               .given = o->form->given && o->form->given->type == VAL_MAP ? o->value : NULL,
                               .types = val_get(o->field, "types"),
                               .described = described,
                               .many = val_is_str(val_get(o->field, "type"), "list"),
                               .required = o->required,
                               .wrong = o->wrong != NULL};
    page_add(o->p, "<label for=\"f-%s\">", o->name);
    add_title(o);
    page_add(o->p, "</label>\n");
    add_notes(o);
    task_files_write(o->p, &files);
}

static void add_pick(const struct one *o)
{
    char id[NAME_MAX_ + 10], described[3 * NAME_MAX_];
    snprintf(id, sizeof(id), "f-%s", o->name);
    snprintf(described, sizeof(described), o->wrong ? "f-%s-help f-%s-wrong" : "f-%s-help", o->name, o->name);
    struct task_pick pick = {.s = o->form->s,
                             .kind = task_pick_kind(o->field),
                             .name = o->name,
                             .id = id,
                             .given = o->form->given,
                             .preset = val_get(o->field, "default"),
                             .described = described,
                             .many = val_is_str(val_get(o->field, "type"), "list"),
                             .required = o->required,
                             .wrong = o->wrong != NULL,
                             .is_sought = o->form->find && strcmp(o->form->find, o->name) == 0};
    page_add(o->p, "<label for=\"f-%s\">", o->name);
    add_title(o);
    page_add(o->p, "</label>\n");
    add_notes(o);
    task_pick_write(o->p, &pick);
}

static void add_input(const struct one *o)
{
    const char *input = input_of(val_get(o->field, "type"));
    page_add(o->p, "<label for=\"f-%s\">", o->name);
    add_title(o);
    page_add(o->p, "</label>\n");
    add_notes(o);
    if (input) {
        page_add(o->p, "<input id=\"f-%s\" type=\"", o->name);
        buf_add_str(o->p->out, input); /* of the table above */
        page_add(o->p, "\"");
        add_limit(o, "min");
        add_limit(o, "max");
    } else {
        page_add(o->p, "<textarea id=\"f-%s\" rows=\"4\"", o->name);
    }
    add_attributes(o);
    add_described(o);
    page_add(o->p, input ? " value=\"" : ">\n"); /* the first line break of a textarea does not count */
    page_val(o->p, o->value);
    page_add(o->p, input ? "\">\n" : "</textarea>\n");
}

/* How to write what is not plain by itself. */
static const char *help_of(const struct val *field)
{
    const struct val *type = val_get(field, "type");
    bool is_list = val_is_str(type, "list");
    if (task_pick_kind(field)) return is_list ? "page.find_list_help" : "page.find_help";
    return is_list ? "page.list_help" : val_is_str(type, "duration") ? "page.duration_help" : NULL;
}

static const struct err_field *wrong_with(const struct err *err, const char *name)
{
    for (int i = 0; err && i < err->nfields; i++)
        if (strcmp(err->fields[i].name, name) == 0) return &err->fields[i];
    return NULL;
}

static void write_field(struct page *p, const struct task_form *f, const struct val *field)
{
    char name[NAME_MAX_];
    struct one o = {.p = p, .field = field, .form = f, .is_file = task_form_is_file(field)};
    if (!o.is_file) o.help = help_of(field);
    o.has_help = o.is_file || o.help || val_get(field, "help");
    o.name = short_text(val_get(field, "name"), name);
    o.required = val_get_bool(field, "required", false);
    o.wrong = wrong_with(f->wrong, name);
    o.value = f->given && f->given->type == VAL_MAP ? val_get(f->given, name) : val_get(field, "default");
    if (val_get(field, "choices") || val_is_str(val_get(field, "type"), "boolean"))
        add_choices(&o);
    else if (o.is_file)
        add_files(&o);
    else if (task_pick_kind(field))
        add_pick(&o);
    else
        add_input(&o);
}

/* What must be said comes first. */
void task_form_write(struct page *p, const struct task_form *f)
{
    for (int required = 1; required >= 0; required--)
        for (size_t i = 0; val_at(f->fields, i); i++)
            if (val_get_bool(val_at(f->fields, i), "required", false) == required)
                write_field(p, f, val_at(f->fields, i));
}

void task_form_hash(struct page *p, const struct val *shown)
{
    if (!val_is(shown, VAL_STR)) return;
    page_add(p, "<input type=\"hidden\" name=\"_hash\" value=\"");
    page_val(p, shown);
    page_add(p, "\">\n");
}

static const struct val *field_named(const struct val *fields, const char *name)
{
    for (size_t i = 0; val_at(fields, i); i++)
        if (val_is_str(val_get(val_at(fields, i), "name"), name)) return val_at(fields, i);
    return NULL;
}

void task_form_err(struct page *p, const struct val *fields, const char *prefix, const struct err *wrong)
{
    if (!wrong->nfields) {
        page_err(p, wrong);
        return;
    }
    page_add(p, "<div class=\"wrong\" role=\"alert\" id=\"wrong\">\n<p><strong>%k</strong></p>\n<ul>\n",
             "page.wrong_fields");
    for (int i = 0; i < wrong->nfields; i++) {
        const struct err_field *f = &wrong->fields[i];
        page_add(p, "<li><a href=\"#%s-%s\">", prefix, f->name);
        task_form_wrong(p, field_named(fields, f->name), f);
        page_add(p, "</a></li>\n");
    }
    page_add(p, "</ul>\n</div>\n");
}
