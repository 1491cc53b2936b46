/* How a person wants to be told, and when: their own rows over what is usual for the kind. */
#include "notify/notify_internal.h"

#include <string.h>

#include "base/zone.h"

enum { DIGEST_USUAL = 7 * 60 };

const char *const notice_ways[NOTICE_WAYS] = {"none", "app", "mail", "digest"};

/* Tasks are duties: one can be told of them in another way, but not left in the dark. */
const struct notice_kind notice_kinds[] = {{"task.asked", true, NOTICE_MAIL},
                                           {"task.reminded", true, NOTICE_MAIL},
                                           {"task.escalated", true, NOTICE_MAIL},
                                           {"task.asked_again", true, NOTICE_MAIL},
                                           {"task.reassigned", true, NOTICE_MAIL},
                                           {"task.delegated", true, NOTICE_MAIL},
                                           {"task.orphaned", true, NOTICE_MAIL},
                                           {"task.vote_unread", true, NOTICE_MAIL},
                                           {"mail", true, NOTICE_MAIL},
                                           {"content.sent_back", false, NOTICE_MAIL},
                                           {"content.approved", false, NOTICE_APP},
                                           {"content.published", false, NOTICE_APP},
                                           {0}};

const struct notice_kind *notice_kind_find(const char *name)
{
    static const struct notice_kind topic = {"topic", false, NOTICE_MAIL};
    for (const struct notice_kind *k = notice_kinds; k->name; k++)
        if (strcmp(k->name, name) == 0) return k;
    return &topic;
}

bool notify_is_duty(const char *kind)
{
    return notice_kind_find(kind)->is_duty;
}

static int minutes(struct stmt *s, int col)
{
    return stmt_is_null(s, col) ? -1 : (int)stmt_int(s, col);
}

int notice_wish_read(struct store *db, int64_t person, const char *kind, struct notice_wish *out, struct err *err)
{
    struct stmt *s = store_stmt(db,
                                "select (select way from notice_way where person = ?1 and kind = ?2), p.quiet_from,"
                                " p.quiet_until, p.digest_at from (select 1) left join notice_times p on p.person = ?1",
                                err);
    size_t len;
    if (!s) return err->code;
    *out = (struct notice_wish){.way = notice_kind_find(kind)->otherwise};
    stmt_bind_int(s, 1, person);
    stmt_bind_str(s, 2, kind);
    int rc = stmt_step(s, err);
    const char *way = rc == 1 ? stmt_text(s, 0, &len) : NULL;
    for (int i = 0; way && i < NOTICE_WAYS; i++)
        if (strcmp(notice_ways[i], way) == 0) out->way = (enum notice_way)i;
    out->quiet_from = rc == 1 ? minutes(s, 1) : -1;
    out->quiet_until = rc == 1 ? minutes(s, 2) : -1;
    out->digest_at = rc == 1 ? minutes(s, 3) : -1;
    if (out->digest_at < 0) out->digest_at = DIGEST_USUAL;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* The next moment at which local clocks show this minute of the day. */
static int64_t next_local(const struct zone *z, int64_t now, int minute)
{
    struct date d;
    int64_t day = zone_day(z, now);
    for (int i = 0; i < 3; i++) {
        date_from_days(day + i, &d);
        d.hour = minute / 60;
        d.minute = minute % 60;
        int64_t at = zone_instant(z, &d);
        if (at > now) return at;
    }
    return now;
}

int64_t notice_when(const struct notice_wish *w, const char *zone, int64_t now)
{
    const struct zone *z = zone_get(zone);
    struct date d;
    if (!z) return now;
    if (w->way == NOTICE_DIGEST) return next_local(z, now, w->digest_at);
    if (w->quiet_from < 0 || w->quiet_until < 0 || w->quiet_from == w->quiet_until) return now;
    zone_local(z, now, &d, NULL);
    int at = d.hour * 60 + d.minute;
    /* 21:00 to 06:00 goes over midnight. */
    bool quiet = w->quiet_from < w->quiet_until ? at >= w->quiet_from && at < w->quiet_until
                                                : at >= w->quiet_from || at < w->quiet_until;
    return quiet ? next_local(z, now, w->quiet_until) : now;
}
