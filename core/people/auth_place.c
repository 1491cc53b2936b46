/* Addresses from which an account has logged in. There its failures are counted apart: whoever fails with a name from
 * elsewhere, to lock its owner out, locks it for elsewhere alone. Known for three months, the newest few of an account.
 */
#include "people/auth_internal.h"

enum { PLACES_MAX = 20 };
static const int64_t known_ms = 90 * 86400000LL;

int auth_place_note(struct session *s, int64_t account, const char *place, struct err *err)
{
    static const char most[] = "delete from auth_place where account = ?1 and (at <= ?2 or place not in (select place"
                               " from auth_place where account = ?1 order by at desc limit ?3))";
    struct stmt *st = store_stmt(s->db,
                                 "insert into auth_place(account, place, at) values(?1, ?2, ?3) on conflict(account,"
                                 " place) do update set at = excluded.at",
                                 err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, account);
    stmt_bind_str(st, 2, place);
    stmt_bind_int(st, 3, s->now);
    int rc = stmt_run(st, err);
    return rc ? rc : auth_run(s->db, most, account, s->now - known_ms, PLACES_MAX, err);
}

int auth_place_find(struct session *s, const char *name, const char *place, int64_t *account, struct err *err)
{
    struct stmt *st = store_stmt(s->db,
                                 "select a.id from account a join auth_place p on p.account = a.id where a.name = ?1"
                                 " and p.place = ?2 and p.at > ?3",
                                 err);
    if (!st) return err->code;
    stmt_bind_str(st, 1, name);
    stmt_bind_str(st, 2, place);
    stmt_bind_int(st, 3, s->now - known_ms);
    return people_one(st, account, err);
}
