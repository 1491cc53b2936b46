/* Results on a terminal: tables for people, JSON for programs. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/locale.h"
#include "cli/cli.h"
#include "cli/cli_cell.h"

enum { COLUMNS_MAX = 16, TITLE_WIDTH = 14 };

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

/* Does any row have something of it that can be read? */
static bool has_column(const struct val *list, const char *name)
{
    for (size_t i = 0; val_at(list, i); i++)
        if (val_get(val_at(list, i), name) && cli_cell_reads(val_get(val_at(list, i), name))) return true;
    return false;
}

/* `wanted` by those who ask for them; of a part of a report those that it has, or all of the first row. */
static int pick_columns(const struct val *list, const char *wanted, bool part, char names[COLUMNS_MAX][48])
{
    int n = 0;
    for (const char *p = wanted ? wanted : ""; *p && n < COLUMNS_MAX;) {
        size_t len = strcspn(p, " ");
        snprintf(names[n], 48, "%.*s", (int)len, p);
        if (!part || has_column(list, names[n])) n++;
        p += len + strspn(p + len, " ");
    }
    if (n) return n;
    const struct val *first = &list->as.list.items[0];
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

static void print_row(const struct val *row, char names[COLUMNS_MAX][48], int n, const size_t *widths, const char *lang)
{
    struct buf line;
    buf_init(&line, 1 << 20);
    for (int k = 0; k < n; k++) {
        struct buf b;
        buf_init(&b, 64 << 10);
        struct val title = val_str(head(lang, names[k]));
        size_t w = cli_cell_cut(&b, names[k], row ? val_get(row, names[k]) : &title);
        buf_printf(&line, "%s%*s", b.data ? b.data : "", k + 1 < n ? (int)(widths[k] - w + 2) : 0, "");
        buf_close(&b);
    }
    while (line.len && line.data[line.len - 1] == ' ')
        line.len--;
    cli_show(stdout, line.data, line.len);
    putchar('\n');
    buf_close(&line);
}

static void print_table(const struct val *list, const char *wanted, bool part, const char *lang)
{
    char names[COLUMNS_MAX][48];
    size_t widths[COLUMNS_MAX];
    int n = pick_columns(list, wanted, part, names);
    for (int k = 0; k < n; k++) {
        const char *title = head(lang, names[k]);
        widths[k] = cli_width(title, strlen(title));
        for (size_t i = 0; i < list->as.list.n; i++) {
            struct buf b;
            buf_init(&b, 64 << 10);
            size_t w = cli_cell_cut(&b, names[k], val_get(&list->as.list.items[i], names[k]));
            if (w > widths[k]) widths[k] = w;
            buf_close(&b);
        }
    }
    print_row(NULL, names, n, widths, lang);
    for (size_t i = 0; i < list->as.list.n; i++)
        print_row(&list->as.list.items[i], names, n, widths, lang);
}

static bool is_rows(const struct val *v)
{
    return val_is(v, VAL_LIST) && val_is(val_at(v, 0), VAL_MAP);
}

/* Texts of several lines, and what a list of things has, stand below their name. */
static void print_part(const struct val *v, const char *name, const char *columns, const char *lang)
{
    printf("%s\n", head(lang, name));
    if (v->type == VAL_LIST) {
        print_table(v, columns, true, lang);
        return;
    }
    cli_show(stdout, v->as.str.s, v->as.str.len);
    if (v->as.str.s[v->as.str.len - 1] != '\n') putchar('\n');
}

static void print_field(const struct val *v, const char *name, size_t width, const char *lang)
{
    struct buf b;
    const char *title = head(lang, name);
    size_t w = cli_width(title, strlen(title));
    buf_init(&b, 16 << 20);
    cli_cell(&b, name, v);
    printf("%s%*s ", title, w < width ? (int)(width - w) : 0, "");
    cli_show(stdout, b.data, b.len);
    putchar('\n');
    buf_close(&b);
}

/* The text that a task is about: it is to be read, not only to be named. */
static bool is_text(const struct val *v)
{
    return v->type == VAL_MAP && val_is(val_get(v, "title"), VAL_STR) && val_get(v, "revision");
}

/* Is it shown below the fields? */
static bool is_below(const struct val *v)
{
    return is_rows(v) || is_text(v);
}

static void print_fields(const struct val *map, const char *columns, const char *lang)
{
    size_t width = TITLE_WIDTH;
    for (size_t i = 0; i < map->as.map.n; i++) {
        const char *title = head(lang, map->as.map.pairs[i].key);
        size_t w = cli_width(title, strlen(title));
        if (w > width && !is_below(&map->as.map.pairs[i].v)) width = w;
    }
    for (size_t i = 0; i < map->as.map.n; i++) {
        const struct val *v = &map->as.map.pairs[i].v;
        const char *name = map->as.map.pairs[i].key;
        if (is_below(v)) continue;
        if (v->type == VAL_STR && memchr(v->as.str.s, '\n', v->as.str.len))
            print_part(v, name, columns, lang);
        else
            print_field(v, name, width, lang);
    }
}

/* A record, and below it what it holds. */
static void print_record(const struct val *map, const char *columns, const char *lang)
{
    print_fields(map, columns, lang);
    for (size_t i = 0; i < map->as.map.n; i++) {
        const struct val *v = &map->as.map.pairs[i].v;
        const char *name = map->as.map.pairs[i].key;
        if (!is_below(v)) continue;
        putchar('\n');
        if (is_rows(v)) {
            print_part(v, name, columns, lang);
        } else {
            printf("%s\n", head(lang, name));
            print_fields(v, columns, lang);
        }
    }
}

/* { items, next }: the rows of a page, whatever they are called there; NULL: it is something else. */
static const struct val *rows_of_page(struct cli *c, const struct val *v)
{
    const struct val *rows = NULL, *next = val_get(v, "next");
    for (size_t i = 0; v->type == VAL_MAP && i < v->as.map.n; i++) {
        const struct val *one = &v->as.map.pairs[i].v;
        if (one == next) continue;
        if (rows || one->type != VAL_LIST || (one->as.list.n && !is_rows(one))) return NULL;
        rows = one;
    }
    if (rows && val_is(next, VAL_STR)) c->next = val_cstr(&c->arena, next);
    return rows;
}

static void print_list(const struct val *list)
{
    for (size_t i = 0; val_at(list, i); i++) {
        struct buf b;
        buf_init(&b, 256 << 20);
        cli_cell(&b, "", val_at(list, i));
        cli_show(stdout, b.data, b.len);
        putchar('\n');
        buf_close(&b);
    }
}

static void print_json(const struct val *v)
{
    struct buf b;
    buf_init(&b, 256 << 20);
    json_write_pretty(&b, v);
    puts(b.data ? b.data : "null");
    buf_close(&b);
}

/* A code that the command says a word for: "value.why.kind.none" is "no right". */
static void put_words(struct cli *c, struct val *v)
{
    char key[128];
    for (size_t i = 0; v->type == VAL_LIST && i < v->as.list.n; i++)
        put_words(c, &v->as.list.items[i]);
    for (size_t i = 0; v->type == VAL_MAP && i < v->as.map.n; i++) {
        struct val_pair *p = &v->as.map.pairs[i];
        if (p->v.type != VAL_STR) continue;
        snprintf(key, sizeof(key), "value.%.20s.%.40s.%.40s", c->words[0], p->key, p->v.as.str.s);
        const char *word = locale_text(c->lang, key);
        if (word) p->v = val_str(word);
    }
}

void cli_print(struct cli *c, const struct val *v, const char *columns)
{
    struct val one = val_list(), shown;
    if (c->json) {
        print_json(v);
        return;
    }
    if (c->nwords && val_copy(&c->arena, v, &shown) == 0) {
        put_words(c, &shown);
        v = &shown;
    }
    const struct val *rows = v->type == VAL_LIST ? v : rows_of_page(c, v);
    if (rows && is_rows(rows))
        print_table(rows, columns, false, c->lang);
    else if (rows)
        print_list(rows);
    else if (v->type == VAL_MAP)
        print_record(v, columns, c->lang);
    else if (v->type != VAL_NIL && val_add(&c->arena, &one, *v) == 0)
        print_list(&one);
}
