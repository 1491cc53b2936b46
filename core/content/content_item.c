/* Items as objects, and the typed tables' rows from which most of them are made. */
#include "content/content_internal.h"

#include <string.h>

const struct val_kind content_item_kind = {"item"};

static int set_str(struct arena *a, struct val *map, const char *name, const char *text)
{
    const char *kept = arena_strdup(a, text);
    return kept ? val_set_new(a, map, name, val_str(kept)) : ERR_NOMEM;
}

static int set_times(const struct content_row *row, const char *zone, struct arena *a, struct val *map)
{
    const struct {
        const char *name;
        int64_t ms;
    } times[] = {{"created_at", row->created_at},
                 {"changed_at", row->changed_at},
                 {"publish_at", row->publish_at},
                 {"published_at", row->published_at}};
    struct err ignored;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(times) / sizeof(times[0]); i++) {
        struct val v;
        if (!times[i].ms) continue;
        rc = content_instant_to_api(times[i].ms, zone, a, &v, &ignored);
        if (rc == 0) rc = val_set_new(a, map, times[i].name, v);
    }
    return rc;
}

static int set_head(const struct content_row *row, struct arena *a, struct val *map)
{
    int rc = val_set_new(a, map, "id", val_int(row->id));
    if (rc == 0) rc = set_str(a, map, "type", row->type);
    if (rc == 0) rc = set_str(a, map, "slug", row->slug);
    if (rc == 0 && row->unit) rc = val_set_new(a, map, "unit", val_int(row->unit));
    if (rc == 0) rc = val_set_new(a, map, "state", val_str(content_state_name(row->state)));
    if (rc == 0) rc = val_set_new(a, map, "revision", val_int(row->draft_rev));
    if (rc == 0) rc = set_str(a, map, "hash", row->hash);
    if (rc == 0 && row->created_by) rc = val_set_new(a, map, "created_by", val_int(row->created_by));
    return rc;
}

/* Every item has a title by that name, so that lists of all kinds can show one. */
int content_title_add(const struct content_type *t, const struct val *stored, struct arena *a, struct val *fields,
                      struct err *err)
{
    size_t len;
    const char *title = content_title_of(t, stored, &len);
    if (!t || !t->title || field_find(&t->fields, "title")) return 0;
    return val_set_new(a, fields, "title", val_strn(title, len)) == 0 ? 0 : content_too_large(err);
}

int content_item_make(const struct content_type *t, const struct content_row *row, const struct val *stored,
                      struct arena *a, struct val *out, struct err *err)
{
    struct val *fields = arena_alloc(a, sizeof(*fields));
    if (!fields) return content_too_large(err);
    *fields = val_map();
    const struct content_form form = {t ? &t->fields : NULL, t ? t->zone : NULL};
    if (set_head(row, a, fields) != 0 || set_times(row, form.zone, a, fields) != 0) return content_too_large(err);
    *out = val_obj(&content_item_kind, row->id, row->draft_rev, fields);
    int rc = content_body_to_api(&form, stored, a, fields, err);
    return rc ? rc : content_title_add(t, stored, a, fields, err);
}

static void copy_str(const struct val *row, const char *name, char *out, size_t cap)
{
    const struct val *v = val_get(row, name);
    size_t n = val_is(v, VAL_STR) ? v->as.str.len : 0;
    if (n >= cap) n = cap - 1;
    if (n) memcpy(out, v->as.str.s, n);
    out[n] = '\0';
}

static void head_of(const struct content_type *t, const struct val *v, struct content_row *row)
{
    char state[16];
    *row = (struct content_row){.id = val_get_int(v, "id", 0),
                                .unit = val_get_int(v, "unit", 0),
                                .draft_rev = val_get_int(v, "revision", 0),
                                .publish_at = val_get_int(v, "publish_at", 0),
                                .published_at = val_get_int(v, "published_at", 0),
                                .created_by = val_get_int(v, "created_by", 0),
                                .created_at = val_get_int(v, "created_at", 0),
                                .changed_at = val_get_int(v, "changed_at", 0)};
    memcpy(row->type, t->name, strlen(t->name) + 1);
    copy_str(v, "slug", row->slug, sizeof(row->slug));
    copy_str(v, "hash", row->hash, sizeof(row->hash));
    copy_str(v, "state", state, sizeof(state));
    int parsed = content_state_parse(state);
    row->state = parsed < 0 ? CONTENT_DRAFT : (enum content_state)parsed;
}

int content_item_from_table(const struct content_type *t, const struct val *row, struct arena *a, struct val *out,
                            struct err *err)
{
    struct content_row head;
    struct val body = val_map();
    head_of(t, row, &head);
    for (size_t i = 0; i < t->fields.n; i++) {
        const struct val *v = val_get(row, t->fields.items[i].name);
        if (v && v->type != VAL_NIL && val_set_new(a, &body, t->fields.items[i].name, *v) != 0)
            return content_too_large(err);
    }
    return content_item_make(t, &head, &body, a, out, err);
}

/* The head's columns as a map; with what nulls them, so that an update clears. */
static int head_columns(const struct content_row *row, bool pub, struct arena *a, struct val *out)
{
    const struct {
        const char *name;
        int64_t v;
    } numbers[] = {{"unit", row->unit},
                   {"revision", pub ? row->pub_rev : row->draft_rev},
                   {"publish_at", row->publish_at},
                   {"published_at", row->published_at},
                   {"created_by", row->created_by},
                   {"created_at", row->created_at},
                   {"changed_at", row->changed_at}};
    enum content_state state = pub ? CONTENT_PUBLISHED : row->state;
    int rc = val_set(a, out, "slug", val_str(row->slug));
    if (rc == 0) rc = val_set(a, out, "state", val_str(content_state_name(state)));
    if (rc == 0) rc = val_set(a, out, "hash", val_str(row->hash));
    for (size_t i = 0; rc == 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
        rc = val_set(a, out, numbers[i].name, numbers[i].v ? val_int(numbers[i].v) : val_nil());
    return rc;
}

static int put(struct store *db, struct table *t, int64_t id, const struct val *columns, struct err *err)
{
    int rc = table_update(db, t, id, columns, 0, err);
    if (rc != ERR_NOT_FOUND) return rc;
    err_clear(err);
    return table_insert(db, t, id, columns, err);
}

int content_table_put(struct store *db, const struct content_type *t, const struct content_row *row,
                      const struct val *stored, bool pub, struct err *err)
{
    struct arena a;
    struct val columns = val_map();
    arena_init(&a, 2 * CONTENT_BODY_MAX);
    int rc = head_columns(row, pub, &a, &columns);
    for (size_t i = 0; rc == 0 && i < t->fields.n; i++) {
        const struct val *v = val_get(stored, t->fields.items[i].name);
        rc = val_set(&a, &columns, t->fields.items[i].name, v ? *v : val_nil());
    }
    rc = rc ? content_too_large(err) : put(db, pub ? t->pub : t->draft, row->id, &columns, err);
    arena_close(&a);
    return rc;
}

int content_table_put_head(struct store *db, const struct content_type *t, const struct content_row *row,
                           struct err *err)
{
    struct arena a;
    struct val columns = val_map();
    arena_init(&a, 64 << 10);
    int rc = head_columns(row, false, &a, &columns);
    rc = rc ? content_too_large(err) : table_update(db, t->draft, row->id, &columns, 0, err);
    arena_close(&a);
    return rc;
}

const char *content_title_of(const struct content_type *t, const struct val *stored, size_t *len)
{
    const struct val *v = t && t->title ? val_get(stored, t->title->name) : NULL;
    *len = val_is(v, VAL_STR) ? v->as.str.len : 0;
    return *len ? v->as.str.s : "";
}
