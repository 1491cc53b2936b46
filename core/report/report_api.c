/* report.define, and what a report's function does with its second argument. */
#include "report/report_internal.h"

#include "plugin/declare.h"
#include "plugin/plugins.h"

static int define(struct api_call *c)
{
    return registry_declare_fn(c->s, "report", api_str(&c->args[0]), &c->args[1], c->args[2].as.i, c->err);
}

/* The report that runs in this session: the object is good for nothing elsewhere. */
static struct report_run *current(struct api_call *c)
{
    struct report_run *run = c->s->mode == SESSION_READ ? c->s->run : NULL;
    if (run && run->id == c->args[0].as.obj.id) return run;
    err_set(c->err, ERR_REFUSED, "report.outside", "function", c->fn->name, NULL);
    return NULL;
}

static int row(struct api_call *c)
{
    struct report_run *run = current(c);
    return run ? report_row_add(run, &c->args[1], c->err) : c->err->code;
}

static int note(struct api_call *c)
{
    struct report_run *run = current(c);
    return run ? report_note_add(run, &c->args[1], c->err) : c->err->code;
}

const struct api_fn report_functions[] = {
    {"report.define", define,
     "name:text! options:map{title:any,params:map,access:map,columns:list!,chart:map,group:text}! run:fn!", "",
     API_DECLARE, "report", 1,
     "Declares a report: { title, params, access, columns, chart, group } and a function of (params, out)."},
    {"report_out:row", row, "out:object:report_out! row:any!", "", API_READ, NULL, 1,
     "Writes one row: { column = value } or the values in the order of the columns."},
    {"report_out:note", note, "out:object:report_out! text:text!", "", API_READ, NULL, 1,
     "Adds a footnote to the report."},
    {0},
};

void report_attach(struct host *host)
{
    static const struct decl_kind kind = {.name = "report", .compile = report_compile};
    plugins_add_kinds(host->plugins, &kind, 1);
    api_add(host->api, report_functions, host);
}
