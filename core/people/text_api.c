/* number.*, text.*, json.*, id.*: small functions that every plugin needs. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/locale.h"
#include "base/markdown.h"
#include "base/text.h"
#include "people/collate.h"
#include "people/people_internal.h"
#include "store/lane.h"

enum { TEXT_MAX = 256 << 10 };

static int number_parse(struct api_call *c)
{
    const struct val *v = &c->args[0];
    double n;
    c->result = val_nil();
    if (!text_parse_number(v->as.str.s, v->as.str.len, locale_pick(c->s->lang), &n)) return 0;
    c->result = n == floor(n) && fabs(n) < 9e15 ? val_int((int64_t)n) : val_num(n);
    return 0;
}

static int give_text(struct api_call *c, const char *s, size_t len)
{
    char *copy = arena_strndup(c->arena, s, len);
    if (!copy) return people_too_large(c->err);
    c->result = val_strn(copy, len);
    return 0;
}

static int number_format(struct api_call *c)
{
    const struct val *v = &c->args[0];
    int64_t decimals = c->args[1].type == VAL_INT ? c->args[1].as.i : -1;
    char out[400];
    double n = v->type == VAL_INT ? (double)v->as.i : v->as.n;
    if (decimals < -1 || decimals > 15) return err_set(c->err, ERR_INVALID, "invalid.range", "field", "decimals", NULL);
    if (decimals < 0) decimals = n == floor(n) ? 0 : 2;
    text_format_number(n, (int)decimals, locale_pick(c->s->lang), out, sizeof(out));
    return give_text(c, out, strlen(out));
}

/* Long division in integers: 55337 of 14000 is 395.26, and no half is lost to binary fractions
 * before it is rounded. */
static int number_percent(struct api_call *c)
{
    int64_t part = c->args[0].as.i, whole = c->args[1].as.i,
            decimals = c->args[2].type == VAL_INT ? c->args[2].as.i : 0;
    uint64_t p = part < 0 ? 0 - (uint64_t)part : (uint64_t)part, w = whole < 0 ? 0 - (uint64_t)whole : (uint64_t)whole;
    double power = 1;
    if (decimals < 0 || decimals > 6) return err_set(c->err, ERR_INVALID, "invalid.range", "field", "decimals", NULL);
    c->result = val_nil();
    if (w == 0) return 0;
    uint64_t quotient = p / w, rest = p % w;
    for (int64_t i = 0; i < decimals + 2; i++) {
        if (w > UINT64_MAX / 10 || quotient > UINT64_MAX / 100)
            return err_set(c->err, ERR_INVALID, "invalid.range", "field", "whole", NULL);
        quotient = quotient * 10 + rest * 10 / w;
        rest = rest * 10 % w;
        if (i >= 2) power *= 10;
    }
    if (rest >= w - rest) quotient++;
    double n = (double)quotient / power;
    c->result = val_num((part < 0) != (whole < 0) ? -n : n);
    return 0;
}

/* Folding and comparing are single calls that nothing stops: some milliseconds for this much. */
static bool is_too_long(const struct val *text)
{
    return text->as.str.len > TEXT_MAX;
}

static int fold(struct api_call *c)
{
    const char *out;
    size_t len;
    if (is_too_long(&c->args[0])) return people_too_large(c->err);
    int rc = text_fold(c->arena, c->args[0].as.str.s, c->args[0].as.str.len, &out, &len);
    if (rc) return people_too_large(c->err);
    c->result = val_strn(out, len);
    return 0;
}

static int slug(struct api_call *c)
{
    const char *out;
    if (is_too_long(&c->args[0])) return people_too_large(c->err);
    if (text_slug(c->arena, c->args[0].as.str.s, c->args[0].as.str.len, &out)) return people_too_large(c->err);
    c->result = val_str(out);
    return 0;
}

static int compare(struct api_call *c)
{
    const struct val *a = &c->args[0], *b = &c->args[1];
    if (is_too_long(a) || is_too_long(b)) return people_too_large(c->err);
    c->result =
        val_int(collate_compare(locale_pick(c->s->lang), a->as.str.s, a->as.str.len, b->as.str.s, b->as.str.len));
    return 0;
}

/* "Trịnh Tuấn Sinh" → "Sinh Trịnh Tuấn": names are sorted by their last word, then by the others in
 * order. */
static int name_key(struct api_call *c)
{
    const char *s = c->args[0].as.str.s;
    size_t n = c->args[0].as.str.len, start = 0;
    while (n && s[n - 1] == ' ')
        n--;
    while (start < n && s[start] == ' ')
        start++;
    size_t last = n;
    while (last > start && s[last - 1] != ' ')
        last--;
    if (last == start) return give_text(c, s + start, n - start);
    size_t rest = last;
    while (rest > start && s[rest - 1] == ' ')
        rest--;
    char *out = arena_alloc(c->arena, n - last + 1 + rest - start + 1);
    if (!out) return people_too_large(c->err);
    memcpy(out, s + last, n - last);
    out[n - last] = ' ';
    memcpy(out + (n - last) + 1, s + start, rest - start);
    c->result = val_strn(out, n - last + 1 + rest - start);
    return 0;
}

static int markdown(struct api_call *c)
{
    struct buf out;
    buf_init(&out, 16 * MARKDOWN_MAX);
    int rc = markdown_html(c->args[0].as.str.s, c->args[0].as.str.len, &out, c->err);
    if (rc == 0) rc = give_text(c, out.data ? out.data : "", out.len);
    buf_close(&out);
    return rc;
}

static int json_encode(struct api_call *c)
{
    struct buf out;
    buf_init(&out, 4 << 20);
    if (val_get_bool(&c->args[1], "pretty", false))
        json_write_pretty(&out, &c->args[0]);
    else
        json_write(&out, &c->args[0]);
    int rc = buf_ok(&out) && out.data ? give_text(c, out.data, out.len) : people_too_large(c->err);
    buf_close(&out);
    return rc;
}

/* It is read in one piece, which nothing can stop. */
enum { JSON_TEXT_MAX = 1 << 20 };

static int json_decode(struct api_call *c)
{
    if (c->args[0].as.str.len > JSON_TEXT_MAX) return err_set(c->err, ERR_LIMIT, "limit.size", "what", "json", NULL);
    return json_parse(c->args[0].as.str.s, c->args[0].as.str.len, c->arena, &c->result, c->err);
}

static int id_new(struct api_call *c)
{
    if (!c->s->lane)
        return err_set(c->err, ERR_REFUSED, "api.read_only", "function", c->fn->name, "mode",
                       session_mode_name(c->s->mode), NULL);
    c->result = val_int(id_next(lane_ids(c->s->lane), c->s->now));
    return 0;
}

const struct api_fn text_functions[] = {
    {"number.parse", number_parse, "text:text!", "number?", API_PURE, NULL, 1,
     "Reads a number as the reader's language writes it (vi: 12.226 is 12226); nil if it is none."},
    {"number.format", number_format, "n:number! decimals:integer", "string", API_PURE, NULL, 1,
     "Writes a number as the reader's language does."},
    {"number.percent", number_percent, "part:integer! whole:integer! decimals:integer", "number?", API_PURE, NULL, 1,
     "Part of whole in per cent, rounded half up in integers; nil when the whole is 0."},
    {"text.fold", fold, "text:text!", "string", API_PURE, NULL, 1, "Lower case without marks, for searching."},
    {"text.slug", slug, "text:text!", "string", API_PURE, NULL, 1, "As part of an address."},
    {"text.compare", compare, "a:text! b:text!", "integer", API_PURE, NULL, 1,
     "-1, 0 or 1 in the order of the reader's language."},
    {"text.name_key", name_key, "name:text!", "string", API_PURE, NULL, 1,
     "The name as it is sorted: the last word first."},
    {"text.markdown", markdown, "text:text!", "string", API_PURE, NULL, 1,
     "HTML of Markdown (with tables), safe in a page: no raw HTML, no links that run something; at most 128 KiB."},
    {"json.encode", json_encode, "value:any options:map{pretty:boolean}", "string", API_PURE, NULL, 1,
     "JSON of a value; {pretty = true}."},
    {"json.decode", json_decode, "text:text!", "any", API_PURE, NULL, 1, "The value of a JSON text."},
    {"id.new", id_new, "", "integer", API_WRITE, NULL, 1, "A new id that sorts by time.", .tells = true},
    {0},
};
