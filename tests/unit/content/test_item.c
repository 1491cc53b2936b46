/* Items: revisions and hashes, approval bound to a revision, addresses, what is public. */
#include "fixture.h"

/* What a run hands over: the answer of a vote, by somebody who wrote nothing. */
#define DECIDED "{\"by\":{\"decision\":\"approve\",\"voters\":[9]}}"

static const char article[] = "{\"fields\":{\"title\":\"text!\",\"body\":\"markdown\",\"event_"
                              "day\":\"date\",\"embargo\":\"instant\","
                              "\"score\":\"number\",\"tags\":\"list:text\",\"meta\":\"json\","
                              "\"related\":\"ref:article\",\"unit\":\"unit\"},"
                              "\"title\":\"title\",\"approval\":true}";
static const char notice[] = "{\"fields\":{\"title\":\"text!\"},\"title\":\"title\"}";

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    fixture_open(f);
    fixture_declare(f, "type", "article", article);
    fixture_declare(f, "type", "notice", notice);
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

static struct val create(struct fixture *f, const char *type, const char *fields)
{
    return fixture_call(f, "content.create", ARGS(f, val_str(type), J(f, fields)));
}

static struct val get(struct fixture *f, const struct val *item)
{
    return fixture_call(f, "content.get", ARGS(f, val_str("article"), val_int(item->as.obj.id)));
}

static void text_is_kept_in_nfc_and_one_text_has_one_hash(void **state)
{
    struct fixture *f = *state;
    /* "Đề" composed, and with its marks apart. */
    struct val a = create(f, "article", "{\"title\":\"\\u0110\\u1ec1 \\u00e1n\",\"meta\":{\"b\":1,\"a\":\"\\u00e9\"}}");
    struct val b =
        create(f, "article", "{\"meta\":{\"a\":\"e\\u0301\",\"b\":1},\"title\":\"\\u0110e\\u0302\\u0300 a\\u0301n\"}");
    assert_string_equal(fixture_str(f, &a, "title"), fixture_str(f, &b, "title"));
    assert_string_equal(fixture_str(f, &a, "hash"), fixture_str(f, &b, "hash"));
    assert_int_equal(strlen(fixture_str(f, &a, "hash")), 64);
    struct val other = create(f, "notice", "{\"title\":\"\\u0110\\u1ec1 \\u00e1n\"}");
    assert_string_not_equal(fixture_str(f, &a, "hash"), fixture_str(f, &other, "hash"));
    assert_int_equal(fixture_sql(f, "select count(*) from revision"), 3);
}

static void an_edit_makes_a_revision_and_the_same_text_makes_none(void **state)
{
    struct fixture *f = *state;
    struct val item = create(f, "article", "{\"title\":\"Một\",\"body\":\"Nội dung\"}");
    struct val same = fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Một\"}")));
    assert_int_equal(same.as.obj.rev, 1);
    struct val next = fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Hai\"}")));
    assert_int_equal(next.as.obj.rev, 2);
    assert_string_equal(fixture_str(f, &next, "body"), "Nội dung");
    struct val old =
        fixture_call(f, "content.get", ARGS(f, val_str("article"), val_int(item.as.obj.id), J(f, "{\"revision\":1}")));
    assert_string_equal(fixture_str(f, &old, "title"), "Một");
    struct val diff = fixture_call(f, "content.diff", ARGS(f, item, val_int(1), val_int(2)));
    assert_int_equal(diff.as.list.n, 1);
    assert_string_equal(fixture_str(f, &diff.as.list.items[0], "after"), "Hai");
}

static void the_database_refuses_to_change_a_revision(void **state)
{
    struct fixture *f = *state;
    create(f, "article", "{\"title\":\"Một\"}");
    assert_int_not_equal(store_exec(f->s.db, "update revision set body = '{}'", &f->err), 0);
}

static void an_edit_of_an_older_revision_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    struct val item = create(f, "article", "{\"title\":\"Một\"}");
    fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Hai\"}"), J(f, "{\"revision\":1}")));
    int rc = fixture_try(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Ba\"}"), J(f, "{\"revision\":1}")), NULL);
    assert_int_equal(rc, ERR_CONFLICT);
    assert_string_equal(f->err.key, "conflict.revision");
    assert_string_equal(err_arg(&f->err, "current"), "2");
}

static void publishing_needs_an_approval_of_this_very_revision(void **state)
{
    struct fixture *f = *state;
    struct val item = create(f, "article", "{\"title\":\"Một\"}");
    assert_int_equal(fixture_try(f, "content.publish", ARGS(f, item), NULL), ERR_REFUSED);
    assert_string_equal(f->err.key, "refused.approval");
    fixture_call(f, "content.submit", ARGS(f, item));
    struct val approved = fixture_call(f, "content.approve", ARGS(f, item, J(f, DECIDED)));
    assert_string_equal(fixture_str(f, &approved, "state"), "approved");
    struct val published = fixture_call(f, "content.publish", ARGS(f, item));
    assert_string_equal(fixture_str(f, &published, "state"), "published");
    assert_int_equal(fixture_count(f, "content.published"), 1);
}

static void an_edit_voids_approval_and_schedule(void **state)
{
    struct fixture *f = *state;
    struct val item = create(f, "article", "{\"title\":\"Một\"}");
    fixture_call(f, "content.approve", ARGS(f, item, J(f, DECIDED)));
    fixture_call(f, "content.schedule", ARGS(f, item, val_str("2021-01-05 08:00")));
    assert_int_equal(fixture_sql(f, "select count(*) from item where due_at is not null"), 1);
    struct val edited = fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Hai\"}")));
    assert_string_equal(fixture_str(f, &edited, "state"), "draft");
    assert_int_equal(fixture_count(f, "content.approval_voided"), 1);
    assert_int_equal(fixture_sql(f, "select count(*) from item where due_at is not null"), 0);
    assert_int_equal(fixture_try(f, "content.publish", ARGS(f, item), NULL), ERR_REFUSED);
    assert_string_equal(f->err.key, "refused.approval");
}

static void a_new_planned_date_voids_nothing(void **state)
{
    struct fixture *f = *state;
    struct val item = create(f, "article", "{\"title\":\"Một\",\"publish_at\":\"2021-01-05 08:00\"}");
    fixture_call(f, "content.approve", ARGS(f, item, J(f, DECIDED)));
    struct val later = fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"publish_at\":\"2021-01-06 08:00\"}")));
    assert_string_equal(fixture_str(f, &later, "state"), "approved");
    assert_int_equal(later.as.obj.rev, 1);
    int64_t ms;
    assert_int_equal(content_item_instant(f->s.db, f->registry, item.as.obj.id, "publish_at", &ms, &f->err), 1);
    struct date d = {.year = 2021, .month = 1, .day = 6, .hour = 1};
    assert_int_equal(ms, date_to_ms(&d));
}

static void an_approval_of_an_outdated_or_voided_reading_is_refused(void **state)
{
    struct fixture *f = *state;
    struct val item = create(f, "article", "{\"title\":\"Một\"}");
    fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Hai\"}")));
    assert_int_equal(fixture_try(f, "content.approve", ARGS(f, item, J(f, DECIDED)), NULL), ERR_CONFLICT);
    struct val now = get(f, &item);
    assert_int_equal(fixture_try(f, "content.approve", ARGS(f, now, J(f, "{\"by\":{\"by\":9,\"voided\":true}}")), NULL),
                     ERR_REFUSED);
    assert_string_equal(f->err.key, "refused.voided");
    /* Another item may have the very same text. */
    char other[80];
    snprintf(other, sizeof(other), "{\"by\":{\"by\":9,\"item\":%lld}}", (long long)item.as.obj.id + 1);
    assert_int_equal(fixture_try(f, "content.approve", ARGS(f, now, J(f, other)), NULL), ERR_REFUSED);
    assert_string_equal(f->err.key, "refused.other_item");
    fixture_call(f, "content.approve", ARGS(f, now, J(f, DECIDED)));
}

static void only_moves_of_the_table_are_possible(void **state)
{
    struct fixture *f = *state;
    struct val item = create(f, "article", "{\"title\":\"Một\"}");
    assert_int_equal(fixture_try(f, "content.retract", ARGS(f, item, val_str("sai")), NULL), ERR_REFUSED);
    assert_string_equal(f->err.key, "refused.transition");
    fixture_call(f, "content.submit", ARGS(f, item));
    assert_int_equal(fixture_try(f, "content.submit", ARGS(f, item), NULL), ERR_REFUSED);
    assert_int_equal(fixture_try(f, "content.send_back", ARGS(f, item, val_str("")), NULL), ERR_INVALID);
    struct val back = fixture_call(f, "content.send_back", ARGS(f, item, val_str("Thiếu nguồn")));
    assert_string_equal(fixture_str(f, &back, "state"), "draft");
    struct val log = fixture_call(f, "content.history", ARGS(f, item));
    assert_int_equal(log.as.list.n, 3);
    assert_string_equal(fixture_str(f, &log.as.list.items[2], "reason"), "Thiếu nguồn");
    assert_string_equal(fixture_str(f, &log.as.list.items[2], "from"), "in_review");
}

static struct val publish(struct fixture *f, const struct val *item)
{
    struct val now = get(f, item);
    fixture_call(f, "content.approve", ARGS(f, now, J(f, DECIDED)));
    return fixture_call(f, "content.publish", ARGS(f, now));
}

static void a_draft_of_a_published_item_does_not_touch_the_published_one(void **state)
{
    struct fixture *f = *state;
    struct val item = create(f, "article", "{\"title\":\"Một\"}");
    publish(f, &item);
    fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Hai\"}")));
    struct val pub =
        fixture_call(f, "content.get", ARGS(f, val_str("article"), val_str("mot"), J(f, "{\"published\":true}")));
    assert_string_equal(fixture_str(f, &pub, "title"), "Một");
    assert_string_equal(fixture_str(f, &pub, "state"), "published");
    assert_int_equal(pub.as.obj.rev, 1);
    struct val draft = get(f, &item);
    assert_string_equal(fixture_str(f, &draft, "title"), "Hai");
    publish(f, &item);
    pub = fixture_call(f, "content.get", ARGS(f, val_str("article"), val_str("mot"), J(f, "{\"published\":true}")));
    assert_string_equal(fixture_str(f, &pub, "title"), "Hai");
    fixture_call(f, "content.retract", ARGS(f, item, val_str("sai số liệu")));
    pub = fixture_call(f, "content.get", ARGS(f, val_str("article"), val_str("mot"), J(f, "{\"published\":true}")));
    assert_int_equal(pub.type, VAL_NIL);
}

static void addresses_are_unique_and_former_ones_lead_on(void **state)
{
    struct fixture *f = *state;
    struct content_json head;
    struct buf out;
    struct val item = create(f, "article", "{\"title\":\"Đổi mới\"}");
    struct val second = create(f, "article", "{\"title\":\"Đổi mới\"}");
    struct val third = create(f, "article", "{\"title\":\"Đổi mới\"}");
    assert_string_equal(fixture_str(f, &item, "slug"), "doi-moi");
    assert_string_equal(fixture_str(f, &second, "slug"), "doi-moi-2");
    assert_string_equal(fixture_str(f, &third, "slug"), "doi-moi-3");
    publish(f, &item);
    struct val renamed =
        fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Sáng tạo\",\"slug\":\"sang-tao\"}")));
    assert_string_equal(fixture_str(f, &renamed, "slug"), "doi-moi");
    publish(f, &item);
    buf_init(&out, 1 << 20);
    assert_int_equal(content_json_get(f->s.db, "article", 0, "doi-moi", &head, &out, &f->err), 2);
    assert_string_equal(head.slug, "sang-tao");
    assert_int_equal(content_json_get(f->s.db, "article", 0, "sang-tao", &head, &out, &f->err), 1);
    buf_close(&out);
    struct val old = fixture_call(f, "content.get", ARGS(f, val_str("article"), val_str("doi-moi")));
    assert_int_equal(old.as.obj.id, item.as.obj.id);
    struct val fourth = create(f, "article", "{\"title\":\"Đổi mới\"}");
    assert_string_equal(fixture_str(f, &fourth, "slug"), "doi-moi-4");
}

static void before_it_was_public_an_address_follows_the_title(void **state)
{
    struct fixture *f = *state;
    struct val item = create(f, "article", "{\"title\":\"Bản nháp\"}");
    struct val renamed = fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Tên thật\"}")));
    assert_string_equal(fixture_str(f, &renamed, "slug"), "ten-that");
    struct val other = create(f, "article", "{\"title\":\"Bản nháp\"}");
    assert_string_equal(fixture_str(f, &other, "slug"), "ban-nhap");
}

static void a_correction_is_a_new_revision_with_a_visible_note(void **state)
{
    struct fixture *f = *state;
    struct content_json head;
    struct buf out;
    struct val item = create(f, "notice", "{\"title\":\"12.226 hộ\"}");
    fixture_call(f, "content.publish", ARGS(f, item));
    fixture_call(f, "content.correct", ARGS(f, item, J(f, "{\"title\":\"12.262 hộ\"}"), val_str("Sửa số hộ")));
    buf_init(&out, 1 << 20);
    assert_int_equal(content_json_get(f->s.db, "notice", item.as.obj.id, NULL, &head, &out, &f->err), 1);
    assert_non_null(strstr(out.data, "12.262 hộ"));
    assert_non_null(strstr(out.data, "Sửa số hộ"));
    assert_int_equal(head.rev, 2);
    buf_close(&out);
    assert_int_equal(fixture_count(f, "content.corrected"), 1);
    assert_int_equal(fixture_try(f, "content.correct", ARGS(f, item, J(f, "{\"title\":\"x\"}"), val_str("")), NULL),
                     ERR_INVALID);
}

static void a_correction_waits_for_approval_where_the_type_asks_for_one(void **state)
{
    struct fixture *f = *state;
    struct val item = create(f, "article", "{\"title\":\"Một\"}");
    publish(f, &item);
    struct val c = fixture_call(f, "content.correct", ARGS(f, item, J(f, "{\"title\":\"Hai\"}"), val_str("Sửa tên")));
    assert_string_equal(fixture_str(f, &c, "state"), "in_review");
    assert_int_equal(fixture_sql(f, "select count(*) from c_article_pub where title = 'Một'"), 1);
    publish(f, &item);
    assert_int_equal(fixture_count(f, "content.corrected"), 1);
    assert_int_equal(fixture_sql(f, "select count(*) from c_article_pub where title = 'Hai'"), 1);
}

static void all_bad_fields_are_named(void **state)
{
    struct fixture *f = *state;
    int rc =
        fixture_try(f, "content.create", ARGS(f, val_str("article"), J(f, "{\"titel\":\"x\",\"score\":\"y\"}")), NULL);
    assert_int_equal(rc, ERR_INVALID);
    assert_true(f->err.nfields >= 2);
    struct val item = create(f, "article", "{\"title\":\"x\"}");
    assert_int_equal(fixture_try(f, "content.edit", ARGS(f, item, J(f, "{\"title\":null}")), NULL), ERR_INVALID);
    assert_int_equal(fixture_try(f, "content.edit", ARGS(f, item, J(f, "{\"related\":99}")), NULL), ERR_INVALID);
    assert_string_equal(f->err.key, "invalid.reference");
}

static void an_item_is_rebuilt_from_its_revision_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct val item = create(f, "article",
                             "{\"title\":\"Một\",\"event_day\":\"04/01/2021\",\"embargo\":\"2021-01-05"
                             " 08:00\",\"score\":2,\"tags\":[\"a\",\"b\"],\"meta\":{\"z\":1,\"a\":[true]}}");
    fixture_call(f, "content.edit", ARGS(f, item, J(f, "{\"title\":\"Hai\"}")));
    struct val first;
    struct content_key key = {.id = item.as.obj.id, .rev = 1};
    assert_int_equal(content_get(&f->s, &key, &f->a, &first, &f->err), 1);
    const struct val *fields = first.as.obj.fields;
    for (size_t i = 0; i < item.as.obj.fields->as.map.n; i++) {
        const struct val_pair *p = &item.as.obj.fields->as.map.pairs[i];
        if (content_item_is_head(p->key)) continue;
        const struct val *v = val_get(fields, p->key);
        assert_non_null(v);
        assert_int_equal(v->type, p->v.type);
        if (v->type != VAL_MAP) assert_true(val_equal(v, &p->v));
    }
    assert_int_equal(fields->as.map.n, item.as.obj.fields->as.map.n);
    assert_int_equal(val_get(fields, "score")->type, VAL_NUM);
    assert_string_equal(val_get(fields, "event_day")->as.obj.kind->name, "date");
}

static void count_finding(void *ctx, const struct err *finding)
{
    (void)finding;
    ++*(int *)ctx;
}

static void what_is_stored_verifies(void **state)
{
    struct fixture *f = *state;
    int lines = 0;
    struct val item = create(f, "article", "{\"title\":\"Một\"}");
    publish(f, &item);
    assert_int_equal(content_verify(f->s.db, count_finding, &lines, &f->err), 0);
    assert_int_equal(lines, 0);
    store_exec(f->s.db, "drop trigger revision_immutable; update revision set body = '{\"title\":\"x\"}'", &f->err);
    assert_int_equal(content_verify(f->s.db, count_finding, &lines, &f->err), 0);
    assert_int_equal(lines, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_is_kept_in_nfc_and_one_text_has_one_hash),
        TEST(an_edit_makes_a_revision_and_the_same_text_makes_none),
        TEST(the_database_refuses_to_change_a_revision),
        TEST(an_edit_of_an_older_revision_is_a_conflict),
        TEST(publishing_needs_an_approval_of_this_very_revision),
        TEST(an_edit_voids_approval_and_schedule),
        TEST(a_new_planned_date_voids_nothing),
        TEST(an_approval_of_an_outdated_or_voided_reading_is_refused),
        TEST(only_moves_of_the_table_are_possible),
        TEST(a_draft_of_a_published_item_does_not_touch_the_published_one),
        TEST(addresses_are_unique_and_former_ones_lead_on),
        TEST(before_it_was_public_an_address_follows_the_title),
        TEST(a_correction_is_a_new_revision_with_a_visible_note),
        TEST(a_correction_waits_for_approval_where_the_type_asks_for_one),
        TEST(all_bad_fields_are_named),
        TEST(an_item_is_rebuilt_from_its_revision_as_it_was),
        TEST(what_is_stored_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
