/* Lint rules that look at the characters of one text: doubled spaces, spaces around the hyphen of a
 * name with a number ("COVID - 19"), and slips listed as data. */
#include "content/content_internal.h"

#include <string.h>

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Bytes above ASCII are letters for this purpose: the texts are in NFC, and punctuation above ASCII
 * only makes a word longer. */
static bool is_word(char c)
{
    return ((unsigned char)c & 0x80) || is_upper(c) || is_digit(c) || (c >= 'a' && c <= 'z');
}

static int lint_spaces(struct lint *l, const struct field *f, const char *text, size_t len)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i + 1 < len; i++) {
        size_t n = 0;
        while (i + n < len && text[i + n] == ' ')
            n++;
        bool inside = i > 0 && text[i - 1] != '\n' && i + n < len && text[i + n] != '\n';
        if (n >= 2 && inside) {
            struct lint_finding found = {f->name, "double_space", i, n, text, " ", NULL};
            rc = content_lint_add(l, &found);
        }
        if (n) i += n - 1;
    }
    return rc;
}

/* Capitals, a hyphen with a space before or after it, and a short number: a name torn apart, not a
 * dash between years or sentences. */
static int lint_hyphen_at(struct lint *l, const struct field *f, const char *text, size_t len, size_t hyphen)
{
    size_t left = hyphen, right = hyphen + 1, start, end;
    while (left > 0 && text[left - 1] == ' ')
        left--;
    while (right < len && text[right] == ' ')
        right++;
    if (left == hyphen && right == hyphen + 1) return 0;
    for (start = left; start > 0 && is_upper(text[start - 1]); start--)
        continue;
    for (end = right; end < len && is_digit(text[end]); end++)
        continue;
    if (left - start < 2 || (start > 0 && is_word(text[start - 1]))) return 0;
    if (end == right || end - right > 3 || (end < len && is_word(text[end]))) return 0;
    char *right_form =
        arena_printf(l->a, "%.*s-%.*s", (int)(left - start), text + start, (int)(end - right), text + right);
    if (!right_form) return content_too_large(l->err);
    struct lint_finding found = {f->name, "spaced_hyphen", start, end - start, text, right_form, NULL};
    return content_lint_add(l, &found);
}

static int lint_hyphens(struct lint *l, const struct field *f, const char *text, size_t len)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < len; i++)
        if (text[i] == '-') rc = lint_hyphen_at(l, f, text, len, i);
    return rc;
}

/* Does `word` stand at this place, as it is or with a capital at its beginning? */
static bool stands_at(const char *text, size_t len, size_t at, const char *word, size_t n)
{
    if (n == 0 || at + n > len) return false;
    char first = text[at];
    if (is_upper(first) && word[0] >= 'a' && word[0] <= 'z') first = (char)(first - 'A' + 'a');
    return first == word[0] && memcmp(text + at + 1, word + 1, n - 1) == 0 &&
           (at + n == len || !is_word(text[at + n])) && (at == 0 || !is_word(text[at - 1]));
}

static bool is_excepted(const struct val *rule, const char *text, size_t len, size_t at)
{
    const struct val *list = val_is(rule, VAL_MAP) ? val_get(rule, "except") : NULL;
    for (size_t i = 0; val_is(list, VAL_LIST) && i < list->as.list.n; i++) {
        const struct val *v = &list->as.list.items[i];
        if (val_is(v, VAL_STR) && stands_at(text, len, at, v->as.str.s, v->as.str.len)) return true;
    }
    return false;
}

static int lint_word(struct lint *l, const struct field *f, const struct val_pair *slip, const struct val *text)
{
    const struct val *to = slip->v.type == VAL_MAP ? val_get(&slip->v, "to") : &slip->v;
    const char *right = to ? val_cstr(l->a, to) : NULL;
    const char *s = text->as.str.s;
    size_t n = strlen(slip->key), len = text->as.str.len;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i + n <= len; i++) {
        if (!stands_at(s, len, i, slip->key, n) || is_excepted(&slip->v, s, len, i)) continue;
        struct lint_finding found = {f->name, "word", i, n, s, right, NULL};
        rc = content_lint_add(l, &found);
    }
    return rc;
}

int content_lint_text(struct lint *l, const struct field *f, const char *text, size_t len)
{
    const struct val *words = val_get(l->type->lint, "words");
    struct val whole = val_strn(text, len);
    int rc = lint_spaces(l, f, text, len);
    if (rc == 0) rc = lint_hyphens(l, f, text, len);
    for (size_t i = 0; rc == 0 && val_is(words, VAL_MAP) && i < words->as.map.n; i++)
        rc = lint_word(l, f, &words->as.map.pairs[i], &whole);
    return rc;
}
