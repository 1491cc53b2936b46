/* What a vote was asked for, as it is kept. */
#include "flow/flow_vote.h"

#include <string.h>

static int share_to_val(struct arena *a, const struct vote_share *s, struct val *out)
{
    *out = val_map();
    return val_set(a, out, "num", val_int(s->num)) | val_set(a, out, "den", val_int(s->den)) |
           val_set(a, out, "strict", val_bool(s->strict));
}

static struct vote_share share_of(const struct val *v)
{
    return (struct vote_share){val_get_int(v, "num", 0), val_get_int(v, "den", 0), val_get_bool(v, "strict", false)};
}

static int to_val(struct arena *a, const struct vote *v, struct val *out)
{
    struct val options = val_list(), returns = val_list(), quorum, threshold;
    int rc = share_to_val(a, &v->quorum, &quorum) | share_to_val(a, &v->threshold, &threshold);
    *out = val_map();
    for (size_t i = 0; i < v->noptions; i++)
        rc |= val_add(a, &options, val_str(v->options[i]));
    for (size_t i = 0; i < v->nreturns; i++)
        rc |= val_add(a, &returns, val_str(v->returns[i]));
    rc |= val_set(a, out, "title", val_str(v->title));
    rc |= val_set(a, out, "options", options);
    rc |= val_set(a, out, "returns", returns);
    rc |= val_set(a, out, "quorum", quorum);
    rc |= val_set(a, out, "threshold", threshold);
    rc |= val_set(a, out, "quorum_text", val_str(v->quorum_text));
    rc |= val_set(a, out, "threshold_text", val_str(v->threshold_text));
    rc |= val_set(a, out, "of", val_int(v->of));
    rc |= val_set(a, out, "absent", val_int(v->absent));
    rc |= val_set(a, out, "secret", val_bool(v->secret));
    rc |= val_set(a, out, "abstain", val_bool(v->can_abstain));
    rc |= val_set(a, out, "change", val_bool(v->can_change));
    rc |= val_set(a, out, "lang", val_str(v->lang));
    rc |= val_set(a, out, "made", val_int(v->made));
    rc |= val_set(a, out, "members", v->members);
    return rc | val_set(a, out, "asked", v->asked);
}

int flow_vote_save(struct session *s, const struct vote *v, struct err *err)
{
    struct val all;
    struct buf b;
    if (to_val(s->arena, v, &all)) return err_set(err, ERR_NOMEM, "memory", NULL);
    struct stmt *st = store_stmt(s->db, "insert into flow_vote(run, entry, options) values(?1, ?2, ?3)", err);
    if (!st) return err->code;
    buf_init(&b, 128 << 10);
    val_encode(&all, &b, false);
    stmt_bind_int(st, 1, v->run);
    stmt_bind_int(st, 2, v->entry);
    stmt_bind_blob(st, 3, b.data, b.len);
    int rc = stmt_run(st, err);
    if (!buf_ok(&b)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&b);
    return rc;
}

static int from_val(struct arena *a, const struct val *all, struct vote *v)
{
    const struct val *options = val_get(all, "options"), *returns = val_get(all, "returns"),
                     *members = val_get(all, "members"), *asked = val_get(all, "asked");
    struct val empty = val_list();
    v->title = val_cstr(a, val_get(all, "title"));
    v->quorum = share_of(val_get(all, "quorum"));
    v->threshold = share_of(val_get(all, "threshold"));
    v->quorum_text = val_cstr(a, val_get(all, "quorum_text"));
    v->threshold_text = val_cstr(a, val_get(all, "threshold_text"));
    v->of = (enum vote_of)val_get_int(all, "of", 0);
    v->absent = (enum vote_absent)val_get_int(all, "absent", 0);
    v->secret = val_get_bool(all, "secret", false);
    v->can_abstain = val_get_bool(all, "abstain", true);
    v->can_change = val_get_bool(all, "change", false);
    v->lang = val_cstr(a, val_get(all, "lang"));
    v->made = val_get_int(all, "made", 0);
    v->members = members ? *members : empty;
    v->asked = asked ? *asked : empty;
    for (; v->noptions < VOTE_OPTIONS_MAX && val_at(options, v->noptions); v->noptions++)
        v->options[v->noptions] = val_cstr(a, val_at(options, v->noptions));
    for (; returns && v->nreturns < VOTE_RETURNS_MAX && val_at(returns, v->nreturns); v->nreturns++)
        v->returns[v->nreturns] = val_cstr(a, val_at(returns, v->nreturns));
    return v->title && v->lang && v->quorum_text && v->threshold_text && v->noptions >= 2 ? 0 : ERR_CORRUPT;
}

int flow_vote_load(struct session *s, int64_t run, int64_t entry, struct vote *v, struct err *err)
{
    struct stmt *st = store_stmt(s->db, "select options from flow_vote where run = ?1 and entry = ?2", err);
    struct val borrowed, all;
    size_t len;
    if (!st) return err->code;
    stmt_bind_int(st, 1, run);
    stmt_bind_int(st, 2, entry);
    int rc = stmt_step(st, err);
    *v = (struct vote){.run = run, .entry = entry};
    if (rc == 1) {
        const char *bytes = stmt_blob(st, 0, &len);
        if (val_decode(bytes, len, s->arena, flow_kind_of, &borrowed) || val_copy(s->arena, &borrowed, &all) ||
            from_val(s->arena, &all, v))
            rc = err_set(err, ERR_CORRUPT, "flow.row", NULL);
    }
    stmt_done(st);
    return rc;
}
