/* Approval chains of four steps, each about a text of its own, decided by 200 people over HTTP: every one reads the
 * inbox and decides what is there, one request after another on a connection of their own. All is audited, as always.
 * They know what they do, and do not ask to be shown the task when it is decided. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

enum { STEPS = 4, UNITS = 50, PEOPLE = STEPS * UNITS, BUFFER = 1 << 20, PAGE_MAX = 1000 };

struct person {
    int fd;
    size_t got;
    char *data, *token;
    int64_t tasks[PAGE_MAX];
    size_t n, at; /* of the tasks that are to be decided */
    double rests; /* until then, since there was nothing */
    bool asked;   /* for the inbox; else a task is being decided */
    bool busy;
};

struct office {
    struct bench *b;
    struct bench_service s;
    struct person *people;
    int set;
    size_t decided;
};

static void write_chain_plugin(struct bench *b, char *plugins, size_t cap)
{
    char dir[700];
    snprintf(dir, sizeof(dir), "%s", bench_folder(b, "decide-plugins"));
    snprintf(plugins, cap, "%s/plugins:%s", b->top, dir);
    bench_write_file(dir, "memo/plugin.lua",
                     "return { name = \"memo\", version = \"1\", api = 1, needs = { \"content\", \"flow\" }, requires "
                     "= { approvals = \">=1.0\" } }\n");
    bench_write_file(
        dir, "memo/init.lua",
        "content.type(\"memo\", { fields = { title = \"text!\", body = \"markdown\" }, title = \"title\", "
        "unit = true })\n"
        "local steps = {}\n"
        "for i = 1, 4 do steps[i] = { name = \"s\" .. i, to = { position = \"p\" .. i, unit = \"item\" }, "
        "within = \"2 working days\" } end\n"
        "flow.define(\"approve\", { input = { unit = \"unit!\" } }, function(run, input)\n"
        "  local memo = content.create(\"memo\", { title = \"A memo\", body = (\"word \"):rep(100), unit = "
        "input.unit })\n"
        "  return run:call(\"approvals.chain\", { type = \"memo\", item = memo.id, steps = steps }).decision\n"
        "end)\n");
}

/* A province with so many units, and in each a holder of each of the four positions, with an account. */
static void write_org(const char *path)
{
    FILE *f = fopen(path, "we");
    if (!f) bench_die(path);
    fputs("{\"units\":[{\"code\":\"top\",\"name\":\"Top\",\"kind\":\"province\",\"from\":\"2000-01-01\"}", f);
    for (int u = 0; u < UNITS; u++)
        fprintf(
            f,
            ",{\"code\":\"u%d\",\"name\":\"Unit %d\",\"kind\":\"commune\",\"parent\":\"top\",\"from\":\"2000-01-01\"}",
            u, u);
    fputs("],\"positions\":[", f);
    for (int p = 1; p <= STEPS; p++)
        fprintf(f, "%s{\"code\":\"p%d\",\"title\":\"Reader %d\"}", p > 1 ? "," : "", p, p);
    fputs("],\"persons\":[", f);
    for (int i = 0; i < PEOPLE; i++)
        fprintf(f, "%s{\"code\":\"e%d\",\"name\":\"Person %d\"}", i ? "," : "", i, i);
    fputs("],\"holders\":[", f);
    for (int i = 0; i < PEOPLE; i++)
        fprintf(f, "%s{\"position\":\"p%d\",\"unit\":\"u%d\",\"person\":\"e%d\",\"from\":\"2000-01-01\"}", i ? "," : "",
                i % STEPS + 1, i / STEPS, i);
    fputs("],\"users\":[", f);
    for (int i = 0; i < PEOPLE; i++)
        fprintf(f, "%s{\"name\":\"e%d\",\"person\":\"e%d\",\"lang\":\"en\"}", i ? "," : "", i, i);
    fputs("]}\n", f);
    fclose(f);
}

static void send_text(struct person *p, const char *method, const char *path, const char *body)
{
    char text[1000];
    int n = snprintf(text, sizeof(text),
                     "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nPrefer: return=minimal\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     method, path, p->token, strlen(body), body);
    p->got = 0;
    p->busy = true;
    if (send(p->fd, text, (size_t)n, MSG_NOSIGNAL) != n) bench_die("send");
}

static void go_on(struct person *p)
{
    char path[80];
    p->asked = p->at == p->n;
    if (p->asked) {
        send_text(p, "GET", "/api/tasks", "");
        return;
    }
    snprintf(path, sizeof(path), "/api/tasks/%lld/decide", (long long)p->tasks[p->at++]);
    send_text(p, "POST", path, "{\"decision\":\"approve\"}");
}

static void read_inbox(struct person *p)
{
    struct arena a;
    struct val list;
    struct err err = {0};
    const char *body = strstr(p->data, "\r\n\r\n") + 4;
    arena_init(&a, 64 << 20);
    if (json_parse(body, p->got - (size_t)(body - p->data), &a, &list, &err) != 0 || list.type != VAL_LIST)
        bench_die(p->data);
    p->n = p->at = 0;
    for (size_t i = 0; i < list.as.list.n && i < PAGE_MAX; i++)
        p->tasks[p->n++] = val_get(&list.as.list.items[i], "id")->as.i;
    arena_close(&a);
}

/* An answer is there, as a whole or in part. */
static void take(struct office *o, struct person *p)
{
    ssize_t n = recv(p->fd, p->data + p->got, BUFFER - 1 - p->got, 0);
    if (n <= 0) bench_die("the service closed a connection");
    p->got += (size_t)n;
    p->data[p->got] = '\0';
    if (!bench_whole(p->data, p->got)) return;
    p->busy = false;
    if (p->asked) {
        if (strncmp(p->data, "HTTP/1.1 200", 12) != 0) bench_die(p->data);
        read_inbox(p);
        if (p->n == 0) p->rests = bench_now() + 0.5;
    } else {
        if (strncmp(p->data, "HTTP/1.1 204", 12) != 0) bench_die(p->data);
        o->decided++;
    }
    if (p->rests == 0) go_on(p);
}

/* All people at work until so many are decided; decisions a second. */
static double decide(struct office *o, size_t all)
{
    struct epoll_event events[PEOPLE];
    double start = bench_now();
    for (int i = 0; i < PEOPLE; i++)
        go_on(&o->people[i]);
    while (o->decided < all) {
        int ready = epoll_wait(o->set, events, PEOPLE, 5);
        for (int i = 0; i < ready; i++)
            take(o, events[i].data.ptr);
        double now = bench_now();
        if (now - start > 300) bench_die("the chains do not end");
        for (int i = 0; i < PEOPLE; i++) {
            struct person *p = &o->people[i];
            if (p->busy || p->rests == 0 || p->rests > now) continue;
            p->rests = 0;
            go_on(p);
        }
    }
    return (double)all / (bench_now() - start);
}

/* One request after another over a connection of the operator's: the chains are there before it is measured. */
static void start_chains(struct office *o, const char *token, int n)
{
    struct person p = {.fd = bench_connect(o->s.port), .token = (char *)token, .data = malloc(BUFFER)};
    for (int i = 0; i < n; i++) {
        char body[100];
        snprintf(body, sizeof(body), "{\"flow\":\"memo.approve\",\"input\":{\"unit\":\"u%d\"}}", i % UNITS);
        send_text(&p, "POST", "/api/runs", body);
        do {
            ssize_t got = recv(p.fd, p.data + p.got, BUFFER - 1 - p.got, 0);
            if (got <= 0) bench_die("the service closed a connection");
            p.got += (size_t)got;
            p.data[p.got] = '\0';
        } while (!bench_whole(p.data, p.got));
        if (strncmp(p.data, "HTTP/1.1 201", 12) != 0) bench_die(p.data);
    }
    close(p.fd);
    free(p.data);
}

static void come_in(struct office *o, const char *dir)
{
    o->people = calloc(PEOPLE, sizeof(*o->people));
    o->set = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < PEOPLE; i++) {
        struct person *p = &o->people[i];
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
        char name[20];
        snprintf(name, sizeof(name), "e%d", i);
        p->token = strdup(bench_token(o->b, dir, name));
        p->data = malloc(BUFFER);
        p->fd = bench_connect(o->s.port);
        epoll_ctl(o->set, EPOLL_CTL_ADD, p->fd, &e);
    }
}

static void leave(struct office *o)
{
    for (int i = 0; i < PEOPLE; i++) {
        close(o->people[i].fd);
        free(o->people[i].data);
        free(o->people[i].token);
    }
    close(o->set);
    free(o->people);
}

void bench_decide(struct bench *b)
{
    struct office o = {.b = b};
    char plugins[1300], rest[2000], org[600];
    int chains = b->quick ? 200 : 10000;
    const char *dir = bench_folder(b, "decide");
    write_chain_plugin(b, plugins, sizeof(plugins));
    snprintf(org, sizeof(org), "%s/org.json", bench_folder(b, "decide-org"));
    write_org(org);
    snprintf(rest, sizeof(rest), "org import %s --plugins %s >/dev/null", org, plugins);
    bench_command(b, dir, rest);
    bench_start(b, &o.s, dir, plugins);
    start_chains(&o, bench_operator(b, dir), chains);
    come_in(&o, dir);
    double rate = decide(&o, (size_t)chains * STEPS);
    leave(&o);
    bench_stop(&o.s, SIGTERM);
    bench_print(b, "decisions", rate, "a second", 0);
}
