/* Rows: checked against the columns, added to the sums, handed to the format, and out. */
#include "report/report_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

int report_flush(struct report_run *run, bool all, struct err *err)
{
    if (!buf_ok(&run->out)) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (run->out.len == 0 || (!all && run->out.len < REPORT_FLUSH)) return 0;
    int rc = run->q->sink.write(run->q->sink.ctx, run->out.data, run->out.len);
    buf_clear(&run->out);
    /* Nobody listens any more: not an answer that a plugin could catch. */
    return rc < 0 ? err_set(err, ERR_STOPPED, "report.unwanted", "report", run->def->name, NULL) : 0;
}

/* By name; by number ("3") in a list that has holes. */
static int column_at(const struct report_def *def, const char *name)
{
    char *end;
    long n = *name >= '1' && *name <= '9' ? strtol(name, &end, 10) : 0;
    if (n > 0 && !*end) return n <= (long)def->ncolumns ? (int)n - 1 : -1;
    for (size_t i = 0; i < def->ncolumns; i++)
        if (strcmp(def->columns[i].field.name, name) == 0) return (int)i;
    return -1;
}

static int check_cell(struct report_run *run, size_t at, const struct val *v, struct val *cells, struct err *err)
{
    /* A row's file is shown as it is: checked against nothing, since a report shows what its code has read. */
    if (run->def->columns[at].field.type == FIELD_FILE && v->type == VAL_MAP) {
        cells[at] = *v;
        return 0;
    }
    return field_check(&run->def->columns[at].field, v, &run->s->host->time, &run->row, &cells[at], err);
}

static int check_row(struct report_run *run, const struct val *row, struct val *cells, struct err *err)
{
    const struct report_def *def = run->def;
    int rc = 0;
    for (size_t i = 0; i < def->ncolumns; i++)
        cells[i] = val_nil();
    if (row->type == VAL_LIST) {
        if (row->as.list.n > def->ncolumns)
            return err_set(err, ERR_INVALID, "report.too_many_cells", "report", def->name, NULL);
        for (size_t i = 0; rc == 0 && i < row->as.list.n; i++)
            rc = check_cell(run, i, &row->as.list.items[i], cells, err);
        return rc;
    }
    if (row->type != VAL_MAP) return err_set(err, ERR_INVALID, "report.row", "got", val_type_name(row->type), NULL);
    for (size_t i = 0; rc == 0 && i < row->as.map.n; i++) {
        int at = column_at(def, row->as.map.pairs[i].key);
        if (at < 0)
            return err_set(err, ERR_INVALID, "report.no_column", "report", def->name, "column",
                           row->as.map.pairs[i].key, NULL);
        rc = check_cell(run, (size_t)at, &row->as.map.pairs[i].v, cells, err);
    }
    return rc;
}

static int add_sums(struct report_run *run, const struct val *cells, struct err *err)
{
    for (size_t i = 0; i < run->def->ncolumns; i++) {
        struct val *sum = &run->sums[i];
        int64_t n;
        if (sum->type == VAL_NUM) {
            sum->as.n += cells[i].type == VAL_NUM ? cells[i].as.n : 0;
        } else if (sum->type == VAL_INT && cells[i].type == VAL_INT) {
            if (__builtin_add_overflow(sum->as.i, cells[i].as.i, &n))
                return err_set(err, ERR_LIMIT, "report.sum", "column", run->def->columns[i].field.name, NULL);
            sum->as.i = n;
        }
    }
    return 0;
}

static int write_row(struct report_run *run, struct val *cells, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < run->def->ncolumns; i++) {
        struct val shown;
        rc = people_show(run->s, run->def->columns[i].field.type, &cells[i], &run->row, &shown, err);
        cells[i] = shown;
    }
    if (rc == 0 && !run->begun) {
        run->begun = true;
        rc = run->writer->begin(run, err);
    }
    if (rc == 0) rc = run->writer->row(run, cells, err);
    if (rc == 0) rc = report_flush(run, false, err);
    return rc;
}

static int check_time(struct report_run *run, struct err *err)
{
    struct err_num n;
    if (clock_mono_ns() < run->deadline_ns) return 0;
    int64_t seconds = run->q->seconds ? run->q->seconds : REPORT_SECONDS;
    return err_set(err, ERR_LIMIT, "report.time", "report", run->def->name, "seconds", err_i64(&n, seconds), NULL);
}

int report_row_add(struct report_run *run, const struct val *row, struct err *err)
{
    struct val cells[REPORT_COLUMNS_MAX];
    bool takes = false;
    if (run->failed.code) {
        *err = run->failed;
        return err->code;
    }
    arena_reset(&run->row);
    int rc = check_time(run, err);
    if (rc == 0) rc = check_row(run, row, cells, err);
    if (rc == 0) rc = add_sums(run, cells, err);
    if (rc == 0) rc = report_page_takes(run, cells, &takes, err);
    if (rc == 0 && takes) rc = write_row(run, cells, err);
    run->nrows += rc == 0 && takes;
    /* A row that is not taken spoils the report, whatever the plugin makes of it. */
    if (rc) run->failed = *err;
    return rc;
}

int report_note_add(struct report_run *run, const struct val *text, struct err *err)
{
    struct val copy;
    if (run->notes.as.list.n == REPORT_NOTES_MAX)
        return err_set(err, ERR_LIMIT, "report.notes", "report", run->def->name, NULL);
    if (val_copy(run->arena, text, &copy) || val_add(run->arena, &run->notes, copy))
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    return 0;
}
