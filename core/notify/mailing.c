/* What many are told: the slice in which it happens pays for one row; the host brings it to each, a hundred at a time.
 */
#include "notify/notify_internal.h"

#include <string.h>

#include "base/id.h"
#include "base/locale.h"
#include "base/mem.h"
#include "plugin/text_fill.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum { PIECE = 100, BODY_MAX = 2 << 20, PAUSE_MS = 60000 };

static int pack_ids(const struct people_crowd *crowd, struct arena *a, struct val *body)
{
    struct val to = val_list();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < crowd->n; i++)
        rc = val_add(a, &to, val_int(crowd->of[i].person));
    return rc ? rc : val_set(a, body, "to", to);
}

static int pack(const struct mailing *m, struct arena *a, struct val *body)
{
    const struct notice *w = m->what;
    *body = val_map();
    int rc = val_set_new(a, body, "kind", val_str(m->kind));
    if (rc == 0 && m->plugin) rc = val_set_new(a, body, "plugin", val_str(m->plugin));
    if (rc == 0 && m->texts.type == VAL_MAP) rc = val_set_new(a, body, "texts", m->texts);
    if (rc == 0 && w) rc = val_set_new(a, body, "title", val_str(w->title));
    if (rc == 0 && w && w->link) rc = val_set_new(a, body, "link", val_str(w->link));
    if (rc == 0 && w) rc = val_set_new(a, body, "ref", val_int(w->ref));
    if (rc == 0 && m->targets) rc = val_set_new(a, body, "targets", *m->targets);
    return rc || !m->to ? rc : pack_ids(m->to, a, body);
}

int mailing_add(struct notify *n, struct session *s, const struct mailing *m, struct err *err)
{
    struct val body;
    struct buf b;
    if (m->to && m->to->n == 0) return 0;
    struct stmt *st = store_stmt(s->db, "insert into mailing(id, body, done, at) values(?1, ?2, 0, ?3)", err);
    if (!st) return err->code;
    buf_init(&b, BODY_MAX);
    int rc = pack(m, &n->arena, &body);
    if (rc == 0) rc = val_encode(&body, &b, false);
    if (rc || !buf_ok(&b)) {
        stmt_done(st);
        buf_close(&b);
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    stmt_bind_int(st, 1, id_next(lane_ids(n->lane), s->now));
    stmt_bind_blob(st, 2, b.data, b.len);
    stmt_bind_int(st, 3, s->now);
    rc = stmt_run(st, err);
    buf_close(&b);
    if (rc == 0) lane_wake_at(n->lane, &n->mailings_source, s->now);
    return rc;
}

/* --- piece by piece --- */

struct piece_work {
    struct lane_work work;
    struct notify *notify;
    int64_t id;
};

static int load(struct store *db, int64_t id, struct arena *a, struct val *body, int64_t *done, struct err *err)
{
    struct val borrowed;
    size_t len;
    struct stmt *s = store_stmt(db, "select body, done from mailing where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1) {
        const char *p = stmt_blob(s, 0, &len);
        *done = stmt_int(s, 1);
        if (val_decode(p, len, a, NULL, &borrowed) != 0 || val_copy(a, &borrowed, body) != 0)
            rc = err_set(err, ERR_CORRUPT, "flow.row", NULL);
    }
    stmt_done(s);
    return rc;
}

/* {to} is the reader's own name: the rest was filled in when it was sent. */
static const char *name_in(struct arena *a, const struct val *text, const struct val *values, bool html)
{
    struct buf b;
    const char *plain = val_cstr(a, text);
    if (!plain) return NULL;
    buf_init(&b, NOTIFY_TEXT_MAX);
    if (html)
        text_fill_html(&b, plain, values, a);
    else
        text_fill(&b, plain, values, a);
    const char *out = buf_ok(&b) ? arena_strndup(a, b.data ? b.data : "", b.len) : plain;
    buf_close(&b);
    return out;
}

/* As the plugin wrote it, in the reader's language. */
static int take_texts(struct notify *n, struct session *s, const struct val *body, const struct people_reached *to,
                      struct notice *what)
{
    struct val values = val_map();
    const struct val *texts = val_get(val_get(body, "texts"), locale_pick(to->lang ? to->lang : n->host->lang));
    if (val_set_new(s->arena, &values, "to", val_str(to->name)) != 0) return ERR_NOMEM;
    what->title = name_in(s->arena, val_get(texts, "subject"), &values, false);
    what->text = name_in(s->arena, val_get(texts, "text"), &values, false);
    if (val_get(texts, "html")) what->html = name_in(s->arena, val_get(texts, "html"), &values, true);
    return what->text ? 0 : ERR_NOMEM;
}

static const char *text_of(struct session *s, const struct val *body, const char *name)
{
    const struct val *v = val_get(body, name);
    return v ? val_cstr(s->arena, v) : NULL;
}

static int tell(struct notify *n, struct session *s, const struct val *body, int64_t person, struct err *err)
{
    struct people_crowd crowd = {.most = 1000};
    struct val who = val_int(person);
    int rc = people_reach(s, &who, s->arena, &crowd, err);
    if (rc || crowd.n == 0) return rc;
    struct notice what = {.kind = text_of(s, body, "kind"),
                          .plugin = text_of(s, body, "plugin"),
                          .title = text_of(s, body, "title"),
                          .link = text_of(s, body, "link"),
                          .ref = val_get_int(body, "ref", 0)};
    if (val_get(body, "texts")) rc = take_texts(n, s, body, &crowd.of[0], &what);
    if (rc || !what.kind || !what.title) return err_set(err, ERR_NOMEM, "memory", NULL);
    return notice_tell(n, s, &crowd.of[0], &what, err);
}

/* Whoever the targets reach now; past the most, as far as it goes. Once: the row then holds the persons. */
static int resolve(struct notify *n, struct session *s, int64_t id, struct val *body, struct err *err)
{
    struct people_crowd crowd = {.most = NOTIFY_CROWD_MAX};
    const struct val *targets = val_get(body, "targets");
    struct buf b;
    struct err over = {0};
    int rc = 0;
    if (!val_is(targets, VAL_LIST)) return 0;
    for (size_t i = 0; rc == 0 && val_at(targets, i); i++)
        rc = people_reach(s, val_at(targets, i), &n->arena, &crowd, &over);
    if (rc && rc != ERR_LIMIT) {
        *err = over;
        return rc;
    }
    rc = val_set(&n->arena, body, "targets", val_bool(true));
    if (rc == 0) rc = pack_ids(&crowd, &n->arena, body);
    struct stmt *st = rc ? NULL : store_stmt(s->db, "update mailing set body = ?2 where id = ?1", err);
    if (!st) return rc ? err_set(err, ERR_NOMEM, "memory", NULL) : err->code;
    buf_init(&b, BODY_MAX);
    val_encode(body, &b, false);
    stmt_bind_int(st, 1, id);
    stmt_bind_blob(st, 2, b.data, b.len);
    if (buf_ok(&b)) {
        rc = stmt_run(st, err);
    } else {
        stmt_done(st);
        rc = err_set(err, ERR_NOMEM, "memory", NULL);
    }
    buf_close(&b);
    return rc;
}

static int set_done(struct store *db, int64_t id, int64_t done, bool is_last, struct err *err)
{
    struct stmt *s = store_stmt(
        db, is_last ? "delete from mailing where id = ?1" : "update mailing set done = ?2 where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    if (!is_last) stmt_bind_int(s, 2, done);
    return stmt_run(s, err);
}

static int run_piece(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct piece_work *p = (struct piece_work *)w;
    struct notify *n = p->notify;
    struct arena_mark mark = arena_mark(&n->arena);
    struct session s = notify_session(n, lane);
    struct val body;
    int64_t done = 0;
    crash_point("notify.before_piece");
    int rc = load(s.db, p->id, &n->arena, &body, &done, err);
    bool found = rc == 1;
    rc = rc < 0 ? rc : 0;
    if (found) rc = resolve(n, &s, p->id, &body, err);
    const struct val *to = found && rc == 0 ? val_get(&body, "to") : NULL;
    int64_t end = to ? (int64_t)to->as.list.n : 0, until = done + PIECE < end ? done + PIECE : end;
    for (; rc == 0 && done < until; done++) {
        struct arena_mark one = arena_mark(&n->arena);
        rc = tell(n, &s, &body, val_at(to, (size_t)done)->as.i, err);
        arena_rewind(&n->arena, one);
    }
    if (rc == 0 && to) rc = set_done(s.db, p->id, done, done == end, err);
    if (rc == 0 && done < end) lane_wake_at(lane, &n->mailings_source, 0);
    arena_rewind(&n->arena, mark);
    return rc;
}

static void done_piece(struct lane_work *w, const struct err *failed)
{
    struct piece_work *p = (struct piece_work *)w;
    if (failed) {
        log_err(LOG_ERROR, "notify.mailing_failed", failed);
        lane_wake_at(p->notify->lane, &p->notify->mailings_source, clock_now(&p->notify->host->clock) + PAUSE_MS);
    }
    mem_free(p);
}

int64_t mailings_collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct notify *n = (struct notify *)((char *)src - offsetof(struct notify, mailings_source));
    struct err err = {0};
    int rc;
    struct stmt *s = store_stmt(lane_db(lane), "select id from mailing order by id limit ?1", &err);
    if (!s) goto failed;
    stmt_bind_int(s, 1, max);
    while ((rc = stmt_step(s, &err)) == 1) {
        struct piece_work *p = mem_alloc(sizeof(*p));
        *p = (struct piece_work){.work = {.run = run_piece, .done = done_piece}, .notify = n, .id = stmt_int(s, 0)};
        lane_add(lane, &p->work);
    }
    stmt_done(s);
    if (rc >= 0) return INT64_MAX; /* a piece that leaves a rest wakes this source */
failed:
    log_err(LOG_ERROR, "notify.collect", &err);
    return now + 1000;
}
