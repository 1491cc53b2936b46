/* Inside people/: a reason before it is told. */
#ifndef KHUNG_PEOPLE_REASON_H
#define KHUNG_PEOPLE_REASON_H

#include "people/people_internal.h"

/* What somebody holds, held or will hold. */
struct people_holding {
    const char *position, *title, *role, *act; /* title: of the position, or the capacity of a seat */
    int64_t unit, body;                        /* or 0 */
    int64_t since, until;                      /* [since, until); INT64_MAX: open */
};

struct people_reason {
    bool may, covers;
    const char *kind; /* explain.h */
    int64_t person, day;
    const struct people_wanted *wanted;
    struct people_holding held; /* of the person, or of who delegated */
    int64_t delegation, on_behalf_of, delegated_since, delegated_until;
    const char *delegation_act;
};

/* 1 and what this person holds of what is wanted, or the nearest in time; 0 nothing. */
int people_holding_find(struct store *db, const struct people_wanted *w, int64_t person, int64_t day, struct arena *a,
                        struct people_holding *out, struct err *err);
/* "Phó Chủ tịch Hội LHPN tỉnh", and until when, if `until`. NULL: out of memory. */
const char *people_holding_text(struct store *db, const struct people_holding *h, int64_t day, bool until,
                                const char *lang, struct arena *a, struct err *err);
/* The map of people_explain. */
int people_reason_show(struct store *db, const struct people_reason *r, const char *lang, struct arena *a,
                       struct val *out, struct err *err);
/* A day as people write it in the language. */
const char *people_day_text(int64_t day, const char *lang, struct arena *a);
/* A sentence of the catalogue, from (name, value) pairs closed by NULL, at most four. */
const char *people_sentence(struct arena *a, const char *lang, const char *key, const char *const pairs[]);

#endif
