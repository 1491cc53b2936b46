/* What a test expects: values, errors, snapshots. */
#include <string.h>

#include "base/diff.h"
#include "cli/spec_lua.h"

enum { VALUE_MAX = 4 << 20, SHORT = 120 };

static int expect(lua_State *L)
{
    struct err err;
    if (lua_toboolean(L, 2)) return 0;
    if (lua_isstring(L, 3))
        err_set_text(&err, ERR_REFUSED, "spec.expect", lua_tostring(L, 3));
    else
        err_set(&err, ERR_REFUSED, "spec.expect", NULL);
    return spec_raise(L, &err);
}

/* No error of Lua may pass while a buffer is open: values are taken before. */
static int compare(struct spec_file *f, const struct val *got, const struct val *wanted, const char *what,
                   struct err *err)
{
    struct buf g, w;
    int rc = 0;
    buf_init(&g, VALUE_MAX);
    buf_init(&w, VALUE_MAX);
    spec_text(&g, got, f->spec->options.zone);
    spec_text(&w, wanted, f->spec->options.zone);
    if (!buf_ok(&g) || !buf_ok(&w)) {
        rc = err_set(err, ERR_LIMIT, "limit.size", NULL);
    } else if (!val_equal(got, wanted)) {
        bool is_short = g.len < SHORT && w.len < SHORT && !strchr(g.data, '\n') && !strchr(w.data, '\n');
        struct diff_text old = {"wanted", w.data, w.len}, new = {"got", g.data, g.len};
        if (is_short)
            rc = err_set(err, ERR_REFUSED, what ? "spec.equal_what" : "spec.equal", "what", what, "wanted", w.data,
                         "got", g.data, NULL);
        else
            rc = err_set(err, ERR_REFUSED, what ? "spec.differs_what" : "spec.differs", "what", what, NULL);
        if (!is_short) diff_unified(&f->detail, &old, &new);
    }
    buf_close(&g);
    buf_close(&w);
    return rc;
}

static int equal(lua_State *L)
{
    struct val got = spec_take(L, 2), wanted = spec_take(L, 3);
    const char *what = luaL_optstring(L, 4, NULL);
    struct err err = {0};
    return compare(spec_file_of(L), &got, &wanted, what, &err) ? spec_raise(L, &err) : 0;
}

static int expect_error(lua_State *L)
{
    const char *code = luaL_checkstring(L, 2);
    struct err got, err;
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_pushvalue(L, 3);
    if (lua_pcall(L, 0, 0, 0) == LUA_OK) {
        err_set(&err, ERR_REFUSED, "spec.no_error", "code", code, NULL);
        return spec_raise(L, &err);
    }
    vm_to_err(L, -1, &got);
    if (strcmp(got.key, code) == 0) return 1; /* the error itself, for more to be expected of it */
    luaL_tolstring(L, -1, NULL);
    err_set(&err, ERR_REFUSED, "spec.other_error", "code", code, "got", got.key, "text", lua_tostring(L, -1), NULL);
    return spec_raise(L, &err);
}

static int look(struct spec_file *f, const char *name, const struct val *v, struct err *err)
{
    struct buf text;
    buf_init(&text, VALUE_MAX);
    if (v->type == VAL_STR)
        buf_add(&text, v->as.str.s, v->as.str.len); /* as it is: a page, a letter */
    else
        spec_text(&text, v, f->spec->options.zone);
    int rc = buf_ok(&text) ? spec_snapshot(&f->snapshots, name, text.data ? text.data : "", &f->detail, err)
                           : err_set(err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&text);
    return rc;
}

static int snapshot(lua_State *L)
{
    const char *name = luaL_checkstring(L, 2);
    struct val v = spec_take(L, 3);
    struct err err = {0};
    return look(spec_file_of(L), name, &v, &err) ? spec_raise(L, &err) : 0;
}

const luaL_Reg spec_expect_methods[] = {
    {"expect", expect}, {"equal", equal}, {"expect_error", expect_error}, {"snapshot", snapshot}, {NULL, NULL}};
