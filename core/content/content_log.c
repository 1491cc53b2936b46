/* The log of transitions: who moved an item from where to where, at which revision, and why. Rows
 * are only added. */
#include "content/content_internal.h"

#include <stdio.h>

#include "audit/audit.h"
#include "base/json.h"

/* The answer of the task that decided, and comments by field: kept as JSON for people to read. */
static int detail(const struct content_log_entry *e, struct arena *a, struct buf *out, struct err *err)
{
    struct val map = val_map();
    int rc = 0;
    if (e->by && e->by->type != VAL_NIL) rc = val_set(a, &map, "by", *e->by);
    if (rc == 0 && e->notes && e->notes->type == VAL_MAP) rc = val_set(a, &map, "notes", *e->notes);
    if (rc) return content_too_large(err);
    if (map.as.map.n) json_write(out, &map);
    return buf_ok(out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", "what", "by", NULL);
}

static int insert(struct session *s, const struct content_row *row, const struct content_log_entry *e,
                  const struct buf *text, struct err *err)
{
    static const char sql[] = "insert into item_log(item, verb, was, now, rev, at, user, person, run, plugin, reason,"
                              " detail) values(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)";
    struct stmt *st = store_stmt(s->db, sql, err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, row->id);
    stmt_bind_str(st, 2, e->verb);
    if (!e->is_new) stmt_bind_str(st, 3, content_state_name(e->was));
    stmt_bind_str(st, 4, content_state_name(row->state));
    stmt_bind_int(st, 5, row->draft_rev);
    stmt_bind_int(st, 6, s->now);
    if (s->actor.user) stmt_bind_int(st, 7, s->actor.user);
    if (s->actor.person) stmt_bind_int(st, 8, s->actor.person);
    if (s->actor.run) stmt_bind_int(st, 9, s->actor.run);
    if (s->actor.plugin) stmt_bind_str(st, 10, s->actor.plugin);
    if (e->reason) stmt_bind_str(st, 11, e->reason);
    if (text->len) stmt_bind_text(st, 12, text->data, text->len);
    return stmt_run(st, err);
}

static int tell(struct session *s, const struct content_row *row, const struct content_log_entry *e, struct err *err)
{
    char verb[48];
    struct val_pair was[] = {{"state", val_str(content_state_name(e->was))}};
    struct val_pair now[] = {{"state", val_str(content_state_name(row->state))},
                             {"revision", val_int(row->draft_rev)},
                             {"hash", val_str(row->hash)}};
    struct val before = val_map(), after = val_map();
    before.as.map.pairs = was;
    before.as.map.n = 1;
    after.as.map.pairs = now;
    after.as.map.n = 3;
    snprintf(verb, sizeof(verb), "content.%s", e->verb);
    return audit_add(s,
                     &(struct audit_entry){.verb = verb,
                                           .kind = "item",
                                           .id = row->id,
                                           .unit = row->unit,
                                           .before = e->is_new ? NULL : &before,
                                           .after = &after,
                                           .reason = e->reason,
                                           .is_plain = true},
                     err);
}

int content_log_add(struct session *s, const struct content_row *row, const struct content_log_entry *e,
                    struct err *err)
{
    struct arena a;
    struct buf text;
    arena_init(&a, 256 << 10);
    buf_init(&text, 64 << 10);
    int rc = detail(e, &a, &text, err);
    if (rc == 0) rc = insert(s, row, e, &text, err);
    if (rc == 0) rc = tell(s, row, e, err);
    buf_close(&text);
    arena_close(&a);
    return rc;
}
