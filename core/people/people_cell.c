/* Reading cells: what stands there, what it was taken for, and what to look at. Every cell is read before any row is
 * taken, so that all that is wrong is told at once. */
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/text.h"
#include "people/people_reason.h"
#include "people/people_take.h"
#include "people/verb.h"

enum { TEXT_LONGEST = 2000, FINDINGS_MAX = 1000 };

struct reading {
    struct val value;
    const char *warning, *wrong; /* keys of the catalogue, or NULL */
    const char *detail;          /* the word of a list that is meant, or NULL: all that stands there */
};

/* Codes that this import brings itself, sorted: those of units, persons, bodies, users. */
struct codes {
    const char **items;
    size_t n;
};

static int compare_codes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int collect(struct take *t, const char *name, const char *column, struct codes *out)
{
    *out = (struct codes){0};
    for (size_t i = 0; i < t->nlists; i++) {
        const struct val *rows = &t->lists[i].rows;
        if (strcmp(t->lists[i].list->name, name) != 0) continue;
        out->items = arena_alloc(t->a, (rows->as.list.n + 1) * sizeof(*out->items));
        if (!out->items) return people_too_large(t->err);
        for (size_t k = 0; k < rows->as.list.n; k++) {
            const char *code = val_cstr(t->a, val_get(val_at(rows, k), column));
            if (code) out->items[out->n++] = code;
        }
        qsort(out->items, out->n, sizeof(*out->items), compare_codes);
    }
    return 0;
}

struct known {
    struct codes units, persons, bodies, users;
};

static int is_known(struct take *t, const struct known *k, enum people_cell_type type, const char *code)
{
    const struct codes *c = type == CELL_PERSON ? &k->persons
                            : type == CELL_BODY ? &k->bodies
                            : type == CELL_USER ? &k->users
                                                : &k->units;
    struct people_account account;
    int64_t id;
    if (c->n && bsearch(&code, c->items, c->n, sizeof(*c->items), compare_codes)) return 1;
    if (type == CELL_PERSON) return people_person_by_code(t->db, code, &id, t->err);
    if (type == CELL_BODY) return people_body_by_code(t->db, code, &id, t->err);
    if (type == CELL_USER) return people_account_find(t->db, code, &account, t->err);
    return people_unit_by_code(t->db, code, &id, t->err);
}

/* Without blanks around it, in NFC. */
static int clean(struct take *t, const struct val *raw, const char **out, size_t *len, struct reading *r)
{
    const char *s = raw->as.str.s, *nfc;
    size_t n = raw->as.str.len, before = n;
    while (n && (*s == ' ' || *s == '\t')) {
        s++;
        n--;
    }
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    if (n != before) r->warning = "people.cell.blanks";
    int rc = text_nfc(t->a, s, n, &nfc, len, t->err);
    if (rc) {
        if (rc == ERR_INVALID) err_clear(t->err);
        r->wrong = "people.cell.utf8";
        return rc == ERR_INVALID ? 0 : rc;
    }
    if (*len != n || memcmp(nfc, s, n) != 0) r->warning = "people.cell.nfc";
    for (size_t i = 0; i < *len; i++)
        if ((unsigned char)nfc[i] < ' ') r->wrong = "people.cell.control";
    if (*len > TEXT_LONGEST) r->wrong = "people.cell.long";
    *out = arena_strndup(t->a, nfc, *len);
    return *out ? 0 : people_too_large(t->err);
}

static int read_date(struct take *t, const char *s, size_t n, struct reading *r)
{
    struct date d;
    int32_t offset;
    char day[16];
    bool slashes = memchr(s, '/', n) != NULL;
    if (n > 10 || !date_parse(s, n, &d, &offset)) {
        r->wrong = "people.cell.date";
        return 0;
    }
    if (slashes && d.day <= 12 && d.day != d.month) r->warning = "people.cell.day_first";
    date_format_day(date_days(d.year, d.month, d.day), day);
    r->value = val_str(arena_strdup(t->a, day));
    return r->value.as.str.s ? 0 : people_too_large(t->err);
}

static void read_number(const char *s, size_t n, struct reading *r)
{
    bool digits = n > 0 && n < 10;
    for (size_t i = 0; i < n; i++)
        digits &= s[i] >= '0' && s[i] <= '9';
    if (digits)
        r->value = val_int(strtoll(s, NULL, 10));
    else
        r->wrong = "people.cell.number";
}

static void read_bool(const char *s, struct reading *r)
{
    static const char *const yes[] = {"true", "yes", "1", "x", "có", "TRUE"};
    static const char *const no[] = {"false", "no", "0", "không", "FALSE"};
    r->wrong = "people.cell.bool";
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        if (strcmp(s, yes[i]) == 0) *r = (struct reading){val_bool(true), r->warning, NULL};
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (strcmp(s, no[i]) == 0) *r = (struct reading){val_bool(false), r->warning, NULL};
}

static int read_text(struct take *t, const struct known *k, enum people_cell_type type, const struct val *raw,
                     struct reading *r)
{
    const char *s = "";
    size_t n = 0;
    int rc = clean(t, raw, &s, &n, r);
    r->value = val_nil();
    if (rc || r->wrong || n == 0) return rc;
    r->value = val_strn(s, n);
    if (type == CELL_DATE) return read_date(t, s, n, r);
    if (type == CELL_NUMBER) read_number(s, n, r);
    if (type == CELL_BOOL) read_bool(s, r);
    if (type == CELL_CODE && strpbrk(s, " ,;\"'")) r->wrong = "people.cell.code";
    if (t->loose || (type != CELL_UNIT && type != CELL_PERSON && type != CELL_BODY && type != CELL_USER)) return 0;
    rc = is_known(t, k, type, s);
    if (rc == 0) r->wrong = "people.cell.unknown";
    return rc < 0 ? rc : 0;
}

/* A verb that nobody asks for is a slip, most likely; a plugin's own are not known here. */
static void read_verb(const struct val *word, struct reading *r)
{
    static const char *const warnings[] = {[PEOPLE_VERB_UNKNOWN] = "people.cell.verb",
                                           [PEOPLE_VERB_STATE] = "people.cell.verb_state",
                                           [PEOPLE_VERB_SYSTEM] = "people.cell.verb_system"};
    enum people_verb_wrong wrong = people_verb_check(word->as.str.s);
    if (wrong == PEOPLE_VERB_STATE)
        r->wrong = warnings[wrong];
    else if (wrong)
        r->warning = warnings[wrong];
    if (wrong) r->detail = word->as.str.s;
}

static int read_item(struct take *t, const struct known *k, enum people_cell_type type, const struct val *raw,
                     struct reading *r)
{
    struct reading one = {0};
    enum people_cell_type item = type == CELL_UNITS ? CELL_UNIT : type == CELL_DATES ? CELL_DATE : CELL_TEXT;
    if (raw->type != VAL_STR) {
        r->wrong = "people.cell.text";
        return 0;
    }
    int rc = read_text(t, k, item, raw, &one);
    if (rc == 0 && type == CELL_VERBS && !one.wrong && one.value.type == VAL_STR) read_verb(&one.value, &one);
    if (one.detail) r->detail = one.detail;
    if (one.wrong) r->wrong = one.wrong;
    if (one.warning) r->warning = one.warning;
    if (rc || one.wrong || one.value.type == VAL_NIL) return rc;
    return val_add(t->a, &r->value, one.value) ? people_too_large(t->err) : 0;
}

/* A list of JSON, or words with blanks, commas or semicolons between. */
static int read_list(struct take *t, const struct known *k, enum people_cell_type type, const struct val *raw,
                     struct reading *r)
{
    int rc = 0;
    r->value = val_list();
    for (size_t i = 0; rc == 0 && raw->type == VAL_LIST && i < raw->as.list.n; i++)
        rc = read_item(t, k, type, val_at(raw, i), r);
    if (raw->type != VAL_STR) {
        /* An empty table of Lua is a map as well as a list. */
        if (raw->type != VAL_LIST && !(raw->type == VAL_MAP && raw->as.map.n == 0)) r->wrong = "people.cell.list";
        return rc;
    }
    const char *s = val_cstr(t->a, raw);
    if (!s) r->wrong = "people.cell.control";
    for (const char *p = s; rc == 0 && p && *(p += strspn(p, " ,;"));) {
        size_t n = strcspn(p, " ,;");
        struct val word = val_strn(p, n);
        rc = read_item(t, k, type, &word, r);
        p += n;
    }
    return rc;
}

static int read_cell(struct take *t, const struct known *k, const struct people_column *c, const struct val *raw,
                     struct reading *r)
{
    *r = (struct reading){.value = val_nil()};
    if (raw->type == VAL_NIL) return 0;
    if (people_cell_is_list(c->type)) return read_list(t, k, c->type, raw, r);
    if (raw->type == VAL_STR) return read_text(t, k, c->type, raw, r);
    r->value = *raw;
    bool fits = c->type == CELL_ANY || (c->type == CELL_BOOL && raw->type == VAL_BOOL) ||
                (c->type == CELL_NUMBER && raw->type == VAL_INT);
    if (!fits) r->wrong = c->type == CELL_NUMBER ? "people.cell.number" : "people.cell.text";
    return 0;
}

static size_t column_number(const struct take_source *source, const char *field)
{
    for (size_t i = 0; source->titles && source->titles[i]; i++)
        if (strcmp(source->titles[i], field) == 0) return i + 1;
    return 0;
}

/* The cell as the report shows it, in each list that it belongs to. */
static int show(struct take *t, const struct take_list *l, size_t entry, const char *field, const struct val *raw,
                const struct reading *r, const char *detail)
{
    const struct take_source *source = &l->sources[entry];
    size_t column = column_number(source, field);
    struct val cell = val_map();
    bool listed = t->args->preview && t->ncells < PEOPLE_CELLS_MAX;
    t->ncells++;
    if (r->wrong) t->nerrors++;
    if (!listed && !r->wrong && !r->warning) return 0;
    int rc = val_set(t->a, &cell, "file", val_str(source->file));
    rc = rc ? rc : val_set(t->a, &cell, "list", val_str(l->list->name));
    rc = rc ? rc : val_set(t->a, &cell, "line", val_int((int64_t)source->line));
    if (rc == 0 && column) rc = val_set(t->a, &cell, "column", val_int((int64_t)column));
    rc = rc ? rc : val_set(t->a, &cell, "field", val_str(field));
    if (rc == 0 && raw) rc = val_set(t->a, &cell, "raw", *raw);
    if (rc == 0 && !r->wrong) rc = val_set(t->a, &cell, "value", r->value);
    if (rc == 0 && r->warning) rc = val_set(t->a, &cell, "warning", val_str(r->warning));
    if (rc == 0 && r->wrong) rc = val_set(t->a, &cell, "error", val_str(r->wrong));
    if (rc == 0 && detail) rc = val_set(t->a, &cell, "detail", val_str(detail));
    if (rc == 0 && (r->wrong || r->warning)) {
        const char *shown = detail ? detail : raw && raw->type == VAL_STR ? val_cstr(t->a, raw) : "";
        const char *pairs[] = {"detail", shown ? shown : "", NULL};
        const char *says = people_sentence(t->a, t->args->lang, r->wrong ? r->wrong : r->warning, pairs);
        rc = says ? val_set(t->a, &cell, "says", val_str(says)) : ERR_NOMEM;
    }
    if (rc == 0 && listed) rc = take_add(t, &t->cells, &cell);
    if (rc == 0 && r->wrong && t->errors.as.list.n < FINDINGS_MAX) rc = take_add(t, &t->errors, &cell);
    if (rc == 0 && r->warning && t->warnings.as.list.n < FINDINGS_MAX) rc = take_add(t, &t->warnings, &cell);
    return rc ? people_too_large(t->err) : 0;
}

int take_wrong(struct take *t, const struct take_list *l, size_t entry, const char *field, const struct val *raw,
               const char *key, const char *detail)
{
    return show(t, l, entry, field, raw, &(struct reading){.wrong = key}, detail);
}

static int read_row(struct take *t, const struct known *k, const struct take_list *l, size_t entry, struct val *row)
{
    const struct val *raw = val_at(&l->rows, entry);
    int rc = 0;
    *row = val_map();
    for (size_t i = 0; rc == 0 && i < raw->as.map.n; i++) {
        const char *field = raw->as.map.pairs[i].key;
        const struct people_column *c = people_column_find(l->list, field);
        struct reading r;
        if (!c) {
            rc = take_wrong(t, l, entry, field, &raw->as.map.pairs[i].v, "people.cell.column", NULL);
            continue;
        }
        rc = read_cell(t, k, c, &raw->as.map.pairs[i].v, &r);
        if (rc == 0) rc = show(t, l, entry, field, &raw->as.map.pairs[i].v, &r, r.detail);
        if (rc == 0 && r.value.type != VAL_NIL && val_set(t->a, row, c->name, r.value)) rc = people_too_large(t->err);
    }
    for (const struct people_column *c = l->list->columns; rc == 0 && c->name; c++)
        if (c->required && !val_get(row, c->name) && !val_get(raw, c->name))
            rc = take_wrong(t, l, entry, c->name, NULL, "people.cell.missing", NULL);
    return rc;
}

int take_cells(struct take *t, struct val *tree)
{
    struct known k;
    int rc = collect(t, "units", "code", &k.units);
    if (rc == 0) rc = collect(t, "persons", "code", &k.persons);
    if (rc == 0) rc = collect(t, "bodies", "code", &k.bodies);
    if (rc == 0) rc = collect(t, "users", "name", &k.users);
    *tree = val_map();
    for (size_t i = 0; rc == 0 && i < t->nlists; i++) {
        struct val rows = val_list(), row;
        for (size_t n = 0; rc == 0 && n < t->lists[i].rows.as.list.n; n++) {
            rc = read_row(t, &k, &t->lists[i], n, &row);
            if (rc == 0 && val_add(t->a, &rows, row)) rc = people_too_large(t->err);
        }
        if (rc == 0 && val_set(t->a, tree, t->lists[i].list->name, rows)) rc = people_too_large(t->err);
    }
    return rc;
}
