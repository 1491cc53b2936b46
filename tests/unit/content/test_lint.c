/* The editor's findings. The text is of our own wording, with the faults of a real news item: a
 * slip, a paragraph told twice in partly other words, a name torn apart. */
#include "fixture.h"

static const char news[] = "{\"fields\":{\"title\":\"text\",\"body\":\"markdown\"},\"title\":"
                           "\"title\",\"lint\":{\"words\":"
                           "{\"các nhân\":{\"to\":\"cá nhân\",\"except\":[\"các nhân viên\",\"các "
                           "nhân tố\"]},\"sử lý\":\"xử lý\"}}}";

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    fixture_open(f);
    fixture_declare(f, "type", "news", news);
    fixture_declare(f, "type", "quiet",
                    "{\"fields\":{\"title\":\"text\",\"body\":\"markdown\"},\"title\":\"title\","
                    "\"lint\":{\"off\":[\"double_space\"]}}");
    fixture_fail(f, "activate", fixture_activate(f));
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static struct val lint(struct fixture *f, const char *type, const char *title, const char *body)
{
    struct val fields = val_map();
    val_set(&f->a, &fields, "title", val_str(title));
    val_set(&f->a, &fields, "body", val_str(body));
    struct val item = fixture_call(f, "content.create", ARGS(f, val_str(type), fields));
    return fixture_call(f, "content.lint", ARGS(f, item));
}

static const struct val *finding(struct fixture *f, const struct val *list, const char *rule)
{
    const struct val *found = NULL;
    for (size_t i = 0; i < list->as.list.n; i++) {
        if (strcmp(fixture_str(f, &list->as.list.items[i], "rule"), rule) != 0) continue;
        assert_null(found);
        found = &list->as.list.items[i];
    }
    assert_non_null(found);
    return found;
}

static const char body[] =
    "Đại diện Tỉnh ủy đã trao Bằng khen và Kỷ niệm chương của Trung ương Hội cho các tập thể và cá "
    "nhân có nhiều đóng"
    " góp cho phong trào trong năm qua.\n\n"
    "Các cấp Hội đã hỗ trợ công tác phòng chống dịch COVID - 19 và giúp 12.226 hộ nghèo bằng nhiều "
    "hình thức.\n\n"
    "Năm 2020 - 2021, các nhân viên của văn phòng tiếp tục tập huấn cho cơ sở.\n\n"
    "Dịp này, đại diện Tỉnh ủy Thanh Hóa đã trao Bằng khen và Kỷ niệm chương của Trung ương Hội "
    "LHPN cho các tập thể"
    " và cá nhân có nhiều đóng góp cho phong trào. Nhiều đơn vị được tặng giấy khen cho các tập "
    "thể, các nhân thực hiện"
    " các chương trình phối hợp.";

static void the_three_faults_are_found_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct val found = lint(f, "news", "Tiêu đề", body);
    assert_int_equal(found.as.list.n, 3);
    const struct val *word = finding(f, &found, "word");
    assert_string_equal(fixture_str(f, word, "suggestion"), "cá nhân");
    assert_memory_equal(body + fixture_int(word, "offset") - 1, "các nhân thực hiện", strlen("các nhân thực hiện"));
    assert_string_equal(fixture_str(f, finding(f, &found, "spaced_hyphen"), "suggestion"), "COVID-19");
    const struct val *twice = finding(f, &found, "repeated_paragraph");
    assert_memory_equal(body + fixture_int(twice, "offset") - 1, "Dịp này", strlen("Dịp này"));
    assert_non_null(strstr(fixture_str(f, twice, "message"), "nhắc lại"));
}

static void the_faults_of_the_seed_are_found(void **state)
{
    struct fixture *f = *state;
    char text[16 << 10];
    const char *path = getenv("KHUNG_SEED");
    FILE *in = fopen(path ? path : "../shared/seed.txt", "r");
    if (!in) {
        skip();
        return;
    }
    size_t n = fread(text, 1, sizeof(text) - 1, in);
    fclose(in);
    text[n] = '\0';
    struct val found = lint(f, "news", "Thanh Hóa", text);
    finding(f, &found, "word");
    finding(f, &found, "spaced_hyphen");
    finding(f, &found, "repeated_paragraph");
    assert_int_equal(found.as.list.n, 3);
}

static void spaces_and_an_empty_title_are_told_unless_switched_off(void **state)
{
    struct fixture *f = *state;
    struct val found = lint(f, "news", "  ", "Hai  dấu cách.\nDòng mới.  \n  Thụt đầu dòng.");
    assert_int_equal(found.as.list.n, 2);
    finding(f, &found, "empty_title");
    assert_int_equal(fixture_int(finding(f, &found, "double_space"), "offset"), 4);
    found = lint(f, "quiet", "T", "Hai  dấu cách.");
    assert_int_equal(found.as.list.n, 0);
}

static void a_slip_at_the_beginning_of_a_sentence_is_found_and_parts_of_words_are_not(void **state)
{
    struct fixture *f = *state;
    struct val found = lint(f, "news", "T", "Sử lý ngay. Lịch sử lýnh. Các nhân tố mới.");
    assert_int_equal(found.as.list.n, 1);
    assert_int_equal(fixture_int(&found.as.list.items[0], "offset"), 1);
}

static void other_paragraphs_of_one_subject_are_not_repeats(void **state)
{
    struct fixture *f = *state;
    struct val found = lint(f, "news", "T",
                            "Hội LHPN tỉnh Thanh Hóa tổ chức hội nghị đánh giá kết quả hoạt động năm 2020 của các "
                            "cấp.\n"
                            "Hội LHPN tỉnh Thanh Hóa tổ chức lớp tập huấn về chăn nuôi cho 200 hội viên ở các xã.");
    assert_int_equal(found.as.list.n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_three_faults_are_found_and_nothing_else),
        TEST(the_faults_of_the_seed_are_found),
        TEST(spaces_and_an_empty_title_are_told_unless_switched_off),
        TEST(a_slip_at_the_beginning_of_a_sentence_is_found_and_parts_of_words_are_not),
        TEST(other_paragraphs_of_one_subject_are_not_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
