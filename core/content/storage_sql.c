/* Read-only SQL in which plugins name their tables as they declared them.
 *
 * `nomination` is the plugin's own, `awards.nomination` one that awards exports, `content.article`
 * what is published. A small tokenizer puts the real names in, and an alias with the name as
 * written where the text gives none, so that `nomination.year` goes on to mean something. It
 * decides nothing about safety: which tables the statement then reads is checked by the store,
 * table by table. */
#include "content/storage_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "content/content_internal.h"

enum { SQL_MAX = 64 << 10 };

enum token_type { TOKEN_END, TOKEN_SPACE, TOKEN_WORD, TOKEN_OTHER };

struct token {
    enum token_type type;
    const char *s;
    size_t len;
};

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           ((unsigned char)c & 0x80);
}

static size_t quoted_len(const char *s, char end)
{
    size_t n = 1;
    while (s[n] && (s[n] != end || s[n + 1] == end))
        n += s[n] == end ? 2 : 1;
    return s[n] ? n + 1 : n;
}

static size_t comment_len(const char *s)
{
    if (s[1] == '-') return strcspn(s, "\n");
    const char *end = strstr(s + 2, "*/");
    return end ? (size_t)(end + 2 - s) : strlen(s);
}

/* Strings, quoted names and comments are one token each, so that nothing inside them is taken for a
 * table. */
static struct token next_token(const char *s)
{
    struct token t = {TOKEN_OTHER, s, 1};
    if (!*s) return (struct token){TOKEN_END, s, 0};
    if (strchr(" \t\r\n", *s)) {
        t.type = TOKEN_SPACE;
        t.len = strspn(s, " \t\r\n");
    } else if ((s[0] == '-' && s[1] == '-') || (s[0] == '/' && s[1] == '*')) {
        t.type = TOKEN_SPACE;
        t.len = comment_len(s);
    } else if (*s == '\'' || *s == '"' || *s == '`') {
        t.len = quoted_len(s, *s);
    } else if (*s == '[') {
        t.len = quoted_len(s, ']');
    } else if (strchr(":@$?", *s)) {
        while (is_word_char(s[t.len]))
            t.len++;
    } else if (is_word_char(*s)) {
        t.type = TOKEN_WORD;
        while (is_word_char(s[t.len]))
            t.len++;
    }
    return t;
}

static struct token skip_space(const char *s)
{
    struct token t = next_token(s);
    while (t.type == TOKEN_SPACE)
        t = next_token(t.s + t.len);
    return t;
}

static bool is_word(const struct token *t, const char *word)
{
    return t->type == TOKEN_WORD && strlen(word) == t->len && strncasecmp(t->s, word, t->len) == 0;
}

/* Words that may follow a table in FROM and are no alias. */
static bool ends_table(const struct token *t)
{
    static const char *const words[] = {"where", "group",  "order",     "limit",  "join",    "inner",   "left",
                                        "cross", "right",  "full",      "on",     "using",   "natural", "having",
                                        "union", "except", "intersect", "window", "indexed", "not",     "outer"};
    if (t->type != TOKEN_WORD) return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (is_word(t, words[i])) return true;
    return false;
}

static bool copy_name(const struct token *t, char out[STORAGE_NAME_MAX + 1])
{
    if (t->type != TOKEN_WORD || t->len > STORAGE_NAME_MAX) return false;
    memcpy(out, t->s, t->len);
    out[t->len] = '\0';
    return true;
}

/* The database's table for a name, or NULL: then it stands as it is (a common table expression). */
static const char *real_name(const struct registry *r, const char *plugin, const char *space, const char *name)
{
    if (space && strcmp(space, "content") == 0) {
        const struct decl *d = registry_find(r, "type", NULL, name);
        const struct content_type *t = d ? d->compiled : NULL;
        return t ? table_sql_name(t->pub) : NULL;
    }
    const struct storage_table *t = storage_table_find(r, space ? space : plugin, name);
    if (!t || (space && strcmp(space, plugin) != 0 && !t->exported)) return NULL;
    return table_sql_name(t->table);
}

struct rewrite {
    const struct registry *registry;
    const char *plugin;
    const char *text;
    struct buf out;
};

/* `name as (` anywhere makes it a common table expression, which wins over a table. */
static bool is_common(const struct rewrite *w, const struct token *name)
{
    for (struct token t = skip_space(w->text); t.type != TOKEN_END; t = skip_space(t.s + t.len)) {
        if (t.type != TOKEN_WORD || t.len != name->len || strncasecmp(t.s, name->s, t.len) != 0) continue;
        struct token as = skip_space(t.s + t.len);
        struct token open = is_word(&as, "as") ? skip_space(as.s + as.len) : as;
        if (is_word(&as, "as") && open.type == TOKEN_OTHER && *open.s == '(') return true;
    }
    return false;
}

/* A table's place in FROM: writes what stands there, returns where the text goes on. */
static const char *rewrite_table(struct rewrite *w, struct token first)
{
    char space[STORAGE_NAME_MAX + 1], name[STORAGE_NAME_MAX + 1];
    const char *real = NULL, *rest = first.s + first.len;
    struct token dot = next_token(rest);
    if (*dot.s == '.') {
        struct token second = next_token(dot.s + 1);
        if (copy_name(&first, space) && copy_name(&second, name)) {
            real = real_name(w->registry, w->plugin, space, name);
            rest = second.s + second.len;
        }
    } else if (copy_name(&first, name) && !is_common(w, &first)) {
        real = real_name(w->registry, w->plugin, NULL, name);
    }
    if (!real) {
        buf_add(&w->out, first.s, (size_t)(rest - first.s));
        return rest;
    }
    buf_add_str(&w->out, real);
    struct token after = skip_space(rest);
    if (ends_table(&after)) buf_printf(&w->out, " as %s", name);
    return rest;
}

/* Tables stand after FROM and JOIN, and after a comma as long as the FROM list of that depth lasts.
 */
static void rewrite(struct rewrite *w)
{
    enum { DEPTH_MAX = 64 };
    bool in_from[DEPTH_MAX] = {false};
    bool expected = false;
    int depth = 0;
    const char *at = w->text;
    for (;;) {
        struct token t = next_token(at);
        if (t.type == TOKEN_END) return;
        at = t.s + t.len;
        if (t.type == TOKEN_WORD && expected && !is_word(&t, "select") && !is_word(&t, "values")) {
            at = rewrite_table(w, t);
            expected = false;
            continue;
        }
        buf_add(&w->out, t.s, t.len);
        if (t.type == TOKEN_SPACE) continue;
        bool list = in_from[depth] && *t.s == ',';
        if (*t.s == '(' && depth + 1 < DEPTH_MAX) {
            depth++;
            in_from[depth] = expected; /* from (a join b): still a list of tables */
            continue;
        }
        if (*t.s == ')' && depth > 0) depth--;
        bool opens = is_word(&t, "from") || is_word(&t, "join");
        if (opens) in_from[depth] = true;
        if (ends_table(&t) && t.type == TOKEN_WORD && !opens && !is_word(&t, "on") && !is_word(&t, "using") &&
            (is_word(&t, "where") || is_word(&t, "group") || is_word(&t, "order") || is_word(&t, "limit") ||
             is_word(&t, "having") || is_word(&t, "union") || is_word(&t, "except") || is_word(&t, "intersect")))
            in_from[depth] = false;
        expected = opens || list;
    }
}

int storage_sql_rewrite(const struct registry *r, const char *plugin, const char *sql, struct arena *a,
                        const char **out, struct err *err)
{
    struct rewrite w = {.registry = r, .plugin = plugin, .text = sql};
    if (strlen(sql) > SQL_MAX) return err_set(err, ERR_LIMIT, "limit.size", "what", "sql", NULL);
    buf_init(&w.out, 4 * SQL_MAX);
    rewrite(&w);
    *out = buf_ok(&w.out) ? arena_strndup(a, w.out.data ? w.out.data : "", w.out.len) : NULL;
    buf_close(&w.out);
    return *out ? 0 : err_set(err, ERR_LIMIT, "limit.size", "what", "sql", NULL);
}

/* Own tables, exported ones, and what is published: nothing else, whatever the text says. */
bool storage_may_read(void *ctx, const char *table)
{
    const struct storage_reader *reader = ctx;
    size_t i = 0;
    for (const struct decl *d; (d = registry_each(reader->registry, "table", &i));) {
        const struct storage_table *t = d->compiled;
        if (t && strcmp(table_sql_name(t->table), table) == 0)
            return t->exported || strcmp(t->plugin, reader->plugin) == 0;
    }
    i = 0;
    for (const struct decl *d; (d = registry_each(reader->registry, "type", &i));) {
        const struct content_type *t = d->compiled;
        if (t && strcmp(table_sql_name(t->pub), table) == 0) return true;
    }
    return false;
}
