/* Just before COMMIT. The digest of a row needs nothing of the row before it, and digests are half the work: when there
 * are many, a thread beside the lane makes them from the front on while the lane chains and inserts what is ready. Who
 * finds a row that nobody has begun, makes it; so nothing waits for a thread that gets no processor. */
#include <sched.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "audit/audit_seal.h"
#include "base/mem.h"
#include "runtime/thread.h"

/* Fewer are made sooner than a thread wakes. */
enum { MANY = 64 };

enum helper { IDLE, CALLED, HELPING };
enum ready { NOT_READY, READY, FAILED };

struct row {
    const char *body;
    size_t len;
    uint8_t seed[SEAL_SEED], digest[DIGEST_LEN];
    _Atomic int ready;
};

struct audit_writer {
    struct worker worker;
    _Atomic int helper; /* the rows are the thread's, too, while it is HELPING */
    struct row *rows;
    size_t n, cap;
    int64_t first;       /* the number of the first */
    _Atomic size_t next; /* that nobody has begun */
};

static void fill(const struct audit_writer *w, const struct row *row, struct audit_row *r)
{
    *r = (struct audit_row){.id = w->first + (row - w->rows),
                            .body = row->body,
                            .len = row->len,
                            .salt = row->seed,
                            .salt_len = sizeof(row->seed)};
    memcpy(&r->c, row->body - sizeof(r->c), sizeof(r->c));
}

/* Makes the next digest; false: there is none. */
static bool make_next(struct audit_writer *w)
{
    size_t i = atomic_fetch_add(&w->next, 1);
    struct audit_row r;
    if (i >= w->n) return false;
    struct row *row = &w->rows[i];
    fill(w, row, &r);
    int ready = audit_row_digest(&r, row->digest, NULL) == 0 ? READY : FAILED;
    atomic_store_explicit(&row->ready, ready, memory_order_release);
    return true;
}

static void help(void *ctx)
{
    struct audit_writer *w = ctx;
    int called = CALLED;
    if (!atomic_compare_exchange_strong(&w->helper, &called, HELPING)) return; /* too late */
    while (make_next(w)) {
    }
    atomic_store(&w->helper, IDLE);
}

struct audit_writer *audit_writer_new(void)
{
    struct audit_writer *w = mem_alloc(sizeof(*w));
    worker_init(&w->worker, "khung-digest", help, w);
    return w;
}

void audit_writer_free(struct audit_writer *w)
{
    if (!w) return;
    worker_close(&w->worker);
    mem_free(w->rows);
    mem_free(w);
}

static bool add_row(struct audit_writer *w, const char *body, const char *end)
{
    if (w->n == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : MANY;
        struct row *rows = mem_try_realloc(w->rows, cap * sizeof(*rows));
        if (!rows) return false;
        w->rows = rows;
        w->cap = cap;
    }
    struct row *row = &w->rows[w->n++];
    row->body = body;
    row->len = (size_t)(end - body);
    atomic_init(&row->ready, NOT_READY);
    return true;
}

/* How far the buffer is rows: all of it, or something is wrong with it. A row that was begun may hold nothing. */
static const char *find_rows(struct audit_writer *w, const char *told, size_t len)
{
    const char *p = told, *end = told + len, *body = NULL;
    w->n = 0;
    while ((size_t)(end - p) > sizeof(uint32_t)) {
        uint32_t bits;
        memcpy(&bits, p, sizeof(bits));
        size_t has = bits == AUDIT_ROW ? sizeof(struct audit_context) : bits & AUDIT_LEN;
        if ((bits != AUDIT_ROW && !body) || has > (size_t)(end - p) - sizeof(bits)) return p;
        if (bits == AUDIT_ROW && body && p > body && !add_row(w, body, p)) return NULL;
        p += sizeof(bits) + has;
        if (bits == AUDIT_ROW) body = p;
    }
    return body && end > body && !add_row(w, body, end) ? NULL : p;
}

/* Random bytes are fetched for many rows at once. */
static void take_seeds(struct audit_writer *w)
{
    uint8_t random[32 * SEAL_SEED];
    size_t left = 0;
    for (size_t i = 0; i < w->n; i++) {
        size_t want = (w->n - i) * SEAL_SEED;
        if (left == 0) digest_random(random, left = want < sizeof(random) ? want : sizeof(random));
        left -= SEAL_SEED;
        memcpy(w->rows[i].seed, random + left, SEAL_SEED);
    }
    explicit_bzero(random, sizeof(random));
}

static void bind_or_null(struct stmt *s, int at, int64_t v)
{
    if (v) stmt_bind_int(s, at, v);
}

static int insert(struct store *db, const struct audit_row *r, const struct audit_head *head, struct err *err)
{
    struct stmt *s = store_stmt(db, "insert into audit(" AUDIT_COLUMNS ") values(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, r->id);
    stmt_bind_int(s, 2, r->c.at);
    bind_or_null(s, 3, r->c.user);
    bind_or_null(s, 4, r->c.person);
    bind_or_null(s, 5, r->c.run);
    if (r->c.plugin[0]) stmt_bind_str(s, 6, r->c.plugin);
    if (r->c.from[0]) stmt_bind_str(s, 7, r->c.from);
    stmt_bind_blob(s, 8, r->body, r->len);
    stmt_bind_blob(s, 9, head->hash, DIGEST_LEN);
    stmt_bind_blob(s, 10, r->salt, r->salt_len);
    return stmt_run(s, err);
}

/* The first that has no digest yet is made by one of the two. */
static int await(struct audit_writer *w, struct row *row)
{
    int ready;
    while ((ready = atomic_load_explicit(&row->ready, memory_order_acquire)) == NOT_READY)
        if (!make_next(w)) sched_yield();
    return ready;
}

static int write_row(struct audit_writer *w, struct store *db, struct row *row, struct audit_head *head,
                     struct err *err)
{
    struct audit_row r;
    if (await(w, row) != READY) return err_set(err, ERR_INTERNAL, "audit.row", NULL);
    fill(w, row, &r);
    audit_chain(head->hash, row->digest, head->hash);
    head->row = r.id;
    head->at = r.c.at;
    return insert(db, &r, head, err);
}

static void call_helper(struct audit_writer *w)
{
    atomic_store(&w->next, 0);
    if (w->n < MANY) return;
    atomic_store(&w->helper, CALLED);
    if (!worker_wake(&w->worker)) atomic_store(&w->helper, IDLE);
}

/* What was begun must be done before the buffer changes. */
static void dismiss_helper(struct audit_writer *w)
{
    int called = CALLED;
    atomic_compare_exchange_strong(&w->helper, &called, IDLE);
    size_t begun = atomic_exchange(&w->next, w->n);
    for (size_t i = 0; i < begun && i < w->n; i++)
        while (atomic_load_explicit(&w->rows[i].ready, memory_order_acquire) == NOT_READY)
            sched_yield();
}

int audit_write(struct audit_writer *w, struct store *db, struct audit_head *head, const char *told, size_t len,
                struct err *err)
{
    int rc = 0;
    while (atomic_load(&w->helper) == HELPING) /* it is about to find that there is nothing to do any more */
        sched_yield();
    const char *to = find_rows(w, told, len);
    if (!to) return err_set(err, ERR_NOMEM, "audit.batch", NULL);
    if (to != told + len) return err_set(err, ERR_INTERNAL, "audit.row", NULL);
    take_seeds(w);
    w->first = head->row + 1;
    call_helper(w);
    for (size_t i = 0; rc == 0 && i < w->n; i++)
        rc = write_row(w, db, &w->rows[i], head, err);
    dismiss_helper(w);
    return rc;
}
