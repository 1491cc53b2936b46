/* JSON: { name, title, params, columns, rows, totals, notes }; rows are written as they come. */
#include "report/report_internal.h"

#include <string.h>

#include "base/json.h"

static void add_key(struct buf *out, const char *key)
{
    json_write_str(out, key, strlen(key));
    buf_add_char(out, ':');
}

static void add_text(struct buf *out, const char *key, const char *text)
{
    add_key(out, key);
    json_write_str(out, text, strlen(text));
}

static void add_columns(struct report_run *run)
{
    struct buf *out = &run->out;
    buf_add_str(out, ",\"columns\":[");
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        const struct report_column *c = &run->def->columns[i];
        buf_add_str(out, i ? ",{" : "{");
        add_text(out, "name", c->field.name);
        buf_add_char(out, ',');
        add_text(out, "type", field_type_name(c->field.type));
        buf_add_char(out, ',');
        add_text(out, "title", report_title(c->title, run->s->lang, c->field.name, run->arena));
        if (c->total == REPORT_SUM) buf_add_str(out, ",\"total\":\"sum\"");
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

static void add_option(struct buf *out, const char *key, const struct val *v)
{
    if (!v) return;
    buf_add_char(out, ',');
    add_key(out, key);
    json_write(out, v);
}

static int begin(struct report_run *run, struct err *err)
{
    struct buf *out = &run->out;
    struct val params;
    int rc = people_params_show(run->s, &run->def->params, &run->params, run->arena, &params, err);
    if (rc) return rc;
    buf_add_char(out, '{');
    add_text(out, "name", run->def->name);
    buf_add_char(out, ',');
    add_text(out, "title", report_title(run->def->title, run->s->lang, run->def->name, run->arena));
    add_option(out, "params", &params);
    add_columns(run);
    add_option(out, "chart", run->def->chart);
    add_option(out, "group", run->def->group);
    buf_add_str(out, ",\"rows\":[");
    return 0;
}

static int row(struct report_run *run, const struct val *cells, struct err *err)
{
    struct buf *out = &run->out;
    (void)err;
    buf_add_str(out, run->nrows ? ",\n{" : "\n{");
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        if (i) buf_add_char(out, ',');
        add_key(out, run->def->columns[i].field.name);
        json_write(out, &cells[i]);
    }
    buf_add_char(out, '}');
    return 0;
}

static int end(struct report_run *run, struct err *err)
{
    struct buf *out = &run->out;
    bool first = true;
    (void)err;
    buf_add_str(out, "],\"totals\":{");
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        if (run->sums[i].type == VAL_NIL) continue;
        if (!first) buf_add_char(out, ',');
        first = false;
        add_key(out, run->def->columns[i].field.name);
        json_write(out, &run->sums[i]);
    }
    buf_add_str(out, "},\"notes\":");
    json_write(out, &run->notes);
    buf_add_str(out, "}\n");
    return 0;
}

const struct report_writer report_json_writer = {"application/json", begin, row, end, NULL};
