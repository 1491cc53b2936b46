/* What the admin agrees to: a version of a plugin that waits, shown against the one that serves, then let in by its
 * hash, so that nothing can be granted but what was looked at. */
#include <string.h>

#include "base/buf.h"
#include "base/diff.h"
#include "content/storage.h"
#include "http/host_api_parts.h"
#include "people/people.h"
#include "plugin/grant.h"
#include "plugin/kept.h"
#include "plugin/plugins.h"

enum { DIFF_MAX = 4 << 20, HASH_SHOWN = 16, HASH_LEAST = 8 };

static const struct plugin *source_of(const struct plugin *p)
{
    return p->source ? p->source : p;
}

/* The version that waits, and what serves instead (NULL: nothing). Borrowed of the registry. */
static struct plugin *find_waiting(const struct registry *r, const char *name, struct plugin **serves)
{
    struct plugin *const *list, *waits = NULL;
    size_t n = r ? registry_plugins(r, &list) : 0;
    *serves = NULL;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i]->name, name) != 0) continue;
        if (list[i]->ok) *serves = list[i];
        if (plugin_waits(list[i])) waits = list[i];
    }
    return waits;
}

static int add_without(struct arena *a, const char **these, const char **others, struct val *out)
{
    int rc = 0;
    *out = val_list();
    for (; rc == 0 && these && *these; these++) {
        bool found = false;
        for (const char **o = others; o && *o; o++)
            found |= strcmp(*o, *these) == 0;
        char *copy = found ? NULL : arena_strdup(a, *these);
        if (copy) rc = val_add(a, out, val_str(copy));
        if (!found && !copy) rc = ERR_NOMEM;
    }
    return rc;
}

static void diff_file(struct buf *out, const struct plugin_file *old, const struct plugin_file *new)
{
    struct diff_text a = {0}, b = {0};
    if (old) a = (struct diff_text){old->path, old->text, old->len};
    if (new) b = (struct diff_text){new->path, new->text, new->len};
    diff_unified(out, &a, &b);
}

/* Both have their files in the order of their paths. */
static void diff_files(struct buf *out, const struct plugin *old, const struct plugin *new)
{
    size_t i = 0, j = 0, n = old ? old->nfiles : 0;
    while (i < n || j < new->nfiles) {
        const struct plugin_file *a = i < n ? &old->files[i] : NULL, *b = j < new->nfiles ? &new->files[j] : NULL;
        int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);
        diff_file(out, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
        i += order <= 0;
        j += order >= 0;
    }
}

/* { name, version, serves, hash, wants, gives_up, requires, diff, grant }: what is new against what serves. */
static int show(struct api_call *c, const struct plugin *new, const struct plugin *old)
{
    struct arena *a = c->arena;
    struct val wants, gives_up, requires;
    struct buf diff;
    const char *none[] = {NULL};
    buf_init(&diff, DIFF_MAX);
    buf_add_str(&diff, "");
    diff_files(&diff, old, source_of(new));
    if (!buf_ok(&diff)) {
        buf_clear(&diff);
        buf_add_str(&diff, "…");
    }
    char *name = arena_strdup(a, new->name), *version = arena_strdup(a, new->version);
    char *serves = arena_strdup(a, old ? old->version : ""),
         *text = arena_strndup(a, diff.data ? diff.data : "", diff.len);
    char *hash = arena_strndup(a, new->hash, HASH_SHOWN);
    char *grant = arena_printf(a, "khung plugin grant %s --yes %.*s", new->name, HASH_SHOWN, new->hash);
    buf_close(&diff);
    if (!name || !version || !serves || !text || !hash || !grant) return ERR_NOMEM;
    int rc = add_without(a, new->needs, old ? old->needs : none, &wants);
    if (rc == 0) rc = add_without(a, old ? old->needs : none, new->needs, &gives_up);
    if (rc == 0) rc = add_without(a, new->requires, none, &requires);
    c->result = val_map();
    rc = rc ? rc : val_set(a, &c->result, "name", val_str(name));
    rc = rc ? rc : val_set(a, &c->result, "version", val_str(version));
    rc = rc ? rc : val_set(a, &c->result, "serves", val_str(serves));
    rc = rc ? rc : val_set(a, &c->result, "hash", val_str(hash));
    rc = rc ? rc : val_set(a, &c->result, "wants", wants);
    rc = rc ? rc : val_set(a, &c->result, "gives_up", gives_up);
    rc = rc ? rc : val_set(a, &c->result, "requires", requires);
    rc = rc ? rc : val_set(a, &c->result, "diff", val_str(text));
    return rc ? rc : val_set(a, &c->result, "grant", val_str(grant));
}

static int changed_since(struct api_call *c, const char *plugin, const char *given, const char *hash)
{
    return err_set(c->err, ERR_CONFLICT, "plugin.changed_since", "plugin", plugin, "given", given, "hash", hash, NULL);
}

/* Recorded and loaded in one transaction: when the folder holds something else by now, nothing is granted. */
static int give(struct api_call *c, const struct plugin *p, const char *hash)
{
    struct plugins *ps = c->s->host->plugins;
    struct session s = *c->s;
    if (strlen(hash) < HASH_LEAST || strncmp(hash, p->hash, strlen(hash)) != 0)
        return changed_since(c, p->name, hash, p->hash);
    int rc = grant_give(s.db, p, s.actor.user, s.now, c->err);
    s.actor = (struct actor){0};
    s.arena = c->arena;
    if (rc == 0) rc = plugins_load(ps, &s, p->name, c->err);
    if (rc) return rc;
    struct plugin *const *list;
    size_t n = registry_plugins(plugins_current(ps), &list);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i]->name, p->name) != 0) continue;
        if (strcmp(list[i]->hash, p->hash) == 0 && list[i]->ok) return 0;
        if (!list[i]->ok) *c->err = *list[i]->why;
    }
    return c->err->code ? c->err->code : changed_since(c, p->name, hash, "…");
}

static int plugin_grant(struct api_call *c)
{
    const char *name = api_str(&c->args[0]), *hash = val_get_str(&c->args[1], "yes");
    struct plugin *serves, *source = NULL;
    int rc = people_check(c->s, "plugin.grant", PEOPLE_ANY_UNIT, c->err);
    if (rc) return rc;
    struct registry *r = plugins_registry(c->s->host->plugins);
    struct plugin *p = name ? find_waiting(r, name, &serves) : NULL;
    if (!p) {
        rc = err_set(c->err, ERR_NOT_FOUND, "plugin.not_waiting", "plugin", name, NULL);
    } else if (hash) {
        rc = give(c, p, hash);
    } else {
        if (!serves) rc = kept_read(c->s->db, name, &source, c->err);
        if (rc >= 0 && show(c, p, serves ? source_of(serves) : source) != 0)
            rc = err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    }
    plugin_drop(source);
    registry_drop(r);
    return rc < 0 ? rc : 0;
}

static const struct api_fn functions[] = {
    {"plugin.grant", plugin_grant, "name:text! options:map{yes:text}", "map", API_WRITE, API_HOST, 1,
     "Shows what the waiting version of a plugin wants and how it differs; with its hash as `yes`, lets it in.",
     .gives = "name:text! version:text! serves:text! hash:text! wants:list:text! gives_up:list:text! "
              "requires:list:text! diff:text! "
              "grant:text!"},
    {0},
};

void host_api_attach_grant(struct host *host)
{
    api_add(host->api, functions, NULL);
}
