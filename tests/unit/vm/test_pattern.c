/* The pattern matcher, by itself and as find, match, gmatch and gsub of plugins. What it does is compared with the
 * stock functions on random input by tests/fuzz/pattern.c. */
#include <signal.h>
#include <sys/time.h>

#include "base/clock.h"
#include "fixture.h"
#include "vm/pattern.h"

/* --- the matcher by itself --- */

static enum pattern_result search(struct pattern *p, const char *s, const char *text)
{
    pattern_init(p, NULL);
    assert_true(pattern_compile(p, text, strlen(text), true));
    pattern_subject(p, s, strlen(s));
    return pattern_search(p, s, NULL);
}

static void a_match_has_its_ends_and_captures(void **state)
{
    static const char s[] = "key = value";
    struct pattern p;
    (void)state;
    assert_int_equal(search(&p, s, "(%w+)%s*()=%s*(%w*)"), PATTERN_FOUND);
    assert_ptr_equal(p.start, s);
    assert_ptr_equal(p.end, s + 11);
    assert_int_equal(p.ncaptures, 3);
    assert_int_equal(p.captures[0].len, 3);
    assert_int_equal(p.captures[1].len, CAPTURE_POSITION);
    assert_ptr_equal(p.captures[1].start, s + 4);
    assert_ptr_equal(p.captures[2].start, s + 6);
    assert_int_equal(p.captures[2].len, 5);
    assert_int_equal(search(&p, s, "^value"), PATTERN_NONE);
    assert_int_equal(search(&p, s, "value$"), PATTERN_FOUND);
}

static void what_is_malformed_fails_when_it_is_reached(void **state)
{
    static const char *const malformed[] = {"a[b",  "a%", "a[]", "a%f",  "a%fb", "a%b",
                                            "a%bx", "a)", "a%1", "(a%1", "a%0"};
    struct pattern p;
    (void)state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        assert_int_equal(search(&p, "xxa", malformed[i]), PATTERN_FAILED);
        assert_non_null(p.error);
        assert_int_equal(search(&p, "xxb", malformed[i]), PATTERN_NONE);
    }
}

static void a_pattern_of_many_items_asks_for_memory(void **state)
{
    static char text[4096], s[4096];
    struct pattern p;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        memcpy(text + strlen(text), i % 2 ? "[ab]" : "b?", i % 2 ? 4 : 2);
        if (i % 2) s[i / 2] = 'a';
    }
    pattern_init(&p, NULL);
    assert_false(pattern_compile(&p, text, strlen(text), true));
    void *memory = malloc(pattern_memory(text, strlen(text)));
    pattern_give(&p, memory, text, strlen(text));
    assert_true(pattern_compile(&p, text, strlen(text), true));
    pattern_subject(&p, s, strlen(s));
    assert_int_equal(pattern_search(&p, s, NULL), PATTERN_FOUND);
    assert_ptr_equal(p.end, s + 500);
    s[499] = 'c';
    assert_int_equal(pattern_search(&p, s, NULL), PATTERN_NONE);
    free(memory);
}

static volatile sig_atomic_t stop;

static void on_alarm(int sig)
{
    (void)sig;
    stop = 1;
}

/* Searches that would take seconds to years, each in the midst of its work; prints how late it ends. */
static void expect_stopped(struct pattern *p, const char *text, size_t len, bool plain)
{
    struct itimerval soon = {.it_value = {.tv_usec = 3000}};
    enum pattern_result rc;
    pattern_init(p, &stop);
    stop = 0;
    assert_true(plain || pattern_compile(p, text, len, true));
    int64_t start = clock_thread_cpu_ns();
    setitimer(ITIMER_REAL, &soon, NULL);
    do /* one that ends by itself is done again */
        rc = plain ? pattern_search_text(p, p->subject, text, len) : pattern_search(p, p->subject, NULL);
    while (rc == PATTERN_NONE);
    int64_t took = clock_thread_cpu_ns() - start;
    if (took > 4000000) print_message("%.20s: %.2f ms after 3 ms\n", text, (double)took / 1e6);
    assert_int_equal(rc, PATTERN_STOPPED);
    assert_true(took < 100000000);
}

static void a_stop_ends_every_search(void **state)
{
    static const char *const patterns[] = {
        "a-a-b", "%a*b",   "()b",     "%b()",  "%f[b]",   "a?a?a?b", "(a-)%1b", ".-b", "[^a]", "a-a-a-a-a-a-a-a-a-a-b",
        "b",     "a[^a]+", "(a*)%1b", ".-[b]", "(.-)%1b", "%a-%a-b", ".*.*.*b", "aab",
    };
    static char s[1 << 22], text[1 << 21];
    struct pattern p;
    (void)state;
    signal(SIGALRM, on_alarm);
    pattern_subject(&p, s, sizeof(s));
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        memset(s, strcmp(patterns[i], "%b()") == 0 ? '(' : 'a', sizeof(s));
        expect_stopped(&p, patterns[i], strlen(patterns[i]), false);
    }
    memset(text, 'a', sizeof(text));
    for (size_t len = 1; len <= sizeof(text); len *= 2) {
        text[len - 1] = 'b';
        expect_stopped(&p, text, len, true);
        text[len - 1] = 'a';
        text[0] = 'b';
        expect_stopped(&p, text, len, true);
        text[0] = 'a';
    }
}

/* Plain text of every length at every place, where the first byte is rare and where it is everywhere. */
static void plain_text_is_found(void **state)
{
    static const int lengths[] = {1, 2, 3, 31, 257, 2047, 2048, 2049, 70000};
    static char s[200000], text[70001];
    struct pattern p;
    (void)state;
    pattern_init(&p, NULL);
    for (int frequent = 0; frequent < 2; frequent++)
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
            for (size_t at = 0; at + (size_t)lengths[i] < sizeof(s); at += 65521) {
                size_t n = (size_t)lengths[i];
                memset(text, 'a', n);
                text[n - 1] = 'b';
                memset(s, frequent ? 'a' : 'x', sizeof(s));
                memcpy(s + at, text, n);
                pattern_subject(&p, s, sizeof(s));
                assert_int_equal(pattern_search_text(&p, s, text, n), PATTERN_FOUND);
                assert_ptr_equal(p.end, s + at + n);
                text[n - 1] = 'c';
                assert_int_equal(pattern_search_text(&p, s, text, n), PATTERN_NONE);
            }
}

/* Long subjects are gone through in pieces: a match must not depend on where one ends. The subject is n times 'a',
 * then "bc". `begin` and `end` count from its end when negative. */
static void long_subjects_are_seen_whole(void **state)
{
    static const struct {
        const char *pattern;
        int begin, end;
    } cases[] = {
        {"^a*b", 0, -1},   {"^a-b", 0, -1},     {"^.-b", 0, -1},   {"^.*b", 0, -1},     {"^[ab]-c$", 0, 0},
        {"b", -2, -1},     {"[b]", -2, -1},     {"b+", -2, -1},    {"[b-y]+", -2, 0},   {"^(a*)b", 0, -1},
        {"^.*a", 0, -2},   {"^.*ab", 0, -1},    {"^%a*%a$", 0, 0}, {"^[^c]*", 0, -1},   {"%f[b]", -2, -2},
        {"()b", -2, -1},   {"^(.-)b()", 0, -1}, {"^a+[a]", 0, -2}, {"^.*[^b]b", 0, -1}, {"%bbc", -2, 0},
        {"^[a]-bc", 0, 0}, {"^%a+%a-c", 0, 0},  {"aab", -4, -1},
    };
    static const size_t lengths[] = {2, 4094, 4095, 4096, 4097, 8192, 65534, 65535, 65536, 65537, 131072, 200000};
    static char s[200010];
    struct pattern p;
    (void)state;
    for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
        size_t n = lengths[k] + 2;
        memset(s, 'a', n);
        memcpy(s + n - 2, "bc", 3);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            assert_int_equal(search(&p, s, cases[i].pattern), PATTERN_FOUND);
            size_t begin = cases[i].begin < 0 ? n - (size_t)-cases[i].begin : 0;
            assert_int_equal(p.start - s, begin);
            assert_int_equal(p.end - s, n - (size_t)-cases[i].end);
        }
    }
}

/* --- as plugins have it --- */

/* Each body gives a text. From the reference manual, 6.4. */
static void the_examples_of_the_manual(void **state)
{
    static const char *const examples[][2] = {
        {"local t = {} for w in string.gmatch('hello world from Lua', '%a+') do t[#t + 1] = w end "
         "return table.concat(t, '|')",
         "hello|world|from|Lua"},
        {"local t, s = {}, 'from=world, to=Lua' for k, v in string.gmatch(s, '(%w+)=(%w+)') do t[k] = v end "
         "return t.from .. t.to",
         "worldLua"},
        {"return (string.gsub('hello world', '(%w+)', '%1 %1'))", "hello hello world world"},
        {"return (string.gsub('hello world', '%w+', '%0 %0', 1))", "hello hello world"},
        {"return (string.gsub('hello world from Lua', '(%w+)%s*(%w+)', '%2 %1'))", "world hello Lua from"},
        {"return (string.gsub('home = $HOME, user = $USER', '%$(%w+)', function(n) return ({ HOME = '/home/roberto', "
         "USER = 'roberto' })[n] end))",
         "home = /home/roberto, user = roberto"},
        {"return (string.gsub('4+5 = $return 4+5$', '%$(.-)%$', function(s) return #s end))", "4+5 = 10"},
        {"return (string.gsub('$name-$version.tar.gz', '%$(%w+)', { name = 'lua', version = '5.4' }))",
         "lua-5.4.tar.gz"},
        {"local a, b, c = ('abc def'):match('(a*(.)%w(%s*))') return a .. '|' .. b .. '|' .. c", "abc |b| "},
        {"return table.concat({ ('flaaap'):match('()aa()') }, ',')", "3,5"},
        {"return ('THE (quick) fox'):match('%b()')", "(quick)"},
        {"return (('THE (quick) fox'):gsub('%f[%a]%a+', 'x'))", "x (x) x"},
        {"return ('x-7o]'):match('[0-7%l%-]+') .. ('a]b'):match('[]]') .. ('^-'):match('[%^-]+')", "x-7o]^-"},
        {"return tostring(('a\\0b'):find('%z')) .. ('a\\0b'):match('[^\\0]+$')", "2b"},
    };
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
        expect_text(*state, examples[i][0], examples[i][1]);
}

static void edges_of_find_match_gmatch_and_gsub(void **state)
{
    static const char *const cases[][2] = {
        {"return table.concat({ ('abc'):find('') }, ',')", "1,0"},
        {"return table.concat({ ('abc'):find('', 4) }, ',')", "4,3"},
        {"return tostring(('abc'):find('', 5)) .. tostring(('abc'):match('', 5)) .. tostring((('abc'):gmatch('', "
         "9)()))",
         "nilnilnil"},
        {"return table.concat({ ('a.b'):find('.', 1, true) }, ',')", "2,2"},
        {"return table.concat({ ('a)b'):find(')') }, ',')", "2,2"},
        {"return table.concat({ ('abcabc'):find('b', math.mininteger) }, ',')", "2,2"},
        {"return tostring(('abc'):find('b', math.maxinteger)) .. ('abc'):find('c', -1)", "nil3"},
        {"return ('abc'):gsub('', '-')", "-a-b-c-"},
        {"return ('hello world'):gsub('o', '', 1)", "hell world"},
        {"return ('abc'):gsub('^.', 'x')", "xbc"},
        {"return ('abc'):gsub('%w', '%%%0', -1)", "abc"},
        {"return ('abc'):gsub('b', 2.5)", "a2.5c"},
        {"return ('abc'):gsub('()', '%1')", "1a2b3c4"},
        {"return ('abc'):gsub('.', { a = 1, b = false })", "1bc"},
        {"return ('abab'):gsub('(a)(b)', function(x, y) return y .. x end)", "baba"},
        {"local t = {} for p in ('a1'):gmatch('()') do t[#t + 1] = p end return table.concat(t, ',')", "1,2,3"},
        {"local t = {} for x in ('^a^a'):gmatch('^a') do t[#t + 1] = x end return table.concat(t, ',')", "^a,^a"},
        {"return (tostring(12345):match('3(.*)')) .. (12345 .. ''):gsub('%d', '%0%0', 2)", "451122345"},
        {"return ('\\0a\\0\\0b'):gsub('%z+', '0')", "0a0b"},
        {"return ('x=1, x=2'):match('(%w)=.*%1=(%d)') .. ('\"it\\'s\"'):match('([\"\\'])(.-)%1')", "x\""},
        {"return ('ab'):rep(300):match(('a?b?'):rep(300) .. '$') == ('ab'):rep(300) and 'many' or 'few'", "many"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_text(*state, cases[i][0], cases[i][1]);
}

static void what_is_wrong_is_said(void **state)
{
    static const char *const cases[][2] = {
        {"('a'):find('[a')", "malformed pattern (missing ']')"},
        {"('a'):find('%')", "malformed pattern (ends with '%')"},
        {"('a'):match('%b')", "malformed pattern (missing arguments to '%b')"},
        {"('a'):match('%f')", "missing '[' after '%f' in pattern"},
        {"('a'):match('(a')", "unfinished capture"},
        {"('a'):match('a)')", "invalid pattern capture"},
        {"('a'):match('a%1')", "invalid capture index %1"},
        {"('a'):gsub('a', '%2')", "invalid capture index %2"},
        {"('a'):gsub('a', '%x')", "invalid use of '%' in replacement string"},
        {"('a'):gsub('a', { a = {} })", "invalid replacement value (a table)"},
        {"('a'):gsub('a', true)", "bad argument #2 to 'gsub' (string/function/table expected, got boolean)"},
        {"('a'):match(('()'):rep(33))", "too many captures"},
        {"('a'):match(('a?'):rep(40000))", "pattern too complex (more than 65536 bytes)"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_failure(f, cases[i][0], ERR_PLUGIN, "lua.error");
        assert_string_equal(f->err.text, cases[i][1]);
    }
}

static void a_result_is_at_most_one_block(void **state)
{
    struct fixture *f = *state;
    vm_free(f->vm);
    open_state(f, 64 << 20);
    expect_failure(f, "('a'):rep(1 << 16):gsub('a', ('b'):rep(100))", ERR_PLUGIN, "lua.error");
    assert_string_equal(f->err.text, "resulting string too large");
    expect_text(f, "return #('a'):rep(1 << 15):gsub('a', ('b'):rep(100)) .. ''", "3276800");
}

static void a_callback_that_matches_and_collects_does_not_disturb(void **state)
{
    expect_text(*state,
                "return ('one two six'):gsub('%a+', function(w) local n = 0 for c in w:gmatch('.') do n = n + "
                "c:byte() end return w:gsub('[aeiou]', function(v) return v:upper() .. n end) end)",
                "O322nE322 twO346 sI340x");
    expect_text(*state,
                "local it = ('a b'):gmatch(('%a'):rep(1) .. ('x?'):rep(60)) local t = {} for i = 1, 2000 do t = { {}, "
                "('x'):rep(i) } end return it() .. it() .. tostring((it()))",
                "abnil");
}

static void a_wait_inside_a_callback_is_refused(void **state)
{
    struct val out;
    struct vm_co *co = start(*state, "local ok, e = pcall(string.gsub, 'a', 'a', function() wait() end) return e.code");
    assert_int_equal(resume(*state, co, 0, &out), VM_DONE);
    struct fixture *f = *state;
    assert_string_equal(val_cstr(&f->arena, &out), "wait.impossible");
    vm_co_free(co);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_match_has_its_ends_and_captures),
        cmocka_unit_test(what_is_malformed_fails_when_it_is_reached),
        cmocka_unit_test(a_pattern_of_many_items_asks_for_memory),
        cmocka_unit_test(a_stop_ends_every_search),
        cmocka_unit_test(plain_text_is_found),
        cmocka_unit_test(long_subjects_are_seen_whole),
        ONE(the_examples_of_the_manual),
        ONE(edges_of_find_match_gmatch_and_gsub),
        ONE(what_is_wrong_is_said),
        ONE(a_result_is_at_most_one_block),
        ONE(a_callback_that_matches_and_collects_does_not_disturb),
        ONE(a_wait_inside_a_callback_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
