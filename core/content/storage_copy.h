/* Migrations of large tables: copied in pieces between the slices of others, while the version that serves goes on.
 *
 * The new version is refused with "storage.migrating" until its copy is ready; then the plugin is loaded once more, and
 * the exchange is part of that load. Lane's thread. */
#ifndef KHUNG_STORAGE_COPY_H
#define KHUNG_STORAGE_COPY_H

#include "content/storage.h"
#include "plugin/plugin_vm.h"
#include "store/lane.h"

enum { STORAGE_COPY_ROWS = 2000 };

/* What a migration asks the plugin's code for. */
struct storage_change {
    struct storage *st;
    struct store *db;
    const struct storage_table *t;
    struct plugin_vm *pv; /* of the new version; NULL where there is no code */
};
/* For table_change.convert: the converted columns of a row, made by the functions of table:convert. */
int storage_convert(void *ctx, const struct val *old, const struct field_list *fields, struct arena *a, struct val *out,
                    struct err *err);

/* Begins a copy, or finds it under way: ERR_REFUSED "storage.migrating", or what it failed with. */
int storage_copy_start(const struct storage_change *change, struct registry *r, struct err *err);
/* Forgets what is left of copies that nobody makes any more. */
int storage_copy_clean(struct storage *st, struct store *db, struct err *err);
int64_t storage_copy_collect(struct lane_source *source, struct lane *lane, int64_t now, int max);
void storage_copy_free(struct storage *st);

#endif
