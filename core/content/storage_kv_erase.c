/* Values of storage.kv, when a person is erased: nobody declares what they hold, so texts that tell of the person are
 * sought in all of them, and in their keys. A key that is the person's code alone may be anything: it stays, and is
 * told of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_place.h"
#include "content/storage_internal.h"

enum { VALUES_AT_ONCE = 200, KIND_LEN = 80, PLUGIN_LEN = 64, PLACE_LEN = STORAGE_KEY_MAX + PLUGIN_LEN + 2 };

struct pair {
    char plugin[PLUGIN_LEN];
    const char *key, *value;
    size_t key_len, value_len;
};

/* Where it goes on: plugin and key, which may be any bytes, as hexadecimal digits behind a colon. */
static void put_part(struct erasing *e, const struct pair *p)
{
    int n = snprintf(e->part, sizeof(e->part), "%s:", p->plugin);
    for (size_t i = 0; i < p->key_len && n + 3 <= (int)sizeof(e->part); i++)
        n += snprintf(e->part + n, sizeof(e->part) - (size_t)n, "%02x", (unsigned char)p->key[i]);
}

static size_t read_part(const struct erasing *e, char plugin[PLUGIN_LEN], char key[STORAGE_KEY_MAX])
{
    size_t n = strcspn(e->part, ":"), len = 0;
    snprintf(plugin, PLUGIN_LEN, "%.*s", (int)n, e->part);
    for (const char *p = e->part[n] ? e->part + n + 1 : ""; p[0] && p[1] && len < STORAGE_KEY_MAX; p += 2)
        key[len++] = (char)strtol((const char[]){p[0], p[1], '\0'}, NULL, 16);
    return len;
}

static int put(struct erasing *e, const struct pair *p, const char *key, size_t key_len, const struct buf *value,
               struct err *err)
{
    struct stmt *s = store_stmt(e->s->db, "update kv set key = ?3, value = ?4 where plugin = ?1 and key = ?2", err);
    const char *to = value->len ? value->data : p->value;
    size_t len = value->len ? value->len : p->value_len;
    if (!s) return err->code;
    stmt_bind_str(s, 1, p->plugin);
    stmt_bind_text(s, 2, p->key, p->key_len);
    stmt_bind_text(s, 3, key, key_len);
    stmt_bind_blob(s, 4, to, len);
    quota_add_owed(e->s->host, e->s->db, p->plugin, QUOTA_BYTES,
                   (int64_t)(key_len + len) - (int64_t)(p->key_len + p->value_len));
    return stmt_run(s, err);
}

static bool is_code(struct erasing *e, const char *text, size_t len)
{
    e->codes = true;
    bool is = erasing_names(e, text, len);
    e->codes = false;
    return is;
}

static int look_at(struct erasing *e, const struct pair *p, int64_t number, const char *kind, struct err *err)
{
    char mark[40];
    struct buf value;
    bool named = erasing_names(e, p->key, p->key_len);
    buf_init(&value, STORAGE_KV_MAX);
    int64_t n = erasing_value(e, false, p->value, p->value_len, &value);
    snprintf(mark, sizeof(mark), "erased-%lld", (long long)number);
    int rc = n < 0 || !buf_ok(&value) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
    if (rc == 0 && !named && is_code(e, p->key, p->key_len)) rc = erasing_leave(e, kind, 1, "storage.erase_code", err);
    if (rc == 0 && (n || named) && !e->is_dry)
        rc = put(e, p, named ? mark : p->key, named ? strlen(mark) : p->key_len, &value, err);
    if (rc == 0 && (n || named)) rc = erasing_tell(e, kind, 0, n + named, err);
    buf_close(&value);
    return rc;
}

static int look_at_pair(struct erasing *e, const struct pair *p, struct err *err)
{
    char name[PLACE_LEN], kind[KIND_LEN];
    struct erasing_mark one;
    int64_t number;
    snprintf(name, sizeof(name), "%s:%.*s", p->plugin, (int)p->key_len, p->key);
    snprintf(kind, sizeof(kind), "kv:%s", p->plugin);
    int rc = erasing_secret_number(e, name, &number, err);
    if (rc == 0) rc = erasing_begin(e, &one, err);
    if (rc) return rc;
    rc = look_at(e, p, number, kind, err);
    return erasing_end(e, &one, kind, number, rc, err);
}

static int look(void *ctx, struct erasing *e, bool *more, struct err *err)
{
    char plugin[PLUGIN_LEN], key[STORAGE_KEY_MAX];
    size_t len = read_part(e, plugin, key);
    int n = 0, rc;
    (void)ctx;
    struct stmt *s = store_stmt(e->s->db,
                                "select plugin, key, value from kv where (plugin, key) > (?1, ?2) order by plugin, key"
                                " limit ?3",
                                err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, plugin);
    stmt_bind_text(s, 2, key, len);
    stmt_bind_int(s, 3, VALUES_AT_ONCE);
    while ((rc = stmt_step(s, err)) == 1) {
        struct arena_mark mark = arena_mark(e->a);
        struct pair p = {.key = NULL};
        stmt_copy(s, 0, p.plugin, sizeof(p.plugin));
        const char *k = stmt_text(s, 1, &p.key_len), *v = stmt_blob(s, 2, &p.value_len);
        p.key = arena_strndup(e->a, k ? k : "", p.key_len);
        p.value = arena_strndup(e->a, v ? v : "", p.value_len);
        n++;
        put_part(e, &p);
        rc = p.key && p.value ? look_at_pair(e, &p, err) : err_set(err, ERR_LIMIT, "limit.size", NULL);
        arena_rewind(e->a, mark);
        if (rc) break;
    }
    stmt_done(s);
    *more = n == VALUES_AT_ONCE;
    return rc;
}

void storage_kv_erase_attach(struct storage *st)
{
    audit_add_place(st->host->audit, &(struct audit_place){.name = "kv", .look = look, .ctx = st, .tables = {"kv"}});
}
