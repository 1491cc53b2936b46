/* Inside store/: a connection and its statements. */
#ifndef KHUNG_STORE_INTERNAL_H
#define KHUNG_STORE_INTERNAL_H

#include <sqlite3.h>
#include "store/store.h"

enum { STMT_SLOTS = 512, STMT_KEPT = 400 };

struct stmt {
    struct store *db;
    sqlite3_stmt *raw;
    struct stmt *next;   /* in its slot */
    char *sql;           /* a copy of the text */
    bool in_use, cached;
    int64_t used_at;     /* for dropping the oldest */
};

struct store {
    sqlite3 *raw;
    enum store_role role;
    struct stmt *slots[STMT_SLOTS]; /* by hash of the text */
    struct stmt *near[STMT_SLOTS];  /* by address of the caller's constant: the quick way */
    size_t nstmts;
    int64_t uses;
    int marks;
    int64_t deadline_ns; /* 0: none */
    char path[512];
};

/* Maps the engine's code and message to an error. */
int store_fail(struct store *db, int code, struct err *err);
void stmt_close_all(struct store *db);

#endif
