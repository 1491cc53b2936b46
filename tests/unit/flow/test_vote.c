/* The arithmetic of votes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "flow/flow_vote.h"

static struct vote_share share(const char *text)
{
    struct vote_share s;
    struct val v = val_str(text);
    assert_true(vote_share_parse(&v, &s));
    return s;
}

static bool reaches(const char *text, int64_t votes, int64_t all)
{
    struct vote_share s = share(text);
    return vote_share_reached(&s, votes, all);
}

static void shares_are_compared_as_integers(void **state)
{
    (void)state;
    assert_false(reaches("80%", 7, 9));
    assert_true(reaches("80%", 8, 9));
    assert_false(reaches("90%", 8, 9));
    assert_true(reaches("90%", 9, 10));
    assert_true(reaches("1/2", 5, 10));
    assert_false(reaches(">1/2", 5, 10));
    assert_true(reaches(">1/2", 6, 10));
    assert_true(reaches("2/3", 6, 9));
    assert_false(reaches("2/3", 666, 1000));
    assert_true(reaches("100%", 9, 9));
    assert_true(reaches("3", 3, 100));
    assert_false(reaches(">3", 3, 100));
    assert_true(reaches(">0%", 1, 100));
    assert_false(reaches(">0%", 0, 100));
    assert_false(reaches("1/2", 0, 0)); /* of nobody nothing is reached */
}

static void what_is_no_share_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "%",
                                      "x",
                                      "101%",
                                      ">100%",
                                      "3/2",
                                      "1/0",
                                      "0",
                                      "0%",
                                      "-1",
                                      "1.5",
                                      "80 %",
                                      "80%x",
                                      "1/",
                                      "/2",
                                      ">",
                                      ">=1/2",
                                      "9999999999",
                                      "99999999999999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct vote_share s;
        struct val v = val_str(bad[i]);
        if (vote_share_parse(&v, &s)) fail_msg("taken: %s", bad[i]);
    }
    struct vote_share s;
    struct val zero = val_int(0), many = val_int(1 << 30), number = val_num(0.5), list = val_list();
    assert_false(vote_share_parse(&zero, &s));
    assert_false(vote_share_parse(&many, &s));
    assert_false(vote_share_parse(&number, &s));
    assert_false(vote_share_parse(&list, &s));
}

struct row {
    enum vote_of of;
    enum vote_absent absent;
    const char *quorum, *threshold;
    int64_t yes, no, abstained, away;
    int64_t base;
    bool has_quorum, passed;
};

static void each_parameter_counts_as_it_says(void **state)
{
    static const struct row rows[] = {
        {VOTE_OF_MEMBERS, VOTE_WRITTEN, "1/2", ">1/2", 5, 1, 0, 3, 9, true, true},
        {VOTE_OF_MEMBERS, VOTE_WRITTEN, "1/2", ">1/2", 4, 1, 0, 4, 9, true, false},
        {VOTE_OF_MEMBERS, VOTE_NOT_COUNTED, "1/2", ">1/2", 4, 1, 0, 4, 5, true, true},
        {VOTE_OF_MEMBERS, VOTE_AGAINST, "1/2", "1/2", 4, 0, 0, 4, 8, true, true},
        {VOTE_OF_PRESENT, VOTE_WRITTEN, "1/2", ">1/2", 3, 1, 1, 4, 5, true, true},
        {VOTE_OF_PRESENT, VOTE_WRITTEN, "2/3", ">1/2", 3, 1, 1, 4, 5, false, false},
        {VOTE_OF_PRESENT, VOTE_AGAINST, "1/3", ">1/2", 3, 0, 0, 4, 7, true, false},
        {VOTE_OF_PRESENT, VOTE_NOT_COUNTED, "1/3", "80%", 7, 2, 0, 0, 9, true, false},
        {VOTE_OF_PRESENT, VOTE_NOT_COUNTED, "1/3", "80%", 8, 1, 0, 0, 9, true, true},
        {VOTE_OF_PRESENT, VOTE_WRITTEN, "1", "1/2", 0, 0, 0, 9, 0, false, false},
        {VOTE_OF_PRESENT, VOTE_WRITTEN, "1", "1/2", 0, 0, 3, 0, 3, true, false},
        {VOTE_OF_MEMBERS, VOTE_WRITTEN, "1", "1/2", 2, 2, 0, 0, 4, true, true}, /* at least half */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        struct vote v = {.of = r->of, .absent = r->absent, .noptions = 2, .options = {"approve", "reject"}};
        struct vote_tally t = {.members = r->yes + r->no + r->abstained + r->away,
                               .voted = r->yes + r->no + r->abstained,
                               .absent = r->away,
                               .abstained = r->abstained,
                               .counts = {r->yes, r->no}};
        struct vote_outcome o;
        v.quorum = share(r->quorum);
        v.threshold = share(r->threshold);
        vote_decide(&v, &t, &o);
        if (o.base != r->base || o.quorum != r->has_quorum || o.passed != r->passed)
            fail_msg("row %zu: of %d, quorum %d, passed %d", i, (int)o.base, o.quorum, o.passed);
        assert_true(!o.passed || o.winner == 0);
    }
}

static void of_several_the_one_with_most_wins_and_a_tie_is_none(void **state)
{
    struct vote v = {.of = VOTE_OF_PRESENT, .noptions = 3, .options = {"a", "b", "c"}};
    struct vote_tally t = {.members = 10, .voted = 10, .counts = {2, 5, 3}};
    struct vote_outcome o;
    (void)state;
    v.quorum = share("1/2");
    v.threshold = share("1/2");
    vote_decide(&v, &t, &o);
    assert_true(o.passed && o.winner == 1);
    t.counts[0] = t.counts[1] = 5;
    t.counts[2] = 0;
    vote_decide(&v, &t, &o);
    assert_true(!o.passed && o.winner == -1);
    t.counts[0] = 4;
    t.counts[1] = 3;
    t.counts[2] = 3;
    vote_decide(&v, &t, &o);
    assert_true(!o.passed && o.winner == -1);
}

static void where_it_goes_back_to_is_what_most_of_those_against_say(void **state)
{
    struct vote v = {.of = VOTE_OF_PRESENT, .noptions = 2, .options = {"approve", "reject"}, .nreturns = 3};
    struct vote_tally t = {.members = 6, .voted = 6, .counts = {2, 4}, .returns = {1, 2, 1}};
    struct vote_outcome o;
    (void)state;
    v.quorum = share("1/2");
    v.threshold = share("1/2");
    vote_decide(&v, &t, &o);
    assert_true(!o.passed && o.winner == 1 && o.returns_to == 1);
    t.returns[0] = 2; /* of two that as many said the first */
    vote_decide(&v, &t, &o);
    assert_int_equal(o.returns_to, 0);
    t.returns[0] = t.returns[1] = t.returns[2] = 0;
    vote_decide(&v, &t, &o);
    assert_int_equal(o.returns_to, -1);
    v.threshold = share("80%"); /* more for it than against it is no choice where it is too few */
    t.counts[0] = 4;
    t.counts[1] = 2;
    vote_decide(&v, &t, &o);
    assert_true(!o.passed && o.winner == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_compared_as_integers),
        cmocka_unit_test(what_is_no_share_is_refused),
        cmocka_unit_test(each_parameter_counts_as_it_says),
        cmocka_unit_test(where_it_goes_back_to_is_what_most_of_those_against_say),
        cmocka_unit_test(of_several_the_one_with_most_wins_and_a_tie_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
