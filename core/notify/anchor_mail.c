/* The anchor of a day by mail, to addresses of the configuration: outside the machine it proves that the rows before it
 * have not been made anew. Whether an anchor was mailed stands beside it, in the transaction that puts its mails into
 * the outbox: none is lost, none goes twice. In the same one the audit is told of the anchor. Without addresses anchors
 * are marked as looked at, so that setting one does not mail the past. */
#include "notify/notify_internal.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/date.h"
#include "base/digest.h"
#include "base/locale.h"
#include "runtime/crash.h"
#include "runtime/log.h"

enum { AGAIN_MS = 60000, TEXT_MAX = 16 << 10, ADDRESS_MAX = 256 };

struct anchor {
    int64_t day, row;
    char head[24 + DIGEST_HEX];
};

/* 1, 0: none is left. */
static int next_anchor(struct store *db, struct anchor *out, struct err *err)
{
    struct stmt *s =
        store_stmt(db, "select day, audit, hash from audit_anchor where mailed_at is null order by day limit 1", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    if (rc == 1) {
        char hex[DIGEST_HEX] = "";
        size_t len;
        const uint8_t *hash = stmt_blob(s, 2, &len);
        if (len == DIGEST_LEN) digest_hex(hash, hex);
        out->day = stmt_int(s, 0);
        out->row = stmt_int(s, 1);
        snprintf(out->head, sizeof(out->head), "%lld:%s", (long long)out->row, hex);
    }
    stmt_done(s);
    return rc;
}

static int set_mailed(struct store *db, int64_t day, int64_t at, struct err *err)
{
    struct stmt *s = store_stmt(db, "update audit_anchor set mailed_at = ?2 where day = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, day);
    stmt_bind_int(s, 2, at);
    return stmt_run(s, err);
}

static char *text_of(struct notify *n, const char *lang, const struct anchor *a, const char *day, const char *row)
{
    struct buf b;
    buf_init(&b, TEXT_MAX);
    locale_format(&b, lang, "audit.anchor_text", "day", day, "row", row, NULL);
    buf_printf(&b, "\n\n%s\n\n", a->head);
    locale_format(&b, lang, "audit.anchor_keep", "day", day, "row", row, NULL);
    buf_printf(&b, "\n\nkhung audit verify --anchor %s\n", a->head);
    char *copy = buf_ok(&b) ? arena_strndup(&n->arena, b.data, b.len) : NULL;
    buf_close(&b);
    return copy;
}

static int queue_one(struct notify *n, struct session *s, const struct anchor *a, const char *to, struct err *err)
{
    const char *lang = locale_pick(n->host->lang);
    char day[16], row[24];
    struct buf subject;
    date_format_day(a->day, day);
    snprintf(row, sizeof(row), "%lld", (long long)a->row);
    buf_init(&subject, NOTIFY_SUBJECT_MAX);
    locale_format(&subject, lang, "audit.anchor_title", "day", day, "row", row, NULL);
    struct mail_message m = {.to = to,
                             .lang = lang,
                             .kind = "mail",
                             .subject = buf_ok(&subject) ? subject.data : NULL,
                             .text = text_of(n, lang, a, day, row)};
    int rc = m.subject && m.text ? mail_queue(n, s, &m, err) : err_set(err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&subject);
    return rc;
}

static int queue(struct notify *n, struct session *s, const struct anchor *a, struct err *err)
{
    int rc = 0;
    char to[ADDRESS_MAX];
    for (const char *p = n->anchor_to; rc == 0 && *p;) {
        size_t len = strcspn(p, ", ");
        if (len && len < sizeof(to)) {
            struct arena_mark mark = arena_mark(&n->arena);
            snprintf(to, sizeof(to), "%.*s", (int)len, p);
            rc = queue_one(n, s, a, to, err);
            arena_rewind(&n->arena, mark);
            crash_point("notify.before_anchor");
        }
        p += len + (p[len] != '\0');
    }
    return rc ? rc
              : audit_add(s, &(struct audit_entry){.verb = "audit.mail_anchor", .kind = "audit", .id = a->row}, err);
}

/* The chain itself tells of its anchors: one that is taken away is missed (audit_verify.c). */
static int tell(struct session *s, const struct anchor *a, struct err *err)
{
    char day[16];
    date_format_day(a->day, day);
    struct val_pair pairs[] = {{"anchor", val_str(a->head)}, {"day", val_str(day)}};
    struct val after = val_map();
    after.as.map.pairs = pairs;
    after.as.map.n = 2;
    return audit_add(s,
                     &(struct audit_entry){
                         .verb = AUDIT_ANCHOR_VERB, .kind = "audit", .id = a->row, .after = &after, .is_plain = true},
                     err);
}

static int run(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct notify *n = (struct notify *)((char *)w - offsetof(struct notify, anchor_work));
    struct session s = notify_session(n, lane);
    struct anchor a;
    int rc;
    bool mails = n->anchor_to[0] && notify_has_mail(n);
    while ((rc = next_anchor(s.db, &a, err)) == 1) {
        rc = tell(&s, &a, err);
        if (rc == 0 && mails) rc = queue(n, &s, &a, err);
        if (rc == 0) rc = set_mailed(s.db, a.day, mails ? s.now : 0, err);
        if (rc) break;
    }
    crash_point("notify.after_anchor");
    return rc;
}

static void done(struct lane_work *w, const struct err *failed)
{
    struct notify *n = (struct notify *)((char *)w - offsetof(struct notify, anchor_work));
    n->is_mailing_anchor = false;
    if (!failed) return;
    log_err(LOG_ERROR, "notify.anchor_failed", failed);
    lane_wake_at(n->lane, &n->anchor_source, clock_now(&n->host->clock) + AGAIN_MS);
}

static int64_t collect(struct lane_source *src, struct lane *lane, int64_t now, int max)
{
    struct notify *n = (struct notify *)((char *)src - offsetof(struct notify, anchor_source));
    (void)now;
    (void)max;
    if (!n->is_mailing_anchor) lane_add(lane, &n->anchor_work);
    n->is_mailing_anchor = true;
    return INT64_MAX;
}

static void on_anchor(void *ctx)
{
    struct notify *n = ctx;
    lane_wake_at(n->lane, &n->anchor_source, 0);
}

void anchor_mail_start(struct notify *n)
{
    n->anchor_work = (struct lane_work){.run = run, .done = done};
    n->anchor_source = (struct lane_source){.collect = collect, .due = INT64_MAX};
    lane_add_source(n->lane, &n->anchor_source);
    lane_wake_at(n->lane, &n->anchor_source, 0);
    if (n->host->audit) audit_set_anchored(n->host->audit, on_anchor, n);
}
