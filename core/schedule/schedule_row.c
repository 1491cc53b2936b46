/* Rows of the schedule: the table, the one reader, putting, listing. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/kinds.h"
#include "base/zone.h"
#include "schedule/schedule_internal.h"

static const char schema[] =
    "create table schedule("
    " id integer primary key, plugin text not null, name text not null, kind text not null,"
    " local text not null, zone text not null, due integer not null, next_at integer, cron text,"
    " flow text, input blob, item integer, missed integer not null, overlap integer not null,"
    " grace_ms integer not null, declared integer, state integer not null default 0,"
    " manual integer not null default 0, waiting integer not null default 0, alarmed integer not "
    "null default 0,"
    " tries integer not null default 0, error text, last_run integer, last_run_at integer, "
    "last_late_ms integer,"
    " created_at integer not null);"
    "create unique index schedule_name on schedule(plugin, name);"
    "create index schedule_next on schedule(next_at, id) where next_at is not null;"
    "create index schedule_declared on schedule(declared) where declared is not null;"
    "create index schedule_last_run on schedule(last_run) where waiting = 1;"
    "create table schedule_zone(zone text primary key, rules integer not null) without rowid;";

const struct store_migration schedule_migrations[] = {{"schedule/001", schema}, {0}};

#define SHOWN                                                                                                          \
    "id, plugin, name, kind, local, zone, due, next_at, cron, flow, input, item, missed, "                             \
    "overlap, grace_ms,"                                                                                               \
    " declared, state, manual, waiting, alarmed, tries, error, last_run, last_run_at, "                                \
    "last_late_ms"
#define COLUMNS "select " SHOWN " from schedule "

const char *schedule_state_name(enum schedule_state s)
{
    static const char *const names[] = {"active", "done", "failed", "cancelled", "absent"};
    return names[s];
}

static const struct val_kind *kind_of(const char *name, size_t len)
{
    static const struct val_kind *const kinds[] = {&date_kind, &instant_kind};
    for (size_t i = 0; i < 2; i++)
        if (strlen(kinds[i]->name) == len && strncmp(kinds[i]->name, name, len) == 0) return kinds[i];
    return NULL;
}

static const char *text(struct stmt *s, int col, struct arena *a)
{
    size_t len;
    const char *p = stmt_text(s, col, &len);
    return p ? arena_strndup(a, p, len) : NULL;
}

static int read_row(struct stmt *s, struct arena *a, struct schedule_row *r)
{
    size_t len;
    const void *input = stmt_blob(s, 10, &len);
    struct val borrowed;
    *r = (struct schedule_row){.id = stmt_int(s, 0),
                               .plugin = text(s, 1, a),
                               .name = text(s, 2, a),
                               .kind = text(s, 3, a),
                               .local = text(s, 4, a),
                               .zone = text(s, 5, a),
                               .due = stmt_int(s, 6),
                               .next_at = stmt_int(s, 7),
                               .cron = text(s, 8, a),
                               .flow = text(s, 9, a),
                               .item = stmt_int(s, 11),
                               .missed = (enum schedule_missed)stmt_int(s, 12),
                               .overlap = (enum schedule_overlap)stmt_int(s, 13),
                               .grace_ms = stmt_int(s, 14),
                               .declared = stmt_int(s, 15) != 0,
                               .state = (enum schedule_state)stmt_int(s, 16),
                               .manual = stmt_int(s, 17) != 0,
                               .waiting = stmt_int(s, 18) != 0,
                               .alarmed = stmt_int(s, 19) != 0,
                               .tries = stmt_int(s, 20),
                               .error = text(s, 21, a),
                               .last_run = stmt_int(s, 22),
                               .last_run_at = stmt_int(s, 23),
                               .last_late_ms = stmt_int(s, 24),
                               .input = val_nil()};
    if (!r->plugin || !r->name || !r->kind || !r->local || !r->zone) return ERR_NOMEM;
    if (!input || !len) return 0;
    int rc = val_decode(input, len, a, kind_of, &borrowed);
    return rc ? rc : val_copy(a, &borrowed, &r->input);
}

int schedule_row_load(struct store *db, int64_t id, struct arena *a, struct schedule_row *out, struct err *err)
{
    struct err_num n;
    struct stmt *s = store_stmt(db, COLUMNS "where id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1 && read_row(s, a, out))
        rc = err_set(err, ERR_CORRUPT, "schedule.row", "schedule", err_i64(&n, id), NULL);
    stmt_done(s);
    return rc;
}

int schedule_row_save(struct store *db, const struct schedule_row *r, struct err *err)
{
    static const char sql[] = "update schedule set local = ?2, due = ?3, next_at = ?4, state = ?5, "
                              "tries = ?6, error = ?7, manual = ?8,"
                              " waiting = ?9, alarmed = ?10, last_run = ?11, last_run_at = ?12, "
                              "last_late_ms = ?13 where id = ?1";
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, r->id);
    stmt_bind_str(s, 2, r->local);
    stmt_bind_int(s, 3, r->due);
    if (r->next_at) stmt_bind_int(s, 4, r->next_at);
    stmt_bind_int(s, 5, r->state);
    stmt_bind_int(s, 6, r->tries);
    if (r->error) stmt_bind_str(s, 7, r->error);
    stmt_bind_int(s, 8, r->manual);
    stmt_bind_int(s, 9, r->waiting);
    stmt_bind_int(s, 10, r->alarmed);
    if (r->last_run) stmt_bind_int(s, 11, r->last_run);
    if (r->last_run_at) stmt_bind_int(s, 12, r->last_run_at);
    stmt_bind_int(s, 13, r->last_late_ms);
    return stmt_run(s, err);
}

void schedule_format_local(const struct date *d, char out[LOCAL_LEN])
{
    int n = snprintf(out, LOCAL_LEN, "%04d-%02d-%02d %02d:%02d", d->year % 10000, d->month % 100, d->day % 100,
                     d->hour % 100, d->minute % 100);
    if (d->second || d->ms)
        snprintf(out + n, LOCAL_LEN - (size_t)n, ":%02d.%03u", d->second % 100, (unsigned)d->ms % 1000u);
}

int schedule_parse_local(const char *s, struct date *out)
{
    int32_t offset;
    return date_parse(s, strlen(s), out, &offset) && offset == INT32_MIN ? 0 : ERR_INVALID;
}

int schedule_advance(struct schedule_row *r, int64_t after, struct arena *a, struct err *err)
{
    const struct zone *z;
    struct cron cron;
    struct date d;
    char local[LOCAL_LEN];
    int rc = zone_find(r->zone, &z, err);
    if (rc == 0) rc = cron_parse(r->cron, strlen(r->cron), &cron, err);
    if (rc) return rc;
    r->due = cron_next(&cron, z, after, &d);
    if (r->due == INT64_MAX) return err_set(err, ERR_INVALID, "cron.never", "cron", r->cron, NULL);
    schedule_format_local(&d, local);
    r->local = arena_strdup(a, local);
    r->next_at = r->due;
    return r->local ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}

/* Objects of other floors become their ids: a job keeps what it was asked to do, not a picture of
 * it. */
static int plain(struct arena *a, const struct val *from, struct val *to)
{
    int rc = 0;
    bool timely = from->type == VAL_OBJ && kind_of(from->as.obj.kind->name, strlen(from->as.obj.kind->name));
    *to = *from;
    if (from->type == VAL_OBJ && !timely) *to = val_int(from->as.obj.id);
    if (from->type == VAL_LIST) *to = val_list();
    if (from->type == VAL_MAP) *to = val_map();
    for (size_t i = 0; rc == 0 && from->type == VAL_LIST && i < from->as.list.n; i++) {
        struct val v;
        rc = plain(a, &from->as.list.items[i], &v);
        if (rc == 0) rc = val_add(a, to, v);
    }
    for (size_t i = 0; rc == 0 && from->type == VAL_MAP && i < from->as.map.n; i++) {
        struct val v;
        rc = plain(a, &from->as.map.pairs[i].v, &v);
        if (rc == 0) rc = val_set(a, to, from->as.map.pairs[i].key, v);
    }
    return rc;
}

static int encode_input(const struct val *input, struct arena *a, struct buf *out, struct err *err)
{
    struct val copy;
    if (!input || input->type == VAL_NIL) return 0;
    int rc = plain(a, input, &copy);
    if (rc == 0) rc = val_encode(&copy, out, true);
    return rc || !buf_ok(out) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

/* Local time and instant of the first firing. */
static int first_time(struct schedule *sch, struct session *s, const struct schedule_new *n, struct schedule_row *r,
                      struct err *err)
{
    const struct zone *z;
    struct date d;
    *r = (struct schedule_row){.zone = n->zone ? n->zone : sch->host->zone, .cron = n->cron};
    int rc = zone_find(r->zone, &z, err);
    if (rc) return rc;
    if (n->cron) return schedule_advance(r, s->now, s->arena, err);
    if (!n->local || schedule_parse_local(n->local, &d))
        return err_set(err, ERR_INVALID, "zone.instant", "text", n->local, NULL);
    r->local = n->local;
    r->due = r->next_at = zone_instant(z, &d);
    return 0;
}

static int write_row(struct schedule *sch, struct session *s, const struct schedule_new *n,
                     const struct schedule_row *r, const struct buf *input, int64_t *id, struct err *err)
{
    static const char sql[] = "insert into schedule(id, plugin, name, kind, local, zone, due, "
                              "next_at, cron, flow, input, item, missed, overlap,"
                              " grace_ms, declared, created_at) "
                              "values(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)"
                              " on conflict(plugin, name) do update set kind = excluded.kind, "
                              "local = excluded.local, zone = excluded.zone,"
                              " due = excluded.due, next_at = excluded.next_at, cron = "
                              "excluded.cron, flow = excluded.flow,"
                              " input = excluded.input, item = excluded.item, missed = "
                              "excluded.missed, overlap = excluded.overlap,"
                              " grace_ms = excluded.grace_ms, declared = excluded.declared, state "
                              "= 0, manual = 0, waiting = 0, alarmed = 0,"
                              " tries = 0, error = null returning id";
    struct stmt *q = store_stmt(s->db, sql, err);
    if (!q) return err->code;
    stmt_bind_int(q, 1, id_next(lane_ids(sch->host->lane), s->now));
    stmt_bind_str(q, 2, n->plugin ? n->plugin : "");
    stmt_bind_str(q, 3, n->name);
    stmt_bind_str(q, 4, n->kind);
    stmt_bind_str(q, 5, r->local);
    stmt_bind_str(q, 6, r->zone);
    stmt_bind_int(q, 7, r->due);
    stmt_bind_int(q, 8, r->next_at);
    if (n->cron) stmt_bind_str(q, 9, n->cron);
    if (n->flow) stmt_bind_str(q, 10, n->flow);
    if (input->len) stmt_bind_blob(q, 11, input->data, input->len);
    if (n->item) stmt_bind_int(q, 12, n->item);
    stmt_bind_int(q, 13, n->missed);
    stmt_bind_int(q, 14, n->overlap);
    stmt_bind_int(q, 15, n->grace_ms ? n->grace_ms : GRACE_MS);
    if (n->declared) stmt_bind_int(q, 16, 1);
    stmt_bind_int(q, 17, s->now);
    int rc = stmt_step(q, err);
    if (rc == 1) *id = stmt_int(q, 0);
    stmt_done(q);
    return rc < 0 ? rc : 0;
}

int schedule_put(struct schedule *sch, struct session *s, const struct schedule_new *n, int64_t *id, struct err *err)
{
    struct schedule_row r;
    struct buf input;
    buf_init(&input, 64 << 10);
    int rc = first_time(sch, s, n, &r, err);
    if (rc == 0) rc = encode_input(n->input, s->arena, &input, err);
    if (rc == 0) rc = write_row(sch, s, n, &r, &input, id, err);
    buf_close(&input);
    if (rc) return rc;
    rc = schedule_remember_zone(s->db, r.zone, err);
    if (rc == 0) lane_wake_at(sch->host->lane, &sch->source, r.next_at);
    return rc;
}

static int show(struct arena *a, const struct schedule_row *r, int64_t now, struct val *out)
{
    bool open = r->state == SCHEDULE_ACTIVE || r->state == SCHEDULE_FAILED;
    *out = val_map();
    int rc = val_set(a, out, "id", val_int(r->id));
    const struct {
        const char *name, *text;
    } texts[] = {
        {"plugin", r->plugin}, {"name", r->name},   {"kind", r->kind}, {"state", schedule_state_name(r->state)},
        {"cron", r->cron},     {"local", r->local}, {"zone", r->zone}, {"flow", r->flow},
        {"error", r->error}};
    for (size_t i = 0; rc == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].text) rc = val_set(a, out, texts[i].name, val_str(texts[i].text));
    const struct {
        const char *name;
        int64_t n;
    } numbers[] = {{"due", r->due},
                   {"next", r->next_at},
                   {"item", r->item},
                   {"tries", r->tries},
                   {"last_run_at", r->last_run_at},
                   {"run", r->last_run}};
    for (size_t i = 0; rc == 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i].n) rc = val_set(a, out, numbers[i].name, val_int(numbers[i].n));
    if (rc == 0 && r->last_run_at) rc = val_set(a, out, "last_late_ms", val_int(r->last_late_ms));
    if (rc == 0) rc = val_set(a, out, "overdue", val_bool(open && r->due + r->grace_ms < now));
    return rc;
}

int schedule_find(struct store *db, const char *plugin, const char *name, int64_t *id, struct err *err)
{
    struct stmt *s = store_stmt(db, "select id from schedule where plugin = ?1 and name = ?2", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, plugin);
    stmt_bind_str(s, 2, name);
    int rc = stmt_step(s, err);
    if (rc == 1) *id = stmt_int(s, 0);
    stmt_done(s);
    return rc;
}

static const struct list_column columns[] = {{"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT, "id"},
                                             {"plugin", FIELD_TEXT, LIST_FILTER, "plugin"},
                                             {"name", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"kind", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"state", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"cron", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"local", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"zone", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"flow", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"error", FIELD_TEXT, LIST_SHOWN, NULL},
                                             {"due", FIELD_INSTANT, LIST_SHOWN, NULL},
                                             {"next", FIELD_INSTANT, LIST_RANGE, "next_at"},
                                             {"item", FIELD_INTEGER, LIST_SHOWN, NULL},
                                             {"tries", FIELD_INTEGER, LIST_SHOWN, NULL},
                                             {"last_run_at", FIELD_INSTANT, LIST_SHOWN, NULL},
                                             {"run", FIELD_INTEGER, LIST_SHOWN, NULL},
                                             {"last_late_ms", FIELD_INTEGER, LIST_SHOWN, NULL},
                                             {"overdue", FIELD_BOOLEAN, LIST_SHOWN, NULL},
                                             {0}};
const struct list schedule_rows = {.name = "schedule",
                                   .order = "id",
                                   .key = "id",
                                   .columns = columns,
                                   .from = "schedule",
                                   .where = "state in (0, 2, 4)",
                                   .select = SHOWN};

static int list_row(void *ctx, struct stmt *s, struct arena *a, struct val *row, struct err *err)
{
    const int64_t *now = ctx;
    struct schedule_row r;
    return read_row(s, a, &r) || show(a, &r, *now, row) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

int schedule_page(struct store *db, const struct list_query *q, int64_t now, struct arena *a, struct val *out,
                  const char **next, struct err *err)
{
    struct list_rows how = {.read = list_row, .ctx = &now};
    return list_find(db, q, &how, a, out, next, err);
}

int schedule_list(struct store *db, const struct schedule_filter *f, int64_t now, struct arena *a, struct val *out,
                  struct err *err)
{
    static const char *const sql[] = {COLUMNS "where id > ?1 and (?2 = 0 or state in (0, 2, 4)) order by id limit ?3",
                                      COLUMNS "where plugin = ?4 and id > ?1 and (?2 = 0 or state in (0, 2, 4))"
                                              " order by id limit ?3"};
    struct stmt *s = store_stmt(db, sql[f->plugin != NULL], err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, f->after);
    stmt_bind_int(s, 2, f->open);
    stmt_bind_int(s, 3, f->limit > 0 && f->limit <= 1000 ? f->limit : 100);
    if (f->plugin) stmt_bind_str(s, 4, f->plugin);
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct schedule_row r;
        struct val row;
        if (read_row(s, a, &r) || show(a, &r, now, &row) || val_add(a, out, row)) {
            rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
            break;
        }
    }
    stmt_done(s);
    return rc;
}
