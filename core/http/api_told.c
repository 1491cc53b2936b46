/* What is told each time (guarded calls), and what once for a reader, a thing and a day (plugin/protected.h). */
#include "http/api_told.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/digest.h"
#include "http/told.h"
#include "plugin/api.h"
#include "plugin/protected.h"

enum { DAY_MS = 86400000 };

static bool is_guarded(const struct api_job *job)
{
    if (!job->call || job->is_told) return false;
    const struct api_fn *fn = api_find(job->api->o.host->api, job->call, NULL);
    return strcmp(job->call, "report.run") == 0 || (fn && fn->guarded);
}

static int64_t today(const struct api_job *job)
{
    return clock_now(&job->api->o.host->clock) / DAY_MS;
}

static uint64_t key_of(const struct api_job *job, const struct session_read *r)
{
    char text[320];
    int n = snprintf(text, sizeof(text), "%lld %lld %s %s %lld %s", (long long)job->login.actor.user,
                     (long long)job->login.actor.person, r->verb, r->kind, (long long)r->id, r->name ? r->name : "");
    return digest_short(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static void drop_told(struct api_job *job)
{
    struct session_read **at = &job->reads;
    int64_t day = today(job);
    while (*at) {
        if (told_has(job->api->told, key_of(job, *at), day))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
}

bool api_told_wants(struct api_job *job)
{
    drop_told(job);
    return job->reads || is_guarded(job);
}

int api_told_reads(struct api_job *job, struct session *s, struct err *err)
{
    int rc = 0;
    drop_told(job);
    for (const struct session_read *r = job->reads; rc == 0 && r; r = r->next) {
        struct audit_entry e = {.verb = r->verb, .kind = r->kind, .id = r->id, .name = r->name, .unit = r->unit};
        rc = audit_add(s, &e, err);
    }
    return rc;
}

int api_told_run(struct api_job *job, struct session *s, struct err *err)
{
    int rc = 0;
    if (is_guarded(job)) {
        const struct val *what = val_at(&job->args, 0);
        struct audit_entry e = {
            .verb = job->call, .kind = "read", .name = what ? val_cstr(&job->arena, what) : NULL, .after = &job->args};
        rc = audit_add(s, &e, err);
    }
    return rc ? rc : api_told_reads(job, s, err);
}

void api_told_done(struct api_job *job)
{
    int64_t day = today(job);
    for (const struct session_read *r = job->reads; r; r = r->next)
        told_add(job->api->told, key_of(job, r), day);
    job->is_told = true;
}
