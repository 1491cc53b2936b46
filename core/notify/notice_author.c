/* What an author is told of their text: that it was sent back, with why, by whom and what to do now; that it was
 * approved. Told are who wrote the item and who handed it in last, but not of what they did themselves. */
#include <string.h>

#include "base/locale.h"
#include "content/content.h"
#include "notify/notify_internal.h"

struct verdict {
    struct notify *n;
    struct session *s;
    const char *event, *title, *link;
    const struct val *data;
    bool is_return;
};

static int64_t person_of(const struct val *v)
{
    return val_is(v, VAL_OBJ) ? v->as.obj.id : val_is(v, VAL_INT) ? v->as.i : 0;
}

/* Who decided: as the answer says it; else who did it with their own hands. A run does nothing of its own accord. */
static int64_t decider(const struct verdict *v)
{
    int64_t by = person_of(val_get(val_get(v->data, "by"), "person"));
    return by || v->s->actor.run || val_get(v->data, "by") ? by : v->s->actor.person;
}

/* "Trần Mai (Trưởng ban)", or the one of both that is known; "" when nothing is. */
static int add_who(struct verdict *v, struct buf *b, struct err *err)
{
    struct val person;
    int64_t by = decider(v);
    const char *as = val_get_str(val_get(v->data, "by"), "as");
    int rc = by ? people_person_get(v->s->db, by, &v->n->arena, &person, err) : 0;
    const char *name = rc == 1 ? val_get_str(person.as.obj.fields, "name") : NULL;
    const char *title = NULL;
    rc = rc >= 0 && as ? people_position_title(v->s->db, as, &v->n->arena, &title, err) : rc;
    if (rc < 0) return rc;
    if (title) as = title;
    if (name) buf_add_str(b, name);
    if (as && *as) buf_printf(b, name ? " (%s)" : "%s", as);
    return 0;
}

/* Comments by field, but those that the comment on the whole repeats. */
static void add_notes(struct verdict *v, const char *reason, struct buf *b)
{
    const struct val *notes = val_get(v->data, "notes");
    for (size_t i = 0; val_is(notes, VAL_MAP) && i < notes->as.map.n; i++) {
        const char *note = val_cstr(&v->n->arena, &notes->as.map.pairs[i].v);
        if (note && !strstr(reason, note)) buf_printf(b, "- %s: %s\n", notes->as.map.pairs[i].key, note);
    }
}

static int write_text(struct verdict *v, const char *lang, struct buf *b, struct err *err)
{
    const char *reason = val_get_str(v->data, "reason");
    struct buf who;
    buf_init(&who, 16 << 10);
    int rc = add_who(v, &who, err);
    const char *key = v->is_return ? "notify.sent_back" : "notify.approved";
    const char *key_by = v->is_return ? "notify.sent_back_by" : "notify.approved_by";
    if (rc == 0 && who.len && buf_ok(&who))
        locale_format(b, lang, key_by, "who", arena_strndup(&v->n->arena, who.data, who.len), "title", v->title, NULL);
    else if (rc == 0)
        locale_format(b, lang, key, "title", v->title, NULL);
    buf_close(&who);
    if (rc || !v->is_return) return rc;
    buf_printf(b, "\n\n%s\n", reason ? reason : "");
    add_notes(v, reason ? reason : "", b);
    buf_add_char(b, '\n');
    locale_format(b, lang, "notify.sent_back_next", NULL);
    return 0;
}

static int tell(struct verdict *v, const struct people_reached *to, struct err *err)
{
    struct notice what = {.kind = v->event, .ref = val_get_int(v->data, "item", 0), .title = v->title, .link = v->link};
    struct buf text;
    buf_init(&text, NOTIFY_TEXT_MAX);
    int rc = write_text(v, locale_pick(to->lang ? to->lang : v->n->host->lang), &text, err);
    what.text = rc == 0 && buf_ok(&text) ? arena_strndup(&v->n->arena, text.data, text.len) : NULL;
    buf_close(&text);
    if (rc == 0 && !what.text) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    return rc ? rc : notice_tell(v->n, v->s, to, &what, err);
}

static int tell_person(struct verdict *v, int64_t id, struct err *err)
{
    struct people_crowd crowd = {.most = 1000};
    struct val who = val_int(id);
    if (id <= 0 || id == decider(v)) return 0;
    int rc = people_reach(v->s, &who, &v->n->arena, &crowd, err);
    return rc || crowd.n == 0 ? rc : tell(v, &crowd.of[0], err); /* not who stands in: that is for tasks */
}

int notice_author(struct notify *n, struct session *s, const char *event, const struct val *data, struct err *err)
{
    struct content_key key = {.id = val_get_int(data, "item", 0)};
    struct session own = *s;
    struct verdict v = {n, &own, event, .data = data, .is_return = strcmp(event, "content.sent_back") == 0};
    struct val item;
    struct err_num id;
    int64_t submitter = 0;
    own.arena = &n->arena;
    int rc = content_get(&own, &key, &n->arena, &item, err);
    if (rc <= 0) return rc;
    const struct val *fields = item.as.obj.fields;
    const char *title = val_cstr(&n->arena, val_get(fields, "title"));
    v.title = title && *title ? title : val_cstr(&n->arena, val_get(fields, "slug"));
    v.link = arena_printf(&n->arena, "/texts/%s", err_i64(&id, key.id));
    int64_t author = person_of(val_get(fields, "created_by"));
    if (!v.title) return 0;
    rc = content_submitter(s->db, key.id, &submitter, err);
    if (rc == 0) rc = tell_person(&v, author, err);
    return rc || submitter == author ? rc : tell_person(&v, submitter, err);
}
