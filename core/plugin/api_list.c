/* Between the API and the lists. */
#include "plugin/api_list.h"

#include "plugin/host.h"

int api_list_read(struct api_call *c, const struct val *options, struct list_query *q)
{
    return list_read(c->fn->list, options, &c->s->host->time, c->arena, q, c->err);
}

int api_list(struct api_call *c, const struct list_query *q, const struct list_rows *how)
{
    return list_find(c->s->db, q, how, c->arena, &c->result, &c->s->next, c->err);
}

int api_list_slice(struct api_call *c, const struct val *options, const struct val *all)
{
    struct list_query q;
    int rc = api_list_read(c, options, &q);
    return rc ? rc : list_slice(&q, all, c->arena, &c->result, &c->s->next, c->err);
}
