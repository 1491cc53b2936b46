/* Inside runtime/: the two locks of the kernel. Both need no_new_privs to be set before. */
#ifndef KHUNG_CONFINE_INTERNAL_H
#define KHUNG_CONFINE_INTERNAL_H

#include "runtime/confine.h"

/* The level of Landlock in force afterwards; 0 and `why` when the kernel has none or refuses. */
int confine_landlock(const struct confine_options *o, char why[80]);
/* For all threads. False and `why` when the kernel refuses. */
bool confine_seccomp(char why[80]);

#endif
