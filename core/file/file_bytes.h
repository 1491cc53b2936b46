/* The bytes of files: "files/ab/cdef…" in the data directory, named by their SHA-256.
 *
 * An upload is written piece by piece beside them and keeps nothing in memory but its beginning:
 *
 *     file_bytes_new(data_dir, most, &b, err);  file_bytes_add(b, p, n, err); …   one thread, any
 *     file_bytes_keep(b, err);                  waits for the disk: not on a loop's thread
 *     file_bytes_free(b);                       what was not kept is gone */
#ifndef KHUNG_FILE_BYTES_H
#define KHUNG_FILE_BYTES_H

#include <stdint.h>
#include "base/digest.h"
#include "base/err.h"

enum { FILE_PATH_LEN = 700 };

struct file_bytes;
int file_bytes_new(const char *data_dir, int64_t most, struct file_bytes **out, struct err *err);
int file_bytes_add(struct file_bytes *b, const void *p, size_t n, struct err *err); /* ERR_LIMIT "file.size" */
int file_bytes_keep(struct file_bytes *b, struct err *err);
void file_bytes_free(struct file_bytes *b); /* NULL is fine */
int64_t file_bytes_size(const struct file_bytes *b);
const char *file_bytes_hash(struct file_bytes *b);       /* of all of it: nothing is added any more */
const char *file_bytes_type(const struct file_bytes *b); /* what they look like: never what the client says */

/* Where they are, or -1 if there are none: an open file to read from. */
int file_bytes_open(const char *data_dir, const char *hash);
/* 1: there, and so many; 0: not. */
int file_bytes_there(const char *data_dir, const char *hash, int64_t size);
void file_bytes_path(const char *data_dir, const char *hash, char out[FILE_PATH_LEN]);
/* From the first bytes (file_type.c). */
const char *file_type_of(const void *head, size_t n);
/* All that it can tell, some more than once; NULL at the end. */
const char *file_type_at(size_t i);

#endif
