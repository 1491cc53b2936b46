/* Votes: a wait whose answer a body gives by counting. Each member has a ballot (a task); who voted is known, and of an
 * open vote how. Of a secret vote there are no ballots at all, only the count as it stands, sealed: its key is a file
 * beside the database, never in it. Each ballot opens the count, is added, and seals it with a new key; the one before
 * is destroyed. So what the database held earlier (in its log, in free pages) nobody opens, and the count that the
 * newest key opens does not say whose ballot did what. */
#ifndef KHUNG_FLOW_VOTE_H
#define KHUNG_FLOW_VOTE_H

#include "flow/flow_task.h"

enum { VOTE_MEMBERS_MAX = 1000, VOTE_OPTIONS_MAX = 20, VOTE_RETURNS_MAX = 100, VOTE_KEY_ID = 8, VOTE_KEY_LEN = 32 };

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
    const char *returns[VOTE_RETURNS_MAX]; /* where those against may send it */
    size_t nreturns;
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
int flow_vote_save(struct session *s, const struct vote *v, struct err *err);
/* 1, 0. */
int flow_vote_load(struct session *s, int64_t run, int64_t entry, struct vote *v, struct err *err);

/* What the ballots say. */
struct vote_tally {
    int64_t members, voted, absent, recused, abstained; /* members: without those who take no part */
    int64_t counts[VOTE_OPTIONS_MAX], returns[VOTE_RETURNS_MAX];
    struct val absentees, recusals, voters, votes; /* lists, for the result */
    bool is_sealed;                                /* a secret vote without its quorum: nothing is opened */
};
/* What it comes to, by the rules alone. */
struct vote_outcome {
    int64_t base; /* of how many */
    bool quorum, passed;
    int winner;     /* an option, or -1 */
    int returns_to; /* of vote.returns, or -1 */
};
void vote_decide(const struct vote *v, const struct vote_tally *t, struct vote_outcome *out);

/* flow_vote_key.c. The key of a count is in DATA/vote-RUN-ENTRY.ID.key, 0600. */
struct vote_key {
    uint8_t id[VOTE_KEY_ID], secret[VOTE_KEY_LEN];
};
/* On the disk before it returns. */
int vote_key_make(const char *dir, const struct vote *v, struct vote_key *k, struct err *err);
/* The one with k->id. 1; 0: it is not there. */
int vote_key_read(const char *dir, const struct vote *v, struct vote_key *k, struct err *err);
/* Is this why: it is there, and cannot be read now? (flow_vote_unread.c) */
bool vote_key_is_unread(const struct err *err);
/* The vote is marked, and the log says why, or (NULL) the mark goes: nothing is done where that is so already. */
int flow_vote_set_unread(struct flow *f, struct session *s, const struct vote *v, const struct err *unread,
                         struct err *err);
/* Its term is over, and it cannot be counted: it is marked, and counted when it can be. */
int flow_vote_put_off(struct flow *f, struct session *s, const struct vote *v, struct err *err);
/* flow_vote.c: can it be counted? In a slice of its own: one that never can is ended, one that cannot now is marked. */
void flow_vote_look_later(struct flow *f, int64_t run, int64_t entry);
/* Of boxes, before there were counts: DATA/vote-RUN-ENTRY.key. */
int vote_key_read_old(const char *dir, const struct vote *v, uint8_t secret[VOTE_KEY_LEN], struct err *err);
/* After a commit: where keys may be left (flow.keys_left), those by which nothing is sealed any more, or never was.
 * What is left even so is told once, and tried again after the next. */
void vote_key_sweep(struct flow *f);

/* flow_vote_count.c: the sealed count of a secret vote. */
struct vote_count {
    uint16_t options[VOTE_OPTIONS_MAX + 1]; /* the last: abstentions */
    uint16_t returns[VOTE_RETURNS_MAX];
};
/* Seals it with a new key, and puts { run, entry, key, sealed } where `sql` says. */
int vote_count_put(const char *dir, struct store *db, const char *sql, const struct vote *v,
                   const struct vote_count *count, struct err *err);
int vote_count_begin(struct flow *f, struct store *db, const struct vote *v, struct err *err);
/* One ballot: an option, and where it sends it, or -1. ERR_REFUSED as vote_count_open. */
int vote_count_add(struct flow *f, struct store *db, const struct vote *v, int option, int returns, struct err *err);
/* ERR_REFUSED "vote.key_lost", "vote.sealed". */
int vote_count_open(struct flow *f, struct store *db, const struct vote *v, struct vote_count *out, struct err *err);

/* flow_minutes.c: as Markdown, in the vote's language. */
int vote_minutes(struct session *s, const struct vote *v, const struct vote_tally *t, const struct vote_outcome *o,
                 const char **text, struct err *err);

#endif
