/* A lane without a loop, under a virtual clock, and works that say what happened to them. */
#ifndef KHUNG_TEST_STORE_LANE_FIXTURE_H
#define KHUNG_TEST_STORE_LANE_FIXTURE_H

#include "fixture.h"

#include "store/lane.h"

struct lane_fixture {
    struct fixture f;
    struct clock clock;
    struct lane *lane;
    int lost, before, after;
    int before_fails; /* how many before_commit calls fail */
    char told[4096];  /* what happened, in order */
};

struct tried {
    struct lane_work work;
    struct lane_fixture *lf;
    int64_t id;
    int fails;  /* run() gives this code … */
    int leaves; /* … with as many marks of its own left open */
    int runs, dones, refused, committed, dropped;
    void (*also)(struct tried *t, struct lane *lane);
};

static inline void lane_tell(struct lane_fixture *lf, const char *what, int64_t id)
{
    size_t at = strlen(lf->told);
    snprintf(lf->told + at, sizeof(lf->told) - at, "%s%s%.0d", at ? " " : "", what, (int)id);
}

static inline void tried_committed(void *arg)
{
    struct tried *t = arg;
    t->committed++;
}

static inline void tried_dropped(void *arg)
{
    struct tried *t = arg;
    t->dropped++;
}

/* Two rows, the second one in a mark. */
static inline int tried_run(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct tried *t = (struct tried *)w;
    static const char sql[] = "insert into t(id, part, load) values(?1, ?2, zeroblob(600))";
    t->runs++;
    lane_tell(t->lf, "r", t->id);
    lane_after_commit(lane, tried_committed, tried_dropped, t);
    for (int part = 1, rc; part <= 2; part++) {
        struct stmt *s = store_stmt(lane_db(lane), sql, err);
        if (!s) return err->code;
        stmt_bind_int(s, 1, t->id);
        stmt_bind_int(s, 2, part);
        if ((rc = stmt_run(s, err)) != 0) return rc;
        if (part == 2) break;
        if ((rc = store_mark(lane_db(lane), err)) != 0) return rc;
    }
    if (t->also) t->also(t, lane);
    for (int i = 1; i < t->leaves; i++)
        store_mark(lane_db(lane), err);
    if (t->fails) return err_set(err, t->fails, "mine.no", NULL);
    return t->leaves ? 0 : store_mark_release(lane_db(lane), err);
}

static inline void tried_done(struct lane_work *w, const struct err *failed)
{
    struct tried *t = (struct tried *)w;
    t->dones++;
    t->refused = failed ? failed->code : 0;
    lane_tell(t->lf, failed ? "x" : "d", t->id);
}

static inline struct tried *tried_add(struct lane_fixture *lf, struct tried *t, int64_t id)
{
    t->work.run = tried_run;
    t->work.done = tried_done;
    t->lf = lf;
    t->id = id;
    lane_add(lf->lane, &t->work);
    return t;
}

static inline void lane_fixture_lost(void *ctx)
{
    struct lane_fixture *lf = ctx;
    lf->lost++;
    lane_tell(lf, "lost", 0);
}

static inline int lane_fixture_before(void *ctx, struct err *err)
{
    struct lane_fixture *lf = ctx;
    lf->before++;
    if (lf->before_fails > 0) {
        lf->before_fails--;
        return err_set(err, ERR_INTERNAL, "mine.before", NULL);
    }
    return 0;
}

static inline void lane_fixture_after(void *ctx)
{
    struct lane_fixture *lf = ctx;
    lf->after++;
    lane_tell(lf, "c", 0);
}

static inline void lane_fixture_start(struct lane_fixture *lf, int slices, struct loop *loop)
{
    struct lane_options o = {.db = lf->f.db,
                             .loop = loop,
                             .clock = &lf->clock,
                             .batch_slices = slices,
                             .ctx = lf,
                             .on_lost = lane_fixture_lost,
                             .before_commit = lane_fixture_before,
                             .after_commit = lane_fixture_after,
                             .batch_ms = 10000};
    if (lane_new(&o, &lf->lane, &lf->f.err)) fail_msg("lane: %s", lf->f.err.key);
}

static inline void lane_fixture_init(struct lane_fixture *lf, int slices)
{
    memset(lf, 0, sizeof(*lf));
    fixture_init(&lf->f);
    must_exec(lf->f.db, "create table t(id integer, part integer, load blob, primary key(id, part))");
    clock_init_virtual(&lf->clock, 1000000);
    lane_fixture_start(lf, slices, NULL);
}

static inline void lane_fixture_close(struct lane_fixture *lf)
{
    lane_free(lf->lane);
    fixture_close(&lf->f);
}

#endif
