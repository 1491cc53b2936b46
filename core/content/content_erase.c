/* Personal fields of content (personal.h), in every revision, when their person is erased.
 *
 * What was published is a record and is kept unless it is asked for; its mark is that the item's log says so. A
 * revision keeps its hash: it covers seals (content_seal.h). An address made of an erased title is given up with it.
 * Reasons and remarks in the item's log that name the person go always: they were never published. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "content/content_internal.h"
#include "content/content_seal.h"
#include "content/personal.h"
#include "file/file.h"
#include "runtime/crash.h"

enum { ITEMS_AT_ONCE = 20, MERGE_PAGES = 500 };
#define INDEX_PART "index"

static const struct erasing_rows log_rows = {"select id, person is ?2, reason, detail from item_log where item = ?1",
                                             "update item_log set reason = ?3, detail = ?4 where ?1 and id = ?2",
                                             {erasing_text, erasing_json},
                                             NULL};

struct erasing_item {
    struct erasing *e;
    const struct content_type *type;
    struct content_row row;
    struct field_list fields; /* of the revision: those declared, then others that stand in it */
    bool *goes;
    int64_t values;
    bool draft_changed, pub_changed;
    struct val draft, pub; /* what changes in the typed tables */
    struct err *err;
};

struct revision {
    int64_t id, rev;
    const char *plugin, *body;
    size_t len;
    const void *salts;
    size_t nsalts;
    bool was_published;
};

static int load(struct erasing_item *it, int64_t after, struct revision *r)
{
    struct stmt *s = store_stmt(
        it->e->s->db,
        "select id, rev, plugin, body, salt, exists(select 1 from item_log l where l.item = r.item and l.rev = r.rev "
        "and"
        " l.now = 'published' and l.verb in ('publish', 'correct')) from revision r where item = ?1 and rev > ?2"
        " order by rev limit 1",
        it->err);
    size_t n;
    if (!s) return it->err->code;
    stmt_bind_int(s, 1, it->row.id);
    stmt_bind_int(s, 2, after);
    int rc = stmt_step(s, it->err);
    if (rc == 1) {
        *r = (struct revision){.id = stmt_int(s, 0), .rev = stmt_int(s, 1), .was_published = stmt_int(s, 5) != 0};
        const char *plugin = stmt_text(s, 2, &n);
        r->plugin = plugin ? arena_strndup(it->e->a, plugin, n) : NULL;
        const char *body = stmt_text(s, 3, &r->len);
        r->body = body ? arena_strndup(it->e->a, body, r->len) : NULL;
        const char *salts = stmt_is_null(s, 4) ? NULL : stmt_blob(s, 4, &r->nsalts);
        if (!stmt_is_null(s, 4)) r->salts = arena_strndup(it->e->a, salts ? salts : "", r->nsalts);
        if (!r->body) rc = content_too_large(it->err);
    }
    stmt_done(s);
    return rc;
}

/* A revision never changes, says its trigger: it is written anew under its number. */
static int write_revision(struct erasing_item *it, const struct revision *r, const struct buf *body,
                          const struct buf *salts)
{
    struct stmt *s = store_stmt(it->e->s->db,
                                "replace into revision(id, item, rev, hash, body, author, run, at, note, plugin, salt)"
                                " select id, item, rev, hash, ?2, author, run, at, note, plugin, ?3 from revision"
                                " where id = ?1",
                                it->err);
    if (!s) return it->err->code;
    stmt_bind_int(s, 1, r->id);
    stmt_bind_text(s, 2, body->data, body->len);
    stmt_bind_blob(s, 3, salts->data ? salts->data : "", salts->len);
    int rc = stmt_run(s, it->err);
    if (rc == 0 && r->plugin)
        quota_add_owed(it->e->s->host, it->e->s->db, r->plugin, QUOTA_BYTES, (int64_t)body->len - (int64_t)r->len);
    crash_point("audit.content_half");
    return rc;
}

static int files_again(struct erasing_item *it, const struct revision *r, const struct val *record)
{
    struct file_thing on = {.kind = "item", .id = it->row.id, .part = r->rev};
    if (!file_fields_any(&it->type->fields)) return 0;
    int rc = file_let_go(it->e->s, &on, it->err);
    return rc ? rc : file_fields_hang(it->e->s, &it->type->fields, record, &on, it->err);
}

/* Without what goes: the record, and what changes in a typed table. */
static int take_out(struct erasing_item *it, struct val *record, struct val *changes)
{
    struct val left = val_map();
    int rc = 0;
    *changes = val_map();
    struct val marks = val_map();
    for (size_t i = 0; rc == 0 && i < it->fields.n; i++) {
        const struct field *f = &it->fields.items[i];
        if (it->goes[i]) rc = val_set(it->e->a, &marks, f->name, personal_mark(f));
        if (rc == 0 && it->goes[i] && i < it->type->fields.n)
            rc = val_set(it->e->a, changes, f->name, personal_mark(f));
    }
    for (size_t i = 0; rc == 0 && i < record->as.map.n; i++) {
        const struct val *mark = val_get(&marks, record->as.map.pairs[i].key);
        const struct val *v = mark ? mark : &record->as.map.pairs[i].v;
        if (v->type != VAL_NIL) rc = val_set_new(it->e->a, &left, record->as.map.pairs[i].key, *v);
    }
    *record = left;
    return rc ? content_too_large(it->err) : 0;
}

static int erase_revision(struct erasing_item *it, const struct revision *r, struct val *record)
{
    const struct content_sealed text = {it->type->name, r->body, r->len, r->salts, r->nsalts};
    struct buf body, salts;
    struct val changes;
    buf_init(&body, CONTENT_BODY_MAX);
    buf_init(&salts, 64 << 10);
    int rc = content_seal_erase(&text, &it->fields, it->goes, it->e->a, &salts);
    if (rc) rc = err_set(it->err, rc, "content.body", "type", it->type->name, NULL);
    if (rc == 0) rc = take_out(it, record, &changes);
    if (rc == 0) json_write(&body, record);
    if (rc == 0 && (!buf_ok(&body) || !buf_ok(&salts))) rc = content_too_large(it->err);
    if (rc == 0) rc = write_revision(it, r, &body, &salts);
    if (rc == 0) rc = files_again(it, r, record);
    buf_close(&body);
    buf_close(&salts);
    if (rc == 0 && r->rev == it->row.draft_rev) it->draft = changes;
    if (rc == 0 && r->rev == it->row.pub_rev) it->pub = changes;
    return rc;
}

/* With what the type declares no more: NULL options, the type by what stands there. */
static int all_fields(struct erasing_item *it, const struct val *record)
{
    size_t n = it->type->fields.n, most = n + record->as.map.n;
    struct field *f = arena_alloc(it->e->a, most * sizeof(*f) + 1);
    it->goes = arena_alloc(it->e->a, most * sizeof(*it->goes) + 1);
    if (!f || !it->goes) return ERR_LIMIT;
    if (n) memcpy(f, it->type->fields.items, n * sizeof(*f));
    memset(it->goes, 0, most * sizeof(*it->goes));
    it->fields = (struct field_list){.items = f, .n = n};
    for (size_t i = 0; i < record->as.map.n; i++) {
        const struct val_pair *p = &record->as.map.pairs[i];
        if (field_find(&it->type->fields, p->key)) continue;
        f[it->fields.n++] = (struct field){.name = p->key, .type = p->v.type == VAL_STR ? FIELD_TEXT : FIELD_JSON};
    }
    return 0;
}

/* Of a field that the type declares no more: it goes if it names the person, or if it was personal when it was written
 * (its seal says so) and the record is theirs. */
static int64_t choose(struct erasing_item *it, const struct revision *r, struct val *record)
{
    struct val salts;
    if (all_fields(it, record)) return ERR_LIMIT;
    int64_t n = personal_choose(it->e, &it->type->fields, record, it->goes), own = n;
    bool sealed = r->salts && val_decode(r->salts, r->nsalts, it->e->a, NULL, &salts) == 0;
    for (size_t i = it->type->fields.n; i < it->fields.n; i++) {
        const struct val *v = val_get(record, it->fields.items[i].name);
        if (!v || v->type == VAL_NIL || val_is_str(v, ERASED_TEXT)) continue;
        it->goes[i] =
            (v->type == VAL_STR ? erasing_names(it->e, v->as.str.s, v->as.str.len) : erasing_tells(it->e, v)) ||
            (own && sealed && val_get(&salts, it->fields.items[i].name));
        n += it->goes[i];
    }
    return n;
}

/* Nobody can tell what is in it; it may be what is to be erased. */
static int leave_damaged(struct erasing_item *it, int64_t rev)
{
    char what[64];
    snprintf(what, sizeof(what), "item %lld, revision %lld", (long long)it->row.id, (long long)rev);
    return erasing_leave(it->e, what, 0, "audit.left_damaged", it->err);
}

static int look_at_revision(struct erasing_item *it, const struct revision *r)
{
    struct err ignored = {0};
    struct val record;
    if (json_parse(r->body, r->len, it->e->a, &record, &ignored) != 0 || record.type != VAL_MAP)
        return leave_damaged(it, r->rev);
    int64_t n = choose(it, r, &record);
    if (n < 0) return content_too_large(it->err);
    if (n && r->was_published && !it->e->published) it->e->kept += n;
    if (n == 0 || (r->was_published && !it->e->published)) return 0;
    it->values += n;
    it->draft_changed |= r->rev == it->row.draft_rev;
    it->pub_changed |= r->rev == it->row.pub_rev;
    return it->e->is_dry ? 0 : erase_revision(it, r, &record);
}

/* The title that the address was made of is gone. One that is known outside stays with what was published. */
static int drop_address(struct erasing_item *it)
{
    char wanted[40], taken[CONTENT_SLUG_MAX + 24];
    const struct content_type *t = it->type;
    struct store *db = it->e->s->db;
    if (!t->slug || !val_get(&it->draft, t->slug->name) || (it->row.was_public && !it->e->published)) return 0;
    struct stmt *s = store_stmt(db, "delete from item_slug where item = ?1", it->err);
    if (!s) return it->err->code;
    stmt_bind_int(s, 1, it->row.id);
    int rc = stmt_run(s, it->err);
    snprintf(wanted, sizeof(wanted), "erased-%lld", (long long)it->row.id);
    if (rc == 0) rc = content_slug_take(db, it->row.type, wanted, it->row.id, taken, it->err);
    if (rc) return rc;
    memcpy(it->row.slug, taken, sizeof(it->row.slug));
    it->row.next_slug[0] = '\0';
    rc = content_row_save(db, &it->row, it->err);
    if (rc == 0) rc = content_table_put_head(db, t, &it->row, it->err);
    struct val slug = val_map();
    if (rc == 0 && val_set(it->e->a, &slug, "slug", val_str(it->row.slug))) rc = content_too_large(it->err);
    return rc || !it->row.pub_rev ? rc : table_update(db, t->pub, it->row.id, &slug, 0, it->err);
}

static int index_again(struct erasing_item *it, int64_t rev, bool pub)
{
    struct content_revision r;
    struct val stored;
    int rc = content_revision_load(it->e->s->db, it->row.id, rev, it->e->a, &r, it->err);
    if (rc == 0) rc = content_body_read(it->type, r.body, r.body_len, it->e->a, &stored, it->err);
    return rc ? rc : content_index_put(it->e->s->db, it->type, it->row.id, &stored, pub, it->err);
}

static int renew(struct erasing_item *it)
{
    struct store *db = it->e->s->db;
    int rc = 0;
    if (it->draft_changed) rc = table_update(db, it->type->draft, it->row.id, &it->draft, 0, it->err);
    if (rc == 0 && it->pub_changed) rc = table_update(db, it->type->pub, it->row.id, &it->pub, 0, it->err);
    if (rc == 0 && it->draft_changed) rc = drop_address(it);
    if (rc == 0 && it->draft_changed) rc = index_again(it, it->row.draft_rev, false);
    if (rc == 0 && it->pub_changed) rc = index_again(it, it->row.pub_rev, true);
    return rc;
}

static int look_at_item(struct erasing *e, const struct registry *r, int64_t id, struct err *err)
{
    struct erasing_item it = {.e = e, .err = err, .draft = val_map(), .pub = val_map()};
    struct erasing_seen seen = {0};
    struct err ignored = {0};
    struct revision rev = {0};
    int rc = content_row_load(e->s->db, id, &it.row, err);
    if (rc == 0) rc = erasing_rows(e, &log_rows, id, &seen, err);
    bool has = rc == 0 && content_type_of(r, it.row.type, &it.type, &ignored) == 0;
    while (has && rc == 0 && (rc = load(&it, rev.rev, &rev)) == 1)
        rc = look_at_revision(&it, &rev);
    if (rc == 0 && !e->is_dry) rc = renew(&it);
    it.values += seen.values;
    return rc || it.values == 0 ? rc : erasing_tell(e, "item", id, it.values, err);
}

/* The index of texts keeps what was taken out of it until its parts are merged into one. */
static int merge_index(struct erasing *e, bool *more, struct err *err)
{
    struct store *db = e->s->db;
    struct stmt *s = store_stmt(db, "insert into item_text(item_text, rank) values('merge', ?1)", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->at == 0 ? -MERGE_PAGES : MERGE_PAGES);
    int rc = stmt_run(s, err);
    s = rc ? NULL : store_stmt(db, "select count(distinct segid) from item_text_idx", err);
    if (!s) return err->code;
    rc = stmt_step(s, err);
    *more = rc == 1 && stmt_int(s, 0) > 1 && e->at < 100000;
    stmt_done(s);
    e->at++;
    return rc < 0 ? rc : 0;
}

static int look_at_items(struct erasing *e, const struct registry *r, bool *more, struct err *err)
{
    struct stmt *s = store_stmt(e->s->db, "select id from item where id > ?1 order by id limit ?2", err);
    int n = 0, rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, e->at);
    stmt_bind_int(s, 2, ITEMS_AT_ONCE);
    while ((rc = stmt_step(s, err)) == 1) {
        struct arena_mark mark = arena_mark(e->a);
        struct erasing_mark one;
        e->at = stmt_int(s, 0);
        n++;
        rc = erasing_begin(e, &one, err);
        if (rc == 0) rc = look_at_item(e, r, e->at, err);
        rc = erasing_end(e, &one, "item", e->at, rc, err);
        arena_rewind(e->a, mark);
        if (rc) break;
    }
    stmt_done(s);
    *more = n == ITEMS_AT_ONCE;
    return rc;
}

/* --- types that no active plugin declares --- */

/* The next one behind this name that items have had: what is personal in them is not known. */
static int next_undeclared(struct store *db, const struct registry *r, char name[CONTENT_TYPE_MAX + 1], struct err *err)
{
    int rc;
    do {
        const struct content_type *t;
        struct err ignored = {0};
        struct stmt *s = store_stmt(db, "select type from item_slug where type > ?1 order by type limit 1", err);
        if (!s) return err->code;
        stmt_bind_str(s, 1, name);
        rc = stmt_step(s, err);
        if (rc == 1) stmt_copy(s, 0, name, CONTENT_TYPE_MAX + 1);
        stmt_done(s);
        if (rc == 1 && content_type_of(r, name, &t, &ignored) != 0) break;
    } while (rc == 1);
    return rc;
}

static int wait_for_types(struct erasing *e, const struct registry *r, struct err *err)
{
    char name[CONTENT_TYPE_MAX + 1] = "", kind[CONTENT_TYPE_MAX + 8];
    int rc;
    while ((rc = next_undeclared(e->s->db, r, name, err)) == 1) {
        snprintf(kind, sizeof(kind), "type:%s", name);
        rc = erasing_wait(e, kind, erasing_number(name), err);
        if (rc) break;
    }
    return rc;
}

static int is_over(void *ctx, struct store *db, int64_t type, struct err *err)
{
    const struct content *c = ctx;
    struct session s = {.host = c->host, .db = db};
    struct registry *r = content_registry(&s);
    char name[CONTENT_TYPE_MAX + 1] = "";
    int rc, found = 0;
    while (!found && (rc = next_undeclared(db, r, name, err)) == 1)
        found = erasing_number(name) == type;
    registry_drop(r);
    return !found && rc < 0 ? rc : !found;
}

static int look(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    (void)ctx;
    if (strcmp(e->part, INDEX_PART) == 0) return merge_index(e, more, err);
    struct registry *r = content_registry(e->s);
    int rc = e->at == 0 ? wait_for_types(e, r, err) : 0;
    if (rc == 0) rc = look_at_items(e, r, more, err);
    registry_drop(r);
    if (rc || *more || e->is_dry) return rc;
    snprintf(e->part, sizeof(e->part), INDEX_PART);
    e->at = 0;
    *more = true;
    return 0;
}

void content_erase_attach(struct content *c)
{
    audit_add_place(
        c->host->audit,
        &(struct audit_place){.name = "content", .look = look, .is_over = is_over, .ctx = c, .tables = {"item_log"}});
}
