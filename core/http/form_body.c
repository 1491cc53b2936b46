/* Forms with files, from a browser. What is wrong with one file waits until the form is there; what is wrong with the
 * form itself ends it, with a page that says so. */
#include "http/form_body.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/locale.h"
#include "base/mem.h"
#include "base/text.h"
#include "file/file_bytes.h"
#include "flow/task.h"
#include "http/auth_web.h"
#include "http/conn.h"
#include "http/page.h"
#include "http/problem.h"
#include "plugin/plugin.h"
#include "route/route.h"

enum { FORM_ARENA = 8 << 20 };

static struct form_body *of_sink(struct http_sink *k)
{
    return (struct form_body *)((char *)k - offsetof(struct form_body, sink));
}

void form_body_free(struct form_body *f)
{
    if (!f) return;
    struct form_body **at = &f->api->forms;
    while (*at && *at != f)
        at = &(*at)->next;
    if (*at) *at = f->next;
    for (struct form_file *file = f->files; file; file = file->next)
        file_bytes_free(file->bytes);
    buf_close(&f->text);
    arena_close(&f->arena);
    mem_free(f);
}

static void drop(struct http_sink *k)
{
    form_body_free(of_sink(k));
}

/* --- parts --- */

static int too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

/* A name that comes again makes a list of what came. */
static int add_field(struct form_body *f, const char *name, const char *text, size_t n)
{
    const struct val *have = val_get(&f->fields, name);
    char *copy = arena_strndup(&f->arena, text, n), *key = arena_strdup(&f->arena, name);
    struct val list = val_list();
    if (!copy || !key) return ERR_NOMEM;
    if (!have) return val_set(&f->arena, &f->fields, key, val_strn(copy, n));
    if (have->type == VAL_LIST)
        list = *have;
    else if (val_add(&f->arena, &list, *have))
        return ERR_NOMEM;
    if (val_add(&f->arena, &list, val_strn(copy, n))) return ERR_NOMEM;
    return val_set(&f->arena, &f->fields, key, list);
}

static int end_part(struct form_body *f, struct err *err)
{
    const char *text = f->text.data ? f->text.data : "";
    bool is_wanted = f->is_text && f->field[0] && !memchr(text, '\0', f->text.len);
    f->texts += f->text.len;
    int rc = is_wanted ? add_field(f, f->field, text, f->text.len) : 0;
    f->is_text = false;
    f->reading = NULL;
    buf_clear(&f->text);
    return rc ? too_large(err) : 0;
}

static void spoil(struct form_file *file, const struct err *why)
{
    file_bytes_free(file->bytes);
    file->bytes = NULL;
    file->wrong = *why;
}

/* A name as it is kept: in NFC, since some systems send letters and marks apart. */
static void take_name(struct form_body *f, const char *raw, char out[FILE_NAME_MAX + 1])
{
    const char *s = raw;
    size_t n = strlen(raw);
    if (text_nfc(&f->arena, raw, n, &s, &n, NULL) != 0) {
        s = raw;
        n = strlen(raw);
    }
    file_name_clean(s, n, out);
}

/* Nothing of another site's form gets to the disk: the word stands before the files. */
static int check_word(const struct form_body *f, struct err *err)
{
    const struct val *given = val_get(&f->fields, "_csrf");
    char text[SECRET_TEXT] = "";
    if (!f->word[0]) return 0;
    if (val_is(given, VAL_STR)) snprintf(text, sizeof(text), "%.*s", (int)given->as.str.len, given->as.str.s);
    return secret_equal(text, f->word) ? 0 : err_set(err, ERR_DENIED, "auth.csrf", NULL);
}

static int begin_file(struct form_body *f, const char *filename, struct err *err)
{
    struct err_num n;
    struct err failed = {0};
    int rc = check_word(f, err);
    if (rc == 0 && f->nfiles == FORM_FILES_MAX)
        rc = err_set(err, ERR_LIMIT, "file.form_files", "most", err_i64(&n, FORM_FILES_MAX), NULL);
    if (rc) return rc;
    struct form_file *file = arena_alloc(&f->arena, sizeof(*file)), **end = &f->files;
    const char *field = arena_strdup(&f->arena, f->field);
    if (!file || !field) return too_large(err);
    *file = (struct form_file){.field = field};
    take_name(f, filename, file->name);
    while (*end)
        end = &(*end)->next;
    *end = file;
    f->nfiles++;
    f->reading = file;
    if (file_bytes_new(f->api->o.host->data_dir, f->api->o.file_max, &file->bytes, &failed) != 0) spoil(file, &failed);
    return 0;
}

/* Of a field for files in which none was chosen a browser sends an empty name. */
static int on_part(void *ctx, const struct multipart_part *p, struct err *err)
{
    struct form_body *f = ctx;
    int rc = end_part(f, err);
    if (rc) return rc;
    snprintf(f->field, sizeof(f->field), "%s", p->name);
    f->is_text = !p->has_filename;
    return p->has_filename && p->filename[0] ? begin_file(f, p->filename, err) : 0;
}

static int on_data(void *ctx, const char *p, size_t n, struct err *err)
{
    struct form_body *f = ctx;
    struct err failed = {0};
    if (f->is_text) {
        if (f->texts + f->text.len + n > FORM_TEXT_MAX) return too_large(err);
        buf_add(&f->text, p, n);
        return buf_ok(&f->text) ? 0 : too_large(err);
    }
    if (f->reading && f->reading->bytes && file_bytes_add(f->reading->bytes, p, n, &failed) != 0)
        spoil(f->reading, &failed);
    return 0;
}

static int add(struct http_sink *k, const char *p, size_t n, struct err *err)
{
    struct form_body *f = of_sink(k);
    if (f->err.code) {
        *err = f->err;
        return err->code;
    }
    return multipart_feed(&f->form, p, n, err);
}

/* What ends the form before it is there. Of its length only the number of the answer is known. */
static void refuse(struct http_sink *k, struct http_request *r, const struct err *why)
{
    struct form_body *f = of_sink(k);
    struct http_api *api = f->api;
    struct err told = *why;
    struct err_num most;
    struct buf b;
    char lang[8];
    snprintf(lang, sizeof(lang), "%s", f->lang);
    struct page p = {.out = &b, .lang = lang, .is_narrow = true, .is_secret = f->sender < 0};
    if (strcmp(why->key, "http.refused_413") == 0)
        err_set(&told, ERR_LIMIT, "file.form_size", "most",
                err_i64(&most, api->o.file_max * FORM_SIZE_FILES / (1 << 20)), NULL);
    const char *title = locale_text(lang, "auth.page_failed");
    buf_init(&b, PAGE_MAX);
    page_begin(&p, title ? title : "");
    page_err(&p, &told);
    page_end(&p);
    page_reply(r, http_status_of(why), &p, NULL); /* the form is dropped by this */
    buf_close(&b);
}

/* --- who --- */

/* An account's session, whose own page sends this. */
static int check_login(struct form_body *f, struct http_request *r, struct err *err)
{
    size_t len;
    struct people_login login = {0};
    char session[SECRET_TEXT];
    int rc = auth_browser(f->api, r, &login, err);
    if (rc) return rc;
    const char *cookie = auth_cookie(f->api, r, "session", &len);
    snprintf(session, sizeof(session), "%.*s", (int)len, cookie);
    auth_csrf(f->api, session, f->word);
    f->sender = login.actor.user;
    return 0;
}

static int check_link(struct form_body *f, struct http_request *r, struct err *err)
{
    const char *token = strrchr(r->path, '/') + 1;
    struct host *h = f->api->o.host;
    struct session s = {.host = h,
                        .db = f->api->db,
                        .arena = &f->arena,
                        .now = clock_now(&h->clock),
                        .lang = h->lang,
                        .zone = h->zone},
                   as;
    f->sender = (int64_t)(digest_short(token, strlen(token)) | 1ULL << 63);
    int rc = store_begin(f->api->db, err);
    if (rc) return rc;
    rc = flow_link_act_as(&s, token, &as, err);
    store_rollback(f->api->db);
    return rc;
}

static int check_token(struct form_body *f, struct http_request *r, const char *plugin, struct err *err)
{
    struct people_login login = {0};
    char verb[PLUGIN_NAME_MAX + 8];
    snprintf(verb, sizeof(verb), "route.%s", plugin);
    int rc = api_identify(f->api, r, &login, err);
    if (rc == 0) rc = people_token_allows(&login, verb, err);
    f->sender = login.actor.user;
    return rc;
}

static int check_route(struct form_body *f, struct http_request *r, struct err *err)
{
    char plugin[PLUGIN_NAME_MAX + 1], session[SECRET_TEXT];
    const char *name = r->path + sizeof(ROUTE_PREFIX) - 1, *accept = http_header(r, "accept");
    size_t len;
    snprintf(plugin, sizeof(plugin), "%.*s", (int)strcspn(name, "/"), name);
    if (!accept || !strstr(accept, "text/html")) f->sink.refuse = NULL; /* a program: by a problem document */
    if (http_header(r, "authorization")) return check_token(f, r, plugin, err);
    int rc = check_login(f, r, err);
    if (rc) return rc;
    const char *cookie = auth_cookie(f->api, r, "session", &len), *header = http_header(r, "x-csrf-token");
    snprintf(session, sizeof(session), "%.*s", (int)len, cookie);
    if (header && secret_equal(header, f->word))
        f->word[0] = '\0'; /* it has come already */
    else
        auth_csrf_plugin(f->api, session, plugin, f->word);
    return 0;
}

static int check_room(const struct form_body *f, struct err *err)
{
    int all = 0, own = 0, most = f->sender > 0 ? FORM_BODIES_ACCOUNT : FORM_BODIES_LINK;
    for (const struct form_body *other = f->api->forms; other; other = other->next) {
        all++;
        own += other->sender == f->sender;
    }
    return all >= FORM_BODIES_MAX || own >= most ? err_set(err, ERR_BUSY, "file.uploads", NULL) : 0;
}

typedef int (*check_fn)(struct form_body *f, struct http_request *r, struct err *err);

static int take(struct http_api *api, struct http_request *r, check_fn check, struct http_sink **out, struct err *err)
{
    struct multipart form;
    int rc = multipart_init(&form, http_header(r, "content-type"), err);
    if (rc <= 0) return rc;
    struct form_body *f = mem_alloc(sizeof(*f));
    *f = (struct form_body){.api = api, .form = form, .fields = val_map()};
    f->form.part = on_part;
    f->form.data = on_data;
    f->form.ctx = f;
    f->sink = (struct http_sink){
        .most = (size_t)api->o.file_max * FORM_SIZE_FILES + FORM_TEXT_MAX, .add = add, .drop = drop, .refuse = refuse};
    arena_init(&f->arena, FORM_ARENA);
    buf_init(&f->text, FORM_TEXT_MAX + 1);
    const char *accept = http_header(r, "accept-language");
    snprintf(f->lang, sizeof(f->lang), "%s", accept ? locale_pick(accept) : api->o.host->lang);
    auth_page_lang(api, r, f->lang);
    rc = check(f, r, &f->err);
    if (rc == 0) rc = check_room(f, &f->err);
    if (rc == 0) {
        f->next = api->forms; /* behind the check that counts them */
        api->forms = f;
    }
    *out = &f->sink; /* what is wrong is said by a page, when the body comes */
    return 0;
}

int form_body_take(struct http_api *api, struct http_request *r, struct http_sink **out, struct err *err)
{
    return take(api, r, check_login, out, err);
}

int form_body_take_link(struct http_api *api, struct http_request *r, struct http_sink **out, struct err *err)
{
    return take(api, r, check_link, out, err);
}

int form_body_take_route(struct http_api *api, struct http_request *r, struct http_sink **out, struct err *err)
{
    return take(api, r, check_route, out, err);
}

struct form_body *form_body_of(struct http_request *r)
{
    struct form_body *f = r->sink ? of_sink(r->sink) : NULL;
    r->sink = NULL;
    if (!f || f->err.code) return f;
    if (!multipart_is_ended(&f->form))
        err_set(&f->err, ERR_INVALID, "file.multipart", "why", "end", NULL);
    else
        end_part(f, &f->err);
    return f;
}

/* --- to the disk, then rows --- */

static void on_back(struct mail *m)
{
    struct form_body *f = (struct form_body *)((char *)m - offsetof(struct form_body, back));
    f->kept(f, f->ctx);
}

static void keep(struct pool_work *w)
{
    struct form_body *f = (struct form_body *)((char *)w - offsetof(struct form_body, pool));
    struct err failed = {0};
    for (struct form_file *file = f->files; file; file = file->next) {
        if (!file->bytes) continue;
        if (file_bytes_size(file->bytes) == 0)
            err_set(&failed, ERR_INVALID, "file.empty", NULL);
        else if (file_bytes_keep(file->bytes, &failed) == 0)
            continue;
        spoil(file, &failed);
    }
    f->back.deliver = on_back;
    loop_post(f->api->o.loop, &f->back);
}

void form_body_keep(struct form_body *f, void (*kept)(struct form_body *f, void *ctx), void *ctx)
{
    f->kept = kept;
    f->ctx = ctx;
    f->pool.run = keep;
    if (f->files && pool_post(f->api->files, &f->pool)) return;
    if (f->files) err_set(&f->err, ERR_BUSY, "file.uploads", NULL);
    kept(f, ctx);
}

/* The number of a file behind those that its field has already: they were sent before, and shown to be kept. */
static int give(struct arena *a, struct val *given, const char *field, int64_t id)
{
    const struct val *have = val_get(given, field);
    char *text = arena_printf(a, "%lld", (long long)id);
    struct val list = val_list();
    int rc = text ? 0 : ERR_NOMEM;
    for (size_t i = 0; rc == 0 && have && have->type == VAL_LIST && i < have->as.list.n; i++)
        rc = val_add(a, &list, have->as.list.items[i]);
    if (rc == 0 && val_is(have, VAL_STR) && have->as.str.len) rc = val_add(a, &list, *have);
    if (rc == 0) rc = val_add(a, &list, val_str(text));
    return rc ? rc : val_set(a, given, field, list);
}

/* The sentences of fields have one value: here the file's name. */
static void tell(struct err *err, const struct form_file *file)
{
    const char *key = strcmp(file->wrong.key, "file.size") == 0    ? "file.field_size"
                      : strcmp(file->wrong.key, "file.empty") == 0 ? "file.field_empty"
                                                                   : "file.field_wrong";
    if (!err->code) err_set(err, ERR_INVALID, key, "field", file->field, "detail", file->name, NULL);
    err_add_field(err, file->field, key, file->name);
}

int form_body_add(const struct form_body *f, struct session *s, struct val *given, struct err *err)
{
    struct err told = {0};
    int rc = val_copy(s->arena, &f->fields, given) ? too_large(err) : 0;
    for (struct form_file *file = f->files; rc == 0 && file; file = file->next) {
        if (!file->bytes) {
            tell(&told, file);
            continue;
        }
        struct file_new n = {.hash = file_bytes_hash(file->bytes),
                             .type = file_bytes_type(file->bytes),
                             .name = file->name,
                             .size = file_bytes_size(file->bytes)};
        rc = file_add(s, &n, &file->row, err);
        if (rc == 0 && give(s->arena, given, file->field, val_get_int(&file->row, "id", 0))) rc = too_large(err);
    }
    if (rc || !told.code) return rc;
    *err = told;
    return 1;
}
