/* Running a report: found in the registry, checked, then its function on a reader with an object that takes rows.
 *
 * Nothing is written before the first row or the end, so that a report which fails at once can be answered with its
 * reason. What fails later ends the answer where it is. */
#include "report/report_internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plugin/breaker.h"
#include "plugin/incident.h"

const struct val_kind report_out_kind = {"report_out"};

static const struct {
    const char *name;
    const struct report_writer *writer;
} formats[] = {[REPORT_TABLE] = {"table", &report_table_writer},
               [REPORT_CSV] = {"csv", &report_csv_writer},
               [REPORT_JSON] = {"json", &report_json_writer}};

bool report_format_parse(const char *name, enum report_format *out)
{
    for (size_t i = 0; name && i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(formats[i].name, name) != 0) continue;
        *out = (enum report_format)i;
        return true;
    }
    return false;
}

const struct report_writer *report_writer_of(enum report_format format)
{
    return formats[format].writer;
}

const char *report_format_type(enum report_format format)
{
    return formats[format].writer->type;
}

static int unknown(const char *name, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "report.unknown", "report", name, NULL);
}

/* The report and the state of its plugin. */
static int find(struct reader *r, const char *name, const struct report_def **def, struct plugin_vm **pv,
                struct err *err)
{
    *def = r->registry ? report_find(r->registry, name) : NULL;
    if (!*def) return unknown(name, err);
    return plugin_states_get(&r->states, r->host, r->registry, (*def)->plugin, pv, err);
}

static void init_sums(struct report_run *run)
{
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        const struct report_column *c = &run->def->columns[i];
        if (c->total == REPORT_SUM) run->sums[i] = c->field.type == FIELD_NUMBER ? val_num(0) : val_int(0);
    }
}

/* The function may give its rows as a list too. */
static int take_result(struct report_run *run, const struct val *result, struct err *err)
{
    int rc = 0;
    if (result->type == VAL_NIL || (result->type == VAL_MAP && result->as.map.n == 0)) return 0;
    if (result->type != VAL_LIST)
        return err_set(err, ERR_INVALID, "report.result", "report", run->def->name, "got", val_type_name(result->type),
                       NULL);
    for (size_t i = 0; rc == 0 && i < result->as.list.n; i++)
        rc = report_row_add(run, &result->as.list.items[i], err);
    return rc;
}

static int call(struct report_run *run, struct plugin_vm *pv, struct err *err)
{
    struct val args[2], result = val_nil();
    int ref = plugin_vm_fn(pv, "report", run->def->name);
    if (!ref) return unknown(run->def->name, err);
    int rc = people_params_show(run->s, &run->def->params, &run->params, run->arena, &args[0], err);
    if (rc) return rc;
    args[1] = val_obj(&report_out_kind, run->id, 0, NULL);
    struct breaker_pass pass;
    rc = breaker_enter(run->s->host, pv->plugin->name, &pass, err);
    if (rc) return rc;
    rc = plugin_vm_call(pv, run->s, ref, args, 2, REPORT_CPU_MS, run->arena, &result, err);
    breaker_leave(run->s->host, &pass, rc, err);
    struct incident i = {.kind = "report", .name = run->def->name, .plugin = pv->plugin};
    if (rc && incident_is(err)) incident_keep(run->s->host, &i, err);
    if (rc == 0 && run->failed.code) {
        *err = run->failed;
        rc = err->code;
    }
    return rc ? rc : take_result(run, &result, err);
}

static int finish(struct report_run *run, struct err *err)
{
    int rc = run->begun ? 0 : run->writer->begin(run, err);
    run->begun = true;
    if (rc == 0) rc = run->writer->end(run, err);
    return rc ? rc : report_flush(run, true, err);
}

int report_run(struct reader *r, const struct report_request *q, struct err *err)
{
    struct session s;
    struct plugin_vm *pv = NULL;
    const struct report_def *def;
    int rc = find(r, q->name, &def, &pv, err);
    if (rc) return rc;
    reader_session(r, &s, q->now ? q->now : clock_now(&r->host->clock));
    struct report_run *run = mem_alloc(sizeof(*run));
    int64_t started = clock_mono_ns();
    *run = (struct report_run){.def = def,
                               .q = q,
                               .writer = report_writer_of(q->format),
                               .s = &s,
                               .arena = &r->arena,
                               .notes = val_list(),
                               .id = started};
    run->deadline_ns = started + (q->seconds ? q->seconds : REPORT_SECONDS) * 1000000000;
    s.actor = q->actor;
    if (q->lang) s.lang = q->lang;
    s.run = run;
    arena_init(&run->row, 2 * REPORT_ROW_BYTES);
    buf_init(&run->out, 4 * REPORT_ROW_BYTES);
    init_sums(run);
    rc = people_params_read(&s, &def->params, q->params, run->arena, &run->params, err);
    if (rc == 0) rc = people_access_check(&s, &def->access, &run->params, "denied.report", def->name, err);
    s.actor.plugin = pv->plugin->name;
    if (rc == 0) rc = call(run, pv, err);
    if (rc == 0) rc = report_page_finish(run, err);
    if (rc == 0) rc = finish(run, err);
    if (run->begun && run->writer->close) run->writer->close(run);
    arena_close(&run->row);
    buf_close(&run->out);
    mem_free(run);
    return rc;
}

struct here {
    struct reader_work work;
    const struct report_request *q;
};

static int run_here(struct reader_work *w, struct reader *r, struct err *err)
{
    return report_run(r, ((struct here *)w)->q, err);
}

int report_run_here(struct host *host, struct store *db, const struct report_request *q, struct err *err)
{
    struct reader r = {.host = host, .db = db};
    struct here h = {.work = {.run = run_here}, .q = q};
    arena_init(&r.arena, 128 << 20);
    int rc = reader_run_here(&r, &h.work, err);
    plugin_states_close(&r.states);
    arena_close(&r.arena);
    return rc;
}
