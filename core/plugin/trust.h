/* The keys whose packs may be installed: DATA/trusted_keys, a line each: KEY NAME. Whoever may write that file decides;
 * it is changed by exchange, so that it is always whole. */
#ifndef KHUNG_TRUST_H
#define KHUNG_TRUST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/val.h"

/* 1 when the key is in the list, 0 when not, or an error. */
int trust_has(const char *data_dir, const char *key, struct err *err);
/* A list of { key, name }. */
int trust_list(const char *data_dir, struct arena *a, struct val *out, struct err *err);
/* Adds, or changes the name. `name` may be "". */
int trust_add(const char *data_dir, const char *key, const char *name, struct err *err);
int trust_remove(const char *data_dir, const char *key, struct err *err);

#endif
