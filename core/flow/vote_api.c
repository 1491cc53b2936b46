/* run:vote: a wait whose answer a body gives. */
#include <stdio.h>
#include <string.h>

#include "content/content.h"
#include "flow/flow_vote.h"
#include "people/people.h"
#include "people/time.h"
#include "plugin/api_internal.h"
#include "plugin/plugins.h"

static int bad(struct api_call *c, const char *key, const char *name)
{
    return err_set(c->err, ERR_INVALID, key, "name", name, NULL);
}

static int64_t id_of(const struct val *v)
{
    return v->type == VAL_INT                                            ? v->as.i
           : v->type == VAL_OBJ && v->as.obj.kind == &people_person_kind ? v->as.obj.id
                                                                         : 0;
}

/* A list of persons without doubles. */
static int take_persons(struct api_call *c, const struct val *list, const char *name, struct val *out)
{
    *out = val_list();
    if (!val_is(list, VAL_LIST) || list->as.list.n == 0 || list->as.list.n > VOTE_MEMBERS_MAX)
        return bad(c, "vote.voters", name);
    for (size_t i = 0; i < list->as.list.n; i++) {
        struct val person;
        int64_t id = id_of(&list->as.list.items[i]);
        int rc = id > 0 ? people_person_get(c->s->db, id, c->arena, &person, c->err) : 0;
        if (rc < 0) return rc;
        if (rc == 0) return bad(c, "vote.voters", name);
        for (size_t k = 0; k < out->as.list.n; k++)
            if (out->as.list.items[k].as.i == id) return bad(c, "vote.voters", name);
        if (val_add(c->arena, out, val_int(id))) return err_set(c->err, ERR_NOMEM, "memory", NULL);
    }
    return 0;
}

static bool has(const struct val *list, int64_t id)
{
    for (size_t i = 0; val_at(list, i); i++)
        if (val_at(list, i)->as.i == id) return true;
    return false;
}

/* Who has a seat on the day of the vote. */
static int take_body(struct api_call *c, const struct val *given, struct val *out)
{
    int64_t body;
    struct val members;
    int rc = flow_target_body(c, given, &body);
    if (rc == 0) rc = people_members(c->s->db, body, people_day(c->s->host, c->s->now), c->arena, &members, c->err);
    return rc ? rc : take_persons(c, &members, "body", out);
}

/* Who wrote the text does not vote on it, and is not counted among the members. */
static int without(struct api_call *c, const struct val *authors, struct val *list)
{
    struct val others = val_list();
    for (size_t i = 0; i < list->as.list.n; i++)
        if (!has(authors, list->as.list.items[i].as.i) && val_add(c->arena, &others, list->as.list.items[i]))
            return err_set(c->err, ERR_NOMEM, "memory", NULL);
    *list = others;
    return others.as.list.n ? 0 : err_set(c->err, ERR_REFUSED, "vote.authors", NULL);
}

static int leave_out_authors(struct api_call *c, int64_t about, struct vote *v)
{
    struct val authors;
    if (!about) return 0;
    struct registry *r = plugins_registry(c->s->host->plugins);
    int rc = content_authors(r, c->s->db, about, c->arena, &authors, c->err);
    registry_drop(r);
    if (rc == 0) rc = without(c, &authors, &v->members);
    return rc ? rc : without(c, &authors, &v->asked);
}

/* Those in the hall vote; of the others only with absent = "written". */
static int take_voters(struct api_call *c, const struct val *spec, struct vote *v)
{
    const struct val *present = val_get(spec, "present");
    struct val here;
    int rc = val_get(spec, "body") ? take_body(c, val_get(spec, "body"), &v->members)
                                   : take_persons(c, val_get(spec, "voters"), "voters", &v->members);
    v->asked = v->members;
    if (rc || !present) return rc;
    rc = take_persons(c, present, "present", &here);
    for (size_t i = 0; rc == 0 && i < here.as.list.n; i++)
        if (!has(&v->members, here.as.list.items[i].as.i)) rc = bad(c, "vote.voters", "present");
    if (v->absent != VOTE_WRITTEN) v->asked = here;
    return rc;
}

/* A text that may stand among the choices of a form, and not before. */
static bool is_choice(const char *text, const char *const *before, size_t n)
{
    if (!text || !*text || strlen(text) > 100 || strpbrk(text, ",!:") || strcmp(text, "abstain") == 0) return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(before[i], text) == 0) return false;
    return true;
}

/* Where those against may send it. */
static int take_returns(struct api_call *c, const struct val *spec, struct vote *v)
{
    const struct val *returns = val_get(spec, "returns");
    if (!returns || (returns->type == VAL_MAP && returns->as.map.n == 0)) return 0;
    if (returns->type != VAL_LIST || returns->as.list.n > VOTE_RETURNS_MAX || v->noptions != 2)
        return bad(c, "vote.returns", "returns");
    for (size_t i = 0; i < returns->as.list.n; i++) {
        const char *text = api_str(&returns->as.list.items[i]);
        if (!is_choice(text, v->returns, v->nreturns)) return bad(c, "vote.returns", "returns");
        v->returns[v->nreturns++] = text;
    }
    return 0;
}

static int take_options(struct api_call *c, const struct val *spec, struct vote *v)
{
    const struct val *options = val_get(spec, "options");
    v->options[0] = "approve";
    v->options[1] = "reject";
    v->noptions = 2;
    if (!options) return 0;
    v->noptions = 0;
    if (options->type != VAL_LIST || options->as.list.n < 2 || options->as.list.n > VOTE_OPTIONS_MAX)
        return bad(c, "vote.options", "options");
    for (size_t i = 0; i < options->as.list.n; i++) {
        const char *text = api_str(&options->as.list.items[i]);
        if (!is_choice(text, v->options, v->noptions)) return bad(c, "vote.options", "options");
        v->options[v->noptions++] = text;
    }
    return 0;
}

static int take_share(struct api_call *c, const struct val *spec, const char *name, struct vote_share *out,
                      const char **text)
{
    static const char usual[] = ">1/2";
    const struct val *given = val_get(spec, name);
    struct val v = given ? *given : val_str(usual);
    if (!vote_share_parse(&v, out)) return bad(c, "vote.share", name);
    *text = v.type == VAL_STR ? v.as.str.s : arena_printf(c->arena, "%lld", (long long)v.as.i);
    return *text ? 0 : err_set(c->err, ERR_NOMEM, "memory", NULL);
}

static int take_word(struct api_call *c, const struct val *spec, const char *name, const char *const *words, int *out)
{
    const struct val *given = val_get(spec, name);
    *out = 0;
    if (!given) return 0;
    for (; words[*out]; ++*out)
        if (val_is_str(given, words[*out])) return 0;
    return bad(c, "vote.word", name);
}

static int take_rules(struct api_call *c, const struct val *spec, struct vote *v)
{
    static const char *const of[] = {"members", "present", NULL};
    static const char *const absent[] = {"written", "not_counted", "against", NULL};
    int which_of = 0, which_absent = 0;
    const char *lang = api_str(val_get(spec, "lang"));
    int rc = take_share(c, spec, "quorum", &v->quorum, &v->quorum_text);
    if (rc == 0) rc = take_share(c, spec, "threshold", &v->threshold, &v->threshold_text);
    if (rc == 0) rc = take_word(c, spec, "of", of, &which_of);
    if (rc == 0) rc = take_word(c, spec, "absent", absent, &which_absent);
    v->of = (enum vote_of)which_of;
    v->absent = (enum vote_absent)which_absent;
    v->secret = val_get_bool(spec, "secret", false);
    v->can_abstain = val_get_bool(spec, "abstain", true);
    v->can_change = val_get_bool(spec, "change", false);
    v->title = api_str(val_get(spec, "title"));
    v->lang = lang ? lang : c->s->host->lang;
    v->made = c->s->now;
    if (rc == 0 && (!v->title || !*v->title)) rc = err_set(c->err, ERR_INVALID, "flow.task_title", NULL);
    if (rc == 0 && v->secret && v->can_change) rc = bad(c, "vote.secret_change", "change");
    return rc;
}

static char *choices(struct arena *a, const char *const *of, size_t n, const char *end)
{
    struct buf b;
    buf_init(&b, 16 << 10);
    buf_add_str(&b, "choice:");
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? "," : "", of[i]);
    buf_add_str(&b, end);
    char *text = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return text;
}

/* Ballots of a secret vote have nothing but the choice: a remark would tell whose it is. */
static int make_form(struct api_call *c, const struct vote *v, struct val *form)
{
    char *decision = choices(c->arena, v->options, v->noptions, v->can_abstain ? ",abstain!" : "!"),
         *returns = choices(c->arena, v->returns, v->nreturns, "");
    *form = val_map();
    if (!decision || !returns || val_set(c->arena, form, "decision", val_str(decision)) ||
        (v->nreturns && val_set(c->arena, form, "return_to", val_str(returns))) ||
        (!v->secret && val_set(c->arena, form, "comment", val_str("text"))))
        return err_set(c->err, ERR_NOMEM, "memory", NULL);
    return 0;
}

static int make_ballots(struct api_call *c, const struct vote *v, const struct flow_task *like)
{
    struct flow *f = c->self;
    int rc = 0;
    for (size_t i = 0; rc == 0 && val_at(&v->asked, i); i++) {
        struct flow_task t = *like;
        struct val target = val_map();
        t.n = (int64_t)i;
        t.targets = val_list();
        if (val_set(c->arena, &target, "person", *val_at(&v->asked, i)) || val_add(c->arena, &t.targets, target))
            return err_set(c->err, ERR_NOMEM, "memory", NULL);
        t.id = id_next(lane_ids(f->lane), c->s->now);
        rc = flow_task_insert(f, c->s, &t, c->err);
        if (rc == 0) rc = flow_task_emit(c->s, &t, "task.asked", c->err);
        int can = rc ? 1 : flow_task_can_vote(c->s, &t, c->err);
        if (can <= 0) rc = can ? can : flow_task_doubt(c->s->db, t.id, c->err);
    }
    return rc;
}

static int make_vote(struct api_call *c, const struct val *spec, int64_t entry)
{
    struct flow *f = c->self;
    struct flow_run *run = c->s->run;
    struct vote v = {.run = run->id, .entry = entry};
    struct flow_task t = {.run = run->id, .entry = entry, .kind = TASK_BALLOT};
    int rc = take_rules(c, spec, &v);
    if (rc == 0) rc = take_options(c, spec, &v);
    if (rc == 0) rc = take_returns(c, spec, &v);
    if (rc == 0) rc = take_voters(c, spec, &v);
    if (rc == 0) rc = flow_task_take_times(c, spec, &t);
    if (rc == 0) rc = flow_task_take_about(c, spec, &t);
    if (rc == 0) rc = flow_task_take_part(c, spec, &t);
    if (rc == 0) rc = flow_task_take_see(c, spec, &t);
    if (rc == 0) rc = leave_out_authors(c, t.about, &v);
    if (rc == 0) rc = make_form(c, &v, &t.form);
    if (rc) return rc;
    t.title = v.title;
    t.help = api_str(val_get(spec, "help"));
    rc = flow_vote_save(c->s, &v, c->err);
    if (rc == 0 && v.secret) rc = vote_count_begin(f, c->s->db, &v, c->err);
    return rc ? rc : make_ballots(c, &v, &t);
}

static int vote(struct api_call *c)
{
    struct flow_wait *w;
    bool replayed;
    struct val nothing = val_map();
    int rc = flow_wait_begin(c, WAIT_TASK, &w, &replayed);
    if (rc || replayed) return rc ? rc : API_WAITING;
    rc = make_vote(c, &c->args[1], w->entry);
    rc = rc ? flow_wait_refuse(c, w, rc) : flow_wait_commit(c, w, &nothing);
    return rc ? rc : API_WAITING;
}

static const struct api_fn functions[] = {
    {"run:vote", vote,
     "run:object:run! vote:map{title:text!,body:any,voters:list,present:list,about:object:item,part:list,see:text,"
     "options:list,returns:list,quorum:any,of:text,absent:text,secret:boolean,threshold:any,abstain:boolean,change:"
     "boolean,within:duration,remind:duration,"
     "help:text,lang:text}!",
     "map", API_WAIT, NULL, 1,
     "A vote of a `body` or of `voters`, without those who wrote the item that it is `about`: quorum and threshold = "
     "\"80%\" | \"2/3\" (at least) | \">1/2\" (more) | k, of "
     "= \"members\" |"
     " \"present\", absent = \"written\" | \"not_counted\" | \"against\". With `part` = its fields an edit of others "
     "leaves it "
     "on; who is against may say which of `returns` it goes back to. { passed =, quorum =, counts =, return_to =, "
     "minutes = }.",
     true},
    {0},
};

void vote_add_api(struct flow *f, struct api *api)
{
    api_add(api, functions, f);
}
