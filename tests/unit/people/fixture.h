/* An organisation in a real database file: a province with an office and two communes. */
#ifndef KHUNG_TEST_PEOPLE_FIXTURE_H
#define KHUNG_TEST_PEOPLE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "base/json.h"
#include "people/auth.h"
#include "people/delegation.h"
#include "people/people.h"
#include "people/time.h"
#include "plugin/api.h"
#include "plugin/host.h"

struct fixture {
    char dir[64], path[96];
    struct host host;
    struct store *db;
    struct session s;
    struct arena a;
    struct err err;
};

static const char fixture_org[] =
    "{\"units\":[{\"code\":\"a\",\"name\":\"Xã "
    "A\",\"kind\":\"commune\",\"parent\":\"office\",\"from\":\"2000-01-01\"},"
    "{\"code\":\"b\",\"name\":\"Xã "
    "B\",\"kind\":\"commune\",\"parent\":\"office\",\"from\":\"2000-01-01\"},"
    "{\"code\":\"office\",\"name\":\"Văn phòng\",\"kind\":\"office\",\"parent\":\"province\"},"
    "{\"code\":\"province\",\"name\":\"Tỉnh\",\"kind\":\"province\"}],"
    "\"positions\":[{\"code\":\"editor\",\"title\":\"Biên tập\",\"roles\":[\"editor\"]},"
    "{\"code\":\"chair\",\"title\":\"Chủ tịch\"}],"
    "\"persons\":[{\"code\":\"lan\",\"name\":\"Nguyễn Thị Lan\"},{\"code\":\"mai\",\"name\":\"Trần "
    "Mai\"},"
    "{\"code\":\"hoa\",\"name\":\"Lê Hoa\"}],"
    "\"holders\":[{\"person\":\"lan\",\"position\":\"editor\",\"unit\":\"office\",\"from\":\"2020-"
    "01-01\",\"to\":\"2021-02-01\"},"
    "{\"person\":\"mai\",\"position\":\"chair\",\"unit\":\"province\"}],"
    "\"role_holders\":[{\"person\":\"hoa\",\"role\":\"author\",\"unit\":\"a\"},{\"user\":\"root\","
    "\"role\":\"reader\"}],"
    "\"users\":[{\"name\":\"lan\",\"person\":\"lan\",\"lang\":\"vi\"},{\"name\":\"root\",\"admin\":"
    "true}],"
    "\"calendar\":[{\"year\":2021,\"weekend\":[\"sat\",\"sun\"],\"working\":[\"2021-02-20\"],"
    "\"holidays\":[\"2021-01-01\",\"2021-02-10\",\"2021-02-11\",\"2021-02-12\",\"2021-02-15\","
    "\"2021-02-16\"]}]}";

static inline void fixture_ok(struct fixture *f, const char *what, int rc)
{
    if (rc < 0)
        fail_msg("%s: %d %s %s (%s %s)", what, rc, f->err.key, f->err.text, err_arg(&f->err, "list"),
                 err_arg(&f->err, "field"));
}

static inline struct val fixture_json(struct fixture *f, const char *text)
{
    struct val v;
    fixture_ok(f, text, json_parse(text, strlen(text), &f->a, &v, &f->err));
    return v;
}

static inline int64_t fixture_day(const char *text)
{
    struct date d;
    int32_t offset;
    assert_true(date_parse(text, strlen(text), &d, &offset));
    return date_days(d.year, d.month, d.day);
}

static inline int fixture_open(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct store_migration *lists[] = {people_migrations, auth_migrations};
    arena_init(&f->a, 64 << 20);
    snprintf(f->dir, sizeof(f->dir), "/tmp/khung_people_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/khung.db", f->dir);
    struct store_options so = {.path = f->path, .role = STORE_WRITER, .no_sync = true};
    fixture_ok(f, "open", store_open(&so, &f->db, &f->err));
    fixture_ok(f, "migrate", store_migrate(f->db, lists, 2, 0, &f->err));
    f->host.lang = "vi";
    f->host.zone = "Asia/Ho_Chi_Minh";
    f->host.api = api_new();
    people_attach(&f->host);
    people_add_api(f->host.api, &f->host);
    /* 2021-01-04 09:00 in Hanoi. */
    f->s = (struct session){.mode = SESSION_WRITE,
                            .host = &f->host,
                            .db = f->db,
                            .arena = &f->a,
                            .now = 1609725600000,
                            .lang = "vi",
                            .zone = f->host.zone};
    fixture_ok(f, "begin", store_begin(f->db, &f->err));
    struct val org = fixture_json(f, fixture_org);
    fixture_ok(f, "import", people_import(f->db, &org, f->s.now, fixture_day("2021-01-04"), &f->a, NULL, &f->err));
    *state = f;
    return 0;
}

static inline int fixture_close(void **state)
{
    struct fixture *f = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char path[128];
    if (store_in_transaction(f->db)) store_rollback(f->db);
    store_close(f->db);
    api_free(f->host.api);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
        unlink(path);
    }
    rmdir(f->dir);
    arena_close(&f->a);
    free(f);
    return 0;
}

static inline int64_t fixture_unit(struct fixture *f, const char *code)
{
    int64_t id = 0;
    assert_int_equal(people_unit_by_code(f->db, code, &id, &f->err), 1);
    return id;
}

static inline int64_t fixture_person(struct fixture *f, const char *code)
{
    int64_t id = 0;
    assert_int_equal(people_person_by_code(f->db, code, &id, &f->err), 1);
    return id;
}

static inline int64_t fixture_count(struct fixture *f, const char *sql)
{
    struct stmt *s = store_stmt(f->db, sql, &f->err);
    if (!s) fail_msg("%s: %s", sql, f->err.key);
    int64_t n = stmt_step(s, &f->err) == 1 ? stmt_int(s, 0) : -1;
    stmt_done(s);
    return n;
}

/* An API call with arguments as a JSON list. */
static inline int fixture_try(struct fixture *f, const char *name, struct val args, struct val *out)
{
    *out = val_nil();
    err_clear(&f->err);
    return api_invoke(f->host.api, &f->s, name, &args, &f->a, out, &f->err);
}

static inline struct val fixture_call(struct fixture *f, const char *name, const char *args)
{
    struct val out;
    fixture_ok(f, name, fixture_try(f, name, fixture_json(f, args), &out));
    return out;
}

static inline const char *fixture_text(struct fixture *f, const struct val *v, const char *name)
{
    const struct val *field = val_get(v->type == VAL_OBJ ? v->as.obj.fields : v, name);
    return val_is(field, VAL_STR) ? val_cstr(&f->a, field) : "";
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

#endif
