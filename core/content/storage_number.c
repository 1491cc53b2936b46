/* Numbering books: consecutive in a book and year, without a gap; a void number stays, void.
 *
 * The number is taken in the transaction of what it is for: what is rolled back has taken none. */
#include "content/storage_api.h"

#include <string.h>

#include "base/date.h"

enum { BOOK_MAX = 80 };

/* The first instant of a year, as the organisation's clocks have it. */
static int64_t year_start(struct session *s, int year)
{
    char text[32] = {0};
    struct date d = {.year = year, .month = 1, .day = 1};
    int64_t ms = date_to_ms(&d), local;
    struct err ignored = {0};
    date_format_day(date_days(year, 1, 1), text);
    strncat(text, " 00:00", sizeof(text) - strlen(text) - 1);
    if (!s->host->time.instant || s->host->time.instant(s->host->time.ctx, text, strlen(text), &local, &ignored) != 0)
        return ms;
    return local;
}

static int year_now(struct session *s)
{
    struct date d;
    date_from_ms(s->now, &d);
    if (s->now >= year_start(s, d.year + 1)) return d.year + 1;
    return s->now < year_start(s, d.year) ? d.year - 1 : d.year;
}

struct book {
    const char *plugin, *name;
    size_t name_len;
    int64_t year;
};

static int read_book(struct api_call *c, const struct val *options, struct book *b)
{
    struct err_num n;
    int rc = storage_plugin(c->s, &b->plugin, c->err);
    if (rc) return rc;
    b->name = c->args[0].as.str.s;
    b->name_len = c->args[0].as.str.len;
    if (b->name_len == 0 || b->name_len > BOOK_MAX)
        return err_set(c->err, ERR_LIMIT, "limit.size", "what", "book", NULL);
    b->year = val_get_int(options, "year", 0);
    if (!b->year) b->year = year_now(c->s);
    if (b->year < 1 || b->year > 9999)
        return err_set(c->err, ERR_INVALID, "storage.year", "year", err_i64(&n, b->year), NULL);
    return 0;
}

static void bind_book(struct stmt *s, const struct book *b)
{
    stmt_bind_str(s, 1, b->plugin);
    stmt_bind_text(s, 2, b->name, b->name_len);
    stmt_bind_int(s, 3, b->year);
}

static int take(struct api_call *c, const struct book *b, int64_t *number)
{
    static const char sql[] = "insert into number_book(plugin, book, year, last) "
                              "values(?1,?2,?3,1) on conflict(plugin, book, year)"
                              " do update set last=last+1 returning last";
    struct stmt *s = store_stmt(c->s->db, sql, c->err);
    if (!s) return c->err->code;
    bind_book(s, b);
    int rc = stmt_step(s, c->err);
    if (rc == 1) {
        *number = stmt_int(s, 0);
        rc = stmt_step(s, c->err);
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

int storage_number(struct api_call *c)
{
    static const char sql[] = "insert into number_issued(plugin, book, year, number, at, person, "
                              "run) values(?1,?2,?3,?4,?5,?6,?7)";
    struct book b;
    int64_t number = 0;
    int rc = read_book(c, &c->args[1], &b);
    if (rc == 0) rc = quota_add_stored(c->s, b.plugin, 1, STORAGE_NUMBER_BYTES, c->err);
    if (rc == 0) rc = take(c, &b, &number);
    if (rc) return rc;
    struct stmt *s = store_stmt(c->s->db, sql, c->err);
    if (!s) return c->err->code;
    bind_book(s, &b);
    stmt_bind_int(s, 4, number);
    stmt_bind_int(s, 5, c->s->now);
    if (c->s->actor.person) stmt_bind_int(s, 6, c->s->actor.person);
    if (c->s->actor.run) stmt_bind_int(s, 7, c->s->actor.run);
    c->result = val_int(number);
    return stmt_run(s, c->err);
}

int storage_void(struct api_call *c)
{
    static const char sql[] = "update number_issued set void_at=?5, void_reason=?6 where plugin=?1 "
                              "and book=?2 and year=?3 and number=?4"
                              " and void_at is null";
    struct book b;
    struct err_num n;
    int rc = read_book(c, &c->args[3], &b);
    if (rc) return rc;
    if (c->args[2].as.str.len == 0) return err_set(c->err, ERR_INVALID, "content.reason", "verb", "void", NULL);
    struct stmt *s = store_stmt(c->s->db, sql, c->err);
    if (!s) return c->err->code;
    bind_book(s, &b);
    stmt_bind_int(s, 4, c->args[1].as.i);
    stmt_bind_int(s, 5, c->s->now);
    stmt_bind_text(s, 6, c->args[2].as.str.s, c->args[2].as.str.len);
    rc = stmt_run(s, c->err);
    if (rc == 0 && store_changes(c->s->db) == 0)
        return err_set(c->err, ERR_NOT_FOUND, "not_found.number", "number", err_i64(&n, c->args[1].as.i), NULL);
    return rc;
}
