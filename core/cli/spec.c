/* The host of a spec: opened, driven, closed; and killed and opened anew between slices in the second pass. */
#include "cli/spec.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "runtime/log.h"

/* 2021-01-04 00:00 in Ho Chi Minh City, unless the spec says otherwise. */
static const int64_t spec_start_ms = 1609693200000;

static int load(struct spec *s, struct err *err)
{
    s->options.clock = &s->clock;
    int rc = app_open(&s->app, &s->options, err);
    if (rc) return rc;
    s->open = true;
    app_reload(&s->app, NULL, NULL, NULL);
    while (lane_step(s->app.lane)) {
    }
    return 0;
}

int spec_restart(struct spec *s, struct err *err)
{
    s->clock = s->app.host.clock;
    app_close(&s->app);
    s->open = false;
    s->restarted++;
    return load(s, err);
}

/* Everything that is ready; with a restart after each batch in the second pass. */
static int run_ready(struct spec *s, struct err *err)
{
    int rc = 0;
    while (rc == 0 && lane_step(s->app.lane))
        if (s->restarts) rc = spec_restart(s, err);
    return rc;
}

static void empty_folder(const char *dir)
{
    DIR *d = opendir(dir);
    char path[512];
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        unlink(path);
    }
    closedir(d);
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

int spec_open(struct spec *s, struct err *err)
{
    snprintf(s->dir, sizeof(s->dir), "%s/khung-spec-XXXXXX", temp_dir());
    if (!mkdtemp(s->dir)) return err_set(err, ERR_IO, "data.dir", "dir", s->dir, NULL);
    clock_init_virtual(&s->clock, spec_start_ms);
    s->options.data_dir = s->dir;
    s->options.no_sync = s->options.is_test = true;
    s->options.batch_ms = 60000; /* the order of slices does not hang on how quick the machine is */
    s->options.batch_slices = s->restarts ? 1 : 0;
    s->restarted = 0;
    arena_init(&s->arena, 256 << 20);
    if (s->fresh) {
        int rc = write_fresh(s, err);
        return rc ? rc : load(s, err);
    }
    int rc = load(s, err);
    return rc || !s->is_reused ? rc : keep_fresh(s, err);
}

void spec_close(struct spec *s)
{
    if (s->open) app_close(&s->app);
    s->open = false;
    empty_folder(s->dir);
    rmdir(s->dir);
    arena_close(&s->arena);
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
    bool done, failed;
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
    cw->done = true;
    cw->failed = failed != NULL;
    if (failed) *cw->err = *failed;
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
    *out = val_nil();
    lane_add(s->app.lane, &cw.work);
    while (!cw.done && lane_step(s->app.lane)) {
    }
    int rc = run_ready(s, &other);
    if (rc) *err = other;
    return cw.failed ? err->code : rc;
}

int spec_clock(struct spec *s, int64_t to, struct err *err)
{
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
