/* Erasing a person from outside: what would go, the act, and what was erased. */
#include <string.h>

#include "audit/audit_erase.h"
#include "http/host_api_parts.h"
#include "people/people.h"
#include "people/people_erase.h"
#include "plugin/api_list.h"

static int person_of(struct api_call *c, int64_t *id)
{
    const char *code = api_str(&c->args[0]);
    int rc = people_check(c->s, "audit.erase", PEOPLE_WHOLE, c->err);
    if (rc) return rc;
    *id = c->args[0].type == VAL_OBJ ? c->args[0].as.obj.id : c->args[0].type == VAL_INT ? c->args[0].as.i : 0;
    if (!code) return 0;
    rc = people_person_by_code(c->s->db, code, id, c->err);
    return rc ? rc < 0 ? rc : 0 : err_set(c->err, ERR_NOT_FOUND, "people.no_person", "code", code, NULL);
}

static int full(struct api_call *c, int rc)
{
    return rc ? err_set(c->err, ERR_LIMIT, "limit.size", NULL) : 0;
}

static bool is_published(struct api_call *c, size_t arg)
{
    return c->nargs > arg && c->args[arg].type == VAL_BOOL && c->args[arg].as.b;
}

/* Of what waits or stays: a sentence that says why, and what to do. */
static int say(struct api_call *c, struct val *list)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && list && list->type == VAL_LIST && i < list->as.list.n; i++) {
        struct val *one = &list->as.list.items[i];
        const char *key = val_cstr(c->arena, val_get(one, "why"));
        struct err why = {0};
        bool says_all = !key || strncmp(key, "audit.left_", 11) == 0 || strstr(key, ".erase_");
        if (says_all)
            err_set(&why, ERR_REFUSED, key ? key : "audit.waits", NULL);
        else
            err_set(&why, ERR_REFUSED, "audit.wait_failed", "code", key, NULL);
        char *text = host_api_say(c, &why);
        rc = text ? val_set(c->arena, one, "says", val_str(text)) : ERR_NOMEM;
    }
    return rc;
}

static int preview(struct api_call *c)
{
    struct audit_traces t;
    struct audit_found found;
    struct audit_preview would;
    struct val elsewhere;
    struct err no = {0};
    int64_t person = 0;
    int rc = person_of(c, &person);
    if (rc == 0) rc = people_traces(c->s->db, person, c->arena, &t, c->err);
    if (rc == 0) rc = audit_erase_count(c->s->db, &t, &found, c->err);
    if (rc == 0) rc = audit_erase_preview(c->s, &t, is_published(c, 1), c->arena, &would, c->err);
    if (rc == 0) rc = people_find_traces(c->s, &t, c->arena, &elsewhere, c->err);
    if (rc) return rc;
    struct val *out = &c->result;
    *out = val_map();
    int bad = val_set(c->arena, out, "person", val_int(person));
    bad |= val_set(c->arena, out, "texts", t.texts);
    bad |= val_set(c->arena, out, "accounts", t.accounts);
    bad |= val_set(c->arena, out, "audit_rows", val_int(found.rows));
    bad |= val_set(c->arena, out, "audit_values", val_int(found.values));
    if (found.old) bad |= val_set(c->arena, out, "audit_rows_kept", val_int(found.old));
    bad |= val_set(c->arena, out, "places", would.places);
    bad |= val_set(c->arena, out, "touched", would.touched);
    bad |= say(c, &would.waits) | say(c, &would.left);
    bad |= val_set(c->arena, out, "waits", would.waits);
    bad |= val_set(c->arena, out, "left", would.left);
    bad |= val_set(c->arena, out, "elsewhere", elsewhere);
    if (people_may_erase(c->s, person, &no) != 0) {
        char *why = host_api_say(c, &no);
        bad |= why ? val_set(c->arena, out, "refused", val_str(why)) : ERR_NOMEM;
    }
    return full(c, bad);
}

static int erase(struct api_call *c)
{
    int64_t person = 0, id = 0;
    const struct audit_wish wish = {.reason = api_str(&c->args[1]),
                                    .published = is_published(c, 2),
                                    .digest = c->nargs > 3 ? api_str(&c->args[3]) : NULL};
    int rc = person_of(c, &person);
    if (rc == 0) rc = people_erase(c->s, person, &wish, &id, c->err);
    if (rc) return rc;
    c->result = val_map();
    int bad = val_set(c->arena, &c->result, "id", val_int(id));
    bad |= val_set(c->arena, &c->result, "person", val_int(person));
    return full(c, bad);
}

static struct val *lists_of(struct val *row, const char *name)
{
    for (size_t i = 0; row->type == VAL_MAP && i < row->as.map.n; i++)
        if (strcmp(row->as.map.pairs[i].key, name) == 0) return &row->as.map.pairs[i].v;
    return NULL;
}

static int erasures(struct api_call *c)
{
    struct list_query q;
    int rc = people_check(c->s, "audit.erase", PEOPLE_WHOLE, c->err);
    if (rc == 0) rc = api_list_read(c, &c->args[0], &q);
    if (rc == 0) rc = audit_erasures(c->s->db, &q, c->arena, &c->result, &c->s->next, c->err);
    for (size_t i = 0; rc == 0 && i < c->result.as.list.n; i++) {
        struct val *row = &c->result.as.list.items[i];
        rc = full(c, say(c, lists_of(row, "waits")) | say(c, lists_of(row, "left")));
    }
    return rc;
}

static int skip(struct api_call *c)
{
    const struct val *w = &c->args[1];
    const struct audit_skip what = {.place = val_cstr(c->arena, val_get(w, "place")),
                                    .thing = val_get_int(w, "id", 0),
                                    .reason = val_cstr(c->arena, val_get(w, "reason"))};
    int rc = people_check(c->s, "audit.erase", PEOPLE_WHOLE, c->err);
    if (rc) return rc;
    if (!what.place) return err_set(c->err, ERR_NOT_FOUND, "audit.no_wait", NULL);
    return audit_erase_skip(c->s, c->args[0].as.i, &what, c->err);
}

static int retry(struct api_call *c)
{
    int rc = people_check(c->s, "audit.erase", PEOPLE_WHOLE, c->err);
    return rc ? rc : audit_erase_retry(c->s, c->args[0].as.i, c->err);
}

static const struct api_fn functions[] = {
    {"audit.erase_preview", preview, "person:any! published:boolean", "map", API_READ, API_HOST, 1,
     "What an erasure would erase of a person, place by place and thing by thing (the first thousand), what it would "
     "wait for, and where else their name stands.",
     .guarded = true,
     .gives =
         "person:integer! texts:list:text! accounts:list:integer! audit_rows:integer! audit_values:integer! "
         "audit_rows_kept:integer places:list{place:text!,things:integer!,values:integer!,kept:integer,waits:integer} "
         "touched:list{place:text!,kind:text!,id:integer!,values:integer} "
         "waits:list{place:text!,kind:text!,id:integer!,why:text,says:text} "
         "left:list{place:text!,what:text!,values:integer,why:text!,says:text} elsewhere:list:map refused:text"},
    {"audit.erase", erase, "person:any! reason:text! published:boolean digest:text", "map", API_WRITE, API_HOST, 1,
     "Erases a person: a pseudonym in their row and accounts, and nothing that tells who it was in runs that have "
     "ended, personal fields and columns, notices, the outbox and the audit. What was published is kept unless "
     "published is true. With the digest of an erasure before, only if the person still has the code of then.",
     .marks = true, .tells = true, .gives = "id:integer! person:integer!"},
    {"audit.erasures", erasures, "options:map", "list", API_READ, API_HOST, 1,
     "Who was erased by whom, when and why, how far it is, what it waits for, and what it leaves and why.",
     .list = &audit_erasure_list},
    {"audit.erase_skip", skip, "erasure:integer! what:map{place:text!,id:integer!,reason:text}!", "", API_WRITE,
     API_HOST, 1,
     "Of an erasure that waits: the thing (place, id) stays as it is, for a reason, and is waited for no more.",
     .tells = true},
    {"audit.erase_retry", retry, "erasure:integer!", "", API_WRITE, API_HOST, 1,
     "Of an erasure that waits: what could not be erased is tried again now.", .tells = true},
    {0},
};

void host_api_attach_erase(struct host *host)
{
    api_add(host->api, functions, NULL);
    kept_erase_attach(host);
    people_traces_attach(host); /* the last place: what is left by then */
}
