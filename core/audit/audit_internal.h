/* Inside audit/: the buffer of a transaction, and the bytes of a row. */
#ifndef KHUNG_AUDIT_INTERNAL_H
#define KHUNG_AUDIT_INTERNAL_H

#include "audit/audit.h"
#include "audit/audit_place.h"
#include "base/buf.h"
#include "store/lane.h"

enum { AUDIT_FROM_MAX = 160, AUDIT_PLUGIN_MAX = 64, AUDIT_PLACES_MAX = 16 };

/* Who and from where: what the entries of a row have in common. */
struct audit_context {
    int64_t at, user, person, run;
    char plugin[AUDIT_PLUGIN_MAX], from[AUDIT_FROM_MAX];
};

/* In the buffer: rows, each this mark, a context, and its body as it will stand in the database. */
#define AUDIT_ROW UINT32_MAX

struct audit_eraser;
struct audit {
    struct host *host;
    struct buf told;          /* rows of this transaction */
    _Atomic int64_t len;      /* how much of it holds: follows the transaction (store_count) */
    int64_t row_at;           /* where the newest row begins in it, or -1; whose it is: */
    struct audit_context row; /* and of the newest entry in it: where it begins, or -1; who, the verb and the kind: */
    int64_t entry_at;
    struct audit_context by;
    bool is_beside; /* by: a run, in the row of another */
    char verb[48], kind[128];
    struct buf scratch;
    struct audit_writer *writer;
    int64_t day, new_day; /* of the last anchor; one that this transaction makes, or 0 */
    struct audit_head anchor;
    bool wrote; /* rows, in this transaction */
    void (*listener)(void *ctx);
    void *listener_ctx;
    void (*anchored)(void *ctx);
    void *anchored_ctx;
    /* The index (audit_index.c). */
    struct lane *lane; /* NULL: none is made */
    struct lane_source source;
    struct lane_work work;
    bool is_indexing, has_more;
    struct audit_eraser *eraser; /* audit_eraser.c */
    struct audit_place places[AUDIT_PLACES_MAX];
    size_t nplaces;
};

/* A row as it is hashed: everything but the hash itself. Its body: entries, each a length of four bytes (the lowest
 * first) with bits in it, and a list. */
#define AUDIT_PLAIN UINT32_C(0x80000000) /* its before and after are public */
#define AUDIT_BY UINT32_C(0x40000000)    /* before the list: a run and its plugin, who act from here on; 0: the row's */
#define AUDIT_LEN UINT32_C(0x3fffffff)
struct audit_row {
    int64_t id;
    struct audit_context c;
    const char *body;
    size_t len;
    const uint8_t *salt; /* audit_seal.h; NULL: a row from before there were seals */
    size_t salt_len;
};

/* Columns id, at, user, person, run, plugin, origin, body, hash, salt, in this order. */
#define AUDIT_COLUMNS "id, at, user, person, run, plugin, origin, body, hash, salt"
/* Fills the row; body, salt and *hash (NULL if it has another length) are borrowed until the next step. */
void audit_read_row(struct stmt *s, struct audit_row *r, const uint8_t **hash);
/* audit_write.c: rows as they stand in the buffer become rows of the database; *head moves on. */
struct audit_writer *audit_writer_new(void);
void audit_writer_free(struct audit_writer *w);
int audit_write(struct audit_writer *w, struct store *db, struct audit_head *head, const char *told, size_t len,
                struct err *err);
/* audit_index.c. The next entry of a body: { verb, kind, id, name, unit, on_behalf_of, as, before, after, reason, run,
 * plugin } as a list; the last two are 0 and nil when it is told by whom the row is of, else a run did it and nobody of
 * the row. 1, 0 at the end, ERR_CORRUPT. */
struct audit_reader {
    const char *p, *end;
    struct val verb, kind, run, plugin; /* of the entry before: an entry leaves out what stays the same */
};
void audit_reader_init(struct audit_reader *r, const struct audit_row *row);
int audit_next_entry(struct audit_reader *r, struct arena *a, struct val *out);
enum audit_field {
    AUDIT_VERB,
    AUDIT_KIND,
    AUDIT_ID,
    AUDIT_NAME,
    AUDIT_UNIT,
    AUDIT_FOR,
    AUDIT_AS,
    AUDIT_BEFORE,
    AUDIT_AFTER,
    AUDIT_REASON,
    AUDIT_FIELDS, /* so many are written */
    AUDIT_RUN = AUDIT_FIELDS,
    AUDIT_PLUGIN,
};
/* Whose act an entry is: the row's person, or 0 when a run did it; which run's, or 0. */
int64_t audit_entry_person(const struct audit_row *r, const struct val *entry);
int64_t audit_entry_run(const struct audit_row *r, const struct val *entry);

/* audit_find.c: the entries of a row as the search shows them. ERR_CORRUPT, ERR_NOMEM. */
int audit_show_row(const struct audit_row *r, struct arena *a, struct val *out);

/* audit_index.c: "item 17", "by person 4" and "run 5" as one number each, for the index; up to which row it goes. */
int64_t audit_thing_key(const char *kind, size_t len, int64_t id, const char *name, size_t name_len);
int64_t audit_person_key(int64_t person);
int64_t audit_run_key(int64_t run);
int audit_indexed(struct store *db, int64_t *row, struct err *err);
/* There are new rows. */
void audit_index_soon(struct audit *au);

/* audit_plugin.c: versions of plugins that become active. */
void audit_plugin_attach(struct host *host);
/* audit_left.c: what lies outside the database, as a place. */
void audit_left_attach(struct audit *au);
/* audit_eraser.c: goes on with erasures that are not done. */
void audit_eraser_start(struct audit *au, struct lane *lane);
void audit_eraser_wake(struct audit *au, int64_t now);
void audit_eraser_free(struct audit *au);
extern const char audit_left_sql[]; /* ?1 an erasure: what it left, and what was skipped */
extern const char audit_erasure_schema[], audit_places_schema[], audit_waits_schema[], audit_digest_schema[],
    audit_left_schema[];
/* audit_wait.c. What has ended is waited for no more; an erasure that waits for nothing begins a new round: *again, how
 * many. What failed for itself is tried again after a day, and once by a service that started since (ms). */
int audit_wait_look(struct audit *au, struct store *db, int64_t now, int64_t since, int64_t *again, struct err *err);
/* The piece that an erasure stands at failed with this key: its place is waited for, and the next one's turn comes. */
int audit_wait_failed(struct audit *au, struct store *db, int64_t erasure, const char *why, int64_t now,
                      struct err *err);
/* Its own row cannot be read: nothing of it can be done. */
int audit_wait_unreadable(struct store *db, int64_t erasure, const char *why, int64_t now, struct err *err);
bool audit_wait_may(int rc); /* is it a failure of the thing, and none of the host? */
/* Any statement: ?1, if there is one; *n (or NULL): its first number, or 0. */
int audit_run(struct store *db, const char *sql, int64_t id, int64_t *n, struct err *err);
/* For places: a list of things, beforehand. */
int erasing_list(struct erasing *e, struct val *to, const char *kind, int64_t thing, const char *name, struct val more,
                 struct err *err);
/* By what the person was known, as the erasure keeps it until it is done. ERR_CORRUPT "audit.row". */
int audit_traces_read(const char *p, size_t len, struct arena *a, struct audit_traces *out, struct err *err);
/* A reason stays for ever and names nobody. ERR_INVALID "audit.reason", "audit.reason_named". NULL: names are not
 * known.
 */
int audit_check_reason(const struct audit_traces *t, const char *reason, struct err *err);
/* audit_own.c: as a place's. */
int audit_own_look(struct erasing *e, bool *more, struct err *err);

#endif
