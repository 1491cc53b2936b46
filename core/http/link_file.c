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

static bool has_file(const struct val *v, int64_t id)
{
    if (val_is(v, VAL_MAP)) return val_get_int(v, "id", 0) == id && val_is(val_get(v, "hash"), VAL_STR);
    for (size_t i = 0; val_at(v, i); i++)
        if (has_file(val_at(v, i), id)) return true;
    return false;
}

static bool is_in(const struct val *part, const char *name)
{
    if (!val_is(part, VAL_LIST) || part->as.list.n == 0) return true;
    for (size_t i = 0; val_at(part, i); i++)
        if (val_is_str(val_at(part, i), name)) return true;
    return false;
}

/* In the text, or of it in the part that is asked about. */
static bool is_asked_about(const struct val *task, int64_t id)
{
    const struct val *item = val_get(task, "item"), *fields = val_is(item, VAL_OBJ) ? item->as.obj.fields : NULL;
    for (size_t i = 0; fields && i < fields->as.map.n; i++)
        if (is_in(val_get(task, "part"), fields->as.map.pairs[i].key) && has_file(&fields->as.map.pairs[i].v, id))
            return true;
    return false;
}

static bool is_attached(const struct val *said, int64_t id)
{
    for (size_t i = 0; val_at(said, i); i++)
        if (has_file(val_get(val_at(said, i), "files"), id)) return true;
    return false;
}

static int find_work(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    int64_t id = val_at(&job->args, 1)->as.i;
    const char *token = val_cstr(&job->arena, val_at(&job->args, 0));
    struct val args = val_list(), task, said;
    struct session as;
    struct file_row row;
    struct err_num n;
    (void)reader;
    if (!token || val_add(&job->arena, &args, *val_at(&job->args, 0))) return err_set(err, ERR_NOMEM, "memory", NULL);
    int rc = api_invoke(s->host->api, s, "task.link_show", &args, &job->arena, &task, err);
    if (rc == 0) rc = flow_link_act_as(s, token, &as, err);
    if (rc == 0) rc = flow_task_comments(&as, val_get_int(&task, "id", 0), &job->arena, &said, err);
    if (rc) return rc;
    rc = is_asked_about(&task, id) || is_attached(&said, id) ? file_load(s->db, id, &row, err) : 0;
    if (rc < 0) return rc;
    return rc ? file_value(&row, &job->arena, &job->shown, err)
              : err_set(err, ERR_NOT_FOUND, "not_found.file", "id", err_i64(&n, id), NULL);
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
