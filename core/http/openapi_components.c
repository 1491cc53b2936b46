/* The schemas that the document refers to: what answers show, and what plugins declare. */
#include <string.h>

#include "flow/task.h"
#include "http/openapi.h"

static void add_types(struct openapi *o, struct val *schemas)
{
    struct val any = val_list();
    size_t i = 0;
    for (const struct decl *d; o->registry && (d = registry_each(o->registry, "type", &i));) {
        const char *name = openapi_text(o, "content.", d->name, "");
        openapi_set(o, schemas, name, openapi_declared(o, val_get(&d->spec, "fields")));
        openapi_add(o, &any, openapi_ref(o, name));
    }
    openapi_set(o, schemas, "AnyItem", any.as.list.n ? OPENAPI_MAP(o, {"anyOf", any}) : openapi_type(o, "object"));
}

static void add_flows(struct openapi *o, struct val *schemas)
{
    struct val any = val_list(), required = val_list();
    size_t i = 0;
    openapi_add(o, &required, val_str("flow"));
    for (const struct decl *d; o->registry && (d = registry_each(o->registry, "flow", &i));) {
        const char *full = openapi_text(o, d->plugin, ".", d->name), *name = openapi_text(o, "input.", full, "");
        struct val flow = OPENAPI_MAP(o, {"const", val_str(full)});
        openapi_set(o, schemas, name, openapi_declared(o, val_get(&d->spec, "input")));
        struct val properties =
            OPENAPI_MAP(o, {"flow", flow}, {"input", openapi_ref(o, name)}, {"id", openapi_type(o, "string")});
        openapi_add(o, &any,
                    OPENAPI_MAP(o, {"type", val_str("object")}, {"properties", properties}, {"required", required}));
    }
    openapi_set(o, schemas, "StartRun", any.as.list.n ? OPENAPI_MAP(o, {"anyOf", any}) : openapi_type(o, "object"));
}

static struct val key_of(struct openapi *o, const char *what)
{
    struct val types = val_list();
    openapi_add(o, &types, val_str("integer"));
    openapi_add(o, &types, val_str("string"));
    return OPENAPI_MAP(o, {"type", types}, {"description", val_str(what)});
}

static struct val file_key_of(struct openapi *o)
{
    struct val any = val_list();
    openapi_add(o, &any, openapi_type(o, "integer"));
    openapi_add(o, &any, openapi_ref(o, "File"));
    return OPENAPI_MAP(o, {"anyOf", any}, {"description", val_str("The id that POST /api/files gave.")});
}

#define PROBLEM                                                                                                        \
    "type:text! status:integer! title:text! detail:text hint:text code:text! where:text "                              \
    "errors:list{field:text!,detail:text!} request:text"
#define ITEM                                                                                                           \
    "id:integer! type:text! slug:text state:text! revision:integer! hash:text! unit:integer created_by:integer "       \
    "created_at:text changed_at:text published_at:text"

/* Of a form, a report, a content type; which `default` it has hangs on its type. */
#define FIELD                                                                                                          \
    "name:text! type:text! required:boolean! choices:list:text titles:map:text item:text title:text help:text "        \
    "default:json min:number max:number"

/* Which fields there are hangs on the type: its schema is content.TYPE. */
static struct val item_of(struct openapi *o)
{
    struct val s = openapi_words(o, ITEM);
    openapi_set(o, &s, "additionalProperties", val_bool(true));
    openapi_set(o, &s, "description", val_str("And the fields of its type."));
    return s;
}

static void add_members(struct openapi *o, struct val *s, const char *words)
{
    struct val more = openapi_words(o, words), properties = *val_get(s, "properties");
    const struct val *from = val_get(&more, "properties");
    for (size_t i = 0; i < from->as.map.n; i++)
        openapi_set(o, &properties, from->as.map.pairs[i].key, from->as.map.pairs[i].v);
    openapi_set(o, s, "properties", properties);
}

static struct val run_of(struct openapi *o)
{
    struct val s = openapi_list_row(o, &flow_run_list);
    add_members(o, &s, "warnings:list:text");
    return s;
}

/* As lists have it, and what one alone has, an orphan, a task of a hand-over. */
static struct val task_of(struct openapi *o)
{
    static const struct list_column columns[] = {FLOW_TASK_COLUMNS, {0}};
    static const struct list tasks = {.name = "tasks", .columns = columns};
    struct val s = openapi_list_row(o, &tasks);
    add_members(o, &s,
                "id:integer! due:integer about:integer orphan:integer answer:map decided_by:integer decided_at:integer"
                " item:@Item others:boolean above:integer reason:text "
                "comments:list{id:integer!,at:integer!,kind:text!,by:integer,person:integer,"
                "text:text,files:@File[]} open:boolean anybody:boolean "
                "vote:map{secret:boolean!,change:boolean!,members:integer!,quorum:text!,threshold:text!,of:text!,"
                "absent:text!}");
    return s;
}

/* How many rows of each list were taken in; of a preview, how each cell was read and what would change. */
#define IMPORT_COUNTS                                                                                                  \
    "units:integer unit_names:integer unit_parents:integer roles:integer positions:integer persons:integer "           \
    "bodies:integer body_terms:integer body_members:integer holders:integer delegations:integer users:integer "        \
    "role_holders:integer calendar:integer changes:integer successors:integer"
#define IMPORT_CELL                                                                                                    \
    "file:text! list:text! line:integer! column:integer field:text! raw:json value:json warning:text error:text "      \
    "detail:text says:text"
#define IMPORT_PREVIEW                                                                                                 \
    "ok:boolean! ncells:integer! cells:@ImportCell[]! errors:@ImportCell[]! warnings:@ImportCell[]! "                  \
    "lists:@ImportCounts new:list{list:text!,key:text!} gone:list{list:text!,key:text!} changed:@ImportChange[] "      \
    "ended:@ImportChange[]"

static void add_import(struct openapi *o, struct val *schemas)
{
    struct val any = val_list();
    openapi_set(o, schemas, "ImportCounts", openapi_words(o, IMPORT_COUNTS));
    openapi_set(o, schemas, "ImportCell", openapi_words(o, IMPORT_CELL));
    openapi_set(o, schemas, "ImportChange",
                openapi_words(o, "list:text! key:text! field:text! before:json after:json"));
    openapi_set(o, schemas, "ImportPreview", openapi_words(o, IMPORT_PREVIEW));
    openapi_add(o, &any, openapi_ref(o, "ImportPreview"));
    openapi_add(o, &any, openapi_ref(o, "ImportCounts"));
    openapi_set(o, schemas, "Import", OPENAPI_MAP(o, {"anyOf", any}));
}

void openapi_keys(struct openapi *o, struct val *schemas)
{
    openapi_set(o, schemas, "File", openapi_words(o, "hash:text! id:integer! name:text size:integer! type:text"));
    openapi_set(o, schemas, "file-key", file_key_of(o));
    openapi_set(o, schemas, "unit-key", key_of(o, "A unit's id or code."));
    openapi_set(o, schemas, "person-key", key_of(o, "A person's id or code."));
}

int openapi_components(struct openapi *o, struct session *s, struct val *out, struct err *err)
{
    struct val schemas = val_map();
    openapi_set(o, &schemas, "Problem", openapi_words(o, PROBLEM));
    openapi_set(o, &schemas, "Item", item_of(o));
    openapi_set(o, &schemas, "Run", run_of(o));
    openapi_set(o, &schemas, "Task", task_of(o));
    openapi_set(o, &schemas, "Field", openapi_words(o, FIELD));
    openapi_set(o, &schemas, "Body", openapi_words(o, "id:integer! code:text! name:text! text:text unit:integer"));
    openapi_set(o, &schemas, "Unit", openapi_words(o, "id:integer! code:text! name:text! text:text kind:text"));
    openapi_set(o, &schemas, "Person", openapi_words(o, "id:integer! code:text name:text text:text"));
    openapi_keys(o, &schemas);
    add_import(o, &schemas);
    add_types(o, &schemas);
    add_flows(o, &schemas);
    openapi_set(o, &schemas, "Event",
                openapi_words(o, "at:integer! verb:text! kind:text id:integer name:text unit:integer run:integer "
                                 "person:integer on_behalf_of:integer"));
    int rc = openapi_forms(o, s, &schemas, err);
    *out = OPENAPI_MAP(o, {"schemas", schemas});
    openapi_add_parts(o, out);
    return rc;
}
