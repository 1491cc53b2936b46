/* What a spec can call, described as data in the way of the API: editors and the reference have it from here. */
#ifndef KHUNG_SPEC_API_H
#define KHUNG_SPEC_API_H

#include "plugin/host.h"

/* A host that has nothing but these descriptions, for api_print.h. The caller frees its api. */
void spec_api_host(struct host *out);

#endif
