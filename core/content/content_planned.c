/* Publications that are to come, for those who may see drafts: calendars and lists. */
#include "content/content_internal.h"

enum { PLANNED_MAX = 1000 };

/* times: how often its date was set. */
static const char planned_sql[] = "select i.id, i.unit, i.publish_at, i.changed_at, (select count(*) from item_log l"
                                  " where l.item = i.id and l.verb = 'schedule') from item i where i.due_at is not null"
                                  " and i.state = 'scheduled' order by i.due_at limit ?1";

struct planned {
    int64_t id, at, changed, times;
};

static int collect(struct session *s, struct planned *list, size_t *n, struct err *err)
{
    int rc;
    struct stmt *st = store_stmt(s->db, planned_sql, err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, PLANNED_MAX);
    while ((rc = stmt_step(st, err)) == 1)
        if (content_may_read_drafts(s, stmt_int(st, 1), "scheduled"))
            list[(*n)++] = (struct planned){stmt_int(st, 0), stmt_int(st, 2), stmt_int(st, 3), stmt_int(st, 4)};
    stmt_done(st);
    return rc;
}

static int show(struct session *s, const struct planned *p, struct arena *a, struct val *row, struct err *err)
{
    struct content_key key = {.id = p->id};
    struct val item;
    int rc = content_get(s, &key, a, &item, err);
    if (rc <= 0) return rc;
    *row = val_map();
    rc = val_set_new(a, row, "item", val_int(p->id));
    for (size_t i = 0; rc == 0 && i < 3; i++) {
        static const char *const names[] = {"title", "type", "slug"};
        const struct val *v = val_get(item.as.obj.fields, names[i]);
        if (val_is(v, VAL_STR)) rc = val_set_new(a, row, names[i], *v);
    }
    if (rc == 0) rc = val_set_new(a, row, "publish_at", val_int(p->at));
    if (rc == 0) rc = val_set_new(a, row, "changed_at", val_int(p->changed));
    if (rc == 0) rc = val_set_new(a, row, "times", val_int(p->times));
    return rc ? content_too_large(err) : 1;
}

int content_planned(struct session *s, struct arena *a, struct val *out, struct err *err)
{
    struct planned *list = arena_alloc(a, PLANNED_MAX * sizeof(*list));
    size_t n = 0;
    *out = val_list();
    if (!list) return content_too_large(err);
    int rc = collect(s, list, &n, err);
    for (size_t i = 0; rc >= 0 && i < n; i++) {
        struct val row;
        rc = show(s, &list[i], a, &row, err);
        if (rc == 1 && val_add(a, out, row) != 0) rc = content_too_large(err);
    }
    return rc < 0 ? rc : 0;
}
