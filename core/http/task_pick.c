/* A person or a unit in a form: a part of the name is typed and sought, then one of those found is chosen. Without a
 * script the search is a button of the form itself; who presses the form's own button after typing gets the one that
 * fits, or the choice. Of a list those that are found are ticked, and stay with the form from then on, each with a
 * button that takes it off again.
 *
 * Of a field NAME the form sends _person_NAME or _unit_NAME (what was typed), _sought_NAME (what those were found by
 * that are shown) and NAME (the id that was chosen, or a code of a program; of a list each by itself). A button that
 * takes one off sends _drop, NAME:ID. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"
#include "http/task_page.h"
#include "people/people.h"

enum { KEY_MAX = 100, FINDS_MAX = 8 };

static bool is_list(const struct val *field)
{
    return val_is_str(val_get(field, "type"), "list");
}

enum people_find_kind task_pick_kind(const struct val *field)
{
    const struct val *type = val_get(field, is_list(field) ? "item" : "type");
    return val_is_str(type, "person") ? PEOPLE_FIND_PERSON : val_is_str(type, "unit") ? PEOPLE_FIND_UNIT : 0;
}

static enum people_find_kind kind_of(const char *key, const char **name)
{
    static const char *const prefixes[] = {"_person_", "_unit_"};
    for (int i = 0; i < 2; i++)
        if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0) {
            *name = key + strlen(prefixes[i]);
            return (enum people_find_kind)(i + 1);
        }
    return 0;
}

static const char *text_of(struct arena *a, const struct val *given, const char *prefix, const char *name)
{
    char key[KEY_MAX];
    snprintf(key, sizeof(key), "%s%s", prefix, name);
    const struct val *v = given && given->type == VAL_MAP ? val_get(given, key) : NULL;
    const char *text = v ? val_cstr(a, v) : NULL;
    return text ? text : "";
}

/* --- what was sent --- */

static bool is_new(struct arena *a, const struct val *given, const char *key, const char *name)
{
    const char *typed = text_of(a, given, "", key), *sought = text_of(a, given, "_sought_", name);
    return *typed && strcmp(typed, sought) != 0;
}

/* The key Enter presses the first button of a form, whichever field it was typed in: what was typed newly is meant. */
const char *task_pick_find(struct arena *a, const struct val *given)
{
    const struct val *pressed = given->type == VAL_MAP ? val_get(given, "_find") : NULL;
    const struct val *drop = given->type == VAL_MAP ? val_get(given, "_drop") : NULL;
    const char *find = pressed ? val_cstr(a, pressed) : NULL, *other = NULL, *name;
    const char *dropped = drop ? val_cstr(a, drop) : NULL;
    if (dropped) return arena_strndup(a, dropped, strcspn(dropped, ":"));
    for (size_t i = 0; find && i < given->as.map.n; i++) {
        const char *key = given->as.map.pairs[i].key;
        if (!kind_of(key, &name) || !is_new(a, given, key, name)) continue;
        if (strcmp(name, find) == 0) return find;
        other = name;
    }
    return other ? other : find;
}

static int wrong(const char *name, const char *key, const char *text, struct err *err)
{
    if (!err->code) err_set(err, ERR_INVALID, key, "field", name, "detail", text, NULL);
    err_add_field(err, name, key, text);
    return ERR_INVALID;
}

/* The id that was found behind those that a list has already, in the place of the one that a single field has. */
static int put(struct arena *a, const char *name, bool many, int64_t id, struct val *given)
{
    char *text = arena_printf(a, "%lld", (long long)id);
    const struct val *have = val_get(given, name);
    struct val list = val_list();
    int rc = text ? 0 : ERR_NOMEM;
    if (!many) return rc ? rc : val_set(a, given, name, val_str(text));
    bool is_there = val_is_str(have, text ? text : "");
    if (rc == 0 && val_is(have, VAL_STR) && have->as.str.len) rc = val_add(a, &list, *have);
    for (size_t i = 0; rc == 0 && val_at(have, i); i++) {
        is_there = is_there || val_is_str(val_at(have, i), text);
        rc = val_add(a, &list, *val_at(have, i));
    }
    if (rc == 0 && !is_there) rc = val_add(a, &list, val_str(text));
    return rc ? rc : val_set(a, given, name, list);
}

/* One field: what was chosen holds as long as nothing else was typed since. `left`: so many may still be sought. */
static int take_one(struct session *s, const struct val *field, const char *name, int *left, struct val *given,
                    struct err *err)
{
    enum people_find_kind kind = task_pick_kind(field);
    bool many = is_list(field);
    const char *typed = text_of(s->arena, given, kind == PEOPLE_FIND_PERSON ? "_person_" : "_unit_", name);
    const char *sought = text_of(s->arena, given, "_sought_", name), *chosen = text_of(s->arena, given, "", name);
    struct val found;
    struct err failed = {0};
    if ((*chosen || many) && strcmp(typed, sought) == 0) return 0;
    if (!*typed) return *sought && !many ? val_set(s->arena, given, name, val_str("")) : 0;
    if ((*left)-- <= 0) return wrong(name, "page.find_choose", typed, err);
    int rc = people_find(s, kind, typed, s->arena, &found, &failed);
    if (rc && err_is_fault(rc)) {
        *err = failed;
        return rc;
    }
    if (rc || found.as.list.n == 0) return wrong(name, "page.find_none", typed, err);
    if (found.as.list.n > 1) return wrong(name, many ? "page.find_tick" : "page.find_many", typed, err);
    return put(s->arena, name, many, val_get_int(&found.as.list.items[0], "id", 0), given);
}

int task_pick_take(struct session *s, const struct val *fields, struct val *given, struct err *err)
{
    struct val copy;
    int rc = val_copy(s->arena, given, &copy) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
    int left = FINDS_MAX;
    bool any = false;
    for (size_t i = 0; rc == 0 && val_at(fields, i); i++) {
        const char *name =
            task_pick_kind(val_at(fields, i)) ? val_cstr(s->arena, val_get(val_at(fields, i), "name")) : NULL;
        if (!name) continue;
        rc = take_one(s, val_at(fields, i), name, &left, &copy, err);
        if (rc == ERR_NOMEM) err_set(err, ERR_NOMEM, "memory", NULL);
        any = any || rc == ERR_INVALID;
        if (rc == ERR_INVALID) rc = 0;
    }
    if (rc) return rc;
    *given = copy;
    return any ? ERR_INVALID : 0;
}

bool task_pick_any(const struct val *given)
{
    const char *name;
    for (size_t i = 0; given->type == VAL_MAP && i < given->as.map.n; i++)
        if (kind_of(given->as.map.pairs[i].key, &name)) return true;
    return false;
}

/* --- the fields --- */

static void add_found(struct page *p, const struct task_pick *k, const struct val *one, bool is_chosen, bool is_first)
{
    page_add(p, "<label class=\"choice\"><input type=\"%s\" name=\"%s\" value=\"%i\"", k->many ? "checkbox" : "radio",
             k->name, val_get_int(one, "id", 0));
    page_add(p, is_chosen ? " checked" : "");
    page_add(p, is_first && k->is_sought ? " autofocus> <span>" : "> <span>");
    page_val(p, val_get(one, "name"));
    if (val_get(one, "where")) page_add(p, " <span class=\"soft\">");
    page_val(p, val_get(one, "where"));
    page_add(p, val_get(one, "where") ? "</span></span></label>\n" : "</span></label>\n");
}

/* The one that was chosen before, or stands in the form by itself: by its id. */
static bool show_chosen(const struct task_pick *k, int64_t id, struct val *out)
{
    struct err ignored = {0};
    struct session *s = k->s;
    struct val object;
    int rc = k->kind == PEOPLE_FIND_PERSON
                 ? people_person_get(s->db, id, s->arena, &object, &ignored)
                 : people_unit_get(s->db, id, people_day(s->host, s->now), s->arena, &object, &ignored);
    if (rc != 1 || object.type != VAL_OBJ || !object.as.obj.fields) return false;
    const struct val *name = val_get(object.as.obj.fields, "name");
    *out = val_map();
    return name && val_set(s->arena, out, "id", val_int(id)) == 0 && val_set(s->arena, out, "name", *name) == 0;
}

static int64_t number(const char *text)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    return *text && !*end && n > 0 ? n : 0;
}

/* --- of a list: those that are chosen --- */

enum { NAMED_MOST = 200, SHOWN_MOST = 1000 }; /* more than anybody has chosen by hand */

static bool is_chosen(const struct val *chosen, int64_t id)
{
    for (size_t i = 0; val_at(chosen, i); i++)
        if (val_at(chosen, i)->as.i == id) return true;
    return false;
}

/* What the form says, each once; before it was sent, what stands in it by itself. What is no number is shown as it
 * came, so that it can be taken off. */
static void add_one(struct page *p, const struct task_pick *k, const char *text, size_t n, struct val *chosen)
{
    struct val one = val_nil();
    int64_t id = number(text);
    const char *drop = text_of(k->s->arena, k->given, "", "_drop");
    size_t len = strlen(k->name);
    bool dropped = strncmp(drop, k->name, len) == 0 && drop[len] == ':' && strcmp(drop + len + 1, text) == 0;
    if (!*text || dropped || n >= SHOWN_MOST || (id && is_chosen(chosen, id))) return;
    if (id && val_add(k->s->arena, chosen, val_int(id))) return;
    page_add(p, "<li><input type=\"hidden\" name=\"%s\" value=\"%s\"><span>", k->name, text);
    if (id && n < NAMED_MOST && show_chosen(k, id, &one))
        page_val(p, val_get(&one, "name"));
    else
        page_add(p, "%s", text);
    page_add(p,
             "</span> <button class=\"plain\" name=\"_drop\" value=\"%s:%s\" formnovalidate>%k<span class=\"hidden\"> ",
             k->name, text, "page.drop");
    if (one.type == VAL_MAP) page_val(p, val_get(&one, "name"));
    page_add(p, "</span></button></li>\n");
}

/* Into `out`, since those that are found are shown before them: the first button of a form is one that seeks, never
 * one that takes off. */
static void write_chosen(struct page *p, const struct task_pick *k, struct val *chosen)
{
    struct arena *a = k->s->arena;
    bool is_sent = k->given && k->given->type == VAL_MAP;
    const struct val *v = is_sent ? val_get(k->given, k->name) : k->preset;
    if (val_is(v, VAL_STR)) add_one(p, k, val_cstr(a, v) ? val_cstr(a, v) : "", 0, chosen);
    for (size_t i = 0; val_is(v, VAL_LIST) && val_at(v, i); i++) {
        const struct val *one = val_at(v, i);
        const char *text = one->type == VAL_INT ? arena_printf(a, "%lld", (long long)one->as.i) : val_cstr(a, one);
        add_one(p, k, text ? text : "", i, chosen);
    }
}

static void add_ticks(struct page *p, const struct task_pick *k, const struct val *found, const struct val *chosen)
{
    size_t n = found->as.list.n < PEOPLE_FIND_MOST ? found->as.list.n : PEOPLE_FIND_MOST;
    int shown = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_chosen(chosen, val_get_int(val_at(found, i), "id", 0))) continue;
        if (!shown++) page_add(p, "<fieldset class=\"found\">\n<legend>%k</legend>\n", "page.found");
        add_found(p, k, val_at(found, i), n == 1, shown == 1);
    }
    if (shown && found->as.list.n > n) page_add(p, "<p class=\"help\">%k</p>\n", "page.found_more");
    if (shown) page_add(p, "</fieldset>\n");
}

static void add_list(struct page *p, const struct task_pick *k, const struct val *found)
{
    struct buf lines;
    struct page into = *p;
    struct val chosen = val_list();
    buf_init(&lines, PAGE_MAX);
    into.out = &lines;
    write_chosen(&into, k, &chosen);
    add_ticks(p, k, found, &chosen);
    if (lines.len) {
        page_add(p, "<p class=\"picked\" id=\"%s-picked\">%k</p>\n<ul class=\"picked\">\n", k->id, "page.picked");
        buf_add(p->out, lines.data, lines.len);
        page_add(p, "</ul>\n");
    } else {
        page_add(p, "<input type=\"hidden\" name=\"%s\" value=\"\">\n", k->name); /* there is none, also by default */
    }
    buf_close(&lines);
}

/* --- of one --- */

static void add_choice(struct page *p, const struct task_pick *k, const struct val *found, int64_t chosen)
{
    size_t n = found->as.list.n < PEOPLE_FIND_MOST ? found->as.list.n : PEOPLE_FIND_MOST;
    bool is_there = false;
    struct val one;
    for (size_t i = 0; i < n; i++)
        is_there = is_there || val_get_int(val_at(found, i), "id", 0) == chosen;
    bool has_chosen = chosen && !is_there && show_chosen(k, chosen, &one);
    if (n == 0 && !has_chosen) return;
    page_add(p, "<fieldset class=\"found\">\n<legend>%k</legend>\n", "page.found");
    if (has_chosen) add_found(p, k, &one, true, true);
    for (size_t i = 0; i < n; i++) {
        bool is_only = n == 1 && !has_chosen;
        add_found(p, k, val_at(found, i), is_only || val_get_int(val_at(found, i), "id", 0) == chosen,
                  i == 0 && !has_chosen);
    }
    if (found->as.list.n > n) page_add(p, "<p class=\"help\">%k</p>\n", "page.found_more");
    page_add(p, "</fieldset>\n");
}

static int64_t preset_of(const struct task_pick *k)
{
    return val_is(k->preset, VAL_INT) ? k->preset->as.i : 0;
}

/* Is there one already, of a list? */
static bool has_any(const struct task_pick *k)
{
    bool is_sent = k->given && k->given->type == VAL_MAP;
    const struct val *v = is_sent ? val_get(k->given, k->name) : k->preset;
    bool any = val_is(v, VAL_STR) && v->as.str.len;
    for (size_t i = 0; !any && val_at(v, i); i++)
        any = !val_is_str(val_at(v, i), "");
    return k->many && any;
}

void task_pick_write(struct page *p, const struct task_pick *k)
{
    const char *kind = k->kind == PEOPLE_FIND_PERSON ? "person" : "unit",
               *prefix = arena_printf(k->s->arena, "_%s_", kind);
    const char *typed = text_of(k->s->arena, k->given, prefix ? prefix : "", k->name);
    const char *sought = text_of(k->s->arena, k->given, "_sought_", k->name);
    const char *chosen = text_of(k->s->arena, k->given, "", k->name);
    struct val found = val_list();
    struct err failed = {0};
    if (*typed) people_find(k->s, k->kind, typed, k->s->arena, &found, &failed);
    int64_t id = !k->given || k->given->type != VAL_MAP ? preset_of(k)
                 : strcmp(typed, sought) == 0           ? number(chosen)
                                                        : 0;
    /* A code of a program, shown as it came. */
    if (!k->many && !*typed && *chosen && !number(chosen)) typed = chosen;
    page_add(p,
             "<div class=\"pick\">\n<input id=\"%s\" name=\"_%s_%s\" type=\"text\" value=\"%s\" autocomplete=\"off\""
             " spellcheck=\"false\"",
             k->id, kind, k->name, typed);
    if (k->required && !has_any(k)) page_add(p, " required");
    if (k->wrong) page_add(p, " aria-invalid=\"true\"");
    if (k->described) page_add(p, " aria-describedby=\"%s\"", k->described);
    page_add(p, k->is_sought && found.as.list.n == 0 ? " autofocus>\n" : ">\n");
    page_add(p, "<button class=\"second\" name=\"_find\" value=\"%s\" formnovalidate>%k</button>\n</div>\n", k->name,
             "page.find");
    page_add(p, "<input type=\"hidden\" name=\"_sought_%s\" value=\"%s\">\n", k->name, typed);
    if (k->is_sought && *typed && found.as.list.n == 0)
        page_add(p, "<p class=\"field-wrong\" role=\"status\">%k</p>\n", "page.found_none");
    if (k->many)
        add_list(p, k, &found);
    else
        add_choice(p, k, &found, id);
}
