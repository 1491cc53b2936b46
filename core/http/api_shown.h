/* Inside http/: an act is answered with what it was done to, as it is now. On the io thread, once the act has run. */
#ifndef KHUNG_HTTP_API_SHOWN_H
#define KHUNG_HTTP_API_SHOWN_H

#include "http/api_job.h"

/* True: the job has gone on, and comes back with what is shown. False: it is answered as it is. */
bool api_shown(struct api_job *job);

#endif
