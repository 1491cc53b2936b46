/* Inside route/: the parts of a command. */
#ifndef KHUNG_COMMAND_INTERNAL_H
#define KHUNG_COMMAND_INTERNAL_H

#include "route/command.h"

/* command_def.c */
int command_compile(void *self, struct decl *d, struct registry *r, struct arena *a, struct err *err);
bool command_is_name(const char *name);
/* command_list.c: a list of { usage, doc, plugin, name, writes }, in load order. */
int command_list(const struct registry *r, const char *lang, struct arena *a, struct val *out, struct err *err);

#endif
