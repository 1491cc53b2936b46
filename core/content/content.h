/* Content: typed items with immutable revisions, one transition function, and the lane's publisher.
 *
 * An item has a head (type, slug, unit, state, dates) and revisions. A revision is a body of fields
 * in NFC, hashed over its canonical bytes, and never changes. `state` belongs to the newest
 * revision (the draft); what the public sees is the published revision, which a newer draft does
 * not touch. Approval and schedule bind to one revision; an edit voids both. There is no writable
 * status: every change of state is a content_transition.
 *
 * Writing calls run on the lane's thread inside a slice; reading ones need a connection in a
 * transaction only.
 *
 *     struct content_move m = { .verb = CONTENT_PUBLISH, .item = id, .rev = 3 };
 *     rc = content_transition(content, session, &m, err); */
#ifndef KHUNG_CONTENT_H
#define KHUNG_CONTENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/val.h"
#include "plugin/api.h"
#include "plugin/host.h"
#include "plugin/registry.h"
#include "store/lane.h"
#include "store/store.h"

struct content;

/* Objects of kind "item": id, rev; fields: first the head (content_item_is_head), then those of the
 * type. An item that came in as an argument may have rev 0 (whatever is newest) and no fields. */
extern const struct val_kind content_item_kind;
extern const struct store_migration content_migrations[];

struct content *content_new(struct host *host);
void content_free(struct content *c);
/* At start: declaration kind "type", API functions, activation, the publisher's source in
 * host->lane (if any). */
void content_attach(struct content *c);
/* The publisher alone, on a lane that was made after the attach. */
void content_start(struct content *c, struct lane *lane);
struct decl_kind content_decl_kind(struct content *c); /* what content_attach registers */
void content_add_api(struct content *c, struct api *api);
/* Makes or migrates c_TYPE_draft and c_TYPE_pub for each declared type. ERR_REFUSED names its
 * plugin. */
int content_activate(struct content *c, struct store *db, struct registry *r, bool dry, struct err *err);

enum content_state {
    CONTENT_DRAFT,
    CONTENT_IN_REVIEW,
    CONTENT_APPROVED,
    CONTENT_SCHEDULED,
    CONTENT_PUBLISHED,
    CONTENT_RETRACTED,
    CONTENT_ARCHIVED,
};
const char *content_state_name(enum content_state s);
int content_state_parse(const char *name); /* -1: unknown */

enum content_verb {
    CONTENT_SUBMIT,
    CONTENT_APPROVE,
    CONTENT_SEND_BACK,
    CONTENT_SCHEDULE,
    CONTENT_PUBLISH,
    CONTENT_RETRACT,
    CONTENT_ARCHIVE,
};
const char *content_verb_name(enum content_verb v);

struct content_move {
    enum content_verb verb;
    int64_t item;
    int64_t rev;             /* approve, schedule, publish: ERR_CONFLICT "conflict.revision" if no longer the
                                newest; 0: any */
    int64_t at, until;       /* schedule; until 0: for good */
    const char *reason;      /* send_back, retract: required; others may be NULL */
    const struct val *by;    /* approve, send_back: the answer of a task, or NULL */
    const struct val *notes; /* send_back: { field = comment } or NULL */
    bool expires;            /* archive: the end of what is public has come; a newer draft stays as it is */
};
/* The one way in which a state changes. Emits "content.before_X" (may veto), then "content.X-ed",
 * both with { item, type, unit, revision, state }. ERR_NOT_FOUND "not_found.item"; ERR_REFUSED
 * "refused.transition" {verb, state}, "refused.approval" (publish, schedule: this revision is not
 * approved and the type asks for it). */
int content_transition(struct content *c, struct session *s, const struct content_move *m, struct err *err);
/* Would it be refused, as far as rights, state, revision and approval say? Changes nothing and asks no hook. */
int content_may_move(struct session *s, const struct content_move *m, struct err *err);

/* `fields` in input form; beside those of the type: unit, slug, publish_at (a plan, not part of a
 * revision). */
int content_create(struct content *c, struct session *s, const char *type, const struct val *fields, int64_t *id,
                   struct err *err);
/* rev > 0: ERR_CONFLICT "conflict.revision" {expected, current} if it is no longer the newest. A
 * nil clears a field. The same body as before makes no revision. */
struct content_change {
    int64_t item, rev;
    const struct val *fields;
    const char *note; /* correct: shown with the item; else NULL */
};
int content_edit(struct content *c, struct session *s, const struct content_change *ch, struct err *err);
/* A new revision of a published item with a visible note: public at once, or sent to review where
 * the type asks for approval (then public, with the note, when approved and published). */
int content_correct(struct content *c, struct session *s, const struct content_change *ch, struct err *err);

/* Reading. 1 found (*out is an object), 0 not. */
struct content_key {
    const char *type; /* NULL: any (with an id only) */
    int64_t id;       /* or 0 and a slug: current or former */
    const char *slug;
    int64_t rev;    /* 0: the newest */
    bool published; /* the published revision */
};
int content_get(struct session *s, const struct content_key *k, struct arena *a, struct val *out, struct err *err);
/* May the session's actor read drafts of this unit in this state? */
bool content_may_read_drafts(struct session *s, int64_t unit, const char *state);
/* Is this one of the head's names (mutable: id type slug unit state revision hash created_by
 * created_at changed_at publish_at published_at note), not one of the type's fields? */
bool content_item_is_head(const char *name);
/* The instant in a field of an item now ("publish_at", or an instant or date field of its newest
 * revision): 1 and *ms, 0 when empty. ERR_NOT_FOUND, ERR_INVALID "invalid.unknown_field". It
 * changes with events content.edited, content.scheduled and content.published only. */
int content_item_instant(struct store *db, const struct registry *r, int64_t id, const char *field, int64_t *ms,
                         struct err *err);
/* The hash of the newest revision (hex), its number and state: what an approval must be of.
 * ERR_NOT_FOUND. */
enum { CONTENT_TYPE_MAX = 40 /* bytes of a type's name */ };
struct content_version {
    char type[CONTENT_TYPE_MAX + 1];
    int64_t rev;
    char hash[DIGEST_HEX];
    enum content_state state;
    int64_t unit;
};
int content_item_version(struct store *db, int64_t id, struct content_version *out, struct err *err);

/* Has this person created, edited, corrected or submitted the item since its last publication? 1, 0. */
int content_is_author(struct store *db, int64_t item, int64_t person, struct err *err);
/* Who handed it in last, or 0. */
int content_submitter(struct store *db, int64_t item, int64_t *person, struct err *err);
/* Is what is published of this type for everybody? Not of a type that no active plugin has. */
bool content_is_public(const struct registry *r, const char *type);
/* May this person, or account (0: none), approve it, as far as authors may not? 0, or where the type asks for approval
 * and is not declared with { separation = false } ERR_DENIED "denied.separation" {item}; "denied.separation_mail"
 * {item}: an author has the same e-mail address. */
int content_separated(const struct registry *r, struct store *db, int64_t item, int64_t person, int64_t user,
                      struct err *err);
/* All whom content_separated refuses, as a list of ids in `a`; empty where the type has no separation. */
int content_authors(const struct registry *r, struct store *db, int64_t item, struct arena *a, struct val *out,
                    struct err *err);

struct content_query {
    const char *type;
    const struct val *where, *order;
    int64_t limit;
    const char *after;
    bool published;
    const char *next; /* set: the cursor of the next page, in the arena; NULL at the end */
};
int content_find(struct session *s, struct content_query *q, struct arena *a, struct val *items, struct err *err);
/* Full text without regard to marks, in a page; what has the words in its title, and with their marks, comes first.
 * Where it ends, the session's `next`. */
struct list_query;
extern const struct list content_hits, content_history_list, content_overdue_list;
struct content_search {
    const char *text;
    const struct list_query *page; /* of content_hits; its filters `type` and `unit` */
    bool published;
};
int content_search(struct session *s, const struct content_search *q, struct arena *a, struct val *items,
                   struct err *err);
const char *content_search_statement(void); /* for tests */
/* What happened to it, in a page: { id, verb, from, to, revision, at, … }; where it ends, the session's `next`. */
int content_history(struct session *s, int64_t item, const struct list_query *q, struct arena *a, struct val *out,
                    struct err *err);
struct content_span {
    int64_t item, from, to; /* revisions */
};
int content_diff(struct store *db, const struct content_span *span, struct arena *a, struct val *out, struct err *err);
/* Findings { field, offset, length, text, rule, message, suggestion } of a body, in `lang`. */
int content_lint(struct session *s, const struct content_key *k, struct arena *a, struct val *out, struct err *err);

/* One published item as JSON, appended to `out`: for the io thread, needs no registry. By id (slug
 * NULL) or slug. 1: found; 2: the item's address has changed, `slug` has the present one; 0: none
 * (or not public). */
struct content_json {
    int64_t id, rev;
    char etag[DIGEST_HEX + 2]; /* the hash; with a mark when fields of it were erased */
    char slug[160];
    int64_t published_at;
};
int content_json_get(struct store *db, const char *type, int64_t id, const char *slug, struct content_json *head,
                     struct buf *out, struct err *err);

/* Scheduled publications that were refused: { item, type, slug, unit, publish_at, next_try, tries,
 * reason }. */
int content_overdue(struct session *s, const struct list_query *q, struct arena *a, struct val *out, struct err *err);

/* Scheduled publications that the session may see, soonest first: { item, title, type, slug, publish_at, changed_at
 * (ms), times = how often its date was set }. */
int content_planned(struct session *s, struct arena *a, struct val *out, struct err *err);

/* `khung verify`: hashes that do not match their bodies, heads without their revisions, schedules
 * without a date. */
int content_verify(struct store *db, err_sink report, void *ctx, struct err *err);

#endif
