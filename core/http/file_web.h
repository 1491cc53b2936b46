/* Inside http/: files over the wire. POST /api/files takes one (file_upload.c), GET /api/files/ID gives it
 * (file_download.c). */
#ifndef KHUNG_HTTP_FILE_WEB_H
#define KHUNG_HTTP_FILE_WEB_H

#include "http/api_job.h"

enum { FILE_THREADS = 2, FILE_UPLOADS_MAX = 64, FILE_UPLOADS_USER = 8 };

/* The body has come: its bytes are brought to the disk, then a row is made, then it is answered. */
int file_upload_take(struct http_api *api, struct http_request *r, struct http_sink **out, struct err *err);
void file_upload_handle(struct http_api *api, struct http_request *r);
/* Gives the bytes of the file that job->shown is, and frees the job. */
void file_download_reply(struct api_job *job);
void file_download_handle(struct http_api *api, struct http_request *r);
/* GET /api/audit/export (audit_download.c): the audit as a stream. */
void audit_download_handle(struct http_api *api, struct http_request *r);

#endif
