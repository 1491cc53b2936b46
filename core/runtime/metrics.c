/* The text format is lines; all that needs care is what stands between quotes. */
#include "runtime/metrics.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

static void add_escaped(struct buf *b, const char *s)
{
    for (; *s; s++) {
        if (*s == '\\' || *s == '"') buf_add_char(b, '\\');
        if (*s == '\n')
            buf_add_str(b, "\\n");
        else
            buf_add_char(b, *s);
    }
}

void metrics_family(struct buf *b, const char *name, enum metrics_type type, const char *help)
{
    buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type == METRICS_COUNTER ? "counter" : "gauge");
}

void metrics_int(struct buf *b, const char *name, int64_t value, ...)
{
    va_list list;
    const char *label;
    char between = '{';
    buf_add_str(b, name);
    va_start(list, value);
    while ((label = va_arg(list, const char *))) {
        buf_add_char(b, between);
        buf_add_str(b, label);
        buf_add_str(b, "=\"");
        add_escaped(b, va_arg(list, const char *));
        buf_add_char(b, '"');
        between = ',';
    }
    va_end(list);
    buf_printf(b, "%s %" PRId64 "\n", between == ',' ? "}" : "", value);
}

void metrics_seconds(struct buf *b, const char *name, int64_t ns)
{
    buf_printf(b, "%s %" PRId64 ".%09" PRId64 "\n", name, ns / 1000000000, ns % 1000000000);
}

void process_open(struct process *p)
{
    struct clock wall;
    clock_init_real(&wall);
    p->started_ms = clock_now(&wall);
    p->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

void process_close(struct process *p)
{
    if (p->statm >= 0) close(p->statm);
    p->statm = -1;
}

/* The second number of statm: pages in memory. */
static int64_t resident(const struct process *p)
{
    char text[128], *second;
    ssize_t n = p->statm >= 0 ? pread(p->statm, text, sizeof(text) - 1, 0) : -1;
    if (n <= 0) return -1;
    text[n] = '\0';
    strtoll(text, &second, 10);
    return strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE);
}

void process_metrics(const struct process *p, struct buf *b)
{
    static const char memory[] = "process_resident_memory_bytes", used[] = "process_heap_bytes",
                      cpu[] = "process_cpu_seconds_total", start[] = "process_start_time_seconds";
    struct timespec t = {0};
    int64_t bytes = resident(p);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    if (bytes >= 0) {
        metrics_family(b, memory, METRICS_GAUGE, "Resident memory.");
        metrics_int(b, memory, bytes, NULL);
    }
    metrics_family(b, used, METRICS_GAUGE, "Memory that was allocated and not freed, the store's too.");
    metrics_int(b, used, (int64_t)mem_used(), NULL);
    metrics_family(b, cpu, METRICS_COUNTER, "CPU time of all threads, user and system.");
    metrics_seconds(b, cpu, (int64_t)t.tv_sec * 1000000000 + t.tv_nsec);
    metrics_family(b, start, METRICS_GAUGE, "When the process started, since 1970.");
    metrics_seconds(b, start, p->started_ms * 1000000);
}
