/* Open tasks in lists: one's inbox, somebody's, all. */
#include "flow/task.h"
#include "http/host_api_parts.h"
#include "people/people.h"
#include "people/time.h"
#include "plugin/api_list.h"

int host_api_reads_all(struct api_call *c)
{
    return people_check(c->s, "flow.read", PEOPLE_ANY_UNIT, c->err);
}

/* Whose inbox: one's own, or a user's for those who may read all; 0: all open tasks. */
static int take_user(struct api_call *c, const struct val *who, int64_t *person)
{
    struct people_account account;
    *person = c->s->actor.person > 0 ? c->s->actor.person : 0;
    if (val_is(who, VAL_STR)) {
        int rc = people_account_find(c->s->db, api_str(who), &account, c->err);
        if (rc < 0) return rc;
        if (rc == 0) return err_set(c->err, ERR_NOT_FOUND, "people.no_account", "name", api_str(who), NULL);
        if (account.person == *person) return 0;
        *person = account.person;
        return host_api_reads_all(c);
    }
    return *person ? 0 : host_api_reads_all(c);
}

/* The inbox finds its rows by itself (flow/flow_inbox.c): a description for what may be asked. */
static const char *const claims[] = {"none", "me", NULL};
static const struct list_column task_columns[] = {{"id", FIELD_INTEGER, LIST_DOWN},
                                                  {"due", FIELD_INSTANT, LIST_UP},
                                                  {"about", FIELD_INTEGER, LIST_FILTER},
                                                  {"claimed", FIELD_TEXT, LIST_FILTER, .choices = claims},
                                                  {"orphan", FIELD_INSTANT, LIST_SHOWN},
                                                  FLOW_TASK_COLUMNS,
                                                  {0}};
static const struct list_option task_options[] = {
    {"user", "text", "Whose tasks; else the caller's."},
    {"all", "boolean", "All open tasks, for those who may read them."},
    {"flow", "text", "Of this flow alone: PLUGIN.FLOW."},
    {"due_before", "text", "Due before an instant, or within a duration; sorted by due, unless `sort` says otherwise."},
    {"undated", "boolean", "Those without a term alone; not with sort=due."},
    {0}};
static const struct list task_list = {
    .name = "tasks", .order = "-id", .key = "id", .columns = task_columns, .options = task_options};

/* "FIRST.SECOND" is the inbox's own place. */
static int take_place(struct api_call *c, const struct list_query *q, struct inbox_query *to)
{
    if (q->after_key.type == VAL_NIL) return 0;
    if (q->after.type != VAL_STR) return err_set(c->err, ERR_INVALID, "find.cursor", NULL);
    to->after = val_cstr(c->arena, &q->after);
    return to->after ? 0 : err_set(c->err, ERR_INVALID, "find.cursor", NULL);
}

/* As a range of a list does, it makes the order: so the page is one range of the terms' index. */
static int order_by_due(struct api_call *c)
{
    struct val *o = &c->args[0];
    if (!val_get(o, "due_before") || val_get(o, "sort") || val_get(o, "order") || list_asks(o, "undated")) return 0;
    return val_set(c->arena, o, "sort", val_str("due")) ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

static int read_query(struct api_call *c, struct list_query *q, struct inbox_query *to)
{
    const struct val *o = &c->args[0], *before;
    int rc = order_by_due(c);
    if (rc == 0) rc = api_list_read(c, o, q);
    if (rc) return rc;
    before = val_get(o, "due_before");
    const struct list_filter *about = list_filter_of(q, "about"), *claimed = list_filter_of(q, "claimed");
    to->limit = q->limit;
    to->by_due = !q->down;
    to->about = about ? about->value.as.i : 0;
    to->claimed = claimed ? claims[claimed->value.as.i] : NULL;
    to->flow = api_str(val_get(o, "flow"));
    to->undated = list_asks(o, "undated");
    rc = take_user(c, val_get(o, "user"), &to->person);
    if (rc == 0 && list_asks(o, "all")) {
        to->person = 0;
        rc = host_api_reads_all(c);
    }
    if (rc == 0) rc = take_place(c, q, to);
    if (rc == 0 && before) rc = people_deadline(c->s, before, c->s->now, &to->due_before, c->err);
    return rc;
}

/* The page of an inbox; where it ends, as a cursor. */
static int read_page(struct api_call *c, struct val *tasks)
{
    struct list_query q;
    struct inbox_query from = {0};
    struct val page;
    int rc = read_query(c, &q, &from);
    if (rc == 0) rc = flow_inbox(c->s, &from, c->arena, &page, c->err);
    if (rc) return rc;
    const struct val *next = val_get(&page, "next");
    *tasks = *val_get(&page, "tasks");
    if (next) rc = list_cursor(&q, *next, val_int(0), c->arena, &c->s->next, c->err);
    return rc ? rc : list_pick(&q, c->arena, tasks, c->err);
}

static int list(struct api_call *c)
{
    return read_page(c, &c->result);
}

static int inbox(struct api_call *c)
{
    struct val tasks;
    int rc = read_page(c, &tasks);
    if (rc) return rc;
    c->result = val_map();
    rc = val_set(c->arena, &c->result, "tasks", tasks);
    if (rc == 0 && c->s->next) rc = val_set(c->arena, &c->result, "next", val_str(c->s->next));
    return rc ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

static const struct api_fn functions[] = {
    {"task.list", list, "options:map", "list", API_READ, API_HOST, 1, "Open tasks of a user, or all.",
     .list = &task_list},
    {"task.inbox", inbox, "options:map", "map", API_READ, API_HOST, 1,
     "A page of open tasks, newest first or by due: { tasks, next }.", .list = &task_list,
     .gives = "tasks:@Task[]! next:text"},
    {0},
};

void host_api_attach_inbox(struct host *host)
{
    api_add(host->api, functions, NULL);
}
