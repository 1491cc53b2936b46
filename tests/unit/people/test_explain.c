/* Why somebody may decide, or not: kinds and sentences, in both languages; bodies; delegations; signatures. */
#include "fixture.h"

#include "people/explain.h"
#include "people/verb.h"

static const char more[] =
    "{\"positions\":[{\"code\":\"chair\",\"title\":\"Chủ tịch\",\"rank\":1},{\"code\":\"vice_chair\",\"title\":\"Phó "
    "Chủ tịch\","
    "\"deputy_of\":\"chair\",\"rank\":2}],\"persons\":[{\"code\":\"thu\",\"name\":\"Phạm Thu\"}],"
    "\"holders\":[{\"position\":\"vice_chair\",\"person\":\"thu\",\"unit\":\"province\",\"from\":\"2020-01-01\",\"to\":"
    "\"2021-07-01\"}],"
    "\"bodies\":[{\"code\":\"council\",\"name\":\"Hội đồng Thi đua\",\"unit\":\"province\"}],"
    "\"body_terms\":[{\"body\":\"council\",\"name\":\"2016-2021\",\"from\":\"2016-01-01\",\"to\":\"2021-07-01\"},"
    "{\"body\":\"council\",\"name\":\"2021-2026\",\"from\":\"2021-07-01\",\"to\":\"2026-07-01\"}],"
    "\"body_members\":[{\"body\":\"council\",\"person\":\"mai\",\"term\":\"2016-2021\",\"capacity\":\"Chủ tịch\"},"
    "{\"body\":\"council\",\"person\":\"lan\",\"from\":\"2021-02-01\"},"
    "{\"body\":\"council\",\"person\":\"hoa\",\"term\":\"2021-2026\"}]}";

static int open_more(void **state)
{
    fixture_open(state);
    struct fixture *f = *state;
    struct val tree = fixture_json(f, more);
    fixture_ok(f, "import", people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
    return 0;
}
#define MORE(name) cmocka_unit_test_setup_teardown(name, open_more, fixture_close)

static struct val target_of(struct fixture *f, const char *position, const char *unit)
{
    struct val t = val_map();
    val_set(&f->a, &t, "position", val_str(position));
    val_set(&f->a, &t, "unit", val_int(fixture_unit(f, unit)));
    return t;
}

static struct val explain(struct fixture *f, struct val target, const char *person, const char *day, const char *lang)
{
    struct val why;
    struct people_capacity cap;
    fixture_ok(f, "explain",
               people_explain(f->db, &target, fixture_person(f, person), fixture_day(day), lang, &f->a, &why, &f->err));
    /* The answer is that of the decision itself. */
    int may = people_may_decide(&f->s, &target, fixture_person(f, person), fixture_day(day) * 86400000, &cap, &f->err);
    assert_int_equal(may == 1, val_get_bool(&why, "may", false));
    return why;
}

static void expect(struct fixture *f, struct val target, const char *person, const char *day, const char *kind,
                   const char *en, const char *vi)
{
    struct val why = explain(f, target, person, day, "en");
    assert_string_equal(fixture_text(f, &why, "kind"), kind);
    assert_string_equal(fixture_text(f, &why, "sentence"), en);
    why = explain(f, target, person, day, "vi");
    assert_string_equal(fixture_text(f, &why, "sentence"), vi);
}

static int64_t delegate(struct fixture *f, const char *args)
{
    struct val out;
    int rc = fixture_try(f, "people.delegate", fixture_json(f, args), &out);
    return rc ? rc : out.as.i;
}

static void holder_is_told_until_when(void **state)
{
    struct fixture *f = *state;
    struct val t = target_of(f, "vice_chair", "province");
    expect(f, t, "thu", "2021-01-04", "position", "Phạm Thu may decide as Phó Chủ tịch of Tỉnh until 30/06/2021.",
           "Phạm Thu được quyết định với tư cách Phó Chủ tịch Tỉnh đến hết ngày 30/06/2021.");
    struct val why = explain(f, t, "thu", "2021-01-04", "en");
    assert_int_equal(val_get(&why, "until")->as.obj.id, fixture_day("2021-06-30"));
    assert_int_equal(val_get(&why, "unit")->as.obj.id, fixture_unit(f, "province"));
    expect(f, t, "thu", "2021-07-01", "ended",
           "Phạm Thu may not decide any more: was Phó Chủ tịch of Tỉnh until 30/06/2021.",
           "Phạm Thu không còn được quyết định: chỉ là Phó Chủ tịch Tỉnh đến hết ngày 30/06/2021.");
    expect(f, t, "thu", "2019-12-31", "not_yet",
           "Phạm Thu may not decide yet: will be Phó Chủ tịch of Tỉnh from 01/01/2020.",
           "Phạm Thu chưa được quyết định: đến ngày 01/01/2020 mới là Phó Chủ tịch Tỉnh.");
    expect(f, target_of(f, "vice_chair", "a"), "thu", "2021-01-04", "elsewhere",
           "Phạm Thu may not decide: is Phó Chủ tịch of Tỉnh, but asked for is Phó Chủ tịch of Xã A.",
           "Phạm Thu không được quyết định: là Phó Chủ tịch Tỉnh, trong khi việc thuộc về Phó Chủ tịch Xã A.");
    expect(
        f, t, "hoa", "2021-01-04", "none",
        "Lê Hoa may not decide: neither holds what is asked for (Phó Chủ tịch of Tỉnh) nor stands in for anybody who "
        "does.",
        "Lê Hoa không được quyết định: không giữ chức vụ hay vai trò được yêu cầu (Phó Chủ tịch Tỉnh) và cũng không "
        "được người nắm giữ ủy quyền.");
    struct val person = val_map();
    val_set(&f->a, &person, "person", val_int(fixture_person(f, "mai")));
    expect(f, person, "hoa", "2021-01-04", "named", "Lê Hoa may not decide: it was asked of Trần Mai.",
           "Lê Hoa không được quyết định: việc được giao cho Trần Mai.");
    expect(f, person, "mai", "2021-01-04", "named", "Trần Mai may decide: it was asked of this very person.",
           "Trần Mai được quyết định vì việc được giao đích danh.");
}

static void delegation_is_told_with_its_act(void **state)
{
    struct fixture *f = *state;
    struct val t = target_of(f, "vice_chair", "province");
    assert_true(delegate(f, "[{\"from\":\"thu\",\"to\":\"hoa\",\"scope\":\"vice_chair\",\"since\":\"2021-01-04\","
                            "\"until_\":\"2021-02-15\",\"act\":\"12/UQ\"}]") > 0);
    expect(f, t, "hoa", "2021-02-15", "delegation",
           "Lê Hoa may decide, standing in for Phạm Thu (Phó Chủ tịch of Tỉnh until 30/06/2021) by act 12/UQ until "
           "15/02/2021.",
           "Lê Hoa được quyết định thay Phạm Thu (Phó Chủ tịch Tỉnh đến hết ngày 30/06/2021) theo văn bản ủy quyền số "
           "12/UQ, có hiệu lực đến hết ngày 15/02/2021.");
    expect(f, t, "hoa", "2021-02-16", "delegation_ended",
           "Lê Hoa may not decide any more: stood in for Phạm Thu until 15/02/2021.",
           "Lê Hoa không còn được quyết định: chỉ làm thay Phạm Thu đến hết ngày 15/02/2021.");
    expect(f, t, "hoa", "2021-01-03", "delegation_not_yet",
           "Lê Hoa may not decide yet: will stand in for Phạm Thu from 04/01/2021.",
           "Lê Hoa chưa được quyết định: đến ngày 04/01/2021 mới làm thay Phạm Thu.");
    expect(f, target_of(f, "chair", "province"), "hoa", "2021-01-04", "scope",
           "Lê Hoa may not decide: what Phạm Thu delegated does not cover this (Chủ tịch of Tỉnh).",
           "Lê Hoa không được quyết định: nội dung Phạm Thu ủy quyền không bao gồm việc này (Chủ tịch Tỉnh).");
    /* She loses the office: what she delegated ends with it. */
    struct val tree =
        fixture_json(f, "{\"holders\":[{\"position\":\"vice_chair\",\"person\":\"thu\",\"unit\":\"province\","
                        "\"from\":\"2020-01-01\",\"to\":\"2021-02-01\"}]}");
    fixture_ok(f, "import", people_import(f->db, &tree, f->s.now, 0, &f->a, NULL, &f->err));
    expect(f, t, "hoa", "2021-02-01", "delegator",
           "Lê Hoa may not decide: stands in for Phạm Thu, who does not hold what is asked for (Phó Chủ tịch of Tỉnh).",
           "Lê Hoa không được quyết định: làm thay Phạm Thu, nhưng người này không nắm giữ điều được yêu cầu (Phó Chủ "
           "tịch Tỉnh).");
}

static void delegation_is_not_passed_on_nor_around(void **state)
{
    struct fixture *f = *state;
    struct val t = target_of(f, "vice_chair", "province"), out;
    assert_true(delegate(f, "[{\"from\":\"thu\",\"to\":\"mai\",\"since\":\"2021-01-04\",\"until_\":\"2021-12-31\"}]") >
                0);
    /* mai holds nothing of it herself: she cannot give it on, by name … */
    assert_int_equal(delegate(f, "[{\"from\":\"mai\",\"to\":\"hoa\",\"scope\":\"vice_chair\",\"since\":\"2021-01-04\","
                                 "\"until_\":\"2021-12-31\"}]"),
                     ERR_REFUSED);
    assert_string_equal(f->err.key, "people.delegate_nothing");
    /* … nor with all that she has; and what comes back round gives nothing new. */
    assert_true(delegate(f, "[{\"from\":\"mai\",\"to\":\"hoa\",\"since\":\"2021-01-04\",\"until_\":\"2021-12-31\"}]") >
                0);
    assert_true(delegate(f, "[{\"from\":\"mai\",\"to\":\"thu\",\"since\":\"2021-01-04\",\"until_\":\"2021-12-31\"}]") >
                0);
    struct val why = explain(f, t, "hoa", "2021-01-04", "en");
    assert_string_equal(fixture_text(f, &why, "kind"), "delegator");
    why = explain(f, t, "mai", "2021-01-04", "en");
    assert_string_equal(fixture_text(f, &why, "kind"), "delegation");
    why = explain(f, t, "thu", "2021-07-01", "en"); /* her office is over; mai only stood in for her */
    assert_true(!val_get_bool(&why, "may", true));
    why = explain(f, t, "mai", "2021-07-01", "en");
    assert_string_equal(fixture_text(f, &why, "kind"), "delegator");
    (void)out;
}

static void same_delegation_on_the_same_days_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char once[] = "[{\"from\":\"thu\",\"to\":\"hoa\",\"since\":\"2021-01-04\",\"until_\":\"2021-02-15\"}]";
    struct val out, list;
    int64_t id = delegate(f, once);
    assert_true(id > 0);
    assert_int_equal(delegate(f, once), ERR_CONFLICT);
    assert_true(delegate(f, "[{\"from\":\"thu\",\"to\":\"mai\",\"since\":\"2021-01-04\",\"until_\":\"2021-02-15\"}]") >
                0);
    assert_true(delegate(f, "[{\"from\":\"thu\",\"to\":\"hoa\",\"since\":\"2021-02-16\",\"until_\":\"2021-02-20\"}]") >
                0);
    list = fixture_call(f, "people.delegations", "[{\"person\":\"hoa\",\"at\":\"2021-01-10\"}]");
    assert_int_equal(list.as.list.n, 1);
    assert_true(val_get_bool(val_at(&list, 0), "holds", false));
    assert_int_equal(val_get(val_at(&list, 0), "until")->as.obj.id, fixture_day("2021-02-15"));
    list = fixture_call(f, "people.delegations", "[{\"person\":\"thu\",\"at\":\"2021-01-10\"}]");
    assert_int_equal(list.as.list.n, 2);
    /* Who was given it cannot end it; who gave it can. */
    struct val args = val_list();
    val_add(&f->a, &args, val_int(id));
    f->s.actor = (struct actor){.user = 1, .person = fixture_person(f, "hoa")};
    assert_int_equal(fixture_try(f, "people.revoke", args, &out), ERR_DENIED);
    f->s.actor.person = fixture_person(f, "thu");
    fixture_ok(f, "revoke", fixture_try(f, "people.revoke", args, &out));
    f->s.actor = (struct actor){0};
    list = fixture_call(f, "people.delegations", "[{\"person\":\"hoa\",\"at\":\"2021-01-10\"}]");
    assert_int_equal(list.as.list.n, 0);
}

static void body_has_members_by_date_and_terms(void **state)
{
    struct fixture *f = *state;
    struct val body = fixture_call(f, "people.body", "[\"council\",{\"at\":\"2021-01-04\"}]"), args = val_list(), list;
    assert_string_equal(fixture_text(f, &body, "term"), "2016-2021");
    val_add(&f->a, &args, body);
    fixture_ok(f, "members", fixture_try(f, "body:members", args, &list)); /* now: 2021-01-04 */
    assert_int_equal(list.as.list.n, 1);
    assert_string_equal(fixture_text(f, val_at(&list, 0), "capacity"), "Chủ tịch");
    val_add(&f->a, &args, fixture_json(f, "{\"at\":\"2021-07-01\"}"));
    fixture_ok(f, "members", fixture_try(f, "body:members", args, &list));
    assert_int_equal(list.as.list.n, 2); /* lan and hoa; mai's term is over */
    struct val t = fixture_json(f, "{\"body\":\"council\"}");
    expect(f, t, "mai", "2021-01-04", "body", "Trần Mai may decide as Chủ tịch of Hội đồng Thi đua until 30/06/2021.",
           "Trần Mai được quyết định với tư cách Chủ tịch Hội đồng Thi đua đến hết ngày 30/06/2021.");
    expect(f, t, "hoa", "2021-01-04", "not_yet",
           "Lê Hoa may not decide yet: will be member of Hội đồng Thi đua from 01/07/2021.",
           "Lê Hoa chưa được quyết định: đến ngày 01/07/2021 mới là thành viên Hội đồng Thi đua.");
    /* A seat goes with the person, unless the delegation names the body. */
    assert_true(delegate(f, "[{\"from\":\"mai\",\"to\":\"thu\",\"since\":\"2021-01-04\",\"until_\":\"2021-02-15\"}]") >
                0);
    struct val why = explain(f, t, "thu", "2021-01-04", "en");
    assert_true(!val_get_bool(&why, "may", true));
    assert_true(delegate(f,
                         "[{\"from\":\"mai\",\"to\":\"thu\",\"scope\":{\"body\":\"council\"},\"since\":\"2021-01-04\","
                         "\"until_\":\"2021-02-15\"}]") > 0);
    why = explain(f, t, "thu", "2021-01-04", "en");
    assert_true(val_get_bool(&why, "may", false));
    struct people_capacity cap;
    people_may_decide(&f->s, &t, fixture_person(f, "thu"), f->s.now, &cap, &f->err);
    assert_string_equal(cap.as, "body:council");
    assert_int_equal(cap.on_behalf_of, fixture_person(f, "mai"));
    assert_int_equal(people_can_anybody(&f->s, &t, f->s.now, &f->err), 1);
    assert_int_equal(people_can_anybody(&f->s, &t, fixture_day("2015-01-01") * 86400000, &f->err), 0);
}

static void all_who_may_decide_are_found(void **state)
{
    struct fixture *f = *state;
    delegate(f, "[{\"from\":\"thu\",\"to\":\"hoa\",\"since\":\"2021-01-04\",\"until_\":\"2021-02-15\"}]");
    delegate(f, "[{\"from\":\"hoa\",\"to\":\"mai\",\"since\":\"2021-01-04\",\"until_\":\"2021-02-15\"}]");
    struct val list = fixture_call(f, "people.deciders", "[{\"position\":\"vice_chair\",\"unit\":\"province\"}]");
    assert_int_equal(list.as.list.n, 2); /* thu, and hoa for her; not mai */
    list = fixture_call(f, "people.deciders", "[{\"role\":\"editor\",\"unit\":\"a\"}]");
    assert_int_equal(list.as.list.n, 1);
    list = fixture_call(f, "people.deciders", "[{\"role\":\"editor\",\"unit\":\"a\"},{\"at\":\"2021-02-01\"}]");
    assert_int_equal(list.as.list.n, 0);
}

static void verb_is_explained_by_role_and_unit(void **state)
{
    struct fixture *f = *state;
    struct val why;
    struct actor lan = {.user = 1, .person = fixture_person(f, "lan")};
    int64_t a = fixture_unit(f, "a"), day = fixture_day("2021-01-04");
    fixture_ok(f, "why",
               people_explain_verb(f->db, &lan, &(struct people_act){.verb = "content.publish", .unit = a, .day = day},
                                   "en", &f->a, &why, &f->err));
    assert_string_equal(fixture_text(f, &why, "sentence"),
                        "Allowed (content.publish): is Biên tập of Văn phòng until 31/01/2021, which carries the role "
                        "editor.");
    day = fixture_day("2021-02-01");
    fixture_ok(f, "why",
               people_explain_verb(f->db, &lan, &(struct people_act){.verb = "content.publish", .unit = a, .day = day},
                                   "vi", &f->a, &why, &f->err));
    assert_true(!val_get_bool(&why, "may", true));
    assert_string_equal(fixture_text(f, &why, "sentence"),
                        "Không được phép (content.publish): không có vai trò nào cho phép việc này tại đây (editor).");
    struct val list;
    day = fixture_day("2021-01-04");
    struct people_who who = {
        .act = {.verb = "content.publish", .unit = a, .day = day}, .lang = "en", .limit = 10, .after = -1};
    fixture_ok(f, "who", people_who_can(f->db, &who, &f->a, &list, &f->err));
    assert_int_equal(list.as.list.n, 1);
    assert_string_equal(fixture_text(f, val_at(&list, 0), "user"), "lan");
    who.after = val_get_int(val_at(&list, 0), "id", 0);
    who.after_account = val_get_int(val_at(&list, 0), "account", 0);
    fixture_ok(f, "who", people_who_can(f->db, &who, &f->a, &list, &f->err));
    assert_int_equal(list.as.list.n, 0);
}

static void who_is_locked_out_may_nothing(void **state)
{
    struct fixture *f = *state;
    struct val why, list;
    struct people_account account;
    int64_t a = fixture_unit(f, "a"), day = fixture_day("2021-01-04"), lan = fixture_person(f, "lan");
    struct people_who who = {
        .act = {.verb = "content.publish", .unit = a, .day = day}, .lang = "en", .limit = 10, .after = -1};
    assert_int_equal(people_account_find(f->db, "lan", &account, &f->err), 1);
    fixture_ok(f, "off", people_account_disable(f->db, account.id, true, f->s.now, &f->err));
    fixture_ok(f, "who", people_who_can(f->db, &who, &f->a, &list, &f->err));
    assert_int_equal(list.as.list.n, 0);
    struct actor actor = {.user = account.id, .person = lan};
    fixture_ok(f, "why", people_explain_verb(f->db, &actor, &who.act, "en", &f->a, &why, &f->err));
    assert_string_equal(fixture_text(f, &why, "kind"), "disabled");
    assert_true(!val_get_bool(&why, "may", true));
    list = fixture_call(f, "people.deciders", "[{\"position\":\"editor\",\"unit\":\"office\"}]");
    for (size_t i = 0; val_at(&list, i); i++)
        assert_true(val_get(val_at(&list, i), "person")->as.obj.id != lan);
    /* By another account of theirs they still may. */
    int64_t second;
    struct people_account_new n = {.name = "lan2", .person = lan};
    fixture_ok(f, "second", people_account_add(f->db, &n, f->s.now, &second, &f->err));
    fixture_ok(f, "who", people_who_can(f->db, &who, &f->a, &list, &f->err));
    assert_int_equal(list.as.list.n, 1);
    assert_string_equal(fixture_text(f, val_at(&list, 0), "user"), "lan2");
}

static void a_verb_is_known_by_the_program_or_by_a_role(void **state)
{
    struct fixture *f = *state;
    static const char *const unknown[] = {"content.publsh",     "user.nothing", "",   "content.*",
                                          "content.edit@draft", "mine.own",     "a@b"};
    assert_int_equal(people_verb_known(f->db, "content.publish", &f->err), 0);
    assert_int_equal(people_verb_known(f->db, "user.list", &f->err), 0);
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_int_equal(people_verb_known(f->db, unknown[i], &f->err), ERR_INVALID);
        assert_string_equal(f->err.key, "people.no_verb");
        err_clear(&f->err);
    }
    fixture_call(f, "people.import", "[{\"roles\":[{\"name\":\"mine\",\"verbs\":[\"mine.own\"]}]}]");
    assert_int_equal(people_verb_known(f->db, "mine.own", &f->err), 0);
    assert_string_equal(people_verb_nearest("content.publsh"), "content.publish");
    assert_int_equal(people_verb_unit("audit.read", 7), PEOPLE_WHOLE);
    assert_int_equal(people_verb_unit("flow.operate", 7), PEOPLE_ANY_UNIT);
    assert_int_equal(people_verb_unit("content.publish", 7), 7);
}

static const char *because(struct fixture *f, const char *target, const char *person, const char *lang)
{
    struct people_capacity cap;
    const char *why;
    struct val t = fixture_json(f, target);
    int64_t id = fixture_person(f, person), day = people_day(&f->host, f->s.now);
    assert_true(people_may_decide(&f->s, &t, id, f->s.now, &cap, &f->err) >= 0);
    fixture_ok(f, "why", people_capacity_why(f->db, &cap, id, day, lang, &f->a, &why, &f->err));
    return why;
}

static void why_they_decide_says_as_what(void **state)
{
    struct fixture *f = *state;
    const char *target = arena_printf(&f->a, "{\"position\":\"editor\",\"unit\":%d}", (int)fixture_unit(f, "office"));
    assert_string_equal(because(f, target, "lan", "en"), "Holds the position: Biên tập of Văn phòng.");
    assert_string_equal(because(f, target, "lan", "vi"), "Đang giữ chức vụ Biên tập Văn phòng.");
    assert_string_equal(because(f, "{\"position\":\"editor\"}", "lan", "en"),
                        "Holds the position: Biên tập of Văn phòng.");
    assert_string_equal(because(f, target, "thu", "en"), "Neither holds what is asked for nor has a delegation.");
    delegate(f, "[{\"from\":\"lan\",\"to\":\"hoa\",\"since\":\"2021-01-04\",\"until_\":\"2021-01-15\"}]");
    assert_true(strstr(because(f, target, "hoa", "en"), "Stands in for ") != NULL);
    assert_true(strstr(because(f, target, "hoa", "en"), "(Biên tập of Văn phòng).") != NULL);
}

static const char *lines(struct fixture *f, const char *args)
{
    struct val v = fixture_call(f, "people.signature", args);
    return val_cstr(&f->a, &v);
}

static void signature_says_in_what_capacity(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(lines(f, "[{\"as\":\"chair\",\"by\":\"mai\"}]"), "CHỦ TỊCH");
    assert_string_equal(lines(f, "[{\"as\":\"chair\",\"by\":\"thu\",\"on_behalf_of\":\"mai\",\"unit\":\"province\"}]"),
                        "KT. CHỦ TỊCH\nPHÓ CHỦ TỊCH");
    assert_string_equal(lines(f, "[{\"as\":\"chair\",\"by\":\"lan\",\"on_behalf_of\":\"mai\",\"unit\":\"province\"}]"),
                        "TUQ. CHỦ TỊCH\nBIÊN TẬP");
    assert_string_equal(lines(f, "[{\"as\":\"body:council\",\"by\":\"mai\"}]"), "TM. HỘI ĐỒNG THI ĐUA\nCHỦ TỊCH");
    const char *name;
    struct people_signature sig = {.person = fixture_person(f, "thu"), .on_behalf_of = fixture_person(f, "mai")};
    fixture_ok(f, "name", people_signature_name(f->db, &sig, "vi", &f->a, &name, &f->err));
    assert_string_equal(name, "Phạm Thu (thay Trần Mai)");
    fixture_ok(f, "name", people_signature_name(f->db, &sig, "en", &f->a, &name, &f->err));
    assert_string_equal(name, "Phạm Thu for Trần Mai");
    f->s.lang = "en";
    assert_string_equal(lines(f, "[{\"as\":\"chair\",\"by\":\"thu\",\"on_behalf_of\":\"mai\",\"unit\":\"province\"}]"),
                        "p.p. CHỦ TỊCH\nPHÓ CHỦ TỊCH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MORE(holder_is_told_until_when),
        MORE(delegation_is_told_with_its_act),
        MORE(delegation_is_not_passed_on_nor_around),
        MORE(same_delegation_on_the_same_days_is_refused),
        MORE(body_has_members_by_date_and_terms),
        MORE(all_who_may_decide_are_found),
        MORE(verb_is_explained_by_role_and_unit),
        MORE(who_is_locked_out_may_nothing),
        MORE(a_verb_is_known_by_the_program_or_by_a_role),
        MORE(why_they_decide_says_as_what),
        MORE(signature_says_in_what_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
