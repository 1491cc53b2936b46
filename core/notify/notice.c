/* Notices: one row a person and event; by their wishes they are mailed, too. */
#include "notify/notify_internal.h"

#include <string.h>

#include "base/id.h"
#include "content/content.h"
#include "runtime/smtp.h"

/* So many are told within the slice in which it happens, at some 20 µs each; more are brought it by the host. */
enum { AT_ONCE = 20 };

static void bind_or_null(struct stmt *s, int at, int64_t v)
{
    if (v)
        stmt_bind_int(s, at, v);
    else
        stmt_bind_null(s, at);
}

static int insert(struct notify *n, struct session *s, int64_t person, const struct notice *what, int64_t mail_at,
                  bool digest, struct err *err)
{
    struct stmt *st =
        store_stmt(s->db,
                   "insert into notice(id, person, at, kind, ref, title, text, html, plugin, link, mail_at, digest)"
                   " values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                   err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, id_next(lane_ids(n->lane), s->now));
    stmt_bind_int(st, 2, person);
    stmt_bind_int(st, 3, s->now);
    stmt_bind_str(st, 4, what->kind);
    bind_or_null(st, 5, what->ref);
    stmt_bind_str(st, 6, what->title);
    stmt_bind_str(st, 7, what->text);
    stmt_bind_str(st, 8, what->html);
    stmt_bind_str(st, 9, what->plugin);
    stmt_bind_str(st, 10, what->link);
    bind_or_null(st, 11, mail_at);
    bind_or_null(st, 12, digest);
    int rc = stmt_run(st, err);
    if (rc == 0 && mail_at) lane_wake_at(n->lane, &n->notices_source, mail_at);
    return rc;
}

int notice_tell(struct notify *n, struct session *s, const struct people_reached *to, const struct notice *what,
                struct err *err)
{
    struct notice_wish wish;
    int rc = notice_wish_read(s->db, to->person, what->kind, &wish, err);
    if (rc || wish.way == NOTICE_NONE) return rc;
    bool mails = wish.way != NOTICE_APP && notify_has_mail(n) && to->email && smtp_is_address(to->email);
    return insert(n, s, to->person, what, mails ? notice_when(&wish, s->zone, s->now) : 0, wish.way == NOTICE_DIGEST,
                  err);
}

/* --- what happens below --- */

static int tell_all(struct notify *n, struct session *s, const struct people_crowd *crowd, const struct notice *what,
                    struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < crowd->n; i++)
        rc = notice_tell(n, s, &crowd->of[i], what, err);
    return rc;
}

static int tell_task(struct notify *n, struct session *s, const char *event, const struct val *data, struct err *err)
{
    struct people_crowd crowd = {.most = AT_ONCE};
    struct err_num id;
    const struct val *to = val_get(data, "to");
    int64_t task = val_get_int(data, "task", 0);
    struct notice what = {.kind = event, .ref = task, .title = val_cstr(&n->arena, val_get(data, "title"))};
    struct mailing later = {.kind = event, .what = &what, .targets = to};
    struct err over = {0};
    int rc = 0;
    what.link = arena_printf(&n->arena, "/tasks/%s", err_i64(&id, task));
    if (!what.title || !what.link) return 0;
    for (size_t i = 0; rc == 0 && val_at(to, i); i++)
        rc = people_reach(s, val_at(to, i), &n->arena, &crowd, &over);
    if (rc == ERR_LIMIT) return mailing_add(n, s, &later, err);
    if (rc) *err = over;
    return rc ? rc : tell_all(n, s, &crowd, &what, err);
}

/* Those who follow this type, or this unit or one above it; and who wrote it. */
static const char followers_sql[] =
    "select person from notice_follow where type in ('', ?1) and (unit = 0 or (?2 <> 0 and unit in (with recursive"
    " up(id) as (select ?2 union select p.parent from up join unit_parent p on p.unit = up.id where p.valid_from <= ?3"
    " and (p.valid_to is null or p.valid_to > ?3)) select id from up))) union select ?4 where ?4 > 0 order by 1 limit "
    "?5";

static int64_t id_of(const struct val *v)
{
    return val_is(v, VAL_OBJ) ? v->as.obj.id : val_is(v, VAL_INT) ? v->as.i : 0;
}

static int add_followers(struct notify *n, struct session *s, const struct val *fields, struct people_crowd *crowd,
                         struct err *err)
{
    const struct val *type = val_get(fields, "type");
    int rc;
    crowd->of = arena_alloc(&n->arena, crowd->most * sizeof(*crowd->of));
    struct stmt *st = crowd->of ? store_stmt(s->db, followers_sql, err) : NULL;
    if (!st) return crowd->of ? err->code : err_set(err, ERR_NOMEM, "memory", NULL);
    stmt_bind_text(st, 1, type ? type->as.str.s : "", type ? type->as.str.len : 0);
    stmt_bind_int(st, 2, id_of(val_get(fields, "unit")));
    stmt_bind_int(st, 3, people_day(n->host, s->now));
    stmt_bind_int(st, 4, id_of(val_get(fields, "created_by")));
    stmt_bind_int(st, 5, (int64_t)crowd->most);
    while ((rc = stmt_step(st, err)) == 1)
        crowd->of[crowd->n++] = (struct people_reached){.person = stmt_int(st, 0)};
    stmt_done(st);
    return rc;
}

/* Few are told at once, with their names and addresses. */
static int tell_followers(struct notify *n, struct session *s, const struct people_crowd *ids,
                          const struct notice *what, struct err *err)
{
    struct people_crowd crowd = {.most = 100 * AT_ONCE};
    struct mailing later = {.kind = what->kind, .what = what, .to = ids};
    int rc = 0;
    if (ids->n > AT_ONCE) return mailing_add(n, s, &later, err);
    for (size_t i = 0; rc == 0 && i < ids->n; i++) {
        struct val person = val_int(ids->of[i].person);
        size_t before = crowd.n;
        rc = people_reach(s, &person, &n->arena, &crowd, err);
        if (crowd.n > before + 1) crowd.n = before + 1; /* not who stands in: that is for tasks */
    }
    return rc ? rc : tell_all(n, s, &crowd, what, err);
}

static int tell_published(struct notify *n, struct session *s, const struct val *data, struct err *err)
{
    struct people_crowd ids = {.most = NOTIFY_CROWD_MAX};
    struct content_key key = {.id = val_get_int(data, "item", 0), .published = true};
    struct session own = *s;
    struct val item;
    own.arena = &n->arena;
    int rc = content_get(&own, &key, &n->arena, &item, err);
    if (rc <= 0) return rc;
    rc = add_followers(n, &own, item.as.obj.fields, &ids, err);
    if (rc || ids.n == 0) return rc;
    const char *title = val_cstr(&n->arena, val_get(item.as.obj.fields, "title"));
    const char *slug = val_cstr(&n->arena, val_get(item.as.obj.fields, "slug"));
    struct err_num id;
    struct notice what = {.kind = "content.published", .ref = key.id, .title = title && *title ? title : slug};
    what.link = arena_printf(&n->arena, "/texts/%s", err_i64(&id, key.id));
    return what.title ? tell_followers(n, &own, &ids, &what, err) : 0;
}

int notice_event(struct notify *n, struct session *s, const char *event, const struct val *data, struct err *err)
{
    if (strncmp(event, "task.", 5) == 0 && strcmp(notice_kind_find(event)->name, event) == 0)
        return tell_task(n, s, event, data, err);
    if (strcmp(event, "content.sent_back") == 0 || strcmp(event, "content.approved") == 0)
        return notice_author(n, s, event, data, err);
    return strcmp(event, "content.published") == 0 ? tell_published(n, s, data, err) : 0;
}
