/* Ten thousand virtual days in khung test: with nothing to do, and with a cron and a sleeping run due on each. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "cli/spec.h"
#include "runtime/log.h"

static const char manifest[] =
    "return { name = \"days\", version = \"1\", api = 1, needs = { \"flow\", \"storage\", \"schedule\" } }\n";
static const char idle[] = "flow.define(\"nothing\", {}, function(run) end)\n";
static const char busy[] = "local ticks = storage.table(\"tick\", { fields = { at = \"instant!\" } })\n"
                           "flow.define(\"tick\", {}, function(run) ticks:insert { at = run:now() } end)\n"
                           "flow.define(\"sleeper\", {}, function(run)\n"
                           "  for i = 1, 10000 do\n"
                           "    run:sleep(\"1d\")\n"
                           "    if i % 100 == 0 then run:checkpoint { i = i } end\n"
                           "  end\n"
                           "end)\n"
                           "schedule.cron(\"daily\", \"0 7 * * *\", { flow = \"tick\" })\n";

static double measure(struct bench *b, const char *init, bool starts)
{
    char root[500];
    const char *dirs[] = {root};
    struct spec s = {.options = {.plugin_dirs = dirs, .nplugin_dirs = 1, .lang = "en", .zone = "Asia/Ho_Chi_Minh"},
                     .plugin = "days"};
    struct err err = {0};
    struct val name = val_str("days.sleeper"), args = {.type = VAL_LIST, .as.list = {&name, 1, 1}}, out;
    snprintf(root, sizeof(root), "%s", bench_folder(b, "days"));
    bench_write_file(root, "days/plugin.lua", manifest);
    bench_write_file(root, "days/init.lua", init);
    log_init(LOG_ERROR, false);
    if (spec_open(&s, &err) != 0) bench_die(err.key);
    if (starts && spec_call(&s, "flow.start", &args, 0, &out, &err) != 0) bench_die(err.key);
    int64_t start = clock_thread_cpu_ns(); /* one thread, no disk: what others do on the machine is left out */
    int64_t to = clock_now(&s.app.host.clock) + (int64_t)10000 * 24 * 3600 * 1000;
    if (spec_clock(&s, to, &err) != 0) bench_die(err.key);
    double took = (double)(clock_thread_cpu_ns() - start) / 1e6;
    spec_close(&s);
    return took;
}

void bench_days(struct bench *b)
{
    double quiet[5], full[5];
    int n = b->quick ? 1 : 5;
    for (int i = 0; i < n; i++) {
        quiet[i] = measure(b, idle, false);
        full[i] = measure(b, busy, true);
    }
    bench_print(b, "days_idle_ms", bench_median(quiet, (size_t)n), "ms CPU", 0);
    bench_print(b, "days_busy_ms", bench_median(full, (size_t)n), "ms CPU", 0);
}
