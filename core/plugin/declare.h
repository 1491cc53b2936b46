/* Declaring, while init.lua runs (SESSION_LOAD): what the API_DECLARE functions call.
 *
 * Each Lua state of a plugin runs init.lua; only the first (the lane's, when the registry is being built) adds to
 * the registry, the others just keep their functions. A pinned old version declares nothing but keeps its flows. */
#ifndef KHUNG_DECLARE_H
#define KHUNG_DECLARE_H

#include "plugin/session.h"
#include "base/val.h"
#include "base/err.h"

/* ERR_CONFLICT "plugin.declared_twice" {kind, name, where}, ERR_REFUSED "plugin.not_loading" {kind} outside init.lua.
 */
int registry_declare(struct session *s, const char *kind, const char *name, const struct val *spec, struct err *err);
/* The same with the function that serves it: `ref` is what an `fn` argument arrives as (VAL_INT). */
int registry_declare_fn(struct session *s, const char *kind, const char *name, const struct val *spec, int64_t ref,
                        struct err *err);

#endif
