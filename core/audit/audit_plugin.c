/* Which code serves: a version of a plugin that becomes the active one is told, by whichever way it came, a reload, a
 * start or a file that was changed. It is compared with the sources that were kept of the one before. */
#include <string.h>

#include "audit/audit_internal.h"
#include "plugin/plugin.h"
#include "plugin/plugins.h"

/* 1, and its hash; 0: there was none. */
static int hash_before(struct store *db, const char *plugin, char out[DIGEST_HEX], struct err *err)
{
    struct stmt *s = store_stmt(db, "select hash from plugin_kept where plugin = ?1", err);
    if (!s) return err->code;
    stmt_bind_str(s, 1, plugin);
    int rc = stmt_step(s, err);
    if (rc == 1) stmt_copy(s, 0, out, DIGEST_HEX);
    stmt_done(s);
    return rc;
}

static int tell(struct session *s, const struct plugin *p, struct err *err)
{
    char was[DIGEST_HEX] = "";
    int rc = hash_before(s->db, p->name, was, err);
    if (rc < 0 || strcmp(was, p->hash) == 0) return rc < 0 ? rc : 0;
    struct val_pair before[] = {{"hash", val_str(was)}};
    struct val_pair after[] = {{"hash", val_str(p->hash)}, {"version", val_str(p->version ? p->version : "")}};
    struct val old = val_map(), new = val_map();
    old.as.map.pairs = before;
    old.as.map.n = 1;
    new.as.map.pairs = after;
    new.as.map.n = 2;
    return audit_add(s,
                     &(struct audit_entry){.verb = "plugin.activate",
                                           .kind = "plugin",
                                           .name = p->name,
                                           .before = was[0] ? &old : NULL,
                                           .after = &new,
                                           .is_plain = true},
                     err);
}

static int on_activate(void *ctx, struct session *s, struct registry *r, struct err *err)
{
    struct plugin *const *all;
    size_t n = registry_plugins(r, &all);
    int rc = 0;
    (void)ctx;
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (all[i]->ok && registry_plugin(r, all[i]->name) == all[i]) rc = tell(s, all[i], err);
    return rc;
}

void audit_plugin_attach(struct host *host)
{
    plugins_add_activation(host->plugins, on_activate, NULL);
}
