/* Deadlines, and the API of dates, numbers and text. */
#include "base/kinds.h"
#include "base/zone.h"
#include "fixture.h"

static int64_t at(const char *zone, const char *local)
{
    int64_t ms;
    struct err err;
    assert_int_equal(zone_parse(zone_get(zone), local, strlen(local), &ms, &err), 0);
    return ms;
}

static void expect_term(struct fixture *f, const char *zone, const char *base, const char *when, const char *want)
{
    struct people_term t = {.db = f->db, .zone = zone, .base = at(zone, base)};
    struct val v = val_str(when);
    int64_t ms;
    int gap;
    fixture_ok(f, when, people_term(&t, &v, &ms, &gap, &f->err));
    if (ms != at(zone, want)) fail_msg("%s from %s: %lld is not %s", when, base, (long long)ms, want);
}

static void days_keep_the_wall_time_hours_do_not(void **state)
{
    struct fixture *f = *state;
    expect_term(f, "Europe/Berlin", "2021-03-27 09:00", "1d", "2021-03-28 09:00"); /* 23 hours later */
    expect_term(f, "Europe/Berlin", "2021-03-27 09:00", "24h", "2021-03-28 10:00");
    expect_term(f, "Europe/Berlin", "2021-10-30 09:00", "1w", "2021-11-06 09:00");
    expect_term(f, "Europe/Berlin", "2021-03-27 02:30", "1d", "2021-03-28 03:30"); /* into the gap */
    expect_term(f, "Asia/Ho_Chi_Minh", "2021-01-04 09:00", "1 day before", "2021-01-03 09:00");
    expect_term(f, "Asia/Ho_Chi_Minh", "2021-01-04 09:00", "90s", "2021-01-04 09:01:30");
    expect_term(f, "Asia/Ho_Chi_Minh", "2024-02-28 09:00", "1d", "2024-02-29 09:00");
}

static void working_days_follow_the_announced_calendar(void **state)
{
    struct fixture *f = *state;
    expect_term(f, "Asia/Ho_Chi_Minh", "2021-01-04 09:00", "2 working days", "2021-01-06 09:00");
    /* Tết, with a made-up Saturday. */
    expect_term(f, "Asia/Ho_Chi_Minh", "2021-02-08 17:30", "5 working days", "2021-02-20 17:30");
    expect_term(f, "Asia/Ho_Chi_Minh", "2021-02-22 08:00", "1 working day before", "2021-02-20 08:00");
}

static void year_without_a_calendar_is_told(void **state)
{
    struct fixture *f = *state;
    struct people_term t = {.db = f->db, .zone = f->host.zone, .base = at(f->host.zone, "2021-12-30 09:00")};
    struct val one = val_str("1 working day"), five = val_str("5 working days"),
               endless = val_str("99999 working days");
    int64_t ms;
    int gap = -1;
    fixture_ok(f, "one", people_term(&t, &one, &ms, &gap, &f->err));
    assert_int_equal(gap, 0);
    fixture_ok(f, "five", people_term(&t, &five, &ms, &gap, &f->err));
    assert_int_equal(gap, 2022);
    assert_int_equal(people_term(&t, &endless, &ms, &gap, &f->err), ERR_LIMIT);
}

static void deadline_takes_instants_dates_and_text(void **state)
{
    struct fixture *f = *state;
    struct val v, bad = val_str("soon"), list = val_list();
    int64_t ms;
    assert_int_equal(kind_instant(&f->a, 12345, f->host.zone, &v), 0);
    fixture_ok(f, "instant", people_deadline(&f->s, &v, f->s.now, &ms, &f->err));
    assert_int_equal(ms, 12345);
    assert_int_equal(kind_date(&f->a, fixture_day("2021-01-05"), &v), 0);
    fixture_ok(f, "date", people_deadline(&f->s, &v, f->s.now, &ms, &f->err));
    assert_int_equal(ms, at(f->host.zone, "2021-01-05 00:00"));
    v = val_str("2021-01-05 08:00");
    fixture_ok(f, "text", people_deadline(&f->s, &v, f->s.now, &ms, &f->err));
    assert_int_equal(ms, at(f->host.zone, "2021-01-05 08:00"));
    assert_int_equal(people_deadline(&f->s, &bad, f->s.now, &ms, &f->err), ERR_INVALID);
    assert_string_equal(f->err.key, "people.deadline");
    assert_string_equal(err_arg(&f->err, "text"), "soon");
    assert_int_equal(people_deadline(&f->s, &list, f->s.now, &ms, &f->err), ERR_INVALID);
}

static void local_text_in_fields_is_read_in_the_zone_of_the_organisation(void **state)
{
    struct fixture *f = *state;
    int64_t ms;
    fixture_ok(f, "read", f->host.time.instant(f->host.time.ctx, "2021-01-04 08:00", 16, &ms, &f->err));
    assert_int_equal(ms, at("UTC", "2021-01-04 01:00"));
}

static void expect_text(struct fixture *f, const char *fn, const char *args, const char *want)
{
    struct val v = fixture_call(f, fn, args);
    if (v.type == VAL_OBJ) v = *val_get(v.as.obj.fields, "text");
    assert_true(val_is(&v, VAL_STR));
    assert_string_equal(val_cstr(&f->a, &v), want);
}

static void dates_are_read_moved_and_written(void **state)
{
    struct fixture *f = *state;
    struct val v = fixture_call(f, "date.parse", "[\"04/01/2021\"]");
    assert_ptr_equal(v.as.obj.kind, &date_kind);
    assert_int_equal(v.as.obj.id, fixture_day("2021-01-04"));
    assert_int_equal(val_get_int(v.as.obj.fields, "weekday", 0), 1);
    assert_int_equal(fixture_call(f, "date.parse", "[\"32/01/2021\"]").type, VAL_NIL);
    expect_text(f, "date.today", "[]", "2021-01-04");
    expect_text(f, "date.now", "[]", "2021-01-04 09:00");
    expect_text(f, "date.add", "[\"2021-02-08\", \"5 working days\"]", "2021-02-20");
    expect_text(f, "date.add", "[\"2021-02-08 08:00\", \"2h\"]", "2021-02-08 10:00");
    expect_text(f, "date.add", "[\"2021-03-01\", \"1 day before\"]", "2021-02-28");
    expect_text(f, "date.format", "[\"2021-01-04\", \"long\"]", "ngày 04 tháng 01 năm 2021");
    expect_text(f, "date.format", "[\"2021-10-14\", \"long\"]", "ngày 14 tháng 10 năm 2021");
    expect_text(f, "date.format", "[\"2021-03-04\", \"long\"]", "ngày 04 tháng 3 năm 2021");
    expect_text(f, "date.format", "[\"2021-01-04\"]", "04/01/2021");
    expect_text(f, "date.format", "[\"2021-01-04 08:05\", \"time\"]", "08:05 ngày 04/01/2021");
    expect_text(f, "date.format", "[\"2021-01-04\", \"weekday\"]", "Thứ Hai, ngày 04/01/2021");
    f->s.lang = "en";
    expect_text(f, "date.format", "[\"2021-01-04\", \"long\"]", "4 January 2021");
    assert_int_equal(fixture_call(f, "date.between", "[\"2021-02-08\", \"2021-02-20\", \"working days\"]").as.i, 5);
    assert_int_equal(fixture_call(f, "date.between", "[\"2021-02-08\", \"2021-02-20\"]").as.i, 12);
    assert_int_equal(fixture_call(f, "date.between", "[\"2021-02-08 08:00\", \"2021-02-08 06:30\", \"minutes\"]").as.i,
                     -90);
    struct val out;
    assert_int_equal(fixture_try(f, "date.add", fixture_json(f, "[\"2021-02-08\", \"2h\"]"), &out), ERR_INVALID);
}

static void numbers_are_read_and_rounded_as_the_language_does(void **state)
{
    struct fixture *f = *state;
    struct val v = fixture_call(f, "number.parse", "[\"12.226\"]");
    assert_int_equal(v.type, VAL_INT);
    assert_int_equal(v.as.i, 12226);
    assert_int_equal(fixture_call(f, "number.parse", "[\"hàng chục tỷ đồng\"]").type, VAL_NIL);
    expect_text(f, "number.format", "[12226]", "12.226");
    static const struct {
        const char *args;
        double want;
    } percents[] = {{"[55337, 14000, 2]", 395.26},
                    {"[7, 9, 1]", 77.8},
                    {"[1, 8, 2]", 12.5},
                    {"[1, 8, 0]", 13},
                    {"[1, 200, 0]", 1},
                    {"[-1, 8, 0]", -13},
                    {"[1, 3, 6]", 33.333333},
                    {"[0, 5, 2]", 0},
                    {"[1005, 100000, 2]", 1.01},
                    {"[1, 40000, 4]", 0.0025},
                    {"[9000000000000000, 1, 0]", 9e17}};
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        v = fixture_call(f, "number.percent", percents[i].args);
        if (v.as.n != percents[i].want) fail_msg("%s: %.10f", percents[i].args, v.as.n);
    }
    assert_int_equal(fixture_call(f, "number.percent", "[1, 0]").type, VAL_NIL);
}

static void text_is_folded_and_put_in_vietnamese_order(void **state)
{
    struct fixture *f = *state;
    expect_text(f, "text.fold", "[\"Đề án\"]", "de an");
    expect_text(f, "text.slug", "[\"Thanh Hóa: Đổi mới\"]", "thanh-hoa-doi-moi");
    expect_text(f, "text.name_key", "[\"Trịnh Tuấn  Sinh \"]", "Sinh Trịnh Tuấn");
    expect_text(f, "text.name_key", "[\"Mai\"]", "Mai");
    /* Letters a ă â b c d đ e ê, then tones: none, huyền, hỏi, ngã, sắc, nặng. */
    static const char *const order[] = {"a", "à", "ả", "ã", "á", "ạ", "ă", "â", "b", "d", "đ", "e", "ê", "o", "ô", "ơ"};
    for (size_t i = 1; i < sizeof(order) / sizeof(order[0]); i++) {
        struct val args = val_list();
        struct val out;
        val_add(&f->a, &args, val_str(order[i - 1]));
        val_add(&f->a, &args, val_str(order[i]));
        fixture_ok(f, order[i], fixture_try(f, "text.compare", args, &out));
        if (out.as.i != -1) fail_msg("%s is not before %s", order[i - 1], order[i]);
    }
    assert_int_equal(fixture_call(f, "text.compare", "[\"đ\", \"đ\"]").as.i, 0);
    expect_text(f, "json.encode", "[{\"a\":[1,2.5,null]}]", "{\"a\":[1,2.5,null]}");
    struct val v = fixture_call(f, "json.decode", "[\"{\\\"a\\\":1}\"]");
    assert_int_equal(val_get_int(&v, "a", 0), 1);
}

static void people_are_called_as_plugins_call_them(void **state)
{
    struct fixture *f = *state;
    struct val out, args = val_list(), unit = fixture_call(f, "people.unit", "[\"a\"]");
    assert_ptr_equal(unit.as.obj.kind, &people_unit_kind);
    assert_string_equal(fixture_text(f, &unit, "name"), "Xã A");
    assert_int_equal(fixture_call(f, "people.unit", "[\"nowhere\"]").type, VAL_NIL);
    val_add(&f->a, &args, unit);
    val_add(&f->a, &args, val_str("province"));
    fixture_ok(f, "above", fixture_try(f, "unit:above", args, &out));
    assert_string_equal(fixture_text(f, &out, "code"), "province");
    out = fixture_call(f, "people.holders", "[\"editor\", \"office\", {\"at\":\"2021-01-31\"}]");
    assert_int_equal(out.as.list.n, 1);
    assert_string_equal(fixture_text(f, val_at(&out, 0), "name"), "Nguyễn Thị Lan");
    out = fixture_call(f, "people.holders", "[\"editor\", \"office\", {\"at\":\"01/02/2021\"}]");
    assert_int_equal(out.as.list.n, 0);
    assert_true(fixture_call(f, "people.may", "[\"hoa\", \"content.create\", \"a\"]").as.b);
    assert_false(fixture_call(f, "people.may", "[\"hoa\", \"content.create\", \"b\"]").as.b);
    assert_false(fixture_call(f, "people.may", "[\"hoa\", \"decide\", {\"position\":\"editor\"}]").as.b);
    assert_true(fixture_call(f, "people.may", "[\"lan\", \"decide\", {\"position\":\"editor\"}]").as.b);
}

static void delegation_names_its_last_day_and_is_ones_own_to_give(void **state)
{
    struct fixture *f = *state;
    static const char call[] = "[{\"from\":\"lan\",\"to\":\"hoa\",\"scope\":\"editor\",\"since\":\"2021-01-10\","
                               "\"until_\":\"2021-01-19\",\"act\":\"12/UQ\"}]";
    struct val out;
    f->s.actor = (struct actor){.user = 5, .person = fixture_person(f, "mai")};
    assert_int_equal(fixture_try(f, "people.delegate", fixture_json(f, call), &out), ERR_DENIED);
    f->s.actor.person = fixture_person(f, "lan");
    fixture_ok(f, "delegate", fixture_try(f, "people.delegate", fixture_json(f, call), &out));
    assert_int_equal(fixture_count(f, "select valid_to - valid_from from delegation"), 10);
    assert_int_equal(fixture_try(f, "people.delegate", fixture_json(f, "[{\"from\":\"lan\",\"to\":\"hoa\"}]"), &out),
                     ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(days_keep_the_wall_time_hours_do_not),
        TEST(working_days_follow_the_announced_calendar),
        TEST(year_without_a_calendar_is_told),
        TEST(deadline_takes_instants_dates_and_text),
        TEST(local_text_in_fields_is_read_in_the_zone_of_the_organisation),
        TEST(dates_are_read_moved_and_written),
        TEST(numbers_are_read_and_rounded_as_the_language_does),
        TEST(text_is_folded_and_put_in_vietnamese_order),
        TEST(people_are_called_as_plugins_call_them),
        TEST(delegation_names_its_last_day_and_is_ones_own_to_give),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
