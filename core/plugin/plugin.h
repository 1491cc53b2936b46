/* A plugin: a folder of Lua with a manifest, read into memory once; immutable afterwards, shared by all threads.
 *
 * Its hash covers its own files, its settings and the hashes of the plugins that it requires: it is what runs are
 * pinned to. A pinned old version is the same struct, read from the database instead of a folder. Counted references.
 *
 * What is read is a source: it knows nobody. plugin_link makes of it a plugin that can run, with the plugins that it
 * requires; the same source may be linked anew when one of those has changed. */
#ifndef KHUNG_PLUGIN_H
#define KHUNG_PLUGIN_H

#include <stdbool.h>
#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/val.h"

enum { PLUGIN_API_LEVEL = 1, PLUGIN_FILES_MAX = 500, PLUGIN_NAME_MAX = 48, PLUGIN_BYTES_MAX = 8 << 20 };

struct plugin_file {
    const char *path; /* "publish.lua", "locale/vi.lua" */
    const char *text;
    size_t len;
};

/* What a plugin has, and does in a minute, is counted (quota.h). The first ones are durable. */
enum plugin_quota {
    QUOTA_ROWS,  /* of its tables, keys, numbers, and revisions of content that its code wrote */
    QUOTA_BYTES, /* in them */
    QUOTA_RUNS,  /* of its flows and handlers that have not ended */
    QUOTA_TASKS, /* of its runs, open */
    QUOTA_STORED,
    QUOTA_CALLS = QUOTA_STORED, /* outbound, a minute */
    QUOTA_LOG,                  /* lines, a minute */
    QUOTA_COUNT
};

/* What its code may use. */
struct plugin_limits {
    int64_t memory;   /* soft limit of a state, bytes */
    int64_t slice_ms; /* CPU time of a slice */
    int64_t most[QUOTA_COUNT];
    /* When it is switched off (breaker.h); only the admin says so. */
    int64_t failures, failures_percent, failures_calls;
};

struct plugin {
    const char *name;
    const char *version;
    const char *dir; /* "" for a pinned version */
    char hash[DIGEST_HEX];
    struct plugin *source;    /* whose files these are; NULL: it is the source itself */
    struct val manifest;      /* as plugin.lua returned it */
    const char **needs;       /* capabilities, closed by NULL */
    const char **requires;    /* names, closed by NULL */
    struct plugin **required; /* the same, resolved; held */
    size_t nrequired;
    struct plugin_file *files; /* sorted by path; specs are left out */
    size_t nfiles;
    struct plugin_limits limits, asked, allowed; /* in force: the smaller of the manifest's and the admin's */
    struct val settings;                         /* what the admin set */
    struct val config;                           /* defaults with what the admin set */
    struct val texts;                            /* { vi = { key = text }, en = … } */
    uint32_t share;                              /* number for lane fairness, from 1 */
    bool ok;
    bool fails_alone; /* not ok, and it would not be beside others either */
    struct err *why;  /* when not ok: what is wrong and where */
    struct arena arena;
    int refs; /* atomic */
};

/* Reads a folder. Always gives a source (named after the folder); one with mistakes has ok = false and says why.
 * `settings`: { key = value } that the admin set, or NULL. `known` (or NULL), held again, when nothing differs from it.
 */
struct plugin *plugin_read_dir(const char *dir, const struct val *settings, struct plugin *known);
/* From files already in memory (a pinned version). Copies them. */
struct plugin *plugin_from_files(const char *name, const struct plugin_file *files, size_t n,
                                 const struct val *settings);
/* A plugin of a source and of what it requires, in the order of `requires`; sealed. Holds them all. */
struct plugin *plugin_link(struct plugin *source, struct plugin *const *required, size_t n);
struct plugin *plugin_hold(struct plugin *p);
void plugin_drop(struct plugin *p);
/* The hash over own files, settings and required plugins; call once `required` is filled. */
void plugin_seal(struct plugin *p);
bool plugin_has(const struct plugin *p, const char *capability);
/* May it start, signal and see flows of that plugin? Its own, and those of plugins that it requires: ERR_DENIED. NULL
 * for `p`: the host, which may. */
int plugin_check_reach(const struct plugin *p, const char *plugin, struct err *err);
/* It is not ok only because it asks for what was not granted (grant.h). */
bool plugin_waits(const struct plugin *p);
const char *plugin_state(const struct plugin *p); /* "active", "waiting", "migrating" or "failed" */
/* A file by path, or a module by its full name ("awards.rules" → rules.lua of this or a required plugin). */
const struct plugin_file *plugin_file_find(const struct plugin *p, const char *path);
const struct plugin_file *plugin_module_find(const struct plugin *p, const char *module, const struct plugin **owner);
/* Text of a key in a language, then in the other; NULL. */
const char *plugin_text(const struct plugin *p, const char *lang, const char *key);
int plugin_fail(struct plugin *p, const struct err *why);
void plugin_limits_normal(struct plugin_limits *l);
/* Reads `limits` of the manifest and of the admin's settings. */
int plugin_limits_read(struct plugin *p, const struct val *settings, struct err *err);
/* What the admin allows now: for a version that is read from the database. */
void plugin_limit(struct plugin *p, const struct plugin_limits *allowed);

#endif
