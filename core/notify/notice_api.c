/* A person's notices and wishes, for REST and the command line. */
#include <stdio.h>
#include <string.h>

#include "notify/notify_internal.h"
#include "plugin/api_list.h"

enum { KEPT_DAYS = 365 };

static int who(struct api_call *c, int64_t *person)
{
    *person = c->s->actor.person;
    return *person > 0 ? 0 : err_set(c->err, ERR_DENIED, "denied.nobody", NULL);
}

static int too_large(struct api_call *c)
{
    return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
}

static int set_text(struct stmt *s, int col, const char *name, struct arena *a, struct val *row)
{
    size_t len;
    const char *p = stmt_text(s, col, &len);
    char *copy = p ? arena_strndup(a, p, len) : NULL;
    if (!p) return 0;
    return copy ? val_set_new(a, row, name, val_strn(copy, len)) : ERR_LIMIT;
}

static const struct list_column columns[] = {{"id", FIELD_INTEGER, LIST_SHOWN, "n.id"},
                                             {"at", FIELD_INSTANT, LIST_RANGE | LIST_SORT, "n.at"},
                                             {"kind", FIELD_TEXT, LIST_FILTER, "n.kind"},
                                             {"title", FIELD_TEXT, LIST_SHOWN, "n.title"},
                                             {"text", FIELD_TEXT, LIST_SHOWN, "n.text"},
                                             {"link", FIELD_TEXT, LIST_SHOWN, "n.link"},
                                             {"ref", FIELD_INTEGER, LIST_SHOWN, "n.ref"},
                                             {"read_at", FIELD_INSTANT, LIST_SHOWN, "n.read_at"},
                                             {0}};
static const struct list_option list_options[] = {
    {"unread", "boolean", "Those that are not read yet.", .where = "n.read_at is null"}, {0}};
static const struct list notice_list = {.name = "notices",
                                        .order = "-at",
                                        .key = "id",
                                        .columns = columns,
                                        .from = "notice n",
                                        .where = "n.person = ?1",
                                        .options = list_options};

static int list(struct api_call *c)
{
    struct list_query q;
    int64_t person;
    int rc = who(c, &person);
    if (rc == 0) rc = api_list_read(c, &c->args[0], &q);
    if (rc) return rc;
    struct list_rows how = {.bound = {val_int(person)}, .nbound = 1};
    return api_list(c, &q, &how);
}

const char notify_unread_sql[] =
    "select count(*) from (select 1 from notice where person = ?1 and read_at is null limit ?2)";

int notify_unread(struct store *db, int64_t person, struct err *err)
{
    struct stmt *s = store_stmt(db, notify_unread_sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, NOTIFY_UNREAD_MAX);
    int rc = stmt_step(s, err);
    int n = rc == 1 ? (int)stmt_int(s, 0) : 0;
    stmt_done(s);
    return rc < 0 ? rc : n;
}

static int read_one(struct api_call *c, int64_t person, int64_t id)
{
    struct stmt *s = store_stmt(c->s->db,
                                "update notice set read_at = ?3 where person = ?1 and read_at is null and"
                                " (?2 = 0 or id = ?2)",
                                c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, id);
    stmt_bind_int(s, 3, c->s->now);
    return stmt_run(s, c->err);
}

/* What was read is kept for a year. */
static int drop_old(struct api_call *c, int64_t person)
{
    struct stmt *s =
        store_stmt(c->s->db, "delete from notice where person = ?1 and read_at < ?2 and mail_at is null", c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, c->s->now - KEPT_DAYS * INT64_C(86400000));
    return stmt_run(s, c->err);
}

static int mark_read(struct api_call *c)
{
    const struct val *ids = val_get(&c->args[0], "ids");
    int64_t person;
    int rc = who(c, &person);
    if (rc == 0) rc = drop_old(c, person);
    if (rc == 0 && val_get_bool(&c->args[0], "all", false)) return read_one(c, person, 0);
    for (size_t i = 0; rc == 0 && val_at(ids, i); i++)
        if (val_is(val_at(ids, i), VAL_INT) && val_at(ids, i)->as.i > 0) rc = read_one(c, person, val_at(ids, i)->as.i);
    return rc;
}

/* --- wishes --- */

static int add_ways(struct api_call *c, int64_t person, struct val *ways)
{
    struct notice_wish wish;
    int rc = 0;
    for (const struct notice_kind *k = notice_kinds; rc == 0 && k->name; k++) {
        rc = notice_wish_read(c->s->db, person, k->name, &wish, c->err);
        if (rc == 0 && val_set(c->arena, ways, k->name, val_str(notice_ways[wish.way]))) rc = too_large(c);
    }
    struct stmt *s = rc ? NULL : store_stmt(c->s->db, "select kind, way from notice_way where person = ?1", c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, person);
    while ((rc = stmt_step(s, c->err)) == 1) {
        size_t len;
        const char *p = stmt_text(s, 0, &len);
        char *kind = arena_strndup(c->arena, p, len);
        if (kind && val_get(ways, kind)) continue; /* one of the usual ones: it is there */
        if (!kind || set_text(s, 1, kind, c->arena, ways) == ERR_LIMIT) rc = too_large(c);
        if (rc < 0) break;
    }
    stmt_done(s);
    return rc;
}

static int add_time(struct api_call *c, const char *name, int minute)
{
    if (minute < 0) return 0;
    const char *text = arena_printf(c->arena, "%02d:%02d", minute / 60, minute % 60);
    return text && val_set(c->arena, &c->result, name, val_str(text)) == 0 ? 0 : too_large(c);
}

static int add_follows(struct api_call *c, int64_t person)
{
    struct val follows = val_list();
    int rc;
    struct stmt *s = store_stmt(c->s->db,
                                "select f.type, u.code from notice_follow f left join unit u on u.id = f.unit where"
                                " f.person = ?1",
                                c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, person);
    while ((rc = stmt_step(s, c->err)) == 1) {
        struct val row = val_map();
        if (set_text(s, 0, "type", c->arena, &row) || set_text(s, 1, "unit", c->arena, &row) ||
            val_add(c->arena, &follows, row)) {
            rc = too_large(c);
            break;
        }
    }
    stmt_done(s);
    return rc ? rc : val_set(c->arena, &c->result, "follows", follows) ? too_large(c) : 0;
}

static int preferences(struct api_call *c)
{
    struct notice_wish wish;
    struct val ways = val_map();
    int64_t person;
    int rc = who(c, &person);
    if (rc == 0) rc = notice_wish_read(c->s->db, person, "mail", &wish, c->err);
    if (rc == 0) rc = add_ways(c, person, &ways);
    if (rc) return rc;
    c->result = val_map();
    if (val_set(c->arena, &c->result, "ways", ways) != 0) return too_large(c);
    rc = add_time(c, "quiet_from", wish.quiet_from);
    if (rc == 0) rc = add_time(c, "quiet_until", wish.quiet_until);
    if (rc == 0) rc = add_time(c, "digest_at", wish.digest_at);
    return rc ? rc : add_follows(c, person);
}

static int set_way(struct api_call *c, int64_t person, const char *kind, const struct val *way)
{
    int known = -1;
    for (int i = 0; i < NOTICE_WAYS; i++)
        if (val_is_str(way, notice_ways[i])) known = i;
    if (known < 0 || strlen(kind) > NOTIFY_TOPIC_MAX)
        return err_set(c->err, ERR_INVALID, "notify.way", "kind", kind, NULL);
    if (known == NOTICE_NONE && notice_kind_find(kind)->is_duty)
        return err_set(c->err, ERR_REFUSED, "notify.duty", "kind", kind, NULL);
    struct stmt *s = store_stmt(c->s->db,
                                "insert into notice_way(person, kind, way) values(?1, ?2, ?3)"
                                " on conflict(person, kind) do update set way = excluded.way",
                                c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_str(s, 2, kind);
    stmt_bind_str(s, 3, notice_ways[known]);
    return stmt_run(s, c->err);
}

/* "21:00"; "" clears it (-1). */
static int take_time(struct api_call *c, const char *name, int *out)
{
    const char *text = api_str(val_get(&c->args[0], name));
    int hour, minute, used = 0;
    if (!text) return 0;
    *out = -1;
    if (!*text) return 0;
    if (sscanf(text, "%2d:%2d%n", &hour, &minute, &used) != 2 || text[used] || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59)
        return err_set(c->err, ERR_INVALID, "notify.time", "name", name, "value", text, NULL);
    *out = hour * 60 + minute;
    return 0;
}

static void bind_minute(struct stmt *s, int at, int minute)
{
    if (minute < 0)
        stmt_bind_null(s, at);
    else
        stmt_bind_int(s, at, minute);
}

static int prefer(struct api_call *c)
{
    const struct val *ways = val_get(&c->args[0], "ways");
    struct notice_wish wish;
    int64_t person;
    int rc = who(c, &person);
    if (rc == 0) rc = notice_wish_read(c->s->db, person, "mail", &wish, c->err);
    for (size_t i = 0; rc == 0 && val_is(ways, VAL_MAP) && i < ways->as.map.n; i++)
        rc = set_way(c, person, ways->as.map.pairs[i].key, &ways->as.map.pairs[i].v);
    if (rc == 0) rc = take_time(c, "quiet_from", &wish.quiet_from);
    if (rc == 0) rc = take_time(c, "quiet_until", &wish.quiet_until);
    if (rc == 0) rc = take_time(c, "digest_at", &wish.digest_at);
    struct stmt *s = rc ? NULL
                        : store_stmt(c->s->db,
                                     "insert into notice_times(person, quiet_from, quiet_until, digest_at)"
                                     " values(?1, ?2, ?3, ?4) on conflict(person) do update set quiet_from ="
                                     " excluded.quiet_from, quiet_until = excluded.quiet_until, digest_at ="
                                     " excluded.digest_at",
                                     c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, person);
    bind_minute(s, 2, wish.quiet_from);
    bind_minute(s, 3, wish.quiet_until);
    bind_minute(s, 4, wish.digest_at);
    return stmt_run(s, c->err);
}

/* { type, unit (a code), stop }: both missing follows everything that is published. */
static int follow(struct api_call *c)
{
    const struct val *o = &c->args[0];
    const char *type = api_str(val_get(o, "type")), *code = api_str(val_get(o, "unit"));
    int64_t person, unit = 0;
    int rc = who(c, &person);
    if (rc == 0 && code) {
        rc = people_unit_by_code(c->s->db, code, &unit, c->err);
        if (rc == 0) return err_set(c->err, ERR_NOT_FOUND, "people.no_unit", "code", code, NULL);
        rc = rc < 0 ? rc : 0;
    }
    if (rc) return rc;
    struct stmt *s = store_stmt(c->s->db,
                                val_get_bool(o, "stop", false)
                                    ? "delete from notice_follow where person = ?1 and type = ?2 and unit = ?3"
                                    : "insert into notice_follow(person, type, unit) values(?1, ?2, ?3)"
                                      " on conflict do nothing",
                                c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_str(s, 2, type ? type : "");
    stmt_bind_int(s, 3, unit);
    return stmt_run(s, c->err);
}

static const struct api_fn functions[] = {
    {"notice.list", list, "options:map", "list", API_READ, API_HOST, 1, "The caller's notices, newest first.",
     .list = &notice_list},
    {"notice.read", mark_read, "what:map{ids:list:integer,all:boolean}!", "", API_WRITE, API_HOST, 1,
     "The caller has read these, or all."},
    {"notice.preferences", preferences, "", "map", API_READ, API_HOST, 1,
     "How the caller is told of what: ways by kind, quiet hours, the hour of the digest, what they follow.",
     .gives = "ways:map:text! quiet_from:text quiet_until:text digest_at:text follows:list{type:text,unit:text}!"},
    {"notice.prefer", prefer, "wishes:map{ways:map,quiet_from:text,quiet_until:text,digest_at:text}!", "", API_WRITE,
     API_HOST, 1, "Changes that: a way is none, app, mail or digest; times are local, \"21:00\", or \"\" for none."},
    {"notice.follow", follow, "what:map{type:text,unit:text,stop:boolean}!", "", API_WRITE, API_HOST, 1,
     "The caller is told of publications of a type, in a unit and below."},
    {0},
};

void notice_add_api(struct notify *n, struct api *api)
{
    api_add(api, functions, n);
}
