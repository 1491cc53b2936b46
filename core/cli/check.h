/* What khung check finds: in a plugin's text without running it, and in how open runs take it. */
#ifndef KHUNG_CHECK_H
#define KHUNG_CHECK_H

#include <stdbool.h>
#include "base/err.h"
#include "plugin/plugin.h"

struct api;
struct app;
struct cli;
struct registry;

struct check_finding {
    const char *file; /* "request.lua"; valid during the call of the sink */
    int line, column; /* from 1 */
    bool is_error;    /* fails for certain when it runs; else a warning */
    struct err what;  /* its key is the code */
};
typedef void check_sink(void *ctx, const struct check_finding *f);

/* Positions and roles that there are: of the files of an organisation beside a plugin folder (DIR/../org, org.json) and
 * of the data directory; with any of these, the roles that each begins with (`usual`: a new one). Both empty:
 * nothing is known. */
struct check_organisation {
    struct val positions, roles; /* lists of texts */
};
int check_organisation(struct cli *c, struct app *usual, struct check_organisation *out, struct err *err);

/* ERR_REFUSED "check.no_luacheck" when luacheck is not installed. */
struct check_texts {
    struct api *api;
    const struct plugin *plugin;
    struct plugin *const *plugins; /* all that were found: whose names there are */
    size_t nplugins;
    const struct registry *registry;
    const struct check_organisation *organisation;
};
int check_texts(const struct check_texts *t, check_sink *sink, void *ctx, struct err *err);

/* Tries the open runs of the data directory (its service, if one runs) against this plugin's files. */
struct check_runs {
    int64_t moves, others;
};
int check_runs(struct cli *c, const struct plugin *p, check_sink *sink, void *ctx, struct check_runs *sum,
               struct err *err);
/* "leave/request.lua:5" as file (kept in `file`) and line of this plugin; else its manifest. */
enum { CHECK_FILE_LEN = 160 };
void check_place(const struct plugin *p, const char *where, char file[CHECK_FILE_LEN], struct check_finding *f);

#endif
