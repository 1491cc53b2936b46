/* The measures of Khung: each is a function that prints one line. See main.c for the list. */
#ifndef KHUNG_BENCH_H
#define KHUNG_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bench {
    const char *khung;   /* the program */
    const char *tmp;     /* a folder of ours */
    const char *plugins; /* tmp/plugins: the bench plugin */
    const char *top;     /* the source tree: the example */
    bool json, quick;
};

/* value, unit and, where there is one, the baseline (0: none). */
void bench_print(struct bench *b, const char *name, double value, const char *unit, double baseline);
double bench_now(void); /* seconds */
double bench_cpu(void); /* seconds of this thread's work: others on the machine do not count */
double bench_median(double *values, size_t n);
void bench_die(const char *what);
/* A fresh empty folder below tmp. */
const char *bench_folder(struct bench *b, const char *name);

/* In process (engine.c). */
void bench_flow_steps(struct bench *b);
void bench_flow_limits(struct bench *b);
void bench_audit(struct bench *b);
void bench_parked(struct bench *b);
void bench_due(struct bench *b);
void bench_due_cold(struct bench *b);
void bench_resume(struct bench *b);
/* Makes `n` parked runs in a data directory. */
void bench_park(struct bench *b, const char *dir, int n);

/* A page of an inbox of 100,000 open tasks (inbox.c). */
void bench_inbox(struct bench *b);
/* Who may decide (people.c). */
void bench_who_may_decide(struct bench *b);
/* What telling people costs an ask (notify.c). */
void bench_notices(struct bench *b);

/* Lua functions of ours beside the stock ones (library.c). */
void bench_library(struct bench *b);

/* With the service (service.c). */
void bench_http_flow_1(struct bench *b);
void bench_http_flow_64(struct bench *b);
void bench_http_get(struct bench *b);
void bench_big(struct bench *b);
void bench_recover(struct bench *b);
void bench_idle(struct bench *b);
void bench_plugins_idle(struct bench *b);

/* Plugins (plugins.c). */
void bench_reload(struct bench *b);
/* A plugin of a table, a flow, a hook and so many modules below a folder. */
void bench_write_plugin(const char *dir, const char *name, int modules);

/* Time that passes in a spec: 10,000 days (days.c). */
void bench_days(struct bench *b);

/* What the sandbox costs (sandbox.c). */
void bench_host_call(struct bench *b);
void bench_fib(struct bench *b);
void bench_slice_limit(struct bench *b);

/* A load client (load.c): `n` connections send one request after another for `seconds`; returns requests/s, the
 * median time of one in ms in *p50. Responses must start with `expect`. */
struct load {
    int port, connections;
    double seconds;
    const char *request;
    const char *expect;
};
double bench_load(const struct load *l, double *p50);
/* One request; the response is in a static buffer. */
const char *bench_request(int port, const char *text);

#endif
