/* loop.*: real plugins, a real database and the lane, under a virtual clock. */
#include "fixture.h"

#include "runtime/loop.h"

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    fixture_open(f);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static void load(struct fixture *f, const char *init)
{
    fixture_plugin(f, "tick", "", init);
    fixture_reload(f);
}

static void assert_notes(struct fixture *f, const char *expected)
{
    const char *notes = fixture_notes(f);
    if (strcmp(notes, expected) != 0) fail_msg("notes are \"%s\", not \"%s\"", notes, expected);
}

static struct loops_stats stats(struct fixture *f)
{
    struct loops_stats s;
    loops_stats(f->host.loops, &s);
    return s;
}

static void after_calls_once_when_its_time_has_come(void **state)
{
    struct fixture *f = *state;
    load(f, "test.handler('go', function() loop.after('10s', function() test.note('a') end) end)");
    fixture_call(f, "tick", "go");
    fixture_advance(f, 9999);
    assert_notes(f, "");
    fixture_advance(f, 1);
    assert_notes(f, "a");
    fixture_advance(f, 60000);
    assert_notes(f, "");
    assert_int_equal(stats(f).timers, 0);
    assert_int_equal(stats(f).jobs, 0);
}

static void every_is_declared_in_init_and_goes_on_until_it_is_stopped(void **state)
{
    struct fixture *f = *state;
    load(f, "local h = loop.every('1m', function() test.note('e') end)\n"
            "test.handler('stop', function() h:stop() end)");
    fixture_advance(f, 180000);
    assert_notes(f, "e e e");
    fixture_call(f, "tick", "stop");
    fixture_advance(f, 180000);
    assert_notes(f, "");
    assert_int_equal(stats(f).timers, 0);
}

static void every_does_not_overlap_itself(void **state)
{
    struct fixture *f = *state;
    load(f, "loop.every('1s', function() test.note('<') loop.sleep('2500ms') test.note('>') end)");
    fixture_advance(f, 8000);
    assert_notes(f, "< > < > <");
}

static void a_clock_that_jumps_ahead_makes_one_call(void **state)
{
    struct fixture *f = *state;
    load(f, "loop.every('1s', function() test.note('e') end)");
    clock_set(&f->host.clock, fixture_start + 86400000);
    lane_run(f->lane);
    assert_notes(f, "e");
    fixture_advance(f, 1000);
    assert_notes(f, "e");
}

static void cron_goes_by_the_zone_of_the_organisation(void **state)
{
    struct fixture *f = *state;
    load(f, "loop.cron('30 9 * * mon-fri', function() test.note('c') end)");
    fixture_advance(f, 29 * 60000);
    assert_notes(f, "");
    fixture_advance(f, 60000);
    assert_notes(f, "c");
    fixture_advance(f, (int64_t)6 * 86400000);
    assert_notes(f, "c c c c");
}

static void a_bad_cron_line_or_duration_is_refused_where_it_stands(void **state)
{
    struct fixture *f = *state;
    load(f, "test.handler('cron', function() loop.cron('nonsense', function() end) end)\n"
            "test.handler('days', function() loop.after('2 working days', function() end) end)");
    assert_int_equal(fixture_try(f, "tick", "cron"), ERR_INVALID);
    assert_string_equal(f->err.key, "cron.syntax");
    assert_int_equal(fixture_try(f, "tick", "days"), ERR_INVALID);
    assert_string_equal(f->err.key, "loop.duration");
}

static void what_a_refused_handler_began_never_begins(void **state)
{
    struct fixture *f = *state;
    load(f, "test.handler('go', function()\n"
            "  loop.after('1s', function() test.note('a') end)\n"
            "  loop.spawn(function() test.note('b') end)\n"
            "  loop.channel(3)\n"
            "  error('no')\nend)");
    assert_int_equal(fixture_try(f, "tick", "go"), ERR_PLUGIN);
    fixture_advance(f, 5000);
    assert_notes(f, "");
    assert_int_equal(stats(f).timers + stats(f).jobs + stats(f).channels, 0);
}

static void a_job_waits_for_another_and_gets_its_result_or_its_error(void **state)
{
    struct fixture *f = *state;
    load(f, "test.handler('go', function()\n"
            "  local good = loop.spawn(function() loop.sleep('1s') return { n = 7 } end)\n"
            "  local bad = loop.spawn(function() error{ code = 'my.no', message = 'no' } end)\n"
            "  loop.spawn(function()\n"
            "    test.note('n' .. good:wait().n)\n"
            "    local ok, e = pcall(bad.wait, bad)\n"
            "    test.note(tostring(ok) .. e.code)\n"
            "    test.note('again' .. good:wait().n)\n"
            "  end)\nend)");
    fixture_call(f, "tick", "go");
    assert_notes(f, "");
    fixture_advance(f, 1000);
    assert_notes(f, "n7 falsemy.no again7");
    assert_int_equal(stats(f).failed, 1);
}

static void an_error_in_one_callback_undoes_its_slice_and_stops_no_other(void **state)
{
    struct fixture *f = *state;
    load(f, "loop.every('1s', function() test.note('lost') error('broken') end)\n"
            "loop.every('1s', function() test.note('ok') end)");
    fixture_advance(f, 3000);
    assert_notes(f, "ok ok ok");
    assert_int_equal(stats(f).failed, 3);
}

static void a_wait_ends_the_slice_and_keeps_what_was_done_before(void **state)
{
    struct fixture *f = *state;
    load(f, "test.handler('go', function() loop.spawn(function()\n"
            "  test.note('kept') loop.sleep('1s') test.note('lost') error('broken') end) end)");
    fixture_call(f, "tick", "go");
    fixture_advance(f, 2000);
    assert_notes(f, "kept");
}

static void channels_hand_values_from_handlers_to_jobs_in_order(void **state)
{
    struct fixture *f = *state;
    load(f, "local ch = loop.channel(2)\n"
            "loop.spawn(function() while true do local x = ch:take() test.note(x.text) end end)\n"
            "test.handler('two', function() ch:put{ text = '1' } ch:put{ text = '2' } end)\n"
            "test.handler('three', function() for i = 1, 3 do ch:put{ text = 'x' } end end)");
    fixture_call(f, "tick", "two");
    assert_notes(f, "1 2");
    assert_int_equal(fixture_try(f, "tick", "three"), ERR_LIMIT);
    assert_string_equal(f->err.key, "loop.full");
    assert_notes(f, "");
    fixture_call(f, "tick", "two");
    assert_notes(f, "1 2");
}

static void a_job_that_puts_into_a_full_channel_waits_for_room(void **state)
{
    struct fixture *f = *state;
    load(f, "local ch = loop.channel(1)\n"
            "loop.spawn(function() for i = 1, 4 do ch:put(i) test.note('p' .. i) end end)\n"
            "test.handler('take', function() loop.spawn(function() test.note('t' .. ch:take()) end) end)");
    assert_notes(f, "p1");
    fixture_call(f, "tick", "take");
    assert_notes(f, "t1 p2");
    fixture_call(f, "tick", "take");
    assert_notes(f, "t2 p3");
}

static void take_gives_nil_when_its_time_is_over_and_on_a_closed_channel(void **state)
{
    struct fixture *f = *state;
    load(f, "local ch = loop.channel()\n"
            "test.handler('go', function() loop.spawn(function()\n"
            "  test.note('first ' .. tostring(ch:take{ within = '5s' }))\n"
            "  test.note('second ' .. tostring(ch:take()))\n"
            "  test.note(tostring((pcall(ch.put, ch, 1)))) end) end)\n"
            "test.handler('close', function() ch:close() end)");
    fixture_call(f, "tick", "go");
    fixture_advance(f, 4999);
    assert_notes(f, "");
    fixture_advance(f, 1);
    assert_notes(f, "first nil");
    fixture_call(f, "tick", "close");
    assert_notes(f, "second nil false");
}

static void a_value_that_a_failing_job_took_is_still_there_for_the_next(void **state)
{
    struct fixture *f = *state;
    load(f,
         "local ch = loop.channel(5)\n"
         "test.handler('put', function() ch:put('a') ch:put('b') end)\n"
         "test.handler('bad', function() loop.spawn(function() ch:take() error('no') end) end)\n"
         "test.handler('good', function() loop.spawn(function() test.note(ch:take()) test.note(ch:take()) end) end)");
    fixture_call(f, "tick", "put");
    fixture_call(f, "tick", "bad");
    fixture_call(f, "tick", "good");
    assert_notes(f, "a b");
}

static void waiting_in_a_handler_is_refused(void **state)
{
    struct fixture *f = *state;
    load(f, "test.handler('go', function() loop.sleep('1s') end)");
    assert_int_equal(fixture_try(f, "tick", "go"), ERR_REFUSED);
    assert_string_equal(f->err.key, "wait.impossible");
}

static void a_run_and_a_reader_are_refused_with_a_word_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct fixture_slice fs;
    static const struct {
        enum session_mode mode;
        const char *key;
    } cases[] = {{SESSION_RUN, "loop.in_run"}, {SESSION_READ, "loop.reading"}};
    load(f, "test.handler('go', function() loop.spawn(function() end) end)");
    for (size_t i = 0; i < 2; i++) {
        fixture_add(f, &fs, "tick", "go");
        fs.mode = cases[i].mode;
        lane_run(f->lane);
        assert_true(fs.failed);
        assert_string_equal(fs.err.key, cases[i].key);
    }
}

static void a_reload_ends_what_the_old_state_had_and_begins_the_new(void **state)
{
    struct fixture *f = *state;
    load(f, "loop.every('1s', function() test.note('old') end)\n"
            "local ch = loop.channel()\n"
            "loop.spawn(function() ch:take() end)\n"
            "loop.spawn(function() loop.sleep('2s') test.note('never') end)");
    fixture_advance(f, 1000);
    assert_notes(f, "old");
    load(f, "loop.every('1s', function() test.note('new') end)");
    fixture_advance(f, 3000);
    assert_notes(f, "new new new");
    assert_int_equal(stats(f).timers, 1);
    assert_int_equal(stats(f).jobs + stats(f).channels, 0);
}

static void a_plugin_that_fails_to_load_begins_nothing(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "tick", "", "loop.every('1s', function() test.note('no') end)\nerror('broken')");
    fixture_ok(f, "reload", fixture_try(f, NULL, NULL));
    fixture_advance(f, 3000);
    assert_notes(f, "");
    assert_int_equal(stats(f).timers, 0);
}

static void a_callback_given_while_loading_may_keep_nothing(void **state)
{
    struct fixture *f = *state;
    fixture_plugin(f, "tick", "", "local n = 0\nloop.every('1s', function() n = n + 1 end)");
    fixture_ok(f, "reload", fixture_try(f, NULL, NULL));
    struct registry *r = plugins_registry(f->host.plugins);
    struct plugin *p = registry_plugin(r, "tick");
    assert_false(p->ok);
    assert_string_equal(p->why->key, "lua.upvalue");
    registry_drop(r);
}

static void there_is_a_most_of_timers_jobs_and_channels(void **state)
{
    struct fixture *f = *state;
    load(f, "test.handler('timers', function() for i = 1, 1001 do loop.after('1h', function() end) end end)\n"
            "test.handler('jobs', function() for i = 1, 1001 do loop.spawn(function() loop.sleep('1h') end) end end)\n"
            "test.handler('channels', function() for i = 1, 1001 do loop.channel() end end)\n"
            "test.handler('most', function() for i = 1, 1000 do loop.after('1h', function() end) end end)");
    static const char *const names[] = {"timers", "jobs", "channels"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fixture_try(f, "tick", names[i]), ERR_LIMIT);
        assert_string_equal(f->err.key, "limit.loop");
        assert_string_equal(err_arg(&f->err, "what"), names[i]);
    }
    fixture_call(f, "tick", "most");
    assert_int_equal(stats(f).timers, 1000);
}

static void finished_jobs_make_room_for_new_ones(void **state)
{
    struct fixture *f = *state;
    load(f, "test.handler('go', function() for i = 1, 900 do loop.spawn(function() end) end end)");
    for (int i = 0; i < 5; i++)
        fixture_call(f, "tick", "go");
    assert_true(stats(f).jobs <= 1000);
    assert_int_equal(stats(f).slices, 4500);
}

static void channels_and_results_hold_no_more_than_their_bytes(void **state)
{
    struct fixture *f = *state;
    load(f, "local ch = loop.channel(1000)\n"
            "test.handler('go', function() local s = ('x'):rep(500000) for i = 1, 100 do ch:put(s) end end)");
    assert_int_equal(fixture_try(f, "tick", "go"), ERR_LIMIT);
    assert_string_equal(f->err.key, "limit.loop_bytes");
}

static void a_callback_that_computes_too_long_is_stopped(void **state)
{
    struct fixture *f = *state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it holds signals back until a system call, and there is none in the loop */
#endif
    load(f, "loop.after('1s', function() while true do pcall(function() while true do end end) end end)\n"
            "loop.after('2s', function() test.note('ok') end)");
    fixture_advance(f, 3000);
    assert_notes(f, "ok");
    assert_int_equal(stats(f).failed, 1);
}

static void when_a_batch_is_lost_a_fresh_callback_begins_anew_and_a_waiting_one_fails(void **state)
{
    struct fixture *f = *state;
    load(f, "test.handler('go', function()\n"
            "  loop.spawn(function() loop.sleep('1s') test.note('resumed') end)\n"
            "  loop.after('1s', function() test.note('fresh') end)\n"
            "end)");
    fixture_call(f, "tick", "go");
    store_test_fault(STORE_TEST_WRITE, 1, false, ERR_IO);
    fixture_advance(f, 1000);
    store_test_fault(0, 0, false, 0);
    assert_notes(f, "fresh");
    assert_int_equal(stats(f).failed, 1);
}

static int open_faulty(void **state)
{
    store_test_faults_start();
    return open_fixture(state);
}

static int close_faulty(void **state)
{
    close_fixture(state);
    store_test_faults_stop();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(after_calls_once_when_its_time_has_come),
        TEST(every_is_declared_in_init_and_goes_on_until_it_is_stopped),
        TEST(every_does_not_overlap_itself),
        TEST(a_clock_that_jumps_ahead_makes_one_call),
        TEST(cron_goes_by_the_zone_of_the_organisation),
        TEST(a_bad_cron_line_or_duration_is_refused_where_it_stands),
        TEST(what_a_refused_handler_began_never_begins),
        TEST(a_job_waits_for_another_and_gets_its_result_or_its_error),
        TEST(an_error_in_one_callback_undoes_its_slice_and_stops_no_other),
        TEST(a_wait_ends_the_slice_and_keeps_what_was_done_before),
        TEST(channels_hand_values_from_handlers_to_jobs_in_order),
        TEST(a_job_that_puts_into_a_full_channel_waits_for_room),
        TEST(take_gives_nil_when_its_time_is_over_and_on_a_closed_channel),
        TEST(a_value_that_a_failing_job_took_is_still_there_for_the_next),
        TEST(waiting_in_a_handler_is_refused),
        TEST(a_run_and_a_reader_are_refused_with_a_word_of_their_own),
        TEST(a_reload_ends_what_the_old_state_had_and_begins_the_new),
        TEST(a_plugin_that_fails_to_load_begins_nothing),
        TEST(a_callback_given_while_loading_may_keep_nothing),
        TEST(there_is_a_most_of_timers_jobs_and_channels),
        TEST(finished_jobs_make_room_for_new_ones),
        TEST(channels_and_results_hold_no_more_than_their_bytes),
        TEST(a_callback_that_computes_too_long_is_stopped),
        cmocka_unit_test_setup_teardown(when_a_batch_is_lost_a_fresh_callback_begins_anew_and_a_waiting_one_fails,
                                        open_faulty, close_faulty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
