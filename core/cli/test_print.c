/* Results of specs, in three forms. */
#include "cli/test_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/locale.h"

enum { REPORT_MAX = 64 << 20, SENTENCE_MAX = 8192, DETAIL_LINES = 40 };

void test_print_open(struct test_print *p, struct cli *c, uint64_t seed)
{
    *p = (struct test_print){.c = c, .seed = seed, .tests = val_list()};
    buf_init(&p->junit, REPORT_MAX);
    if (!c->json) printf("seed %" PRIu64 "\n", seed);
}

void test_print_plugin(struct test_print *p, const char *plugin)
{
    p->plugin = plugin;
    if (!p->c->json) printf("%s\n", plugin);
}

static const char *sentence(struct test_print *p, const struct err *err)
{
    struct buf text;
    buf_init(&text, SENTENCE_MAX);
    locale_err(&text, p->c->lang, err, true);
    const char *copy = arena_strdup(&p->c->arena, text.data ? text.data : err->key);
    buf_close(&text);
    return copy ? copy : "";
}

/* In which pass it failed, when it went well straight through. */
static const char *pass_text(struct test_print *p, const struct spec_result *r)
{
    static const char *const keys[] = {NULL, "test.killed", "test.fault"};
    struct buf text;
    if (!keys[r->pass]) return "";
    buf_init(&text, SENTENCE_MAX);
    locale_format(&text, p->c->lang, keys[r->pass], "call", r->what, NULL);
    const char *copy = arena_strdup(&p->c->arena, text.data ? text.data : "");
    buf_close(&text);
    return copy ? copy : "";
}

/* --- for people --- */

static void print_lines(const char *text, const char *before)
{
    int lines = 0;
    for (const char *at = text; *at && lines < DETAIL_LINES; lines++) {
        size_t n = strcspn(at, "\n");
        printf("%s%.*s\n", before, (int)n, at);
        at += n + (at[n] == '\n');
    }
}

/* The line of the spec that did not hold. */
static void print_source(const struct test_print *p, const struct spec_result *r)
{
    size_t n = strlen(r->file);
    if (!p->text || strncmp(r->err->where, r->file, n) != 0 || r->err->where[n] != ':') return;
    int line = (int)strtol(r->err->where + n + 1, NULL, 10);
    const char *at = p->text;
    for (int i = 1; i < line && at; i++) {
        at = strchr(at, '\n');
        if (at) at++;
    }
    if (line > 0 && at) printf("        %5d |%s%.*s\n", line, *at == '\n' ? "" : " ", (int)strcspn(at, "\n"), at);
}

static void print_failure(struct test_print *p, const struct spec_result *r)
{
    printf("  FAIL  %s: %s\n", r->describe, r->it);
    print_lines(sentence(p, r->err), "        ");
    if (r->err->where[0]) printf("        %s\n", r->err->where);
    print_source(p, r);
    print_lines(r->detail, "        ");
    print_lines(pass_text(p, r), "        ");
    printf("        khung test %s --seed %" PRIu64 " --only \"%s\"\n", p->plugin, p->seed, r->it);
}

static void print_text(struct test_print *p, const struct spec_result *r)
{
    static const char *const words[] = {"ok   ", "FAIL ", "todo "};
    if (r->outcome == SPEC_FAILED)
        print_failure(p, r);
    else if (cli_flag(p->c, "verbose"))
        printf("  %s %s: %s (%.0f ms, killed %d times, %d faults)\n", words[r->outcome], r->describe, r->it, r->ms,
               r->kills, r->faults);
    else
        printf("  %s %s: %s\n", words[r->outcome], r->describe, r->it);
    fflush(stdout);
}

/* --- JSON --- */

static const char *const outcomes[] = {"passed", "failed", "pending"};
static const char *const passes[] = {"straight", "killed", "fault"};

static int add_failure(struct test_print *p, const struct spec_result *r, struct val *test)
{
    struct arena *a = &p->c->arena;
    int rc = val_set(a, test, "code", val_str(arena_strdup(a, r->err->key)));
    if (rc == 0) rc = val_set(a, test, "message", val_str(sentence(p, r->err)));
    if (rc == 0) rc = val_set(a, test, "where", val_str(arena_strdup(a, r->err->where)));
    if (rc == 0) rc = val_set(a, test, "detail", val_str(arena_strdup(a, r->detail)));
    if (rc == 0) rc = val_set(a, test, "pass", val_str(passes[r->pass]));
    if (rc == 0) rc = val_set(a, test, "call", val_str(arena_strdup(a, r->what)));
    return rc;
}

static void add_json(struct test_print *p, const struct spec_result *r)
{
    struct arena *a = &p->c->arena;
    struct val test = val_map();
    int rc = val_set(a, &test, "plugin", val_str(arena_strdup(a, p->plugin)));
    if (rc == 0) rc = val_set(a, &test, "file", val_str(arena_strdup(a, r->file)));
    if (rc == 0) rc = val_set(a, &test, "line", val_int(r->line));
    if (rc == 0) rc = val_set(a, &test, "describe", val_str(arena_strdup(a, r->describe)));
    if (rc == 0) rc = val_set(a, &test, "it", val_str(arena_strdup(a, r->it)));
    if (rc == 0) rc = val_set(a, &test, "outcome", val_str(outcomes[r->outcome]));
    if (rc == 0) rc = val_set(a, &test, "ms", val_num(r->ms));
    if (rc == 0) rc = val_set(a, &test, "kills", val_int(r->kills));
    if (rc == 0) rc = val_set(a, &test, "faults", val_int(r->faults));
    if (rc == 0 && r->outcome == SPEC_FAILED) rc = add_failure(p, r, &test);
    if (rc == 0) rc = val_add(a, &p->tests, test);
}

static void print_json(struct test_print *p, const struct val *coverage)
{
    struct arena *a = &p->c->arena;
    struct val all = val_map();
    /* As text: a seed has 64 bits, a number of JavaScript 53. */
    int rc = val_set(a, &all, "seed", val_str(arena_printf(a, "%" PRIu64, p->seed)));
    if (rc == 0) rc = val_set(a, &all, "passed", val_int(p->passed));
    if (rc == 0) rc = val_set(a, &all, "failed", val_int(p->failed));
    if (rc == 0) rc = val_set(a, &all, "pending", val_int(p->pending));
    if (rc == 0) rc = val_set(a, &all, "tests", p->tests);
    if (rc == 0 && coverage) rc = val_set(a, &all, "coverage", *coverage);
    cli_print(p->c, &all, NULL);
}

/* --- JUnit --- */

static void add_xml(struct buf *b, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '<' || *p == '>' || *p == '&' || *p == '"')
            buf_printf(b, "&#%d;", *p);
        else if (*p >= ' ' || *p == '\n' || *p == '\t') /* no other control character may stand in XML */
            buf_add_char(b, (char)*p);
    }
}

static void add_attribute(struct buf *b, const char *name, const char *text)
{
    buf_printf(b, " %s=\"", name);
    add_xml(b, text);
    buf_add_char(b, '"');
}

static void add_junit(struct test_print *p, const struct spec_result *r)
{
    struct buf *b = &p->junit;
    buf_add_str(b, "  <testcase");
    add_attribute(b, "classname", p->plugin);
    add_attribute(b, "name", arena_printf(&p->c->arena, "%s: %s", r->describe, r->it));
    add_attribute(b, "file", r->file);
    buf_printf(b, " line=\"%d\" time=\"%.3f\">", r->line, r->ms / 1000);
    if (r->outcome == SPEC_PENDING) buf_add_str(b, "<skipped/>");
    if (r->outcome == SPEC_FAILED) {
        buf_add_str(b, "<failure");
        add_attribute(b, "type", r->err->key);
        add_attribute(b, "message", sentence(p, r->err));
        buf_add_char(b, '>');
        add_xml(b, r->err->where);
        add_xml(b, "\n");
        add_xml(b, r->detail);
        add_xml(b, pass_text(p, r));
        buf_add_str(b, "</failure>");
    }
    buf_add_str(b, "</testcase>\n");
}

int test_print_file(struct cli *c, const char *path, const struct buf *text)
{
    struct err err;
    FILE *f = fopen(path, "we");
    bool ok = f && buf_ok(text) && fwrite(text->data ? text->data : "", 1, text->len, f) == text->len;
    if (f && fclose(f) != 0) ok = false;
    if (ok) return CLI_DONE;
    err_set(&err, ERR_IO, "cli.write", "file", path, "detail", strerror(errno), NULL);
    return cli_fail(c, &err);
}

static void write_junit(struct test_print *p, const char *path)
{
    struct buf all;
    buf_init(&all, REPORT_MAX);
    buf_printf(&all,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"khung\" tests=\"%d\" failures=\"%d\""
               " skipped=\"%d\">\n  <properties><property name=\"seed\" value=\"%" PRIu64 "\"/></properties>\n",
               p->passed + p->failed + p->pending, p->failed, p->pending, p->seed);
    buf_add(&all, p->junit.data ? p->junit.data : "", p->junit.len);
    buf_add_str(&all, "</testsuite>\n");
    if (test_print_file(p->c, path, &all) != CLI_DONE) p->failed++;
    buf_close(&all);
}

/* --- all of them --- */

void test_print_result(void *print, const struct spec_result *r)
{
    struct test_print *p = print;
    p->passed += r->outcome == SPEC_PASSED;
    p->failed += r->outcome == SPEC_FAILED;
    p->pending += r->outcome == SPEC_PENDING;
    p->kills += r->kills;
    p->faults += r->faults;
    if (p->c->json)
        add_json(p, r);
    else
        print_text(p, r);
    add_junit(p, r);
}

void test_print_broken(struct test_print *p, const char *file, const struct err *err)
{
    struct spec_result r = {
        .file = file, .describe = p->plugin, .it = file, .outcome = SPEC_FAILED, .what = "", .err = err, .detail = ""};
    test_print_result(p, &r);
}

void test_print_close(struct test_print *p, const struct val *coverage)
{
    const char *path = cli_flag(p->c, "junit");
    if (path) write_junit(p, path);
    if (p->c->json) {
        print_json(p, coverage);
    } else {
        if (coverage) cli_print(p->c, coverage, "file lines run percent missing");
        if (p->failed) printf("seed %" PRIu64 "\n", p->seed);
        if (p->pending) printf("%d pending\n", p->pending);
        if (p->kills || p->faults) printf("killed %d times, %d faults\n", p->kills, p->faults);
        printf("%d passed, %d failed\n", p->passed, p->failed);
    }
    buf_close(&p->junit);
}
