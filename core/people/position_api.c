/* people.position, people.role: what is known of a position or a role by its code, whoever holds it. */
#include <string.h>

#include "people/people_internal.h"

/* "author editor" as a list. */
static int words(struct api_call *c, const char *text, struct val *out)
{
    *out = val_list();
    while (text && *text) {
        size_t n = strcspn(text, " ");
        char *word = arena_strndup(c->arena, text, n);
        if (!word || val_add(c->arena, out, val_str(word))) return ERR_NOMEM;
        text += n + (text[n] == ' ');
    }
    return 0;
}

/* The row's first column is a list of words, the others are texts; no row: nil. */
static int find(struct api_call *c, const char *sql, const char *list, const char *const *names)
{
    const char *code = api_str(&c->args[0]);
    struct val one;
    if (!code) return people_arg_bad(c, "code", "text", &c->args[0]);
    struct stmt *s = store_stmt(c->s->db, sql, c->err);
    if (!s) return c->err->code;
    stmt_bind_str(s, 1, code);
    int rc = stmt_step(s, c->err);
    c->result = val_nil();
    if (rc == 1) {
        c->result = val_map();
        bool bad = words(c, people_text(s, 0, c->arena), &one) || val_set(c->arena, &c->result, list, one);
        for (int i = 0; !bad && names[i]; i++) {
            const char *text = people_text(s, i + 1, c->arena);
            bad = text && val_set(c->arena, &c->result, names[i], val_str(text));
        }
        if (bad) rc = people_too_large(c->err);
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static int position(struct api_call *c)
{
    static const char sql[] = "select (select group_concat(role, ' ') from (select role from position_role where"
                              " position = ?1 order by role)), code, title, deputy_of from position where code = ?1";
    static const char *const names[] = {"code", "title", "deputy_of", NULL};
    return find(c, sql, "roles", names);
}

/* A role is what gives it verbs, or a position that carries it. */
static int role(struct api_call *c)
{
    static const char sql[] = "select (select group_concat(verb, ' ') from (select verb from role_verb where role = ?1"
                              " order by verb)), ?1 where exists (select 1 from role_verb where role = ?1 union all"
                              " select 1 from position_role where role = ?1)";
    static const char *const names[] = {"name", NULL};
    return find(c, sql, "verbs", names);
}

const struct api_fn position_functions[] = {
    {"people.position", position, "code:text!", "table?", API_READ, "people", 1,
     "The position with a code: {code, title, roles, deputy_of}."},
    {"people.role", role, "name:text!", "table?", API_READ, "people", 1, "The role of a name: {name, verbs}."},
    {0},
};
