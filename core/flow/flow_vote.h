/* Votes: a wait whose answer a body gives by counting. Each member has a ballot (a task); who voted is known, and of an
 * open vote how. A secret ballot is a box that only the vote's own key opens: that key is a file beside the database,
 * never in it, and is destroyed when the vote is closed. */
#ifndef KHUNG_FLOW_VOTE_H
#define KHUNG_FLOW_VOTE_H

#include "flow/flow_task.h"

enum { VOTE_MEMBERS_MAX = 1000, VOTE_OPTIONS_MAX = 20, VOTE_KEY_LEN = 32, VOTE_BOX_LEN = 80, VOTE_TEXT_MAX = 32 };

/* "80%", "2/3": at least that share; ">1/2", ">50%": more than it; 5, ">5": so many. Integers only. */
struct vote_share {
    int64_t num, den; /* den 0: num is a number of votes */
    bool strict;
};
/* False: it is none. */
bool vote_share_parse(const struct val *v, struct vote_share *out);
/* Does `votes` of `all` reach it? Of nobody nothing is reached. */
bool vote_share_reached(const struct vote_share *s, int64_t votes, int64_t all);

enum vote_of { VOTE_OF_MEMBERS, VOTE_OF_PRESENT };
enum vote_absent { VOTE_WRITTEN, VOTE_NOT_COUNTED, VOTE_AGAINST };

/* As the flow asked for it; kept in flow_vote.options. */
struct vote {
    int64_t run, entry;
    const char *title;
    const char *options[VOTE_OPTIONS_MAX];
    size_t noptions;
    struct vote_share quorum, threshold;
    const char *quorum_text, *threshold_text;
    enum vote_of of;
    enum vote_absent absent;
    bool secret, can_abstain, can_change;
    const char *lang;
    int64_t made;
    struct val members; /* ids of persons */
    struct val asked;   /* those of them who get a ballot */
};
int flow_vote_save(struct session *s, const struct vote *v, const uint8_t *key, struct err *err);
/* 1, 0. `key` (may be NULL): the public one of a secret vote. */
int flow_vote_load(struct session *s, int64_t run, int64_t entry, struct vote *v, uint8_t key[VOTE_KEY_LEN],
                   struct err *err);

/* What the ballots say. */
struct vote_tally {
    int64_t members, voted, absent, recused, abstained; /* members: without those who take no part */
    int64_t counts[VOTE_OPTIONS_MAX];
    struct val absentees, recusals, votes; /* lists, for the result */
};
/* What it comes to, by the rules alone. */
struct vote_outcome {
    int64_t base; /* of how many */
    bool quorum, passed;
    int winner; /* an option, or -1 */
};
void vote_decide(const struct vote *v, const struct vote_tally *t, struct vote_outcome *out);

/* flow_vote_key.c. The secret key is in DATA/vote-RUN-ENTRY.key, 0600. */
int vote_key_make(struct flow *f, int64_t run, int64_t entry, uint8_t public_key[VOTE_KEY_LEN], struct err *err);
/* After the commit; entry -1: all of the run. */
void vote_key_destroy(struct flow *f, int64_t run, int64_t entry);
/* Keys whose vote is over, left behind by a crash. */
int vote_key_sweep(struct flow *f, struct store *db, struct err *err);
int vote_box_add(struct store *db, const struct vote *v, const uint8_t key[VOTE_KEY_LEN], int option, struct err *err);
/* Counts the boxes into `counts` (and VOTE_OPTIONS_MAX: abstentions). ERR_REFUSED "vote.key_lost", "vote.boxes". */
int vote_box_count(struct flow *f, struct store *db, const struct vote *v, const uint8_t key[VOTE_KEY_LEN],
                   int64_t counts[VOTE_OPTIONS_MAX + 1], struct err *err);

/* flow_minutes.c: as Markdown, in the vote's language. */
int vote_minutes(struct session *s, const struct vote *v, const struct vote_tally *t, const struct vote_outcome *o,
                 const char **text, struct err *err);

#endif
