/* Reading items: by key, by query over the typed tables, by revision. */
#include "content/content_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "people/people.h"

/* Which item is meant: by id, or by an address it has or had. */
static int resolve(struct store *db, const struct content_key *k, int64_t *id, struct err *err)
{
    *id = k->id;
    return k->slug ? content_slug_find(db, k->type, k->slug, id, err) : 0;
}

/* Through the revision itself: for old ones, and where only the item is known. */
static int get_revision(struct session *s, const struct registry *r, const struct content_key *k, int64_t id,
                        struct arena *a, struct val *out, struct err *err)
{
    struct content_row row;
    struct content_revision rev;
    const struct content_type *t;
    struct val stored;
    int rc = content_row_load(s->db, id, &row, err);
    if (rc == 0 && k->type && strcmp(k->type, row.type) != 0) rc = ERR_NOT_FOUND;
    if (rc == 0 && k->published && !row.pub_rev) rc = ERR_NOT_FOUND;
    if (rc == 0) rc = content_type_of(r, row.type, &t, err);
    int64_t newest = row.draft_rev, wanted = k->rev ? k->rev : k->published ? row.pub_rev : row.draft_rev;
    if (rc == 0) rc = content_revision_load(s->db, id, wanted, a, &rev, err);
    if (rc == 0) rc = content_body_read(t, rev.body, rev.body_len, a, &stored, err);
    if (rc == ERR_NOT_FOUND) {
        err_clear(err);
        return 0;
    }
    if (rc) return rc;
    row.draft_rev = wanted;
    memcpy(row.hash, rev.hash, sizeof(row.hash));
    if (k->published) row.state = CONTENT_PUBLISHED;
    if (k->published && row.pub_rev != newest) row.publish_at = 0; /* the plan of a draft */
    rc = content_item_make(t, &row, &stored, a, out, err);
    if (rc == 0 && rev.note && val_set(a, out->as.obj.fields, "note", val_str(rev.note)) != 0)
        rc = content_too_large(err);
    return rc ? rc : 1;
}

static int get_row(struct session *s, const struct registry *r, const struct content_key *k, int64_t id,
                   struct arena *a, struct val *out, struct err *err)
{
    const struct content_type *t;
    struct val row;
    int rc = content_type_of(r, k->type, &t, err);
    if (rc == 0) rc = table_get(s->db, k->published ? t->pub : t->draft, id, a, &row, err);
    if (rc <= 0) return rc;
    rc = content_item_from_table(t, &row, a, out, err);
    return rc ? rc : 1;
}

/* 1, 0: this session does not see such items. */
static int is_shown(const struct session *s, const struct registry *r, const struct val *item, struct arena *a,
                    struct err *err)
{
    const struct content_type *t;
    if (s->actor.user != PEOPLE_ANONYMOUS) return 1;
    int rc = content_type_of(r, val_cstr(a, val_get(item->as.obj.fields, "type")), &t, err);
    return rc ? rc : !content_is_hidden(s, t);
}

int content_get(struct session *s, const struct content_key *k, struct arena *a, struct val *out, struct err *err)
{
    struct registry *r = content_registry(s);
    int64_t id;
    int rc = resolve(s->db, k, &id, err);
    if (rc == 0 && id)
        rc = k->rev || !k->type ? get_revision(s, r, k, id, a, out, err) : get_row(s, r, k, id, a, out, err);
    if (rc == 1) rc = is_shown(s, r, out, a, err);
    if (rc != 1) *out = val_nil();
    registry_drop(r);
    return rc;
}

int content_item_version(struct store *db, int64_t id, struct content_version *out, struct err *err)
{
    struct content_row row;
    int rc = content_row_load(db, id, &row, err);
    if (rc) return rc;
    snprintf(out->type, sizeof(out->type), "%s", row.type);
    out->rev = row.draft_rev;
    out->state = row.state;
    out->unit = row.unit;
    memcpy(out->hash, row.hash, sizeof(out->hash));
    return 0;
}

int content_item_instant(struct store *db, const struct registry *r, int64_t id, const char *field, int64_t *ms,
                         struct err *err)
{
    struct content_row row;
    struct arena a;
    struct val v;
    int rc = content_row_load(db, id, &row, err);
    *ms = 0;
    if (rc) return rc;
    if (strcmp(field, "publish_at") == 0) {
        *ms = row.publish_at;
        return row.publish_at != 0;
    }
    const struct content_type *t;
    const struct field *f = content_type_of(r, row.type, &t, err) == 0 ? field_find(&t->fields, field) : NULL;
    if (!f || (f->type != FIELD_INSTANT && f->type != FIELD_DATE))
        return err_set(err, ERR_INVALID, "invalid.unknown_field", "field", field, "type", row.type, NULL);
    arena_init(&a, 4 * CONTENT_BODY_MAX);
    rc = table_get(db, t->draft, id, &a, &v, err);
    const struct val *at = rc == 1 ? val_get(&v, field) : NULL;
    if (val_is(at, VAL_INT)) *ms = f->type == FIELD_DATE ? at->as.i * 86400000 : at->as.i;
    rc = rc < 0 ? rc : val_is(at, VAL_INT);
    arena_close(&a);
    return rc;
}

int content_find(struct session *s, struct content_query *q, struct arena *a, struct val *items, struct err *err)
{
    struct registry *r = content_registry(s);
    const struct content_type *t;
    struct val rows;
    *items = val_list();
    int rc = content_type_of(r, q->type, &t, err);
    if (rc == 0 && content_is_hidden(s, t)) {
        registry_drop(r);
        return 0;
    }
    if (rc == 0) {
        struct table_query tq = {
            .where = q->where, .order = q->order, .limit = q->limit, .after = q->after, .time = &s->host->time};
        rc = table_find(s->db, q->published ? t->pub : t->draft, &tq, a, &rows, &q->next, err);
    }
    for (size_t i = 0; rc == 0 && i < rows.as.list.n; i++) {
        struct val item;
        rc = content_item_from_table(t, &rows.as.list.items[i], a, &item, err);
        if (rc == 0 && val_add(a, items, item) != 0) rc = content_too_large(err);
    }
    registry_drop(r);
    return rc;
}
