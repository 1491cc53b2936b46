/* Telling: entries are appended to a buffer whose length follows the transaction, so a mark that is rolled back takes
 * its entries off again, and nothing has to be undone by anybody. Writing: just before COMMIT the buffer becomes rows.
 * One row for each stretch of the same actor at the same time, whatever it holds: a run of five steps costs one. */
#include "audit/audit_internal.h"
#include "audit/audit_seal.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/zone.h"
#include "runtime/log.h"

enum { DAY_MS = 86400000 };

static const char schema[] =
    "create table audit(id integer primary key, at integer not null, user integer, person integer, run integer,"
    " plugin text, origin text, body blob not null, hash blob not null);"
    /* Found again by thing and by person; written when there is time (audit_index.c). */
    "create table audit_index(key integer not null, audit integer not null, primary key(key, audit)) without rowid;"
    "create table audit_indexed(id integer primary key check(id = 1), audit integer not null);"
    "insert into audit_indexed values(1, 0);"
    "create table audit_anchor(day integer primary key, audit integer not null, hash blob not null);";

/* Rows that are there already keep their hashes, and have none. */
static const char seals[] = "alter table audit add column salt blob;";

/* Was an anchor mailed (notify/anchor_mail.c)? 0: nobody wanted it. */
static const char mailed[] =
    "alter table audit_anchor add column mailed_at integer; update audit_anchor set mailed_at = 0;";

/* The keys of the index changed: it is made again from the rows. */
static const char keys[] = "delete from audit_index; update audit_indexed set audit = 0;";

const struct store_migration audit_migrations[] = {{"audit/001", schema},
                                                   {"audit/seals", seals},
                                                   {"audit/erasure", audit_erasure_schema},
                                                   {"audit/mailed", mailed},
                                                   {"audit/keys", keys},
                                                   {"audit/places", audit_places_schema},
                                                   {"audit/waits", audit_waits_schema},
                                                   {"audit/digest", audit_digest_schema},
                                                   {0}};

static int64_t local_day(const struct host *host, int64_t now)
{
    const struct zone *z = host->zone ? zone_get(host->zone) : NULL;
    return z ? zone_day(z, now) : now / DAY_MS;
}

int audit_new(struct host *host, struct audit **out, struct err *err)
{
    (void)err;
    struct audit *au = mem_alloc(sizeof(*au));
    au->host = host;
    au->day = au->context_at = au->entry_at = -1;
    buf_init(&au->told, AUDIT_BATCH_MAX);
    buf_init(&au->body, AUDIT_BATCH_MAX);
    *out = au;
    return 0;
}

void audit_free(struct audit *au)
{
    if (!au) return;
    audit_eraser_free(au);
    buf_close(&au->told);
    buf_close(&au->body);
    mem_free(au);
}

/* --- telling --- */

static int64_t user_of(const struct session *s)
{
    return s->actor.user > 0 ? s->actor.user : 0;
}

/* As snprintf("%s") cuts, at a tenth of its time: this is done for every entry. */
static void copy_text(char *out, size_t cap, const char *s)
{
    size_t n = s ? strnlen(s, cap - 1) : 0;
    if (n) memcpy(out, s, n);
    out[n] = '\0';
}

static void take_context(const struct session *s, struct audit_context *c)
{
    *c = (struct audit_context){.at = s->now, .user = user_of(s), .person = s->actor.person, .run = s->actor.run};
    copy_text(c->plugin, sizeof(c->plugin), s->actor.plugin);
    copy_text(c->from, sizeof(c->from), s->origin);
}

static bool is_context(const struct session *s, const struct audit_context *c)
{
    const char *plugin = s->actor.plugin ? s->actor.plugin : "", *from = s->origin ? s->origin : "";
    return c->at == s->now && c->run == s->actor.run && c->user == user_of(s) && c->person == s->actor.person &&
           strncmp(c->plugin, plugin, sizeof(c->plugin) - 1) == 0 && strncmp(c->from, from, sizeof(c->from) - 1) == 0;
}

/* Begins a piece; its length is set by end_piece. */
static size_t begin_piece(struct audit *au, enum audit_piece kind)
{
    struct audit_piece_head h = {0, kind};
    size_t at = au->told.len;
    buf_add(&au->told, &h, sizeof(h));
    return at;
}

static void end_piece(struct audit *au, size_t at)
{
    if (!buf_ok(&au->told)) return;
    uint32_t len = (uint32_t)(au->told.len - at - sizeof(struct audit_piece_head));
    memcpy(au->told.data + at + offsetof(struct audit_piece_head, len), &len, sizeof(len));
}

static void tell_context(struct audit *au, const struct session *s)
{
    struct audit_context c;
    size_t have = (size_t)au->context_at + sizeof(struct audit_piece_head);
    if (au->context_at >= 0) {
        memcpy(&c, au->told.data + have, sizeof(c));
        if (is_context(s, &c)) return;
    }
    take_context(s, &c);
    size_t at = begin_piece(au, AUDIT_CONTEXT);
    buf_add(&au->told, &c, sizeof(c));
    end_piece(au, at);
    au->context_at = (int64_t)at;
    au->entry_at = -1;
}

/* What stands for a value that is too large. */
struct stand_in {
    char hex[DIGEST_HEX];
    struct val_pair pairs[2];
};

static int stand_in_for(struct audit *au, struct stand_in *in, struct val *v)
{
    uint8_t hash[DIGEST_LEN];
    if (v->type == VAL_NIL) return 0;
    buf_clear(&au->body);
    int rc = val_encode(v, &au->body, false);
    /* Deeper than values may be, with what is around it: told without what it holds. */
    if (rc == ERR_LIMIT) *v = val_str("…");
    if (rc == ERR_LIMIT || rc || au->body.len <= AUDIT_VALUE_MAX) return rc == ERR_LIMIT ? 0 : rc;
    digest_sha256(au->body.data, au->body.len, hash);
    digest_hex(hash, in->hex);
    in->pairs[0] = (struct val_pair){"bytes", val_int((int64_t)au->body.len)};
    in->pairs[1] = (struct val_pair){"sha256", val_str(in->hex)};
    *v = val_map();
    v->as.map.pairs = in->pairs;
    v->as.map.n = 2;
    return 0;
}

static struct val text_or_nil(const char *s)
{
    return s ? val_str(s) : val_nil();
}

/* Many entries in a row do the same to things of one kind: then it is said once. */
static struct val same_or_text(struct audit *au, char *last, size_t cap, const char *text)
{
    if (au->entry_at >= 0 && strcmp(last, text) == 0) return val_nil();
    copy_text(last, cap, text);
    return val_str(text);
}

static int put_entry(struct audit *au, const struct audit_entry *e)
{
    static const enum audit_field large[] = {AUDIT_BEFORE, AUDIT_AFTER, AUDIT_REASON};
    struct stand_in in[3];
    struct val list = val_list();
    struct val items[AUDIT_FIELDS] = {[AUDIT_VERB] = same_or_text(au, au->verb, sizeof(au->verb), e->verb),
                                      [AUDIT_KIND] = same_or_text(au, au->kind, sizeof(au->kind), e->kind),
                                      [AUDIT_ID] = val_int(e->id),
                                      [AUDIT_NAME] = text_or_nil(e->name),
                                      [AUDIT_UNIT] = val_int(e->unit),
                                      [AUDIT_FOR] = val_int(e->on_behalf_of),
                                      [AUDIT_AS] = text_or_nil(e->as),
                                      [AUDIT_BEFORE] = e->before ? *e->before : val_nil(),
                                      [AUDIT_AFTER] = e->after ? *e->after : val_nil(),
                                      [AUDIT_REASON] = text_or_nil(e->reason)};
    size_t at = au->told.len;
    list.as.list.items = items;
    list.as.list.n = AUDIT_FIELDS;
    int rc = val_encode(&list, &au->told, false);
    if (rc == 0 && au->told.len - at <= AUDIT_VALUE_MAX) return 0;
    if (rc && rc != ERR_LIMIT) return rc;
    au->told.len = at;
    for (size_t i = 0; i < 3; i++) {
        int failed = stand_in_for(au, &in[i], &items[large[i]]);
        if (failed) return failed;
        /* It fits alone, and not where it stands. */
        if (rc == ERR_LIMIT && items[large[i]].type != VAL_NIL) items[large[i]] = val_str("…");
    }
    return val_encode(&list, &au->told, false);
}

int audit_add(struct session *s, const struct audit_entry *e, struct err *err)
{
    struct audit *au = s->host->audit;
    if (!au) return 0;
    size_t was = (size_t)au->len;
    au->told.len = was; /* what was rolled back is behind it */
    if (au->context_at >= (int64_t)was) au->context_at = -1;
    if (au->entry_at >= (int64_t)was) au->entry_at = -1;
    tell_context(au, s);
    size_t at = begin_piece(au, e->is_plain ? AUDIT_ENTRY_PLAIN : AUDIT_ENTRY);
    int rc = put_entry(au, e);
    end_piece(au, at);
    if (rc || !buf_ok(&au->told)) {
        if (!buf_ok(&au->told)) buf_clear(&au->told);
        au->entry_at = -1;
        return err_set(err, ERR_NOMEM, "audit.batch", NULL);
    }
    au->entry_at = (int64_t)at;
    store_count(s->db, &au->len, (int64_t)(au->told.len - was));
    return 0;
}

/* --- writing --- */

/* Random bytes are fetched for many rows at once; what was used is wiped. */
static void take_seed(struct audit *au, uint8_t seed[SEAL_SEED])
{
    if (au->nrandom < SEAL_SEED) {
        digest_random(au->random, sizeof(au->random));
        au->nrandom = sizeof(au->random);
    }
    au->nrandom -= SEAL_SEED;
    memcpy(seed, au->random + au->nrandom, SEAL_SEED);
    memset(au->random + au->nrandom, 0, SEAL_SEED);
}

static void bind_or_null(struct stmt *s, int at, int64_t v)
{
    if (v) stmt_bind_int(s, at, v);
}

static int write_row(struct audit *au, struct store *db, struct audit_head *head, const struct audit_context *c,
                     struct err *err)
{
    uint8_t seed[SEAL_SEED];
    struct audit_row r = {.id = head->row + 1,
                          .c = *c,
                          .body = au->body.data,
                          .len = au->body.len,
                          .salt = seed,
                          .salt_len = sizeof(seed)};
    take_seed(au, seed);
    if (audit_hash(head->hash, &r, head->hash, NULL) != 0) return err_set(err, ERR_INTERNAL, "audit.row", NULL);
    struct stmt *s = store_stmt(db, "insert into audit(" AUDIT_COLUMNS ") values(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)", err);
    if (!s) return err->code;
    head->row = r.id;
    head->at = c->at;
    stmt_bind_int(s, 1, r.id);
    stmt_bind_int(s, 2, c->at);
    bind_or_null(s, 3, c->user);
    bind_or_null(s, 4, c->person);
    bind_or_null(s, 5, c->run);
    if (c->plugin[0]) stmt_bind_str(s, 6, c->plugin);
    if (c->from[0]) stmt_bind_str(s, 7, c->from);
    stmt_bind_blob(s, 8, r.body, r.len);
    stmt_bind_blob(s, 9, head->hash, DIGEST_LEN);
    stmt_bind_blob(s, 10, seed, sizeof(seed));
    return stmt_run(s, err);
}

static int write_told(struct audit *au, struct store *db, struct audit_head *head, struct err *err)
{
    struct audit_context c = {0};
    int rc = 0;
    buf_clear(&au->body);
    for (const char *p = au->told.data, *end = p + au->len; rc == 0 && p < end;) {
        struct audit_piece_head h;
        memcpy(&h, p, sizeof(h));
        p += sizeof(h);
        if (h.kind == AUDIT_CONTEXT) {
            if (au->body.len) rc = write_row(au, db, head, &c, err);
            buf_clear(&au->body);
            memcpy(&c, p, sizeof(c));
        } else {
            uint32_t len = h.len | (h.kind == AUDIT_ENTRY_PLAIN ? AUDIT_PLAIN : 0);
            buf_add(&au->body, &len, sizeof(len)); /* as on x86 and ARM: the lowest byte first */
            buf_add(&au->body, p, h.len);
        }
        p += h.len;
    }
    if (!buf_ok(&au->body)) return err_set(err, ERR_NOMEM, "audit.batch", NULL);
    return rc == 0 && au->body.len ? write_row(au, db, head, &c, err) : rc;
}

static int last_anchor(struct store *db, int64_t *day, struct err *err)
{
    struct stmt *s = store_stmt(db, "select max(day) from audit_anchor", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    if (rc == 1) *day = stmt_is_null(s, 0) ? 0 : stmt_int(s, 0);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* The first transaction of a day that changes anything keeps the head as the days before left it. */
static int keep_anchor(struct audit *au, struct store *db, const struct audit_head *head, int64_t now, struct err *err)
{
    int64_t today = local_day(au->host, now);
    int rc = au->day < 0 ? last_anchor(db, &au->day, err) : 0;
    if (rc || today <= au->day || head->row == 0) return rc;
    struct stmt *s = store_stmt(db, "insert or ignore into audit_anchor(day, audit, hash) values(?1, ?2, ?3)", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, today);
    stmt_bind_int(s, 2, head->row);
    stmt_bind_blob(s, 3, head->hash, DIGEST_LEN);
    au->new_day = today;
    au->anchor = *head;
    return stmt_run(s, err);
}

int audit_before_commit(struct audit *au, struct store *db, int64_t now, struct err *err)
{
    struct audit_head head;
    au->new_day = 0;
    au->wrote = false;
    if (!au->len) return 0;
    int rc = audit_head(db, &head, err);
    if (rc == 0) rc = keep_anchor(au, db, &head, now, err);
    if (rc == 0) rc = write_told(au, db, &head, err);
    if (rc) return rc;
    store_count(db, &au->len, -au->len);
    au->wrote = true;
    return 0;
}

void audit_after_commit(struct audit *au)
{
    char hex[DIGEST_HEX];
    struct err_num n;
    if (au->wrote) audit_index_soon(au);
    if (au->wrote && au->listener) au->listener(au->listener_ctx);
    if (!au->new_day) return;
    au->day = au->new_day;
    au->new_day = 0;
    digest_hex(au->anchor.hash, hex);
    log_info("audit.anchor", "row", err_i64(&n, au->anchor.row), "hash", hex, NULL);
    if (au->anchored) au->anchored(au->anchored_ctx);
}

void audit_set_anchored(struct audit *au, void (*anchored)(void *ctx), void *ctx)
{
    au->anchored = anchored;
    au->anchored_ctx = ctx;
}

void audit_set_listener(struct audit *au, void (*told)(void *ctx), void *ctx)
{
    au->listener = told;
    au->listener_ctx = ctx;
}
