/* Making and changing the newest revision of an item.
 *
 * A change of the body makes a revision and voids what was bound to the one before: approval and
 * schedule. The plan (publish_at) is not part of the text: a new date voids nothing. What is public
 * stays as it is, address included, until the draft is published. */
#include "content/content_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "content/content_seal.h"
#include "file/file.h"

/* A change on its way. */
struct edit {
    struct content *c;
    struct session *s;
    const struct content_type *t;
    struct content_row row;
    struct val unit, publish_at, slug; /* given for the head; VAL_NIL with has_ set: cleared */
    bool has_unit, has_publish_at;
    struct val changes; /* of the body, in input form */
    struct val stored;  /* the whole body */
    struct val names;   /* of what was changed, for the events */
    bool body_changed;
    const char *was; /* the body as it was, or NULL */
    size_t was_len;
    const char *note;
    struct arena a;
    struct buf salts; /* of the personal fields (content_seal.h) */
    struct err *err;
};

static int check_head(struct edit *e, const char *name, enum field_type type, const struct val *v, struct val *out)
{
    struct field f = {.name = name, .type = type};
    if (v->type == VAL_NIL) {
        *out = val_nil();
        return 0;
    }
    int rc = field_check(&f, v, &e->s->host->time, &e->a, out, e->err);
    if (rc == ERR_INVALID) err_add_field(e->err, name, "invalid.field", field_type_name(type));
    return rc;
}

/* Parts what the caller gave into head and body. */
static int split(struct edit *e, const struct val *fields)
{
    int rc = 0;
    e->changes = val_map();
    e->names = val_list();
    for (size_t i = 0; rc == 0 && i < fields->as.map.n; i++) {
        const struct val_pair *p = &fields->as.map.pairs[i];
        if (strcmp(p->key, "unit") == 0 && e->t->has_unit) {
            e->has_unit = true;
            rc = check_head(e, "unit", FIELD_UNIT, &p->v, &e->unit);
        } else if (strcmp(p->key, "publish_at") == 0) {
            e->has_publish_at = true;
            rc = check_head(e, "publish_at", FIELD_INSTANT, &p->v, &e->publish_at);
        } else if (strcmp(p->key, "slug") == 0) {
            rc = check_head(e, "slug", FIELD_TEXT, &p->v, &e->slug);
        } else if (val_set_new(&e->a, &e->changes, p->key, p->v) != 0) {
            rc = content_too_large(e->err);
        }
        if (rc == 0 && val_add(&e->a, &e->names, val_str(p->key)) != 0) rc = content_too_large(e->err);
    }
    return rc;
}

static int missing(struct edit *e, const char *name)
{
    err_set(e->err, ERR_INVALID, "invalid.required", "field", name, NULL);
    err_add_field(e->err, name, "invalid.required", "");
    return ERR_INVALID;
}

static int check_required(struct edit *e)
{
    for (size_t i = 0; i < e->t->fields.n; i++) {
        const struct field *f = &e->t->fields.items[i];
        const struct val *v = val_get(&e->stored, f->name);
        if (f->required && (!v || v->type == VAL_NIL)) return missing(e, f->name);
    }
    if (e->t->needs_unit && !e->row.unit) return missing(e, "unit");
    if (e->t->needs_publish_at && !e->row.publish_at) return missing(e, "publish_at");
    return 0;
}

/* The references of a body are to items that are there. */
static int check_refs(struct edit *e)
{
    for (size_t i = 0; i < e->t->fields.n; i++) {
        const struct field *f = &e->t->fields.items[i];
        const struct val *v = val_get(&e->changes, f->name);
        struct content_row other;
        if (f->type != FIELD_REF || !v || v->type == VAL_NIL) continue;
        const struct val *id = val_get(&e->stored, f->name);
        int rc = val_is(id, VAL_INT) ? content_row_load(e->s->db, id->as.i, &other, e->err) : 0;
        if (rc == 0 && val_is(id, VAL_INT) && strcmp(other.type, f->target) != 0) rc = ERR_NOT_FOUND;
        if (rc == ERR_NOT_FOUND) {
            err_set(e->err, ERR_INVALID, "invalid.reference", "field", f->name, "detail", f->target, NULL);
            err_add_field(e->err, f->name, "invalid.reference", f->target);
            return ERR_INVALID;
        }
        if (rc) return rc;
    }
    return 0;
}

static int write_body(struct edit *e, struct buf *json, char hash[DIGEST_HEX])
{
    int rc = content_body_write(e->t, &e->stored, &e->a, json, e->err);
    if (rc == 0) rc = content_seal_make(e->t, json->data, json->len, &e->a, &e->salts, e->err);
    if (rc) return rc;
    const struct content_sealed text = {e->t->name, json->data, json->len, e->salts.len ? e->salts.data : NULL,
                                        e->salts.len};
    return content_seal_hash(&text, &e->a, hash) == 0 ? 0 : content_too_large(e->err);
}

static int add_revision(struct edit *e, const struct buf *json)
{
    struct content_revision rev = {.item = e->row.id,
                                   .rev = e->row.draft_rev,
                                   .author = e->s->actor.person,
                                   .run = e->s->actor.run,
                                   .at = e->s->now,
                                   .hash = e->row.hash,
                                   .note = e->note,
                                   .plugin = e->s->actor.plugin,
                                   .body = json->data,
                                   .body_len = json->len,
                                   .salts = e->salts.len ? e->salts.data : NULL,
                                   .nsalts = e->salts.len};
    int rc = quota_add_stored(e->s, e->s->actor.plugin, 1, (int64_t)json->len, e->err);
    struct file_thing on = {.kind = "item", .id = e->row.id, .part = e->row.draft_rev};
    if (rc == 0) rc = content_revision_add(e->s->db, &rev, e->err);
    return rc ? rc : file_fields_hang(e->s, &e->t->fields, &e->stored, &on, e->err);
}

/* The address that this text asks for: the one given, or one made from the declared field. */
static int wanted_slug(struct edit *e, const char **out)
{
    const struct val *v = e->slug.type == VAL_STR ? &e->slug
                          : e->t->slug            ? val_get(&e->stored, e->t->slug->name)
                                                  : NULL;
    *out = "";
    if (val_is(v, VAL_STR) && text_slug(&e->a, v->as.str.s, v->as.str.len, out) != 0) return content_too_large(e->err);
    if (!(*out)[0]) *out = arena_printf(&e->a, "%lld", (long long)e->row.id);
    return *out ? 0 : content_too_large(e->err);
}

/* Before an item was public its address follows its title; afterwards only a given one changes it,
 * and only with the next publishing. */
static int set_slug(struct edit *e)
{
    char taken[sizeof(e->row.slug)];
    const char *wanted;
    bool given = e->slug.type == VAL_STR;
    bool follows = !e->row.was_public && e->t->slug && val_get(&e->changes, e->t->slug->name);
    if (e->row.slug[0] && !given && !follows) return 0;
    int rc = wanted_slug(e, &wanted);
    if (rc == 0) rc = content_slug_take(e->s->db, e->row.type, wanted, e->row.id, taken, e->err);
    if (rc || strcmp(taken, e->row.slug) == 0) return rc;
    if (e->row.was_public) {
        memcpy(e->row.next_slug, taken, sizeof(taken));
        return 0;
    }
    if (e->row.slug[0]) rc = content_slug_drop(e->s->db, e->row.type, e->row.slug, e->err);
    memcpy(e->row.slug, taken, sizeof(taken));
    return rc;
}

static void set_head(struct edit *e)
{
    if (e->has_unit) e->row.unit = e->unit.type == VAL_INT ? e->unit.as.i : 0;
    if (e->has_publish_at) e->row.publish_at = e->publish_at.type == VAL_INT ? e->publish_at.as.i : 0;
    e->row.changed_at = e->s->now;
}

static int tell(struct edit *e, const char *name)
{
    struct val extra = val_map();
    int rc = val_set(&e->a, &extra, "fields", e->names);
    /* A hook that may refuse sees what is asked for. */
    if (rc == 0 && strstr(name, ".before_")) rc = val_set(&e->a, &extra, "values", e->changes);
    if (rc == 0 && e->note) rc = val_set(&e->a, &extra, "note", val_str(e->note));
    return rc ? content_too_large(e->err) : content_event(e->s, name, &e->row, &extra, e->err);
}

static void edit_init(struct edit *e, struct content *c, struct session *s, struct err *err)
{
    memset(e, 0, sizeof(*e));
    e->c = c;
    e->s = s;
    e->err = err;
    arena_init(&e->a, 8 * CONTENT_BODY_MAX);
    buf_init(&e->salts, 64 << 10);
}

static int create(struct edit *e, const struct val *fields, struct buf *json)
{
    struct content_log_entry entry = {.verb = "create", .is_new = true};
    int rc = split(e, fields);
    if (rc == 0) rc = field_check_map(&e->t->fields, &e->changes, false, &e->s->host->time, &e->a, &e->stored, e->err);
    if (rc == 0) rc = file_fields_take(e->s, &e->t->fields, &e->a, &e->stored, e->err);
    if (rc) return rc;
    set_head(e);
    e->row.id = id_next(lane_ids(e->s->lane), e->s->now);
    e->row.draft_rev = 1;
    e->row.created_by = e->s->actor.person;
    e->row.created_at = e->s->now;
    snprintf(e->row.type, sizeof(e->row.type), "%s", e->t->name);
    rc = check_required(e);
    if (rc == 0) rc = check_refs(e);
    if (rc == 0) rc = write_body(e, json, e->row.hash);
    if (rc == 0) rc = set_slug(e);
    if (rc == 0) rc = tell(e, "content.before_create");
    if (rc == 0) rc = content_row_insert(e->s->db, &e->row, e->err);
    if (rc == 0) rc = add_revision(e, json);
    if (rc == 0) rc = content_table_put(e->s->db, e->t, &e->row, &e->stored, false, e->err);
    if (rc == 0) rc = content_index_put(e->s->db, e->t, e->row.id, &e->stored, false, e->err);
    if (rc == 0) rc = content_log_add(e->s, &e->row, &entry, e->err);
    return rc ? rc : tell(e, "content.created");
}

int content_create(struct content *c, struct session *s, const char *type, const struct val *fields, int64_t *id,
                   struct err *err)
{
    struct registry *r = content_registry(s);
    struct edit e;
    struct buf json;
    edit_init(&e, c, s, err);
    buf_init(&json, CONTENT_BODY_MAX);
    int rc = content_type_of(r, type, &e.t, err);
    if (rc == 0) rc = create(&e, fields, &json);
    *id = e.row.id;
    buf_close(&json);
    buf_close(&e.salts);
    arena_close(&e.a);
    registry_drop(r);
    return rc;
}

/* The body as it is, with the changes over it. */
static int merge(struct edit *e)
{
    struct content_revision rev = {0};
    struct val changed;
    int rc = content_revision_load(e->s->db, e->row.id, e->row.draft_rev, &e->a, &rev, e->err);
    e->was = rev.body;
    e->was_len = rev.body_len;
    if (rc == 0) rc = content_body_read(e->t, rev.body, rev.body_len, &e->a, &e->stored, e->err);
    if (rc == 0) rc = field_check_map(&e->t->fields, &e->changes, true, &e->s->host->time, &e->a, &changed, e->err);
    if (rc == 0) rc = file_fields_take(e->s, &e->t->fields, &e->a, &changed, e->err);
    for (size_t i = 0; rc == 0 && i < changed.as.map.n; i++)
        if (val_set(&e->a, &e->stored, changed.as.map.pairs[i].key, changed.as.map.pairs[i].v) != 0)
            rc = content_too_large(e->err);
    return rc;
}

/* Where an edit leaves the item: what is being read stays where it is; all else is a draft again.
 */
static void void_approval(struct edit *e)
{
    e->row.approved_rev = e->row.scheduled_rev = e->row.until_at = 0;
    if (e->row.state != CONTENT_IN_REVIEW) e->row.state = CONTENT_DRAFT;
}

static int store_edit(struct edit *e, const struct buf *json)
{
    bool voided = e->row.approved_rev != 0 || e->row.state == CONTENT_SCHEDULED;
    bool unit_changed = e->has_unit && e->row.unit != (e->unit.type == VAL_INT ? e->unit.as.i : 0);
    int rc = 0;
    set_head(e);
    if (e->body_changed || unit_changed) void_approval(e);
    if (e->body_changed) {
        e->row.draft_rev++;
        rc = add_revision(e, json);
    }
    if (rc == 0) rc = set_slug(e);
    if (rc == 0) rc = content_row_save(e->s->db, &e->row, e->err);
    if (rc == 0) rc = content_table_put(e->s->db, e->t, &e->row, &e->stored, false, e->err);
    if (rc == 0 && e->body_changed) rc = content_index_put(e->s->db, e->t, e->row.id, &e->stored, false, e->err);
    if (rc == 0 && voided && (e->body_changed || unit_changed)) rc = tell(e, "content.approval_voided");
    return rc;
}

static int load_edit(struct edit *e, const struct registry *r, const struct content_change *ch)
{
    struct err_num n, m, k;
    int rc = content_row_load(e->s->db, ch->item, &e->row, e->err);
    if (rc == 0) rc = content_type_of(r, e->row.type, &e->t, e->err);
    if (rc) return rc;
    if (ch->rev && ch->rev != e->row.draft_rev)
        return err_set(e->err, ERR_CONFLICT, "conflict.revision", "item", err_i64(&n, ch->item), "expected",
                       err_i64(&m, ch->rev), "current", err_i64(&k, e->row.draft_rev), NULL);
    return 0;
}

/* Everything up to storing: what was asked for, offered to the hooks, and the body that comes out.
 */
static int prepare(struct edit *e, const struct registry *r, const struct content_change *ch, struct buf *json)
{
    char hash[DIGEST_HEX];
    int rc = load_edit(e, r, ch);
    if (rc == 0) rc = split(e, ch->fields);
    if (rc == 0) rc = tell(e, e->note ? "content.before_correct" : "content.before_edit");
    if (rc == 0) rc = load_edit(e, r, ch); /* a hook may have changed the item */
    if (rc == 0) rc = merge(e);
    if (rc == 0 && e->row.state == CONTENT_SCHEDULED && e->has_publish_at)
        rc = err_set(e->err, ERR_REFUSED, "refused.scheduled", NULL);
    if (rc == 0) rc = check_refs(e);
    if (rc == 0) rc = write_body(e, json, hash);
    if (rc) return rc;
    /* Not by the hash: salts make it another for the same text. */
    e->body_changed = json->len != e->was_len || memcmp(json->data, e->was, json->len) != 0;
    if (e->body_changed) memcpy(e->row.hash, hash, sizeof(hash));
    return 0;
}

int content_edit(struct content *c, struct session *s, const struct content_change *ch, struct err *err)
{
    struct registry *r = content_registry(s);
    struct edit e;
    struct buf json;
    edit_init(&e, c, s, err);
    buf_init(&json, CONTENT_BODY_MAX);
    int rc = prepare(&e, r, ch, &json);
    bool head_changed = e.has_unit || e.has_publish_at || e.slug.type == VAL_STR;
    if (rc == 0 && (e.body_changed || head_changed)) {
        struct content_log_entry entry = {.verb = "edit", .was = e.row.state};
        rc = store_edit(&e, &json);
        if (rc == 0) rc = check_required(&e);
        if (rc == 0) rc = content_log_add(s, &e.row, &entry, err);
        if (rc == 0) rc = tell(&e, "content.edited");
        if (rc == 0) content_wake_due(c, s, &e.row);
    }
    buf_close(&json);
    buf_close(&e.salts);
    arena_close(&e.a);
    registry_drop(r);
    return rc;
}

/* Where the type asks for approval, a correction is a revision like any other, and waits to be
 * read; else it is public at once. */
static int correct(struct edit *e, const struct buf *json)
{
    struct content_log_entry entry = {.verb = "correct", .was = e->row.state, .reason = e->note};
    struct err_num n;
    if (e->row.state != CONTENT_PUBLISHED || e->row.pub_rev != e->row.draft_rev)
        return err_set(e->err, ERR_REFUSED, "refused.transition", "item", err_i64(&n, e->row.id), "verb", "correct",
                       "state", content_state_name(e->row.state), NULL);
    if (!e->body_changed) return err_set(e->err, ERR_REFUSED, "refused.no_change", NULL);
    int rc = store_edit(e, json);
    if (rc == 0) rc = check_required(e);
    if (rc) return rc;
    if (e->t->approval)
        e->row.state = CONTENT_IN_REVIEW;
    else
        rc = content_publish_now(e->s, e->t, &e->row, e->err);
    if (rc == 0) rc = content_row_save(e->s->db, &e->row, e->err);
    if (rc == 0) rc = content_table_put_head(e->s->db, e->t, &e->row, e->err);
    if (rc == 0) rc = content_log_add(e->s, &e->row, &entry, e->err);
    if (rc == 0) content_wake_due(e->c, e->s, &e->row);
    return rc ? rc : tell(e, e->t->approval ? "content.submitted" : "content.corrected");
}

int content_correct(struct content *c, struct session *s, const struct content_change *ch, struct err *err)
{
    if (!ch->note || !ch->note[0]) return err_set(err, ERR_INVALID, "content.reason", "verb", "correct", NULL);
    struct registry *r = content_registry(s);
    struct edit e;
    struct buf json;
    edit_init(&e, c, s, err);
    buf_init(&json, CONTENT_BODY_MAX);
    e.note = ch->note;
    int rc = prepare(&e, r, ch, &json);
    if (rc == 0) rc = correct(&e, &json);
    buf_close(&json);
    buf_close(&e.salts);
    arena_close(&e.a);
    registry_drop(r);
    return rc;
}
