/* The files that a signed link asks about, for who has no account: those that its page shows, and no others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"
#include "file/file.h"
#include "flow/task.h"
#include "http/auth_web.h"
#include "http/file_web.h"
#include "http/link_page.h"
#include "http/problem.h"
#include "plugin/api.h"
#include "plugin/host.h"

static bool is_file(const struct val *v, const struct file_row *row)
{
    return val_is(v, VAL_MAP) && val_get_int(v, "id", 0) == row->id && val_is_str(val_get(v, "hash"), row->hash);
}

static bool has_file(const struct val *v, const struct file_row *row)
{
    if (is_file(v, row)) return true;
    for (size_t i = 0; val_is(v, VAL_LIST) && val_at(v, i); i++)
        if (is_file(val_at(v, i), row)) return true;
    return false;
}

static bool is_in(const struct val *part, const char *name)
{
    if (!val_is(part, VAL_LIST) || part->as.list.n == 0) return true;
    for (size_t i = 0; val_at(part, i); i++)
        if (val_is_str(val_at(part, i), name)) return true;
    return false;
}

/* In the text, or of it in the part that is asked about. Anybody can write what looks like a file into a field of any
 * values: it must hang on this very revision. 1, 0. */
static int is_asked_about(struct session *s, const struct val *task, const struct file_row *row, struct err *err)
{
    const struct val *item = val_get(task, "item"), *fields = val_is(item, VAL_OBJ) ? item->as.obj.fields : NULL;
    bool is_there = false;
    for (size_t i = 0; fields && i < fields->as.map.n && !is_there; i++)
        is_there =
            is_in(val_get(task, "part"), fields->as.map.pairs[i].key) && has_file(&fields->as.map.pairs[i].v, row);
    if (!is_there) return 0;
    struct file_thing text = {.kind = "item", .id = item->as.obj.id, .part = val_get_int(task, "about_revision", 0)};
    return file_hangs(s->db, row->id, &text, err);
}

static int is_attached(struct session *s, const struct val *task, const struct val *said, const struct file_row *row,
                       struct err *err)
{
    struct file_thing on = {.kind = "task", .id = val_get_int(task, "id", 0)};
    for (size_t i = 0; val_at(said, i); i++)
        if (has_file(val_get(val_at(said, i), "files"), row)) return file_hangs(s->db, row->id, &on, err);
    return 0;
}

/* 1: the page of the link shows it; 0. */
static int load_shown(struct api_job *job, struct session *s, struct file_row *row, struct err *err)
{
    const char *token = val_cstr(&job->arena, val_at(&job->args, 0));
    struct val args = val_list(), task, said;
    struct session as;
    if (!token || val_add(&job->arena, &args, *val_at(&job->args, 0))) return err_set(err, ERR_NOMEM, "memory", NULL);
    int rc = api_invoke(s->host->api, s, "task.link_show", &args, &job->arena, &task, err);
    if (rc == 0) rc = flow_link_act_as(s, token, &as, err);
    if (rc == 0) rc = flow_task_comments(&as, val_get_int(&task, "id", 0), &job->arena, &said, err);
    if (rc) return rc;
    rc = file_load(s->db, val_at(&job->args, 1)->as.i, row, err);
    if (rc != 1) return rc;
    rc = is_asked_about(s, &task, row, err);
    return rc ? rc : is_attached(s, &task, &said, row, err);
}

static int find_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    struct file_row row;
    struct err_num n;
    (void)reader;
    int rc = load_shown(job, s, &row, err);
    if (rc < 0) return rc;
    return rc ? file_value(&row, &job->arena, &job->shown, err)
              : err_set(err, ERR_NOT_FOUND, "not_found.file", "id", err_i64(&n, val_at(&job->args, 1)->as.i), NULL);
}

void link_file_handle(struct http_api *api, struct http_request *r)
{
    struct api_job *job = api_job_new(api, r);
    const char *last = strrchr(r->path, '/') + 1, *token = strchr(r->path + 1, '/') + 1;
    char *end;
    long long id = strtoll(last, &end, 10);
    const char *accept = http_header(r, "accept-language");
    snprintf(job->login.lang, sizeof(job->login.lang), "%s", accept ? locale_pick(accept) : api->o.host->lang);
    auth_page_lang(api, r, job->login.lang);
    job->login.actor.user = PEOPLE_ANONYMOUS;
    job->args = val_list();
    int rc = http_take_rate(api, r, PEOPLE_ANONYMOUS, &job->err);
    if (rc == 0 && (*end || id <= 0)) rc = err_set(&job->err, ERR_NOT_FOUND, "not_found.file", "id", last, NULL);
    const char *copy = arena_strndup(&job->arena, token, strcspn(token, "/"));
    if (rc == 0 &&
        (!copy || val_add(&job->arena, &job->args, val_str(copy)) || val_add(&job->arena, &job->args, val_int(id))))
        rc = err_set(&job->err, ERR_NOMEM, "memory", NULL);
    if (rc) {
        http_problem(r, &job->err, job->login.lang);
        api_job_free(job);
        return;
    }
    job->call = "task.link_show";
    job->work = find_work;
    job->reply = file_download_reply;
    api_job_start(job, false);
}
