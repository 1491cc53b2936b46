/* Telling: entries are appended to a buffer whose length follows the transaction, so a mark that is rolled back takes
 * its entries off again, and nothing has to be undone by anybody. Writing: just before COMMIT the buffer becomes rows.
 * One row for each stretch of the same actor at the same time, with what runs did beside it: a command and the run of
 * five steps that it starts cost one. */
#include "audit/audit_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/zone.h"
#include "runtime/log.h"

/* A row that is longer takes in nobody else: who looks for one entry reads the whole row. Of the lengths that were
 * tried this one leaves least of the pages empty. */
enum { DAY_MS = 86400000, ROW_FULL = 8000 };

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

/* And once more. Rows hold what others did beside their actor (AUDIT_BY): a program from before cannot read them. */
static const char runs_beside[] = "delete from audit_index; update audit_indexed set audit = 0;";

const struct store_migration audit_migrations[] = {{"audit/001", schema},
                                                   {"audit/seals", seals},
                                                   {"audit/erasure", audit_erasure_schema},
                                                   {"audit/mailed", mailed},
                                                   {"audit/keys", keys},
                                                   {"audit/places", audit_places_schema},
                                                   {"audit/waits", audit_waits_schema},
                                                   {"audit/digest", audit_digest_schema},
                                                   {"audit/by", runs_beside},
                                                   {"audit/left", audit_left_schema},
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
    au->day = au->row_at = au->entry_at = -1;
    buf_init(&au->told, AUDIT_BATCH_MAX);
    buf_init(&au->scratch, AUDIT_BATCH_MAX);
    au->writer = audit_writer_new();
    *out = au;
    return 0;
}

void audit_free(struct audit *au)
{
    if (!au) return;
    audit_eraser_free(au);
    buf_close(&au->told);
    buf_close(&au->scratch);
    audit_writer_free(au->writer);
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

/* What a run does by itself. */
static bool is_run(const struct session *s)
{
    return s->actor.run && !user_of(s) && !s->actor.person && (!s->origin || !*s->origin);
}

static void begin_row(struct audit *au, const struct session *s)
{
    static const uint32_t mark = AUDIT_ROW;
    au->row_at = (int64_t)au->told.len;
    au->entry_at = -1;
    take_context(s, &au->row);
    au->by = au->row;
    au->is_beside = false;
    buf_add(&au->told, &mark, sizeof(mark));
    buf_add(&au->told, &au->row, sizeof(au->row));
}

/* A row of its own, or on in the newest one. 0, or AUDIT_BY: who acts must be said. */
static uint32_t tell_actor(struct audit *au, const struct session *s)
{
    bool has_row = au->row_at >= 0 && au->row.at == s->now;
    if (has_row && au->entry_at >= 0 && is_context(s, &au->by)) return 0;
    /* What an actor starts stays with them, however full the row is. */
    bool is_full = has_row && au->is_beside && au->told.len - (size_t)au->row_at > ROW_FULL;
    bool is_row = is_context(s, &au->row);
    if (!has_row || is_full || (!is_run(s) && !is_row)) {
        begin_row(au, s);
        return 0;
    }
    take_context(s, &au->by);
    au->is_beside = !is_row;
    return AUDIT_BY;
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
    buf_clear(&au->scratch);
    int rc = val_encode(v, &au->scratch, false);
    /* Deeper than values may be, with what is around it: told without what it holds. */
    if (rc == ERR_LIMIT) *v = val_str("…");
    if (rc == ERR_LIMIT || rc || au->scratch.len <= AUDIT_VALUE_MAX) return rc == ERR_LIMIT ? 0 : rc;
    digest_sha256(au->scratch.data, au->scratch.len, hash);
    digest_hex(hash, in->hex);
    in->pairs[0] = (struct val_pair){"bytes", val_int((int64_t)au->scratch.len)};
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

/* Again the row's own actor is said with nobody. */
static int put_by(struct audit *au)
{
    struct val run = val_int(au->is_beside ? au->by.run : 0);
    struct val plugin = au->is_beside && au->by.plugin[0] ? val_str(au->by.plugin) : val_nil();
    int rc = val_encode(&run, &au->told, false);
    return rc ? rc : val_encode(&plugin, &au->told, false);
}

int audit_add(struct session *s, const struct audit_entry *e, struct err *err)
{
    struct audit *au = s->host->audit;
    if (!au) return 0;
    size_t was = (size_t)au->len;
    buf_cut(&au->told, was); /* what was rolled back is behind it */
    if (au->row_at >= (int64_t)was) au->row_at = -1;
    if (au->entry_at >= (int64_t)was) au->entry_at = -1;
    uint32_t len = tell_actor(au, s) | (e->is_plain ? AUDIT_PLAIN : 0);
    size_t at = au->told.len, from = at + sizeof(len);
    buf_add(&au->told, &len, sizeof(len));
    int rc = len & AUDIT_BY ? put_by(au) : 0;
    if (rc == 0) rc = put_entry(au, e);
    if (rc || !buf_ok(&au->told)) {
        buf_cut(&au->told, was); /* others have told before it, and are not undone */
        au->entry_at = -1;
        return err_set(err, ERR_NOMEM, "audit.batch", NULL);
    }
    len |= (uint32_t)(au->told.len - from); /* as on x86 and ARM: the lowest byte first */
    memcpy(au->told.data + at, &len, sizeof(len));
    au->entry_at = (int64_t)at;
    store_count(s->db, &au->len, (int64_t)(au->told.len - was));
    return 0;
}

/* --- writing --- */

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
    if (rc == 0) rc = audit_write(au->writer, db, &head, au->told.data, (size_t)au->len, err);
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
