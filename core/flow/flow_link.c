/* Links by which a person without an account decides one task.
 *
 * The token is a random number and a code over it, the task, the person, the text's hash and the date, made with a key
 * that is a file beside the database: who can read the database alone cannot make one. Reading it changes nothing,
 * since mail scanners open what they find. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flow/flow_task.h"
#include "flow/task.h"
#include "people/people.h"
#include "runtime/crash.h"

enum {
    ID_LEN = 16,
    MAC_LEN = 20,
    KEY_LEN = crypto_auth_hmacsha256_KEYBYTES,
    VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING
};
static const int64_t usual_ms = 7 * 86400000LL, longest_ms = 90 * 86400000LL;

struct link {
    uint8_t id[ID_LEN];
    int64_t task, person, expires, used;
    char hash[DIGEST_HEX];
};

static int read_key(const char *path, uint8_t key[KEY_LEN])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool whole = fd >= 0 && read(fd, key, KEY_LEN) == KEY_LEN;
    if (fd >= 0) close(fd);
    return whole ? 0 : -1;
}

/* Made when the first link is; whole or not there, by a rename. */
static int make_key(const struct host *h, const char *path, uint8_t key[KEY_LEN])
{
    char fresh[600];
    snprintf(fresh, sizeof(fresh), "%s/link.key.new", h->data_dir);
    unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -1;
    randombytes_buf(key, KEY_LEN);
    int rc = write(fd, key, KEY_LEN) == KEY_LEN && fsync(fd) == 0 ? rename(fresh, path) : -1;
    close(fd);
    fd = open(h->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    if (fsync(fd) != 0) rc = -1;
    close(fd);
    return rc;
}

static int get_key(struct session *s, bool make, uint8_t key[KEY_LEN], struct err *err)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/link.key", s->host->data_dir);
    int rc = read_key(path, key);
    if (rc && make) rc = make_key(s->host, path, key);
    if (rc && make) return err_set(err, ERR_IO, "task.link_key", "file", path, NULL);
    return rc ? err_set(err, ERR_NOT_FOUND, "task.link", NULL) : 0;
}

static void sign(const struct link *l, const uint8_t key[KEY_LEN], uint8_t mac[MAC_LEN])
{
    crypto_auth_hmacsha256_state st;
    uint8_t whole[crypto_auth_hmacsha256_BYTES];
    static const char purpose[] = "khung task link";
    int64_t numbers[3] = {l->task, l->person, l->expires};
    crypto_auth_hmacsha256_init(&st, key, KEY_LEN);
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)purpose, sizeof(purpose));
    crypto_auth_hmacsha256_update(&st, l->id, ID_LEN);
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)numbers, sizeof(numbers));
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)l->hash, strlen(l->hash));
    crypto_auth_hmacsha256_final(&st, whole);
    memcpy(mac, whole, MAC_LEN);
}

/* Whose accounts are switched off has no way around that. */
static int check_entry(struct session *s, const struct flow_task *t, int64_t person, struct err *err)
{
    struct err_num n;
    int entry = people_entry(s->db, person, err);
    if (entry < 0) return entry;
    return entry == PEOPLE_LOCKED_OUT ? err_set(err, ERR_REFUSED, "task.link_person", "task", err_i64(&n, t->id), NULL)
                                      : 0;
}

/* The flow may say that no link decides it. */
static int check_allowed(struct session *s, int64_t task, struct err *err)
{
    struct err_num n;
    struct stmt *st = store_stmt(s->db, "select 1 from flow_task where id = ?1 and no_link = 1", err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, task);
    int rc = stmt_step(st, err);
    stmt_done(st);
    return rc == 1 ? err_set(err, ERR_REFUSED, "task.no_link", "task", err_i64(&n, task), NULL) : rc;
}

static int check_maker(struct session *s, const struct flow_task *t, int64_t person, struct err *err)
{
    struct people_capacity cap;
    struct err_num n;
    int rc = people_check(s, "task.link", flow_task_unit(t), err);
    if (rc == 0 && t->state != TASK_OPEN)
        rc = err_set(err, ERR_CONFLICT, "flow.task_closed", "task", err_i64(&n, t->id), NULL);
    if (rc == 0) rc = check_allowed(s, t->id, err);
    if (rc == 0) rc = check_entry(s, t, person, err);
    if (rc) return rc;
    rc = flow_task_may(s, t, person, &cap, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_REFUSED, "task.link_person", "task", err_i64(&n, t->id), NULL);
    /* Whoever has the link decides by it: who wrote the text is given none. */
    return s->actor.run ? 0 : flow_task_apart(s, t, 0, err);
}

static int insert(struct session *s, const struct link *l, struct err *err)
{
    struct stmt *st = store_stmt(
        s->db, "insert into flow_task_link(id, task, person, hash, expires) values(?1, ?2, ?3, ?4, ?5)", err);
    if (!st) return err->code;
    stmt_bind_blob(st, 1, l->id, ID_LEN);
    stmt_bind_int(st, 2, l->task);
    stmt_bind_int(st, 3, l->person);
    stmt_bind_str(st, 4, l->hash);
    stmt_bind_int(st, 5, l->expires);
    return stmt_run(st, err);
}

int flow_link_make(struct session *s, int64_t task, int64_t person, int64_t expires, char token[TASK_TOKEN_LEN],
                   struct err *err)
{
    struct flow_task t;
    struct link l = {.task = task, .person = person, .expires = expires ? expires : s->now + usual_ms};
    uint8_t key[KEY_LEN], bytes[ID_LEN + MAC_LEN];
    struct err_num n;
    int rc = flow_task_load(s->db, task, s->arena, &t, err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "flow.no_task", "task", err_i64(&n, task), NULL);
    if (l.expires <= s->now || l.expires > s->now + longest_ms)
        return err_set(err, ERR_INVALID, "task.link_until", NULL);
    rc = check_maker(s, &t, person, err);
    if (rc == 0) rc = get_key(s, true, key, err);
    if (rc) return rc;
    if (t.about_hash) snprintf(l.hash, sizeof(l.hash), "%s", t.about_hash);
    randombytes_buf(l.id, ID_LEN);
    memcpy(bytes, l.id, ID_LEN);
    sign(&l, key, bytes + ID_LEN);
    sodium_memzero(key, sizeof(key));
    sodium_bin2base64(token, TASK_TOKEN_LEN, bytes, sizeof(bytes), VARIANT);
    return insert(s, &l, err);
}

static int load(struct session *s, struct link *l, struct err *err)
{
    struct stmt *st =
        store_stmt(s->db, "select task, person, hash, expires, used from flow_task_link where id = ?1", err);
    if (!st) return err->code;
    stmt_bind_blob(st, 1, l->id, ID_LEN);
    int rc = stmt_step(st, err);
    if (rc == 1) {
        size_t len;
        const char *hash = stmt_text(st, 2, &len);
        l->task = stmt_int(st, 0);
        l->person = stmt_int(st, 1);
        l->expires = stmt_int(st, 3);
        l->used = stmt_int(st, 4);
        snprintf(l->hash, sizeof(l->hash), "%s", hash ? hash : "");
    }
    stmt_done(st);
    return rc;
}

/* The link of a token that is good and may still be used. */
static int find(struct session *s, const char *token, struct link *l, struct flow_task *t, struct err *err)
{
    uint8_t key[KEY_LEN], bytes[ID_LEN + MAC_LEN], mac[MAC_LEN];
    size_t n = 0;
    *l = (struct link){0};
    if (sodium_base642bin(bytes, sizeof(bytes), token, strlen(token), NULL, &n, NULL, VARIANT) != 0 ||
        n != sizeof(bytes))
        return err_set(err, ERR_NOT_FOUND, "task.link", NULL);
    memcpy(l->id, bytes, ID_LEN);
    int rc = load(s, l, err);
    if (rc == 1) rc = get_key(s, false, key, err) ? err->code : 1;
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "task.link", NULL);
    if (rc < 0) return rc;
    sign(l, key, mac);
    sodium_memzero(key, sizeof(key));
    if (sodium_memcmp(mac, bytes + ID_LEN, MAC_LEN) != 0) return err_set(err, ERR_NOT_FOUND, "task.link", NULL);
    if (l->used) return err_set(err, ERR_CONFLICT, "task.link_used", NULL);
    if (l->expires <= s->now) return err_set(err, ERR_REFUSED, "task.link_expired", NULL);
    rc = flow_task_load(s->db, l->task, s->arena, t, err);
    if (rc < 0) return rc;
    if (rc == 0 || t->state != TASK_OPEN) return err_set(err, ERR_CONFLICT, "task.link_over", NULL);
    if (strcmp(t->about_hash ? t->about_hash : "", l->hash) != 0)
        return err_set(err, ERR_CONFLICT, "task.link_changed", NULL);
    return check_entry(s, t, l->person, err);
}

static void act_as(struct session *s, const struct session *from, const struct link *l)
{
    *s = *from;
    s->actor = (struct actor){.person = l->person};
}

int flow_link_act_as(struct session *s, const char *token, struct session *as, struct err *err)
{
    struct link l;
    struct flow_task t;
    int rc = find(s, token, &l, &t, err);
    if (rc == 0) act_as(as, s, &l);
    return rc;
}

/* What a link has handed in is counted whether or not it is decided by it at last. */
int flow_link_count_files(struct session *s, const char *token, int64_t files, int64_t bytes, int64_t most,
                          struct err *err)
{
    struct link l;
    struct flow_task t;
    int rc = find(s, token, &l, &t, err);
    if (rc) return rc;
    struct stmt *st = store_stmt(s->db,
                                 "update flow_task_link set files = files + ?2, bytes = bytes + ?3 where id = ?1 and"
                                 " files + ?2 <= ?4 and bytes + ?3 <= ?5",
                                 err);
    if (!st) return err->code;
    stmt_bind_blob(st, 1, l.id, ID_LEN);
    stmt_bind_int(st, 2, files);
    stmt_bind_int(st, 3, bytes);
    stmt_bind_int(st, 4, TASK_LINK_FILES);
    stmt_bind_int(st, 5, most);
    rc = stmt_run(st, err);
    crash_point("task.link_files");
    if (rc) return rc;
    return store_changes(s->db) ? 0 : err_set(err, ERR_LIMIT, "task.link_files", NULL);
}

int flow_link_read(struct session *s, const char *token, struct arena *a, struct val *out, struct err *err)
{
    struct link l;
    struct flow_task t;
    struct session as;
    int rc = find(s, token, &l, &t, err);
    if (rc) return rc;
    act_as(&as, s, &l);
    rc = flow_task_show(&as, s->db, &t, a, out, err);
    return rc ? rc : flow_task_show_item(&as, &t, a, out, err);
}

int flow_link_decide(struct flow *f, struct session *s, const char *token, const struct val *given, struct err *err)
{
    struct link l;
    struct flow_task t;
    struct session as;
    struct val answer;
    int rc = find(s, token, &l, &t, err);
    if (rc) return rc;
    act_as(&as, s, &l);
    rc = flow_task_fill(&as, &t, given, &answer, err);
    if (rc == 0) rc = flow_file_check_own(&as, &t, &answer, err);
    if (rc) return rc;
    struct stmt *st = store_stmt(s->db, "update flow_task_link set used = ?2 where id = ?1 and used is null", err);
    if (!st) return err->code;
    stmt_bind_blob(st, 1, l.id, ID_LEN);
    /* Of a ballot the time would say more than that it was cast. */
    stmt_bind_int(st, 2, t.kind == TASK_BALLOT ? 1 : s->now);
    rc = stmt_run(st, err);
    crash_point("task.link_used");
    return rc ? rc : flow_decide(f, &as, l.task, &answer, err);
}
