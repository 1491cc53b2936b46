/* A state for tests: code keeps its function by keep(f) and waits by wait(). */
#ifndef KHUNG_TEST_VM_FIXTURE_H
#define KHUNG_TEST_VM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vm/vm_lua.h"

struct fixture {
    struct vm *vm;
    struct arena arena;
    struct err err;
    int kept;
};

static inline int keep(lua_State *L)
{
    struct fixture *f = vm_owner(vm_of(L));
    f->kept = vm_ref(L, 1);
    return 0;
}

static inline int wait_here(lua_State *L)
{
    return vm_wait(L);
}

static inline void open_state(struct fixture *f, size_t memory)
{
    struct vm_options o = {.name = "test", .memory_soft = memory, .owner = f};
    assert_int_equal(vm_new(&o, &f->vm, &f->err), 0);
    lua_State *L = vm_main(f->vm);
    lua_pushcfunction(L, keep);
    vm_set_global(L, "keep");
    lua_pushcfunction(L, wait_here);
    vm_set_global(L, "wait");
    f->kept = 0;
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    arena_init(&f->arena, 16 << 20);
    open_state(f, 8 << 20);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    vm_free(f->vm);
    arena_close(&f->arena);
    free(f);
    return 0;
}

/* Another state, since a state is frozen once. */
static inline void start_again(struct fixture *f)
{
    vm_free(f->vm);
    arena_reset(&f->arena);
    open_state(f, 8 << 20);
}

static inline int load(struct fixture *f, const char *text)
{
    return vm_run_chunk(f->vm, "t.lua", text, strlen(text), &f->err);
}

static inline int load_frozen(struct fixture *f, const char *text)
{
    int rc = load(f, text);
    return rc ? rc : vm_freeze(f->vm, &f->kept, f->kept ? 1 : 0, &f->err);
}

/* Calls the kept function without arguments. */
static inline int call(struct fixture *f, struct val *out)
{
    vm_limit_begin(f->vm, 50);
    int rc = vm_call(f->vm, f->kept, NULL, 0, &f->arena, out, &f->err);
    vm_limit_end(f->vm);
    return rc;
}

/* Runs the body of a function in a state that is not frozen. */
static inline int run(struct fixture *f, const char *body, struct val *out)
{
    char text[2000];
    snprintf(text, sizeof(text), "keep(function() %s\nend)", body);
    assert_int_equal(load(f, text), 0);
    return call(f, out);
}

static inline void expect_text(struct fixture *f, const char *body, const char *expected)
{
    struct val out = val_nil();
    int rc = run(f, body, &out);
    if (rc) print_message("%s: %s %s\n", body, f->err.key, f->err.text);
    assert_int_equal(rc, 0);
    assert_int_equal(out.type, VAL_STR);
    assert_string_equal(val_cstr(&f->arena, &out), expected);
}

static inline void expect_failure(struct fixture *f, const char *body, int code, const char *key)
{
    struct val out;
    int rc = run(f, body, &out);
    if (rc != code) print_message("%s: %d %s %s\n", body, rc, f->err.key, f->err.text);
    assert_int_equal(rc, code);
    if (key) assert_string_equal(f->err.key, key);
}

static inline struct vm_co *start(struct fixture *f, const char *body)
{
    struct vm_co *co;
    char text[2000];
    snprintf(text, sizeof(text), "keep(function(...) %s\nend)", body);
    assert_int_equal(load(f, text), 0);
    assert_int_equal(vm_co_new(f->vm, f->kept, &co, &f->err), 0);
    return co;
}

static inline int resume(struct fixture *f, struct vm_co *co, int64_t n, struct val *out)
{
    struct val in = val_int(n);
    vm_limit_begin(f->vm, 50);
    int rc = vm_co_resume(co, &in, 1, NULL, &f->arena, out, &f->err);
    vm_limit_end(f->vm);
    return rc;
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
