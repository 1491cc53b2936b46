/* The host's own functions, for REST and the command line: runs, tasks, people, plugins, checks.
 *
 * They are API functions like those of plugins (plugin/api.h), but Lua does not see them. Each asks the policy for
 * its verb; the system itself (a command on the machine) may do everything. */
#ifndef KHUNG_HOST_API_H
#define KHUNG_HOST_API_H

struct host;
void host_api_attach(struct host *host);

#endif
