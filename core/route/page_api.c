/* page(template, data): a template of the plugin filled, to be answered in the frame that all pages have. */
#include <pthread.h>
#include <string.h>

#include "people/people.h"
#include "plugin/plugin_vm.h"
#include "plugin/template.h"
#include "route/route_internal.h"

/* Some ten milliseconds on a reader, a few on the lane, where all wait. */
enum { STEPS_READ = 4 << 20, STEPS_LANE = 400 << 10 };

static uint8_t seal_key[DIGEST_LEN]; /* of this run of the program */

static void make_key(void)
{
    digest_random(seal_key, sizeof(seal_key));
}

void page_seal(const char *html, size_t len, char out[DIGEST_HEX])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    uint8_t mac[DIGEST_LEN];
    pthread_once(&once, make_key);
    digest_hmac(seal_key, sizeof(seal_key), html, len, mac);
    digest_hex(mac, out);
}

static int set(struct api_call *c, const char *key, struct val v)
{
    return val_set(c->arena, &c->result, key, v) ? err_set(c->err, ERR_LIMIT, "limit.size", NULL) : 0;
}

/* What the template has no say in: status, headers, the heading. */
static int take_options(struct api_call *c)
{
    static const char *const names[] = {"title", "status", "headers"};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        const struct val *v = val_get(&c->args[2], names[i]);
        if (v && v->type != VAL_NIL) rc = set(c, names[i], *v);
    }
    return rc;
}

static int page(struct api_call *c)
{
    bool reads = c->s->mode == SESSION_READ;
    struct val data = c->args[1];
    struct buf html;
    char seal[DIGEST_HEX];
    if (!c->s->vm) return err_set(c->err, ERR_REFUSED, "api.no_session", "function", c->fn->name, NULL);
    int rc = people_show_all(c->s, &data, c->arena, c->err);
    if (rc) return rc;
    buf_init(&html, reads ? ROUTE_BODY_MAX : ROUTE_LANE_BODY_MAX);
    struct template_fill f = {.plugin = c->s->vm->plugin,
                              .lang = c->s->lang,
                              .data = &data,
                              .steps = reads ? STEPS_READ : STEPS_LANE,
                              .arena = c->arena,
                              .out = &html};
    rc = template_fill(&f, api_str(&c->args[0]), c->err);
    const char *text = rc == 0 ? arena_strndup(c->arena, html.data ? html.data : "", html.len) : NULL;
    c->result = val_map();
    if (rc == 0) rc = text ? set(c, "html", val_strn(text, html.len)) : err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    if (rc == 0) page_seal(text, html.len, seal);
    const char *vouched = rc == 0 ? arena_strdup(c->arena, seal) : NULL;
    if (rc == 0) rc = vouched ? set(c, "frame", val_str(vouched)) : err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    if (rc == 0) rc = take_options(c);
    buf_close(&html);
    return rc;
}

const struct api_fn page_functions[] = {
    {"page", page, "template:text! data:map options:map{title:text,status:integer,headers:map}", "map", API_READ,
     "route", 1,
     "For a route to answer: templates/NAME.html of the plugin, filled with data (escaped), in the frame that all "
     "pages "
     "have, under `title`."},
    {0},
};
