/* Reports: a plugin declares title, parameters, columns and a function; the host runs it and writes its rows.
 *
 * A report runs on a reader, in one snapshot, and can only read. Its rows go out as they come, so that its size is
 * bounded by nothing that is kept. All is found in the registry: a plugin dropped in later needs nothing here.
 *
 *     struct report_request q = {.name = "award_summary", .params = &params, .format = REPORT_CSV, .sink = sink};
 *     rc = report_run(reader, &q, err);       // in a reader_work's run(); report_run_here without threads */
#ifndef KHUNG_REPORT_H
#define KHUNG_REPORT_H

#include "base/field.h"
#include "people/params.h"
#include "plugin/readers.h"
#include "plugin/registry.h"
#include "plugin/session.h"

enum { REPORT_COLUMNS_MAX = 64, REPORT_SECONDS = 60, REPORT_CPU_MS = 5000 };

extern const struct val_kind report_out_kind;

/* Adds report.define, report_out:row, report_out:note and the declaration kind "report". */
void report_attach(struct host *host);

enum report_total { REPORT_NO_TOTAL, REPORT_SUM };
struct report_column {
    struct field field;      /* its name and type */
    const struct val *title; /* text, or { vi =, en = }, or NULL */
    enum report_total total;
};
/* What decl->compiled of a report is. In the registry's arena. */
struct report_def {
    const char *name, *plugin;
    const struct val *title;
    struct field_list params;
    struct report_column columns[REPORT_COLUMNS_MAX];
    size_t ncolumns;
    const struct val *chart, *group; /* as declared, or NULL */
    struct people_access access;     /* the verb is "report.run" unless declared otherwise */
};

/* NULL: there is none. Borrowed from the registry. */
const struct report_def *report_find(const struct registry *r, const char *name);
/* Text of a title in a language, then in any; NULL-safe; `otherwise` when there is none. */
const char *report_title(const struct val *title, const char *lang, const char *otherwise, struct arena *a);
/* A list of { name, plugin, title, params = { { name, type, required, title } }, columns = { { name, type, title, total
 * } }, chart, group }, in load order: for REST, OpenAPI, command line and pages. */
int report_list(const struct registry *r, const char *lang, struct arena *a, struct val *out, struct err *err);

enum report_format { REPORT_TABLE, REPORT_CSV, REPORT_JSON };
/* False: no such format. */
bool report_format_parse(const char *name, enum report_format *out);
const char *report_format_type(enum report_format format); /* "text/csv; charset=utf-8" */

/* Where the bytes go, as they come. 0, or negative when nobody wants them any more: the report is then stopped. */
struct report_sink {
    int (*write)(void *ctx, const char *p, size_t n);
    void *ctx;
};
/* Some of the rows; totals and notes are of all. */
struct report_page {
    int64_t from, limit; /* rows before it; rows of it at most */
    uint64_t mark;       /* of the rows before it */
    /* set by the run */
    bool more;
    int64_t end;
    uint64_t end_mark;
};
/* Where the cursor says; NULL: at the beginning. ERR_INVALID "find.cursor". */
int report_page_read(const char *name, const char *after, struct arena *a, struct report_page *page, struct err *err);
/* The cursor of the next page; NULL: there is none. */
const char *report_page_next(const char *name, const struct report_page *page, struct arena *a);

struct report_request {
    const char *name;
    const struct val *params; /* a map; text is read as the parameter's type ("2021", a unit's code); NULL: none */
    enum report_format format;
    const char *lang;   /* NULL: the organisation's */
    bool bom;           /* CSV: starts with a byte order mark, for spreadsheets */
    struct actor actor; /* all 0: the system */
    int64_t now;        /* 0: the host's clock */
    int64_t seconds;    /* wall time; 0: REPORT_SECONDS */
    struct report_sink sink;
    struct report_page *page; /* NULL: all rows. ERR_CONFLICT "report.changed": rows before it are others than then */
};
/* On a reader, in its transaction. Parameters and access are checked before the first byte. ERR_NOT_FOUND
 * "report.unknown", ERR_INVALID, ERR_DENIED, ERR_LIMIT "report.time" …; ERR_STOPPED when the sink refuses. */
int report_run(struct reader *r, const struct report_request *q, struct err *err);
/* Finds, checks and runs on a connection of the caller's, without threads (commands, tests). */
int report_run_here(struct host *host, struct store *db, const struct report_request *q, struct err *err);

#endif
