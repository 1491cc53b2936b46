/* Building a set of plugins out of what was found and of the set that serves now.
 *
 * In load order each plugin is linked with the versions of its requirements that serve in this set. If that is what
 * serves already, its state and declarations are taken over as they are; else a new state is built, if it may run. When
 * that fails, the version that serves now stays - at the start, the one that served last - and the failed one is listed
 * with its reason. */
#include "plugin/plugin_set.h"

#include <string.h>

#include "base/mem.h"
#include "plugin/grant.h"
#include "plugin/host.h"
#include "plugin/kept.h"
#include "plugin/remedy.h"

enum { REQUIRES_MAX = 64, SHARES = 1023 };

const struct plugin_member *plugin_set_find(const struct plugin_set *set, const char *name)
{
    for (size_t i = 0; set && i < set->n; i++)
        if (set->members[i].pv && strcmp(set->members[i].plugin->name, name) == 0) return &set->members[i];
    return NULL;
}

void plugin_set_free(struct plugin_set *set)
{
    if (!set) return;
    for (size_t i = 0; i < set->n; i++)
        plugin_vm_drop(set->members[i].pv);
    mem_free(set->members);
    registry_drop(set->registry);
    mem_free(set);
}

static void add(struct plugin_set *set, struct plugin *p, struct plugin_vm *pv, bool is_new)
{
    registry_add_plugin(set->registry, p);
    set->members[set->n++] = (struct plugin_member){p, pv, is_new};
}

static struct plugin_found *find(struct plugin_build *b, const char *name)
{
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->found[i].source->name, name) == 0) return &b->found[i];
    return NULL;
}

/* One requirement: the version that serves in this set. */
static struct plugin *require(struct plugin_build *b, const struct plugin_set *set, const struct plugin *p,
                              const char *name, struct err *err)
{
    const struct plugin_member *m = plugin_set_find(set, name);
    const char *wanted = val_get_str(val_get(&p->manifest, "requires"), name);
    if (!m)
        err_set(err, find(b, name) ? ERR_REFUSED : ERR_NOT_FOUND,
                find(b, name) ? "plugin.required_failed" : "plugin.required_missing", "plugin", p->name, "required",
                name, NULL);
    else if (wanted && !plugin_version_satisfies(m->plugin->version, wanted))
        err_set(err, ERR_REFUSED, "plugin.required_version", "plugin", p->name, "required", name, "wanted", wanted,
                "found", m->plugin->version, NULL);
    else
        return m->plugin;
    return NULL;
}

static struct plugin *link_one(struct plugin_build *b, const struct plugin_set *set, const struct plugin_found *found)
{
    struct plugin *required[REQUIRES_MAX], *source = found->source;
    struct err err = {0};
    size_t n = 0;
    for (const char **name = source->requires; source->ok && name && *name && n < REQUIRES_MAX; name++) {
        required[n] = require(b, set, source, *name, &err);
        if (!required[n]) break;
        n++;
    }
    struct plugin *p = plugin_link(source, required, n);
    if (err.code) plugin_fail(p, &err);
    if (found->failed) plugin_fail(p, found->failed);
    return p;
}

static bool is_same(const struct plugin *a, const struct plugin *b)
{
    bool same = a->source == b->source && a->nrequired == b->nrequired;
    for (size_t i = 0; same && i < a->nrequired; i++)
        same = a->required[i] == b->required[i];
    return same;
}

/* What failed by itself and is the same now is not tried again: neither its time nor the lane's is spent on it because
 * somebody else is exchanged. */
static bool fails_again(const struct plugin_build *b, struct plugin *p)
{
    const struct plugin *failed = NULL;
    bool may = p->ok || !p->source->ok;
    for (size_t i = 0; may && b->active && i < b->active->n && !failed; i++) {
        const struct plugin *old = b->active->members[i].plugin;
        if (old->fails_alone && is_same(p, old)) failed = old;
    }
    if (!failed) return false;
    plugin_fail(p, failed->why);
    p->fails_alone = true;
    return true;
}

/* The number for the lane's fairness stays with the name; a new name gets one that nobody has. */
static uint32_t share_of(struct plugin_build *b, const struct plugin_set *set, const char *name)
{
    const struct plugin_member *old = plugin_set_find(b->active, name);
    if (old) return old->plugin->share;
    for (uint32_t share = 1; share < SHARES; share++) {
        bool taken = false;
        for (size_t i = 0; b->active && i < b->active->n; i++)
            taken |= b->active->members[i].plugin->share == share;
        for (size_t i = 0; i < set->n; i++)
            taken |= set->members[i].plugin->share == share;
        if (!taken) return share;
    }
    return SHARES;
}

static int take_over(struct plugin_build *b, struct plugin_set *set, const struct plugin_member *old, struct err *err)
{
    int rc = registry_share(set->registry, b->active->registry, old->plugin->name, err);
    if (rc == 0) add(set, old->plugin, plugin_vm_hold(old->pv), false);
    return rc;
}

/* A member that stays cannot stand beside a new one that took its name for something: that one is to blame. */
static int blame_first(struct plugin_build *b, struct plugin_set *set, const struct err *why)
{
    const struct plugin_member *first = plugin_set_find(set, err_arg(why, "plugin"));
    struct plugin_found *found = first && first->is_new ? find(b, first->plugin->name) : NULL;
    if (found) plugin_found_fail(found, why);
    return found ? ERR_CONFLICT : 0;
}

/* *out: its state, or NULL when it failed. Negative: a fault of the database, which is no plugin's. */
static int build_state(struct plugin_build *b, struct plugin_set *set, struct plugin *p, struct plugin_vm **out,
                       struct err *err)
{
    struct plugin_vm *pv = NULL;
    struct err why = {0};
    *out = NULL;
    if (!p->ok) {
        p->fails_alone = !p->source->ok;
        remedy_find(b->s->host->api, p->why);
        return 0;
    }
    p->share = share_of(b, set, p->name);
    int rc = grant_check(b->s->db, p, b->policy, &why);
    if (err_is_fault(rc)) {
        *err = why;
        return rc;
    }
    if (rc == 0) {
        rc = plugin_vm_new(b->s->host, p, set->registry, true, &pv, &why);
        p->fails_alone = rc && rc != ERR_CONFLICT && !err_is_fault(rc);
    }
    if (rc == 0) rc = plugins_compile(b->plugins, set->registry, p->name, &why);
    if (rc == 0) {
        *out = pv;
        return 0;
    }
    plugin_vm_drop(pv);
    registry_undo(set->registry, p->name);
    remedy_find(b->s->host->api, &why);
    plugin_fail(p, &why);
    return 0;
}

/* The version that served before this process began, out of the database. What it fails with is of no interest: the
 * version in the folder says what is wrong. */
static int build_kept(struct plugin_build *b, struct plugin_set *set, const char *name, struct err *err)
{
    struct plugin *source;
    int rc = kept_read(b->s->db, name, &source, err);
    if (rc <= 0) return rc;
    struct plugin *p = link_one(b, set, &(struct plugin_found){.source = source});
    struct plugin_vm *pv;
    rc = build_state(b, set, p, &pv, err);
    if (pv) add(set, p, pv, true);
    plugin_drop(p);
    plugin_drop(source);
    return rc;
}

static int build_one(struct plugin_build *b, struct plugin_set *set, const struct plugin_found *found, struct err *err)
{
    struct plugin *p = link_one(b, set, found);
    const struct plugin_member *old = plugin_set_find(b->active, p->name);
    bool is_placed = plugin_set_find(set, p->name) != NULL, stays = p->ok && old && is_same(p, old->plugin);
    bool is_tried = !stays && !fails_again(b, p);
    struct plugin_vm *pv = NULL;
    int rc = is_tried ? build_state(b, set, p, &pv, err) : 0;
    bool falls_back = rc == 0 && !pv && !is_placed && !found->is_off;
    if (falls_back && !old) rc = build_kept(b, set, p->name, err);
    if (falls_back && old && take_over(b, set, old, err) != 0) {
        rc = blame_first(b, set, err);
        if (stays) plugin_fail(p, err);
    }
    if (!stays || !p->ok) add(set, p, pv, is_tried || stays);
    plugin_drop(p);
    return rc;
}

int plugin_set_build(struct plugin_build *b, struct plugin_set **out, struct err *err)
{
    struct plugin_set *set = mem_alloc(sizeof(*set));
    int rc = 0;
    set->registry = registry_new(b->serial);
    set->members = mem_alloc((2 * b->n + 1) * sizeof(*set->members));
    for (size_t i = 0; rc == 0 && i < b->n; i++)
        rc = build_one(b, set, &b->found[i], err);
    if (rc == 0)
        *out = set;
    else
        plugin_set_free(set);
    return rc;
}

bool plugin_set_blame(struct plugin_build *b, const struct plugin_set *set, const struct err *why)
{
    const char *name = err_arg(why, "plugin");
    const struct plugin_member *m = plugin_set_find(set, name);
    struct plugin_found *found = m ? find(b, name) : NULL;
    bool blamed = false;
    if (!found) return false;
    if (!m->is_new) {
        /* It served well until now: what is new beside it has broken it. */
        for (size_t i = 0; i < set->n; i++) {
            if (!set->members[i].is_new || !set->members[i].pv) continue;
            plugin_found_fail(find(b, set->members[i].plugin->name), why);
            blamed = true;
        }
        if (blamed) return true;
    }
    /* Its new version is out already: this is the one that should have served instead. */
    if (!m->is_new || found->failed) found->is_off = true;
    plugin_found_fail(found, why);
    return true;
}
