/* Reload: what is the same goes on as it is, what changed is exchanged, what is bad leaves the old one serving. */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#include "plugin/readers.h"
#include "runtime/loop.h"

/* A module of the core that refuses the declarations named "bad", and those named "needs_good" without a "good". */
static int refuse_bad(void *ctx, struct session *s, struct registry *r, struct err *err)
{
    static const char *const wrong[] = {"bad", "needs_good"};
    (void)ctx;
    (void)s;
    for (size_t i = 0; i < 2; i++) {
        const struct decl *d = registry_find(r, "handler", NULL, wrong[i]);
        if (!d || (i == 1 && registry_find(r, "handler", NULL, "good"))) continue;
        err_set(err, ERR_REFUSED, "table.contract", "table", "t", "column", "c", NULL);
        err_add_arg(err, "plugin", d->plugin);
        return ERR_REFUSED;
    }
    return 0;
}

static int declare_type(struct api_call *c)
{
    return registry_declare(c->s, "kind_of_all", val_cstr(c->arena, &c->args[0]), NULL, c->err);
}

static int tries;

static int count_try(struct api_call *c)
{
    (void)c;
    tries++;
    return 0;
}

static const struct api_fn more_functions[] = {
    {"test.count", count_try, "", "", API_DECLARE, NULL, 1, "Counts how often the code of a plugin is run."},
    {"test.type", declare_type, "name:text!", "", API_DECLARE, NULL, 1,
     "Takes a name that is unique over all plugins."},
    {0},
};

static int open_fixture(void **state)
{
    static const struct decl_kind kind = {"kind_of_all", false, NULL, NULL};
    struct fixture *f = calloc(1, sizeof(*f));
    fixture_open(f);
    api_add(f->host.api, more_functions, NULL);
    plugins_add_kinds(f->host.plugins, &kind, 1);
    plugins_add_activation(f->host.plugins, refuse_bad, NULL);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static struct plugin_vm *vm_of(struct fixture *f, const char *plugin)
{
    return plugins_vm(f->host.plugins, plugin);
}

/* Notes "NAME VERSION" through the handler "say". */
static void speaking(struct fixture *f, const char *name, const char *word)
{
    char init[300];
    snprintf(init, sizeof(init), "test.handler('say', function() test.note('%s') end)", word);
    fixture_plugin(f, name, "", init);
}

static void assert_says(struct fixture *f, const char *plugin, const char *word)
{
    fixture_call(f, plugin, "say");
    assert_string_equal(fixture_notes(f), word);
}

static void try_reload(struct fixture *f)
{
    fixture_ok(f, "reload", fixture_try(f, NULL, NULL));
}

/* The key of what a failed version of a plugin says, "" when none is listed. */
static const char *failure(struct fixture *f, const char *plugin)
{
    static char key[64];
    struct plugin *const *list;
    struct registry *r = plugins_registry(f->host.plugins);
    size_t n = registry_plugins(r, &list);
    key[0] = '\0';
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i]->name, plugin) == 0 && !list[i]->ok) snprintf(key, sizeof(key), "%s", list[i]->why->key);
    registry_drop(r);
    return key;
}

static void what_did_not_change_keeps_its_state_and_its_timers(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "clock", "", "loop.every('1s', function() test.note('c') end)");
    speaking(f, "voice", "one");
    fixture_reload(f);
    struct plugin_vm *clock = vm_of(f, "clock"), *voice = vm_of(f, "voice");
    fixture_advance(f, 1500);
    assert_string_equal(fixture_notes(f), "c");
    speaking(f, "voice", "two");
    fixture_reload(f);
    assert_ptr_equal(vm_of(f, "clock"), clock);
    assert_ptr_not_equal(vm_of(f, "voice"), voice);
    assert_says(f, "voice", "two");
    fixture_advance(f, 500); /* the second that began before the reload */
    assert_string_equal(fixture_notes(f), "c");
}

static void registrations_of_the_old_version_are_gone(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", "", "test.handler('old', function() end)\ntest.type('shared')\non('p.x', function() end)");
    fixture_reload(f);
    fixture_plugin(f, "p", "", "test.handler('new', function() end)");
    fixture_plugin(f, "q", "", "test.type('shared')");
    fixture_reload(f);
    struct registry *r = plugins_registry(f->host.plugins);
    size_t i = 0;
    assert_null(registry_find(r, "handler", "p", "old"));
    assert_non_null(registry_find(r, "handler", "p", "new"));
    assert_string_equal(registry_find(r, "kind_of_all", NULL, "shared")->plugin, "q");
    assert_null(registry_each(r, "on", &i));
    registry_drop(r);
}

static void who_requires_a_changed_plugin_is_built_anew_with_it(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "lib", "", "");
    fixture_write(f, "lib", "word.lua", "return 'one'");
    fixture_plugin(f, "user", "}, requires = { lib = '1.0'",
                   "local w = require('lib.word')\n"
                   "test.handler('say', function() test.note(w) end)");
    speaking(f, "other", "o");
    fixture_reload(f);
    struct plugin_vm *other = vm_of(f, "other");
    char hash[DIGEST_HEX];
    memcpy(hash, vm_of(f, "user")->plugin->hash, sizeof(hash));
    assert_says(f, "user", "one");
    fixture_write(f, "lib", "word.lua", "return 'two'");
    fixture_reload(f);
    assert_says(f, "user", "two");
    assert_string_not_equal(vm_of(f, "user")->plugin->hash, hash);
    assert_ptr_equal(vm_of(f, "other"), other);
}

static void a_bad_new_version_leaves_the_old_one_and_is_listed(void **state)
{
    struct fixture *f = *state;
    speaking(f, "p", "one");
    fixture_reload(f);
    struct plugin_vm *old = vm_of(f, "p");
    fixture_write(f, "p", "init.lua", "this is no Lua");
    try_reload(f);
    assert_ptr_equal(vm_of(f, "p"), old);
    assert_string_equal(failure(f, "p"), "lua.syntax");
    assert_says(f, "p", "one");
    fixture_write(f, "p", "plugin.lua", "return { name = 'q', api = 1 }");
    try_reload(f);
    assert_ptr_equal(vm_of(f, "p"), old);
    speaking(f, "p", "one"); /* as it was */
    fixture_reload(f);
    assert_ptr_equal(vm_of(f, "p"), old);
    assert_string_equal(failure(f, "p"), "");
}

static void what_failed_by_itself_is_not_tried_again_with_another_one(void **state)
{
    struct fixture *f = *state;
    speaking(f, "old", "one");
    speaking(f, "p", "one");
    fixture_reload(f);
    fixture_plugin(f, "old", "", "test.count()\nerror('no')");
    fixture_plugin(f, "new", "", "test.count()\nerror('no')");
    fixture_plugin(f, "none", "", "");
    fixture_write(f, "none", "plugin.lua", "return 1");
    tries = 0;
    try_reload(f);
    assert_int_equal(tries, 2);
    for (int i = 0; i < 2; i++) {
        speaking(f, "p", i ? "two" : "three");
        fixture_ok(f, "p alone", fixture_try(f, "p", NULL));
        assert_says(f, "p", i ? "two" : "three");
        assert_int_equal(tries, 2);
        assert_string_equal(failure(f, "old"), "lua.error");
        assert_string_equal(failure(f, "new"), "lua.error");
        assert_string_equal(failure(f, "none"), "plugin.name");
        assert_says(f, "old", "one");
    }
    fixture_ok(f, "new", fixture_try(f, "new", NULL));
    assert_int_equal(tries, 3);
    try_reload(f);
    assert_int_equal(tries, 5);
}

static void what_waited_for_another_one_serves_with_it(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "user", "}, requires = { lib = '1.0'", "require('lib')");
    fixture_plugin(f, "twin", "", "test.type('shared')");
    speaking(f, "q", "one");
    fixture_plugin(f, "m", "", "test.type('shared')"); /* before the twin */
    try_reload(f);
    assert_string_equal(failure(f, "user"), "plugin.required_missing");
    assert_string_equal(failure(f, "twin"), "plugin.declared_twice");
    fixture_plugin(f, "lib", "", "error('no')");
    fixture_ok(f, "lib", fixture_try(f, "lib", NULL));
    assert_string_equal(failure(f, "user"), "plugin.required_failed");
    fixture_plugin(f, "lib", "", "");
    fixture_ok(f, "lib", fixture_try(f, "lib", NULL));
    assert_non_null(vm_of(f, "user"));
    assert_string_equal(failure(f, "user"), "");
    fixture_plugin(f, "m", "", "");
    fixture_ok(f, "m", fixture_try(f, "m", NULL));
    assert_non_null(vm_of(f, "twin"));
}

static void a_version_whose_activation_is_refused_leaves_the_old_one(void **state)
{
    struct fixture *f = *state;
    speaking(f, "p", "one");
    speaking(f, "q", "one");
    fixture_reload(f);
    struct plugin_vm *old = vm_of(f, "p");
    fixture_plugin(f, "p", "", "test.handler('bad', function() end)");
    speaking(f, "q", "two");
    try_reload(f);
    assert_ptr_equal(vm_of(f, "p"), old);
    assert_string_equal(failure(f, "p"), "table.contract");
    assert_says(f, "p", "one");
    assert_says(f, "q", "two"); /* the good one of the same reload is active */
}

static void a_plugin_that_breaks_another_one_is_the_one_that_stays_out(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "giver", "", "test.handler('good', function() end)");
    fixture_plugin(f, "taker", "", "test.handler('needs_good', function() end)");
    fixture_reload(f);
    struct plugin_vm *giver = vm_of(f, "giver"), *taker = vm_of(f, "taker");
    fixture_plugin(f, "giver", "", "test.handler('other', function() end)");
    try_reload(f);
    assert_ptr_equal(vm_of(f, "giver"), giver);
    assert_ptr_equal(vm_of(f, "taker"), taker);
    assert_string_equal(failure(f, "giver"), "table.contract");
}

static void a_new_plugin_cannot_take_the_name_of_one_that_serves(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "m", "", "test.type('article')");
    fixture_reload(f);
    struct plugin_vm *m = vm_of(f, "m");
    fixture_plugin(f, "a", "", "test.type('article')"); /* loaded before m */
    try_reload(f);
    assert_ptr_equal(vm_of(f, "m"), m);
    assert_null(vm_of(f, "a"));
    assert_string_equal(failure(f, "a"), "plugin.declared_twice");
}

static void at_the_first_load_a_bad_plugin_is_left_out_and_the_others_serve(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "p", "", "test.handler('bad', function() end)");
    speaking(f, "q", "one");
    fixture_plugin(f, "user", "}, requires = { p = '1.0'", "");
    try_reload(f);
    assert_null(vm_of(f, "p"));
    assert_null(vm_of(f, "user"));
    assert_string_equal(failure(f, "user"), "plugin.required_failed");
    assert_says(f, "q", "one");
}

static void plugins_that_require_each_other_are_refused(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "a", "}, requires = { b = '1.0'", "");
    fixture_plugin(f, "b", "}, requires = { a = '1.0'", "");
    speaking(f, "q", "one");
    try_reload(f);
    assert_null(vm_of(f, "a"));
    assert_null(vm_of(f, "b"));
    assert_string_equal(failure(f, "b"), "plugin.required_cycle");
    assert_says(f, "q", "one");
}

static void a_removed_folder_ends_its_plugin(void **state)
{
    struct fixture *f = *state;
    char path[200];
    speaking(f, "p", "one");
    speaking(f, "q", "one");
    fixture_reload(f);
    snprintf(path, sizeof(path), "%s/p/plugin.lua", f->plugins);
    assert_int_equal(remove(path), 0);
    fixture_reload(f);
    assert_null(vm_of(f, "p"));
    assert_says(f, "q", "one");
}

static void hundreds_of_reloads_leave_nothing_behind(void **state)
{
    struct fixture *f = *state;
    char word[16];
    fixture_plugin(f, "lib", "", "loop.every('1h', function() end)");
    fixture_plugin(f, "user", "}, requires = { lib = '1.0'", "");
    for (int i = 0; i < 300; i++) {
        snprintf(word, sizeof(word), "w%d", i);
        speaking(f, "p", word);
        if (i % 3 == 2) fixture_write(f, "p", "init.lua", "error('no')");
        try_reload(f);
    }
    struct loops_stats s;
    loops_stats(f->host.loops, &s);
    assert_int_equal(s.timers, 1);
    assert_says(f, "p", "w298");
}

/* A reader that looks again and again while plugins are exchanged. */
struct looking {
    struct reader_work work;
    struct fixture *f;
    atomic_bool stop;
    int looks, wrong;
};

static int look(struct reader_work *w, struct reader *r, struct err *err)
{
    struct looking *l = (struct looking *)w;
    struct stmt *s = store_stmt(r->db, "select serial from plugin_set", err);
    if (!s) return err->code;
    stmt_step(s, err);
    l->wrong += stmt_int(s, 0) != registry_serial(r->registry);
    l->looks++;
    stmt_done(s);
    return 0;
}

static void *look_on(void *arg)
{
    struct looking *l = arg;
    struct err err = {0};
    struct reader r = {.host = &l->f->host};
    struct store_options o = {.path = l->f->path, .role = STORE_READER};
    int rc = store_open(&o, &r.db, &err);
    while (rc == 0 && !atomic_load(&l->stop))
        rc = reader_run_here(&r, &l->work, &err);
    l->wrong += rc != 0;
    store_close(r.db);
    return NULL;
}

static void a_snapshot_and_its_registry_are_always_of_one_set(void **state)
{
    struct fixture *f = *state;
    struct looking l = {.work = {.run = look}, .f = f};
    char word[16];
    pthread_t thread;
    speaking(f, "p", "one");
    fixture_reload(f);
    assert_int_equal(pthread_create(&thread, NULL, look_on, &l), 0);
    for (int i = 0; i < 300; i++) {
        snprintf(word, sizeof(word), "w%d", i);
        speaking(f, "p", word);
        fixture_reload(f);
    }
    atomic_store(&l.stop, true);
    pthread_join(thread, NULL);
    assert_true(l.looks > 100);
    assert_int_equal(l.wrong, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_did_not_change_keeps_its_state_and_its_timers),
        TEST(registrations_of_the_old_version_are_gone),
        TEST(who_requires_a_changed_plugin_is_built_anew_with_it),
        TEST(a_bad_new_version_leaves_the_old_one_and_is_listed),
        TEST(what_failed_by_itself_is_not_tried_again_with_another_one),
        TEST(what_waited_for_another_one_serves_with_it),
        TEST(a_version_whose_activation_is_refused_leaves_the_old_one),
        TEST(a_plugin_that_breaks_another_one_is_the_one_that_stays_out),
        TEST(a_new_plugin_cannot_take_the_name_of_one_that_serves),
        TEST(at_the_first_load_a_bad_plugin_is_left_out_and_the_others_serve),
        TEST(plugins_that_require_each_other_are_refused),
        TEST(a_removed_folder_ends_its_plugin),
        TEST(a_snapshot_and_its_registry_are_always_of_one_set),
        TEST(hundreds_of_reloads_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
