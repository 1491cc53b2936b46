/* What the outside world of a test says and hears: t:fetch_answers, t:mails, t:requests. */
#include <string.h>

#include "cli/spec_lua.h"
#include "outbox/outbox.h"

/* Does a text fit "POST https://example.org/a*"? A star stands for anything. */
static bool fits(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static bool is_asked(const char *key, const char *method, const char *url)
{
    size_t n = strlen(method);
    if (strncmp(key, method, n) == 0 && key[n] == ' ') return fits(key + n + 1, url);
    return !strchr(key, ' ') && fits(key, url); /* by any method */
}

/* Pushes the answer whose key fits and says most, or nil. The table of answers is on the top; it stays. */
static void push_best(lua_State *L, const char *method, const char *url)
{
    size_t best = 0;
    int answers = lua_gettop(L);
    lua_pushnil(L);
    for (lua_pushnil(L); lua_next(L, answers);) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        size_t says = key ? strlen(key) : 0;
        if (key && says > best && is_asked(key, method, url)) {
            best = says;
            lua_replace(L, answers + 1);
        } else {
            lua_pop(L, 1);
        }
    }
}

struct asking {
    const struct spec_file *f;
    const struct val *request;
    struct arena *arena;
    struct val *response;
};

static int ask(lua_State *L)
{
    struct asking *q = lua_touserdata(L, 1);
    struct err err = {0};
    if (!q->f->answers) return 0;
    vm_push_ref(L, q->f->answers);
    push_best(L, val_get_str(q->request, "method"), val_get_str(q->request, "url"));
    if (lua_isfunction(L, -1)) {
        vm_push_val(L, q->request);
        lua_call(L, 1, 1);
    }
    if (vm_to_val(L, -1, q->arena, q->response, &err) != 0) return spec_raise(L, &err);
    return 0;
}

int spec_file_answer(void *ctx, const struct val *request, struct arena *a, struct val *response, struct err *err)
{
    struct spec_file *f = ctx;
    struct asking q = {f, request, a, response};
    struct lua_State *L = f->L ? f->L : vm_main(f->vm);
    if (!lua_checkstack(L, 8)) return err_set(err, ERR_LIMIT, "limit.memory", NULL);
    lua_pushcfunction(L, ask);
    lua_pushlightuserdata(L, &q);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        vm_to_err(L, -1, err);
        lua_pop(L, 1);
        return err->code;
    }
    /* A status alone, or a text alone, are answers too. */
    struct val v = *response, whole = val_map();
    const char *key = v.type == VAL_INT ? "status" : v.type == VAL_STR ? "body" : NULL;
    if (key && val_set(a, &whole, key, v) != 0) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (key) *response = whole;
    if (response->type == VAL_LIST) *response = val_map(); /* {} */
    if (response->type == VAL_NIL || response->type == VAL_MAP) return 0;
    return err_set(err, ERR_INVALID, "spec.answer_form", "got", val_type_name(v.type), NULL);
}

/* Later answers stand beside earlier ones; the same key replaces. */
static int fetch_answers(lua_State *L)
{
    struct spec_file *f = spec_file_of(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    if (f->answers)
        vm_push_ref(L, f->answers);
    else
        lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, 2);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, 3);
    }
    if (!f->answers) f->answers = vm_ref(L, 3);
    return 0;
}

static int requests(lua_State *L)
{
    vm_push_val(L, &spec_file_of(L)->spec->world.requests);
    return 1;
}

/* Nothing is sent in khung test: mail stays in the outbox. */
static int mails(lua_State *L)
{
    struct spec *s = spec_file_of(L)->spec;
    struct val list, options = val_map();
    struct list_query q;
    struct err err = {0};
    const char *next;
    int rc = val_set(&s->arena, &options, "kind", val_str("mail"));
    if (rc == 0) rc = val_set(&s->arena, &options, "limit", val_int(1000));
    if (rc == 0) rc = list_read(&outbox_rows, &options, NULL, &s->arena, &q, &err);
    if (rc == 0) rc = outbox_page(s->app.db, &q, &s->arena, &list, &next, &err);
    if (rc) return spec_raise(L, &err);
    vm_push_val(L, &list);
    return 1;
}

const luaL_Reg spec_world_methods[] = {
    {"fetch_answers", fetch_answers}, {"mails", mails}, {"requests", requests}, {NULL, NULL}};
