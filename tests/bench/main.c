/* bench [--json] [--quick] [--only NAME]: measures, medians of several. KHUNG: the program; from the top of the tree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/* Removes the folder at the end by the shell: a bench is no service. */
static const struct {
    const char *name;
    void (*run)(struct bench *b);
} benches[] = {{"flow_steps", bench_flow_steps},
               {"audit_percent", bench_audit},
               {"http_flow_1", bench_http_flow_1},
               {"http_flow_64", bench_http_flow_64},
               {"decisions", bench_decide},
               {"parked_bytes", bench_parked},
               {"due_p99_ms", bench_due},
               {"due_cold_p99_ms", bench_due_cold},
               {"big_p50_ratio", bench_big},
               {"recover_ms", bench_recover},
               {"resume_random", bench_resume},
               {"inbox_ms", bench_inbox},
               {"notice_us", bench_notices},
               {"notice_mail_us", bench_notices},
               {"http_get", bench_http_get},
               {"idle_mib", bench_idle},
               {"start_ms", bench_idle},
               {"reload_50_ms", bench_reload},
               {"plugins_mib", bench_plugins_idle},
               {"days_ms", bench_days},
               {"who_may_decide_us", bench_who_may_decide},
               {"working_days_ns", bench_working_days},
               {"library", bench_library},
               {"host_call_ns", bench_host_call},
               {"fib30_ratio", bench_fib},
               {"flow_limits", bench_flow_limits},
               {"slice_limit_ns", bench_slice_limit}};

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double bench_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double bench_median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), compare);
    return values[n / 2];
}

void bench_die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void bench_print(struct bench *b, const char *name, double value, const char *unit, double baseline)
{
    if (!b->json) {
        printf("%-18s %12.1f %-8s", name, value, unit);
        if (baseline > 0) printf("  baseline %.1f, ratio %.2f", baseline, value / baseline);
        printf("\n");
    } else if (baseline > 0) {
        printf("{\"name\": \"%s\", \"value\": %.2f, \"unit\": \"%s\", \"baseline\": %.2f}\n", name, value, unit,
               baseline);
    } else {
        printf("{\"name\": \"%s\", \"value\": %.2f, \"unit\": \"%s\", \"baseline\": null}\n", name, value, unit);
    }
    fflush(stdout);
}

const char *bench_folder(struct bench *b, const char *name)
{
    static char path[512];
    static int n;
    snprintf(path, sizeof(path), "%s/%s%d", b->tmp, name, n++);
    if (mkdir(path, 0700) != 0) bench_die(path);
    return strdup(path);
}

void bench_write_file(const char *dir, const char *name, const char *text)
{
    char path[1000];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    char *last = strrchr(path, '/');
    *last = '\0';
    mkdir(path, 0700);
    *last = '/';
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0) bench_die(path);
}

static void write_plugin(struct bench *b)
{
    char dir[512];
    snprintf(dir, sizeof(dir), "%s/plugins", b->tmp);
    mkdir(dir, 0700);
    b->plugins = strdup(dir);
    strcat(dir, "/bench");
    mkdir(dir, 0700);
    bench_write_file(dir, "plugin.lua",
                     "return { name = \"bench\", version = \"1\", api = 1, title = { en = \"Bench\" },\n"
                     "  needs = { \"storage\", \"flow\" } }\n");
    /* About 120 bytes a row, as the issue of the measure has it. */
    bench_write_file(
        dir, "init.lua",
        "local rows = storage.table(\"row\", { fields = { run = \"integer!\", n = \"integer!\", note = \"text!\" } })\n"
        "local note = (\"x\"):rep(96)\n"
        "flow.define(\"five\", {}, function(run)\n"
        "  for n = 1, 5 do rows:insert { run = run.id, n = n, note = note } end\n"
        "end)\n"
        "flow.define(\"park\", {}, function(run) run:sleep(\"30d\") end)\n"
        "flow.define(\"until\", { input = { at = \"instant!\" } }, function(run, input) run:sleep_until(input.at) "
        "end)\n"
        "flow.define(\"ask\", { input = { unit = \"integer!\" } }, function(run, input)\n"
        "  run:ask { to = { role = \"reviewer\", unit = input.unit }, title = \"Read this\", within = \"3d\" }\n"
        "end)\n"
        "flow.define(\"signalled\", {}, function(run) run:wait(\"go\") end)\n");
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    char tmp[] = "/tmp/khung-bench-XXXXXX";
    const char *only = NULL;
    char top[512];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            b.json = true;
        else if (strcmp(argv[i], "--quick") == 0)
            b.quick = true;
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            only = argv[++i];
        else
            bench_die("usage: bench [--json] [--quick] [--only NAME]");
    }
    b.khung = getenv("KHUNG");
    b.top = getcwd(top, sizeof(top));
    if (!b.khung || !b.top || !mkdtemp(tmp)) bench_die("KHUNG names the program");
    b.tmp = tmp;
    write_plugin(&b);
    bool any = false;
    for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
        if (only ? strcmp(only, benches[i].name) != 0 : strcmp(benches[i].name, "start_ms") == 0) continue;
        benches[i].run(&b);
        any = true;
    }
    char command[600];
    snprintf(command, sizeof(command), "rm -rf %s", tmp);
    if (system(command) != 0 || !any) bench_die("there is no such measure");
    return 0;
}
