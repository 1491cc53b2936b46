/* Inside store/: a connection and its statements. */
#ifndef KHUNG_STORE_INTERNAL_H
#define KHUNG_STORE_INTERNAL_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "store/store.h"

enum { STMT_SLOTS = 512, STMT_KEPT = 400 };

struct stmt {
    struct store *db;
    sqlite3_stmt *raw;
    struct stmt *next;    /* in its slot */
    char *sql;            /* a copy of the text */
    const char *constant; /* the text where its first caller has it; NULL: in memory that may change */
    bool in_use;
    int64_t used_at; /* for dropping the oldest */
};

/* A change of a number in memory (store_count), not committed yet. */
struct store_count {
    _Atomic int64_t *n;
    int64_t delta;
    int mark; /* how deep it was made */
};

struct store {
    sqlite3 *raw;
    enum store_role role;
    struct stmt *slots[STMT_SLOTS]; /* by hash of the text */
    struct stmt *near[STMT_SLOTS];  /* by address of the caller's constant: the quick way */
    size_t nstmts;
    int64_t uses;
    int marks;
    struct store_count *counts;
    size_t ncounts, counts_cap;
    int64_t deadline_ns; /* 0: none */
    bool open;           /* between begin and commit or rollback */
    int lost;            /* 0, or the fault after which the engine rolled the transaction back by itself */
    int checkpoint_pages, wal_pages;
    bool checkpoint_failed;      /* told in the log already */
    struct store_copier *copier; /* or NULL */
    bool is_left;                /* the copy was left to it */
    struct store_asking *asking; /* while a plugin's text is checked (store_query.c) */
    char path[512];
};

/* Maps the engine's code and message to an error. */
int store_fail(struct store *db, int code, struct err *err);
void stmt_close_all(struct store *db);
/* Why nothing runs until the rollback, after a lost transaction. */
int store_fail_lost(struct store *db, struct err *err);
/* Rolls back the marks above a depth, however many a failed caller left open; false: it cannot be done. */
bool store_mark_unwind(struct store *db, int depth);
/* store_checkpoint.c: the log has so many pages now. Always SQLITE_OK. */
int store_checkpoint(struct store *db, int pages);
struct store_copier *store_copier_new(const char *path);
void store_copier_free(struct store_copier *c);
/* store_memory.c: before the engine is used for the first time. */
void store_memory_init(void);
/* store_count.c: the mark that was innermost is released; what was counted deeper than `marks` is taken off again. */
void store_count_released(struct store *db);
void store_count_undo(struct store *db, int marks);
/* The authorizer of every connection; setting one later would expire all prepared statements. */
int store_authorize(void *arg, int action, const char *a, const char *b, const char *schema, const char *trigger);

#endif
