/* The arithmetic of votes: integers only, so that 7 of 9 is not 80 %. */
#include "flow/flow_vote.h"

#include <string.h>

static const char *number(const char *p, int64_t *out)
{
    const char *start = p;
    *out = 0;
    while (*p >= '0' && *p <= '9' && p - start < 9)
        *out = *out * 10 + (*p++ - '0');
    return p == start ? NULL : p;
}

bool vote_share_parse(const struct val *v, struct vote_share *out)
{
    *out = (struct vote_share){0};
    if (v->type == VAL_INT) {
        out->num = v->as.i;
        return v->as.i > 0 && v->as.i <= VOTE_MEMBERS_MAX;
    }
    if (v->type != VAL_STR || v->as.str.len > 23 || strlen(v->as.str.s) != v->as.str.len) return false;
    const char *p = v->as.str.s;
    out->strict = *p == '>';
    p = number(p + out->strict, &out->num);
    if (!p) return false;
    if (*p == '%') {
        out->den = 100;
        p++;
    } else if (*p == '/') {
        p = number(p + 1, &out->den);
        if (!p || out->den == 0) return false;
    }
    /* More than all is never reached; nothing at all is no rule. */
    bool never = out->den && (out->strict ? out->num >= out->den : out->num > out->den);
    return !*p && !never && (out->num > 0 || out->strict);
}

bool vote_share_reached(const struct vote_share *s, int64_t votes, int64_t all)
{
    if (all <= 0) return false;
    int64_t have = s->den ? votes * s->den : votes, need = s->den ? s->num * all : s->num;
    return s->strict ? have > need : have >= need;
}

void vote_decide(const struct vote *v, const struct vote_tally *t, struct vote_outcome *out)
{
    int64_t counts[VOTE_OPTIONS_MAX];
    bool tie = false;
    *out = (struct vote_outcome){.winner = -1, .returns_to = -1};
    out->base = t->voted;
    if (v->absent == VOTE_AGAINST || (v->of == VOTE_OF_MEMBERS && v->absent != VOTE_NOT_COUNTED))
        out->base += t->absent;
    memcpy(counts, t->counts, sizeof(counts));
    /* Who stayed away says no where there is a no: the last option. */
    if (v->absent == VOTE_AGAINST) counts[v->noptions - 1] += t->absent;
    for (size_t i = 0; i < v->noptions; i++) {
        if (out->winner < 0 || counts[i] > counts[out->winner]) {
            out->winner = (int)i;
            tie = false;
        } else if (counts[i] == counts[out->winner]) {
            tie = true;
        }
    }
    out->quorum = vote_share_reached(&v->quorum, t->voted, t->members);
    if (tie || t->is_sealed) out->winner = -1;
    /* A motion passes by its first option; of several to choose from, any may win. */
    int64_t yes = v->noptions == 2 ? counts[0] : out->winner >= 0 ? counts[out->winner] : 0;
    out->passed = out->quorum && vote_share_reached(&v->threshold, yes, out->base);
    if (v->noptions == 2 && out->passed) out->winner = 0;
    if (!out->passed && (v->noptions > 2 || out->winner == 0)) out->winner = -1;
    /* What most of those against said; of two that as many said the first. */
    for (size_t i = 0; i < v->nreturns; i++)
        if (t->returns[i] > (out->returns_to < 0 ? 0 : t->returns[out->returns_to])) out->returns_to = (int)i;
}
