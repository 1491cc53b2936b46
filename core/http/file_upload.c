/* Files in. Who sends is looked at before the first byte of the body is taken; the bytes go to the disk as they come
 * (io thread: into the page cache), are brought to it by a thread that may wait, and only then named by a row on the
 * lane. Whatever ends before leaves nothing.
 *
 * An Idempotency-Key is bound to what came: the digest of the bytes, their type and their name. That is known when all
 * is there, so a file that is sent again is read again, and then answered as before without being brought to the disk;
 * one that is another is refused, and gone. What comes twice at the same time is found on the lane. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/locale.h"
#include "base/mem.h"
#include "base/text.h"
#include "file/file.h"
#include "file/file_bytes.h"
#include "http/auth_web.h"
#include "http/conn.h"
#include "http/disposition.h"
#include "http/file_web.h"
#include "http/idempotency.h"
#include "http/multipart.h"
#include "http/problem.h"
#include "http/routes.h"
#include "runtime/log.h"
#include "runtime/pool.h"

enum { RAW_NAME = 1024, FORM_SLACK = 64 << 10, UPLOAD_ARENA = 1 << 20, ANSWER_MAX = 64 << 10 };

struct upload {
    struct http_sink sink;
    struct lane_work lane;
    struct pool_work pool;
    struct mail back;
    struct http_api *api;
    struct http_request *request;
    struct file_bytes *bytes;
    struct people_login login;
    bool is_form, has_file, is_file; /* is_file: the part that is being read */
    struct multipart form;
    char name[FILE_NAME_MAX + 1];
    const char *key; /* Idempotency-Key; NULL: none */
    struct arena arena;
    struct val out;
    bool failed, is_replayed;
    struct err err;
    struct upload *next; /* among those on their way */
};

static struct upload *of_sink(struct http_sink *k)
{
    return (struct upload *)((char *)k - offsetof(struct upload, sink));
}

static void upload_free(struct upload *u)
{
    struct upload **at = &u->api->uploads;
    while (*at != u)
        at = &(*at)->next;
    *at = u->next;
    u->api->nuploads--;
    file_bytes_free(u->bytes);
    arena_close(&u->arena);
    mem_free(u);
}

static void drop(struct http_sink *k)
{
    upload_free(of_sink(k));
}

/* A name as it is kept: in NFC, since some systems send letters and marks apart. */
static void take_name(struct upload *u, const char *raw)
{
    const char *s = raw;
    size_t n = strlen(raw);
    if (text_nfc(&u->arena, raw, n, &s, &n, NULL) != 0) {
        s = raw;
        n = strlen(raw);
    }
    file_name_clean(s, n, u->name);
}

static int on_part(void *ctx, const struct multipart_part *p, struct err *err)
{
    struct upload *u = ctx;
    u->is_file = p->has_filename;
    if (!u->is_file) return 0;
    if (u->has_file) return err_set(err, ERR_INVALID, "file.multipart", "why", "filename", NULL);
    u->has_file = true;
    take_name(u, p->filename);
    return 0;
}

static int on_data(void *ctx, const char *p, size_t n, struct err *err)
{
    struct upload *u = ctx;
    return u->is_file ? file_bytes_add(u->bytes, p, n, err) : 0;
}

static int add(struct http_sink *k, const char *p, size_t n, struct err *err)
{
    struct upload *u = of_sink(k);
    return u->is_form ? multipart_feed(&u->form, p, n, err) : file_bytes_add(u->bytes, p, n, err);
}

/* Many at once, each of them slow, would hold files open and fill the disk unseen by the limits that rows have. */
static int check_room(struct http_api *api, int64_t user, struct err *err)
{
    int own = 0;
    for (const struct upload *u = api->uploads; u; u = u->next)
        own += u->login.actor.user == user;
    bool full = api->nuploads >= FILE_UPLOADS_MAX || (user > 0 && own >= FILE_UPLOADS_USER);
    return full ? err_set(err, ERR_BUSY, "file.uploads", NULL) : 0;
}

static int admit(struct http_api *api, struct http_request *r, struct upload *u, struct err *err)
{
    int rc = api_admit(api, r, &u->login, err);
    if (rc == 0 && u->login.actor.user == PEOPLE_ANONYMOUS) rc = err_set(err, ERR_DENIED, "http.no_token", NULL);
    if (rc == 0 && u->login.token) rc = people_token_allows(&u->login, "file.add", err);
    return rc ? rc : check_room(api, u->login.actor.user, err);
}

/* Of bytes that are the whole body: ?name=, or Content-Disposition. */
static void name_of_request(struct upload *u, struct http_request *r)
{
    char raw[RAW_NAME] = "";
    struct val query;
    const char *header = http_header(r, "content-disposition"), *given = NULL;
    if (http_form_parse(&u->arena, r->query, strlen(r->query), &query, NULL) == 0)
        given = val_cstr(&u->arena, val_get(&query, "name"));
    if (given)
        snprintf(raw, sizeof(raw), "%s", given);
    else if (header)
        disposition_get(header, "filename", raw, sizeof(raw));
    take_name(u, raw);
}

static int begin(struct http_api *api, struct http_request *r, struct upload *u, struct err *err)
{
    int64_t most = api->o.file_max;
    int rc = admit(api, r, u, err);
    if (rc == 0) rc = api_key_of(r, &u->arena, &u->key, err);
    if (rc) return rc;
    name_of_request(u, r);
    rc = multipart_init(&u->form, http_header(r, "content-type"), err);
    if (rc < 0) return rc;
    u->is_form = rc == 1;
    u->form.part = on_part;
    u->form.data = on_data;
    u->form.ctx = u;
    u->sink = (struct http_sink){.most = (size_t)most + (u->is_form ? FORM_SLACK : 0), .add = add, .drop = drop};
    return file_bytes_new(api->o.host->data_dir, most, &u->bytes, err);
}

int file_upload_take(struct http_api *api, struct http_request *r, struct http_sink **out, struct err *err)
{
    struct upload *u = mem_alloc(sizeof(*u));
    u->api = api;
    arena_init(&u->arena, UPLOAD_ARENA);
    int rc = begin(api, r, u, err);
    u->next = api->uploads; /* behind the check that counts them */
    api->uploads = u;
    api->nuploads++;
    if (rc)
        upload_free(u);
    else
        *out = &u->sink;
    return rc;
}

/* --- the body is there --- */

static void refuse(struct upload *u)
{
    http_problem(u->request, &u->err, u->login.lang[0] ? u->login.lang : "en");
    upload_free(u);
}

static void answer(struct upload *u)
{
    char lines[160];
    struct buf b;
    buf_init(&b, ANSWER_MAX);
    json_write(&b, &u->out);
    buf_add_char(&b, '\n');
    snprintf(lines, sizeof(lines), "Cache-Control: no-store\r\nLocation: /api/files/%lld\r\n%s",
             (long long)val_get_int(&u->out, "id", 0), u->is_replayed ? "Idempotent-Replayed: true\r\n" : "");
    struct http_response res = {
        .status = 201, .type = "application/json", .headers = lines, .body = b.data, .len = b.len};
    http_reply(u->request, &res);
    buf_close(&b);
    upload_free(u);
}

static void on_back(struct mail *m)
{
    struct upload *u = (struct upload *)((char *)m - offsetof(struct upload, back));
    if (u->failed)
        refuse(u);
    else
        answer(u);
}

static void come_back(struct upload *u, const struct err *failed)
{
    u->failed = failed != NULL;
    if (failed) u->err = *failed;
    u->back.deliver = on_back;
    loop_post(u->api->o.loop, &u->back);
}

static int add_row(struct upload *u, struct session *s, struct err *err)
{
    struct file_new n = {.hash = file_bytes_hash(u->bytes),
                         .type = file_bytes_type(u->bytes),
                         .name = u->name,
                         .size = file_bytes_size(u->bytes)};
    return file_add(s, &n, &u->out, err);
}

/* 1: done before, and u->out is what was answered. */
static int find_once(struct upload *u, struct store *db, int64_t now, struct idempotency *once, struct err *err)
{
    const struct http_request *r = u->request;
    char what[DIGEST_HEX + FILE_TYPE_MAX + FILE_NAME_MAX + 3];
    struct buf b;
    int n = snprintf(what, sizeof(what), "%s\n%s\n%s", file_bytes_hash(u->bytes), file_bytes_type(u->bytes), u->name);
    buf_init(&b, ANSWER_MAX);
    idempotency_init(once, u->login.actor.user, u->key, r->method, r->path, r->query, what, (size_t)n);
    idempotency_seal(once, u->api->o.host->auth->once_key);
    int rc = idempotency_find(db, once, now, &u->arena, &(struct idempotency_answer){.body = &b}, err);
    u->is_replayed = rc == 1;
    if (rc == 1 && json_parse(b.data, b.len, &u->arena, &u->out, err) != 0) rc = err->code;
    buf_close(&b);
    return rc;
}

static int keep_answer(const struct upload *u, struct session *s, const struct idempotency *once, struct err *err)
{
    struct buf b;
    buf_init(&b, ANSWER_MAX);
    json_write(&b, &u->out);
    int rc = buf_ok(&b) ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (rc == 0)
        rc = idempotency_keep(s->db, once, &(struct idempotency_answer){.status = 201, .body = &b}, s->now, err);
    buf_close(&b);
    return rc;
}

static int add_once(struct upload *u, struct session *s, struct err *err)
{
    struct idempotency once;
    int rc = find_once(u, s->db, s->now, &once, err);
    if (rc) return rc < 0 ? rc : 0;
    rc = add_row(u, s, err);
    return rc ? rc : keep_answer(u, s, &once, err);
}

static int run_on_lane(struct lane_work *w, struct lane *lane, struct err *err)
{
    struct upload *u = (struct upload *)((char *)w - offsetof(struct upload, lane));
    struct host *h = u->api->o.host;
    struct session s = {.mode = SESSION_WRITE,
                        .host = h,
                        .db = lane_db(lane),
                        .lane = lane,
                        .arena = &u->arena,
                        .now = lane_now(lane),
                        .actor = u->login.actor,
                        .lang = h->lang,
                        .zone = h->zone};
    s.origin =
        arena_printf(&u->arena, "%s%s %s", u->request->local ? "cli" : "http ", u->request->peer, u->request->id);
    log_set_request(u->request->id);
    int rc = u->key ? add_once(u, &s, err) : add_row(u, &s, err);
    log_set_request(NULL);
    return rc;
}

static void done_on_lane(struct lane_work *w, const struct err *failed)
{
    come_back((struct upload *)((char *)w - offsetof(struct upload, lane)), failed);
}

static void run_on_pool(struct pool_work *w)
{
    struct upload *u = (struct upload *)((char *)w - offsetof(struct upload, pool));
    struct err err = {0};
    if (file_bytes_keep(u->bytes, &err) != 0) {
        come_back(u, &err);
        return;
    }
    u->lane.run = run_on_lane;
    u->lane.done = done_on_lane;
    lane_post(u->api->o.host->lane, &u->lane);
}

static int look_before(struct upload *u, struct err *err)
{
    struct idempotency once;
    struct store *db = u->api->db;
    int rc = store_begin(db, err);
    if (rc) return rc;
    rc = find_once(u, db, clock_now(&u->api->o.host->clock), &once, err);
    store_rollback(db);
    return rc;
}

static int check_whole(const struct upload *u, struct err *err)
{
    if (u->is_form && !multipart_is_ended(&u->form))
        return err_set(err, ERR_INVALID, "file.multipart", "why", "end", NULL);
    bool empty = u->is_form ? !u->has_file : file_bytes_size(u->bytes) == 0;
    return empty ? err_set(err, ERR_INVALID, "file.empty", NULL) : 0;
}

void file_upload_handle(struct http_api *api, struct http_request *r)
{
    struct upload *u = of_sink(r->sink);
    r->sink = NULL;
    u->request = r;
    int rc = check_whole(u, &u->err);
    if (rc == 0 && u->key) rc = look_before(u, &u->err);
    if (rc == 1) {
        answer(u);
        return;
    }
    if (rc < 0) {
        refuse(u);
        return;
    }
    http_defer(r);
    u->pool.run = run_on_pool;
    if (pool_post(api->files, &u->pool)) return;
    err_set(&u->err, ERR_BUSY, "file.uploads", NULL);
    refuse(u);
}
