/* Reports over HTTP: GET /api/reports lists them, GET /api/reports/NAME?format=csv&… runs one on a reader.
 *
 * The answer is spooled in the job and sent when the report has run to its end: an error half way is an error, never
 * half a table; and a slow client keeps no snapshot open. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "http/api_job.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/routes.h"
#include "report/report.h"
#include "store/list.h"

static int spool(void *ctx, const char *p, size_t n)
{
    struct api_job *job = ctx;
    buf_add(&job->out, p, n);
    return buf_ok(&job->out) ? 0 : ERR_LIMIT;
}

static const struct list_column type_columns[] = {{"name", FIELD_TEXT, LIST_FILTER | LIST_SORT},
                                                  {"plugin", FIELD_TEXT, LIST_FILTER | LIST_SORT},
                                                  {"title", FIELD_TEXT, LIST_SHOWN},
                                                  {"params", FIELD_JSON, LIST_SHOWN, .gives = "@Field[]"},
                                                  {"columns", FIELD_JSON, LIST_SHOWN, .gives = REPORT_COLUMNS},
                                                  {"chart", FIELD_JSON, LIST_SHOWN, .gives = REPORT_CHART},
                                                  {"group", FIELD_TEXT, LIST_SHOWN},
                                                  {0}};
const struct list report_types = {.name = "reports", .order = "name", .key = "name", .columns = type_columns};

static int list(struct api_job *job, const struct registry *r, struct err *err)
{
    const struct http_request *q = job->request;
    struct list_query query;
    struct val all, out;
    const char *next;
    int rc = list_read(&report_types, val_at(&job->args, 1), NULL, &job->arena, &query, err);
    if (rc == 0) rc = report_list(r, job->login.lang, &job->arena, &all, err);
    if (rc == 0) rc = list_slice(&query, &all, &job->arena, &out, &next, err);
    if (rc) return rc;
    job->next = next ? http_query_next(q->path, q->query, next, &job->arena) : NULL;
    json_write(&job->out, &out);
    return 0;
}

/* The command line takes one JSON document for everything. */
static void wrap(struct api_job *job)
{
    struct buf plain = job->out;
    buf_init(&job->out, 256 << 20);
    buf_add_str(&job->out, "{\"text\":");
    json_write_str(&job->out, plain.data ? plain.data : "", plain.len);
    buf_add_char(&job->out, '}');
    buf_close(&plain);
    job->type = NULL;
}

/* A word of the query that is no parameter of the report itself, out of `params`. */
static bool take_word(struct val *params, const struct report_def *def, const char *word, struct val *out)
{
    for (size_t i = 0; !field_find(&def->params, word) && params->type == VAL_MAP && i < params->as.map.n; i++) {
        if (strcmp(params->as.map.pairs[i].key, word) != 0) continue;
        *out = params->as.map.pairs[i].v;
        params->as.map.pairs[i] = params->as.map.pairs[--params->as.map.n];
        return true;
    }
    return false;
}

/* ?limit= and ?after=; without both the report is given whole. */
static int take_page(struct api_job *job, const struct report_def *def, struct report_page *page, bool *is_page,
                     struct err *err)
{
    struct val *params = &job->args.as.list.items[1], limit = val_int(100), after = val_nil();
    bool limited = def && take_word(params, def, "limit", &limit),
         goes_on = def && take_word(params, def, "after", &after);
    *is_page = limited || goes_on;
    if (!*is_page) return 0;
    if (limit.type != VAL_INT || limit.as.i < 1)
        return err_set(err, ERR_INVALID, "list.value", "name", "limit", "type", "integer", NULL);
    page->limit = limit.as.i;
    const char *text = val_cstr(&job->arena, &after);
    if (goes_on && !text) return err_set(err, ERR_INVALID, "find.cursor", NULL);
    return report_page_read(def->name, text, &job->arena, page, err);
}

int api_report_run(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    struct report_page page = {0};
    bool is_page = false;
    const struct val *name = val_at(&job->args, 0), *params = val_at(&job->args, 1), *format = val_at(&job->args, 2);
    struct report_request q = {.name = val_cstr(&job->arena, name),
                               .params = val_is(params, VAL_MAP) ? params : NULL,
                               .format = REPORT_JSON,
                               .lang = job->login.lang,
                               .actor = job->login.actor,
                               .sink = {spool, job}};
    const char *wanted = val_cstr(&job->arena, format);
    (void)s;
    buf_clear(&job->out);
    if (wanted && !report_format_parse(wanted, &q.format))
        return err_set(err, ERR_INVALID, "http.parameter", "name", "format", NULL);
    job->type = report_format_type(q.format);
    if (q.actor.user < 0) return err_set(err, ERR_DENIED, "http.no_token", NULL);
    const struct report_def *def = q.name ? report_find(reader->registry, q.name) : NULL;
    int rc = take_page(job, def, &page, &is_page, err);
    if (rc) return rc;
    if (is_page) q.page = &page;
    rc = q.name ? report_run(reader, &q, err) : list(job, reader->registry, err);
    const char *next = rc == 0 && is_page ? report_page_next(q.name, &page, &job->arena) : NULL;
    if (next) job->next = http_query_next(job->request->path, job->request->query, next, &job->arena);
    if (rc == 0 && job->wrap) wrap(job);
    return rc;
}

/* The query is the parameters, but for `format`. */
int api_report_args(struct http_request *r, struct arena *a, struct val *out, struct err *err)
{
    static const struct http_route all = {.pattern = "/api/reports/:name", .args = ":name ?* ?format"};
    int rc = http_route_args(&all, r, NULL, a, out, err);
    struct val *params = rc == 0 ? &out->as.list.items[1] : NULL;
    for (size_t i = 0; params && i < params->as.map.n; i++) {
        if (strcmp(params->as.map.pairs[i].key, "format") != 0) continue;
        params->as.map.pairs[i] = params->as.map.pairs[--params->as.map.n];
        break;
    }
    return rc;
}
