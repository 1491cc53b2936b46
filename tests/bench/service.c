/* Measures of the running service: the built program, a real database file, traffic on 127.0.0.1. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/* Starts it and waits for its line "service.ready … port=N". */
void bench_start(struct bench *b, struct bench_service *s, const char *dir, const char *plugins)
{
    int log[2];
    char line[65536];
    size_t got = 0;
    double began = bench_now();
    if (pipe2(log, O_CLOEXEC) != 0) bench_die("pipe");
    s->pid = fork();
    if (s->pid == 0) {
        dup2(log[1], STDERR_FILENO);
        setenv("KHUNG_RATE_USER", "0", 1); /* one client is all clients here */
        setenv("KHUNG_RATE_ADDRESS", "0", 1);
        execl(b->khung, b->khung, "serve", "--data", dir, "--plugins", plugins, "--listen", "127.0.0.1:0",
              (char *)NULL);
        _exit(127);
    }
    close(log[1]);
    for (char *port = NULL; !port;) {
        ssize_t n = read(log[0], line + got, sizeof(line) - 1 - got);
        if (n <= 0) bench_die(got ? line : "the service did not start");
        got += (size_t)n;
        line[got] = '\0';
        char *ready = strstr(line, "service.ready");
        port = ready && strchr(ready, '\n') ? strstr(ready, " port=") : NULL;
        if (port) s->port = atoi(port + 6);
    }
    s->start_ms = (bench_now() - began) * 1000;
    close(log[0]);
}

void bench_stop(struct bench_service *s, int signal)
{
    kill(s->pid, signal);
    waitpid(s->pid, NULL, 0);
}

/* Runs a command of the program and gives what it printed. */
char *bench_command(struct bench *b, const char *dir, const char *rest)
{
    static char out[65536];
    char text[2000];
    snprintf(text, sizeof(text), "%s --data %s %s", b->khung, dir, rest);
    FILE *p = popen(text, "r");
    size_t n = p ? fread(out, 1, sizeof(out) - 1, p) : 0;
    out[n] = '\0';
    if (!p || pclose(p) != 0) bench_die(text);
    return out;
}

const char *bench_token(struct bench *b, const char *dir, const char *user)
{
    static char token[80];
    char rest[100];
    snprintf(rest, sizeof(rest), "user token %s --json", user);
    char *text = bench_command(b, dir, rest), *at = strstr(text, "kh_");
    if (!at) bench_die(text);
    snprintf(token, sizeof(token), "%.*s",
             (int)strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"), at);
    return token;
}

const char *bench_operator(struct bench *b, const char *dir)
{
    /* A directory that is used again has the account already. */
    if (!strstr(bench_command(b, dir, "user list"), "bench")) {
        bench_command(b, dir, "user add bench");
        bench_command(b, dir, "user role bench operator");
    }
    return bench_token(b, dir, "bench");
}

static double flow_load(struct bench *b, const char *dir, int connections, double *p50)
{
    struct bench_service s;
    char request[600];
    static const char body[] = "{\"flow\":\"bench.five\"}";
    bench_start(b, &s, dir, b->plugins);
    const char *token = bench_operator(b, dir);
    snprintf(request, sizeof(request),
             "POST /api/runs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             token, sizeof(body) - 1, body);
    struct load l = {s.port, connections, b->quick ? 1 : 3, request, "HTTP/1.1 201"};
    struct load warm = l;
    warm.seconds = 0.3;
    bench_load(&warm, NULL);
    double rate = bench_load(&l, p50);
    bench_stop(&s, SIGTERM);
    return rate;
}

static void http_flow(struct bench *b, const char *name, int connections)
{
    double rates[3];
    for (int i = 0; i < 3; i++)
        rates[i] = flow_load(b, bench_folder(b, "http"), connections, NULL);
    bench_print(b, name, bench_median(rates, 3), "runs/s", 0);
}

void bench_http_flow_1(struct bench *b)
{
    http_flow(b, "http_flow_1", 1);
}

void bench_http_flow_64(struct bench *b)
{
    http_flow(b, "http_flow_64", 64);
}

void bench_big(struct bench *b)
{
    double empty[3], full[3], rate;
    int n = b->quick ? 100000 : 1000000;
    const char *dir = bench_folder(b, "big");
    bench_park(b, dir, n);
    for (int i = 0; i < 3; i++) {
        flow_load(b, bench_folder(b, "small"), 64, &empty[i]);
        rate = flow_load(b, dir, 64, &full[i]);
    }
    (void)rate;
    double small = bench_median(empty, 3), big = bench_median(full, 3);
    bench_print(b, "big_p50_ratio", small / big, "ratio", 0);
}

void bench_recover(struct bench *b)
{
    double times[5];
    struct bench_service s;
    const char *dir = bench_folder(b, "recover");
    bench_park(b, dir, b->quick ? 20000 : 100000);
    bench_start(b, &s, dir, b->plugins);
    for (int i = 0; i < 5; i++) {
        bench_stop(&s, SIGKILL);
        double began = bench_now();
        bench_start(b, &s, dir, b->plugins);
        bench_request(s.port, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        times[i] = (bench_now() - began) * 1000;
    }
    bench_stop(&s, SIGTERM);
    bench_print(b, "recover_ms", bench_median(times, 5), "ms", 0);
}

/* A published item of a type without approval. */
static void write_news(const char *plugins)
{
    bench_write_file(plugins, "news/plugin.lua",
                     "return { name = \"news\", version = \"1\", api = 1, needs = { \"content\", "
                     "\"content:publish\", \"flow\" } }\n");
    bench_write_file(
        plugins, "news/init.lua",
        "content.type(\"note\", { fields = { title = \"text!\", body = \"markdown\" }, title = \"title\", slug = "
        "\"title\" })\n"
        "flow.define(\"make\", {}, function(run)\n"
        "  local item = content.create(\"note\", { title = \"A note\", body = (\"word \"):rep(200) })\n"
        "  content.publish(item)\n"
        "end)\n");
}

void bench_http_get(struct bench *b)
{
    struct bench_service s;
    double rates[3];
    const char *dir = bench_folder(b, "get"), *plugins = bench_folder(b, "get-plugins");
    write_news(plugins);
    bench_start(b, &s, dir, plugins);
    bench_command(b, dir, "flow start news.make");
    struct load l = {s.port, 64, b->quick ? 1 : 3, "GET /api/content/note/a-note HTTP/1.1\r\nHost: localhost\r\n\r\n",
                     "HTTP/1.1 200"};
    for (int i = 0; i < 3; i++)
        rates[i] = bench_load(&l, NULL);
    bench_stop(&s, SIGTERM);
    bench_print(b, "http_get", bench_median(rates, 3), "req/s", 0);
}

static double resident_mib(pid_t pid)
{
    char path[64], line[256];
    double kib = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        sscanf(line, "VmRSS: %lf", &kib);
    if (f) fclose(f);
    return kib / 1024;
}

void bench_idle(struct bench *b)
{
    double times[5], sizes[5];
    char plugins[600], rest[700];
    const char *dir = bench_folder(b, "idle");
    snprintf(plugins, sizeof(plugins), "%s/plugins:%s/examples/thanh-hoa/plugins", b->top, b->top);
    snprintf(rest, sizeof(rest), "org import %s/examples/thanh-hoa/org.json --plugins %s >/dev/null", b->top, plugins);
    bench_command(b, dir, rest);
    for (int i = 0; i < 5; i++) {
        struct bench_service s;
        bench_start(b, &s, dir, plugins);
        bench_request(s.port, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        times[i] = s.start_ms;
        sizes[i] = resident_mib(s.pid);
        bench_stop(&s, SIGTERM);
    }
    bench_print(b, "idle_mib", bench_median(sizes, 5), "MiB", 0);
    bench_print(b, "start_ms", bench_median(times, 5), "ms", 0);
}

/* What 200 plugins take that nobody uses, over a service without any. */
void bench_plugins_idle(struct bench *b)
{
    enum { PLUGINS = 200 };
    double sizes[2][3];
    const char *none = bench_folder(b, "none"), *many = bench_folder(b, "many");
    for (int i = 0; i < PLUGINS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "p%03d", i);
        bench_write_plugin(many, name, 0);
    }
    for (int with = 0; with < 2; with++) {
        const char *dir = bench_folder(b, "idle");
        for (int i = 0; i < 3; i++) {
            struct bench_service s;
            bench_start(b, &s, dir, with ? many : none);
            bench_request(s.port, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
            sizes[with][i] = resident_mib(s.pid);
            bench_stop(&s, SIGTERM);
        }
    }
    bench_print(b, "plugins_mib", bench_median(sizes[1], 3) - bench_median(sizes[0], 3), "MiB", 0);
}
