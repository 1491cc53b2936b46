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
void bench_write_file(const char *dir, const char *name, const char *text); /* dir/name, and its folder */
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
/* Working days over ten years (people.c). */
void bench_working_days(struct bench *b);
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

/* The program as a service (service.c). */
struct bench_service {
    pid_t pid;
    int port;
    double start_ms;
};
/* Starts it and waits for its line "service.ready … port=N". */
void bench_start(struct bench *b, struct bench_service *s, const char *dir, const char *plugins);
void bench_stop(struct bench_service *s, int signal);
/* Runs a command of the program and gives what it printed, in a static buffer. */
char *bench_command(struct bench *b, const char *dir, const char *rest);
/* A token of an account, and of one that may start runs; in a static buffer. */
const char *bench_token(struct bench *b, const char *dir, const char *user);
const char *bench_operator(struct bench *b, const char *dir);

/* Decisions over HTTP (decide.c). */
void bench_decide(struct bench *b);

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
int bench_connect(int port);
/* Bytes of the whole response once it is there, else 0. */
size_t bench_whole(const char *text, size_t n);
double bench_load(const struct load *l, double *p50);
/* One request; the response is in a static buffer. */
const char *bench_request(int port, const char *text);

#endif
