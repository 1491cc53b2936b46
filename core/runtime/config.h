/* Settings: typed, documented, checked; from a file, then the environment, then flags; the later wins.
 *
 * File: lines `key = value`, # starts a comment. Environment: KHUNG_ and the key in capitals. Flags: --key VALUE, with
 * - for _. An unknown key or a bad value is an error that names the place, the key, what is expected and the nearest
 * known key. Read once at start, then only read. */
#ifndef KHUNG_CONFIG_H
#define KHUNG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum config_type { CONFIG_TEXT, CONFIG_INT, CONFIG_BOOL, CONFIG_CHOICE };

struct config_key {
    const char *name;
    enum config_type type;
    const char *otherwise; /* the default, as text */
    int64_t min, max;      /* CONFIG_INT */
    const char *doc;       /* one line, for the reference */
    const char *choices;   /* CONFIG_CHOICE: "human, json" */
};
extern const struct config_key config_keys[]; /* closed by {NULL} */

struct config;
struct config *config_new(void);
void config_free(struct config *c);
int config_read_file(struct config *c, const char *path, struct err *err);
int config_read_env(struct config *c, struct err *err);
/* One flag; `where` is "command line" or "file:line" for messages. */
int config_set(struct config *c, const char *key, const char *value, const char *where, struct err *err);
const char *config_text(const struct config *c, const char *key);
int64_t config_int(const struct config *c, const char *key);
bool config_bool(const struct config *c, const char *key);

#endif
