/* Inside http/: the parts of the host's API. */
#ifndef KHUNG_HOST_API_PARTS_H
#define KHUNG_HOST_API_PARTS_H

#include "plugin/api.h"
#include "plugin/host.h"

/* Lists of tasks (host_api_inbox.c); may the caller read all of them? 0, or ERR_DENIED. */
void host_api_attach_inbox(struct host *host);
int host_api_reads_all(struct api_call *c);
/* Tasks (host_api_task.c). */
void host_api_attach_task(struct host *host);
/* What a unit leaves behind (host_api_unit.c). */
void host_api_attach_unit(struct host *host);
/* Plugins, checks (host_api_system.c). */
void host_api_attach_system(struct host *host);
/* The organisation: import, export, changes of its tree (host_api_org.c). */
void host_api_attach_org(struct host *host);
/* A day in options; `otherwise` when it is not there. */
int host_api_day(struct api_call *c, const struct val *options, const char *name, int64_t otherwise, int64_t *day);
/* The unit with a code; ERR_NOT_FOUND. */
int host_api_find_unit(struct api_call *c, const struct val *code, int64_t *unit);
/* Who may do what, and why (host_api_policy.c). */
void host_api_attach_policy(struct host *host);
/* Grants of capabilities (host_api_grant.c). */
void host_api_attach_grant(struct host *host);
/* What is known of files (host_api_file.c). */
void host_api_attach_file(struct host *host);
/* What a version that does not serve yet would do (host_api_plan.c). */
void host_api_attach_plan(struct host *host);
/* Kept errors of plugins (host_api_error.c). */
void host_api_attach_error(struct host *host);
/* Limits of plugins, on and off (host_api_quota.c). */
void host_api_attach_quota(struct host *host);
/* A line of Lua in a plugin's environment (host_api_console.c). */
void host_api_attach_console(struct host *host);

/* Who did what (host_api_audit.c). */
void host_api_attach_audit(struct host *host);
/* An error in the caller's words; NULL: no memory. */
char *host_api_say(struct api_call *c, const struct err *what);
/* Who, when and what of a search, from a map of options. */
struct audit_filter;
int host_api_audit_filter(struct api_call *c, const struct val *o, struct audit_filter *f);
/* The audit as a file (host_api_export.c). */
void host_api_attach_export(struct host *host);
/* Erasing a person (host_api_erase.c). */
void host_api_attach_erase(struct host *host);
void kept_erase_attach(struct host *host); /* kept_erase.c */
/* Passwords, sessions and links of accounts (host_api_auth.c). */
void host_api_attach_auth(struct host *host);

#endif
