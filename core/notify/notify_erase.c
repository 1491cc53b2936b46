/* Notices, wishes and mailings of a person who is erased: what was told to them goes, with what they wished; of what
 * was told to others the texts go that tell of them. A mailing that is on its way is waited for: it is brought in
 * seconds. */
#include <stdio.h>
#include <string.h>

#include "audit/audit_place.h"
#include "notify/notify_internal.h"

enum { NOTICES_AT_ONCE = 300 };

#define OWN(table)                                                                                                     \
    {                                                                                                                  \
        "select count(*) from " table " where person = ?1", "delete from " table " where person = ?1"                  \
    }
static const char *const own[][2] = {OWN("notice"), OWN("notice_times"), OWN("notice_way"), OWN("notice_follow"),
                                     OWN("calendar_token")};

static const struct erasing_rows of_others = {
    "select id, 0, title, text, html, link from notice where id > ?1 order by id limit 300",
    "update notice set title = ?3, text = ?4, html = ?5, link = ?6 where ?1 is not null and id = ?2",
    {erasing_text, erasing_text, erasing_text, erasing_text},
    "notice"};

/* What an endpoint, or the way to it, answered. There are a few hundred for each. */
static const struct erasing_rows deliveries = {
    "select id, 0, error from webhook_delivery where id > ?1 and error is not"
    " null order by id limit 300",
    "update webhook_delivery set error = ?3 where ?1 is not null and id = ?2",
    {erasing_text},
    "webhook_delivery"};
#define DELIVERIES "deliveries"

static int drop_own(struct erasing *e, struct err *err)
{
    int64_t n = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(own) / sizeof(own[0]); i++)
        rc = erasing_delete(e, own[i][0], own[i][1], &n, err);
    return rc || n == 0 ? rc : erasing_tell(e, "person", e->traces->person, n, err);
}

static int look_at_mailings(struct erasing *e, struct err *err)
{
    struct stmt *s = store_stmt(e->s->db, "select id, body from mailing", err);
    int rc;
    if (!s) return err->code;
    while ((rc = stmt_step(s, err)) == 1) {
        struct arena_mark mark = arena_mark(e->a);
        size_t len;
        const char *p = stmt_blob(s, 1, &len);
        struct val body;
        bool tells = p && val_decode(p, len, e->a, audit_kind_of, &body) == 0 && erasing_scrub(e, &body, false);
        arena_rewind(e->a, mark);
        rc = tells ? erasing_wait(e, "mailing", stmt_int(s, 0), err) : 0;
        if (rc) break;
    }
    stmt_done(s);
    return rc;
}

static int look(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    struct erasing_seen seen = {0};
    struct erasing_mark one;
    bool is_first = e->at == 0, of_deliveries = strcmp(e->part, DELIVERIES) == 0;
    (void)ctx;
    if (of_deliveries) {
        int of = erasing_rows(e, &deliveries, e->at, &seen, err);
        e->at = seen.last;
        *more = seen.rows == NOTICES_AT_ONCE;
        return of;
    }
    int rc = is_first ? erasing_begin(e, &one, err) : 0;
    if (rc == 0 && is_first) rc = erasing_end(e, &one, "person", e->traces->person, drop_own(e, err), err);
    if (rc == 0) rc = erasing_rows(e, &of_others, e->at, &seen, err);
    e->at = seen.last;
    *more = seen.rows == NOTICES_AT_ONCE;
    if (rc == 0 && !*more) rc = look_at_mailings(e, err);
    if (rc || *more) return rc;
    snprintf(e->part, sizeof(e->part), DELIVERIES);
    e->at = 0;
    *more = true;
    return 0;
}

void notify_erase_attach(struct notify *n)
{
    audit_add_place(n->host->audit,
                    &(struct audit_place){.name = "notices",
                                          .look = look,
                                          .open = "select 1 from mailing where id = ?1",
                                          .ctx = n,
                                          .tables = {"notice*", "mailing", "calendar_token", "webhook_delivery"}});
}
