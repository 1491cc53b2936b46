/* content.* and item:* that read. Who may not read drafts gets what is public, without being told
 * of more. */
#include "content/content_api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "people/people.h"
#include "plugin/api_list.h"
#include "plugin/declare.h"
#include "plugin/plugin_vm.h"
#include "plugin/protected.h"

enum { SEARCH_DEFAULT = 20 }; /* hits of a page, to Lua */

/* An id, an address or an item. */
static int read_key(struct api_call *c, const struct val *v, struct content_key *k)
{
    if (v->type == VAL_INT) k->id = v->as.i;
    if (v->type == VAL_NUM && v->as.n == floor(v->as.n) && fabs(v->as.n) < 9e15) k->id = (int64_t)v->as.n;
    if (v->type == VAL_OBJ && v->as.obj.kind == &content_item_kind) k->id = v->as.obj.id;
    if (v->type == VAL_STR) k->slug = api_str(v);
    if (k->id || k->slug) return 0;
    return err_set(c->err, ERR_INVALID, "invalid.argument", "function", c->fn->name, "argument", "key", "type",
                   "id or slug", "got", val_type_name(v->type), NULL);
}

static bool may_read(struct api_call *c, const struct val *item)
{
    const struct val *fields = item->as.obj.fields;
    return content_may_read_drafts(c->s, val_get_int(fields, "unit", 0), val_cstr(c->arena, val_get(fields, "state")));
}

/* What is not public is told, but to its authors it is their own work. */
static void note_read(struct api_call *c, int64_t item, int64_t unit)
{
    struct err ignored = {0};
    int64_t person = c->s->actor.person;
    if (!session_notes_reads(c->s) || (person && content_is_author(c->s->db, item, person, &ignored) == 1)) return;
    session_note_read(c->s, &(struct session_read){.verb = "content.read", .kind = "item", .id = item, .unit = unit});
}

static void note_list(struct api_call *c, const char *type)
{
    session_note_read(c->s, &(struct session_read){.verb = "content.read_drafts", .kind = "type", .name = type});
}

/* Is it the text that everybody sees? */
static bool is_public_text(const struct content_key *k, const struct val *item)
{
    const struct val *state = val_get(item->as.obj.fields, "state");
    return k->published || (!k->rev && val_is_str(state, "published"));
}

static int get(struct api_call *c)
{
    struct content_key k = {.type = api_str(&c->args[0]),
                            .published = val_get_bool(&c->args[2], "published", false),
                            .rev = val_get_int(&c->args[2], "revision", 0)};
    struct val item = val_nil();
    int rc = read_key(c, &c->args[1], &k);
    if (rc == 0) rc = content_get(c->s, &k, c->arena, &item, c->err);
    if (rc == 1 && !k.published && !may_read(c, &item)) {
        /* An old revision is nobody's business who may not see the present draft. */
        item = val_nil();
        k.published = true;
        if (!k.rev) rc = content_get(c->s, &k, c->arena, &item, c->err);
    }
    if (rc == 1 && item.type == VAL_OBJ && !is_public_text(&k, &item))
        note_read(c, item.as.obj.id, val_get_int(item.as.obj.fields, "unit", 0));
    c->result = item;
    return rc < 0 ? rc : 0;
}

static int find(struct api_call *c)
{
    const struct val *o = &c->args[2];
    const struct val *unit = val_get(&c->args[1], "unit"), *after = val_get(o, "after");
    int64_t unit_id = val_is(unit, VAL_INT) ? unit->as.i : val_is(unit, VAL_OBJ) ? unit->as.obj.id : 0;
    struct content_query q = {.type = api_str(&c->args[0]),
                              .where = val_is(&c->args[1], VAL_MAP) ? &c->args[1] : NULL,
                              .order = val_get(o, "order"),
                              .limit = val_get_int(o, "limit", 0),
                              .after = after ? api_str(after) : NULL,
                              .published = val_get_bool(o, "published", false)};
    if (!q.published) q.published = !content_may_read_drafts(c->s, unit_id, NULL);
    int rc = content_find(c->s, &q, c->arena, &c->result, c->err);
    if (rc == 0 && !q.published && c->result.as.list.n) note_list(c, q.type);
    c->nresults = 2;
    c->result2 = q.next ? val_str(q.next) : val_nil();
    return rc;
}

/* To Lua the cursor is a second result. */
static int give_next(struct api_call *c)
{
    if (!c->s->vm) return 0;
    c->nresults = 2;
    c->result2 = c->s->next ? val_str(c->s->next) : val_nil();
    c->s->next = NULL;
    return 0;
}

/* The unit of a search: an object, its id or its code; nil: any. */
static int read_unit(struct api_call *c, const struct val *v, int64_t *unit)
{
    const char *code = api_str(v);
    char *end;
    *unit = val_is(v, VAL_OBJ) ? v->as.obj.id : val_is(v, VAL_INT) ? v->as.i : 0;
    if (!code) return 0;
    int rc = people_unit_by_code(c->s->db, code, unit, c->err);
    if (rc) return rc < 0 ? rc : 0;
    *unit = strtoll(code, &end, 10); /* in a query all is text */
    if (*code && !*end && *unit > 0) return 0;
    return err_set(c->err, ERR_NOT_FOUND, "people.no_unit", "code", code, NULL);
}

/* The options as the list reads them: the unit as its number; `text` is an argument already. */
static int read_search(struct api_call *c, struct list_query *q)
{
    const struct val *o = &c->args[1];
    struct val few = val_map();
    int rc = 0;
    for (size_t i = 0; rc == 0 && val_is(o, VAL_MAP) && i < o->as.map.n; i++) {
        const char *name = o->as.map.pairs[i].key;
        struct val v = o->as.map.pairs[i].v;
        int64_t unit;
        if (strcmp(name, "text") == 0) continue;
        if (strcmp(name, "unit") == 0 && v.type != VAL_NIL) {
            rc = read_unit(c, &v, &unit);
            v = val_int(unit);
        }
        if (rc == 0 && val_set_new(c->arena, &few, name, v) != 0) rc = content_too_large(c->err);
    }
    if (rc == 0) rc = api_list_read(c, &few, q);
    if (rc == 0 && c->s->vm && !val_get(o, "limit")) q->limit = SEARCH_DEFAULT;
    return rc;
}

static int search(struct api_call *c)
{
    struct list_query page;
    struct content_search q = {
        .text = api_str(&c->args[0]), .page = &page, .published = list_asks(&c->args[1], "published")};
    if (!q.text) return err_set(c->err, ERR_INVALID, "text.utf8", NULL);
    int rc = read_search(c, &page);
    if (rc) return rc;
    const struct list_filter *unit = list_filter_of(&page, "unit"), *type = list_filter_of(&page, "type");
    if (!q.published) q.published = !content_may_read_drafts(c->s, unit ? unit->value.as.i : 0, NULL);
    rc = content_search(c->s, &q, c->arena, &c->result, c->err);
    if (rc == 0 && !q.published && c->result.as.list.n) note_list(c, type ? val_cstr(c->arena, &type->value) : "*");
    return rc ? rc : give_next(c);
}

/* What only those may see who may read drafts. */
static int may_look(struct api_call *c, int64_t item)
{
    struct content_row row;
    int rc = content_row_load(c->s->db, item, &row, c->err);
    if (rc) return rc;
    if (!content_may_read_drafts(c->s, row.unit, content_state_name(row.state)))
        return err_set(c->err, ERR_DENIED, "denied.draft", NULL);
    note_read(c, item, row.unit);
    return 0;
}

/* Without options: all that there is, as far as it goes into a page. */
static int history(struct api_call *c)
{
    struct list_query q;
    int rc = may_look(c, c->args[0].as.obj.id);
    if (rc == 0) rc = api_list_read(c, &c->args[1], &q);
    if (rc == 0 && c->args[1].type == VAL_NIL) q.limit = LIST_LIMIT_MAX;
    if (rc == 0) rc = content_history(c->s, c->args[0].as.obj.id, &q, c->arena, &c->result, c->err);
    return rc ? rc : give_next(c);
}

static int diff(struct api_call *c)
{
    int64_t id = c->args[0].as.obj.id;
    struct content_span span = {id, c->args[1].as.i, c->args[2].as.i};
    int rc = may_look(c, id);
    return rc ? rc : content_diff(c->s->db, &span, c->arena, &c->result, c->err);
}

static int lint(struct api_call *c)
{
    const struct val *item = &c->args[0];
    struct content_key k = {.id = item->as.obj.id, .rev = item->as.obj.rev};
    int rc = may_look(c, item->as.obj.id);
    return rc ? rc : content_lint(c->s, &k, c->arena, &c->result, c->err);
}

/* Whoever may read the text may know whom not to ask about it. */
static int authors(struct api_call *c)
{
    struct registry *r = content_registry(c->s);
    int rc = may_look(c, c->args[0].as.obj.id);
    if (rc == 0) rc = content_authors(r, c->s->db, c->args[0].as.obj.id, c->arena, &c->result, c->err);
    registry_drop(r);
    return rc;
}

static int overdue(struct api_call *c)
{
    struct list_query q;
    int rc = api_list_read(c, &c->args[0], &q);
    if (rc == 0 && c->args[0].type == VAL_NIL) q.limit = LIST_LIMIT_MAX;
    if (rc == 0) rc = content_overdue(c->s, &q, c->arena, &c->result, c->err);
    return rc ? rc : give_next(c);
}

/* What a type is made of; the unit is the head's, and is there where the type has one. */
static int fields(struct api_call *c)
{
    static const struct field unit = {.name = "unit", .type = FIELD_UNIT};
    struct registry *r = content_registry(c->s);
    const struct content_type *t;
    struct val one;
    const char *type = api_str(&c->args[0]);
    int rc = type ? content_type_of(r, type, &t, c->err) : content_too_large(c->err);
    c->result = val_list();
    for (size_t i = 0; rc == 0 && i < t->fields.n; i++)
        if (field_show(c->arena, &t->fields.items[i], c->s->lang, &one) || val_add(c->arena, &c->result, one))
            rc = content_too_large(c->err);
    const struct field *where = rc == 0 && t->unit ? t->unit : &unit;
    if (rc == 0 && t->has_unit && (field_show(c->arena, where, c->s->lang, &one) || val_add(c->arena, &c->result, one)))
        rc = content_too_large(c->err);
    registry_drop(r);
    return rc;
}

/* The item of a method: an object that comes from Lua has its id and revision only. */
static int load_self(struct api_call *c, struct val *fields)
{
    const struct val *self = &c->args[0];
    struct content_key k = {.id = self->as.obj.id, .rev = self->as.obj.rev};
    struct val item;
    struct err_num n;
    if (self->as.obj.fields) {
        *fields = *self->as.obj.fields;
        return 0;
    }
    int rc = content_get(c->s, &k, c->arena, &item, c->err);
    if (rc == 0) return err_set(c->err, ERR_NOT_FOUND, "not_found.item", "item", err_i64(&n, k.id), NULL);
    if (rc == 1) *fields = *item.as.obj.fields;
    return rc < 0 ? rc : 0;
}

static int title(struct api_call *c)
{
    struct registry *r = content_registry(c->s);
    const struct content_type *t;
    struct val fields;
    size_t len;
    int rc = load_self(c, &fields);
    const char *type = rc == 0 ? api_str(val_get(&fields, "type")) : NULL;
    if (rc == 0) rc = type ? content_type_of(r, type, &t, c->err) : content_too_large(c->err);
    if (rc == 0) {
        const char *text = content_title_of(t, &fields, &len);
        c->result = val_strn(text, len);
    }
    registry_drop(r);
    return rc;
}

static int url(struct api_call *c)
{
    struct val fields;
    int rc = load_self(c, &fields);
    if (rc) return rc;
    const char *type = api_str(val_get(&fields, "type"));
    const char *slug = api_str(val_get(&fields, "slug"));
    const char *path = type && slug ? arena_printf(c->arena, "/%s/%s", type, slug) : NULL;
    if (!path) return content_too_large(c->err);
    c->result = val_str(path);
    return 0;
}

/* What the plugin declares, unless the administrator says otherwise in its settings: "separation": { "article": false }
 */
static int take_separation(struct api_call *c, const char *name, struct val *spec)
{
    const struct plugin *p = c->s->vm ? c->s->vm->plugin : NULL;
    const struct val *all = p ? val_get(&p->settings, "separation") : NULL, *own = val_get(all, name);
    bool good = (!all || all->type == VAL_MAP) && (!own || own->type == VAL_BOOL);
    if (!good) return err_set(c->err, ERR_INVALID, "content.separation", "type", name, "plugin", p->name, NULL);
    if (!own) return 0;
    struct val copy = val_map();
    for (size_t i = 0; i < spec->as.map.n; i++)
        if (val_set(c->arena, &copy, spec->as.map.pairs[i].key, spec->as.map.pairs[i].v))
            return content_too_large(c->err);
    *spec = copy;
    return val_set(c->arena, spec, "separation", *own) ? content_too_large(c->err) : 0;
}

/* Declares a content type; compiled when the plugin's init.lua is through. */
static int declare_type(struct api_call *c)
{
    const char *name = api_str(&c->args[0]);
    if (!name) return err_set(c->err, ERR_INVALID, "content.type_name", "type", "", NULL);
    int rc = take_separation(c, name, &c->args[1]);
    return rc ? rc : registry_declare(c->s, "type", name, &c->args[1], c->err);
}

const struct api_fn content_read_functions[] = {
    {"content.type", declare_type,
     "name:text! "
     "options:map{fields:map!,title:text,slug:text,unit:boolean,index:list,unique:list,approval:boolean,separation:"
     "boolean,lint:map,"
     "sections:boolean,internal:boolean,label:any}!",
     "", API_DECLARE, "content", 1,
     "Declares a content type: fields, title, slug, unit, index, unique, approval, lint; internal = true: what is "
     "published"
     " is for those who have logged in. A field { \"text\", personal = true } is erased with the person that the item "
     "is about."},
    {"content.fields", fields, "type:text!", "table[]", API_READ, "content", 1,
     "What a content type is made of: {name, type, required, choices}; an error where there is no such type.",
     .gives = "@Field"},
    {"content.get", get, "type:text! key:any! options:map{published:boolean,revision:integer}", "Item?", API_READ,
     "content", 1,
     "The item with an id or an address (a former one too): the draft, what is published, or a revision."},
    {"content.list", content_list, "type:text! options:map", "Item[], cursor?", API_READ, API_HOST, 1,
     "Items of a type in pages; without the right to read drafts, what is public.", .list = &content_items},
    {"content.find", find, "type:text! where:map options:map{order:any,limit:integer,after:text,published:boolean}",
     "Item[], cursor?", API_READ, "content", 1, "Items by conditions, in an order, in pages; published: those alone."},
    {"content.search", search, "text:text! options:map", "Item[]", API_READ, "content", 1,
     "Full text without regard to marks, in pages: first all words in the title, with their marks, the newest first; "
     "{type, unit, published, limit, after, fields}; `next` of the list is the cursor.",
     .list = &content_hits},
    {"content.history", history, "item:object:item! options:map", "table[]", API_READ, "content", 1,
     "Who moved the item from where to where, when and why, oldest first; {limit, after, sort, fields}.",
     .list = &content_history_list},
    {"content.diff", diff, "item:object:item! r1:integer! r2:integer!", "table[]", API_READ, "content", 1,
     "The fields in which two revisions differ: {field, before, after}.",
     .gives = "field:text! before:json after:json"},
    {"content.authors", authors, "item:object:item!", "integer[]", API_READ, "content", 1,
     "The persons who do not approve the item, since they have created, edited, corrected or submitted it since it was "
     "last published; nobody where its type has no separation of duties."},
    {"content.overdue", overdue, "options:map", "table[]", API_READ, "content", 1,
     "Scheduled publications that were refused: {item, publish_at, next_try, tries, reason}; {limit, after, sort, "
     "fields}.",
     .list = &content_overdue_list},
    {"content.lint", lint, "item:object:item!", "table[]", API_READ, "content", 1,
     "Findings in the text: {field, offset, length, text, rule, message, suggestion}.",
     .gives = "field:text! offset:integer length:integer text:text rule:text! message:text! suggestion:text"},
    {"item:title", title, "item:object:item!", "string", API_READ, NULL, 1,
     "The field that the type names as title; every item has it as item.title too."},
    {"item:url", url, "item:object:item!", "string", API_READ, NULL, 1, "The path of its page."},
    {0},
};

void content_add_api(struct content *c, struct api *api)
{
    api_add(api, content_write_functions, c);
    api_add(api, content_read_functions, c);
    api_add_events(api, content_events);
}
