/* multipart/form-data (RFC 7578), read as it comes: parts and their bytes are told, nothing is kept but the head of a
 * part. Bounded: parts, bytes of a head. One thread. */
#ifndef KHUNG_HTTP_MULTIPART_H
#define KHUNG_HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

enum { MULTIPART_HEAD_MAX = 4096, MULTIPART_PARTS_MAX = 256, MULTIPART_BOUNDARY_MAX = 70 };

struct multipart_part {
    char name[64], filename[400]; /* "" if there is none */
    bool has_filename;
};

struct multipart {
    char delimiter[MULTIPART_BOUNDARY_MAX + 5]; /* "\r\n--boundary" */
    size_t ndelimiter, matched;
    int state, nparts;
    char head[MULTIPART_HEAD_MAX + 1];
    size_t nhead;
    /* 0, or an error that ends the reading */
    int (*part)(void *ctx, const struct multipart_part *p, struct err *err);
    int (*data)(void *ctx, const char *p, size_t n, struct err *err);
    void *ctx;
};

/* By the header Content-Type. 1: it is one, and *m is ready but for part, data and ctx; 0: another type; ERR_INVALID
 * "file.multipart" {why}. */
int multipart_init(struct multipart *m, const char *content_type, struct err *err);
int multipart_feed(struct multipart *m, const char *p, size_t n, struct err *err);
/* The last delimiter has come. */
bool multipart_is_ended(const struct multipart *m);

#endif
