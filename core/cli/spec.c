/* The host of a spec: opened, driven, closed; and killed and opened anew between slices in the second pass. */
#include "cli/spec.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/zone.h"
#include "runtime/log.h"

/* 2021-01-04 00:00 in Ho Chi Minh City, unless the spec says otherwise. */
static const int64_t spec_start_ms = 1609693200000;

enum { STEPS_MAX = 200000 }; /* without the clock moving */

struct loading {
    bool done;
    struct err failed; /* code 0: it went well */
};

static void on_loaded(void *ctx, const struct err *failed)
{
    struct loading *l = ctx;
    l->done = true;
    if (failed) l->failed = *failed;
}

static int load(struct spec *s, struct err *err)
{
    struct loading l = {0};
    s->options.clock = &s->clock;
    s->options.trial = s->trial.api.before ? &s->trial.api : NULL;
    s->options.fetcher = s->world.answer ? s->world.fetcher : NULL;
    int rc = app_open(&s->app, &s->options, err);
    if (rc) return rc;
    s->open = true;
    app_reload(&s->app, NULL, on_loaded, &l);
    while (!l.done && lane_step(s->app.lane)) {
    }
    if (l.failed.code) *err = l.failed;
    return l.failed.code;
}

int spec_restart(struct spec *s, struct err *err)
{
    s->clock = s->app.host.clock;
    app_close(&s->app);
    s->open = false;
    return load(s, err);
}

/* Everything that is ready, answers from outside too. In the pass that kills, the host also goes after each slice that
 * called it and stays. But what has just been answered is taken in first, since the next answer would come only when
 * the request is sent again; and that a slice failed is written by the next one. */
static int run_ready(struct spec *s, struct err *err)
{
    struct err_num n;
    int rc = 0;
    for (int steps = 0; rc == 0; steps++) {
        struct lane_stats before, after;
        int64_t kept = s->trial.kept;
        lane_stats(s->app.lane, &before);
        bool ran = lane_step(s->app.lane), killed = spec_trial_slice(&s->trial);
        lane_stats(s->app.lane, &after);
        bool answered = !killed && spec_world_answer(&s->world);
        if (!ran && !answered) break;
        bool stays = s->trial.kept > kept && after.undone == before.undone;
        bool ends = killed || (stays && !answered);
        if (s->trial.pass == SPEC_KILLED && ends) rc = spec_restart(s, err);
        if (rc == 0 && steps == STEPS_MAX)
            rc = err_set(err, ERR_LIMIT, "spec.endless", "steps", err_i64(&n, STEPS_MAX), NULL);
    }
    if (rc == 0 && s->world.failed.code) {
        *err = s->world.failed;
        s->world.failed.code = 0;
        rc = err->code;
    }
    return rc;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *f)
{
    (void)st;
    (void)kind;
    if (f->level > 0) remove(path);
    return 0;
}

static void empty_folder(const char *dir)
{
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Where memory serves as a disk, if there is such a place. */
static const char *temp_dir(void)
{
    const char *dir = getenv("TMPDIR");
    if (dir) return dir;
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

/* The database with the plugins in it and nothing else is made once; the next hosts begin with a copy of it. */
static int write_fresh(struct spec *s, struct err *err)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/khung.db", s->dir);
    FILE *f = fopen(path, "wbe");
    bool ok = f && fwrite(s->fresh, 1, s->fresh_len, f) == s->fresh_len;
    if (f && fclose(f) != 0) ok = false;
    return ok ? 0 : err_set(err, ERR_IO, "data.dir", "dir", s->dir, NULL);
}

static int keep_fresh(struct spec *s, struct err *err)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/khung.db", s->dir);
    int rc = spec_restart(s, err); /* closing moves the log into the file */
    if (rc) return rc;
    app_close(&s->app);
    s->open = false;
    FILE *f = fopen(path, "rbe");
    struct buf b;
    char piece[65536];
    buf_init(&b, 256 << 20);
    for (size_t n; f && (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        buf_add(&b, piece, n);
    if (f) fclose(f);
    if (b.len && buf_ok(&b)) s->fresh = buf_take(&b, &s->fresh_len);
    buf_close(&b);
    return load(s, err);
}

static int open_host(struct spec *s, struct err *err)
{
    int rc = s->fresh ? write_fresh(s, err) : 0;
    if (rc == 0) rc = load(s, err);
    if (rc == 0 && s->is_reused && !s->fresh) rc = keep_fresh(s, err);
    return rc ? rc : run_ready(s, err);
}

int spec_open(struct spec *s, struct err *err)
{
    snprintf(s->dir, sizeof(s->dir), "%s/khung-spec-XXXXXX", temp_dir());
    if (!mkdtemp(s->dir)) return err_set(err, ERR_IO, "data.dir", "dir", s->dir, NULL);
    clock_init_virtual(&s->clock, spec_start_ms);
    s->options.data_dir = s->dir;
    s->options.no_sync = s->options.is_test = true;
    s->options.batch_ms = 60000; /* the order of slices does not hang on how quick the machine is */
    s->options.batch_slices = s->trial.pass == SPEC_KILLED ? 1 : 0;
    if (s->zone) s->options.zone = s->zone;
    arena_init(&s->arena, 256 << 20);
    spec_world_open(&s->world);
    int rc = open_host(s, err);
    if (rc) spec_close(s);
    return rc;
}

void spec_close(struct spec *s)
{
    if (s->open) app_close(&s->app);
    s->open = false;
    empty_folder(s->dir);
    rmdir(s->dir);
    arena_close(&s->arena);
    spec_world_close(&s->world);
}

void spec_end(struct spec *s)
{
    mem_free(s->fresh);
    s->fresh = NULL;
}

struct call_work {
    struct lane_work work;
    struct spec *s;
    const char *name;
    const struct val *args;
    int64_t person;
    struct val *out;
    struct err *err;
    bool failed;
};

static int run_call(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct call_work *cw = (struct call_work *)w;
    struct session session;
    (void)lane;
    app_session(&cw->s->app, &session, &cw->s->arena);
    session.actor.person = cw->person;
    /* Functions of the host are called by the operator, those of the API by the plugin. */
    const struct api_fn *fn = api_find(cw->s->app.host.api, cw->name, NULL);
    bool host = fn && fn->needs && strcmp(fn->needs, API_HOST) == 0;
    session.actor.plugin = host ? NULL : cw->s->plugin;
    /* Nobody in particular: the plugin itself, as one of its loop jobs would act. */
    if (!host && cw->person == 0) session.mode = SESSION_LOOP;
    int rc = api_invoke(cw->s->app.host.api, &session, cw->name, cw->args, &cw->s->arena, cw->out, err);
    if (rc < 0) flow_undone(cw->s->app.flow);
    return rc;
}

static void done_call(struct lane_work *w, const struct err *failed)
{
    struct call_work *cw = (struct call_work *)w;
    cw->failed = failed != NULL;
    if (failed) *cw->err = *failed;
}

static bool is_killed(const struct spec *s, const struct call_work *cw)
{
    return s->trial.pass == SPEC_KILLED && cw->failed && cw->err->code == ERR_STOPPED;
}

int spec_call(struct spec *s, const char *name, const struct val *args, int64_t person, struct val *out,
              struct err *err)
{
    struct call_work cw = {.work = {.run = run_call, .done = done_call},
                           .s = s,
                           .name = name,
                           .args = args,
                           .person = person,
                           .out = out,
                           .err = err};
    struct err other = {0};
    int rc = 0;
    if (s->world.is_answering) return err_set(err, ERR_REFUSED, "spec.answering", NULL);
    do { /* whoever asks a service that is killed asks again */
        cw.failed = false;
        *out = val_nil();
        lane_add(s->app.lane, &cw.work);
        rc = run_ready(s, &other);
    } while (rc == 0 && is_killed(s, &cw));
    if (rc) *err = other;
    return rc ? rc : cw.failed ? err->code : 0;
}

int spec_clock(struct spec *s, int64_t to, struct err *err)
{
    if (s->world.is_answering) return err_set(err, ERR_REFUSED, "spec.answering", NULL);
    for (;;) {
        int rc = run_ready(s, err);
        if (rc) return rc;
        int64_t due = lane_run(s->app.lane), now = clock_now(&s->app.host.clock);
        if (due > to) break;
        clock_set(&s->app.host.clock, due > now ? due : now);
    }
    if (to > clock_now(&s->app.host.clock)) clock_set(&s->app.host.clock, to);
    return run_ready(s, err);
}

int spec_zone(struct spec *s, const char *zone, struct err *err)
{
    const struct zone *found;
    int rc = zone_find(zone, &found, err);
    if (rc) return rc;
    s->options.zone = zone_name(found);
    return spec_restart(s, err);
}
