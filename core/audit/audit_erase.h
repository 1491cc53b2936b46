/* Erasing what is held of a person: in the places that floors have told of (audit_place.h), then in the audit, while
 * the chain stays whole (audit_seal.h).
 *
 * An erasure is a row that remembers by what the person was known, until all has been looked at: piece by piece, so
 * that nobody waits for it, and on from where it stood after any end of the process. Each thing that loses values is
 * told of by an entry of its own, in the same transaction: verb "audit.erase", kind and id the thing's ("audit": a
 * row), after { values = how many, erasure = }, with the reason. Then the write-ahead log is cleared of what it kept.
 *
 *     audit_erase_begin(s, &traces, &(struct audit_wish){.reason = "Art. 17, letter of 4 January"}, &id, err);
 *
 * Lane's thread; what only counts takes any connection. */
#ifndef KHUNG_AUDIT_ERASE_H
#define KHUNG_AUDIT_ERASE_H

#include "audit/audit.h"
#include "base/digest.h"
#include "store/list.h"

#define AUDIT_ERASE_VERB "audit.erase"
enum { AUDIT_REASON_MAX = 500 };

/* By what a person is known. */
struct audit_traces {
    int64_t person;
    struct val accounts; /* numbers: entries about the person or these are erased whole, and where they came from */
    struct val texts;    /* names, addresses: wherever one stands, in any capitals and without marks as well. One that
                          * is a single word, as codes and names of accounts are, counts only as a whole text where a
                          * person or a user stands: else it may be a position, a state, a choice */
    const char *code;    /* theirs, of which the erasure keeps a digest; or NULL */
};
/* Does the text tell who it is? */
bool audit_is_named(const struct audit_traces *t, const char *text);

struct audit_found {
    int64_t rows, values;
    int64_t old; /* rows from before there were seals, which keep theirs */
};
/* What an erasure would erase; reads the whole audit. */
int audit_erase_count(struct store *db, const struct audit_traces *t, struct audit_found *out, struct err *err);
/* What is asked for. */
struct audit_wish {
    const char *reason;
    bool published;     /* what was published goes, too; else it is kept as a record */
    const char *digest; /* NULL, or of the code that the person must have (people_erase.h) */
};
/* Of a person's code, by a key of this database: a number alone may be somebody else's after a backup was put back, and
 * whoever has the list of erasures cannot try codes on it. */
int audit_erase_digest(struct store *db, const char *code, char hex[DIGEST_HEX], struct err *err);
/* What it would erase in places beside the audit, and what it would wait for. */
struct audit_preview {
    struct val places;  /* { { place =, things =, values =, kept =, waits = } … } */
    struct val touched; /* { { place =, kind =, id =, values = } … }: the first thousand things that lose values */
    struct val waits;   /* { { place =, kind =, id =, why = } … }, the same; why: only of what could not be erased */
    struct val left;    /* { { place =, what =, values =, why = } … }: what stays, and why */
};
int audit_erase_preview(struct session *s, const struct audit_traces *t, bool published, struct arena *a,
                        struct audit_preview *out, struct err *err);
/* Is the column looked at by a place? Then it is not "elsewhere". */
bool audit_is_place(struct session *s, const char *table, const char *column);
/* A thing that erasures may wait for has ended: they look soon. Costs nothing when none waits. */
void audit_erase_ended(struct audit *au);
/* In a slice. A thing that the erasure waits for stays as it is, and is waited for no more; told, with the reason.
 * ERR_NOT_FOUND "audit.no_wait". */
struct audit_skip {
    const char *place;
    int64_t thing;
    const char *reason;
};
int audit_erase_skip(struct session *s, int64_t erasure, const struct audit_skip *skip, struct err *err);
/* In a slice. What failed for itself is tried again now. ERR_NOT_FOUND "audit.no_wait": nothing has, or it is
 * not waiting. */
int audit_erase_retry(struct session *s, int64_t erasure, struct err *err);
/* In a slice. ERR_INVALID "audit.reason", "audit.reason_named": the reason stays for ever, so it names nobody. */
int audit_erase_begin(struct session *s, const struct audit_traces *t, const struct audit_wish *wish, int64_t *id,
                      struct err *err);
/* { { id =, person =, digest =, at =, by =, reason =, rows =, values =, done_at =, published =, state =, places =,
 * waits =, left = } … }, newest first; rows and values are the audit's. */
extern const struct list audit_erasure_list;
int audit_erasures(struct store *db, const struct list_query *q, struct arena *a, struct val *out, const char **next,
                   struct err *err);

#endif
