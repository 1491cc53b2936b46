/* Results on a terminal: tables for people, JSON for programs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/json.h"
#include "base/locale.h"
#include "cli/cli.h"

enum { COLUMNS_MAX = 16, CELL_MAX = 60, TITLE_WIDTH = 14 };

size_t cli_width(const char *s, size_t n)
{
    size_t w = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        bool mark = (c == 0xCC) || (c == 0xCD && i + 1 < n && (unsigned char)s[i + 1] < 0xB0);
        if ((c & 0xC0) != 0x80 && !mark) w++;
    }
    return w;
}

/* A control character, or a mark that turns the order of letters round: how many bytes it has; 0: neither. Lines
 * and tabs stay. */
static size_t obeyed(const unsigned char *s, size_t n)
{
    bool turns = s[0] == 0xE2 && n > 2 &&
                 ((s[1] == 0x80 && s[2] >= 0xAA && s[2] <= 0xAE) || (s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9));
    if (turns) return 3;
    if (s[0] == 0xC2 && n > 1 && s[1] >= 0x80 && s[1] <= 0x9F) return 2;
    return (s[0] < 0x20 && s[0] != '\n' && s[0] != '\t') || s[0] == 0x7F;
}

void cli_show(FILE *out, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t at = 0; at < len; at++) {
        size_t k = obeyed(s + at, len - at);
        if (!k) putc(s[at], out);
        for (size_t i = 0; i < k; i++)
            fprintf(out, "\\x%02X", s[at + i]);
        if (k) at += k - 1;
    }
}

/* Instants in results are named; people read them as dates. */
static bool is_instant(const char *name)
{
    static const char *const names[] = {"due",        "started",    "ended",        "decided_at", "at",       "expires",
                                        "publish_at", "created_at", "published_at", "next",       "last_run", "created",
                                        "revoked",    "first",      "last",         "since"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static const struct val *fields_of(const struct val *row)
{
    return row->type == VAL_OBJ ? row->as.obj.fields : row;
}

static bool is_list_of_texts(const struct val *v)
{
    size_t i = 0;
    while (v->type == VAL_LIST && i < v->as.list.n && v->as.list.items[i].type == VAL_STR)
        i++;
    return v->type == VAL_LIST && i == v->as.list.n;
}

/* A code that the command says a word for: "value.why.kind.none" is "no right". */
static const char *word_of(struct cli *c, const char *name, const struct val *v)
{
    char key[128];
    if (v->type != VAL_STR || c->nwords == 0) return NULL;
    snprintf(key, sizeof(key), "value.%.20s.%.40s.%.40s", c->words[0], name, v->as.str.s);
    return locale_text(c->lang, key);
}

static void write_cell(struct cli *c, struct buf *b, const char *name, const struct val *v)
{
    if (!v || v->type == VAL_NIL) return;
    const char *word = word_of(c, name, v);
    const struct val *text = val_get(fields_of(v), "text");
    bool is_thing = v->type == VAL_OBJ || (v->type == VAL_MAP && val_is(val_get(v, "id"), VAL_INT));
    if (word) {
        buf_add_str(b, word);
    } else if (v->type == VAL_STR) {
        for (size_t i = 0; i < v->as.str.len; i++)
            buf_add_char(b, v->as.str.s[i] == '\n' ? ' ' : v->as.str.s[i]);
    } else if (v->type == VAL_INT && is_instant(name) && v->as.i > 100000000000) {
        char iso[32];
        date_format_iso(v->as.i, iso);
        buf_add_str(b, iso);
    } else if (is_thing && val_is(text, VAL_STR)) {
        buf_add_str(b, text->as.str.s);
    } else if (is_list_of_texts(v)) {
        for (size_t i = 0; i < v->as.list.n; i++)
            buf_printf(b, "%s%s", i ? ", " : "", v->as.list.items[i].as.str.s);
        if (v->as.list.n == 0) buf_add_char(b, '-');
    } else {
        json_write(b, v);
    }
}

/* At most CELL_MAX characters, the cut shown by an ellipsis. */
static size_t cut(struct buf *b)
{
    size_t w = cli_width(b->data ? b->data : "", b->len);
    if (w <= CELL_MAX) return w;
    size_t at = 0;
    for (size_t seen = 0; at < b->len; at++)
        if (((unsigned char)b->data[at] & 0xC0) != 0x80 && seen++ == CELL_MAX - 1) break;
    b->len = at;
    buf_add_str(b, "…");
    return CELL_MAX;
}

/* An object's id is no field of it. */
static struct val cell_of(const struct val *row, const char *name)
{
    const struct val *v = val_get(fields_of(row), name);
    if (!v && row->type == VAL_OBJ && strcmp(name, "id") == 0) return val_int(row->as.obj.id);
    return v ? *v : val_nil();
}

static int pick_columns(const struct val *list, const char *wanted, char names[COLUMNS_MAX][48])
{
    int n = 0;
    if (wanted) {
        for (const char *p = wanted; *p && n < COLUMNS_MAX; n++) {
            size_t len = strcspn(p, " ");
            snprintf(names[n], 48, "%.*s", (int)len, p);
            p += len + strspn(p + len, " ");
        }
        return n;
    }
    const struct val *first = fields_of(&list->as.list.items[0]);
    for (size_t i = 0; val_is(first, VAL_MAP) && i < first->as.map.n && n < COLUMNS_MAX; i++)
        snprintf(names[n++], 48, "%s", first->as.map.pairs[i].key);
    return n;
}

/* "due" in the reader's language. */
static const char *head(const char *lang, const char *name)
{
    char key[64];
    snprintf(key, sizeof(key), "column.%.40s", name);
    const char *text = locale_text(lang, key);
    return text ? text : name;
}

static void print_row(const struct val *row, char names[COLUMNS_MAX][48], int n, const size_t *widths, struct cli *c)
{
    struct buf line;
    buf_init(&line, 1 << 20);
    for (int k = 0; k < n; k++) {
        struct buf b;
        buf_init(&b, 64 << 10);
        struct val cell = row ? cell_of(row, names[k]) : val_str(head(c->lang, names[k]));
        write_cell(c, &b, names[k], &cell);
        size_t w = cut(&b);
        buf_printf(&line, "%s%*s", b.data ? b.data : "", k + 1 < n ? (int)(widths[k] - w + 2) : 0, "");
        buf_close(&b);
    }
    while (line.len && line.data[line.len - 1] == ' ')
        line.len--;
    cli_show(stdout, line.data, line.len);
    putchar('\n');
    buf_close(&line);
}

static void print_table(const struct val *list, const char *wanted, struct cli *c)
{
    char names[COLUMNS_MAX][48];
    size_t widths[COLUMNS_MAX];
    int n = pick_columns(list, wanted, names);
    for (int k = 0; k < n; k++) {
        const char *title = head(c->lang, names[k]);
        widths[k] = cli_width(title, strlen(title));
        for (size_t i = 0; i < list->as.list.n; i++) {
            struct buf b;
            buf_init(&b, 64 << 10);
            struct val cell = cell_of(&list->as.list.items[i], names[k]);
            write_cell(c, &b, names[k], &cell);
            size_t w = cut(&b);
            if (w > widths[k]) widths[k] = w;
            buf_close(&b);
        }
    }
    print_row(NULL, names, n, widths, c);
    for (size_t i = 0; i < list->as.list.n; i++)
        print_row(&list->as.list.items[i], names, n, widths, c);
}

static void print_lines(const struct val *map, struct cli *c)
{
    for (size_t i = 0; i < map->as.map.n; i++) {
        struct buf b;
        const struct val *v = &map->as.map.pairs[i].v;
        if (v->type == VAL_STR && memchr(v->as.str.s, '\n', v->as.str.len)) {
            printf("%s\n", head(c->lang, map->as.map.pairs[i].key));
            cli_show(stdout, v->as.str.s, v->as.str.len);
            continue;
        }
        buf_init(&b, 16 << 20);
        write_cell(c, &b, map->as.map.pairs[i].key, &map->as.map.pairs[i].v);
        const char *title = head(c->lang, map->as.map.pairs[i].key);
        size_t w = cli_width(title, strlen(title));
        printf("%s%*s ", title, w < TITLE_WIDTH ? (int)(TITLE_WIDTH - w) : 0, "");
        cli_show(stdout, b.data, b.len);
        putchar('\n');
        buf_close(&b);
    }
}

void cli_print(struct cli *c, const struct val *v, const char *columns)
{
    struct buf b;
    bool rows = v->type == VAL_LIST && v->as.list.n > 0 && val_is(fields_of(&v->as.list.items[0]), VAL_MAP);
    buf_init(&b, 256 << 20);
    if (c->json) {
        json_write_pretty(&b, v);
        puts(b.data ? b.data : "null");
    } else if (rows) {
        print_table(v, columns, c);
    } else if (v->type == VAL_LIST) {
        for (size_t i = 0; i < v->as.list.n; i++) {
            buf_clear(&b);
            write_cell(c, &b, "", &v->as.list.items[i]);
            cli_show(stdout, b.data, b.len);
            putchar('\n');
        }
    } else if (v->type == VAL_MAP || v->type == VAL_OBJ) {
        const struct val *map = fields_of(v);
        if (map) print_lines(map, c);
    } else if (v->type != VAL_NIL) {
        write_cell(c, &b, "", v);
        cli_show(stdout, b.data, b.len);
        putchar('\n');
    }
    buf_close(&b);
}
