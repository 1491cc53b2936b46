/* Places that hold what is told of persons, and how an erasure goes through them.
 *
 * A floor that keeps such things adds a place at start. An erasure looks at all of them, one after the other and the
 * audit last, a piece at a time, each piece a slice: what a place finds it counts, or erases and tells of. A thing that
 * cannot lose its values yet (an open run, whose journal must replay) is waited for: the erasure lists it, and goes
 * through all places anew when none is left; so `look` is called again on what it has erased, and finds nothing there.
 *
 *     static int look(void *ctx, struct erasing *e, bool *more, struct err *err);   // what comes after e->part, e->at
 *     audit_add_place(host->audit, &(struct audit_place){"notices", look, NULL, ctx});
 *
 * Lane's thread; when it only counts (is_dry), any thread with its connection. */
#ifndef KHUNG_AUDIT_PLACE_H
#define KHUNG_AUDIT_PLACE_H

#include "audit/audit_erase.h"
#include "base/arena.h"
#include "base/buf.h"

/* What stands where a text was. */
#define ERASED_TEXT "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88"
enum { ERASING_PART_MAX = 480, ERASING_LISTED_MAX = 1000, AUDIT_PLACE_TABLES = 4 };

struct audit_trace;
struct erasing {
    struct session *s;
    const struct audit_traces *traces;
    struct audit_trace *trace;
    struct arena *a; /* for one thing */
    bool is_dry;     /* counts alone */
    bool published;  /* what was published goes, too */
    bool codes;      /* what is looked at now is a person's: a code tells */
    int64_t id;      /* of the erasure, and its reason; not when it is dry */
    const char *reason;
    /* Where the place goes on: its own; "" and 0 at first. */
    char part[ERASING_PART_MAX];
    int64_t at;
    int64_t key; /* of the row that is looked at (erasing_rows) */
    /* So far in this place. */
    int64_t things, values, kept, waits;
    const char *place;
    /* Dry: lists of { place, kind, id, values } and { place, kind, id, why }, the first thousand; or NULL. */
    struct val *touched, *waiting, *left;
    struct arena *list_arena;
};

struct audit_place {
    const char *name;
    int (*look)(void *ctx, struct erasing *e, bool *more, struct err *err);
    /* A statement with the thing as ?1, which gives a row while it is in the way. */
    const char *open;
    /* Or: is it no longer in the way? 1, 0. Neither: the place waits for none. */
    int (*is_over)(void *ctx, struct store *db, int64_t thing, struct err *err);
    void *ctx;
    /* What it looks at is not listed as "elsewhere" (people_erase.h): a table, or its beginning and a *; or one by one.
     */
    const char *tables[AUDIT_PLACE_TABLES];
    bool (*holds)(void *ctx, struct session *s, const char *table, const char *column);
};
/* At start; copied. */
void audit_add_place(struct audit *au, const struct audit_place *place);
const struct audit_place *audit_place_at(const struct audit *au, size_t i); /* NULL at the end */
const struct audit_place *audit_place_find(const struct audit *au, const char *name);

/* What a place needs. */
bool erasing_names(struct erasing *e, const char *text, size_t len);
/* Does a text of a field that says whose a record is, or a name or code in it, tell of the person? */
bool erasing_tells(struct erasing *e, const struct val *v);
/* Is it the person's number? */
bool erasing_is_person(const struct erasing *e, const struct val *v);
/* Of an answer: does what stands under this name stay, whoever gave it? What was decided, as what, about which text. */
bool erasing_is_act(const char *key, size_t len);
/* Texts that tell of the person are replaced, in place: how many. `own`: what the person wrote, whose texts go all. */
int64_t erasing_scrub(struct erasing *e, struct val *v, bool own);
/* A thing has lost values: counted, and told. */
int erasing_tell(struct erasing *e, const char *kind, int64_t id, int64_t values, struct err *err);
/* A field of a thing (of this kind in the audit) was the person's: what the audit tells of it goes, too. */
int erasing_field(struct erasing *e, const char *kind, int64_t thing, const char *field, struct err *err);
/* A thing is in the way, until its place says that it is over (audit_wait.c). */
int erasing_wait(struct erasing *e, const char *kind, int64_t thing, struct err *err);
/* Something of them stays, in `what` of this place, and the erasure's answer says so: why, and what to do about it, are
 * the sentence of the key `why`. */
int erasing_leave(struct erasing *e, const char *what, int64_t n, const char *why, struct err *err);
/* What has a name and no number is waited for by a number made of it. */
int64_t erasing_number(const char *name);
/* One that nobody can try names on: by a key of this database. */
int erasing_secret_number(struct erasing *e, const char *name, int64_t *n, struct err *err);
/* One thing of many, between these two: if it fails for itself, by its size or because it is damaged, what was done to
 * it is undone, it is waited for with the reason, and the others go on. A fault of the host stays one. */
struct erasing_mark {
    int64_t things, values, kept, waits;
    size_t touched, waiting;
};
int erasing_begin(struct erasing *e, struct erasing_mark *m, struct err *err);
int erasing_end(struct erasing *e, const struct erasing_mark *m, const char *kind, int64_t thing, int rc,
                struct err *err);

/* Any kind of object that is stored. */
const struct val_kind *audit_kind_of(const char *name, size_t len);

/* Columns of rows, each by its form: > 0 values are replaced, and `out` is what stands there then. */
typedef int64_t (*erasing_form)(struct erasing *e, bool own, const char *p, size_t len, struct buf *out);
int64_t erasing_text(struct erasing *e, bool own, const char *p, size_t len, struct buf *out);
int64_t erasing_value(struct erasing *e, bool own, const char *p, size_t len, struct buf *out); /* val_encode */
int64_t erasing_json(struct erasing *e, bool own, const char *p, size_t len, struct buf *out);
int64_t erasing_unique(struct erasing *e, bool own, const char *p, size_t len, struct buf *out); /* by its key */
enum { ERASING_COLUMNS = 6 };
struct erasing_rows {
    /* ?1 a thing, or a key behind which to look; ?2 the person, where it is asked for. Gives the key, 1 where the texts
     * are the person's own, and the columns. */
    const char *select;
    const char *update; /* ?1 as above, ?2 the key, ?3 … the columns */
    erasing_form forms[ERASING_COLUMNS + 1];
    /* Told of each row as this kind and its key; NULL: the caller tells. */
    const char *kind;
};
struct erasing_seen {
    int64_t rows, last, values; /* last: the key of the last one */
};
int erasing_rows(struct erasing *e, const struct erasing_rows *r, int64_t thing, struct erasing_seen *seen,
                 struct err *err);
/* One statement about the person: ?1. Rows it is about, in *n. */
int erasing_delete(struct erasing *e, const char *count, const char *sql, int64_t *n, struct err *err);

#endif
