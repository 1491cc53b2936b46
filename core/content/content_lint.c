/* Findings in a text before a person reads it: what a careful editor would mark.
 *
 * The rules are general; the words are data: `lint = { words = { ["slip"] = "right" | { to =
 * "right", except = {…} } }, off = { "rule" } }` in content.type. Offsets count bytes from 1, as
 * Lua's string functions do. */
#include "content/content_internal.h"

#include <string.h>

#include "base/locale.h"

enum { FINDINGS_MAX = 200, EXCERPT_MAX = 160 };

static bool is_off(const struct lint *l, const char *rule)
{
    const struct val *off = val_get(l->type->lint, "off");
    for (size_t i = 0; val_is(off, VAL_LIST) && i < off->as.list.n; i++)
        if (val_is_str(&off->as.list.items[i], rule)) return true;
    return false;
}

/* Cut at a character. */
static size_t excerpt_len(const char *text, size_t len)
{
    if (len <= EXCERPT_MAX) return len;
    len = EXCERPT_MAX;
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    return len;
}

static int message(struct lint *l, const struct lint_finding *f, const char *excerpt, struct val *out)
{
    struct buf text;
    char key[64] = "lint.";
    strncat(key, f->rule, sizeof(key) - 8);
    buf_init(&text, 2 << 10);
    locale_format(&text, l->lang, key, "field", f->field, "text", excerpt, "suggestion",
                  f->suggestion ? f->suggestion : "", "detail", f->detail ? f->detail : "", NULL);
    char *kept = buf_ok(&text) ? arena_strndup(l->a, text.data ? text.data : "", text.len) : NULL;
    if (kept) *out = val_strn(kept, text.len);
    buf_close(&text);
    return kept ? 0 : content_too_large(l->err);
}

int content_lint_add(struct lint *l, const struct lint_finding *f)
{
    struct val one = val_map(), said;
    if (l->out->as.list.n >= FINDINGS_MAX || is_off(l, f->rule)) return 0;
    char *excerpt = arena_strndup(l->a, f->text + f->offset, excerpt_len(f->text + f->offset, f->len));
    if (!excerpt) return content_too_large(l->err);
    int rc = message(l, f, excerpt, &said);
    if (rc) return rc;
    rc = val_set(l->a, &one, "field", val_str(f->field));
    if (rc == 0) rc = val_set(l->a, &one, "rule", val_str(f->rule));
    if (rc == 0) rc = val_set(l->a, &one, "offset", val_int((int64_t)f->offset + 1));
    if (rc == 0) rc = val_set(l->a, &one, "length", val_int((int64_t)f->len));
    if (rc == 0) rc = val_set(l->a, &one, "text", val_str(excerpt));
    if (rc == 0) rc = val_set(l->a, &one, "message", said);
    if (rc == 0 && f->suggestion) rc = val_set(l->a, &one, "suggestion", val_str(f->suggestion));
    if (rc == 0) rc = val_add(l->a, l->out, one);
    return rc ? content_too_large(l->err) : 0;
}

static int lint_title(struct lint *l, const struct val *stored)
{
    size_t len;
    const char *title = content_title_of(l->type, stored, &len);
    if (!l->type->title) return 0;
    for (size_t i = 0; i < len; i++)
        if (!strchr(" \t\r\n", title[i])) return 0;
    struct lint_finding f = {.field = l->type->title->name, .rule = "empty_title", .text = ""};
    return content_lint_add(l, &f);
}

static int lint_body(struct lint *l, const struct val *stored)
{
    int rc = lint_title(l, stored);
    for (size_t i = 0; rc == 0 && i < l->type->fields.n; i++) {
        const struct field *f = &l->type->fields.items[i];
        const struct val *v = val_get(stored, f->name);
        if ((f->type != FIELD_TEXT && f->type != FIELD_MARKDOWN) || !val_is(v, VAL_STR)) continue;
        rc = content_lint_text(l, f, v->as.str.s, v->as.str.len);
        if (rc == 0) rc = content_lint_repeats(l, f, v->as.str.s, v->as.str.len);
    }
    return rc;
}

int content_lint(struct session *s, const struct content_key *k, struct arena *a, struct val *out, struct err *err)
{
    struct registry *r = content_registry(s);
    struct lint l = {.lang = s->lang, .a = a, .out = out, .err = err};
    struct content_row row;
    struct content_revision revision;
    struct val stored;
    *out = val_list();
    int rc = content_row_load(s->db, k->id, &row, err);
    if (rc == 0) rc = content_type_of(r, row.type, &l.type, err);
    if (rc == 0) rc = content_revision_load(s->db, k->id, k->rev ? k->rev : row.draft_rev, a, &revision, err);
    if (rc == 0) rc = content_body_read(l.type, revision.body, revision.body_len, a, &stored, err);
    if (rc == 0) rc = lint_body(&l, &stored);
    registry_drop(r);
    return rc;
}
