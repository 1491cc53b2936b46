/* A value of a field as people read it: a choice by its title, files with their links, days and instants as people here
 * write them, persons and units by their names; all of them are kept as codes or numbers. */
#include "base/kinds.h"
#include "http/task_page.h"
#include "plugin/host.h"

void task_value_person(struct page *p, struct session *s, int64_t id)
{
    struct err ignored = {0};
    struct val person;
    if (people_person_get(s->db, id, s->arena, &person, &ignored) == 1)
        page_val(p, &person);
    else
        page_add(p, "%i", id);
}

static void add_picked(struct page *p, struct session *s, enum people_find_kind kind, int64_t id)
{
    struct err ignored = {0};
    struct val unit;
    if (kind == PEOPLE_FIND_PERSON)
        task_value_person(p, s, id);
    else if (people_unit_get(s->db, id, people_day(s->host, s->now), s->arena, &unit, &ignored) == 1)
        page_val(p, &unit);
    else
        page_add(p, "%i", id);
}

void task_value_files(struct page *p, const struct val *v)
{
    if (task_files_is(v)) task_files_show(p, v);
    for (size_t i = 0; v->type == VAL_LIST && val_at(v, i); i++) {
        page_add(p, i ? "<br>" : "");
        task_files_show(p, val_at(v, i));
    }
}

static void add_list(struct page *p, struct session *s, enum people_find_kind kind, const struct val *v)
{
    for (size_t i = 0; val_at(v, i); i++) {
        page_add(p, i ? "<br>" : "");
        if (val_at(v, i)->type == VAL_INT) add_picked(p, s, kind, val_at(v, i)->as.i);
    }
}

void task_value_write(struct page *p, struct session *s, const struct val *field, const struct val *v)
{
    const struct val *type = val_get(field, "type");
    enum people_find_kind kind = field ? task_pick_kind(field) : 0;
    bool has_files = val_is_str(type, "file") || val_is_str(val_get(field, "item"), "file");
    struct val day;
    if (val_get(field, "choices"))
        task_form_choice(p, field, v);
    else if (has_files && (task_files_is(v) || task_files_is(val_at(v, 0))))
        task_value_files(p, v);
    else if (val_is_str(type, "date") && v->type == VAL_INT && kind_date(s->arena, v->as.i, &day) == 0)
        page_val(p, &day);
    else if (val_is_str(type, "instant") && v->type == VAL_INT)
        page_instant(p, v->as.i, s->zone);
    else if (kind && v->type == VAL_INT)
        add_picked(p, s, kind, v->as.i);
    else if (kind && v->type == VAL_LIST)
        add_list(p, s, kind, v);
    else
        page_val(p, v);
}
