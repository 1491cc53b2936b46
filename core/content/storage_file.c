/* Files of rows: what a row names hangs on it, from its insert to its delete. */
#include <stdio.h>

#include "content/storage_internal.h"
#include "file/file.h"
#include "store/table.h"

enum { KIND_LEN = 120 };

static struct file_thing row_of(const struct storage_table *t, int64_t id, char kind[KIND_LEN])
{
    snprintf(kind, KIND_LEN, "table:%s.%s", t->plugin, t->name);
    return (struct file_thing){.kind = kind, .id = id, .plugin = t->plugin, .counts = true};
}

int storage_files_hang(struct api_call *c, const struct storage_table *t, int64_t id, const struct val *row)
{
    char kind[KIND_LEN];
    struct file_thing on = row_of(t, id, kind);
    return t->has_files ? file_fields_hang(c->s, &t->fields, row, &on, c->err) : 0;
}

int storage_files_let_go(struct api_call *c, const struct storage_table *t, int64_t id)
{
    char kind[KIND_LEN];
    struct file_thing on = row_of(t, id, kind);
    return t->has_files ? file_let_go(c->s, &on, c->err) : 0;
}

/* As the row is now: what it named before and names no more hangs there no more. */
int storage_files_renew(struct api_call *c, const struct storage_table *t, int64_t id)
{
    struct val row;
    if (!t->has_files) return 0;
    int rc = storage_files_let_go(c, t, id);
    if (rc == 0) rc = table_get(c->s->db, t->table, id, c->arena, &row, c->err);
    return rc == 1 ? storage_files_hang(c, t, id, &row) : rc;
}
