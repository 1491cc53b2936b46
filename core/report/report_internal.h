/* Inside report/: a report that runs, and what a format must do for it. */
#ifndef KHUNG_REPORT_INTERNAL_H
#define KHUNG_REPORT_INTERNAL_H

#include "base/buf.h"
#include "people/params.h"
#include "plugin/api.h"
#include "plugin/plugin_vm.h"
#include "report/report.h"

enum { REPORT_NOTES_MAX = 100, REPORT_FLUSH = 16 << 10, REPORT_ROW_BYTES = 4 << 20 };

struct report_run;
struct report_writer {
    const char *type; /* of the answer */
    int (*begin)(struct report_run *run, struct err *err);
    int (*row)(struct report_run *run, const struct val *cells, struct err *err);
    int (*end)(struct report_run *run, struct err *err);
    void (*close)(struct report_run *run); /* may be NULL; always called */
};
extern const struct report_writer report_table_writer, report_csv_writer, report_json_writer;
const struct report_writer *report_writer_of(enum report_format format);

struct report_run {
    const struct report_def *def;
    const struct report_request *q;
    const struct report_writer *writer;
    struct session *s;
    struct arena *arena; /* lives as long as the run */
    struct arena row;    /* for one row */
    struct buf out;      /* what has not gone to the sink yet */
    void *state;         /* the writer's */
    struct val params;   /* checked, in stored form */
    struct val notes;
    struct val sums[REPORT_COLUMNS_MAX]; /* nil: no total */
    int64_t id;                          /* of the object that the plugin holds */
    int64_t deadline_ns, nrows;
    int64_t seen;  /* rows, written or not; with a page only */
    uint64_t mark; /* of them */
    bool begun;
    struct err failed; /* what ends the report though the plugin caught it */
};

/* report_def.c */
int report_compile(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err);
/* report_row.c: one row of the plugin's: checked, summed, written. */
int report_row_add(struct report_run *run, const struct val *row, struct err *err);
/* report_page.c: is this row of the page? And at the end: did the report come to the page at all? */
int report_page_takes(struct report_run *run, const struct val *cells, bool *takes, struct err *err);
int report_page_finish(struct report_run *run, struct err *err);
int report_note_add(struct report_run *run, const struct val *text, struct err *err);
int report_flush(struct report_run *run, bool all, struct err *err);
/* report_cell.c: values that are shown, as text. */
enum report_style { REPORT_PLAIN, REPORT_GROUPED }; /* CSV; for reading: 12.226 and 04/01/2021 */
/* Appends the text of a shown value. */
void report_cell_text(struct buf *out, const char *lang, enum field_type type, enum report_style style,
                      const struct val *shown);
bool report_cell_is_number(enum field_type type);

extern const struct api_fn report_functions[];

#endif
