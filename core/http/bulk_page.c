/* Several tasks of one kind, decided together: chosen in the inbox, their form with what each is about, then what will
 * happen to each, then what happened. Each answer goes with the hash of the text that was shown first: a text that was
 * changed since is decided by nobody unseen. */
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "flow/task.h"
#include "http/bulk.h"
#include "http/problem.h"
#include "http/routes.h"
#include "people/people.h"
#include "plugin/host.h"

/* --- parts of the pages --- */

static void begin(struct bulk *b, const char *key)
{
    struct buf title;
    struct err_num n;
    buf_init(&title, 1000);
    locale_format(&title, b->p->lang, key, "n", err_i64(&n, (int64_t)b->nin), NULL);
    page_begin(b->p, title.data ? title.data : "");
    buf_close(&title);
}

static int end(struct bulk *b, struct err *err)
{
    page_add(b->p, "<p><a href=\"/tasks\">%k</a></p>\n", "page.back");
    page_end(b->p);
    return buf_ok(&b->job->out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}

static void add_title(struct bulk *b, const struct bulk_one *one)
{
    page_add(b->p, "<a class=\"title\" href=\"/tasks/%i\">", one->id);
    if (val_get(&one->task, "title"))
        page_val(b->p, val_get(&one->task, "title"));
    else
        page_add(b->p, "%i", one->id);
    page_add(b->p, "</a>");
}

static void add_due(struct bulk *b, const struct bulk_one *one)
{
    int64_t due = val_get_int(&one->task, "due", 0);
    if (!due) return;
    page_add(b->p, "<p class=\"soft\">");
    if (due < b->s->now) page_add(b->p, "<span class=\"late\">%k</span> · ", "page.late");
    page_due(b->p, due, b->s->now, b->s->zone);
    page_add(b->p, "</p>\n");
}

static void add_why(struct bulk *b, const struct bulk_one *one)
{
    page_add(b->p, "<p class=\"soft\">");
    if (one->why)
        page_add(b->p, "%k", one->why);
    else if (one->reason.type == VAL_STR)
        page_val(b->p, &one->reason);
    else
        page_sentence(b->p, &one->err);
    page_add(b->p, "</p>\n");
}

/* Those that are not decided with the others, and why. */
static void add_left_out(struct bulk *b)
{
    bool any = false;
    for (size_t i = 0; i < b->n; i++) {
        if (b->all[i].is_in) continue;
        if (!any) page_add(b->p, "<h2>%k</h2>\n<ul class=\"list\">\n", "page.bulk_left_out");
        any = true;
        page_add(b->p, "<li>\n");
        add_title(b, &b->all[i]);
        add_why(b, &b->all[i]);
        page_add(b->p, "</li>\n");
    }
    if (any) page_add(b->p, "</ul>\n");
}

static void add_hidden(struct page *p, const char *name, const struct val *v)
{
    for (size_t i = 0; v->type == VAL_LIST && val_at(v, i); i++)
        add_hidden(p, name, val_at(v, i));
    if (v->type != VAL_STR) return;
    page_add(p, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    page_val(p, v);
    page_add(p, "\">\n");
}

static void add_hash(struct bulk *b, const struct bulk_one *one, const struct val *hash)
{
    char key[40];
    snprintf(key, sizeof(key), "_hash_%lld", (long long)one->id);
    if (val_is(hash, VAL_STR)) add_hidden(b->p, key, hash);
}

/* --- what is asked --- */

/* Those who decide about it see it, here as well. */
static void add_attached(struct bulk *b, const struct bulk_one *one)
{
    struct val said;
    struct err ignored = {0};
    if (flow_task_comments(b->s, one->id, &b->job->arena, &said, &ignored) == 0) task_files_brief(b->p, &said);
}

static void add_chosen(struct bulk *b, const struct bulk_one *one)
{
    page_add(b->p,
             "<li class=\"chosen\">\n<input type=\"checkbox\" name=\"task\" value=\"%i\" checked aria-label=\"%k: ",
             one->id, "page.choose");
    page_val(b->p, val_get(&one->task, "title"));
    page_add(b->p, "\">\n<div>");
    add_title(b, one);
    add_due(b, one);
    if (val_get(&one->task, "vote")) task_vote_rule(b->p, val_get(&one->task, "vote"));
    if (val_get(&one->task, "help")) {
        page_add(b->p, "<p>");
        page_val(b->p, val_get(&one->task, "help"));
        page_add(b->p, "</p>\n");
    }
    if (val_get(&one->task, "item")) {
        page_add(b->p, "<details>\n<summary>%k</summary>\n", "task.page_text");
        task_text_fields(b->p, b->s, &one->task);
        page_add(b->p, "</details>\n");
    }
    add_attached(b, one);
    add_hash(b, one, val_get(&one->task, "shown"));
    page_add(b->p, "</div>\n</li>\n");
}

static void add_ballot(struct bulk *b)
{
    const struct val *vote = val_get(b->first, "vote");
    if (!vote) return;
    page_add(b->p, "<div class=\"note\">");
    task_vote_ballot(b->p, vote);
    page_add(b->p, "</div>\n");
}

static int write_form(struct bulk *b, struct err *err)
{
    struct task_form form = {
        .s = b->s, .fields = b->fields, .wrong = b->t->told, .file_max = b->job->api->o.file_max, .find = b->t->find};
    if (b->t->act) form.given = &b->t->given;
    begin(b, "page.bulk");
    if (b->t->told) task_form_err(b->p, b->fields, "f", b->t->told);
    if (b->nin) {
        (task_form_has_files(b->fields) ? page_form_files : page_form)(b->p, "/tasks/decide");
        page_add(b->p, "<p class=\"help\">%k</p>\n<ul class=\"list\">\n", "page.bulk_help");
        for (size_t i = 0; i < b->n; i++)
            if (b->all[i].is_in) add_chosen(b, &b->all[i]);
        page_add(b->p, "</ul>\n<h2>%k</h2>\n", "page.bulk_answer");
        add_ballot(b);
        task_form_write(b->p, &form);
        page_add(b->p, "<button name=\"_step\" value=\"ask\">%k</button>\n</form>\n", "page.bulk_ask");
    } else {
        page_add(b->p, "<p>%k</p>\n", "page.bulk_nothing");
    }
    add_left_out(b);
    return end(b, err);
}

static int form_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    struct bulk b;
    (void)reader;
    int rc = bulk_load(&b, job, s, err);
    return rc ? rc : write_form(&b, err);
}

/* --- what will happen --- */

static void add_given(struct bulk *b, const struct val *field, const struct val *v)
{
    enum people_find_kind kind = task_pick_kind(field);
    struct err ignored = {0};
    struct val object = val_nil();
    int64_t id = task_form_number(&b->job->arena, v);
    if (kind == PEOPLE_FIND_PERSON && id) people_person_get(b->s->db, id, &b->job->arena, &object, &ignored);
    if (kind == PEOPLE_FIND_UNIT && id)
        people_unit_get(b->s->db, id, people_day(b->s->host, b->s->now), &b->job->arena, &object, &ignored);
    if (val_get(field, "choices"))
        task_form_choice(b->p, field, v);
    else if (task_form_is_file(field))
        task_files_sent(b->p, b->s, v);
    else if (val_is_str(val_get(field, "type"), "boolean"))
        page_add(b->p, "%k", val_is_str(v, "true") ? "page.yes" : "page.no");
    else
        page_val(b->p, object.type == VAL_OBJ ? &object : v);
}

static void add_answer(struct bulk *b)
{
    page_add(b->p, "<dl>\n");
    for (size_t i = 0; val_at(b->fields, i); i++) {
        const struct val *field = val_at(b->fields, i);
        const char *name = val_cstr(&b->job->arena, val_get(field, "name"));
        const struct val *v = name ? val_get(&b->t->given, name) : NULL;
        if (!val_at(v, 0) && (!val_is(v, VAL_STR) || v->as.str.len == 0)) continue;
        page_add(b->p, "<dt>");
        task_form_title(b->p, field);
        page_add(b->p, "</dt><dd>");
        if (v->type == VAL_STR) add_given(b, field, v);
        for (size_t k = 0; val_at(v, k); k++) {
            page_add(b->p, k ? "<br>" : "");
            add_given(b, field, val_at(v, k));
        }
        page_add(b->p, "</dd>\n");
    }
    page_add(b->p, "</dl>\n");
}

static void add_what(struct bulk *b, const struct bulk_one *one)
{
    const struct val *field = val_at(b->fields, 0), *v = NULL;
    for (size_t i = 0; val_at(b->fields, i) && !v; i++) {
        field = val_at(b->fields, i);
        const char *name = val_cstr(&b->job->arena, val_get(field, "name"));
        if (val_get(field, "choices") && name) v = val_get(&b->t->given, name);
    }
    page_add(b->p, "<li>\n");
    add_title(b, one);
    if (val_is(v, VAL_STR)) {
        page_add(b->p, "<p>→ <strong>");
        task_form_choice(b->p, field, v);
        page_add(b->p, "</strong></p>\n");
    }
    add_due(b, one);
    page_add(b->p, "<input type=\"hidden\" name=\"task\" value=\"%i\">\n", one->id);
    add_hash(b, one, bulk_hash(b, one));
    page_add(b->p, "</li>\n");
}

static void add_all_given(struct bulk *b)
{
    for (size_t i = 0; i < b->t->given.as.map.n; i++) {
        const struct val_pair *g = &b->t->given.as.map.pairs[i];
        bool is_own = strcmp(g->key, "task") == 0 || strncmp(g->key, "_hash_", 6) == 0 ||
                      strcmp(g->key, "_csrf") == 0 || strcmp(g->key, "_step") == 0 || strcmp(g->key, "_find") == 0 ||
                      strcmp(g->key, "_drop") == 0;
        if (!is_own) add_hidden(b->p, g->key, &g->v);
    }
}

static void add_confirm(struct bulk *b)
{
    struct err_num n;
    page_form(b->p, "/tasks/decide");
    add_all_given(b);
    page_add(b->p, "<h2>%k</h2>\n<ul class=\"list\">\n", "page.bulk_will");
    for (size_t i = 0; i < b->n; i++)
        if (b->all[i].is_in) add_what(b, &b->all[i]);
    page_add(b->p, "</ul>\n<p><button name=\"_step\" value=\"do\">");
    page_say(b->p, "page.bulk_do", "n", err_i64(&n, (int64_t)b->nin));
    page_add(b->p, "</button> <button class=\"second\" name=\"_step\" value=\"back\">%k</button></p>\n</form>\n",
             "page.bulk_back");
}

static int ask_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    struct bulk b;
    (void)reader;
    int rc = bulk_load(&b, job, s, err);
    if (rc == 0) rc = task_pick_take(s, b.fields, &b.t->given, err);
    if (rc == 0) rc = bulk_check(&b, err);
    if (rc) return rc;
    begin(&b, "page.bulk_confirm");
    if (b.nin) {
        page_add(b.p, "<h2>%k</h2>\n", "page.bulk_answer");
        add_answer(&b);
        add_confirm(&b);
    } else {
        page_add(b.p, "<p>%k</p>\n", "page.bulk_nothing");
    }
    add_left_out(&b);
    return end(&b, err);
}

/* --- what happened --- */

static const struct val *result_of(const struct val *results, int64_t id)
{
    for (size_t i = 0; val_at(results, i); i++)
        if (val_get_int(val_at(results, i), "task", 0) == id) return val_at(results, i);
    return NULL;
}

/* What a page says of it, where it has a sentence of its own. */
static void add_failure(struct bulk *b, const struct val *result)
{
    char key[80];
    const char *code = val_cstr(&b->job->arena, val_get(result, "code"));
    snprintf(key, sizeof(key), "%.60s.page", code ? code : "");
    page_add(b->p, "<p class=\"field-wrong\">");
    if (locale_text(b->p->lang, key))
        page_add(b->p, "%k", key);
    else
        page_val(b->p, val_get(result, "message"));
    page_add(b->p, "</p>\n");
}

static int do_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    struct bulk b;
    struct val results;
    struct err_num n;
    (void)reader;
    int rc = bulk_load(&b, job, s, err);
    if (rc == 0) rc = bulk_decide(&b, &results, err);
    if (rc) return rc;
    int64_t done = 0;
    for (size_t i = 0; val_at(&results, i); i++)
        done += val_get_bool(val_at(&results, i), "done", false);
    begin(&b, "page.bulk_done");
    page_add(b.p, "<div class=\"%s\" role=\"status\"><p>", done == (int64_t)b.n ? "done" : "note");
    page_say(b.p, "page.bulk_stored", "n", err_i64(&n, done));
    page_add(b.p, "</p></div>\n<ul class=\"list\">\n");
    for (size_t i = 0; i < b.n; i++) {
        const struct val *result = result_of(&results, b.all[i].id);
        page_add(b.p, "<li>\n");
        add_title(&b, &b.all[i]);
        if (!result)
            add_why(&b, &b.all[i]);
        else if (val_get_bool(result, "done", false))
            page_add(b.p, "<p>✓ %k</p>\n", "page.bulk_one_done");
        else
            add_failure(&b, result);
        page_add(b.p, "</li>\n");
    }
    page_add(b.p, "</ul>\n");
    return end(&b, err);
}

/* --- requests --- */

/* What is wrong with the answer is mended in the form; all else is said alone. */
static void refuse(struct api_job *job)
{
    struct task_page *t = task_page_of(job);
    struct err *told = arena_alloc(&job->arena, sizeof(*told));
    if (t->told || !told || !job->err.nfields) {
        task_page_reply_error(job);
        return;
    }
    *told = job->err;
    t->told = told;
    job->status = http_status_of(told);
    job->work = form_work;
    buf_clear(&job->out);
    api_job_go_on(job, false);
}

static int take_request(struct api_job *job, bool reads)
{
    struct task_page *t = task_page_of(job);
    const struct http_request *r = job->request;
    if (!reads && strcmp(r->method, "POST") != 0)
        return err_set(&job->err, ERR_INVALID, "http.method", "method", r->method, "allow", "GET, POST", NULL);
    int rc = reads ? http_form_parse_all(&job->arena, r->query, strlen(r->query), &t->given, &job->err)
                   : task_form_take(job);
    if (rc) return rc;
    job->headers = task_page_lines(job);
    if (!job->headers) return err_set(&job->err, ERR_NOMEM, "memory", NULL);
    if (reads) return 0;
    const struct val *step = val_get(&t->given, "_step");
    t->act = "decide";
    t->find = task_pick_find(&job->arena, &t->given);
    t->page.here = NULL; /* there is nothing to come back to */
    if (t->find || val_is_str(step, "back"))
        job->work = form_work;
    else
        job->work = val_is_str(step, "do") ? do_work : ask_work;
    t->shows = job->work != do_work;
    return 0;
}

void bulk_page_handle(struct http_api *api, struct http_request *r)
{
    struct api_job *job = task_page_open(api, r, 0);
    if (!job) return;
    bool reads = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    job->call = "task.show";
    job->refuse = refuse;
    job->work = form_work;
    if (take_request(job, reads) != 0)
        task_page_reply_error(job);
    else if (reads)
        api_job_start(job, false);
    else
        task_form_start(job);
}
