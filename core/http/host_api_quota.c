/* Plugins against their limits, and switched on and off. */
#include <string.h>

#include "base/buf.h"
#include "base/locale.h"
#include "http/host_api_parts.h"
#include "people/people.h"
#include "plugin/api_list.h"
#include "plugin/breaker.h"
#include "plugin/plugins.h"
#include "plugin/quota.h"

static int check_name(struct api_call *c)
{
    const char *name = api_str(&c->args[0]);
    struct registry *r = plugins_registry(c->s->host->plugins);
    bool is_known = r && registry_plugin(r, name);
    registry_drop(r);
    return is_known ? 0 : err_set(c->err, ERR_NOT_FOUND, "plugin.no_such", "plugin", name, NULL);
}

static int add_row(struct api_call *c, const char *limit, int64_t used, int64_t most, int64_t refused)
{
    struct val row = val_map();
    int rc = val_set(c->arena, &row, "limit", val_str(limit));
    rc |= val_set(c->arena, &row, "now", val_int(used));
    rc |= val_set(c->arena, &row, "most", val_int(most));
    rc |= val_set(c->arena, &row, "refused", val_int(refused));
    return rc | val_add(c->arena, &c->result, row);
}

static const struct list_column limit_columns[] = {{"limit", FIELD_TEXT, LIST_SORT},
                                                   {"now", FIELD_INTEGER, LIST_RANGE | LIST_SORT},
                                                   {"most", FIELD_INTEGER, LIST_RANGE | LIST_SORT},
                                                   {"refused", FIELD_INTEGER, LIST_RANGE | LIST_SORT},
                                                   {0}};
static const struct list limit_rows = {.name = "limits", .order = "limit", .key = "limit", .columns = limit_columns};

static int plugin_limits(struct api_call *c)
{
    struct val all;
    struct quota_state q;
    int rc = people_check(c->s, "plugin.limits", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = check_name(c);
    if (rc) return rc;
    c->result = val_list();
    bool is_counted = quotas_find(c->s->host->quotas, api_str(&c->args[0]), &q);
    for (int k = 0; is_counted && rc == 0 && k < QUOTA_COUNT; k++)
        rc = add_row(c, quota_name((enum plugin_quota)k), q.used[k], q.limit[k], q.refused[k]);
    if (rc) return err_set(c->err, ERR_NOMEM, "memory", NULL);
    all = c->result;
    return api_list_slice(c, &c->args[1], &all);
}

static int plugin_disable(struct api_call *c)
{
    const char *why = api_str(val_get(&c->args[1], "why"));
    int rc = people_check(c->s, "plugin.disable", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = check_name(c);
    return rc ? rc : breaker_disable(c->s, api_str(&c->args[0]), why ? why : "-", c->err);
}

static int plugin_enable(struct api_call *c)
{
    int rc = people_check(c->s, "plugin.enable", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = check_name(c);
    return rc ? rc : breaker_enable(c->s, api_str(&c->args[0]), c->err);
}

static const struct api_fn functions[] = {
    {"plugin.limits", plugin_limits, "name:text! options:map", "list", API_READ, API_HOST, 1,
     "What a plugin has stored and does in this minute, against its limits: { limit, now, most, refused }.",
     .list = &limit_rows},
    {"plugin.disable", plugin_disable, "name:text! options:map{why:text}", "", API_WRITE, API_HOST, 1,
     "Switches a plugin off until it is enabled: what asks for it is refused, its runs wait."},
    {"plugin.enable", plugin_enable, "name:text!", "", API_WRITE, API_HOST, 1,
     "Switches a plugin on again, whether the admin or its own failures had switched it off."},
    {0},
};

void host_api_attach_quota(struct host *host)
{
    api_add(host->api, functions, NULL);
}
