/* The key-value store: one value a key and plugin, in canonical bytes, so that 1 and 1.0 come back
 * as they went in. */
#include "content/storage_api.h"

#include <string.h>

static int read_key(struct api_call *c, const char **plugin)
{
    size_t n = c->args[0].as.str.len;
    int rc = storage_plugin(c->s, plugin, c->err);
    if (rc) return rc;
    if (n == 0 || n > STORAGE_KEY_MAX) return err_set(c->err, ERR_LIMIT, "limit.size", "what", "key", NULL);
    return 0;
}

static void bind_key(struct api_call *c, struct stmt *s, const char *plugin)
{
    stmt_bind_str(s, 1, plugin);
    stmt_bind_text(s, 2, c->args[0].as.str.s, c->args[0].as.str.len);
}

static int load(struct api_call *c, const char *plugin, struct val *out)
{
    struct stmt *s = store_stmt(c->s->db, "select value from kv where plugin=?1 and key=?2", c->err);
    if (!s) return c->err->code;
    bind_key(c, s, plugin);
    *out = val_nil();
    int rc = stmt_step(s, c->err);
    if (rc == 1) {
        size_t len;
        const void *p = stmt_blob(s, 0, &len);
        char *kept = arena_strndup(c->arena, p, len);
        rc = kept ? val_decode(kept, len, c->arena, NULL, out) : ERR_LIMIT;
        if (rc) err_set(c->err, rc, rc == ERR_LIMIT ? "limit.size" : "storage.kv_corrupt", NULL);
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* Bytes that the key takes now, or 0. */
static int size_now(struct api_call *c, const char *plugin, int64_t *bytes)
{
    struct stmt *s = store_stmt(c->s->db, "select " STORAGE_KV_BYTES " from kv where plugin=?1 and key=?2", c->err);
    if (!s) return c->err->code;
    bind_key(c, s, plugin);
    int rc = stmt_step(s, c->err);
    *bytes = rc == 1 ? stmt_int(s, 0) : 0;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int save(struct api_call *c, const char *plugin, const struct val *v)
{
    static const char sql[] = "insert into kv(plugin, key, value) values(?1,?2,?3) on conflict(plugin, key) do update"
                              " set value=excluded.value";
    struct buf b;
    buf_init(&b, STORAGE_KV_MAX);
    int rc = val_encode(v, &b, false);
    if (rc || !buf_ok(&b)) {
        buf_close(&b);
        return err_set(c->err, ERR_LIMIT, "limit.size", "what", "value", NULL);
    }
    int64_t was = 0, now = (int64_t)(c->args[0].as.str.len + b.len);
    rc = size_now(c, plugin, &was);
    if (rc == 0) rc = quota_add_stored(c->s, plugin, was == 0, now - was, c->err);
    struct stmt *s = rc == 0 ? store_stmt(c->s->db, sql, c->err) : NULL;
    if (s) {
        bind_key(c, s, plugin);
        stmt_bind_blob(s, 3, b.data, b.len);
        rc = stmt_run(s, c->err);
    } else {
        rc = c->err->code;
    }
    buf_close(&b);
    return rc;
}

int storage_kv_get(struct api_call *c)
{
    const char *plugin;
    int rc = read_key(c, &plugin);
    return rc ? rc : load(c, plugin, &c->result);
}

int storage_kv_delete(struct api_call *c)
{
    const char *plugin;
    int64_t was = 0;
    int rc = read_key(c, &plugin);
    if (rc == 0) rc = size_now(c, plugin, &was);
    if (rc || was == 0) return rc;
    quota_add_owed(c->s->host, c->s->db, plugin, QUOTA_ROWS, -1);
    quota_add_owed(c->s->host, c->s->db, plugin, QUOTA_BYTES, -was);
    struct stmt *s = store_stmt(c->s->db, "delete from kv where plugin=?1 and key=?2", c->err);
    if (!s) return c->err->code;
    bind_key(c, s, plugin);
    return stmt_run(s, c->err);
}

/* Objects are not data: which fields they have is not the store's to keep. */
static bool has_object(const struct val *v)
{
    if (v->type == VAL_OBJ) return true;
    for (size_t i = 0; v->type == VAL_LIST && i < v->as.list.n; i++)
        if (has_object(&v->as.list.items[i])) return true;
    for (size_t i = 0; v->type == VAL_MAP && i < v->as.map.n; i++)
        if (has_object(&v->as.map.pairs[i].v)) return true;
    return false;
}

int storage_kv_set(struct api_call *c)
{
    const char *plugin;
    int rc = read_key(c, &plugin);
    if (rc) return rc;
    if (c->args[1].type == VAL_NIL) return storage_kv_delete(c);
    if (has_object(&c->args[1])) return err_set(c->err, ERR_INVALID, "storage.kv_object", NULL);
    return save(c, plugin, &c->args[1]);
}

int storage_kv_add(struct api_call *c)
{
    const char *plugin;
    struct val old;
    int64_t sum;
    int rc = read_key(c, &plugin);
    if (rc == 0) rc = load(c, plugin, &old);
    if (rc) return rc;
    if (old.type == VAL_NIL) old = val_int(0);
    if (old.type != VAL_INT) return err_set(c->err, ERR_INVALID, "storage.kv_not_integer", NULL);
    if (__builtin_add_overflow(old.as.i, c->args[1].as.i, &sum))
        return err_set(c->err, ERR_LIMIT, "limit.size", "what", "number", NULL);
    c->result = val_int(sum);
    return save(c, plugin, &c->result);
}
