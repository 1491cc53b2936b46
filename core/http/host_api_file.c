/* Files as the host's own functions see them: what is known of one. The bytes go over HTTP alone (file_web.h). */
#include "file/file.h"
#include "file/file_bytes.h"
#include "http/host_api_parts.h"
#include "plugin/protected.h"

/* One that anybody who has logged in may see is not told, nor one's own. */
static int note_read(struct api_call *c, const struct file_row *row)
{
    struct session anybody = *c->s;
    anybody.actor = (struct actor){.user = INT64_MAX};
    int rc = row->person && row->person == c->s->actor.person ? 1 : file_may_see(&anybody, row, c->err);
    if (rc == 0) session_note_read(c->s, &(struct session_read){.verb = "file.read", .kind = "file", .id = row->id});
    return rc < 0 ? rc : 0;
}

static int show(struct api_call *c)
{
    struct file_row row;
    struct err_num n;
    int64_t id = c->args[0].as.i;
    int rc = file_load(c->s->db, id, &row, c->err);
    if (rc == 1) rc = file_may_see(c->s, &row, c->err);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(c->err, ERR_NOT_FOUND, "not_found.file", "id", err_i64(&n, id), NULL);
    rc = note_read(c, &row);
    return rc ? rc : file_value(&row, c->arena, &c->result, c->err);
}

static int keep(struct api_call *c, struct file_bytes *b, const char *name)
{
    struct file_new n = {.name = name};
    int rc = file_bytes_add(b, c->args[1].as.str.s, c->args[1].as.str.len, c->err);
    if (rc == 0) rc = file_bytes_keep(b, c->err);
    if (rc) return rc;
    n.hash = file_bytes_hash(b);
    n.type = file_bytes_type(b);
    n.size = file_bytes_size(b);
    return file_add(c->s, &n, &c->result, c->err);
}

/* For specs: people hand in files over HTTP (file_upload.c), which waits for the disk on another thread. */
static int add(struct api_call *c)
{
    struct file_bytes *b;
    char name[FILE_NAME_MAX + 1];
    file_name_clean(c->args[0].as.str.s, c->args[0].as.str.len, name);
    int rc = file_bytes_new(c->s->host->data_dir, API_TEXT_MAX, &b, c->err);
    if (rc) return rc;
    rc = keep(c, b, name);
    file_bytes_free(b);
    return rc;
}

static const struct api_fn functions[] = {
    {"file.add", add, "name:text! text:text!", "File", API_WRITE, API_HOST, 1, "Keeps a text as a file.",
     .tells = true},
    {"file.show", show, "id:integer!", "File", API_READ, API_HOST, 1,
     "What is known of a file that the caller may see: { hash, id, name, size, type }."},
    {0},
};

void host_api_attach_file(struct host *host)
{
    api_add(host->api, functions, NULL);
}
