/* Files: bytes that people hand in, kept under the SHA-256 of their content, and the things that they hang on.
 *
 * The bytes are in the data directory, "files/ab/cdef…", written whole (file, then folder, on the disk) before the row
 * that names them commits: bytes without a row are harmless and are swept after a day, a row without its bytes never
 * is. A file does not change; who wants another text hands in another file.
 *
 * Who may see a file is decided by what it hangs on: an item's revision, a task, a run. Floors above tell how their
 * things are seen (files_add_kind). One that hangs on nothing yet is seen by who handed it in, and is swept after a
 * day. Rows: on the lane; bytes: file_bytes.h. */
#ifndef KHUNG_FILE_H
#define KHUNG_FILE_H

#include "base/digest.h"
#include "base/field.h"
#include "base/val.h"
#include "plugin/host.h"
#include "plugin/quota.h"
#include "plugin/session.h"
#include "store/store.h"

struct files;
extern const struct store_migration file_migrations[];

struct files *files_new(struct host *host);
void files_free(struct files *f);
/* Sweeps from now on, an hour apart, in pieces. Not in `khung test`. */
void files_start(struct files *f, struct lane *lane);

enum {
    FILE_NAME_MAX = 200, /* bytes of a name */
    FILE_TYPE_MAX = 100,
    FILES_LOOSE_MAX = 100,         /* so many of one account may hang on nothing, */
    FILES_LOOSE_BYTES = 512 << 20, /* and so many bytes */
};

/* What is kept of one, as every reader sees it. */
struct file_row {
    int64_t id, size, at, user, person, hung; /* hung: on how many things */
    char hash[DIGEST_HEX], type[FILE_TYPE_MAX + 1], name[FILE_NAME_MAX + 1];
};
/* 1 found, 0 not. */
int file_load(struct store *db, int64_t id, struct file_row *out, struct err *err);

/* { hash, id, name, size, type }: in the order that canonical JSON has. */
int file_value(const struct file_row *row, struct arena *a, struct val *out, struct err *err);

/* On the lane. A row for bytes that are kept already (file_bytes_keep); `out` gets what field values hold.
 * ERR_CONFLICT "file.gone": they have been swept meanwhile; ERR_LIMIT "file.loose". */
struct file_new {
    const char *hash, *type, *name;
    int64_t size;
};
int file_add(struct session *s, const struct file_new *n, struct val *out, struct err *err);

/* A thing that files hang on. */
struct file_thing {
    const char *kind;   /* "item" "task" "run" "table:awards.nomination" */
    int64_t id, part;   /* part: the revision of an item, else 0 */
    const char *plugin; /* whose code may see them by it; NULL: by policy alone */
    bool counts;        /* their bytes are that plugin's, by its quota */
};
/* Is the file seen by this thing of the kind? 1 yes, 0 no, or a fault. A kind that nobody told of is seen by its plugin
 * alone. */
typedef int (*file_seen_fn)(void *ctx, struct session *s, int64_t file, int64_t thing, struct err *err);
void files_add_kind(struct files *f, const char *kind, file_seen_fn seen, void *ctx);
/* May the session's actor see it? 1, 0, or a fault. */
int file_may_see(struct session *s, const struct file_row *row, struct err *err);
/* 1: it hangs on this very part. */
int file_hangs(struct store *db, int64_t file, const struct file_thing *on, struct err *err);
int file_hang(struct session *s, int64_t file, const struct file_thing *on, struct err *err);
/* It hangs there no more; one that hangs on nothing then is swept after a day. */
int file_unhang(struct session *s, int64_t file, const struct file_thing *on, struct err *err);
/* All that hangs on it hangs there no more. */
int file_let_go(struct session *s, const struct file_thing *on, struct err *err);
/* What this person handed in hangs there no more, and is swept at once: *n files more. Dry: only counts. */
int file_let_go_of(struct session *s, const struct file_thing *on, int64_t person, bool is_dry, int64_t *n,
                   struct err *err);

/* Fields of type file and list:file (file_field.c). field_check leaves ids; these become what is stored and shown,
 * { hash, id, name, size, type }, if each is there and the actor may see it: ERR_INVALID "invalid.file" {field, id}. */
int file_fields_take(struct session *s, const struct field_list *fields, struct arena *a, struct val *values,
                     struct err *err);
int file_fields_hang(struct session *s, const struct field_list *fields, const struct val *values,
                     const struct file_thing *on, struct err *err);
/* What a field's `types` allow ({ "file", types = { "application/pdf", "image/" and a star } }; one may be a text): by
 * what the bytes look like, not by their name. ERR_INVALID "invalid.file_type" {field, detail, type} of
 * file_fields_take. */
bool file_type_fits(const struct val *types, const char *type);
bool file_fields_any(const struct field_list *fields);
/* The same of a plain list of ids, or nil: a list of what is shown. */
int file_list_take(struct session *s, const struct val *ids, struct arena *a, struct val *out, struct err *err);
/* A name as it is kept: without folders, control characters and a dot in front; "file" if nothing is left. */
void file_name_clean(const char *s, size_t len, char out[FILE_NAME_MAX + 1]);

/* `khung verify`: rows whose bytes are missing or differ, things that name a file without a row. Reads all bytes, but
 * of what the sweep may be taking away meanwhile. */
int file_verify(struct session *s, err_sink report, void *ctx, struct err *err);

#endif
