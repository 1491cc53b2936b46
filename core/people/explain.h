/* Why somebody may decide, or may not: the same answer as people_may_decide and people_policy, told in full.
 *
 *     rc = people_explain(db, &target, person, day, "vi", arena, &why, err);
 *     → { may = true, kind = "delegation", position = "chair", title, unit, until, on_behalf_of, act, sentence } */
#ifndef KHUNG_PEOPLE_EXPLAIN_H
#define KHUNG_PEOPLE_EXPLAIN_H

#include "people/people.h"

/* A map with may, kind, person, sentence (in `lang`), and what else there is to say: wanted (as text), position, title,
 * role, unit, body, capacity, since, until (days on which it still holds), act; for a delegation also delegation,
 * on_behalf_of, delegated_until. Kinds of yes: named, position, role, body, delegation. Kinds of no: named (another was
 * asked), disabled (all accounts of the person are), ended, not_yet, delegation_ended, delegation_not_yet, scope (the
 * delegation does not cover it), delegator (who delegated does not hold it), elsewhere (holds it in another unit),
 * none. */
int people_explain(struct store *db, const struct val *target, int64_t person, int64_t day, const char *lang,
                   struct arena *a, struct val *out, struct err *err);
/* In a sentence, why people_may_decide said so: "Holds the position Head of the Office." */
int people_capacity_why(struct store *db, const struct people_capacity *cap, int64_t person, int64_t day,
                        const char *lang, struct arena *a, const char **out, struct err *err);
/* All who may decide it on a day, by person, each as people_explain says it. */
int people_deciders(struct store *db, const struct val *target, int64_t day, const char *lang, struct arena *a,
                    struct val *out, struct err *err);

/* May this actor do this? { may, kind = "role" | "admin" | "system" | "disabled" | "no_person" | "none", verb, state,
 * role, position, unit, until, roles (which would do), sentence }. */
int people_explain_verb(struct store *db, const struct actor *actor, const struct people_act *act, const char *lang,
                        struct arena *a, struct val *out, struct err *err);
/* Is it asked for: by the program, or by a plugin, so that a role names it? 0, or ERR_INVALID "people.no_verb". */
int people_verb_known(struct store *db, const char *verb, struct err *err);
/* The unit in which a verb is asked for a thing of this unit: its own, the whole organisation, or any. */
int64_t people_verb_unit(const char *verb, int64_t unit);
/* Persons and accounts that may, by their numbers; a person who holds it and has no account stands there with account
 * 0, one whose accounts are all off does not: { id, account, person, user, … as people_explain_verb says it }. At
 * most `limit`, behind the given person and account. */
struct people_who {
    struct people_act act;
    const char *lang;
    int64_t limit, after, after_account;
};
int people_who_can(struct store *db, const struct people_who *who, struct arena *a, struct val *out, struct err *err);
/* The accounts of a person that are on: { id, name }. */
int people_users_of(struct store *db, int64_t person, struct arena *a, struct val *out, struct err *err);
/* The verbs of the program (people/verb.h): { verb, given = "role" | "admin" | "both", where, states, roles }. */
int people_verb_list(struct store *db, struct arena *a, struct val *out, struct err *err);

/* The lines above a signature: in what capacity, and for whom. Made of the titles in the data and of the pattern of the
 * language ("KT. CHỦ TỊCH\nPHÓ CHỦ TỊCH"). `as` and `on_behalf_of` are those of an answer. */
struct people_signature {
    const char *as;
    int64_t person, on_behalf_of, unit, day;
};
/* "Lê Hoa for Phạm Thu": as a record names who decided. */
int people_signature_name(struct store *db, const struct people_signature *sig, const char *lang, struct arena *a,
                          const char **out, struct err *err);
int people_signature_lines(struct store *db, const struct people_signature *sig, const char *lang, struct arena *a,
                           const char **out, struct err *err);

#endif
