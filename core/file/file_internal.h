/* Inside file/. */
#ifndef KHUNG_FILE_INTERNAL_H
#define KHUNG_FILE_INTERNAL_H

#include "base/arena.h"
#include "file/file.h"
#include "file/file_bytes.h"
#include "store/lane.h"

enum { FILE_KINDS_MAX = 8, FILE_SWEEP_MAX = 200 };

struct file_kind {
    const char *name;
    file_seen_fn seen;
    void *ctx;
};

struct files {
    struct host *host;
    struct file_kind kinds[FILE_KINDS_MAX];
    size_t nkinds;
    /* file_sweep.c; the lane's thread */
    struct lane *lane;
    struct lane_source source;
    struct lane_work work;
    bool is_sweeping;
    int folder;                             /* the next to be looked through; -1: rows */
    char dying[FILE_SWEEP_MAX][DIGEST_HEX]; /* bytes to be removed after the commit */
    size_t ndying;
};

/* These bytes are wanted again. */
void file_sweep_spare(struct files *f, const char *hash);
void file_erase_attach(struct files *f);

#endif
