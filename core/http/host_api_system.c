/* Plugins, the document and checks from outside. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "base/locale.h"
#include "content/content.h"
#include "file/file.h"
#include "flow/flow.h"
#include "http/host_api_parts.h"
#include "http/openapi.h"
#include "people/own.h"
#include "people/people.h"
#include "plugin/api_list.h"
#include "plugin/breaker.h"
#include "plugin/plugins.h"
#include "plugin/quota.h"
#include "runtime/confine.h"

/* It serves, but is switched off: since when and why, and when it is tried again. */
static int show_off(struct host *host, struct arena *a, const struct plugin *p, struct val *out)
{
    static const char *const states[] = {"active", "off", "trying", "disabled"};
    struct breaker_status st;
    breaker_status(host->breakers, p->name, &st);
    if (!p->ok || st.state == BREAKER_CLOSED) return val_set(a, out, "state", val_str(plugin_state(p)));
    char *why = arena_strdup(a, st.why);
    int rc = val_set(a, out, "state", val_str(states[st.state]));
    rc |= why ? val_set(a, out, "why", val_str(why)) : ERR_NOMEM;
    rc |= val_set(a, out, "since", val_int(st.since));
    return rc | (st.until ? val_set(a, out, "next", val_int(st.until)) : 0);
}

static int show_plugin(struct host *host, struct arena *a, const struct plugin *p, struct val *out)
{
    int rc = 0;
    *out = val_map();
    rc |= val_set(a, out, "name", val_str(p->name));
    rc |= val_set(a, out, "version", val_str(p->version));
    rc |= val_set(a, out, "hash", val_strn(p->hash, 12));
    rc |= show_off(host, a, p, out);
    if (p->ok) return rc;
    struct buf text;
    buf_init(&text, 2000);
    locale_err(&text, "en", p->why, true);
    char *why = arena_strndup(a, text.data ? text.data : "", text.len), *where = arena_strdup(a, p->why->where);
    buf_close(&text);
    if (!why || !where) return ERR_NOMEM;
    rc |= val_set(a, out, "why", val_str(why));
    return rc | val_set(a, out, "where", val_str(where));
}

static const struct list_column plugin_columns[] = {{"name", FIELD_TEXT, LIST_FILTER | LIST_SORT},
                                                    {"version", FIELD_TEXT, LIST_SHOWN},
                                                    {"state", FIELD_TEXT, LIST_FILTER | LIST_SORT},
                                                    {"hash", FIELD_TEXT, LIST_FILTER},
                                                    {"why", FIELD_TEXT, LIST_SHOWN},
                                                    {"where", FIELD_TEXT, LIST_SHOWN},
                                                    {"since", FIELD_INSTANT, LIST_SHOWN},
                                                    {"next", FIELD_INSTANT, LIST_SHOWN},
                                                    {0}};
static const struct list plugin_rows = {.name = "plugins", .order = "name", .key = "name", .columns = plugin_columns};

static int plugin_list(struct api_call *c)
{
    struct plugin *const *list;
    struct val all = val_list();
    int rc = people_check(c->s, "plugin.list", PEOPLE_ANY_UNIT, c->err);
    if (rc) return rc;
    struct registry *r = plugins_registry(c->s->host->plugins);
    size_t n = r ? registry_plugins(r, &list) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct val p, copy;
        /* The registry may go before the answer does. */
        rc = show_plugin(c->s->host, c->arena, list[i], &p);
        if (rc == 0) rc = val_copy(c->arena, &p, &copy);
        if (rc == 0) rc = val_add(c->arena, &all, copy);
    }
    registry_drop(r);
    return rc ? err_set(c->err, ERR_NOMEM, "memory", NULL) : api_list_slice(c, &c->args[0], &all);
}

/* As the system, not as who asks: what a plugin declares belongs to nobody. */
static int plugin_reload(struct api_call *c)
{
    const char *name = c->args[0].type == VAL_STR ? api_str(&c->args[0]) : NULL;
    struct session s = *c->s;
    int rc = people_check(c->s, "plugin.reload", PEOPLE_ANY_UNIT, c->err);
    if (rc) return rc;
    s.actor = (struct actor){0};
    s.arena = c->arena;
    return plugins_load(s.host->plugins, &s, name, c->err);
}

/* What the plugins of this snapshot declare is part of it. */
static int openapi(struct api_call *c)
{
    if (c->s->actor.user == PEOPLE_ANONYMOUS) return err_set(c->err, ERR_DENIED, "http.no_token", NULL);
    struct registry *own = c->s->registry ? NULL : plugins_registry(c->s->host->plugins);
    const struct registry *r = c->s->registry ? c->s->registry : own;
    struct val doc;
    int rc = openapi_write(c->s, r, c->arena, &doc, c->err);
    if (rc == 0 && val_copy(c->arena, &doc, &c->result) != 0) rc = err_set(c->err, ERR_NOMEM, "memory", NULL);
    registry_drop(own);
    return rc;
}

struct findings {
    struct api_call *c;
    int rc;
};

static void add_finding(void *ctx, const struct err *finding)
{
    struct findings *f = ctx;
    struct buf text;
    buf_init(&text, 4000);
    locale_err(&text, f->c->s->lang, finding, false);
    char *copy = arena_strdup(f->c->arena, text.data ? text.data : finding->key);
    buf_close(&text);
    if (!copy || val_add(f->c->arena, &f->c->result, val_str(copy)) != 0) f->rc = ERR_NOMEM;
}

/* The database's own words. */
static void add_line(void *ctx, const char *line)
{
    struct err finding;
    err_set(&finding, ERR_CORRUPT, "verify.database", "detail", line, NULL);
    add_finding(ctx, &finding);
}

static int verify_audit(struct api_call *c, struct findings *f)
{
    struct audit_break b;
    struct err what;
    int rc = audit_verify(c->s->db, NULL, &b, c->err);
    if (rc != 1) return rc;
    audit_break_tell(&b, &what);
    add_finding(f, &what);
    return 0;
}

static int verify(struct api_call *c)
{
    struct findings f = {c, 0};
    int rc = people_check(c->s, "system.verify", PEOPLE_ANY_UNIT, c->err);
    c->result = val_list();
    if (rc == 0) rc = store_check(c->s->db, add_line, &f, c->err);
    if (rc == 0) rc = flow_verify(c->s->db, add_finding, &f, c->err);
    if (rc == 0) rc = quotas_verify(c->s->host->quotas, c->s->db, add_finding, &f, c->err);
    if (rc == 0) rc = content_verify(c->s->db, add_finding, &f, c->err);
    if (rc == 0) rc = file_verify(c->s, add_finding, &f, c->err);
    if (rc == 0) rc = verify_audit(c, &f);
    return rc ? rc : f.rc ? err_set(c->err, ERR_LIMIT, "limit.size", NULL) : 0;
}

/* What is in force, in words; what is not is told by `why`. */
static const char *part_value(struct api_call *c, const struct confine_part *p)
{
    struct buf text;
    char key[48];
    buf_init(&text, 2000);
    snprintf(key, sizeof(key), "confine.is.%s", p->name);
    if (p->ok) locale_format(&text, c->s->lang, key, "value", p->value, NULL);
    char *copy = arena_strdup(c->arena, text.data ? text.data : p->value);
    buf_close(&text);
    return copy;
}

static int show_part(struct api_call *c, const struct confine_part *p, struct val *out)
{
    struct buf text;
    struct err why;
    *out = val_map();
    const char *value = part_value(c, p);
    int rc = value ? val_set(c->arena, out, "part", val_str(p->name)) : ERR_NOMEM;
    rc = rc ? rc : val_set(c->arena, out, "ok", val_bool(p->ok));
    rc = rc ? rc : val_set(c->arena, out, "value", val_str(value));
    if (rc || !p->why) return rc;
    err_set(&why, ERR_REFUSED, p->why, "detail", p->detail, NULL);
    buf_init(&text, 2000);
    locale_err(&text, c->s->lang, &why, true);
    char *copy = arena_strdup(c->arena, text.data ? text.data : "");
    buf_close(&text);
    return copy ? val_set(c->arena, out, "why", val_str(copy)) : ERR_NOMEM;
}

/* Asked of the thread that answers: what the kernel says of it, not what was meant. */
static int confinement(struct api_call *c)
{
    struct confine_part parts[CONFINE_PARTS];
    int rc = people_check(c->s, "system.confinement", PEOPLE_ANY_UNIT, c->err);
    if (rc) return rc;
    c->result = val_list();
    if (!c->s->host->confine) return 0;
    confine_look(c->s->host->confine, parts);
    for (size_t i = 0; rc == 0 && i < CONFINE_PARTS; i++) {
        struct val part;
        rc = show_part(c, &parts[i], &part);
        if (rc == 0) rc = val_add(c->arena, &c->result, part);
    }
    return rc ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

static const struct api_fn functions[] = {
    {"plugin.list", plugin_list, "options:map", "list", API_READ, API_HOST, 1, "Plugins, and why one is off.",
     .list = &plugin_rows},
    {"plugin.reload", plugin_reload, "name:text", "", API_WRITE, API_HOST, 1,
     "Reads the folders of plugins anew, or one plugin alone; the others go on as they are."},
    {"system.confinement", confinement, "", "list", API_READ, API_HOST, 1,
     "What keeps the process of the service locked in, and what does not.",
     .gives = "part:text! ok:boolean! value:text! why:text"},
    {"system.openapi", openapi, "", "map", API_READ, API_HOST, 1,
     "The OpenAPI 3.1 document of this service, with what its plugins declare, and the forms of those open tasks that "
     "the caller may see: of the 200 newest, each form once, 50 at most.",
     .gives = "*"},
    {"system.verify", verify, "", "string[]", API_READ, API_HOST, 1,
     "Checks the database and everything in it; lists what is wrong.", .slow = true},
    {0},
};

void host_api_attach_system(struct host *host)
{
    api_add(host->api, functions, NULL);
}
