/* khung serve: what the process may still reach, from its settings. */
#ifndef KHUNG_GUARD_H
#define KHUNG_GUARD_H

#include "runtime/config.h"
#include "runtime/confine.h"

/* After the database is open and before threads start. */
int guard_service(const struct config *config, const char *const *dirs, size_t ndirs, struct confine *out,
                  struct err *err);

#endif
