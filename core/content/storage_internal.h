/* Inside storage: the module and what its parts share. */
#ifndef KHUNG_STORAGE_INTERNAL_H
#define KHUNG_STORAGE_INTERNAL_H

#include "base/buf.h"
#include "base/field.h"
#include "content/storage.h"
#include "plugin/quota.h"
#include "store/lane.h"
#include "store/table.h"

enum { STORAGE_NAME_MAX = 40, STORAGE_KEY_MAX = 200, STORAGE_NUMBER_BYTES = 64 };
/* What a key counts as, of its plugin's bytes. */
#define STORAGE_KV_BYTES "length(cast(key as blob)) + length(value)"

struct storage_copy;
struct storage {
    struct host *host;
    struct storage_copy *copies; /* of large tables, under way (storage_copy.h) */
    struct lane_source source;
    storage_holds_fn holds;
    void *holds_ctx;
};

/* storage_shape.c: which version of a plugin declared which columns. */
int storage_shape_keep(struct store *db, const struct storage_table *t, const char *hash, struct err *err);
/* May a column go? ERR_REFUSED "storage.open_runs" while an open run's version declares it. */
int storage_shape_check(struct storage *st, struct store *db, const struct storage_table *t, const char *hash,
                        const char *column, struct err *err);

/* The registry of the active plugins, held (registry_drop). */
struct registry *storage_registry(struct session *s);
/* The plugin whose name space is meant: the one whose code runs. ERR_REFUSED "storage.no_plugin".
 */
int storage_plugin(struct session *s, const char **name, struct err *err);
/* [a-z][a-z0-9_]*, no "__", not ending in "_": so that p_PLUGIN__TABLE is unambiguous. */
bool storage_name_ok(const char *name, size_t len);

/* storage_quota.c: rows and bytes of all plugins as they are, for quotas_add_count. */
int storage_count(void *ctx, struct store *db, struct quota_count *to, struct err *err);
/* Brings a table to its shape (table_migrate) and counts its rows anew where they have changed. */
int storage_migrate_counted(struct host *host, struct store *db, const struct storage_table *t,
                            const struct table_change *change, struct err *err);

/* storage_ref.c */
int storage_refs_check(struct store *db, const struct registry *r, const struct storage_table *t, const struct val *row,
                       struct err *err);
/* ERR_REFUSED "store.reference" while a row of any declared table points here. */
int storage_refs_hold(struct store *db, const struct registry *r, const struct storage_table *t, int64_t id,
                      struct err *err);
/* Does each reference lead to something declared? ERR_INVALID "storage.ref_target". */
int storage_refs_declared(const struct registry *r, const struct storage_table *t, struct err *err);

/* storage_sql.c: plugin text with its table names in place of the declared ones. ERR_LIMIT. */
int storage_sql_rewrite(const struct registry *r, const char *plugin, const char *sql, struct arena *a,
                        const char **out, struct err *err);
/* May this text read that table of the database? Used with store_query_check; `ctx` is a struct
 * storage_reader. */
struct storage_reader {
    const struct registry *registry;
    const char *plugin;
};
bool storage_may_read(void *ctx, const char *table);

extern const struct api_fn storage_table_functions[], storage_other_functions[];

/* storage_file.c: what rows name in fields of type file hangs on them. */
int storage_files_hang(struct api_call *c, const struct storage_table *t, int64_t id, const struct val *row);
int storage_files_let_go(struct api_call *c, const struct storage_table *t, int64_t id);
int storage_files_renew(struct api_call *c, const struct storage_table *t, int64_t id);

void storage_erase_attach(struct storage *st);    /* storage_erase.c */
void storage_kv_erase_attach(struct storage *st); /* storage_kv_erase.c */

#endif
