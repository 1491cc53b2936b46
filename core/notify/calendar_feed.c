/* A person's calendar: the deadlines of their open tasks, and the publications to come that they may see.
 *
 * Read on a snapshot and written anew each time: a UID is the thing's own id, so that programs know it again; a date
 * that was set anew has a higher SEQUENCE. */
#include "notify/notify_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/id.h"
#include "base/locale.h"
#include "content/content.h"
#include "flow/task.h"
#include "notify/ics.h"

enum { FEED_MAX = 4 << 20, PAGE = 200, TASKS_MAX = 1000 };

struct event {
    int64_t id, at, stamp, sequence;
    const char *kind, *summary, *link;
};

struct feed {
    struct session s;
    struct arena *a;
    const char *url, *host;
    const struct zone *zone;
    struct event *events;
    size_t n, cap;
    struct err *err;
};

/* Whose is it? The account, too: it may have roles of its own. A link is no way around accounts that are off; it is
 * good again when one is on again. */
static int find_person(struct session *s, const char *token, struct actor *who, char lang[8], struct err *err)
{
    uint8_t hash[DIGEST_LEN];
    size_t len;
    digest_sha256(token, strlen(token), hash);
    struct stmt *st = store_stmt(s->db,
                                 "select t.person, a.id, a.lang from calendar_token t left join account a on a.person ="
                                 " t.person and a.disabled_at is null where t.hash = ?1 order by a.id limit 1",
                                 err);
    if (!st) return err->code;
    stmt_bind_blob(st, 1, hash, sizeof(hash));
    int rc = stmt_step(st, err);
    if (rc == 1) {
        *who = (struct actor){.user = stmt_int(st, 1), .person = stmt_int(st, 0)};
        const char *p = stmt_text(st, 2, &len);
        if (p && len < 8) memcpy(lang, p, len + 1);
    }
    stmt_done(st);
    if (rc != 1) return rc;
    rc = people_is_reachable(s->db, who->person, err);
    return rc ? rc : err_set(err, ERR_DENIED, "notify.calendar_off", NULL);
}

static int add(struct feed *f, struct event e)
{
    if (f->n == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 64;
        struct event *events = arena_alloc(f->a, cap * sizeof(*events));
        if (!events) return err_set(f->err, ERR_LIMIT, "limit.size", NULL);
        if (f->n) memcpy(events, f->events, f->n * sizeof(*events));
        f->events = events;
        f->cap = cap;
    }
    if (!e.summary) return err_set(f->err, ERR_LIMIT, "limit.size", NULL);
    f->events[f->n++] = e;
    return 0;
}

static const char *summary(struct feed *f, const char *key, const char *title)
{
    struct buf b;
    buf_init(&b, 16 << 10);
    locale_format(&b, f->s.lang, key, "title", title ? title : "", NULL);
    const char *out = buf_ok(&b) && b.data ? arena_strndup(f->a, b.data, b.len) : title;
    buf_close(&b);
    return out;
}

static int add_task(struct feed *f, const struct val *t)
{
    struct err_num id;
    struct event e = {.id = val_get_int(t, "id", 0), .at = val_get_int(t, "due", 0), .kind = "task"};
    if (!e.at) return 0;
    e.stamp = id_time(e.id);
    e.summary = summary(f, "notify.calendar.task", val_cstr(f->a, val_get(t, "title")));
    e.link = arena_printf(f->a, "/tasks/%s", err_i64(&id, e.id));
    return add(f, e);
}

/* Page by page, the most urgent first. */
static int add_tasks(struct feed *f)
{
    struct inbox_query q = {.person = f->s.actor.person, .limit = PAGE, .by_due = true};
    int rc = 0;
    do {
        struct val page;
        rc = flow_inbox(&f->s, &q, f->a, &page, f->err);
        if (rc) return rc;
        const struct val *list = val_get(&page, "tasks");
        for (size_t i = 0; rc == 0 && val_at(list, i); i++)
            rc = add_task(f, val_at(list, i));
        q.after = val_cstr(f->a, val_get(&page, "next"));
    } while (rc == 0 && q.after && f->n < TASKS_MAX);
    return rc;
}

static int add_planned(struct feed *f)
{
    struct val list;
    int rc = content_planned(&f->s, f->a, &list, f->err);
    for (size_t i = 0; rc == 0 && val_at(&list, i); i++) {
        const struct val *p = val_at(&list, i);
        const char *slug = val_cstr(f->a, val_get(p, "slug"));
        struct err_num id;
        const char *title = val_cstr(f->a, val_get(p, "title"));
        struct event e = {.id = val_get_int(p, "item", 0),
                          .at = val_get_int(p, "publish_at", 0),
                          .stamp = val_get_int(p, "changed_at", 0),
                          .sequence = val_get_int(p, "times", 1) - 1,
                          .kind = "item"};
        e.summary = summary(f, "notify.calendar.item", title && *title ? title : slug);
        e.link = arena_printf(f->a, "/texts/%s", err_i64(&id, e.id));
        rc = add(f, e);
    }
    return rc;
}

static void write_event(struct feed *f, struct buf *b, const struct event *e)
{
    char text[600];
    struct err_num id;
    snprintf(text, sizeof(text), "%s-%s@%s", e->kind, err_i64(&id, e->id), f->host);
    ics_line(b, "BEGIN", "VEVENT");
    ics_line(b, "UID", text);
    ics_instant(b, "DTSTAMP", e->stamp);
    ics_local(b, "DTSTART", f->zone, e->at);
    ics_line(b, "SEQUENCE", err_i64(&id, e->sequence < 0 ? 0 : e->sequence));
    ics_text(b, "SUMMARY", e->summary);
    if (*f->url && e->link) {
        snprintf(text, sizeof(text), "%s%s", f->url, e->link);
        ics_line(b, "URL", text);
    }
    ics_line(b, "TRANSP", "TRANSPARENT");
    ics_line(b, "END", "VEVENT");
}

static void write_all(struct feed *f, struct buf *b)
{
    int64_t from = f->s.now, until = from;
    const char *name = locale_text(f->s.lang, "notify.calendar.name");
    for (size_t i = 0; i < f->n; i++) {
        if (f->events[i].at < from) from = f->events[i].at;
        if (f->events[i].at > until) until = f->events[i].at;
    }
    ics_line(b, "BEGIN", "VCALENDAR");
    ics_line(b, "VERSION", "2.0");
    ics_line(b, "PRODID", "-//Khung//Khung//EN");
    ics_line(b, "CALSCALE", "GREGORIAN");
    ics_line(b, "METHOD", "PUBLISH");
    ics_text(b, "X-WR-CALNAME", name ? name : "Khung");
    ics_line(b, "REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
    ics_zone(b, f->zone, from, until);
    for (size_t i = 0; i < f->n; i++)
        write_event(f, b, &f->events[i]);
    ics_line(b, "END", "VCALENDAR");
}

static const char *host_of(struct arena *a, const char *url)
{
    const char *at = strstr(url, "://");
    return at ? arena_strndup(a, at + 3, strcspn(at + 3, "/:")) : "khung";
}

int notify_calendar(struct session *s, const char *token, struct arena *a, struct val *out, struct err *err)
{
    struct feed f = {.s = *s, .a = a, .err = err};
    struct buf b;
    char lang[8] = "";
    int rc = find_person(s, token, &f.s.actor, lang, err);
    if (rc <= 0) return rc;
    f.s.lang = locale_pick(lang[0] ? lang : s->host->lang);
    f.url = s->host->notify->url;
    f.host = host_of(a, f.url);
    if (!f.host) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    rc = zone_find(s->zone, &f.zone, err);
    if (rc == 0) rc = add_tasks(&f);
    if (rc == 0) rc = add_planned(&f);
    if (rc) return rc;
    buf_init(&b, FEED_MAX);
    write_all(&f, &b);
    char *text = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    if (text) *out = val_strn(text, b.len);
    buf_close(&b);
    return text ? 1 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
