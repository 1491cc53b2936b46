/* Values of fields of type file: an id comes in, what is known of the file is stored and shown. The digest is part of
 * what is stored, so whatever hashes a text hashes its files. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "file/file_internal.h"

enum { LIST_MAX = 100 };

static bool is_file(const struct field *f)
{
    return f->type == FIELD_FILE || (f->type == FIELD_LIST && f->item == FIELD_FILE);
}

bool file_fields_any(const struct field_list *fields)
{
    for (size_t i = 0; i < fields->n; i++)
        if (is_file(&fields->items[i])) return true;
    return false;
}

/* "image/png" by "image/png" or "image/" and a star; what is behind a ";" does not count. */
static bool fits(const struct val *type, const char *has)
{
    size_t n = val_is(type, VAL_STR) ? type->as.str.len : 0, len = strcspn(has, ";");
    if (n > 1 && type->as.str.s[n - 1] == '*') return len >= n && strncmp(type->as.str.s, has, n - 1) == 0;
    return n == len && strncmp(type->as.str.s, has, n) == 0;
}

bool file_type_fits(const struct val *types, const char *type)
{
    if (!types || types->type == VAL_NIL || fits(types, type)) return true;
    for (size_t i = 0; val_is(types, VAL_LIST) && i < types->as.list.n; i++)
        if (fits(&types->as.list.items[i], type)) return true;
    return false;
}

static int check_type(const struct field *f, const struct file_row *row, struct err *err)
{
    if (file_type_fits(f->options ? val_get(f->options, "types") : NULL, row->type)) return 0;
    err_set(err, ERR_INVALID, "invalid.file_type", "field", f->name, "detail", row->name, "type", row->type, NULL);
    err_add_field(err, f->name, "invalid.file_type", row->name);
    return ERR_INVALID;
}

/* One that is not there and one that must not be seen look the same. */
static int take(struct session *s, const struct field *f, struct arena *a, struct val *v, struct err *err)
{
    const char *field = f->name;
    struct file_row row;
    struct err_num n;
    int64_t id = v->type == VAL_INT ? v->as.i : 0;
    int rc = s->host->files ? file_load(s->db, id, &row, err) : 0;
    if (rc == 1) rc = file_may_see(s, &row, err);
    if (rc < 0) return rc;
    if (rc == 1) rc = check_type(f, &row, err) ? err->code : 1;
    if (rc < 0) return rc;
    if (rc == 1) return file_value(&row, a, v, err);
    err_set(err, ERR_INVALID, "invalid.file", "field", field, "id", err_i64(&n, id), NULL);
    err_add_field(err, field, "invalid.file", n.s);
    return ERR_INVALID;
}

static int take_list(struct session *s, const struct field *f, struct arena *a, struct val *v, struct err *err)
{
    struct err_num n;
    if (v->type != VAL_LIST) return 0;
    if (v->as.list.n > LIST_MAX)
        return err_set(err, ERR_LIMIT, "file.list", "field", f->name, "most", err_i64(&n, LIST_MAX), NULL);
    struct val list = val_list();
    for (size_t i = 0; i < v->as.list.n; i++) {
        struct val one = v->as.list.items[i];
        int rc = take(s, f, a, &one, err);
        if (rc == 0 && val_add(a, &list, one)) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
        if (rc) return rc;
    }
    *v = list;
    return 0;
}

int file_fields_take(struct session *s, const struct field_list *fields, struct arena *a, struct val *values,
                     struct err *err)
{
    for (size_t i = 0; i < values->as.map.n; i++) {
        struct val_pair *p = &values->as.map.pairs[i];
        const struct field *f = field_find(fields, p->key);
        if (!f || !is_file(f) || p->v.type == VAL_NIL) continue;
        int rc = f->type == FIELD_LIST ? take_list(s, f, a, &p->v, err) : take(s, f, a, &p->v, err);
        if (rc) return rc;
    }
    return 0;
}

int file_fields_hang(struct session *s, const struct field_list *fields, const struct val *values,
                     const struct file_thing *on, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < values->as.map.n; i++) {
        const struct val *v = &values->as.map.pairs[i].v;
        const struct field *f = field_find(fields, values->as.map.pairs[i].key);
        if (!f || !is_file(f)) continue;
        if (v->type == VAL_MAP) rc = file_hang(s, val_get_int(v, "id", 0), on, err);
        for (size_t k = 0; rc == 0 && v->type == VAL_LIST && k < v->as.list.n; k++)
            rc = file_hang(s, val_get_int(&v->as.list.items[k], "id", 0), on, err);
    }
    return rc;
}

int file_list_take(struct session *s, const struct val *ids, struct arena *a, struct val *out, struct err *err)
{
    struct field f = {.name = "files", .type = FIELD_LIST, .item = FIELD_FILE};
    int rc = field_check(&f, ids, NULL, a, out, err);
    return rc || out->type == VAL_NIL ? rc : take_list(s, &f, a, out, err);
}

/* How many bytes the character takes; 0: it is none that a name may have. */
static size_t sound(const char *s, size_t left)
{
    unsigned char c = (unsigned char)*s;
    size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < ' ' || c == 0x7f || strchr("\"<>|:*?", c) || n > left || !text_is_utf8(s, n)) return 0;
    /* U+0080–U+009F, and what turns the direction of text around: "exe.fdp" that reads as "pdf.exe" */
    if (n == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0) return 0;
    unsigned char last = n == 3 ? (unsigned char)s[2] : 0;
    if (n == 3 && memcmp(s, "\xe2\x80", 2) == 0 && ((last >= 0x8b && last <= 0x8f) || (last >= 0xa8 && last <= 0xae)))
        return 0;
    return n == 3 && memcmp(s, "\xe2\x81", 2) == 0 && last >= 0xa0 && last <= 0xaf ? 0 : n;
}

void file_name_clean(const char *s, size_t len, char out[FILE_NAME_MAX + 1])
{
    size_t n = 0;
    for (size_t i = len; i > 0; i--)
        if (s[i - 1] == '/' || s[i - 1] == '\\') {
            s += i;
            len -= i;
            break;
        }
    for (size_t i = 0; i < len;) {
        size_t step = sound(s + i, len - i);
        bool is_lead = n == 0 && (s[i] == '.' || s[i] == ' ');
        if (step && n + step > FILE_NAME_MAX) break;
        if (step && !is_lead) {
            memcpy(out + n, s + i, step);
            n += step;
        }
        i += step ? step : 1;
    }
    while (n && (out[n - 1] == ' ' || out[n - 1] == '.'))
        n--;
    out[n] = '\0';
    if (n == 0) snprintf(out, FILE_NAME_MAX + 1, "file");
}
