/* Inside http/: an answer to a read of something protected waits until the audit has been told, durably. */
#ifndef KHUNG_HTTP_API_TOLD_H
#define KHUNG_HTTP_API_TOLD_H

#include "http/api_job.h"

/* After the read: is there anything to tell? Drops from job->reads what has been told today. */
bool api_told_wants(struct api_job *job);
/* In a slice of its own, or the one in which it was read, where api_invoke has told of guarded calls; and after its
 * commit. */
int api_told_reads(struct api_job *job, struct session *s, struct err *err);
int api_told_run(struct api_job *job, struct session *s, struct err *err);
void api_told_done(struct api_job *job);

#endif
