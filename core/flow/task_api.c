/* run:ask and run:ask_all: a wait whose answer people give. */
#include <string.h>

#include "base/date.h"
#include "content/content.h"
#include "flow/flow_task.h"
#include "people/time.h"
#include "plugin/api_internal.h"
#include "runtime/log.h"

enum { SEE_MAX = 200 };

/* Working days are counted again when a calendar changes: then what was written must be known. */
static int take_within(struct api_call *c, const struct val *within, struct flow_task *t)
{
    struct people_term term = {.db = c->s->db, .zone = c->s->zone ? c->s->zone : c->s->host->zone, .base = c->s->now};
    struct duration d;
    int gap = 0;
    if (!val_is(within, VAL_STR)) return flow_timer_parse(c->s, within, &t->due, c->err);
    int rc = people_term(&term, within, &t->due, &gap, c->err);
    if (rc == 0 && duration_parse(within->as.str.s, within->as.str.len, &d) && d.working_days)
        t->term = api_str(within);
    t->gap = gap;
    if (rc == 0 && gap) {
        struct err_num year;
        log_warn("calendar.missing_year", "year", err_i64(&year, gap), NULL);
    }
    return rc;
}

/* "1 day before" and "2 working days before" count back from the due time, anything else forward from now. */
int flow_task_take_times(struct api_call *c, const struct val *spec, struct flow_task *t)
{
    const struct val *within = val_get(spec, "within"), *remind = val_get(spec, "remind");
    struct people_term term = {.db = c->s->db, .zone = c->s->zone ? c->s->zone : c->s->host->zone};
    struct duration d;
    t->due = t->remind = INT64_MAX;
    if (within) {
        int rc = take_within(c, within, t);
        if (rc) return rc;
    }
    if (!val_is(remind, VAL_STR)) return 0;
    if (duration_parse(remind->as.str.s, remind->as.str.len, &d) && d.before) {
        if (t->due == INT64_MAX) return err_set(c->err, ERR_INVALID, "flow.remind", NULL);
        term.base = t->due;
        return people_term(&term, remind, &t->remind, NULL, c->err);
    }
    return flow_timer_parse(c->s, remind, &t->remind, c->err);
}

/* The run asked about this text before and it was changed meanwhile: who is asked now sees what changed. */
static int find_since(struct api_call *c, struct flow_task *t)
{
    struct stmt *s = store_stmt(c->s->db,
                                "select about_rev from flow_task where run = ?1 and about = ?2 and about_rev < ?3"
                                " order by id desc limit 1",
                                c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, t->run);
    stmt_bind_int(s, 2, t->about);
    stmt_bind_int(s, 3, t->about_rev);
    int rc = stmt_step(s, c->err);
    if (rc == 1) t->since_rev = stmt_int(s, 0);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* part = { "title", "body" }: the answer is about these fields of the item alone. */
int flow_task_take_part(struct api_call *c, const struct val *spec, struct flow_task *t)
{
    const struct val *part = val_get(spec, "part");
    if (!part || part->type == VAL_NIL) return 0;
    bool is_empty = part->type == VAL_MAP && part->as.map.n == 0;
    bool good = t->about && (is_empty || (part->type == VAL_LIST && part->as.list.n <= 100));
    for (size_t i = 0; good && !is_empty && i < part->as.list.n; i++)
        good = api_str(&part->as.list.items[i]) != NULL;
    if (!good) return err_set(c->err, ERR_INVALID, "task.part", NULL);
    t->part = part->type == VAL_LIST ? *part : val_list();
    return 0;
}

int flow_task_take_about(struct api_call *c, const struct val *spec, struct flow_task *t)
{
    const struct val *about = val_get(spec, "about");
    struct content_version now;
    if (!about) return 0;
    if (about->type != VAL_OBJ || about->as.obj.kind != &content_item_kind)
        return err_set(c->err, ERR_INVALID, "flow.about", NULL);
    int rc = content_item_version(c->s->db, about->as.obj.id, &now, c->err);
    if (rc) return rc;
    t->about = about->as.obj.id;
    /* As it stands now, whenever the flow has read it: what is shown and what is approved are one text. */
    t->about_rev = now.rev;
    t->about_hash = arena_strdup(c->arena, now.hash);
    return t->about_hash ? find_since(c, t) : err_set(c->err, ERR_NOMEM, "memory", NULL);
}

/* see = "/x/PLUGIN/…": a route of a plugin that shows more, as the picture of a case. */
int flow_task_take_see(struct api_call *c, const struct val *spec, struct flow_task *t)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/%?=&";
    const struct val *see = val_get(spec, "see");
    if (!see || see->type == VAL_NIL) return 0;
    t->see = api_str(see);
    bool good = t->see && strncmp(t->see, "/x/", 3) == 0 && strlen(t->see) <= SEE_MAX && !strstr(t->see, "..");
    if (good && strspn(t->see, chars) == strlen(t->see)) return 0;
    return err_set(c->err, ERR_INVALID, "task.see", NULL);
}

static int take_form(struct api_call *c, const struct val *spec, struct flow_task *t)
{
    const struct val *form = val_get(spec, "form");
    if (!form) return 0;
    t->form = *form;
    return flow_task_form_check(c->arena, form, c->err);
}

static int take_rest(struct api_call *c, const struct val *spec, struct flow_task *t)
{
    const struct val *escalate = val_get(spec, "escalate"), *title = val_get(spec, "title");
    struct val targets = val_list();
    t->help = api_str(val_get(spec, "help"));
    t->on_timeout = api_str(val_get(spec, "on_timeout"));
    t->title = api_str(title);
    if (!t->title || !t->title[0]) return err_set(c->err, ERR_INVALID, "flow.task_title", NULL);
    if (!escalate) return 0;
    int rc = flow_target_resolve(c, escalate, &targets);
    if (rc == 0) t->escalate = targets;
    return rc;
}

/* link = false: no link decides it, nobody's; only who has logged in. */
static int forbid_link(struct api_call *c, int64_t task)
{
    struct stmt *s = store_stmt(c->s->db, "update flow_task set no_link = 1 where id = ?1", c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, task);
    return stmt_run(s, c->err);
}

static int make_task(struct api_call *c, const struct val *spec, int64_t entry, int64_t n, bool parts)
{
    struct flow *f = c->self;
    struct flow_run *run = c->s->run;
    struct flow_task t = {.run = run->id, .entry = entry, .n = n, .targets = val_list()};
    if (spec->type != VAL_MAP) return err_set(c->err, ERR_INVALID, "flow.task", NULL);
    int rc = flow_task_take_times(c, spec, &t);
    if (rc == 0) rc = flow_task_take_about(c, spec, &t);
    if (rc == 0) rc = flow_task_take_part(c, spec, &t);
    if (rc == 0) rc = flow_task_take_see(c, spec, &t);
    if (rc == 0) rc = take_form(c, spec, &t);
    if (rc == 0) rc = take_rest(c, spec, &t);
    if (rc == 0) rc = flow_target_resolve(c, val_get(spec, "to"), &t.targets);
    if (rc) return rc;
    if (parts && t.about && t.part.type == VAL_NIL) t.part = val_list();
    t.id = id_next(lane_ids(f->lane), c->s->now);
    rc = flow_task_insert(f, c->s, &t, c->err);
    if (rc == 0 && !val_get_bool(spec, "link", true)) rc = forbid_link(c, t.id);
    if (rc == 0) rc = flow_task_emit(c->s, &t, "task.asked", c->err);
    if (rc == 0) rc = flow_task_can_anybody(c->s, &t.targets, c->err);
    if (rc == 1) rc = flow_task_has_others(c->s, &t, &t.targets, c->err);
    if (rc < 0) return rc;
    return rc ? 0 : flow_task_doubt(c->s->db, t.id, c->err);
}

/* Like an API_WRITE of several statements, a task that cannot be made leaves nothing behind. */
static int end_wait(struct api_call *c, struct flow_wait *w, int rc)
{
    struct val nothing = val_map();
    rc = rc ? flow_wait_refuse(c, w, rc) : flow_wait_commit(c, w, &nothing);
    return rc ? rc : API_WAITING;
}

static int ask(struct api_call *c)
{
    struct flow_wait *w;
    bool replayed;
    int rc = flow_wait_begin(c, WAIT_TASK, &w, &replayed);
    if (rc || replayed) return rc ? rc : API_WAITING;
    return end_wait(c, w, make_task(c, &c->args[1], w->entry, 0, false));
}

struct group {
    int64_t need;
    bool once; /* each human counts once: so many are needed, not every place */
};

/* need = "all" | "any" | k. */
static int group_of(struct api_call *c, const struct val *spec, int64_t asked, struct group *g)
{
    const struct val *v = val_get(spec, "need");
    *g = (struct group){.need = asked};
    if (!v || val_is_str(v, "all")) return 0;
    g->once = true;
    if (val_is_str(v, "any")) {
        g->need = 1;
        return 0;
    }
    if (v->type != VAL_INT || v->as.i < 1 || v->as.i > asked) {
        struct err_num n;
        return err_set(c->err, ERR_INVALID, "flow.need", "asked", err_i64(&n, asked), NULL);
    }
    g->need = v->as.i;
    return 0;
}

static int store_group(struct api_call *c, int64_t entry, const struct group *g, bool veto)
{
    struct stmt *s = store_stmt(
        c->s->db, "insert into flow_task_group(run, entry, need, veto, once) values(?1, ?2, ?3, ?4, ?5)", c->err);
    if (!s) return c->err->code;
    stmt_bind_int(s, 1, ((struct flow_run *)c->s->run)->id);
    stmt_bind_int(s, 2, entry);
    stmt_bind_int(s, 3, g->need);
    stmt_bind_int(s, 4, veto);
    stmt_bind_int(s, 5, g->once);
    return stmt_run(s, c->err);
}

static int ask_all(struct api_call *c)
{
    struct flow_wait *w;
    bool replayed;
    const struct val *asks = &c->args[1], *options = &c->args[2];
    struct group group;
    bool parts = false;
    if (asks->as.list.n == 0 || asks->as.list.n > 200) return err_set(c->err, ERR_INVALID, "flow.asks", NULL);
    int rc = group_of(c, options, (int64_t)asks->as.list.n, &group);
    if (rc) return rc;
    rc = flow_wait_begin(c, WAIT_TASK, &w, &replayed);
    if (rc || replayed) return rc ? rc : API_WAITING;
    for (size_t i = 0; i < asks->as.list.n; i++)
        parts = parts || val_get(&asks->as.list.items[i], "part");
    rc = store_group(c, w->entry, &group, val_get_bool(options, "veto", false));
    for (size_t i = 0; rc == 0 && i < asks->as.list.n; i++)
        rc = make_task(c, &asks->as.list.items[i], w->entry, (int64_t)i, parts);
    return end_wait(c, w, rc);
}

static const struct api_fn functions[] = {
    {"run:ask", ask,
     "run:object:run! "
     "task:map{to:any!,title:text!,about:object:item,part:list,see:text,form:map,within:duration,remind:duration,"
     "escalate:any,"
     "on_timeout:"
     "text,help:text,link:boolean}!",
     "Answer", API_WAIT, NULL, 1,
     "Asks a person, position, role or list; waits for the answer. With about = item it binds to its text as it stands "
     "then; link = false: no mailed link decides it.",
     true},
    {"run:ask_all", ask_all,
     "run:object:run! "
     "tasks:list{to:any!,title:text!,about:object:item,part:list,see:text,form:map,within:duration,remind:duration,"
     "escalate:any,"
     "on_"
     "timeout:text,help:text,link:boolean}! options:map{need:any,veto:boolean}",
     "map", API_WAIT, NULL, 1,
     "Asks several: need = \"all\" | \"any\" | k, veto = true; answers { decision =, answers =, approved = }. Of any, "
     "or k, "
     "each human counts once.",
     true},
    {0},
};

static const struct api_event events[] = {
    {"task.asked",
     "Something is asked: task, run, title, due, about, to (of whom; the other events of tasks have these, too)."},
    {"task.asked_again", "A text was changed, and whoever had answered is asked again: task, run."},
    {"task.delegated", "Somebody handed a question on: task, run."},
    {"task.escalated", "A question went on to those it escalates to: task, run."},
    {"task.handed_back", "A question that was handed on came back: task, run."},
    {"task.orphan_over", "A question that nobody could decide can be decided again: task, run."},
    {"task.vote_unread", "The key of a secret vote cannot be read: task, run."},
    {"task.orphaned", "Nobody can decide a question: task, run."},
    {"task.reassigned", "A question is asked of somebody else: task, run."},
    {"task.reminded", "Whoever has not answered was reminded: task, run."},
    {0},
};

void task_add_api(struct flow *f, struct api *api)
{
    api_add(api, functions, f);
    api_add_events(api, events);
    vote_add_api(f, api);
}
