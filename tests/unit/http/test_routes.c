/* Routes: which one a request means, and its arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "flow/flow.h"
#include "http/routes.h"
#include "people/verb.h"

static const char *call_of(const char *method, const char *path)
{
    char allow[64];
    const struct http_route *r = http_route_find(method, path, allow);
    return r ? r->call : NULL;
}

static void test_method_and_path_lead_to_a_call(void **state)
{
    (void)state;
    assert_string_equal(call_of("GET", "/api/runs"), "run.list");
    assert_string_equal(call_of("HEAD", "/api/runs"), "run.list");
    assert_string_equal(call_of("POST", "/api/runs"), "run.start");
    assert_string_equal(call_of("GET", "/api/runs/17"), "run.show");
    assert_string_equal(call_of("POST", "/api/content/article/17/publish"), "content.publish");
    assert_string_equal(call_of("PATCH", "/api/content/article/17"), "content.edit");
}

static void test_nearly_right_paths_are_none(void **state)
{
    static const char *const paths[] = {"/api/run",
                                        "/api/runs/",
                                        "/api/runsx",
                                        "/api/runs/17/",
                                        "/api/runs//history",
                                        "/api",
                                        "/",
                                        "/api/content//17/publish",
                                        "/api/runs/17/history/x",
                                        "/API/runs"};
    char allow[64];
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_null(http_route_find("GET", paths[i], allow));
        assert_string_equal(allow, "");
    }
}

static void test_another_method_is_told_which_are_allowed(void **state)
{
    char allow[64];
    (void)state;
    assert_null(http_route_find("DELETE", "/api/runs", allow));
    assert_string_equal(allow, "GET, POST");
    assert_null(http_route_find("GET", "/api/runs/17/cancel", allow));
    assert_string_equal(allow, "POST");
}

static void test_every_route_is_found_by_a_path_of_its_pattern(void **state)
{
    (void)state;
    for (const struct http_route *r = http_routes; r->method; r++) {
        char path[200], allow[64];
        size_t at = 0;
        for (const char *p = r->pattern; *p;) {
            if (*p == ':') {
                p += strcspn(p, "/");
                path[at++] = '7';
            } else {
                path[at++] = *p++;
            }
        }
        path[at] = '\0';
        assert_ptr_equal(http_route_find(r->method, path, allow), r);
    }
}

/* The arguments of a request as JSON. */
static int args_of(const char *method, const char *path, const char *query, const char *body_text, char out[400])
{
    struct arena a;
    struct err err = {0};
    struct val body = val_nil(), args;
    struct buf b;
    char allow[64];
    const struct http_route *route = http_route_find(method, path, allow);
    struct http_request r = {.method = method, .path = path, .query = query};
    assert_non_null(route);
    arena_init(&a, 1 << 20);
    buf_init(&b, 399);
    if (body_text) assert_int_equal(json_parse(body_text, strlen(body_text), &a, &body, &err), 0);
    int rc = http_route_args(route, &r, &body, &a, &args, &err);
    if (rc == 0) json_write(&b, &args);
    strncpy(out, rc ? err.key : b.data, 399);
    buf_close(&b);
    arena_close(&a);
    return rc;
}

static void test_arguments_come_from_path_query_and_body(void **state)
{
    char out[400] = "";
    (void)state;
    assert_int_equal(args_of("POST", "/api/runs", "", "{\"flow\":\"f\",\"input\":{\"a\":1},\"id\":\"x\"}", out), 0);
    assert_string_equal(out, "[\"f\",{\"a\":1},\"x\"]");
    memset(out, 0, sizeof(out));
    assert_int_equal(args_of("GET", "/api/runs/17", "", NULL, out), 0);
    assert_string_equal(out, "[17]");
    memset(out, 0, sizeof(out));
    assert_int_equal(args_of("GET", "/api/runs", "state=open&limit=5&all&q=a%20b+c&zip=0123", NULL, out), 0);
    assert_string_equal(out, "[{\"state\":\"open\",\"limit\":\"5\",\"all\":true,\"q\":\"a b c\",\"zip\":\"0123\"}]");
    memset(out, 0, sizeof(out));
    assert_int_equal(args_of("GET", "/api/units/a", "n=5&all=true&zip=0123", NULL, out), 0);
    assert_string_equal(out, "[\"a\",{\"n\":5,\"all\":true,\"zip\":\"0123\"}]");
}

static void test_an_id_that_is_no_number_is_refused(void **state)
{
    static const char *const paths[] = {"/api/runs/x", "/api/runs/17x", "/api/runs/99999999999999999999",
                                        "/api/runs/1.5"};
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char out[400] = "";
        assert_int_equal(args_of("GET", paths[i], "", NULL, out), ERR_INVALID);
        assert_string_equal(out, "http.parameter");
    }
}

/* What a role may be bound to ("flow.operate@failed") is a state that a run can be in. */
static void test_states_of_verbs_about_runs_are_those_of_runs(void **state)
{
    const char *const *states = people_verb_find("flow.operate")->states;
    int n = 0;
    (void)state;
    for (; states[n]; n++)
        assert_string_equal(states[n], flow_state_names[n]);
    assert_null(flow_state_names[n]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_method_and_path_lead_to_a_call),
        cmocka_unit_test(test_nearly_right_paths_are_none),
        cmocka_unit_test(test_another_method_is_told_which_are_allowed),
        cmocka_unit_test(test_every_route_is_found_by_a_path_of_its_pattern),
        cmocka_unit_test(test_arguments_come_from_path_query_and_body),
        cmocka_unit_test(test_an_id_that_is_no_number_is_refused),
        cmocka_unit_test(test_states_of_verbs_about_runs_are_those_of_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
