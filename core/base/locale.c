/* The message catalogue: binary search in the generated tables, {name} filled from values. */
#include "base/locale.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/locale_data.h"

const char *locale_pick(const char *accept)
{
    /* The first of the two that the header names; weights are in order in practice. */
    for (const char *p = accept; p && *p; p++) {
        bool start = p == accept || p[-1] == ',' || p[-1] == ' ';
        if (!start || !isalpha((unsigned char)*p) || !isalpha((unsigned char)p[1])) continue;
        if (isalpha((unsigned char)p[2])) continue; /* "vie" and "enm" are other tags */
        if (strncasecmp(p, "vi", 2) == 0) return "vi";
        if (strncasecmp(p, "en", 2) == 0) return "en";
    }
    return "en";
}

const char *locale_text(const char *lang, const char *key)
{
    bool vi = lang && strcmp(lang, "vi") == 0;
    const struct locale_entry *table = vi ? locale_vi : locale_en;
    size_t low = 0, high = vi ? locale_vi_count : locale_en_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = strcmp(key, table[mid].key);
        if (order == 0) return table[mid].text;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

typedef const char *(*find_fn)(const void *ctx, const char *name);

/* False: a place had no value. */
static bool fill(struct buf *out, const char *text, find_fn find, const void *ctx)
{
    bool full = true;
    for (const char *open; (open = strchr(text, '{'));) {
        /* Only {name} is filled: a hint may show a table like { position =, unit = }. */
        size_t n = strspn(open + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
        char name[48];
        bool filled = n > 0 && n < sizeof(name) && open[1 + n] == '}';
        buf_add(out, text, (size_t)(open - text) + !filled);
        text = open + 1;
        if (!filled) continue;
        memcpy(name, open + 1, n);
        name[n] = '\0';
        const char *value = find(ctx, name);
        full = full && *value;
        buf_add_str(out, value);
        text = open + n + 2;
    }
    buf_add_str(out, text);
    return full;
}

struct pairs {
    const char *names[16], *values[16];
    int n;
};

static const char *find_pair(const void *ctx, const char *name)
{
    const struct pairs *p = ctx;
    for (int i = 0; i < p->n; i++)
        if (strcmp(p->names[i], name) == 0) return p->values[i] ? p->values[i] : "";
    return "";
}

void locale_format(struct buf *out, const char *lang, const char *key, ...)
{
    struct pairs p = {.n = 0};
    va_list args;
    const char *text = locale_text(lang, key);
    va_start(args, key);
    for (const char *name; p.n < 16 && (name = va_arg(args, const char *)); p.n++) {
        p.names[p.n] = name;
        p.values[p.n] = va_arg(args, const char *);
    }
    va_end(args);
    fill(out, text ? text : key, find_pair, &p);
}

static const char *find_arg(const void *ctx, const char *name)
{
    return err_arg(ctx, name);
}

static const char *find_detail(const void *ctx, const char *name)
{
    const struct err_field *f = ctx;
    return strcmp(name, "field") == 0 ? f->name : f->detail;
}

void locale_field(struct buf *out, const char *lang, const struct err_field *f)
{
    const char *text = locale_text(lang, f->key);
    fill(out, text ? text : f->key, find_detail, f);
}

void locale_err(struct buf *out, const char *lang, const struct err *err, bool hint)
{
    const char *text = err->text[0] ? NULL : locale_text(lang, err->key);
    if (text)
        fill(out, text, find_arg, err);
    else
        buf_add_str(out, err->text[0] ? err->text : err->key);
    if (!hint || (err->text[0] && !err->remedy[0])) return;
    char key[64];
    snprintf(key, sizeof(key), "%s%s", err->text[0] ? err->remedy : err->key, err->text[0] ? "" : ".hint");
    text = locale_text(lang, key);
    if (!text) return;
    /* "Did you mean ?" helps nobody: a remedy that lacks a value is left out. */
    size_t before = out->len;
    buf_add_char(out, ' ');
    if (fill(out, text, find_arg, err) || out->failed) return;
    out->len = before;
    out->data[before] = '\0';
}
