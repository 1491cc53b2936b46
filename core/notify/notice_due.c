/* Notices that are to be mailed by now: one mail a person, of one notice as it is, of several as a list.
 *
 * What was read in the app meanwhile, and tasks that are closed, are left out. */
#include "notify/notify_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/kinds.h"
#include "base/locale.h"
#include "base/mem.h"
#include "flow/task.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum { DUE_MOST = 40, LOAD_BYTES = 4 << 20, LISTED_BYTES = 4 << 10, PAUSE_MS = 60000 };

struct due_work {
    struct lane_work work;
    struct notify *notify;
    int64_t person;
};

struct told {
    int64_t id;
    bool digest, done; /* done: nothing is to be mailed any more */
    struct notice notice;
};

struct due {
    struct notify *n;
    struct session s;
    struct arena *a;
    struct people_reached to;
    const char *lang;
    struct told list[DUE_MOST];
    size_t count;
    bool more, is_secret; /* is_secret: a link in the mail is a key */
    struct err *err;
};

static int text_at(struct due *d, struct stmt *s, int col, const char **out)
{
    size_t len;
    const char *p = stmt_text(s, col, &len);
    *out = p ? arena_strndup(d->a, p, len) : NULL;
    return p && !*out ? err_set(d->err, ERR_NOMEM, "memory", NULL) : 0;
}

static int load(struct due *d, int64_t person)
{
    struct stmt *s =
        store_stmt(d->s.db,
                   "select id, ref, read_at, digest, kind, title, text, html, link from notice where person"
                   " = ?1 and mail_at is not null and mail_at <= ?2 order by id limit ?3",
                   d->err);
    int rc;
    if (!s) return d->err->code;
    stmt_bind_int(s, 1, person);
    stmt_bind_int(s, 2, d->s.now);
    stmt_bind_int(s, 3, DUE_MOST);
    while ((rc = stmt_step(s, d->err)) == 1) {
        struct told *t = &d->list[d->count++];
        struct notice *w = &t->notice;
        const char **texts[] = {&w->kind, &w->title, &w->text, &w->html, &w->link};
        *t = (struct told){.id = stmt_int(s, 0), .done = !stmt_is_null(s, 2), .digest = stmt_int(s, 3) != 0};
        w->ref = stmt_int(s, 1);
        for (int i = 0; rc == 1 && i < 5; i++)
            if (text_at(d, s, 4 + i, texts[i]) != 0) rc = ERR_NOMEM;
        d->more = d->count == DUE_MOST || d->a->used > LOAD_BYTES;
        if (rc < 0 || d->more) break;
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int is_closed_task(struct due *d, struct notice *w)
{
    struct val task;
    if (strncmp(w->kind, "task.", 5) != 0) return 0;
    int rc = flow_read_task(&d->s, w->ref, d->a, &task, d->err);
    if (rc == 1) w->due = val_get_int(&task, "due", 0);
    return rc < 0 ? rc : rc == 0 || !val_is_str(val_get(&task, "state"), "open");
}

static int sift(struct due *d)
{
    for (size_t i = 0; i < d->count; i++) {
        int closed = is_closed_task(d, &d->list[i].notice);
        if (closed < 0) return closed;
        if (closed) d->list[i].done = true;
    }
    return 0;
}

/* "LABEL: title", by the kind: notify.kind.task.asked; a topic's own title says enough. */
static void add_title(struct due *d, struct buf *b, const struct notice *w)
{
    char key[80];
    buf_init(b, 16 << 10);
    snprintf(key, sizeof(key), "notify.kind.%s", strlen(w->kind) < 60 ? w->kind : "");
    const char *label = locale_text(d->lang, key);
    if (label && strcmp(w->kind, "mail") != 0) buf_printf(b, "%s: ", label);
    /* A title may be of several lines; a subject may not. */
    size_t room = NOTIFY_SUBJECT_MAX - 100;
    for (const char *p = w->title; *p && (room > 0 || ((unsigned char)*p & 0xc0) == 0x80); p++, room -= room > 0)
        buf_add_char(b, (unsigned char)*p < 32 || *p == 127 ? ' ' : *p);
}

static int add_notice(struct due *d, struct buf *b, const struct notice *w)
{
    struct buf title;
    struct val at;
    add_title(d, &title, w);
    buf_add(b, title.data, title.len);
    buf_add_char(b, '\n');
    buf_close(&title);
    if (w->text && strlen(w->text) < LISTED_BYTES) buf_printf(b, "\n%s\n", w->text);
    if (w->due && kind_instant(d->a, w->due, d->s.zone, &at) == 0) {
        locale_format(b, d->lang, "notify.due", "at", val_get_str(at.as.obj.fields, "text"), NULL);
        buf_add_char(b, '\n');
    }
    struct notice_links links = {.notice = w, .person = d->to.person, .lang = d->lang};
    int rc = notice_add_links(d->n, &d->s, &links, b, d->err);
    d->is_secret = d->is_secret || rc == 1;
    return rc < 0 ? rc : 0;
}

static int queue(struct due *d, struct buf *subject, struct buf *text, const char *kind, const char *html)
{
    struct mail_message m = {
        .person = d->to.person, .to = d->to.email, .name = d->to.name, .lang = d->lang, .kind = kind, .html = html};
    m.is_secret = d->is_secret;
    d->is_secret = false;
    m.subject = buf_ok(subject) ? arena_strndup(d->a, subject->data, subject->len) : NULL;
    m.text = buf_ok(text) ? arena_strndup(d->a, text->data ? text->data : "", text->len) : NULL;
    buf_close(subject);
    buf_close(text);
    if (!m.subject || !m.text) return err_set(d->err, ERR_NOMEM, "memory", NULL);
    return mail_queue(d->n, &d->s, &m, d->err);
}

/* A message of its own. */
static int mail_one(struct due *d, const struct notice *w)
{
    struct buf subject, text;
    int rc = 0;
    buf_init(&text, NOTIFY_TEXT_MAX + 1);
    if (w->text) {
        struct notice_links links = {.notice = w, .person = d->to.person, .lang = d->lang};
        buf_add_str(&text, w->text);
        if (w->link) buf_add_str(&text, "\n\n");
        rc = notice_add_links(d->n, &d->s, &links, &text, d->err);
        d->is_secret = d->is_secret || rc == 1;
        rc = rc < 0 ? rc : 0;
    } else {
        rc = add_notice(d, &text, w);
    }
    if (rc) {
        buf_close(&text);
        return rc;
    }
    add_title(d, &subject, w);
    return queue(d, &subject, &text, w->kind, w->html);
}

/* What was written by a plugin goes by itself, unless its reader wants it once a day. */
static bool is_alone(const struct told *t)
{
    return t->notice.text && !t->digest;
}

static int mail_list(struct due *d, size_t n)
{
    struct buf subject, text;
    struct err_num num;
    bool first = true;
    int rc = 0;
    buf_init(&text, NOTIFY_TEXT_MAX);
    for (size_t i = 0; rc == 0 && i < d->count; i++) {
        if (d->list[i].done || is_alone(&d->list[i])) continue;
        if (!first) buf_add_char(&text, '\n');
        first = false;
        rc = add_notice(d, &text, &d->list[i].notice);
    }
    if (rc) {
        buf_close(&text);
        return rc;
    }
    buf_init(&subject, 1000);
    locale_format(&subject, d->lang, "notify.digest", "n", err_i64(&num, (int64_t)n), NULL);
    return queue(d, &subject, &text, "mail", NULL);
}

static int mail_person(struct due *d)
{
    const struct notice *only = NULL;
    size_t listed = 0;
    int rc = 0;
    d->lang = locale_pick(d->to.lang ? d->to.lang : d->n->host->lang);
    for (size_t i = 0; rc == 0 && i < d->count; i++) {
        if (d->list[i].done) continue;
        if (is_alone(&d->list[i])) {
            rc = mail_one(d, &d->list[i].notice);
        } else {
            only = &d->list[i].notice;
            listed++;
        }
    }
    if (rc == 0 && listed == 1) rc = mail_one(d, only);
    if (rc == 0 && listed > 1) rc = mail_list(d, listed);
    /* An address or a title that was good when the notice was made: it stays in the app. */
    if (rc != ERR_INVALID && rc != ERR_LIMIT) return rc;
    log_err(LOG_WARN, "notify.not_mailed", d->err);
    return 0;
}

static int mark_mailed(struct due *d)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < d->count; i++) {
        struct stmt *s = store_stmt(d->s.db, "update notice set mail_at = null where id = ?1", d->err);
        if (!s) return d->err->code;
        stmt_bind_int(s, 1, d->list[i].id);
        rc = stmt_run(s, d->err);
    }
    return rc;
}

static int mail_all(struct due *d, int64_t person)
{
    struct people_crowd crowd = {.most = 1000};
    struct val who = val_int(person);
    int rc = load(d, person);
    if (rc == 0) rc = sift(d);
    if (rc == 0) rc = people_reach(&d->s, &who, d->a, &crowd, d->err);
    if (rc == 0 && crowd.n && crowd.of[0].email && notify_has_mail(d->n)) {
        d->to = crowd.of[0];
        rc = mail_person(d);
    }
    return rc ? rc : mark_mailed(d);
}

static int run_due(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct due_work *dw = (struct due_work *)w;
    struct notify *n = dw->notify;
    struct due *d = mem_alloc(sizeof(*d));
    struct arena_mark mark = arena_mark(&n->arena);
    *d = (struct due){.n = n, .a = &n->arena, .err = err};
    d->s = notify_session(n, lane);
    crash_point("notify.before_mail");
    int rc = mail_all(d, dw->person);
    crash_point("notify.after_mail");
    arena_rewind(&n->arena, mark);
    mem_free(d);
    return rc;
}

static void done_due(struct lane_work *w, const struct err *failed)
{
    struct due_work *dw = (struct due_work *)w;
    if (failed) {
        log_err(LOG_ERROR, "notify.due_failed", failed);
        lane_wake_at(dw->notify->lane, &dw->notify->notices_source, clock_now(&dw->notify->host->clock) + PAUSE_MS);
    }
    /* With the last one the rest is looked for: of this person, and of those who came after the first few. */
    if (--dw->notify->in_flight == 0 && !failed) lane_wake_at(dw->notify->lane, &dw->notify->notices_source, 0);
    mem_free(dw);
}

int64_t notices_collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct notify *n = (struct notify *)((char *)src - offsetof(struct notify, notices_source));
    struct err err = {0};
    int64_t next = INT64_MAX;
    int rc;
    if (n->in_flight) return INT64_MAX; /* the last of them wakes this source */
    /* One person may have very many: those that come first in time are looked at, whosoever they are. */
    struct stmt *s = store_stmt(lane_db(lane),
                                "select distinct person from (select person from notice where mail_at is not null and"
                                " mail_at <= ?1 order by mail_at limit ?2)",
                                &err);
    if (!s) goto failed;
    stmt_bind_int(s, 1, now);
    stmt_bind_int(s, 2, max);
    while ((rc = stmt_step(s, &err)) == 1) {
        struct due_work *dw = mem_alloc(sizeof(*dw));
        *dw = (struct due_work){.work = {.run = run_due, .done = done_due}, .notify = n, .person = stmt_int(s, 0)};
        lane_add(lane, &dw->work);
        n->in_flight++;
    }
    stmt_done(s);
    if (rc < 0) goto failed;
    s = store_stmt(lane_db(lane), "select min(mail_at) from notice where mail_at is not null and mail_at > ?1", &err);
    if (!s) goto failed;
    stmt_bind_int(s, 1, now);
    rc = stmt_step(s, &err);
    if (rc == 1 && !stmt_is_null(s, 0)) next = stmt_int(s, 0);
    stmt_done(s);
    if (rc >= 0) return next;
failed:
    log_err(LOG_ERROR, "notify.collect", &err);
    return now + 1000;
}
