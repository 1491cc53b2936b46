/* What a request is about must be what its path says, and what If-Match has seen. */
#include <stdio.h>
#include <string.h>

#include "content/content.h"
#include "flow/task.h"
#include "http/api_job.h"
#include "http/api_match.h"

/* Does the header have the hash of a text: by itself, or as what an ETag begins with ("HASH-…")? Quotes, W/ and others
 * in the list do not matter. */
static bool has_hash(const char *header, const char *hash)
{
    size_t n = strlen(hash);
    for (const char *p = header; *p; p += strcspn(p, ",")) {
        p += strspn(p, ", \t");
        if (strncmp(p, "W/", 2) == 0) p += 2;
        if (*p == '"') p++;
        if (strncmp(p, hash, n) == 0 && (!p[n] || strchr("\"-, \t", p[n]))) return true;
    }
    return false;
}

/* Each hash that the header has must be asked for: what fits is what is shown now. */
static int match_task(struct session *s, int64_t task, const char *seen, struct err *err)
{
    int rc = ERR_CONFLICT;
    err_set(err, rc, "http.precondition", NULL);
    for (const char *p = seen; rc == ERR_CONFLICT && *p; p += strcspn(p, ",")) {
        char hash[DIGEST_HEX];
        p += strspn(p, ", \t");
        if (strncmp(p, "W/", 2) == 0) p += 2;
        if (*p == '"') p++;
        size_t n = strspn(p, "0123456789abcdef");
        if (n != sizeof(hash) - 1 || (p[n] && !strchr("\"-, \t", p[n]))) continue;
        snprintf(hash, sizeof(hash), "%.*s", (int)n, p);
        rc = flow_task_match(s, task, hash, err);
    }
    if (rc == 0) err_clear(err);
    return rc;
}

/* Of the account of that name; whoever may not do this learns nothing of which there are: the call says so. 1, 0. */
static int hash_of_account(struct session *s, const char *call, const char *name, char out[DIGEST_HEX], struct err *err)
{
    struct people_account account;
    int rc = people_check(s, call, PEOPLE_ANY_UNIT, err);
    if (rc == 0) rc = people_account_find(s->db, name, &account, err);
    if (rc == 1) people_account_hash(&account, out);
    return rc;
}

/* "/api/content/TYPE/17": of another type there is no such item. */
static int check_type(struct api_job *job, struct session *s, struct err *err)
{
    static const char before[] = "/api/content/";
    const struct val *id = val_at(&job->args, 0);
    const char *type = job->request->path + sizeof(before) - 1;
    struct content_version now;
    if (strncmp(job->request->path, before, sizeof(before) - 1) != 0 || !val_is(id, VAL_INT)) return 0;
    int rc = content_item_version(s->db, id->as.i, &now, err);
    size_t n = strcspn(type, "/");
    if (rc || (strlen(now.type) == n && strncmp(type, now.type, n) == 0)) return rc;
    return err_set(err, ERR_NOT_FOUND, "http.not_found", "path", job->request->path, NULL);
}

int api_match(struct session *s, const char *call, const struct val *args, const char *seen, struct err *err)
{
    const struct val *of = val_at(args, 0);
    struct content_version now;
    char hash[DIGEST_HEX] = "";
    int rc = 1;
    if (strncmp(call, "task.", 5) == 0) return match_task(s, val_is(of, VAL_INT) ? of->as.i : 0, seen, err);
    if (val_is(of, VAL_STR)) {
        rc = hash_of_account(s, call, of->as.str.s, hash, err);
    } else {
        rc = content_item_version(s->db, val_is(of, VAL_INT) ? of->as.i : 0, &now, err) ? err->code : 1;
        if (rc == 1) snprintf(hash, sizeof(hash), "%s", now.hash);
    }
    if (rc <= 0 || has_hash(seen, hash)) return rc < 0 ? rc : 0;
    return err_set(err, ERR_CONFLICT, "http.precondition", NULL);
}

int api_check_match(struct api_job *job, struct session *s, struct err *err)
{
    int rc = check_type(job, s, err);
    if (rc || !job->if_match || strcmp(job->if_match, "*") == 0) return rc; /* "*": whatever there is */
    return api_match(s, job->call, &job->args, job->if_match, err);
}
