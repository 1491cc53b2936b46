/* Too many failures: of one name, whether there is such an account or not, and of one address; of a name from where its
 * owner has logged in before apart from all else (auth_place.c).
 *
 * A try is counted before the password is looked at and forgiven when it was right, so that many at once are counted,
 * too. From `lock_after` failures on each further one makes the next wait, twice as long each time. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people/auth_internal.h"

enum { FORGET_MS = 24 * 3600 * 1000, DECAY_MS = 600000, WHO_LEN = AUTH_PLACE_LEN };

/* An IPv6 network is one: whoever has an address there has 2^64. */
void auth_place_of(const char *address, char out[AUTH_PLACE_LEN])
{
    struct in6_addr six;
    if (inet_pton(AF_INET6, address, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six)) {
        memset(six.s6_addr + 8, 0, 8);
        char text[INET6_ADDRSTRLEN] = "";
        inet_ntop(AF_INET6, &six, text, sizeof(text));
        snprintf(out, WHO_LEN, "a:%s/64", text);
    } else {
        snprintf(out, WHO_LEN, "a:%.100s", address);
    }
}

/* "n:NAME"; from where its account has logged in before "k:ACCOUNT PLACE", which nobody fails for from elsewhere. */
static int who_of_name(struct session *s, const char *name, const char *address, char out[WHO_LEN], struct err *err)
{
    char place[AUTH_PLACE_LEN];
    int64_t account;
    auth_place_of(address, place);
    int rc = *address ? auth_place_find(s, name, place, &account, err) : 0;
    if (rc < 0) return rc;
    if (rc == 1)
        snprintf(out, WHO_LEN, "k:%lld %.100s", (long long)account, place);
    else
        snprintf(out, WHO_LEN, "n:%.150s", name);
    return 0;
}

/* What is known of a name or an address; all 0: nothing, or it was forgotten. */
struct attempts {
    int64_t failures, at, until;
};

/* Many people share an address, and somebody always mistypes: so its count goes down with time, one in ten minutes. */
static void decay(struct attempts *t, int64_t now)
{
    int64_t steps = (now - t->at) / DECAY_MS;
    if (steps <= 0) return;
    t->failures = t->failures > steps ? t->failures - steps : 0;
    t->at += steps * DECAY_MS;
}

static int read_row(struct session *s, const char *who, struct attempts *out, struct err *err)
{
    struct stmt *st = store_stmt(s->db, "select failures, at, until from auth_attempt where who = ?1 and at > ?2", err);
    *out = (struct attempts){.at = s->now};
    if (!st) return err->code;
    stmt_bind_str(st, 1, who);
    stmt_bind_int(st, 2, s->now - FORGET_MS);
    int rc = stmt_step(st, err);
    if (rc == 1) *out = (struct attempts){stmt_int(st, 0), stmt_int(st, 1), stmt_int(st, 2)};
    stmt_done(st);
    if (*who == 'a')
        decay(out, s->now);
    else
        out->at = s->now;
    return rc < 0 ? rc : 0;
}

static int write_row(struct session *s, const char *who, const struct attempts *t, struct err *err)
{
    static const char sql[] = "insert into auth_attempt(who, failures, at, until) values(?1, ?2, ?3, ?4)"
                              " on conflict(who) do update set failures = ?2, at = ?3, until = ?4";
    struct stmt *st = store_stmt(s->db, t->failures > 0 ? sql : "delete from auth_attempt where who = ?1", err);
    if (!st) return err->code;
    stmt_bind_str(st, 1, who);
    if (t->failures > 0) {
        stmt_bind_int(st, 2, t->failures);
        stmt_bind_int(st, 3, t->at);
        stmt_bind_int(st, 4, t->until);
    }
    return stmt_run(st, err);
}

static int check(struct session *s, const char *who, struct err *err)
{
    struct attempts t;
    struct err_num n;
    int rc = read_row(s, who, &t, err);
    if (rc || t.until <= s->now) return rc;
    return err_set(err, ERR_LIMIT, "auth.locked", "retry_after", err_i64(&n, (t.until - s->now + 999) / 1000), NULL);
}

/* Of an account, once: names that nobody has could be made up without end. */
static int tell_locked(struct session *s, const char *who, struct err *err)
{
    struct people_account account;
    if (*who == 'k') return auth_tell(s, "auth.locked", strtoll(who + 2, NULL, 10), NULL, err);
    int rc = *who == 'n' ? people_account_find(s->db, who + 2, &account, err) : 0;
    return rc == 1 ? auth_tell(s, "auth.locked", account.id, NULL, err) : rc;
}

static int count(struct session *s, const char *who, int64_t after, struct err *err)
{
    const struct auth_options *o = &s->host->auth->o;
    struct attempts t;
    int rc = read_row(s, who, &t, err);
    if (rc) return rc;
    t.failures++;
    if (t.failures >= after) {
        int64_t doubled = t.failures - after < 20 ? o->lock_ms << (t.failures - after) : o->lock_most_ms;
        t.until = s->now + (doubled < o->lock_most_ms ? doubled : o->lock_most_ms);
    }
    rc = t.failures == after ? tell_locked(s, who, err) : 0;
    return rc ? rc : write_row(s, who, &t, err);
}

static int take_off(struct session *s, const char *who, struct err *err)
{
    struct attempts t;
    int rc = read_row(s, who, &t, err);
    if (rc) return rc;
    t.failures--;
    t.until = 0;
    return write_row(s, who, &t, err);
}

int auth_attempt_charge(struct session *s, const char *name, const char *address, struct err *err)
{
    const struct auth_options *o = &s->host->auth->o;
    char who[WHO_LEN], where[WHO_LEN];
    auth_place_of(address, where);
    int rc = who_of_name(s, name, address, who, err);
    if (rc == 0) rc = auth_run(s->db, "delete from auth_attempt where at < ?1", s->now - FORGET_MS, 0, 0, err);
    if (rc == 0) rc = check(s, who, err);
    if (rc == 0 && *address) rc = check(s, where, err);
    if (rc == 0) rc = count(s, who, o->lock_after, err);
    if (rc == 0 && *address) rc = count(s, where, o->address_after, err);
    return rc;
}

int auth_attempt_undo(struct session *s, const char *name, const char *address, struct err *err)
{
    char who[WHO_LEN];
    int rc = who_of_name(s, name, address, who, err);
    if (rc == 0) rc = take_off(s, who, err);
    auth_place_of(address, who);
    if (rc == 0 && *address) rc = take_off(s, who, err);
    return rc;
}

int auth_attempt_forgive(struct session *s, const char *name, const char *address, struct err *err)
{
    struct attempts none = {0};
    char who[WHO_LEN];
    int rc = auth_attempt_undo(s, name, address, err);
    if (rc == 0) rc = who_of_name(s, name, address, who, err);
    return rc ? rc : write_row(s, who, &none, err);
}

int auth_attempt_unlock(struct session *s, const char *name, struct err *err)
{
    static const char sql[] = "delete from auth_attempt where who = 'n:' || ?1 or who in (select 'k:' || a.id || ' ' ||"
                              " p.place from account a join auth_place p on p.account = a.id where a.name = ?1)";
    struct stmt *st = store_stmt(s->db, sql, err);
    if (!st) return err->code;
    stmt_bind_str(st, 1, name);
    return stmt_run(st, err);
}
