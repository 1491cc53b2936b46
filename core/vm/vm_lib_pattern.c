/* string.find, match, gmatch and gsub on our own matcher (pattern.h), which a stop ends at any moment. */
#include <string.h>

#include "vm/pattern.h"
#include "vm/vm_internal.h"

/* Raises what went wrong; returns whether there is a match. */
static bool is_found(lua_State *L, const struct pattern *p, enum pattern_result rc)
{
    if (rc == PATTERN_FAILED) luaL_error(L, p->error, p->error_number);
    if (rc == PATTERN_STOPPED) vm_check_stop(L);
    return rc == PATTERN_FOUND;
}

/* Pushes the memory that it needs, or nil. */
static void compile(lua_State *L, struct pattern *p, const char *text, size_t len, bool anchors)
{
    pattern_init(p, &vm_of(L)->stop);
    if (len > PATTERN_MAX) luaL_error(L, "pattern too complex (more than %d bytes)", PATTERN_MAX);
    if (pattern_compile(p, text, len, anchors)) {
        lua_pushnil(L);
        return;
    }
    pattern_give(p, lua_newuserdatauv(L, pattern_memory(text, len), 0), text, len);
    pattern_compile(p, text, len, anchors);
}

static void push_text(lua_State *L, const char *s, size_t len)
{
    vm_make_room(L, len);
    lua_pushlstring(L, s, len);
}

/* Capture k, from 0; without captures the whole match is the first. */
static void push_capture(lua_State *L, const struct pattern *p, int k)
{
    const struct pattern_capture *capture = &p->captures[k];
    if (k >= p->ncaptures) {
        if (k > 0) luaL_error(L, "invalid capture index %%%d", k + 1);
        push_text(L, p->start, (size_t)(p->end - p->start));
    } else if (capture->len == CAPTURE_POSITION) {
        lua_pushinteger(L, capture->start - p->subject + 1);
    } else if (capture->len == CAPTURE_OPEN) {
        luaL_error(L, "unfinished capture");
    } else {
        push_text(L, capture->start, (size_t)capture->len);
    }
}

static int push_captures(lua_State *L, const struct pattern *p, bool whole)
{
    int n = p->ncaptures == 0 && whole ? 1 : p->ncaptures;
    luaL_checkstack(L, n, "too many captures");
    for (int k = 0; k < n; k++)
        push_capture(L, p, k);
    return n;
}

/* Argument `arg`, a place that may count from the end, as an offset; past the end: len + 1. */
static size_t check_init(lua_State *L, int arg, size_t len)
{
    lua_Integer init = luaL_optinteger(L, arg, 1);
    if (init > 0) return (lua_Unsigned)init > len + 1 ? len + 1 : (size_t)init - 1;
    return init == 0 || 0 - (lua_Unsigned)init >= len ? 0 : len - (size_t)(0 - (lua_Unsigned)init);
}

/* Has the text nothing that a pattern reads as a sign? */
static bool is_plain(lua_State *L, const char *text, size_t len)
{
    for (; len > PATTERN_MAX; text += PATTERN_MAX, len -= PATTERN_MAX) {
        if (!pattern_is_plain(text, PATTERN_MAX)) return false;
        vm_check_stop(L);
    }
    return pattern_is_plain(text, len);
}

static int push_place(lua_State *L, const struct pattern *p)
{
    lua_pushinteger(L, p->start - p->subject + 1);
    lua_pushinteger(L, p->end - p->subject);
    return 2;
}

static int find(lua_State *L)
{
    struct pattern p;
    size_t len, text_len;
    const char *s = luaL_checklstring(L, 1, &len), *text = luaL_checklstring(L, 2, &text_len);
    size_t init = check_init(L, 3, len);
    int n = 0;
    pattern_subject(&p, s, len);
    if (init <= len && (lua_toboolean(L, 4) || is_plain(L, text, text_len))) {
        pattern_init(&p, &vm_of(L)->stop);
        if (is_found(L, &p, pattern_search_text(&p, s + init, text, text_len))) return push_place(L, &p);
    } else if (init <= len) {
        compile(L, &p, text, text_len, true);
        if (is_found(L, &p, pattern_search(&p, s + init, NULL))) n = push_place(L, &p) + push_captures(L, &p, false);
    }
    if (n) return n;
    lua_pushnil(L);
    return 1;
}

static int match(lua_State *L)
{
    struct pattern p;
    size_t len, text_len;
    const char *s = luaL_checklstring(L, 1, &len), *text = luaL_checklstring(L, 2, &text_len);
    size_t init = check_init(L, 3, len);
    pattern_subject(&p, s, len);
    if (init <= len) {
        compile(L, &p, text, text_len, true);
        if (is_found(L, &p, pattern_search(&p, s + init, NULL))) return push_captures(L, &p, true);
    }
    lua_pushnil(L);
    return 1;
}

/* --- gmatch --- */

struct walk {
    struct pattern pattern;
    const char *from, *last;
};

/* Upvalues: subject, pattern, walk. */
static int next_match(lua_State *L)
{
    struct walk *w = lua_touserdata(L, lua_upvalueindex(3));
    struct pattern *p = &w->pattern;
    if (w->from > p->subject_end || !is_found(L, p, pattern_search(p, w->from, w->last))) return 0;
    w->from = w->last = p->end;
    return push_captures(L, p, true);
}

static int gmatch(lua_State *L)
{
    size_t len, text_len;
    const char *s = luaL_checklstring(L, 1, &len), *text = luaL_checklstring(L, 2, &text_len);
    size_t init = check_init(L, 3, len);
    lua_settop(L, 2);
    struct walk *w = lua_newuserdatauv(L, sizeof(*w), 1);
    compile(L, &w->pattern, text, text_len, false); /* '^' would keep it from going on: it stands for itself */
    lua_setiuservalue(L, 3, 1);
    pattern_subject(&w->pattern, s, len);
    w->from = s + init;
    w->last = NULL;
    lua_pushcclosure(L, next_match, 3);
    return 1;
}

/* --- gsub --- */

enum { REPLACEMENT = 3, VALUE = 4 }; /* places on the stack */

/* The value that was put aside; a buffer wants the top of the stack for itself. */
static void add_value(lua_State *L, luaL_Buffer *b)
{
    size_t len;
    const char *s = lua_tolstring(L, VALUE, &len);
    vm_add_text(b, s, len);
}

static void add_capture(lua_State *L, luaL_Buffer *b, const struct pattern *p, int k)
{
    const struct pattern_capture *capture = &p->captures[k];
    if (k < p->ncaptures && capture->len >= 0) {
        vm_add_text(b, capture->start, (size_t)capture->len);
        return;
    }
    push_capture(L, p, k);
    lua_replace(L, VALUE);
    add_value(L, b);
}

/* A text as replacement, with %0 to %9 and %% in it. */
static void add_template(lua_State *L, luaL_Buffer *b, const struct pattern *p)
{
    size_t len;
    const char *at = lua_tolstring(L, REPLACEMENT, &len), *end = at + len, *sign;
    while ((sign = memchr(at, '%', (size_t)(end - at)))) {
        char c = sign + 1 < end ? sign[1] : '\0';
        vm_add_text(b, at, (size_t)(sign - at));
        at = sign + 2;
        if (c == '%')
            vm_add_text(b, "%", 1);
        else if (c == '0')
            vm_add_text(b, p->start, (size_t)(p->end - p->start));
        else if (c >= '1' && c <= '9')
            add_capture(L, b, p, c - '1');
        else
            luaL_error(L, "invalid use of '%%' in replacement string");
        vm_check_stop(L);
    }
    vm_add_text(b, at, (size_t)(end - at));
}

/* What a function or a table gives for a match; false: the match stays. */
static bool add_result(lua_State *L, luaL_Buffer *b, const struct pattern *p, int type)
{
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, REPLACEMENT);
        lua_call(L, push_captures(L, p, true), 1);
    } else {
        push_capture(L, p, 0);
        lua_gettable(L, REPLACEMENT);
    }
    lua_replace(L, VALUE);
    if (!lua_toboolean(L, VALUE)) {
        vm_add_text(b, p->start, (size_t)(p->end - p->start));
        return false;
    }
    if (!lua_isstring(L, VALUE)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, VALUE));
    add_value(L, b);
    return true;
}

static int replace(lua_State *L, struct pattern *p, int type, lua_Integer most)
{
    luaL_Buffer b;
    const char *from = p->subject, *last = NULL;
    lua_Integer n = 0;
    bool changed = false;
    luaL_buffinit(L, &b);
    while (n < most && is_found(L, p, pattern_search(p, from, last))) {
        vm_add_text(&b, from, (size_t)(p->start - from));
        from = last = p->end;
        if (type != LUA_TFUNCTION && type != LUA_TTABLE) {
            add_template(L, &b, p);
            changed = true;
        } else if (add_result(L, &b, p, type)) {
            changed = true;
        }
        vm_check_stop(L);
        n++;
        if (p->anchored) break;
    }
    if (changed) {
        vm_add_text(&b, from, (size_t)(p->subject_end - from));
        luaL_pushresult(&b);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, n);
    return 2;
}

static int gsub(lua_State *L)
{
    struct pattern p;
    size_t len, text_len;
    const char *s = luaL_checklstring(L, 1, &len), *text = luaL_checklstring(L, 2, &text_len);
    int type = lua_type(L, REPLACEMENT);
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)len + 1);
    luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE,
                     REPLACEMENT, "string/function/table");
    lua_settop(L, VALUE);
    compile(L, &p, text, text_len, true);
    pattern_subject(&p, s, len);
    return replace(L, &p, type, most);
}

void vm_open_pattern(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"find", find}, {"match", match}, {"gmatch", gmatch}, {"gsub", gsub}, {NULL, NULL}};
    lua_getglobal(L, "string");
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
