/* What stands in the database at the end of a test, so that two runs can be compared.
 *
 * One line a row, sorted. Left out is what may differ between a run that went straight through and one that was killed
 * or had a fault: ids and what is made of them, the engine's own books, and in which piece something was written. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/spec.h"

enum { STATE_MAX = 64 << 20 };

/* The books of the host: how it came about, not what came out. */
static bool is_wanted(const char *table)
{
    static const char *const books[] = {"account",       "audit",          "calendar_token", "http_idempotency",
                                        "flow_doubt",    "flow_journal",   "flow_name",      "flow_signal",
                                        "flow_wait",     "host_copy",      "host_table",     "incident",
                                        "migration",     "notify_setting", "outbox",         "place",
                                        "plugin_",       "quota",          "schedule_zone",  "sqlite_",
                                        "storage_shape", "token",          "webhook_secret", "log_"};
    for (size_t i = 0; i < sizeof(books) / sizeof(books[0]); i++)
        if (strncmp(table, books[i], strlen(books[i])) == 0) return false;
    return true;
}

static bool is_wanted_column(const char *name)
{
    static const char *const left_out[] = {"slice",        "hash",     "digest",       "about_hash", "entry",
                                           "parent_entry", "declared", "last_late_ms", "salt"};
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
        if (strcmp(name, left_out[i]) == 0) return false;
    return true;
}

static bool is_id(int64_t n)
{
    return n >= 10000000000000;
}

static void add_value(struct buf *out, const struct val *v);

static void add_text(struct buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t digits = 0, hex = 0;
        while (i + digits < len && s[i + digits] >= '0' && s[i + digits] <= '9')
            digits++;
        while (i + hex < len && strchr("0123456789abcdef", s[i + hex]) && s[i + hex])
            hex++;
        if (digits >= 14 || hex == 64) {
            buf_add_str(out, "#");
            i += hex > digits ? hex : digits;
        } else {
            buf_add_char(out, s[i] == '\n' ? ' ' : s[i]);
            i++;
        }
    }
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct val_pair *)a)->key, ((const struct val_pair *)b)->key);
}

/* Tables of Lua come in any order. */
static void add_pairs(struct buf *out, const struct val *v)
{
    if (v->as.map.n) qsort(v->as.map.pairs, v->as.map.n, sizeof(*v->as.map.pairs), by_key);
    for (size_t i = 0; i < v->as.map.n; i++) {
        buf_printf(out, " %s=", v->as.map.pairs[i].key);
        add_value(out, &v->as.map.pairs[i].v);
    }
}

static void add_value(struct buf *out, const struct val *v)
{
    switch (v->type) {
    case VAL_NIL:
    case VAL_BOOL:
        buf_add_str(out, v->type == VAL_NIL ? "nil" : v->as.b ? "true" : "false");
        break;
    case VAL_INT:
        if (is_id(v->as.i))
            buf_add_char(out, '#');
        else
            buf_printf(out, "%" PRId64, v->as.i);
        break;
    case VAL_NUM:
        buf_printf(out, "%.17g", v->as.n);
        break;
    case VAL_STR:
        add_text(out, v->as.str.s, v->as.str.len);
        break;
    case VAL_LIST:
        buf_add_char(out, '[');
        for (size_t i = 0; i < v->as.list.n; i++) {
            if (i) buf_add_char(out, ' ');
            add_value(out, &v->as.list.items[i]);
        }
        buf_add_char(out, ']');
        break;
    case VAL_MAP:
        buf_add_char(out, '{');
        add_pairs(out, v);
        buf_add_str(out, " }");
        break;
    case VAL_OBJ:
        buf_printf(out, "%s ", v->as.obj.kind->name);
        if (is_id(v->as.obj.id))
            buf_add_char(out, '#');
        else
            buf_printf(out, "%" PRId64, v->as.obj.id);
        break;
    }
}

/* Where a text holds JSON, its keys came in any order too. */
static void add_column(struct spec *s, struct buf *out, const char *text, size_t len)
{
    struct val v;
    struct err ignored;
    if (len && (text[0] == '{' || text[0] == '[') && json_parse(text, len, &s->arena, &v, &ignored) == 0)
        add_value(out, &v);
    else
        add_text(out, text, len);
}

static void add_blob(struct spec *s, struct buf *out, const void *bytes, size_t len)
{
    struct val v;
    if (val_decode(bytes, len, &s->arena, flow_kind_of, &v) == 0)
        add_value(out, &v);
    else
        buf_printf(out, "%zu bytes", len);
}

static void add_row(struct spec *s, struct buf *line, const char *table, struct stmt *row)
{
    size_t len;
    buf_add_str(line, table);
    for (int i = 0; i < stmt_columns(row); i++) {
        const char *name = stmt_column_name(row, i);
        if (!is_wanted_column(name) || stmt_is_null(row, i)) continue;
        buf_printf(line, " %s=", name);
        if (stmt_type(row, i) == STORE_TEXT) {
            const char *text = stmt_text(row, i, &len);
            add_column(s, line, text, len);
        } else if (stmt_type(row, i) == STORE_BLOB) {
            const void *bytes = stmt_blob(row, i, &len);
            add_blob(s, line, bytes, len);
        } else if (stmt_type(row, i) == STORE_INT) {
            struct val v = val_int(stmt_int(row, i));
            add_value(line, &v);
        } else {
            buf_printf(line, "%.17g", stmt_num(row, i));
        }
    }
}

struct lines {
    char **text;
    size_t n, cap;
};

static void add_line(struct lines *l, char *text)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 256;
        l->text = mem_realloc(l->text, l->cap * sizeof(*l->text));
    }
    l->text[l->n++] = text;
}

static int add_table(struct spec *s, const char *table, struct lines *l, struct err *err)
{
    char sql[200];
    int rc;
    snprintf(sql, sizeof(sql), "select * from \"%s\"", table);
    struct stmt *row = store_stmt(s->app.db, sql, err);
    if (!row) return err->code;
    while ((rc = stmt_step(row, err)) == 1) {
        struct buf line;
        buf_init(&line, STATE_MAX);
        add_row(s, &line, table, row);
        char *text = buf_take(&line, NULL);
        if (text) add_line(l, text);
    }
    stmt_done(row);
    return rc;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int spec_state(struct spec *s, struct buf *out, struct err *err)
{
    struct lines l = {0};
    int rc;
    struct stmt *names = store_stmt(s->app.db, "select name from sqlite_master where type = 'table'", err);
    if (!names) return err->code;
    while ((rc = stmt_step(names, err)) == 1) {
        size_t len;
        const char *name = stmt_text(names, 0, &len);
        if (is_wanted(name) && (rc = add_table(s, name, &l, err)) != 0) break;
    }
    stmt_done(names);
    if (l.n) qsort(l.text, l.n, sizeof(*l.text), by_text);
    for (size_t i = 0; i < l.n; i++) {
        buf_add_str(out, l.text[i]);
        buf_add_char(out, '\n');
        mem_free(l.text[i]);
    }
    mem_free(l.text);
    if (rc == 0 && !buf_ok(out)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    return rc;
}
