/* A value as people read it: one line of a table's cell, or what stands behind a field's name. */
#include "cli/cli_cell.h"

#include <string.h>

#include "base/date.h"
#include "base/json.h"
#include "cli/cli.h"

enum { CELL_MAX = 60, WORD_MAX = 400 };

/* Instants in results are named; people read them as dates. */
static bool is_instant(const char *name)
{
    static const char *const names[] = {
        "at",     "changed_at", "created",       "created_at", "decided_at", "disabled", "done_at",     "due",
        "ended",  "expires",    "failing_since", "first",      "last",       "last_run", "last_run_at", "next",
        "orphan", "publish_at", "published_at",  "read_at",    "revoked",    "seen",     "since",       "started"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* What a person, a unit, a post, an item, a finding is called; NULL: this map is nothing of the kind. */
static const struct val *called(const struct val *v)
{
    static const char *const names[] = {"name", "title", "says", "sentence", "text"};
    for (size_t i = 0; v->type == VAL_MAP && i < sizeof(names) / sizeof(names[0]); i++)
        if (val_is(val_get(v, names[i]), VAL_STR)) return val_get(v, names[i]);
    return NULL;
}

static bool is_short(const struct val *v)
{
    return v->type != VAL_LIST && (v->type != VAL_MAP || called(v));
}

static bool is_list_of_short(const struct val *v)
{
    size_t i = 0;
    while (v->type == VAL_LIST && i < v->as.list.n && is_short(&v->as.list.items[i]))
        i++;
    return v->type == VAL_LIST && i == v->as.list.n;
}

bool cli_cell_reads(const struct val *v)
{
    return is_short(v) || is_list_of_short(v);
}

void cli_cell(struct buf *b, const char *name, const struct val *v)
{
    if (!v || v->type == VAL_NIL) return;
    if (called(v)) v = called(v);
    if (v->type == VAL_STR) {
        for (size_t i = 0; i < v->as.str.len; i++)
            buf_add_char(b, v->as.str.s[i] == '\n' ? ' ' : v->as.str.s[i]);
    } else if (v->type == VAL_INT && is_instant(name) && v->as.i > 100000000000) {
        char text[32];
        date_format_iso(v->as.i, text);
        buf_add_str(b, text);
    } else if (is_list_of_short(v)) {
        for (size_t i = 0; i < v->as.list.n; i++) {
            if (i) buf_add_str(b, ", ");
            cli_cell(b, name, &v->as.list.items[i]);
        }
        if (v->as.list.n == 0) buf_add_char(b, '-');
    } else {
        json_write(b, v);
    }
}

/* A word alone is copied from the screen: an address, a hash, an anchor. It is of no use without its end. */
static bool is_word(const struct val *v, const struct buf *b)
{
    return v && v->type == VAL_STR && b->len <= WORD_MAX && !memchr(b->data, ' ', b->len);
}

size_t cli_cell_cut(struct buf *b, const char *name, const struct val *v)
{
    cli_cell(b, name, v);
    size_t w = cli_width(b->data ? b->data : "", b->len);
    if (w <= CELL_MAX || is_word(v, b)) return w;
    size_t at = 0;
    for (size_t seen = 0; at < b->len; at++)
        if (((unsigned char)b->data[at] & 0xC0) != 0x80 && seen++ == CELL_MAX - 1) break;
    b->len = at;
    buf_add_str(b, "…");
    return CELL_MAX;
}
