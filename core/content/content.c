/* The module of content: what it is attached to, and the types of the active plugins. */
#include "audit/audit_erase.h"
#include "content/content_internal.h"

#include <string.h>

#include "base/mem.h"
#include "people/people.h"
#include "plugin/plugin_vm.h"
#include "plugin/plugins.h"

int content_too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

struct content *content_new(struct host *host)
{
    struct content *c = mem_alloc(sizeof(*c));
    c->host = host;
    c->source.collect = content_due_collect;
    return c;
}

void content_free(struct content *c)
{
    if (!c) return;
    registry_drop(c->registry);
    mem_free(c);
}

struct registry *content_registry(struct session *s)
{
    if (s->registry) return registry_hold(s->registry);
    struct registry *r = s->host->plugins ? plugins_registry(s->host->plugins) : NULL;
    if (r) return r;
    /* Before the first set has become active: what it is being checked with. */
    if (s->vm && s->vm->registry) return registry_hold(s->vm->registry);
    return s->host->content && s->host->content->registry ? registry_hold(s->host->content->registry) : NULL;
}

int content_type_of(const struct registry *r, const char *name, const struct content_type **out, struct err *err)
{
    const struct decl *d = r ? registry_find(r, "type", NULL, name) : NULL;
    if (!d || !d->compiled) return err_set(err, ERR_NOT_FOUND, "not_found.type", "type", name, NULL);
    *out = d->compiled;
    return 0;
}

bool content_is_hidden(const struct session *s, const struct content_type *t)
{
    return t->internal && s->actor.user == PEOPLE_ANONYMOUS;
}

bool content_is_public(const struct registry *r, const char *type)
{
    struct err ignored = {0};
    const struct content_type *t = NULL;
    return content_type_of(r, type, &t, &ignored) == 0 && t && !t->internal;
}

struct decl_kind content_decl_kind(struct content *c)
{
    return (struct decl_kind){"type", false, content_type_compile, c};
}

static int check_target(const struct content_type *t, const struct registry *r, const struct field *f, struct err *err)
{
    const char *target = f->type == FIELD_REF ? f->target : f->type == FIELD_LIST ? f->item_target : NULL;
    if (!target || registry_find(r, "type", NULL, target)) return 0;
    return err_set(err, ERR_INVALID, "content.ref_target", "type", t->name, "field", f->name, "target", target, NULL);
}

static const struct table_change dry_run = {.dry = true};

static int activate_type(struct content *c, const struct decl *d, struct store *db, const struct registry *r, bool dry,
                         struct err *err)
{
    const struct content_type *t = d->compiled;
    const struct table_change *change = dry ? &dry_run : NULL;
    bool is_new = !plugins_is_active(c->host->plugins, d);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < t->fields.n; i++)
        rc = check_target(t, r, &t->fields.items[i], err);
    if (rc == 0 && is_new) rc = table_migrate(db, t->draft, change, err);
    if (rc == 0 && is_new) rc = table_migrate(db, t->pub, change, err);
    if (rc) err_add_arg(err, "plugin", t->plugin);
    return rc;
}

/* Ids never go back, whatever the clock does. */
static int raise_ids(struct content *c, struct store *db, struct err *err)
{
    if (!c->host->lane) return 0;
    struct stmt *s = store_stmt(db, "select max(id) from item", err);
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    if (rc == 1) lane_raise_id(c->host->lane, stmt_int(s, 0));
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

int content_activate(struct content *c, struct store *db, struct registry *r, bool dry, struct err *err)
{
    size_t i = 0;
    int rc = raise_ids(c, db, err);
    for (const struct decl *d; rc == 0 && (d = registry_each(r, "type", &i));) {
        rc = activate_type(c, d, db, r, dry, err);
        if (rc && !err->where[0]) err_set_where(err, d->where, 0);
    }
    if (rc || dry) return rc;
    registry_drop(c->registry);
    c->registry = registry_hold(r);
    return 0;
}

static int on_activate(void *ctx, struct session *s, struct registry *r, struct err *err)
{
    audit_erase_ended(s->host->audit); /* it may wait for what is declared again */
    return content_activate(ctx, s->db, r, false, err);
}

void content_start(struct content *c, struct lane *lane)
{
    lane_add_source(lane, &c->source);
}

void content_attach(struct content *c)
{
    struct decl_kind kind = content_decl_kind(c);
    plugins_add_kinds(c->host->plugins, &kind, 1);
    plugins_add_activation(c->host->plugins, on_activate, c);
    content_add_api(c, c->host->api);
    quotas_add_count(c->host->quotas, content_count, c);
    content_files_attach(c);
    content_erase_attach(c);
    if (c->host->lane) content_start(c, c->host->lane);
}
