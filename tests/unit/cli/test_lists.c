/* Every list of the host: what it says can be sorted by comes in that order from an index, and what it can be filtered
 * by is found by one; what is asked of it wrongly is refused by a word. */
#include "fixture.h"

#include "flow/flow_internal.h"
#include "notify/notify.h"
#include "plugin/api_list.h"
#include "store/store.h"

enum { PLAN_MAX = 4000 };

static const struct list *next_list(struct fixture *f, size_t *i, const char **name)
{
    while (*i < api_count(f->app.host.api)) {
        const struct api_fn *fn = api_at(f->app.host.api, (*i)++);
        *name = fn->name;
        if (fn->list) return fn->list;
    }
    return NULL;
}

static struct val option(struct fixture *f, const char *key, const char *value)
{
    struct val o = val_map();
    assert_int_equal(val_set(&f->a, &o, key, val_str(value)), 0);
    return o;
}

/* What the engine would do, line by line. */
static const char *plan_of(struct fixture *f, const struct list_query *q)
{
    static char plan[PLAN_MAX];
    struct list_rows how = {.nbound = 4};
    const char *sql = list_statement(q, &how, &f->a);
    struct stmt *s = store_stmt(f->app.db, arena_printf(&f->a, "explain query plan %s", sql), &f->err);
    if (!s) fail_msg("%s: %s", sql, err_arg(&f->err, "detail"));
    plan[0] = '\0';
    while (stmt_step(s, &f->err) == 1) {
        size_t len, at = strlen(plan);
        const char *line = stmt_text(s, 3, &len);
        snprintf(plan + at, sizeof(plan) - at, "%.*s\n", (int)len, line);
    }
    stmt_done(s);
    return plan;
}

static int wrong(const struct list *l, const char *what, const char *plan)
{
    print_error("%s by %s:\n%s\n", l->name, what, plan);
    return 1;
}

/* Pages behind the first, up and down. */
static int check_sort(struct fixture *f, const struct list *l, const struct list_column *c)
{
    int bad = 0;
    for (int down = 0; down < 2; down++) {
        struct list_query q;
        struct val o = option(f, "sort", arena_printf(&f->a, "%s%s", down ? "-" : "", c->name));
        if (!(c->can & (down ? LIST_DOWN : LIST_UP))) continue;
        fixture_ok(f, l->name, list_read(l, &o, NULL, &f->a, &q, &f->err));
        q.after = q.after_key = val_int(1);
        const char *plan = plan_of(f, &q);
        if (strstr(plan, "TEMP B-TREE")) bad += wrong(l, c->name, plan);
    }
    return bad;
}

/* "p.code" is "code" in a plan; the key of a table is its rowid. */
static bool seeks(const struct list *l, const struct list_column *c, const char *plan)
{
    const char *by = c->by ? c->by : c->sql ? c->sql : c->name, *dot = strchr(by, '.');
    const char *blank = strchr(l->from, ' '), *table = blank ? blank + 1 : l->from;
    char wanted[64], column[64], rowid[] = "rowid";
    snprintf(wanted, sizeof(wanted), "SEARCH %.*s ", (int)strcspn(table, " "), table);
    snprintf(column, sizeof(column), "%s", dot ? dot + 1 : by);
    const char *line = strstr(plan, wanted);
    for (const char *at = line; at && *at != '\n'; at++) {
        for (int i = 0; i < 2; i++) {
            const char *name = i ? rowid : column;
            size_t len = strlen(name);
            bool begins = at > plan && strchr("( ", at[-1]);
            if (begins && strncmp(at, name, len) == 0 && strchr("=<>", at[len]))
                return i == 0 || c == list_column_of(l, l->key);
        }
    }
    return false;
}

/* The rows of a filter are sought by what it asks: "SEARCH p USING INDEX … (code=?)"; a range comes in the order of its
 * column, from the same index. */
static int check_filter(struct fixture *f, const struct list *l, const struct list_column *c)
{
    struct list_query q;
    struct val none = val_map(), range;
    int bad = 0;
    fixture_ok(f, l->name, list_read(l, &none, NULL, &f->a, &q, &f->err));
    q.filters[q.nfilters++] = (struct list_filter){c, "=", val_int(1)};
    const char *plan = plan_of(f, &q);
    if (!(c->can & LIST_OWN) && !seeks(l, c, plan)) bad += wrong(l, c->name, plan);
    if ((c->can & LIST_RANGE) != LIST_RANGE) return bad;
    const char *value = c->type == FIELD_TEXT ? "x" : c->type == FIELD_DATE ? "2021-01-04" : "1609718400000";
    range = option(f, arena_printf(&f->a, "%s[gte]", c->name), value);
    fixture_ok(f, c->name, list_read(l, &range, NULL, &f->a, &q, &f->err));
    q.after = q.after_key = val_int(1);
    plan = plan_of(f, &q);
    return bad + (!seeks(l, c, plan) || strstr(plan, "TEMP B-TREE") ? wrong(l, c->name, plan) : 0);
}

/* Rows that an option leaves are those of an index of its own, in the list's order. */
static int check_option(struct fixture *f, const struct list *l, const struct list_option *o)
{
    struct list_query q;
    struct val asked = option(f, o->name, "true");
    const char *dot = strchr(o->where, '.'), *condition = dot ? dot + 1 : o->where;
    fixture_ok(f, l->name, list_read(l, &asked, NULL, &f->a, &q, &f->err));
    const char *plan = plan_of(f, &q), *at = strstr(plan, "INDEX ");
    char *name = arena_strndup(&f->a, at ? at + 6 : "", at ? strcspn(at + 6, " \n") : 0);
    struct stmt *s = store_stmt(f->app.db, "select 1 from sqlite_master where name = ?1 and instr(sql, ?2)", &f->err);
    stmt_bind_str(s, 1, name);
    stmt_bind_str(s, 2, condition);
    bool is_own = stmt_step(s, &f->err) == 1;
    stmt_done(s);
    return is_own && !strstr(plan, "TEMP B-TREE") ? 0 : wrong(l, o->name, plan);
}

static void every_list_is_read_by_an_index(void **state)
{
    struct fixture *f = *state;
    const struct list *l;
    const char *name;
    int lists = 0, bad = 0;
    for (size_t i = 0; (l = next_list(f, &i, &name));) {
        assert_non_null(list_column_of(l, l->key));
        for (const struct list_column *c = l->columns; c->name && l->from; c++) {
            if (c->can & LIST_SORT) bad += check_sort(f, l, c);
            if (c->can & LIST_FILTER) bad += check_filter(f, l, c);
        }
        for (const struct list_option *o = l->options; o && o->name; o++)
            if (o->where) bad += check_option(f, l, o);
        lists++;
    }
    assert_true(lists > 15);
    assert_int_equal(bad, 0);
}

static const char *plan_of_text(struct fixture *f, const char *sql)
{
    struct stmt *s = store_stmt(f->app.db, arena_printf(&f->a, "explain query plan %s", sql), &f->err);
    char *all = arena_strdup(&f->a, "");
    assert_non_null(s);
    while (stmt_step(s, &f->err) == 1) {
        size_t len;
        const char *line = stmt_text(s, 3, &len);
        all = arena_printf(&f->a, "%s%.*s\n", all, (int)len, line);
    }
    stmt_done(s);
    return all;
}

/* On every page: a hundred of them at most, and nothing that was read. */
static void unread_notices_are_counted_by_their_index(void **state)
{
    const char *plan = plan_of_text(*state, notify_unread_sql);
    if (!strstr(plan, "SEARCH notice USING INDEX notice_unread (person=?)")) fail_msg("%s", plan);
}

/* What the list of runs does by itself (flow/flow_find.c): one range of an index for each flow and state, then the rows
 * by their keys. */
static void runs_of_a_flow_or_a_state_are_sought(void **state)
{
    struct fixture *f = *state;
    struct list_query q;
    struct val none = val_map();
    struct list_rows how = {.nbound = 1, .where = FLOW_FIND_THESE};
    const char *wanted =
        "SEARCH flow_run USING COVERING INDEX flow_run_state (name=? AND state=? AND rowid>? AND rowid<?)\n";
    assert_string_equal(plan_of_text(f, flow_find_newest_sql), wanted);
    assert_string_equal(plan_of_text(f, flow_find_oldest_sql), wanted);
    for (int down = 0; down < 2; down++) {
        assert_non_null(strstr(plan_of_text(f, flow_find_leap_sql[0][down]),
                               "PRIMARY KEY (name=? AND field=? AND value=? AND run"));
        assert_non_null(strstr(plan_of_text(f, flow_find_leap_sql[1][down]),
                               "COVERING INDEX flow_run_state (name=? AND state=? AND rowid"));
    }
    fixture_ok(f, "runs", list_read(&flow_run_list, &none, NULL, &f->a, &q, &f->err));
    const char *plan = plan_of_text(f, list_statement(&q, &how, &f->a));
    assert_non_null(strstr(plan, "SEARCH r USING INTEGER PRIMARY KEY (rowid=?)"));
}

static void check_refused(struct fixture *f, const struct list *l, const char *key, const char *value,
                          const char *error)
{
    struct list_query q;
    struct val o = option(f, key, value);
    assert_int_equal(list_read(l, &o, NULL, &f->a, &q, &f->err), ERR_INVALID);
    assert_string_equal(f->err.key, error);
}

static void what_a_list_does_not_know_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct list *l;
    const char *name;
    for (size_t i = 0; (l = next_list(f, &i, &name));) {
        check_refused(f, l, "nonsense", "1", "list.parameter");
        assert_non_null(strstr(err_arg(&f->err, "known"), "limit, after, sort, fields"));
        check_refused(f, l, "nonsense[gte]", "1", "list.parameter");
        check_refused(f, l, "sort", "nonsense", "list.sort");
        check_refused(f, l, "sort", "", "list.sort");
        check_refused(f, l, "fields", "nonsense", "list.field");
        check_refused(f, l, "limit", "many", "list.value");
        check_refused(f, l, "limit", "0", "list.value");
        check_refused(f, l, "after", "nonsense", "find.cursor");
        check_refused(f, l, "after", "", "find.cursor");
        for (const struct list_column *c = l->columns; c->name; c++) {
            if (!(c->can & LIST_UP)) check_refused(f, l, "sort", c->name, "list.sort");
            if (!(c->can & LIST_DOWN)) check_refused(f, l, "sort", arena_printf(&f->a, "-%s", c->name), "list.sort");
            if (!(c->can & LIST_FILTER))
                check_refused(f, l, arena_printf(&f->a, "%s[lt]", c->name), "1", "list.parameter");
            if (c->can & LIST_FILTER && c->type == FIELD_INTEGER) check_refused(f, l, c->name, "x", "list.value");
        }
    }
}

static void a_cursor_is_good_for_its_list_and_order_only(void **state)
{
    struct fixture *f = *state;
    const struct list *users = api_find(f->app.host.api, "user.list", NULL)->list;
    const struct list *persons = api_find(f->app.host.api, "people.person_list", NULL)->list;
    struct list_query q;
    struct val none = val_map();
    const char *next;
    fixture_ok(f, "read", list_read(users, &none, NULL, &f->a, &q, &f->err));
    fixture_ok(f, "cursor", list_cursor(&q, val_str("b"), val_int(7), &f->a, &next, &f->err));
    struct val o = option(f, "after", next), other = option(f, "after", next);
    fixture_ok(f, "again", list_read(users, &o, NULL, &f->a, &q, &f->err));
    assert_true(val_is_str(&q.after, "b"));
    assert_int_equal(q.after_key.as.i, 7);
    check_refused(f, persons, "after", next, "find.cursor");
    assert_int_equal(val_set(&f->a, &other, "sort", val_str("-name")), 0);
    assert_int_equal(list_read(users, &other, NULL, &f->a, &q, &f->err), ERR_INVALID);
    for (size_t i = 0; next[i]; i++) {
        char *spoilt = arena_strdup(&f->a, next);
        spoilt[i] = spoilt[i] == 'A' ? 'B' : 'A';
        struct val bad = option(f, "after", spoilt);
        int rc = list_read(users, &bad, NULL, &f->a, &q, &f->err);
        assert_true(rc == 0 || rc == ERR_INVALID);
    }
}

static const struct list_column memory_columns[] = {{"id", FIELD_INTEGER, LIST_RANGE | LIST_SORT},
                                                    {"name", FIELD_TEXT, LIST_FILTER | LIST_SORT},
                                                    {"on", FIELD_BOOLEAN, LIST_FILTER},
                                                    {0}};
static const struct list memory = {.name = "memory", .order = "name", .key = "id", .columns = memory_columns};

/* Rows that come between pages are found in their place; none is missed or comes twice. */
static void pages_of_memory_survive_new_rows(void **state)
{
    struct fixture *f = *state;
    struct val all, page, o = option(f, "limit", "2");
    const char *next = NULL, text[] = "[{\"id\":1,\"name\":\"b\",\"on\":true},{\"id\":2,\"name\":\"d\",\"on\":false},"
                                      "{\"id\":3,\"name\":\"d\",\"on\":true},{\"id\":4,\"name\":\"f\",\"on\":true}]";
    static const char more[] = "[{\"id\":5,\"name\":\"a\"},{\"id\":6,\"name\":\"e\"}]";
    struct list_query q;
    char seen[16] = "";
    assert_int_equal(json_parse(text, strlen(text), &f->a, &all, &f->err), 0);
    for (int turn = 0; turn < 4; turn++) {
        if (next) assert_int_equal(val_set(&f->a, &o, "after", val_str(next)), 0);
        fixture_ok(f, "read", list_read(&memory, &o, NULL, &f->a, &q, &f->err));
        fixture_ok(f, "slice", list_slice(&q, &all, &f->a, &page, &next, &f->err));
        for (size_t i = 0; i < page.as.list.n; i++) {
            size_t at = strlen(seen);
            snprintf(seen + at, sizeof(seen) - at, "%d", (int)val_get_int(&page.as.list.items[i], "id", 0));
        }
        if (!next) break;
        struct val rows;
        if (turn > 0) continue;
        assert_int_equal(json_parse(more, strlen(more), &f->a, &rows, &f->err), 0);
        for (size_t i = 0; i < rows.as.list.n; i++)
            assert_int_equal(val_add(&f->a, &all, rows.as.list.items[i]), 0);
    }
    assert_string_equal(seen, "12364");
    struct val on = option(f, "on", "true");
    assert_int_equal(val_set(&f->a, &on, "sort", val_str("-id")), 0);
    assert_int_equal(val_set(&f->a, &on, "id[lt]", val_str("4")), 0);
    assert_int_equal(val_set(&f->a, &on, "fields", val_str("name")), 0);
    fixture_ok(f, "read", list_read(&memory, &on, NULL, &f->a, &q, &f->err));
    fixture_ok(f, "slice", list_slice(&q, &all, &f->a, &page, &next, &f->err));
    assert_int_equal(page.as.list.n, 2);
    assert_true(val_is_str(val_get(&page.as.list.items[0], "name"), "d"));
    assert_null(val_get(&page.as.list.items[0], "id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(every_list_is_read_by_an_index),       ONE(runs_of_a_flow_or_a_state_are_sought),
        ONE(what_a_list_does_not_know_is_refused), ONE(a_cursor_is_good_for_its_list_and_order_only),
        ONE(pages_of_memory_survive_new_rows),     ONE(unread_notices_are_counted_by_their_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
