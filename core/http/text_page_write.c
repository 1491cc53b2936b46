/* The page of a text: what it is and where it stands, its fields, who is asked about it, and what the other files add.
 */
#include "http/text_page.h"

#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "flow/task.h"
#include "people/people.h"
#include "plugin/api.h"
#include "plugin/host.h"
#include "plugin/plugins.h"
#include "plugin/registry.h"

enum { TASKS = 20, NAMES = 10, REACHED = 200 };

static const struct val *field(const struct text_view *v, const char *name)
{
    return val_get(v->item.as.obj.fields, name);
}

int text_page_call(struct text_view *v, const char *call, const struct val *more, struct val *out, struct err *err)
{
    struct arena *a = &v->job->arena;
    struct val args = val_list();
    int rc = val_add(a, &args, val_obj(&content_item_kind, v->id, v->item.as.obj.rev, NULL));
    for (size_t i = 0; rc == 0 && more && val_at(more, i); i++)
        rc = val_add(a, &args, *val_at(more, i));
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    return api_invoke(v->s->host->api, v->s, call, &args, a, out, err);
}

/* By content.get: the draft, or what is public for who may not read drafts. */
static int get(struct text_view *v, const char *type, bool published, struct val *out, struct err *err)
{
    struct arena *a = &v->job->arena;
    struct val args = val_list(), options = val_map();
    char *name = arena_strdup(a, type);
    int rc = name ? val_add(a, &args, val_str(name)) : ERR_NOMEM;
    if (rc == 0) rc = val_add(a, &args, val_int(v->id));
    if (rc == 0) rc = val_set(a, &options, "published", val_bool(published));
    if (rc == 0) rc = val_add(a, &args, options);
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    return api_invoke(v->s->host->api, v->s, "content.get", &args, a, out, err);
}

int text_page_read(struct text_view *v, struct err *err)
{
    struct content_version now;
    struct err_num id;
    int rc = content_item_version(v->s->db, v->id, &now, err);
    if (rc == 0) rc = get(v, now.type, false, &v->item, err);
    if (rc == 0 && v->item.type != VAL_OBJ)
        rc = err_set(err, ERR_NOT_FOUND, "not_found.item", "item", err_i64(&id, v->id), NULL);
    v->is_whole = rc == 0 && content_may_read_drafts(v->s, now.unit, content_state_name(now.state));
    return rc;
}

/* --- its head --- */

/* "Article": the label of its type in the reader's language, or the type's name. */
static void add_type(const struct text_view *v)
{
    const char *type = val_cstr(v->s->arena, field(v, "type"));
    struct registry *r = plugins_registry(v->s->host->plugins);
    const struct decl *d = r && type ? registry_find(r, "type", NULL, type) : NULL;
    const struct val *label = d ? val_get(&d->spec, "label") : NULL;
    if (val_is(label, VAL_MAP)) label = val_get(label, v->p->lang);
    if (val_is(label, VAL_STR))
        page_val(v->p, label);
    else
        page_val(v->p, field(v, "type"));
    if (r) registry_drop(r);
}

static void add_state(const struct text_view *v)
{
    char key[40];
    const char *state = val_cstr(v->s->arena, field(v, "state"));
    snprintf(key, sizeof(key), "page.state_%.20s", state ? state : "");
    page_add(v->p, "%k", key);
}

static void add_line(const struct text_view *v, const char *key, const char *name)
{
    static const struct {
        const char *name, *type;
    } people[] = {{"unit", "unit"}, {"created_by", "person"}};
    const struct val *is = field(v, name);
    struct val how = val_map();
    if (!is || is->type == VAL_NIL) return;
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
        if (strcmp(people[i].name, name) == 0 && val_set(v->s->arena, &how, "type", val_str(people[i].type)) != 0)
            return;
    page_add(v->p, "<dt>%k</dt><dd>", key);
    task_value_write(v->p, v->s, &how, is);
    page_add(v->p, "</dd>\n");
}

/* What everybody sees, where that is another revision. */
static int add_public(struct text_view *v, struct err *err)
{
    struct val out;
    const char *type = val_cstr(v->s->arena, field(v, "type"));
    if (!v->is_whole || !type || val_is_str(field(v, "state"), "published")) return 0;
    int rc = get(v, type, true, &out, err);
    if (rc || out.type != VAL_OBJ) return rc;
    page_add(v->p, "<dt>%k</dt><dd>%k %i</dd>\n", "page.text_public", "task.page_revision", out.as.obj.rev);
    return 0;
}

static int add_head(struct text_view *v, struct err *err)
{
    const struct val *hash = field(v, "hash");
    page_add(v->p, "<dl>\n<dt>%k</dt><dd><strong>", "page.text_state");
    add_state(v);
    page_add(v->p, "</strong></dd>\n<dt>%k</dt><dd>", "page.text_type");
    add_type(v);
    page_add(v->p, "</dd>\n");
    add_line(v, "page.text_unit", "unit");
    if (v->is_whole) add_line(v, "page.text_author", "created_by");
    if (v->is_whole) add_line(v, "page.text_created", "created_at");
    if (v->is_whole) add_line(v, "page.text_changed", "changed_at");
    if (val_is_str(field(v, "state"), "scheduled")) add_line(v, "page.text_publish_at", "publish_at");
    add_line(v, "page.text_published", "published_at");
    page_add(v->p, "<dt>%k</dt><dd>%i", "task.page_revision", v->item.as.obj.rev);
    if (val_is(hash, VAL_STR) && hash->as.str.len > 12) {
        page_add(v->p, " · <code>");
        page_text(v->p, hash->as.str.s, 12);
        page_add(v->p, "</code>");
    }
    page_add(v->p, "</dd>\n");
    int rc = add_public(v, err);
    page_add(v->p, "</dl>\n");
    return rc;
}

static int add_fields(struct text_view *v, struct err *err)
{
    struct val as = val_map();
    if (val_set(&v->job->arena, &as, "item", v->item)) return err_set(err, ERR_NOMEM, "memory", NULL);
    page_add(v->p, "<h2>%k</h2>\n<div class=\"text\">\n", "page.text_text");
    task_text_fields(v->p, v->s, &as);
    page_add(v->p, "</div>\n");
    return 0;
}

/* --- who is asked about it --- */

/* By name, without its authors, who do not approve. */
static void add_names(struct text_view *v, const struct val *to, const struct val *authors)
{
    struct people_crowd crowd = {.most = REACHED};
    struct err ignored = {0};
    int named = 0;
    for (size_t i = 0; val_at(to, i) && !ignored.code; i++)
        people_reach(v->s, val_at(to, i), v->s->arena, &crowd, &ignored);
    bool is_cut = ignored.code == ERR_LIMIT; /* there are more */
    if (ignored.code && !is_cut) return;
    for (size_t i = 0; i < crowd.n; i++) {
        bool wrote = false;
        for (size_t k = 0; val_at(authors, k); k++)
            wrote = wrote || val_at(authors, k)->as.i == crowd.of[i].person;
        if (wrote) continue;
        if (named++ == NAMES) break;
        if (named == 1) page_add(v->p, "%k", "page.text_asked");
        page_add(v->p, named == 1 ? " %s" : ", %s", crowd.of[i].name);
    }
    if (named && (named > NAMES || is_cut)) page_add(v->p, " …");
    if (!named && !is_cut) page_add(v->p, "%k", "page.text_asked_none");
}

static void add_task(struct text_view *v, const struct val *task, const struct val *authors)
{
    int64_t id = val_get_int(task, "id", 0), due = val_get_int(task, "due", 0);
    page_add(v->p, "<li>\n<a class=\"title\" href=\"/tasks/%i\">", id);
    page_val(v->p, val_get(task, "title"));
    page_add(v->p, "</a>\n<p class=\"soft\">");
    if (due && due < v->s->now) page_add(v->p, "<span class=\"late\">%k</span> · ", "page.late");
    if (due) page_due(v->p, due, v->s->now, v->s->zone);
    if (due) page_add(v->p, "<br>\n");
    if (val_is_str(val_get(task, "kind"), "ballot") && val_get_bool(task, "may_decide", false))
        page_val(v->p, val_get(val_get(task, "why"), "decide"));
    else
        add_names(v, val_get(task, "to"), authors);
    page_add(v->p, "</p>\n</li>\n");
}

/* The picture of the case that asks, if its plugin draws one. */
static void add_picture(const struct text_view *v, const struct val *tasks)
{
    for (size_t i = 0; val_at(tasks, i); i++) {
        const char *see = val_get_str(val_at(tasks, i), "see");
        if (!page_is_path_here(see)) continue;
        page_add(v->p,
                 "<p><a href=\"%s\"><img class=\"picture\" src=\"%s\" alt=\"%k\"></a></p>\n"
                 "<p><a href=\"%s\">%k</a></p>\n",
                 see, see, "page.text_picture", see, "page.see");
        return;
    }
}

/* A task is shown to who may read it; that there are others, and the picture, to who may read the text. */
static int add_tasks(struct text_view *v, struct err *err)
{
    struct inbox_query q = {.about = v->id, .limit = TASKS};
    struct val page, authors = val_list();
    int hidden = 0, shown = 0;
    int rc = flow_inbox(v->s, &q, &v->job->arena, &page, err);
    if (rc == 0) rc = text_page_call(v, "content.authors", NULL, &authors, err);
    if (rc) return rc;
    const struct val *tasks = val_get(&page, "tasks");
    if (!val_at(tasks, 0)) return 0;
    page_add(v->p, "<h2>%k</h2>\n", "page.text_tasks");
    for (size_t i = 0; val_at(tasks, i); i++) {
        struct err no = {0};
        rc = flow_task_readable(v->s, val_get_int(val_at(tasks, i), "id", 0), &no);
        if (rc) hidden++;
        if (rc) continue;
        page_add(v->p, shown++ ? "" : "<ul class=\"list\">\n");
        add_task(v, val_at(tasks, i), &authors);
    }
    if (shown) page_add(v->p, "</ul>\n");
    if (hidden) page_add(v->p, "<p>%k</p>\n", shown ? "page.text_tasks_more" : "page.text_tasks_hidden");
    add_picture(v, tasks);
    return 0;
}

/* --- all of it --- */

static void add_title(struct text_view *v)
{
    const struct val *title = field(v, "title");
    if (!val_is(title, VAL_STR) || !title->as.str.len) title = field(v, "slug");
    const char *text = val_is(title, VAL_STR) && title->as.str.len ? val_cstr(v->s->arena, title) : NULL;
    page_begin(v->p, text ? text : locale_text(v->p->lang, "page.text_text"));
}

/* There is no form for it: where it is done. */
static void add_where_to_edit(const struct text_view *v)
{
    struct err_num id;
    page_add(v->p, "<p class=\"help\">");
    page_say(v->p, "page.text_edit", "id", err_i64(&id, v->id));
    page_add(v->p, "</p>\n");
}

static int add_rest(struct text_view *v, struct err *err)
{
    int rc = add_head(v, err);
    if (rc == 0) rc = add_fields(v, err);
    if (rc || !v->is_whole) return rc;
    rc = add_tasks(v, err);
    if (rc) return rc;
    text_moves_write(v);
    add_where_to_edit(v);
    return text_log_write(v, err);
}

int text_page_write(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    struct task_page *t = task_page_of(job);
    struct text_view v = {.job = job, .s = s, .p = &t->page, .id = text_page_id(job)};
    (void)reader;
    int rc = text_page_read(&v, err);
    if (rc) return rc;
    add_title(&v);
    if (t->told) page_err(v.p, t->told);
    if (t->done && !t->told) page_add(v.p, "<div class=\"done\" role=\"status\"><p>%k</p></div>\n", t->done);
    rc = add_rest(&v, err);
    if (rc) return rc;
    page_add(v.p, "<p><a href=\"/tasks\">%k</a></p>\n", "page.back");
    page_end(v.p);
    return buf_ok(&job->out) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
