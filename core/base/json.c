/* JSON: reading through jansson's strict parser, writing directly. */
#include "base/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

static int take(const json_t *j, struct arena *a, struct val *out, int depth);

static int take_array(const json_t *j, struct arena *a, struct val *out, int depth)
{
    *out = val_list();
    for (size_t i = 0; i < json_array_size(j); i++) {
        struct val v;
        int rc = take(json_array_get(j, i), a, &v, depth + 1);
        if (rc == 0) rc = val_add(a, out, v);
        if (rc) return rc;
    }
    return 0;
}

static int take_object(const json_t *j, struct arena *a, struct val *out, int depth)
{
    const char *key;
    json_t *value;
    *out = val_map();
    json_object_foreach((json_t *)j, key, value)
    {
        struct val v;
        char *k = arena_strdup(a, key);
        int rc = k ? take(value, a, &v, depth + 1) : ERR_NOMEM;
        if (rc == 0) rc = val_set_new(a, out, k, v); /* the parser refused duplicates */
        if (rc) return rc;
    }
    return 0;
}

static int take(const json_t *j, struct arena *a, struct val *out, int depth)
{
    if (depth > VAL_DEPTH_MAX) return ERR_LIMIT;
    switch (json_typeof(j)) {
    case JSON_NULL:
        *out = val_nil();
        return 0;
    case JSON_TRUE:
    case JSON_FALSE:
        *out = val_bool(json_is_true(j));
        return 0;
    case JSON_INTEGER:
        *out = val_int(json_integer_value(j));
        return 0;
    case JSON_REAL:
        *out = val_num(json_real_value(j));
        return 0;
    case JSON_STRING: {
        size_t n = json_string_length(j);
        char *s = arena_strndup(a, json_string_value(j), n);
        if (!s) return ERR_NOMEM;
        *out = val_strn(s, n);
        return 0;
    }
    case JSON_ARRAY:
        return take_array(j, a, out, depth);
    case JSON_OBJECT:
        return take_object(j, a, out, depth);
    }
    return ERR_INVALID;
}

int json_parse(const char *text, size_t len, struct arena *a, struct val *out, struct err *err)
{
    json_error_t e;
    struct err_num line, column;
    json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    if (!j)
        return err_set(err, ERR_INVALID, "json.syntax", "line", err_i64(&line, e.line), "column",
                       err_i64(&column, e.column), "detail", e.text, NULL);
    int rc = take(j, a, out, 0);
    json_decref(j);
    if (rc == ERR_NOMEM) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (rc) return err_set(err, ERR_INVALID, "json.depth", NULL);
    return 0;
}

/* Escapes what RFC 8259 asks for; runs of plain bytes are copied at once. */
static void write_escaped(struct buf *b, const char *s, size_t len)
{
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        buf_add(b, s + start, i - start);
        start = i + 1;
        if (c == '"' || c == '\\') {
            buf_add_char(b, '\\');
            buf_add_char(b, (char)c);
        } else if (c == '\n') {
            buf_add(b, "\\n", 2);
        } else {
            buf_printf(b, "\\u%04x", c);
        }
    }
    buf_add(b, s + start, len - start);
}

/* Length of the valid UTF-8 character at s, or 0. */
static size_t char_len(const char *s, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++)
        if (text_is_utf8(s, n)) return n;
    return 0;
}

void json_write_str(struct buf *b, const char *s, size_t len)
{
    buf_add_char(b, '"');
    if (text_is_utf8(s, len)) {
        write_escaped(b, s, len);
    } else {
        for (size_t i = 0; i < len;) {
            size_t n = char_len(s + i, len - i);
            if (n)
                write_escaped(b, s + i, n);
            else
                buf_add(b, "\xEF\xBF\xBD", 3);
            i += n ? n : 1;
        }
    }
    buf_add_char(b, '"');
}

static void write_number(struct buf *b, double n)
{
    char text[32];
    if (!isfinite(n)) {
        buf_add(b, "null", 4);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, n);
        double back;
        if (sscanf(text, "%lf", &back) == 1 && back == n) break;
    }
    buf_add_str(b, text);
    /* A float stays a float for whoever reads it back. */
    if (!strpbrk(text, ".e")) buf_add(b, ".0", 2);
}

static void line(struct buf *b, int indent)
{
    if (indent < 0) return;
    buf_add_char(b, '\n');
    for (int i = 0; i < indent; i++)
        buf_add(b, "  ", 2);
}

static void write(struct buf *b, const struct val *v, int indent);

static void write_list(struct buf *b, const struct val *v, int indent)
{
    int inner = indent < 0 ? -1 : indent + 1;
    buf_add_char(b, '[');
    for (size_t i = 0; i < v->as.list.n; i++) {
        if (i) buf_add_char(b, ',');
        line(b, inner);
        write(b, &v->as.list.items[i], inner);
    }
    if (v->as.list.n) line(b, indent);
    buf_add_char(b, ']');
}

static void write_pairs(struct buf *b, const struct val *map, int indent, bool first)
{
    for (size_t i = 0; i < map->as.map.n; i++) {
        if (!first || i) buf_add_char(b, ',');
        line(b, indent);
        json_write_str(b, map->as.map.pairs[i].key, strlen(map->as.map.pairs[i].key));
        buf_add_char(b, ':');
        if (indent >= 0) buf_add_char(b, ' ');
        write(b, &map->as.map.pairs[i].v, indent);
    }
}

static void write_obj(struct buf *b, const struct val *v, int indent)
{
    const struct val *fields = v->as.obj.fields;
    const struct val *iso = val_get(fields, "iso");
    if (val_is(iso, VAL_STR)) {
        json_write_str(b, iso->as.str.s, iso->as.str.len);
        return;
    }
    if (!fields) {
        buf_printf(b, "%" PRId64, v->as.obj.id);
        return;
    }
    bool has_id = val_get(fields, "id") != NULL;
    buf_add_char(b, '{');
    int inner = indent < 0 ? -1 : indent + 1;
    if (!has_id) {
        line(b, inner);
        buf_printf(b, "\"id\":%s%" PRId64, indent < 0 ? "" : " ", v->as.obj.id);
    }
    write_pairs(b, fields, inner, has_id);
    line(b, indent);
    buf_add_char(b, '}');
}

static void write(struct buf *b, const struct val *v, int indent)
{
    switch (v->type) {
    case VAL_NIL:
        buf_add(b, "null", 4);
        break;
    case VAL_BOOL:
        buf_add_str(b, v->as.b ? "true" : "false");
        break;
    case VAL_INT:
        buf_printf(b, "%" PRId64, v->as.i);
        break;
    case VAL_NUM:
        write_number(b, v->as.n);
        break;
    case VAL_STR:
        json_write_str(b, v->as.str.s, v->as.str.len);
        break;
    case VAL_LIST:
        write_list(b, v, indent);
        break;
    case VAL_MAP:
        buf_add_char(b, '{');
        write_pairs(b, v, indent < 0 ? -1 : indent + 1, true);
        if (v->as.map.n) line(b, indent);
        buf_add_char(b, '}');
        break;
    case VAL_OBJ:
        write_obj(b, v, indent);
        break;
    }
}

void json_write(struct buf *b, const struct val *v)
{
    write(b, v, -1);
}

void json_write_pretty(struct buf *b, const struct val *v)
{
    write(b, v, 0);
}
