/* Secret votes from before there were sealed counts: each ballot was a box, which the key of the vote opened. They are
 * counted once, before the migration "flow/vote_count" drops them; "flow/vote_boxes" takes the counts over. */
#include <sodium.h>
#include <string.h>

#include "flow/flow_vote.h"
#include "runtime/log.h"

enum { TEXT_LEN = 32, BOX_LEN = TEXT_LEN + crypto_box_SEALBYTES };

struct box_key {
    uint8_t open[crypto_box_PUBLICKEYBYTES], secret[VOTE_KEY_LEN];
};

static bool open_box(struct stmt *s, const struct box_key *k, struct vote_count *out)
{
    uint8_t text[TEXT_LEN];
    size_t len;
    const uint8_t *box = stmt_blob(s, 0, &len);
    bool good = box && len == BOX_LEN && crypto_box_seal_open(text, box, len, k->open, k->secret) == 0;
    good = good && text[0] <= VOTE_OPTIONS_MAX;
    if (good) out->options[text[0]]++;
    sodium_memzero(text, sizeof(text));
    return good;
}

/* 1; 0: they cannot be opened. */
static int count_boxes(struct store *db, const struct vote *v, const struct box_key *k, struct vote_count *out,
                       struct err *err)
{
    struct stmt *s = store_stmt(db, "select box from flow_ballot where run = ?1 and entry = ?2", err);
    bool good = true;
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, v->run);
    stmt_bind_int(s, 2, v->entry);
    while ((rc = stmt_step(s, err)) == 1 && good)
        good = open_box(s, k, out);
    stmt_done(s);
    return rc < 0 ? rc : good;
}

/* One whose key is lost gets no count: its next ballot ends it for that reason. */
static int take_over(const char *dir, struct store *db, const struct vote *v, struct box_key *k, struct err *err)
{
    static const char sql[] = "insert into flow_vote_boxes(run, entry, key, sealed) values(?1, ?2, ?3, ?4)";
    struct vote_count count = {0};
    struct err_num run;
    int rc = vote_key_read_old(dir, v, k->secret, err);
    if (rc == 1) rc = count_boxes(db, v, k, &count, err);
    sodium_memzero(k->secret, sizeof(k->secret));
    if (rc == 1)
        rc = vote_count_put(dir, db, sql, v, &count, err);
    else if (rc == 0)
        log_error("vote.boxes_lost", "run", err_i64(&run, v->run), NULL);
    sodium_memzero(&count, sizeof(count));
    return rc;
}

static int take_over_all(const char *dir, struct store *db, struct err *err)
{
    int rc = store_exec(db,
                        "create table if not exists flow_vote_boxes(run integer not null, entry integer not null,"
                        " key blob not null, sealed blob not null, primary key(run, entry)) without rowid;"
                        " delete from flow_vote_boxes",
                        err);
    struct stmt *s = rc ? NULL : store_stmt(db, "select run, entry, key from flow_vote where key is not null", err);
    if (!s) return err->code;
    while (rc == 0 && (rc = stmt_step(s, err)) == 1) {
        struct vote v = {.run = stmt_int(s, 0), .entry = stmt_int(s, 1)};
        struct box_key k = {0};
        size_t len;
        const void *open = stmt_blob(s, 2, &len);
        if (open && len == sizeof(k.open)) memcpy(k.open, open, len);
        rc = take_over(dir, db, &v, &k, err);
    }
    stmt_done(s);
    return rc;
}

/* 1: they are there still. */
static int has_boxes(struct store *db, struct err *err)
{
    struct stmt *s = store_stmt(db, "select 1 from sqlite_master where type = 'table' and name = 'flow_ballot'", err);
    int rc = s ? stmt_step(s, err) : err->code;
    stmt_done(s);
    return rc;
}

int flow_vote_take_over(const char *dir, struct store *db, struct err *err)
{
    int rc = has_boxes(db, err);
    if (rc <= 0) return rc;
    rc = store_begin(db, err);
    if (rc) return rc;
    rc = take_over_all(dir, db, err);
    if (rc == 0) rc = store_commit(db, err);
    if (rc) store_rollback(db);
    return rc;
}
