/* The outbox for REST and the command line. */
#include <stdlib.h>
#include <string.h>

#include "outbox/outbox_internal.h"
#include "people/people.h"
#include "plugin/api_list.h"

static int allowed(struct api_call *c)
{
    return people_check(c->s, "system.outbox", PEOPLE_ANY_UNIT, c->err);
}

static int list(struct api_call *c)
{
    struct list_query q;
    int rc = allowed(c);
    if (rc == 0) rc = api_list_read(c, &c->args[0], &q);
    return rc ? rc : outbox_page(c->s->db, &q, c->arena, &c->result, &c->s->next, c->err);
}

/* An id, or "dead" for all dead letters. */
static int take_id(struct api_call *c, int64_t *id)
{
    const struct val *v = &c->args[0];
    const char *text = api_str(v);
    char *end;
    *id = val_is(v, VAL_INT) ? v->as.i : 0;
    if (text && strcmp(text, "dead") == 0) return 0;
    if (text) {
        *id = strtoll(text, &end, 10);
        if (*end) *id = 0;
    }
    return *id > 0 ? 0 : err_set(c->err, ERR_INVALID, "outbox.which", NULL);
}

static int give_count(struct api_call *c, int64_t n)
{
    c->result = val_map();
    return val_set(c->arena, &c->result, "rows", val_int(n)) ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

static int change(struct api_call *c,
                  int (*fn)(struct outbox *o, struct session *s, int64_t id, int64_t *n, struct err *err))
{
    int64_t id, n = 0;
    int rc = allowed(c);
    if (rc == 0) rc = take_id(c, &id);
    if (rc == 0) rc = fn(c->self, c->s, id, &n, c->err);
    return rc ? rc : give_count(c, n);
}

static int retry(struct api_call *c)
{
    return change(c, outbox_retry);
}

static int drop(struct api_call *c)
{
    return change(c, outbox_drop);
}

static int hold(struct api_call *c)
{
    int rc = allowed(c);
    return rc ? rc : outbox_hold(c->self, c->s, true, c->err);
}

static int release(struct api_call *c)
{
    int rc = allowed(c);
    return rc ? rc : outbox_hold(c->self, c->s, false, c->err);
}

static const struct api_fn functions[] = {
    {"outbox.list", list, "options:map", "list", API_READ, API_HOST, 1,
     "What is yet to leave (fetch, mail, webhook), and dead letters with their reasons.", .list = &outbox_rows},
    {"outbox.retry", retry, "which:any!", "map", API_WRITE, API_HOST, 1,
     "Tries a row at once, or all dead letters (\"dead\").", .gives = "rows:integer!"},
    {"outbox.drop", drop, "which:any!", "map", API_WRITE, API_HOST, 1,
     "Gives a row up, or all dead letters (\"dead\"); a request that a run waits for goes with its run.",
     .gives = "rows:integer!"},
    {"outbox.hold", hold, "", "", API_WRITE, API_HOST, 1, "Nothing leaves until it is released."},
    {"outbox.release", release, "", "", API_WRITE, API_HOST, 1, "What was held leaves."},
    {0},
};

void outbox_add_api(struct outbox *o, struct api *api)
{
    api_add(api, functions, o);
}
