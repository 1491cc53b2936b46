/* Storage: declared tables, a key-value store, read-only SQL and numbering books; each plugin in
 * its own name space.
 *
 * All that one slice does is one transaction. Tables are declared in init.lua (storage.table) and
 * reached by a handle object of kind "table" and id 0 whose fields { plugin, name } find the
 * compiled table in the active registry. */
#ifndef KHUNG_STORAGE_H
#define KHUNG_STORAGE_H

#include "base/arena.h"
#include "base/val.h"
#include "plugin/api.h"
#include "plugin/host.h"
#include "plugin/registry.h"
#include "store/store.h"

struct storage;
struct table;

enum {
    STORAGE_ROW_MAX = 1 << 20,
    STORAGE_KV_MAX = 256 << 10,
    STORAGE_SQL_ROWS = 10000,
    STORAGE_SQL_MS = 10,
    STORAGE_SQL_VALUE = 4 << 20
};

extern const struct val_kind storage_table_kind;
extern const struct store_migration storage_migrations[];

struct storage *storage_new(struct host *host);
void storage_free(struct storage *st);
/* At start: declaration kind "table", API functions, activation. */
void storage_attach(struct storage *st);
struct decl_kind storage_decl_kind(struct storage *st); /* what storage_attach registers */
void storage_add_api(struct storage *st, struct api *api);
/* Makes or migrates p_PLUGIN__TABLE for each declared table, and checks that what they refer to is
 * declared. */
int storage_activate(struct storage *st, struct store *db, struct registry *r, bool dry, struct err *err);

/* Asked before a column goes or changes: does an open run hold this version of the plugin? 1 yes, 0 no. At start. */
typedef int (*storage_holds_fn)(void *ctx, struct store *db, const char *plugin, const char *hash, struct err *err);
void storage_set_holds(struct storage *st, storage_holds_fn holds, void *ctx);

/* What activating the tables of a plugin would do: a list of { table, rows, step }, a step being a statement, or what
 * would be lost or copied. Refused as the activation would be. */
int storage_plan(struct storage *st, struct store *db, struct registry *r, const char *plugin, struct arena *a,
                 struct val *out, struct err *err);

/* A declared table, compiled once a registry. */
struct storage_table {
    const char *plugin, *name, *zone;
    struct field_list fields;
    struct table *table;
    struct val converted; /* names of the columns that table:convert makes */
    bool exported;
    bool has_refs, has_files;
};
const struct storage_table *storage_table_find(const struct registry *r, const char *plugin, const char *name);

#endif
