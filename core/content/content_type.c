/* The declaration of a content type, turned once into fields, rules and two typed tables.
 *
 * c_TYPE_draft holds the newest revision of every item, c_TYPE_pub the published one of those that
 * are public; both have the head as columns, so that lists and reports are plain SQL. `unit` and
 * `publish_at` may be declared as fields (to make them required); they live in the head all the
 * same: a new date is not a new text. */
#include "content/content_internal.h"

#include <string.h>

#include "content/personal.h"

const struct field content_head_fields[] = {
    {.name = "slug", .type = FIELD_TEXT},
    {.name = "unit", .type = FIELD_UNIT},
    {.name = "state", .type = FIELD_TEXT},
    {.name = "revision", .type = FIELD_INTEGER},
    {.name = "hash", .type = FIELD_TEXT},
    {.name = "publish_at", .type = FIELD_INSTANT},
    {.name = "published_at", .type = FIELD_INSTANT},
    {.name = "created_by", .type = FIELD_PERSON},
    {.name = "created_at", .type = FIELD_INSTANT},
    {.name = "changed_at", .type = FIELD_INSTANT},
};

size_t content_head_count(void)
{
    return sizeof(content_head_fields) / sizeof(content_head_fields[0]);
}

bool content_item_is_head(const char *name)
{
    static const char *const others[] = {"id", "type", "note", "version"};
    for (size_t i = 0; i < content_head_count(); i++)
        if (strcmp(content_head_fields[i].name, name) == 0) return true;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(others[i], name) == 0) return true;
    return false;
}

static int bad_option(const struct decl *d, const char *option, const char *key, struct err *err)
{
    return err_set(err, ERR_INVALID, key, "type", d->name, "option", option, NULL);
}

static int check_name(const struct decl *d, struct err *err)
{
    size_t n = strlen(d->name);
    bool ok = n > 0 && n <= CONTENT_TYPE_MAX && d->name[0] >= 'a' && d->name[0] <= 'z' && !strstr(d->name, "__");
    for (size_t i = 0; i < n; i++)
        ok &= (d->name[i] >= 'a' && d->name[i] <= 'z') || (d->name[i] >= '0' && d->name[i] <= '9') || d->name[i] == '_';
    return ok ? 0 : err_set(err, ERR_INVALID, "content.type_name", "type", d->name, NULL);
}

/* Sorts the declared fields into the body's and those that the head has anyway. */
static int split_fields(const struct decl *d, struct content_type *t, struct arena *a, struct err *err)
{
    const struct val *fields = val_get(&d->spec, "fields");
    struct field_list all;
    if (!val_is(fields, VAL_MAP)) return bad_option(d, "fields", "content.option_value", err);
    int rc = field_parse_list(a, fields, &all, err);
    if (rc) return rc;
    struct field *body = arena_alloc(a, (all.n + 1) * sizeof(*body));
    if (!body) return content_too_large(err);
    t->fields = (struct field_list){body, 0};
    for (size_t i = 0; i < all.n; i++) {
        const struct field *f = &all.items[i];
        if (strcmp(f->name, "unit") == 0 && f->type == FIELD_UNIT) {
            t->has_unit = true;
            t->needs_unit = f->required;
            t->unit = f;
        } else if (strcmp(f->name, "publish_at") == 0 && f->type == FIELD_INSTANT) {
            t->needs_publish_at = f->required;
        } else if (content_item_is_head(f->name)) {
            return err_set(err, ERR_INVALID, "content.reserved", "type", d->name, "field", f->name, NULL);
        } else {
            body[t->fields.n++] = *f;
        }
    }
    return 0;
}

/* An option that names a text field of the body. */
static int field_option(const struct decl *d, const struct content_type *t, const char *option,
                        const struct field **out, struct err *err)
{
    const struct val *v = val_get(&d->spec, option);
    if (!v) return 0;
    for (size_t i = 0; i < t->fields.n; i++) {
        const struct field *f = &t->fields.items[i];
        if (val_is_str(v, f->name) && (f->type == FIELD_TEXT || f->type == FIELD_MARKDOWN)) {
            *out = f;
            return 0;
        }
    }
    return bad_option(d, option, "content.option_value", err);
}

static int add_index(struct arena *a, struct val *list, const char *first, const char *second)
{
    struct val one = val_list();
    int rc = val_add(a, &one, val_str(first));
    if (rc == 0 && second) rc = val_add(a, &one, val_str(second));
    return rc ? rc : val_add(a, list, one);
}

/* What lists are always asked for, beside what the type declares. */
static int indexes(struct arena *a, const struct val *declared, bool pub, struct val *out)
{
    int rc = 0;
    *out = val_list();
    for (size_t i = 0; rc == 0 && val_is(declared, VAL_LIST) && i < declared->as.list.n; i++)
        rc = val_add(a, out, declared->as.list.items[i]);
    if (rc == 0) rc = add_index(a, out, pub ? "-published_at" : "-changed_at", NULL);
    if (rc == 0) rc = pub ? add_index(a, out, "unit", "-published_at") : add_index(a, out, "unit", "state");
    return rc;
}

static int build_table(const struct decl *d, const struct content_type *t, bool pub, struct arena *a,
                       struct table **out, struct err *err)
{
    struct val index;
    const char *name = arena_printf(a, "c_%s_%s", t->name, pub ? "pub" : "draft");
    if (!name || indexes(a, val_get(&d->spec, "index"), pub, &index) != 0) return content_too_large(err);
    struct val *kept = arena_alloc(a, sizeof(*kept));
    if (!kept) return content_too_large(err);
    *kept = index;
    struct table_spec spec = {.sql_name = name,
                              .shown_name = t->name,
                              .fields = t->fields,
                              .extra = content_head_fields,
                              .nextra = content_head_count(),
                              .unique = pub ? NULL : val_get(&d->spec, "unique"),
                              .index = kept,
                              .plain = true};
    return table_build(a, &spec, out, err);
}

int content_type_compile(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err)
{
    const struct content *c = self;
    (void)r;
    struct content_type *t = arena_alloc(a, sizeof(*t));
    if (!t) return content_too_large(err);
    t->name = d->name;
    t->plugin = d->plugin;
    t->zone = c ? c->host->zone : NULL;
    t->approval = val_get_bool(&d->spec, "approval", false);
    t->separation = val_get_bool(&d->spec, "separation", true);
    t->has_unit = val_get_bool(&d->spec, "unit", false);
    t->internal = val_get_bool(&d->spec, "internal", false);
    t->lint = val_get(&d->spec, "lint");
    int rc = check_name(d, err);
    if (rc == 0) rc = split_fields(d, t, a, err);
    if (rc == 0) rc = personal_check(&t->fields, err);
    if (rc == 0) rc = field_option(d, t, "title", &t->title, err);
    if (rc == 0) rc = field_option(d, t, "slug", &t->slug, err);
    if (rc == 0 && !t->slug) t->slug = t->title;
    if (rc == 0) rc = build_table(d, t, false, a, &t->draft, err);
    if (rc == 0) rc = build_table(d, t, true, a, &t->pub, err);
    if (rc == 0) d->compiled = t;
    return rc;
}
