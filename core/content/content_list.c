/* Items of a type in pages, for REST and the command line. What may be filtered and sorted by hangs on the type: its
 * fields that have an index. The rows are found as content.find finds them (store/table.h). */
#include <stdlib.h>
#include <string.h>

#include "content/content_api.h"
#include "plugin/api_list.h"

/* Every type's; that of a type has its own fields beside them. */
static const struct list_column head[] = {{"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT},
                                          {"unit", FIELD_INTEGER, LIST_FILTER},
                                          {"state", FIELD_TEXT, LIST_SHOWN},
                                          {"slug", FIELD_TEXT, LIST_SHOWN},
                                          {"type", FIELD_TEXT, LIST_SHOWN},
                                          {"revision", FIELD_INTEGER, LIST_SHOWN},
                                          {"hash", FIELD_TEXT, LIST_SHOWN},
                                          {"created_by", FIELD_INTEGER, LIST_SHOWN},
                                          {"created_at", FIELD_INSTANT, LIST_SHOWN},
                                          {"changed_at", FIELD_INSTANT, LIST_RANGE | LIST_SORT},
                                          {"published_at", FIELD_INSTANT, LIST_RANGE | LIST_SORT},
                                          {"publish_at", FIELD_INSTANT, LIST_SHOWN},
                                          {0}};
static const struct list_option options[] = {{"published", "boolean", "What is public alone."}, {0}};
const struct list content_items = {
    .name = "items", .order = "id", .key = "id", .columns = head, .options = options, .more = true};

enum { HEAD = sizeof(head) / sizeof(head[0]) - 1 };

/* Numbers and yes-or-no are read here; dates and instants by the table, which knows the zone. */
static enum field_type type_of(const struct field *f)
{
    switch (f->type) {
    case FIELD_INTEGER:
    case FIELD_MONEY:
    case FIELD_UNIT:
    case FIELD_PERSON:
    case FIELD_REF:
        return FIELD_INTEGER;
    case FIELD_BOOLEAN:
        return FIELD_BOOLEAN;
    default:
        return FIELD_TEXT;
    }
}

static int describe(const struct content_type *t, const struct table *rows, struct arena *a, struct list *out)
{
    struct list_column *all = arena_alloc(a, (HEAD + t->fields.n + 1) * sizeof(*all));
    if (!all) return ERR_LIMIT;
    for (size_t i = 0; i < HEAD; i++) {
        all[i] = head[i];
        if (all[i].type == FIELD_INSTANT) all[i].type = FIELD_TEXT;
        if (strcmp(all[i].name, "id") != 0 && !table_is_indexed(rows, all[i].name)) all[i].can = LIST_SHOWN;
    }
    for (size_t i = 0; i < t->fields.n; i++) {
        const struct field *f = &t->fields.items[i];
        bool indexed = field_is_scalar(f->type) && table_is_indexed(rows, f->name);
        all[HEAD + i] = (struct list_column){f->name, type_of(f), indexed ? LIST_RANGE | LIST_SORT : LIST_SHOWN};
    }
    *out = content_items;
    out->name = t->name;
    out->columns = all;
    return 0;
}

/* { field = value, or = { { field = { ">=", value }, or = … } } }: all of them must hold. */
static int where_of(const struct list_query *q, struct arena *a, struct val *where)
{
    int rc = 0;
    *where = val_map();
    for (size_t i = q->nfilters; rc == 0 && i-- > 0;) {
        const struct list_filter *f = &q->filters[i];
        struct val condition = val_list(), one = val_map(), inner = val_list();
        struct val v = f->column->type == FIELD_BOOLEAN ? val_bool(f->value.as.i != 0) : f->value;
        rc = val_add(a, &condition, val_str(f->op));
        if (rc == 0) rc = val_add(a, &condition, v);
        if (rc == 0) rc = val_set(a, &one, f->column->name, condition);
        if (rc == 0 && where->as.map.n) rc = val_add(a, &inner, *where);
        if (rc == 0 && where->as.map.n) rc = val_set(a, &one, "or", inner);
        *where = one;
    }
    return rc;
}

/* The options without the cursor, which is the table's. */
static int without_cursor(const struct val *given, struct arena *a, struct val *out)
{
    int rc = 0;
    *out = val_map();
    for (size_t i = 0; rc == 0 && val_is(given, VAL_MAP) && i < given->as.map.n; i++)
        if (strcmp(given->as.map.pairs[i].key, "after") != 0)
            rc = val_set_new(a, out, given->as.map.pairs[i].key, given->as.map.pairs[i].v);
    return rc;
}

/* Drafts are for those who may read them: everywhere, or in the unit that is asked for. */
static bool is_public_alone(struct api_call *c, const struct val *o)
{
    const struct val *unit = val_get(o, "unit");
    int64_t id = val_is(unit, VAL_INT) ? unit->as.i : unit && api_str(unit) ? strtoll(api_str(unit), NULL, 10) : 0;
    return list_asks(o, "published") || !content_may_read_drafts(c->s, id, NULL);
}

static int find(struct api_call *c, const struct list_query *q, bool published)
{
    const struct val *after = val_get(&c->args[1], "after");
    struct val where, order;
    char *sort = arena_printf(c->arena, "%s%s", q->down ? "-" : "", q->sort->name);
    if (!sort || where_of(q, c->arena, &where)) return content_too_large(c->err);
    order = val_str(sort);
    struct content_query find = {.type = api_str(&c->args[0]),
                                 .where = &where,
                                 .order = &order,
                                 .limit = q->limit,
                                 .after = after ? api_str(after) : NULL,
                                 .published = published};
    int rc = content_find(c->s, &find, c->arena, &c->result, c->err);
    c->s->next = find.next;
    c->nresults = 2;
    c->result2 = find.next ? val_str(find.next) : val_nil();
    return rc ? rc : list_pick(q, c->arena, &c->result, c->err);
}

int content_list(struct api_call *c)
{
    struct registry *r = content_registry(c->s);
    const struct content_type *t;
    struct list l;
    struct list_query q;
    struct val few;
    bool published = is_public_alone(c, &c->args[1]);
    int rc = content_type_of(r, api_str(&c->args[0]), &t, c->err);
    if (rc == 0 && (describe(t, published ? t->pub : t->draft, c->arena, &l) != 0 ||
                    without_cursor(&c->args[1], c->arena, &few) != 0))
        rc = content_too_large(c->err);
    if (rc == 0) rc = list_read(&l, &few, &c->s->host->time, c->arena, &q, c->err);
    if (rc == 0) rc = find(c, &q, published);
    registry_drop(r);
    return rc;
}
