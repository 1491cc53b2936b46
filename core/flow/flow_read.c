/* Runs as people see them: one, lists, and the history of one. Reads only; any connection. */
#include "flow/flow_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "plugin/incident.h"
#include "store/list.h"

static int put(struct arena *a, struct val *map, const char *key, struct val v)
{
    return val_set(a, map, key, v);
}

static int put_text(struct arena *a, struct val *map, const char *key, struct stmt *s, int col)
{
    size_t len;
    const char *p = stmt_text(s, col, &len);
    char *copy = p && len ? arena_strndup(a, p, len) : NULL;
    return copy ? put(a, map, key, val_strn(copy, len)) : 0;
}

static int put_int(struct arena *a, struct val *map, const char *key, struct stmt *s, int col)
{
    return stmt_is_null(s, col) ? 0 : put(a, map, key, val_int(stmt_int(s, col)));
}

static int put_bytes(struct arena *a, struct val *map, const char *key, struct stmt *s, int col)
{
    struct val borrowed, v;
    size_t len;
    const char *p = stmt_blob(s, col, &len);
    if (!p || len == 0) return 0;
    if (val_decode(p, len, a, flow_kind_of, &borrowed) != 0 || val_copy(a, &borrowed, &v) != 0) return ERR_NOMEM;
    return put(a, map, key, v);
}

#define RUN_SHOWN                                                                                                      \
    "r.id, n.plugin, n.name, r.state, r.due, r.bid, r.parent, r.attempts, r.person, r.paused, r.input, "               \
    "r.result,"                                                                                                        \
    " r.ended, r.entry, v.hash, e.key, e.text, e.location, e.traceback, e.args,"                                       \
    " (select text from flow_note where run = r.id and kind = 'status' order by rowid desc limit 1),"                  \
    " case when r.off is not null then coalesce((select b.why from plugin_breaker b where b.plugin = n.plugin),"       \
    " case r.off when 2 then 'absent' else '-' end) when r.turn = 1 then 'limit' end, h.id, h.paused"
#define RUN_FROM                                                                                                       \
    "flow_run r join flow_name n on n.id = r.name join plugin_version v on v.id = r.version"                           \
    " left join flow_error e on e.run = r.id left join flow_turn w on w.run = r.id and w.waits > 0"                    \
    " left join flow_run h on h.id = (select t.run from flow_turn t where t.name = w.name and t.key = w.key"           \
    " and t.waits = 0 order by t.run limit 1)"
#define RUN_COLUMNS "select " RUN_SHOWN " from " RUN_FROM

/* By which `khung error show` finds it. */
static int put_incident(struct arena *a, const struct val *run, struct val *e)
{
    struct err err = {0};
    char id[INCIDENT_ID];
    const char *plugin = val_cstr(a, val_get(run, "plugin")), *code = val_cstr(a, val_get(e, "code"));
    const char *text = val_cstr(a, val_get(e, "text")), *where = val_cstr(a, val_get(e, "where"));
    snprintf(err.key, sizeof(err.key), "%s", code ? code : "");
    snprintf(err.text, sizeof(err.text), "%s", text ? text : "");
    snprintf(err.where, sizeof(err.where), "%s", where ? where : "");
    incident_id(plugin ? plugin : "", &err, id);
    const char *copy = arena_strdup(a, id);
    return copy ? put(a, e, "incident", val_str(copy)) : ERR_NOMEM;
}

static int put_error(struct arena *a, struct val *run, struct stmt *s)
{
    struct val e = val_map();
    int rc = 0;
    if (stmt_is_null(s, 15)) return 0;
    rc |= put_text(a, &e, "code", s, 15);
    rc |= put_text(a, &e, "text", s, 16);
    rc |= put_text(a, &e, "where", s, 17);
    rc |= put_text(a, &e, "traceback", s, 18);
    rc |= put_incident(a, run, &e);
    struct val args = val_map();
    size_t len;
    const char *p = stmt_blob(s, 19, &len), *end = p ? p + len : NULL;
    while (p && p < end && *p) {
        const char *value = p + strlen(p) + 1;
        char *k = arena_strdup(a, p), *v = value < end ? arena_strdup(a, value) : NULL;
        if (!k || !v) break;
        rc |= put(a, &args, k, val_str(v));
        p = value + strlen(value) + 1;
    }
    if (args.as.map.n) rc |= put(a, &e, "values", args);
    return rc | put(a, run, "error", e);
}

static int read_row(struct stmt *s, struct arena *a, struct val *out)
{
    *out = val_map();
    int rc = put_int(a, out, "id", s, 0);
    rc |= put_text(a, out, "plugin", s, 1);
    rc |= put_text(a, out, "flow", s, 2);
    rc |= put(a, out, "state", val_str(flow_state_name((enum flow_state)stmt_int(s, 3))));
    rc |= put_int(a, out, "due", s, 4);
    rc |= put_text(a, out, "business_id", s, 5);
    rc |= put_int(a, out, "parent", s, 6);
    if (stmt_int(s, 7)) rc |= put_int(a, out, "attempts", s, 7);
    rc |= put_int(a, out, "started_by", s, 8);
    if (!stmt_is_null(s, 9)) rc |= put(a, out, "paused", val_bool(true));
    rc |= put_bytes(a, out, "input", s, 10);
    rc |= put_bytes(a, out, "result", s, 11);
    rc |= put(a, out, "started", val_int(id_time(stmt_int(s, 0))));
    rc |= put_int(a, out, "ended", s, 12);
    rc |= put_int(a, out, "entries", s, 13);
    rc |= put_text(a, out, "version", s, 14);
    rc |= put_error(a, out, s);
    rc |= put_text(a, out, "status", s, 20);
    rc |= put_text(a, out, "held", s, 21);
    rc |= put_int(a, out, "held_by", s, 22);
    if (!stmt_is_null(s, 23)) rc |= put(a, out, "held_by_paused", val_bool(true));
    return rc;
}

int flow_read_run(struct store *db, int64_t id, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db, RUN_COLUMNS " where r.id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int rc = stmt_step(s, err);
    if (rc == 1 && read_row(s, a, out) != 0) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    stmt_done(s);
    return rc;
}

static struct stmt *find_stmt(struct store *db, const struct flow_filter *f, struct arena *a, struct err *err)
{
    const char *ids;
    int rc = flow_find_ids(db, f, a, &ids, NULL, err);
    struct stmt *s = rc ? NULL : store_stmt(db, RUN_COLUMNS " where " FLOW_FIND_THESE " order by r.id desc", err);
    if (s) stmt_bind_str(s, 1, ids);
    return s;
}

int flow_read_list(struct store *db, const struct flow_filter *f, struct arena *a, struct val *out, struct err *err)
{
    struct flow_filter q = *f;
    int rc;
    q.limit = f->limit <= 0 ? 100 : f->limit > 1000 ? 1000 : f->limit;
    struct stmt *s = find_stmt(db, &q, a, err);
    if (!s) return err->code;
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        struct val row;
        if (read_row(s, a, &row) != 0 || val_add(a, out, row) != 0) {
            rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
            break;
        }
    }
    stmt_done(s);
    return rc;
}

static const struct list_column run_columns[] = {
    {"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT, "r.id"},
    {"plugin", FIELD_TEXT, LIST_FILTER | LIST_OWN, "n.plugin"},
    {"flow", FIELD_TEXT, LIST_SHOWN, "n.name"},
    {"state", FIELD_TEXT, LIST_FILTER | LIST_OWN, "r.state", .choices = flow_state_names},
    {"due", FIELD_INSTANT, LIST_RANGE, "r.due"},
    {"business_id", FIELD_TEXT, LIST_SHOWN, "r.bid"},
    {"parent", FIELD_INTEGER, LIST_FILTER, "r.parent"},
    {"attempts", FIELD_INTEGER, LIST_SHOWN, NULL},
    {"started_by", FIELD_INTEGER, LIST_SHOWN, NULL},
    {"paused", FIELD_BOOLEAN, LIST_SHOWN, NULL},
    {"input", FIELD_JSON, LIST_SHOWN, .gives = "map"},
    {"result", FIELD_JSON, LIST_SHOWN, NULL},
    {"started", FIELD_INSTANT, LIST_SHOWN, NULL},
    {"ended", FIELD_INSTANT, LIST_SHOWN, NULL},
    {"entries", FIELD_INTEGER, LIST_SHOWN, NULL},
    {"version", FIELD_TEXT, LIST_SHOWN, NULL},
    {"error", FIELD_JSON, LIST_SHOWN,
     .gives = "map{code:text!,text:text,where:text,traceback:text,incident:text,values:map:text}"},
    {"status", FIELD_TEXT, LIST_SHOWN, NULL},
    {"held", FIELD_TEXT, LIST_SHOWN, NULL},
    {"held_by", FIELD_INTEGER, LIST_SHOWN, NULL},
    {"held_by_paused", FIELD_BOOLEAN, LIST_SHOWN, NULL},
    {0}};
static const struct list_option run_options[] = {
    {"flow", "text", "PLUGIN.FLOW, or the flow's name alone."},
    {"where", "json", "Fields of the input that the flow's runs are found by, as JSON: {\"year\": 2021}."},
    {0}};
const struct list flow_run_list = {.name = "runs",
                                   .order = "-id",
                                   .key = "id",
                                   .columns = run_columns,
                                   .from = RUN_FROM,
                                   .select = RUN_SHOWN,
                                   .options = run_options};

static int list_row(void *ctx, struct stmt *s, struct arena *a, struct val *row, struct err *err)
{
    (void)ctx;
    return read_row(s, a, row) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

static int64_t value_of(const struct list_query *q, const char *column, int64_t otherwise)
{
    const struct list_filter *f = list_filter_of(q, column);
    return f ? f->value.as.i : otherwise;
}

/* What the page asks of the ids, too: ranges, and where the page before ended. */
static void take_bounds(const struct list_query *q, struct flow_filter *f)
{
    int64_t least = INT64_MIN, most = INT64_MAX;
    for (size_t i = 0; i < q->nfilters; i++) {
        const char *op = q->filters[i].op;
        int64_t id = q->filters[i].value.as.i;
        if (q->filters[i].column != q->key || id <= 0 || id == INT64_MAX) continue;
        if (op[0] == '>' && id > least) least = op[1] ? id - 1 : id;
        if (op[0] == '<' && id < most) most = op[1] ? id + 1 : id;
    }
    if (q->after_key.type == VAL_INT && q->down && q->after_key.as.i < most) most = q->after_key.as.i;
    if (q->after_key.type == VAL_INT && !q->down && q->after_key.as.i > least) least = q->after_key.as.i;
    f->behind = least;
    f->before = most;
}

/* Of one parent, one run, or due in a range: that is found by an index of its own, and the input's fields are looked up
 * for each. */
#define SEARCHED                                                                                                       \
    "not exists (select 1 from json_each(?3) j where not exists (select 1 from flow_search o where o.name = r.name"    \
    " and o.field = j.key and o.value = j.value and o.run = r.id))"

static const char *search_json(const struct flow_search *search, struct arena *a)
{
    struct val map = val_map();
    struct buf b;
    for (size_t i = 0; i < search->n; i++)
        if (val_set(a, &map, search->by[i].field, val_str(search->by[i].value))) return NULL;
    buf_init(&b, 64 << 10);
    json_write(&b, &map);
    const char *copy = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return copy;
}

/* By plugin, flow, state or fields of the input the ids are sought first, for pages in their order. */
static bool is_sought(const struct list_query *q, const struct flow_filter *f)
{
    bool is = (f->plugin || f->name || f->state >= 0) && q->sort == q->key;
    for (size_t i = 0; i < q->nfilters; i++)
        is = is &&
             (q->filters[i].column->can & LIST_OWN || (q->filters[i].column == q->key && q->filters[i].op[0] != '='));
    return is;
}

static int read_sought(struct store *db, const struct list_query *q, struct flow_filter *f, struct arena *a,
                       struct val *out, const char **next, struct err *err)
{
    const char *ids;
    int64_t stopped;
    take_bounds(q, f);
    int rc = flow_find_ids(db, f, a, &ids, &stopped, err);
    if (rc) return rc;
    struct list_rows how = {.bound = {val_str(ids)}, .nbound = 1, .where = FLOW_FIND_THESE, .read = list_row};
    rc = list_find(db, q, &how, a, out, next, err);
    return rc || !stopped ? rc : list_cursor(q, val_int(stopped), val_int(stopped), a, next, err);
}

int flow_read_page(struct store *db, const struct list_query *q, const struct flow_filter *asked, struct arena *a,
                   struct val *out, const char **next, struct err *err)
{
    const char *plugin = asked->plugin, *name = asked->name, *fields = search_json(&asked->search, a);
    const struct list_filter *by_plugin = list_filter_of(q, "plugin");
    struct flow_filter f = *asked;
    if (!plugin && by_plugin) f.plugin = by_plugin->value.as.str.s;
    f.state = (int)value_of(q, "state", -1);
    f.limit = q->limit + 1;
    f.oldest = !q->down;
    if (!fields) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (is_sought(q, &f)) return read_sought(db, q, &f, a, out, next, err);
    struct list_rows how = {.bound = {plugin ? val_str(plugin) : val_nil(), name ? val_str(name) : val_nil()},
                            .nbound = 2,
                            .where = "(?1 is null or n.plugin = ?1) and (?2 is null or n.name = ?2)",
                            .read = list_row};
    if (asked->search.n) {
        how.where = "(?1 is null or n.plugin = ?1) and (?2 is null or n.name = ?2) and " SEARCHED;
        how.bound[how.nbound++] = val_str(fields);
    }
    return list_find(db, q, &how, a, out, next, err);
}

static int show_entry(struct arena *a, const struct flow_entry *e, int64_t number, int64_t slice, struct val *out)
{
    static const char *const types[] = {"", "step", "wait", "wake"};
    struct val payload = val_nil(), copy;
    int rc = 0;
    *out = val_map();
    rc |= put(a, out, "entry", val_int(number));
    rc |= put(a, out, "slice", val_int(slice));
    rc |= put(a, out, "type", val_str(types[e->type]));
    if (e->branch) rc |= put(a, out, "branch", val_int(e->branch));
    if (e->type == ENTRY_WAKE) {
        rc |= put(a, out, "wait", val_int(e->wait));
    } else {
        char *op = arena_strndup(a, e->op, e->op_len), *where = arena_strndup(a, e->where, e->where_len);
        if (!op || !where) return ERR_NOMEM;
        rc |= put(a, out, "op", val_strn(op, e->op_len));
        rc |= put(a, out, "where", val_strn(where, e->where_len));
    }
    if (val_decode(e->payload, e->payload_len, a, flow_kind_of, &payload) != 0 || val_copy(a, &payload, &copy) != 0)
        return ERR_CORRUPT;
    if (copy.type != VAL_NIL) rc |= put(a, out, e->code ? "refused" : "result", copy);
    return rc;
}

static int show_slice(struct arena *a, struct stmt *s, int64_t *number, struct val *out, struct err *err)
{
    struct flow_entry e;
    size_t len, pos = 0;
    const char *bytes = stmt_blob(s, 1, &len);
    int rc;
    while ((rc = flow_entry_read(bytes, len, &pos, &e, err)) == 1) {
        struct val entry;
        if (show_entry(a, &e, (*number)++, stmt_int(s, 0), &entry) != 0 || val_add(a, out, entry) != 0)
            return err_set(err, ERR_LIMIT, "limit.size", NULL);
    }
    return rc;
}

int flow_read_history(struct store *db, int64_t id, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db, "select slice, body from flow_journal where run = ?1 order by slice", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, id);
    int64_t number = 0;
    int rc;
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        rc = show_slice(a, s, &number, out, err);
        if (rc) break;
    }
    stmt_done(s);
    return rc;
}
