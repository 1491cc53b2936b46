/* What a page's form with files sends (multipart/form-data), taken as it comes: its texts are kept, its files go to the
 * disk beside those that are kept already. Who sends is looked at before the first byte is taken, and for a login the
 * word against forgery before the first file. A file that cannot be taken does not end the form: the rest of it is
 * read, so that it can be shown again with all else that was filled in.
 *
 * On the io thread, but what is said of form_body_keep. */
#ifndef KHUNG_HTTP_FORM_BODY_H
#define KHUNG_HTTP_FORM_BODY_H

#include "base/secret.h"
#include "file/file.h"
#include "http/api_job.h"
#include "http/multipart.h"
#include "runtime/pool.h"

struct file_bytes;

enum {
    FORM_FILES_MAX = 20,     /* of one form */
    FORM_SIZE_FILES = 4,     /* so many of the largest files may come at once */
    FORM_TEXT_MAX = 1 << 20, /* bytes of all its texts */
    FORM_BODIES_MAX = 64,    /* on their way at once, */
    FORM_BODIES_ACCOUNT = 8, /* of one account, */
    FORM_BODIES_LINK = 2     /* by one link */
};

struct form_file {
    struct form_file *next;
    const char *field;
    char name[FILE_NAME_MAX + 1];
    struct file_bytes *bytes; /* NULL: not taken, as `wrong` says */
    struct err wrong;
    struct val row; /* by form_body_add, in the session's arena: { hash, id, name, size, type } */
};

struct form_body {
    struct http_sink sink;
    struct pool_work pool;
    struct mail back;
    struct form_body *next; /* among those on their way */
    struct http_api *api;
    int64_t sender;                  /* an account, or the digest of a link: whose bodies are counted together */
    char lang[8], word[SECRET_TEXT]; /* word "": none is asked for */
    struct arena arena;
    struct multipart form;
    /* the part that is being read */
    char field[64];
    bool is_text;
    struct buf text;
    size_t texts; /* bytes of those before */
    struct form_file *reading;
    /* what came */
    struct val fields; /* texts; of a name that came more than once, a list of them */
    struct form_file *files;
    int nfiles;
    struct err err; /* what ended it, or what form_body_keep found */
    void (*kept)(struct form_body *f, void *ctx);
    void *ctx;
};

/* For routes of pages (http_own_route.take): by a login, by a signed link whose token ends the path. Nothing is taken
 * over when the form is a plain one. */
int form_body_take(struct http_api *api, struct http_request *r, struct http_sink **out, struct err *err);
int form_body_take_link(struct http_api *api, struct http_request *r, struct http_sink **out, struct err *err);
/* For routes of a plugin: by a login, with that plugin's word, or by a token. */
int form_body_take_route(struct http_api *api, struct http_request *r, struct http_sink **out, struct err *err);
/* What came so, from now on the caller's; NULL: the body is in the request. f->err: it is not whole. */
struct form_body *form_body_of(struct http_request *r);
void form_body_free(struct form_body *f); /* NULL is fine */
/* Brings the files to the disk on a thread that may wait; then `kept` is called on the io thread. */
void form_body_keep(struct form_body *f, void (*kept)(struct form_body *f, void *ctx), void *ctx);
/* On the lane: a row for each file, as the session's actor; the fields of the form with the files' numbers in them, as
 * texts, in `given`. 0; 1: some cannot be taken, *err says which (ERR_INVALID, a field each), the others are in
 * `given` all the same; or an error. */
int form_body_add(const struct form_body *f, struct session *s, struct val *given, struct err *err);

#endif
