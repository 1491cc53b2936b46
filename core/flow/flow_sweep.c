/* Source that nobody needs any more is dropped: of versions that are not active, hold no open run, and are not required
 * by one that does. The row of the version stays, since ended runs name it. */
#include "flow/flow_internal.h"

#include "plugin/plugins.h"

/* A JSON list of the versions of the active set. */
const char *flow_active_versions(struct flow *f, struct arena *a)
{
    static const char *const kinds[] = {"flow", "on"};
    struct registry *r = plugins_current(f->host->plugins);
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_char(&b, '[');
    for (size_t k = 0; k < 2; k++) {
        size_t i = 0;
        for (const struct decl *d; r && (d = registry_each(r, kinds[k], &i));) {
            const struct flow_def *def = d->compiled;
            if (def) buf_printf(&b, "%s%lld", b.len > 1 ? "," : "", (long long)def->version_id);
        }
    }
    buf_add_char(&b, ']');
    const char *text = buf_ok(&b) ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return text;
}

int flow_sweep(struct flow *f, struct store *db, struct err *err)
{
    static const char kept[] =
        "with recursive kept(id) as (select value from json_each(?1) union select v.id from plugin_version v"
        " where exists (select 1 from flow_run r where r.version = v.id and r.ended is null)"
        " union select n.needs from plugin_version_needs n join kept on n.version = kept.id)"
        " delete from plugin_source where version in (select id from plugin_version where id not in kept)";
    struct arena a;
    arena_init(&a, 1 << 20);
    const char *active = flow_active_versions(f, &a);
    struct stmt *s = active ? store_stmt(db, kept, err) : NULL;
    int rc = s ? 0 : err->code ? err->code : err_set(err, ERR_NOMEM, "memory", NULL);
    if (s) {
        stmt_bind_str(s, 1, active);
        rc = stmt_run(s, err);
    }
    arena_close(&a);
    return rc;
}
