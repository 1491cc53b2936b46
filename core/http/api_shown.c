/* Whoever has done something with a task is answered with the task: what GET tells them of it (http_route.shows). A
 * reader asks for it when the act is durable, so that the lane has no part in it, and nothing of it is kept under an
 * Idempotency-Key: a request that is sent again is answered with the task as it is by then. It is asked for as by GET,
 * so nothing is told that GET would not tell, and the audit knows of it in the same way. Who may not see the task, or
 * not any more, or wants no more than to know that it is done (Prefer: return=minimal, RFC 7240), gets 204. An act on
 * many gives its own rows, and what is shown of each goes into them. */
#include "http/api_shown.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"

static bool is_minimal(const struct http_request *r)
{
    static const char word[] = "return=minimal";
    const char *p = http_header(r, "prefer");
    while (p && *p) {
        size_t blank = strspn(p, ", \t"), n = strcspn(p + blank, ",; \t");
        p += blank;
        if (n == sizeof(word) - 1 && strncasecmp(p, word, n) == 0) return true;
        p += strcspn(p, ",");
    }
    return false;
}

/* A token that is good for the act alone shows nothing. */
static bool may_ask(const struct api_job *job)
{
    struct err ignored;
    return !job->login.token || people_token_allows(&job->login, job->shows, &ignored) == 0;
}

/* Of what the act gave, or of what it was done to. */
static int take_args(struct api_job *job, struct val *args)
{
    struct val of = val_at(&job->args, 0) ? *val_at(&job->args, 0) : val_nil();
    struct err ignored;
    int rc = job->out.len ? json_parse(job->out.data, job->out.len, &job->arena, &of, &ignored) : 0;
    *args = val_list();
    return rc ? rc : val_add(&job->arena, args, of);
}

/* What was asked for is done all the same. */
static void answer_plain(struct api_job *job)
{
    job->failed = false;
    job->etag[0] = '\0';
    buf_clear(&job->out);
    if (job->given) buf_add_str(&job->out, job->given);
}

bool api_shown(struct api_job *job)
{
    struct val args;
    bool is_shown = job->shows && job->call == job->shows;
    if (is_shown && job->failed) answer_plain(job);
    if (is_shown || !job->shows || job->failed || is_minimal(job->request) || !may_ask(job)) return false;
    job->given = job->out.len ? arena_strndup(&job->arena, job->out.data, job->out.len) : NULL;
    if ((job->out.len && !job->given) || take_args(job, &args) != 0) return false;
    job->call = job->shows;
    job->args = args;
    job->if_match = NULL; /* was about the task before */
    job->status = 200;
    api_job_go_on(job, false);
    return true;
}
