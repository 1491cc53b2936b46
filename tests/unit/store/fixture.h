/* A data directory of its own for each test, with one writer connection. */
#ifndef KHUNG_TEST_STORE_FIXTURE_H
#define KHUNG_TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/val.h"
#include "store/store.h"

struct fixture {
    char dir[64], path[96];
    struct store *db;
    struct arena a;
    struct err err;
};

static inline void fixture_open(struct fixture *f)
{
    struct store_options o = {.path = f->path, .role = STORE_WRITER};
    if (store_open(&o, &f->db, &f->err)) fail_msg("open: %s", f->err.key);
}

static inline void fixture_init(struct fixture *f)
{
    *f = (struct fixture){.dir = "/tmp/khung-store-XXXXXX"};
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/khung.db", f->dir);
    arena_init(&f->a, 64 << 20);
    fixture_open(f);
}

static inline void fixture_close(struct fixture *f)
{
    char path[400];
    store_close(f->db);
    arena_close(&f->a);
    DIR *d = opendir(f->dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof(path), "%s/%s", f->dir, e->d_name);
        if (e->d_name[0] != '.') unlink(path);
    }
    if (d) closedir(d);
    rmdir(f->dir);
}

static inline void must_exec(struct store *db, const char *sql)
{
    struct err err = {0};
    if (store_exec(db, sql, &err)) fail_msg("%s: %s %s", sql, err.key, err_arg(&err, "detail"));
}

/* The first column of the first row; -1: no row. */
static inline int64_t number_of(struct store *db, const char *sql)
{
    struct err err = {0};
    struct stmt *s = store_stmt(db, sql, &err);
    if (!s) fail_msg("%s: %s %s", sql, err.key, err_arg(&err, "detail"));
    int rc = stmt_step(s, &err);
    int64_t n = rc == 1 ? stmt_int(s, 0) : -1;
    if (rc < 0) fail_msg("%s: %s", sql, err.key);
    stmt_done(s);
    return n;
}

static inline struct val json_of(struct fixture *f, const char *text)
{
    struct val v;
    if (json_parse(text, strlen(text), &f->a, &v, &f->err)) fail_msg("%s in %s", f->err.key, text);
    return v;
}

static inline const char *text_of(struct fixture *f, const struct val *v)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    json_write(&b, v);
    const char *text = arena_strndup(&f->a, b.data ? b.data : "", b.len);
    buf_close(&b);
    return text;
}

#endif
