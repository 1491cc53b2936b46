/* Inside content/: compiled types, an item's row, bodies, slugs, the search index. */
#ifndef KHUNG_CONTENT_INTERNAL_H
#define KHUNG_CONTENT_INTERNAL_H

#include "base/field.h"
#include "content/content.h"
#include "plugin/quota.h"
#include "store/table.h"

enum {
    CONTENT_SLUG_MAX = 100,
    CONTENT_BODY_MAX = 4 << 20,
    CONTENT_REASON_MAX = 8 << 10,
};

struct content_type {
    const char *name, *plugin, *zone; /* zone: of the organisation, for the text of instants */
    struct field_list fields;         /* of the body: unit and publish_at are the head's */
    const struct field *title;        /* or NULL */
    const struct field *unit;         /* as it is declared among the fields, or NULL */
    const struct field *slug;         /* what an address is made from; or NULL: the title, or the id */
    bool separation;                  /* who wrote or submitted does not approve */
    bool approval;                    /* publish and schedule need an approval of the very revision */
    bool has_unit, needs_unit, needs_publish_at;
    bool internal;          /* what is published is for those who have logged in */
    const struct val *lint; /* the option `lint`, or NULL */
    struct table *draft, *pub;
};

struct content {
    struct host *host;
    struct registry *registry; /* held: the last one that was activated */
    struct lane_source source; /* due publications */
    struct {
        int64_t at, id; /* the last one queued; read again from the start when nothing is in flight */
        int in_flight;
        int64_t paused_until; /* after a fault of the host */
    } due;
};

/* The head of an item, as in its row. 0 stands for null in numbers. */
struct content_row {
    int64_t id, unit;
    char type[CONTENT_TYPE_MAX + 1];
    char slug[CONTENT_SLUG_MAX + 24];
    char next_slug[CONTENT_SLUG_MAX + 24]; /* taken when the draft is published; "" none */
    enum content_state state;
    int64_t draft_rev, pub_rev, approved_rev, scheduled_rev;
    int64_t pub_id;     /* the published revision's row */
    int64_t publish_at; /* planned, or when it was scheduled for */
    int64_t until_at;   /* planned end of the scheduled revision */
    int64_t pub_until;  /* end in force */
    int64_t due_at, due_tries;
    int64_t created_by, created_at, changed_at, published_at;
    bool was_public;       /* its address is known outside: changes leave a redirect */
    char hash[DIGEST_HEX]; /* of the newest revision */
};

/* content.c: the registry of active plugins, held for one call. */
struct registry *content_registry(struct session *s);
int content_type_of(const struct registry *r, const char *name, const struct content_type **out, struct err *err);
bool content_is_hidden(const struct session *s, const struct content_type *t);

/* content_type.c */
int content_type_compile(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err);
extern const struct field content_head_fields[];
size_t content_head_count(void);

/* content_row.c */
int content_row_load(struct store *db, int64_t id, struct content_row *row, struct err *err); /* ERR_NOT_FOUND */
int content_row_insert(struct store *db, const struct content_row *row, struct err *err);
int content_row_save(struct store *db, struct content_row *row, struct err *err); /* derives due_at */

/* content_body.c: three forms of a body. Stored form is field_check_map's; canonical JSON is what
 * is kept and hashed; API form has dates and instants as objects. */
int content_body_write(const struct content_type *t, const struct val *stored, struct arena *a, struct buf *out,
                       struct err *err);
int content_body_read(const struct content_type *t, const char *json, size_t len, struct arena *a, struct val *stored,
                      struct err *err);
struct content_form {
    const struct field_list *fields; /* NULL: values as they are */
    const char *zone;
};
/* Adds the values to the map `out`; their names are not in it yet. */
int content_body_to_api(const struct content_form *form, const struct val *stored, struct arena *a, struct val *out,
                        struct err *err);
int content_instant_to_api(int64_t ms, const char *zone, struct arena *a, struct val *out, struct err *err);
void content_body_hash(const char *type, const char *json, size_t len, char hex[DIGEST_HEX]);

/* content_revision.c */
struct content_revision {
    int64_t id, item, rev, author, run, at;
    const char *hash, *note; /* note may be NULL */
    const char *plugin;      /* whose code wrote it, or NULL; when it is added */
    const char *body;
    size_t body_len;
    const void *salts; /* content_seal.h; NULL: none */
    size_t nsalts;
};
int content_revision_add(struct store *db, struct content_revision *r, struct err *err); /* fills id */
/* Revisions that code of plugins wrote, for quotas_add_count. */
int content_count(void *ctx, struct store *db, struct quota_count *to, struct err *err);
/* Into the arena. ERR_NOT_FOUND "not_found.revision". */
int content_revision_load(struct store *db, int64_t item, int64_t rev, struct arena *a, struct content_revision *out,
                          struct err *err);

/* content_item.c */
/* An object from the head and a body in stored form. `pub`: as the public sees it. */
int content_item_make(const struct content_type *t, const struct content_row *row, const struct val *stored,
                      struct arena *a, struct val *out, struct err *err);
/* From a row of a typed table (head columns and fields). */
int content_item_from_table(const struct content_type *t, const struct val *row, struct arena *a, struct val *out,
                            struct err *err);
/* Writes the row of a typed table from a head and a stored body. */
int content_table_put(struct store *db, const struct content_type *t, const struct content_row *row,
                      const struct val *stored, bool pub, struct err *err);
/* Only the head columns of the draft table. */
int content_table_put_head(struct store *db, const struct content_type *t, const struct content_row *row,
                           struct err *err);
/* The field `title`, where the type calls its title otherwise. */
int content_title_add(const struct content_type *t, const struct val *stored, struct arena *a, struct val *fields,
                      struct err *err);
const char *content_title_of(const struct content_type *t, const struct val *stored, size_t *len);

/* content_slug.c */
/* A free address like `wanted` for an item, reserved for it: "x", "x-2", … Those the item had
 * before count as free. */
int content_slug_take(struct store *db, const char *type, const char *wanted, int64_t item, char out[],
                      struct err *err);
/* Gives an address back that nobody outside has seen. */
int content_slug_drop(struct store *db, const char *type, const char *slug, struct err *err);
/* The item at an address, present or former; 0 none. */
int content_slug_find(struct store *db, const char *type, const char *slug, int64_t *item, struct err *err);

/* content_log.c */
struct content_log_entry {
    const char *verb;
    enum content_state was;
    bool is_new;
    const char *reason;
    const struct val *by, *notes;
};
int content_log_add(struct session *s, const struct content_row *row, const struct content_log_entry *e,
                    struct err *err);

/* content_separation.c: ERR_DENIED "denied.separation" when the approver is an author, "denied.approver" when a run
 * says of nobody that they approve. */
int content_check_approver(struct session *s, const struct content_type *t, int64_t item, const struct val *by,
                           struct err *err);

/* content_event.c */
/* { item, type, unit, revision, state } and what `extra` (a map or NULL) adds. */
extern const struct api_event content_events[];
int content_event(struct session *s, const char *name, const struct content_row *row, const struct val *extra,
                  struct err *err);

/* content_move.c: the part of publishing that a correction shares. */
int content_publish_now(struct session *s, const struct content_type *t, struct content_row *row, struct err *err);
void content_wake_due(struct content *c, struct session *s, const struct content_row *row);

/* content_index.c: the full text. Which revision of an item is found by those who may read drafts,
 * and by all. */
int content_index_put(struct store *db, const struct content_type *t, int64_t item, const struct val *stored, bool pub,
                      struct err *err);
int content_index_remove(struct store *db, int64_t item, bool pub, struct err *err);

/* content_due.c */
int64_t content_due_collect(struct lane_source *src, struct lane *lane, int64_t now, int max);

/* content_access.c: may the session's actor do this to items of this unit that are in this state? NULL: in any. */
int content_may(struct session *s, const char *verb, int64_t unit, const char *state, struct err *err);
/* Who sees an item sees its files. */
void content_files_attach(struct content *c);
/* content_erase.c: a person's, when they are erased. */
void content_erase_attach(struct content *c);

/* content_lint.c, content_lint_text.c, content_lint_repeats.c */
struct lint {
    const struct content_type *type;
    const char *lang;
    struct arena *a;
    struct val *out;
    struct err *err;
};
int content_lint_text(struct lint *l, const struct field *f, const char *text, size_t len);
int content_lint_repeats(struct lint *l, const struct field *f, const char *text, size_t len);
struct lint_finding {
    const char *field, *rule;
    size_t offset, len;
    const char *text;       /* of the field */
    const char *suggestion; /* or NULL */
    const char *detail;     /* for the message; or NULL */
};
int content_lint_add(struct lint *l, const struct lint_finding *f);

/* The arena is used up: what was asked for is too large. ERR_LIMIT "limit.size". */
int content_too_large(struct err *err);

#endif
