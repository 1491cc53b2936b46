/* Tasks from outside: what people do with one (lists: host_api_inbox.c). */
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "content/content.h"
#include "flow/task.h"
#include "http/host_api_parts.h"
#include "http/openapi.h"
#include "people/people.h"
#include "people/time.h"
#include "plugin/api_list.h"
#include "plugin/protected.h"

static int nobody(struct api_call *c)
{
    return c->s->actor.person > 0 ? 0 : err_set(c->err, ERR_DENIED, "denied.nobody", NULL);
}

/* Who is asked reads what they are asked about; somebody else reads a draft (plugin/protected.h). */
static void note_item(struct api_call *c)
{
    const struct val *item = val_get(&c->result, "item"), *fields;
    struct err ignored = {0};
    int64_t person = c->s->actor.person;
    if (!val_is(item, VAL_OBJ) || !item->as.obj.fields || val_get_bool(&c->result, "may_decide", false)) return;
    fields = item->as.obj.fields;
    if (val_is_str(val_get(fields, "state"), "published")) return;
    if (person && content_is_author(c->s->db, item->as.obj.id, person, &ignored) == 1) return;
    session_note_read(c->s, &(struct session_read){.verb = "content.read",
                                                   .kind = "item",
                                                   .id = item->as.obj.id,
                                                   .unit = val_get_int(fields, "unit", 0)});
}

static int show(struct api_call *c)
{
    int rc = flow_task_readable(c->s, c->args[0].as.i, c->err);
    if (rc == 0) rc = flow_read_task_whole(c->s, c->args[0].as.i, c->arena, &c->result, c->err);
    if (rc >= 0) note_item(c);
    return rc < 0 ? rc : 0;
}

/* Of all that happened, or of what was said: as the function's list has it. */
static int history(struct api_call *c)
{
    struct list_query q;
    int rc = flow_task_readable(c->s, c->args[0].as.i, c->err);
    if (rc == 0) rc = api_list_read(c, &c->args[1], &q);
    return rc ? rc : flow_task_log_page(c->s, c->args[0].as.i, &q, c->arena, &c->result, c->err);
}

static int form(struct api_call *c)
{
    struct val form;
    int rc = flow_task_readable(c->s, c->args[0].as.i, c->err);
    if (rc == 0) rc = flow_task_form_of(c->s, c->args[0].as.i, c->arena, &form, c->err);
    return rc ? rc : openapi_form(c->s, &form, c->arena, &c->result, c->err);
}

static const struct val *map_or_empty(const struct val *v)
{
    static const struct val empty = {.type = VAL_MAP};
    return v->type == VAL_MAP ? v : &empty;
}

static int decide(struct api_call *c)
{
    int rc = nobody(c);
    return rc ? rc : flow_decide(c->s->host->flow, c->s, c->args[0].as.i, map_or_empty(&c->args[1]), c->err);
}

/* A list of ids, or "17,18,19". */
static int take_ids(struct api_call *c, const struct val *given, struct val *out)
{
    const char *text = api_str(given);
    *out = given->type == VAL_LIST ? *given : val_list();
    while (text && *text) {
        char *end;
        long long id = strtoll(text, &end, 10);
        if (end == text || (*end && *end != ',')) return err_set(c->err, ERR_INVALID, "task.bulk", NULL);
        if (val_add(c->arena, out, val_int(id))) return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
        text = *end ? end + 1 : end;
    }
    return 0;
}

static int decide_all(struct api_call *c)
{
    struct val ids;
    int rc = nobody(c);
    if (rc == 0) rc = take_ids(c, &c->args[0], &ids);
    return rc ? rc : flow_decide_all(c->s->host->flow, c->s, &ids, map_or_empty(&c->args[1]), &c->result, c->err);
}

/* To rows of tasks, in as far as the caller may read these; of those that are none nothing is added. */
static int flags(struct api_call *c)
{
    c->result = val_list();
    for (size_t i = 0; val_at(&c->args[0], i); i++) {
        const struct val *row = val_at(&c->args[0], i);
        struct val one = val_map();
        int rc = val_is(row, VAL_MAP) ? 0 : err_set(c->err, ERR_INVALID, "task.bulk", NULL);
        for (size_t k = 0; rc == 0 && k < row->as.map.n; k++)
            rc = val_set(c->arena, &one, row->as.map.pairs[k].key, row->as.map.pairs[k].v);
        if (rc == 0) rc = flow_read_task_flags(c->s, val_get_int(row, "task", 0), &one, c->err);
        if (rc && rc != ERR_DENIED && rc != ERR_NOT_FOUND) return rc;
        if (rc) err_clear(c->err);
        if (val_add(c->arena, &c->result, one)) return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    }
    return 0;
}

static int claim(struct api_call *c)
{
    int64_t until = 0;
    int rc = nobody(c);
    if (rc == 0 && c->args[1].type != VAL_NIL) rc = people_deadline(c->s, &c->args[1], c->s->now, &until, c->err);
    return rc ? rc : flow_task_claim(c->s->host->flow, c->s, c->args[0].as.i, until, c->err);
}

static int release(struct api_call *c)
{
    return flow_task_release(c->s->host->flow, c->s, c->args[0].as.i, c->err);
}

/* A person by code, address or id. */
static int find_person(struct api_call *c, const struct val *given, int64_t *id)
{
    const char *text = api_str(given);
    if (val_is(given, VAL_INT)) {
        *id = given->as.i;
        return 0;
    }
    char *end = NULL;
    int rc = text ? people_person_by_code(c->s->db, text, id, c->err) : 0;
    if (rc == 0 && text && *text) {
        *id = strtoll(text, &end, 10);
        if (!*end && *id > 0) return 0; /* from a path everything is text */
    }
    if (rc == 0 && text && strchr(text, '@')) {
        struct stmt *s = store_stmt(c->s->db, "select id from person where email = ?1 order by id limit 1", c->err);
        if (!s) return c->err->code;
        stmt_bind_str(s, 1, text);
        rc = stmt_step(s, c->err);
        if (rc == 1) *id = stmt_int(s, 0);
        stmt_done(s);
    }
    if (rc < 0) return rc;
    return rc == 1 ? 0 : err_set(c->err, ERR_NOT_FOUND, "people.no_person", "code", text ? text : "?", NULL);
}

/* { person = | position =, unit = | role =, unit = } with codes or ids. */
static int take_one(struct api_call *c, const struct val *given, struct val *out)
{
    *out = val_map();
    for (size_t i = 0; val_is(given, VAL_MAP) && i < given->as.map.n; i++) {
        const struct val_pair *p = &given->as.map.pairs[i];
        struct val v = p->v;
        int64_t id;
        int rc = 0;
        if (strcmp(p->key, "person") == 0) {
            rc = find_person(c, &p->v, &id);
            if (rc == 0) v = val_int(id);
        } else if (strcmp(p->key, "unit") == 0 && p->v.type == VAL_STR) {
            rc = people_unit_by_code(c->s->db, api_str(&p->v) ? api_str(&p->v) : "", &id, c->err);
            if (rc == 0) return err_set(c->err, ERR_NOT_FOUND, "people.no_unit", "code", p->v.as.str.s, NULL);
            v = val_int(id);
            rc = rc < 0 ? rc : 0;
        }
        if (rc) return rc;
        if (val_set(c->arena, out, p->key, v)) return err_set(c->err, ERR_NOMEM, "memory", NULL);
    }
    return 0;
}

/* One of these, or a list of them. */
static int take_target(struct api_call *c, const struct val *given, struct val *out)
{
    int rc = 0;
    if (given->type != VAL_LIST) return take_one(c, given, out);
    *out = val_list();
    for (size_t i = 0; rc == 0 && i < given->as.list.n; i++) {
        struct val one = given->as.list.items[i];
        if (one.type == VAL_MAP) rc = take_one(c, &given->as.list.items[i], &one);
        if (rc == 0 && val_add(c->arena, out, one)) rc = err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    }
    return rc;
}

static int reassign(struct api_call *c)
{
    struct val to;
    int rc = take_target(c, &c->args[1], &to);
    return rc ? rc : flow_task_reassign(c, c->args[0].as.i, &to, api_str(&c->args[2]));
}

static int delegate(struct api_call *c)
{
    int64_t person;
    int rc = nobody(c);
    if (rc == 0) rc = find_person(c, &c->args[1], &person);
    return rc ? rc : flow_task_delegate(c->s->host->flow, c->s, c->args[0].as.i, person, api_str(&c->args[2]), c->err);
}

static int hand_back(struct api_call *c)
{
    int rc = nobody(c);
    return rc ? rc : flow_task_hand_back(c->s->host->flow, c->s, c->args[0].as.i, api_str(&c->args[1]), c->err);
}

static int comment(struct api_call *c)
{
    return flow_task_comment(c->s, c->args[0].as.i, api_str(&c->args[1]), &c->args[2], c->err);
}

static int attach(struct api_call *c)
{
    return flow_task_comment(c->s, c->args[0].as.i, api_str(&c->args[2]), &c->args[1], c->err);
}

static int detach(struct api_call *c)
{
    return flow_task_detach(c->s, c->args[0].as.i, c->args[1].as.i, c->err);
}

static int comments(struct api_call *c)
{
    struct val all;
    int rc = flow_task_readable(c->s, c->args[0].as.i, c->err);
    if (rc == 0) rc = flow_task_comments(c->s, c->args[0].as.i, c->arena, &all, c->err);
    return rc ? rc : api_list_slice(c, &c->args[1], &all);
}

static int recuse(struct api_call *c)
{
    int rc = nobody(c);
    return rc ? rc : flow_task_recuse(c->s->host->flow, c->s, c->args[0].as.i, api_str(&c->args[1]), c->err);
}

static int orphans(struct api_call *c)
{
    struct list_query q;
    int rc = host_api_reads_all(c);
    if (rc == 0) rc = api_list_read(c, &c->args[0], &q);
    return rc ? rc : flow_orphans(c->s, &q, c->arena, &c->result, &c->s->next, c->err);
}

static int warnings(struct api_call *c)
{
    int rc = people_check(c->s, "system.verify", PEOPLE_ANY_UNIT, c->err);
    return rc ? rc : flow_warnings(c->s, 0, &c->result, c->err);
}

/* Of oneself, or of anybody for those who may read all. */
static int handover(struct api_call *c)
{
    const char *at = api_str(val_get(&c->args[1], "at"));
    int64_t person, day = 0;
    struct date d;
    int32_t offset;
    int rc = find_person(c, &c->args[0], &person);
    if (rc == 0 && person != c->s->actor.person) rc = host_api_reads_all(c);
    if (rc) return rc;
    if (at && !date_parse(at, strlen(at), &d, &offset))
        return err_set(c->err, ERR_INVALID, "people.deadline", "text", at, NULL);
    if (at) day = date_days(d.year, d.month, d.day);
    return flow_handover(c->s, person, day, c->arena, &c->result, c->err);
}

static int link(struct api_call *c)
{
    char token[TASK_TOKEN_LEN];
    int64_t person, expires = 0;
    int rc = find_person(c, &c->args[1], &person);
    if (rc == 0 && c->args[2].type != VAL_NIL) rc = people_deadline(c->s, &c->args[2], c->s->now, &expires, c->err);
    if (rc == 0) rc = flow_link_make(c->s, c->args[0].as.i, person, expires, token, c->err);
    if (rc) return rc;
    char *copy = arena_strdup(c->arena, token), *path = arena_printf(c->arena, "/t/%s", token);
    c->result = val_map();
    if (!copy || !path || val_set(c->arena, &c->result, "token", val_str(copy)) ||
        val_set(c->arena, &c->result, "path", val_str(path)))
        return err_set(c->err, ERR_NOMEM, "memory", NULL);
    return 0;
}

static int link_show(struct api_call *c)
{
    return flow_link_read(c->s, api_str(&c->args[0]), c->arena, &c->result, c->err);
}

static int link_decide(struct api_call *c)
{
    return flow_link_decide(c->s->host->flow, c->s, api_str(&c->args[0]), map_or_empty(&c->args[1]), c->err);
}

#define DECIDED "task:integer! done:boolean code:text message:text"
#define FLAGS                                                                                                          \
    "may_decide:boolean may_claim:boolean may_release:boolean may_delegate:boolean may_reassign:boolean "              \
    "may_hand_back:boolean may_comment:boolean may_recuse:boolean why:map:text"

static const struct api_fn functions[] = {
    {"task.show", show, "id:integer!", "map", API_READ, API_HOST, 1,
     "One task with the text that it is about (item), and what the caller may do with it and why.", .tagged = "shown",
     .gives = "@Task"},
    {"task.history", history, "id:integer! options:map", "list", API_READ, API_HOST, 1,
     "Comments, claims, reassignments and what else happened to a task.", .list = &flow_task_history_list},
    {"task.form", form, "id:integer!", "map", API_READ, API_HOST, 1,
     "What is to be filled in to decide a task, as JSON Schema.", .gives = "*"},
    {"task.decide", decide, "id:integer! answer:map!", "", API_WRITE, API_HOST, 1,
     "Answers a task as the caller's person; with hash (what the task shows as `shown`) only if it is still about that "
     "text and "
     "those"
     " files.",
     .tells = true},
    {"task.decide_all", decide_all, "tasks:any! answer:map!", "list", API_WRITE, API_HOST, 1,
     "The same answer to many tasks (numbers, or { task, hash }), each for itself: { task, done } or { task, code,"
     " message }.",
     .tells = true, .gives = DECIDED},
    {"task.flags", flags, "rows:list!", "list", API_READ, API_HOST, 1,
     "Rows that have a task each, with what the caller may do with it and why.", .gives = DECIDED " " FLAGS},
    {"task.claim", claim, "id:integer! until_:any", "", API_WRITE, API_HOST, 1,
     "Takes a task on, so that others leave it alone; for eight hours unless said."},
    {"task.release", release, "id:integer!", "", API_WRITE, API_HOST, 1, "Lets go of a task that was taken on."},
    {"task.reassign", reassign, "id:integer! to:any! reason:text!", "", API_WRITE, API_HOST, 1,
     "Asks others instead: a person, a position in a unit, or a role in a unit.", true},
    {"task.delegate", delegate, "id:integer! person:any! reason:text", "", API_WRITE, API_HOST, 1,
     "Lets another decide this one task in the caller's place.", true},
    {"task.hand_back", hand_back, "id:integer! reason:text", "", API_WRITE, API_HOST, 1,
     "Gives back a task that was delegated or reassigned.", true},
    {"task.comment", comment, "id:integer! text:text files:list:file", "", API_WRITE, API_HOST, 1,
     "Adds a remark, and files to it; it is shown with the task and in its answer.", true},
    {"task.attach", attach, "id:integer! files:list:file! text:text", "", API_WRITE, API_HOST, 1,
     "Attaches files: ids of what was handed in.", true},
    {"task.detach", detach, "id:integer! file:integer!", "", API_WRITE, API_HOST, 1,
     "Takes away a file that the caller attached, while the task is open.", true},
    {"task.comments", comments, "id:integer! options:map", "list", API_READ, API_HOST, 1,
     "What was said about a task and attached to it, oldest first: { kind, at, by, text, files }.",
     .list = &flow_task_comment_list},
    {"task.recuse", recuse, "id:integer! reason:text!", "", API_WRITE, API_HOST, 1,
     "Takes no part in a vote, for a reason.", true},
    {"task.orphans", orphans, "options:map", "list", API_READ, API_HOST, 1,
     "Tasks that nobody can decide, oldest first.", .list = &flow_orphan_list},
    {"task.warnings", warnings, "", "string[]", API_READ, API_HOST, 1,
     "Sentences about years without a calendar that open terms touch, and about orphans."},
    {"task.handover", handover, "person:any! options:map{at:text}", "map", API_READ, API_HOST, 1,
     "What a person leaves behind: tasks, runs, delegations; `more` where there are more than 1000 of any.",
     .guarded = true,
     .gives = "person:@Person! tasks:@Task[]! claimed:list{id:integer!,title:text!}! "
              "runs:list{id:integer!,flow:text!,business_id:text}! "
              "positions:list{position:text!,unit:text!,since:date,until:date}! "
              "delegations:list{id:integer!,from:text,to:text,position:text,role:text,unit:text,since:date,until:date,"
              "act:text}! more:boolean"},
    {"task.link", link, "id:integer! person:any! expires:any", "map", API_WRITE, API_HOST, 1,
     "A link by which a person decides one task without an account: used once, for seven days unless said.", true,
     .once = "token path", .gives = "token:text path:text withheld:list:text"},
    {"task.link_show", link_show, "token:text!", "map", API_READ, API_HOST, 1, "What a link asks; uses nothing up."},
    {"task.link_decide", link_decide, "token:text! answer:map!", "", API_WRITE, API_HOST, 1,
     "Decides by a link; it is used up.", true, .tells = true},
    {0},
};

void host_api_attach_task(struct host *host)
{
    api_add(host->api, functions, NULL);
}
