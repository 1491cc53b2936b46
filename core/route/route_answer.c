/* What a plugin's function may answer: a status, one body, and few headers.
 *
 * The page comes from the same place as everything else that the browser of a user trusts, so what it can do there is
 * said here and not by the plugin: HTML runs no script and loads nothing from elsewhere, all other types are sealed. A
 * header is one line of plain characters; Location stays on this site. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "plugin/template.h"
#include "route/route_internal.h"

enum { HEADER_MAX = 1000, HEADERS_MAX = 8 << 10 };

static const char html_rules[] =
    "Content-Security-Policy: default-src 'none'; img-src 'self' data:; style-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'\r\nReferrer-Policy: same-origin\r\n";
static const char sealed_rules[] =
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox\r\n";

/* The kinds of bodies. */
static const struct {
    const char *key, *type;
} kinds[] = {{"json", "application/json"},
             {"html", "text/html; charset=utf-8"},
             {"svg", "image/svg+xml"},
             {"text", "text/plain; charset=utf-8"}};
enum { KIND_JSON, KIND_HTML, KIND_SVG, KIND_TEXT, KINDS, NO_KIND = -1 };

/* What `text` may be besides plain. */
static const struct {
    const char *type, *full;
} types[] = {{"text/plain", "text/plain; charset=utf-8"},
             {"text/csv", "text/csv; charset=utf-8"},
             {"text/markdown", "text/markdown; charset=utf-8"},
             {"text/calendar", "text/calendar; charset=utf-8"},
             {"application/json", "application/json"},
             {"application/xml", "application/xml"},
             {"application/atom+xml", "application/atom+xml"},
             {"image/svg+xml", "image/svg+xml"},
             {"application/pdf", NULL},
             {"application/zip", NULL},
             {"application/octet-stream", NULL},
             {"image/png", NULL},
             {"image/jpeg", NULL},
             {"image/gif", NULL},
             {"image/webp", NULL}}; /* full NULL: bytes, which need not be text */

struct reading {
    struct session *s;
    const struct route_def *def;
    struct route_answer *out;
    struct buf lines;
    const char *word;
    bool has_cache, has_tag, is_bytes, is_framed;
    const struct val *location;
};

static int bad(const struct reading *r, const char *part, const char *detail, struct err *err)
{
    return err_set(err, ERR_PLUGIN, "route.answer", "route", r->def->name, "part", part, "detail", detail, NULL);
}

static int bad_header(const struct reading *r, const char *name, const char *detail, struct err *err)
{
    return err_set(err, ERR_PLUGIN, "route.header", "route", r->def->name, "header", name, "detail", detail, NULL);
}

/* --- headers --- */

/* Visible ASCII and blanks: no line ends in it. */
static const char *line_of(struct reading *r, const struct val *v)
{
    const char *text = v->type == VAL_STR && v->as.str.len <= HEADER_MAX ? val_cstr(r->s->arena, v) : NULL;
    for (const char *p = text; p && *p; p++)
        if (*p < ' ' || *p > '~') return NULL;
    return text && *text ? text : NULL;
}

static bool is_own_place(const char *s)
{
    return s[0] == '/' && s[1] != '/' && !strchr(s, '\\') && !strchr(s, ' ');
}

static bool is_tag(const char *s)
{
    if (strncmp(s, "W/", 2) == 0) s += 2;
    size_t n = strlen(s);
    return n > 2 && n < 200 && s[0] == '"' && strchr(s + 1, '"') == s + n - 1;
}

static bool is_disposition(const char *s)
{
    size_t n = strcspn(s, "; ");
    return (n == 10 && strncasecmp(s, "attachment", n) == 0) || (n == 6 && strncasecmp(s, "inline", n) == 0);
}

static bool is_any(const char *s)
{
    return *s != '\0';
}

static const struct {
    const char *name;
    bool (*fits)(const char *value);
} allowed[] = {{"Cache-Control", is_any},
               {"Location", is_own_place},
               {"ETag", is_tag},
               {"Content-Disposition", is_disposition},
               {"Content-Language", is_any}};

static int add_header(struct reading *r, const char *name, const struct val *v, struct err *err)
{
    const char *value = line_of(r, v);
    if (!value) return bad_header(r, name, val_type_name(v->type), err);
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (strcasecmp(allowed[i].name, name) != 0) continue;
        if (!allowed[i].fits(value)) return bad_header(r, allowed[i].name, value, err);
        if (i == 0) r->has_cache = true;
        if (i == 1) r->location = v;
        if (i == 2) r->has_tag = true;
        buf_printf(&r->lines, "%s: %s\r\n", allowed[i].name, value);
        return 0;
    }
    return bad_header(r, name, value, err);
}

/* Content-Type is another way to write `type`. */
static int take_headers(struct reading *r, const struct val *headers, const struct val **type, struct err *err)
{
    int rc = 0;
    if (!headers || (headers->type == VAL_LIST && headers->as.list.n == 0)) return 0;
    if (headers->type != VAL_MAP) return bad(r, "headers", val_type_name(headers->type), err);
    for (size_t i = 0; rc == 0 && i < headers->as.map.n; i++) {
        const struct val_pair *p = &headers->as.map.pairs[i];
        if (strcasecmp(p->key, "content-type") == 0)
            *type = &p->v;
        else
            rc = add_header(r, p->key, &p->v, err);
    }
    return rc;
}

/* --- the body --- */

static int take_type(struct reading *r, int kind, const struct val *type, struct err *err)
{
    const char *wanted = line_of(r, type);
    size_t n = wanted ? strcspn(wanted, "; ") : 0;
    for (size_t i = 0; kind == KIND_TEXT && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strlen(types[i].type) != n || strncasecmp(types[i].type, wanted, n) != 0) continue;
        r->is_bytes = !types[i].full;
        r->out->type = types[i].full ? types[i].full : types[i].type;
        return 0;
    }
    /* To say what it is anyway does no harm. */
    bool is_same =
        kind >= 0 && n && strncasecmp(kinds[kind].type, wanted, n) == 0 && strcspn(kinds[kind].type, ";") == n;
    return is_same ? 0 : bad(r, "type", wanted ? wanted : "", err);
}

/* An empty table of Lua is a list where the declared output says so. */
static void set_shape(struct val *v, const struct val *output, struct arena *a)
{
    struct val empty = val_list();
    struct field f;
    struct err ignored;
    bool is_empty = v->type == VAL_MAP && v->as.map.n == 0;
    if (val_is(output, VAL_LIST) && output->as.list.n == 1) {
        if (is_empty) *v = empty;
        for (size_t i = 0; v->type == VAL_LIST && i < v->as.list.n; i++)
            set_shape(&v->as.list.items[i], &output->as.list.items[0], a);
    }
    if (!val_is(output, VAL_MAP) || v->type != VAL_MAP) return;
    for (size_t i = 0; i < v->as.map.n; i++) {
        struct val_pair *p = &v->as.map.pairs[i];
        const char *decl = val_cstr(a, val_get(output, p->key));
        bool may_be = p->v.type == VAL_MAP && p->v.as.map.n == 0 && decl;
        if (may_be && field_parse(a, p->key, decl, &f, &ignored) == 0 && f.type == FIELD_LIST) p->v = empty;
    }
}

static int take_json(struct reading *r, const struct val *given, struct err *err)
{
    struct val v = *given;
    int rc = people_show_all(r->s, &v, r->s->arena, err);
    if (rc) return rc;
    set_shape(&v, r->def->output, r->s->arena);
    json_write(&r->out->body, &v);
    buf_add_char(&r->out->body, '\n');
    return 0;
}

/* In the place of each {{csrf}}. Without a session nobody can be made to send a form, and there is no field. */
static void add_framed(struct buf *b, const char *s, size_t n, const char *word)
{
    for (const char *end = s + n; s < end;) {
        const char *at = memchr(s, TEMPLATE_CSRF[0], (size_t)(end - s));
        buf_add(b, s, (size_t)((at ? at : end) - s));
        if (at && word) buf_printf(b, "<input type=\"hidden\" name=\"_csrf\" value=\"%s\">", word);
        s = at ? at + 1 : end;
    }
}

static int take_body(struct reading *r, int kind, const struct val *v, struct err *err)
{
    int rc = 0;
    struct buf *b = &r->out->body;
    size_t most = r->s->mode == SESSION_READ ? ROUTE_BODY_MAX : ROUTE_LANE_BODY_MAX;
    b->max = most;
    if (kind == KIND_JSON) {
        rc = take_json(r, v, err);
    } else if (v->type != VAL_STR) {
        return bad(r, kinds[kind].key, val_type_name(v->type), err);
    } else if (!r->is_bytes && !text_is_utf8(v->as.str.s, v->as.str.len)) {
        return bad(r, kinds[kind].key, "UTF-8", err);
    } else if (r->is_framed) {
        add_framed(b, v->as.str.s, v->as.str.len, r->word);
    } else {
        buf_add(b, v->as.str.s, v->as.str.len);
    }
    struct err_num n;
    if (rc || buf_ok(b)) return rc;
    return err_set(err, ERR_PLUGIN, "route.large", "route", r->def->name, "most", err_i64(&n, (int64_t)most), NULL);
}

/* --- the whole --- */

static int take_status(struct reading *r, const struct val *v, int kind, struct err *err)
{
    struct err_num n;
    int64_t status = kind >= 0 ? 200 : r->location ? 303 : 204;
    if (v && v->type == VAL_NUM)
        status = v->as.n >= 200 && v->as.n <= 599 && v->as.n == floor(v->as.n) ? (int64_t)v->as.n : 0;
    if (v && v->type == VAL_INT) status = v->as.i;
    if (v && v->type != VAL_INT && v->type != VAL_NUM) return bad(r, "status", val_type_name(v->type), err);
    if (status < 200 || status > 599) return bad(r, "status", err_i64(&n, status), err);
    if (kind >= 0 && (status == 204 || status == 205 || status == 304))
        return bad(r, "status", err_i64(&n, status), err);
    r->out->status = (int)status;
    return 0;
}

/* Which body there is; at most one, and nothing that is not known. */
static int take_keys(const struct reading *r, const struct val *given, int *kind, struct err *err)
{
    *kind = NO_KIND;
    for (size_t i = 0; i < given->as.map.n; i++) {
        const char *key = given->as.map.pairs[i].key;
        bool is_known = strcmp(key, "status") == 0 || strcmp(key, "headers") == 0 || strcmp(key, "type") == 0 ||
                        strcmp(key, "frame") == 0 || strcmp(key, "title") == 0;
        for (int k = 0; k < KINDS; k++) {
            if (strcmp(kinds[k].key, key) != 0) continue;
            if (*kind != NO_KIND) return bad(r, key, kinds[*kind].key, err);
            *kind = k;
            is_known = true;
        }
        if (!is_known) return bad(r, key, "?", err);
    }
    return 0;
}

/* In the language of the session; of the route, or of the plugin, where the answer has none. */
static const char *title_of(struct reading *r, const struct val *own)
{
    const struct val *v = own ? own : r->def->title, *other = val_get(v, "en");
    if (val_is(v, VAL_MAP)) v = val_get(v, r->s->lang) ? val_get(v, r->s->lang) : other;
    const char *text = v ? val_cstr(r->s->arena, v) : NULL;
    return text ? text : r->def->plugin;
}

/* Raw HTML of a plugin would look like the service's own in the frame. */
static bool is_sealed(const struct val *frame, const struct val *html)
{
    char seal[DIGEST_HEX];
    if (!val_is(frame, VAL_STR) || !val_is(html, VAL_STR)) return false;
    page_seal(html->as.str.s, html->as.str.len, seal);
    return frame->as.str.len == DIGEST_HEX - 1 && digest_equal(frame->as.str.s, seal, DIGEST_HEX - 1);
}

/* What page() has made: the frame has the reader's name, so it is not to be kept. */
static int take_frame(struct reading *r, const struct val *given, int kind, struct err *err)
{
    const struct val *title = val_get(given, "title"), *frame = val_get(given, "frame");
    r->is_framed = frame && frame->type != VAL_NIL && (frame->type != VAL_BOOL || frame->as.b);
    if (!r->is_framed) return title ? bad(r, "title", "frame", err) : 0;
    if (kind != KIND_HTML) return bad(r, "frame", kind >= 0 ? kinds[kind].key : "", err);
    if (!is_sealed(frame, val_get(given, "html"))) return bad(r, "frame", "page()", err);
    if (title && title->type != VAL_STR) return bad(r, "title", val_type_name(title->type), err);
    if (r->has_cache || r->has_tag) return bad(r, "frame", "Cache-Control, ETag", err);
    r->out->title = title_of(r, title);
    return 0;
}

static int read_map(struct reading *r, const struct val *given, struct err *err)
{
    int kind;
    const struct val *type = val_get(given, "type");
    int rc = take_keys(r, given, &kind, err);
    if (rc == 0 && kind >= 0) r->out->type = kinds[kind].type;
    if (rc == 0) rc = take_headers(r, val_get(given, "headers"), &type, err);
    if (rc == 0 && type) rc = take_type(r, kind, type, err);
    if (rc == 0) rc = take_status(r, val_get(given, "status"), kind, err);
    if (rc == 0) rc = take_frame(r, given, kind, err);
    if (rc == 0 && kind >= 0) rc = take_body(r, kind, val_get(given, kinds[kind].key), err);
    if (rc) return rc;
    if (!r->has_cache) buf_add_str(&r->lines, "Cache-Control: no-store\r\n");
    buf_add_str(&r->lines, kind == KIND_HTML ? html_rules : sealed_rules);
    return 0;
}

/* What has not changed since the client saw it has the same digest. */
static void add_tag(struct reading *r)
{
    const struct route_answer *out = r->out;
    uint8_t d[DIGEST_LEN];
    char hex[DIGEST_HEX];
    if (r->has_tag || r->is_framed || !r->def->reads || out->status != 200) return;
    digest_sha256(out->body.data ? out->body.data : "", out->body.len, d);
    digest_hex(d, hex);
    buf_printf(&r->lines, "ETag: \"%.32s\"\r\n", hex);
}

int route_answer_read(const struct route_reading *how, const struct val *given, struct route_answer *out,
                      struct err *err)
{
    const struct route_def *def = how->def;
    struct reading r = {.s = how->s, .def = def, .out = out, .word = how->word};
    struct val empty = val_map();
    if (given->type == VAL_NIL && def->reads)
        return err_set(err, ERR_NOT_FOUND, "http.not_found", "path", def->path, NULL);
    if (given->type == VAL_NIL || (given->type == VAL_LIST && given->as.list.n == 0)) given = &empty;
    if (given->type != VAL_MAP) return bad(&r, "", val_type_name(given->type), err);
    out->type = out->title = NULL;
    buf_clear(&out->body);
    buf_init(&r.lines, HEADERS_MAX);
    int rc = read_map(&r, given, err);
    if (rc == 0) add_tag(&r);
    out->headers = rc == 0 && buf_ok(&r.lines) ? arena_strndup(how->s->arena, r.lines.data, r.lines.len) : NULL;
    if (rc == 0 && !out->headers) rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&r.lines);
    return rc;
}

int route_answer_tag(const struct route_request *q, struct arena *a, struct route_answer *out, struct err *err)
{
    const char *line = q->have && out->status == 200 ? strstr(out->headers, "ETag: ") : NULL;
    if (!line) return 0;
    const char *tag = strchr(line, '"');
    char *own = arena_strndup(a, tag, strcspn(tag, "\r"));
    if (!own) return err_set(err, ERR_NOMEM, "memory", NULL);
    if (!strstr(q->have, own) && strcmp(q->have, "*") != 0) return 0;
    out->status = 304;
    out->type = NULL;
    buf_clear(&out->body);
    return 0;
}
