/* The table of JSON routes, and how a request becomes arguments. */
#include "http/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct http_route http_routes[] = {
    {"GET", "/api/content/:type", "content.list", ":type ?=", 200, false},
    {"POST", "/api/content/:type/find", "content.find", ":type body.where body.options", 200, false},
    {"POST", "/api/content/:type", "content.create", ":type body", 201, true},
    {"GET", "/api/content/:type/:id/draft", "content.get", ":type :id# ?*", 200, false},
    {"PATCH", "/api/content/:type/:id", "content.edit", ":id# body {}", 200, true, HTTP_MUST_MATCH},
    {"POST", "/api/content/:type/:id/submit", "content.submit", ":id#", 200, true, HTTP_MAY_MATCH},
    {"POST", "/api/content/:type/:id/approve", "content.approve", ":id#", 200, true, HTTP_MUST_MATCH},
    {"POST", "/api/content/:type/:id/send_back", "content.send_back", ":id# body.comment body.options", 200, true,
     HTTP_MAY_MATCH},
    {"POST", "/api/content/:type/:id/schedule", "content.schedule", ":id# body.at body.options", 200, true,
     HTTP_MAY_MATCH},
    {"POST", "/api/content/:type/:id/publish", "content.publish", ":id#", 200, true, HTTP_MAY_MATCH},
    {"POST", "/api/content/:type/:id/correct", "content.correct", ":id# body.fields body.note", 200, true,
     HTTP_MAY_MATCH},
    {"POST", "/api/content/:type/:id/retract", "content.retract", ":id# body.reason", 200, true, HTTP_MAY_MATCH},
    {"POST", "/api/content/:type/:id/archive", "content.archive", ":id# body.reason", 200, true, HTTP_MAY_MATCH},
    {"GET", "/api/content/:type/:id/history", "content.history", ":id# ?=", 200, false},
    {"GET", "/api/content/:type/:id/lint", "content.lint", ":id#", 200, false},
    {"GET", "/api/content/:type/:id/diff", "content.diff", ":id# ?from# ?to#", 200, false},
    {"GET", "/api/types/:type/fields", "content.fields", ":type", 200, false},
    {"GET", "/api/search", "content.search", "?text$ ?=", 200, false},
    {"GET", "/api/overdue", "content.overdue", "?=", 200, false},
    {"GET", "/api/files/:id/about", "file.show", ":id#", 200, false},
    {"GET", "/api/runs", "run.list", "?=", 200, false},
    {"POST", "/api/runs", "run.start", "body.flow body.input body.id", 201, true},
    {"POST", "/api/runs/upgrade", "run.upgrade", "body", 200, true},
    {"GET", "/api/runs/:id", "run.show", ":id#", 200, false},
    {"GET", "/api/runs/:id/history", "run.history", ":id# ?=", 200, false},
    {"POST", "/api/runs/:id/signal", "run.signal", ":id# body.name body.data body.key", 204, true},
    {"POST", "/api/runs/:id/cancel", "run.cancel", ":id# body.reason", 204, true},
    {"POST", "/api/runs/:id/pause", "run.pause", ":id#", 204, true},
    {"POST", "/api/runs/:id/resume", "run.resume", ":id#", 204, true},
    {"POST", "/api/runs/:id/retry", "run.retry", ":id# body.upgrade", 204, true},
    {"GET", "/api/tasks", "task.list", "?=", 200, false},
    {"GET", "/api/inbox", "task.inbox", "?=", 200, false},
    {"GET", "/api/orphans", "task.orphans", "?=", 200, false},
    {"GET", "/api/persons/:person/handover", "task.handover", ":person ?*", 200, false},
    {"GET", "/api/units/:unit/handover", "task.unit_handover", ":unit", 200, false},
    {"POST", "/api/tasks/decide", "task.decide_all", "body.tasks body.answer", 200, true, .shows = "task.flags"},
    {"GET", "/api/tasks/:id", "task.show", ":id#", 200, false},
    {"GET", "/api/tasks/:id/form", "task.form", ":id#", 200, false},
    {"GET", "/api/tasks/:id/history", "task.history", ":id# ?=", 200, false},
    {"POST", "/api/tasks/:id/decide", "task.decide", ":id# body", 200, true, HTTP_MAY_MATCH, .shows = "task.show"},
    {"POST", "/api/tasks/:id/claim", "task.claim", ":id# body.until", 200, true, .shows = "task.show"},
    {"POST", "/api/tasks/:id/release", "task.release", ":id#", 200, true, .shows = "task.show"},
    {"POST", "/api/tasks/:id/reassign", "task.reassign", ":id# body.to body.reason", 200, true, .shows = "task.show"},
    {"POST", "/api/tasks/:id/delegate", "task.delegate", ":id# body.person body.reason", 200, true,
     .shows = "task.show"},
    {"POST", "/api/tasks/:id/hand_back", "task.hand_back", ":id# body.reason", 200, true, .shows = "task.show"},
    {"GET", "/api/tasks/:id/comments", "task.comments", ":id# ?=", 200, false},
    {"POST", "/api/tasks/:id/comments", "task.comment", ":id# body.text body.files", 200, true, .shows = "task.show"},
    {"POST", "/api/tasks/:id/attach", "task.attach", ":id# body.files body.text", 200, true, .shows = "task.show"},
    {"DELETE", "/api/tasks/:id/files/:file", "task.detach", ":id# :file#", 200, true, .shows = "task.show"},
    {"POST", "/api/tasks/:id/recuse", "task.recuse", ":id# body.reason", 200, true, .shows = "task.show"},
    {"POST", "/api/tasks/:id/link", "task.link", ":id# body.person body.expires", 201, true},
    {"GET", "/api/notices", "notice.list", "?=", 200, false},
    {"POST", "/api/notices/read", "notice.read", "body", 204, true},
    {"GET", "/api/notices/preferences", "notice.preferences", "", 200, false},
    {"PATCH", "/api/notices/preferences", "notice.prefer", "body", 204, true},
    {"POST", "/api/notices/follow", "notice.follow", "body", 204, true},
    {"POST", "/api/calendar", "calendar.link", "", 201, true},
    {"DELETE", "/api/calendar", "calendar.revoke", "", 204, true},
    {"GET", "/api/outbox", "outbox.list", "?=", 200, false},
    {"POST", "/api/outbox/hold", "outbox.hold", "", 204, true},
    {"POST", "/api/outbox/release", "outbox.release", "", 204, true},
    {"POST", "/api/outbox/:id/retry", "outbox.retry", ":id", 200, true},
    {"DELETE", "/api/outbox/:id", "outbox.drop", ":id", 200, true},
    {"GET", "/api/webhooks", "webhook.list", "?=", 200, false},
    {"POST", "/api/webhooks", "webhook.add", "body.url body.options", 201, true},
    {"GET", "/api/webhooks/:id/deliveries", "webhook.deliveries", ":id# ?=", 200, false},
    {"POST", "/api/webhooks/:id/rotate", "webhook.rotate", ":id# body", 200, true},
    {"POST", "/api/webhooks/:id/disable", "webhook.disable", ":id# body", 204, true},
    {"POST", "/api/webhooks/:id/enable", "webhook.enable", ":id#", 204, true},
    {"POST", "/api/webhooks/:id/test", "webhook.test", ":id#", 204, true},
    {"GET", "/api/schedule", "schedule.jobs", "?=", 200, false},
    {"POST", "/api/schedule/:id/run", "schedule.run_now", ":id#", 204, true},
    {"GET", "/api/units", "org.units", "?=", 200, false},
    {"GET", "/api/units/:code", "org.unit", ":code ?*", 200, false},
    {"POST", "/api/org/import", "org.import", "body.lists body.options", 200, true},
    {"GET", "/api/org/export", "org.export", "?*", 200, false},
    {"POST", "/api/org/change", "org.change", "body.change body.options", 200, true},
    {"GET", "/api/delegations", "people.delegation_list", "?=", 200, false},
    {"POST", "/api/delegations", "people.delegate", "body", 201, true},
    {"POST", "/api/delegations/:id/revoke", "people.revoke", ":id# body", 204, true},
    {"GET", "/api/why", "policy.why", "?user$ ?verb$ ?thing$ ?*", 200, false},
    {"GET", "/api/who-can", "policy.who_can", "?verb$ ?thing$ ?=", 200, false},
    {"GET", "/api/verbs", "policy.verbs", "?=", 200, false},
    {"GET", "/api/users", "user.list", "?=", 200, false},
    {"POST", "/api/users", "user.add", "body.name body*", 201, true},
    {"GET", "/api/alike", "user.alike", "?=", 200, false},
    {"GET", "/api/users/:name", "user.show", ":name", 200, false},
    {"PATCH", "/api/users/:name", "user.edit", ":name body", 200, true, HTTP_MUST_MATCH},
    {"POST", "/api/users/:name/disable", "user.disable", ":name", 204, true},
    {"POST", "/api/users/:name/enable", "user.enable", ":name", 204, true},
    {"POST", "/api/users/:name/unlock", "user.unlock", ":name", 204, true},
    {"POST", "/api/users/:name/reset_link", "user.reset_link", ":name", 201, true},
    {"DELETE", "/api/users/:name/totp", "user.totp_reset", ":name", 204, true},
    {"POST", "/api/users/:name/identities", "user.identify", ":name body.issuer body.subject", 204, true},
    {"GET", "/api/users/:name/roles", "user.roles", ":name ?=", 200, false},
    {"POST", "/api/users/:name/roles", "user.role", ":name body.role body.unit body*", 201, true},
    {"DELETE", "/api/users/:name/roles/:id", "user.role_end", ":name :id# ?*", 204, true},
    {"GET", "/api/users/:name/tokens", "user.tokens", ":name ?=", 200, false},
    {"POST", "/api/users/:name/tokens", "user.token", ":name body", 201, true},
    {"DELETE", "/api/users/:name/tokens/:id", "user.revoke", ":id# :name", 204, true},
    {"GET", "/api/users/:name/sessions", "user.sessions", ":name ?=", 200, false},
    {"DELETE", "/api/users/:name/sessions/:id", "user.session_end", ":id# :name", 204, true},
    {"POST", "/api/setup_links", "user.setup_link", "", 201, true},
    {"GET", "/api/roles", "people.role_list", "?=", 200, false},
    {"GET", "/api/persons", "people.person_list", "?=", 200, false},
    {"GET", "/api/find", "people.find", "?kind$ ?name$", 200, false},
    {"GET", "/api/positions", "people.position_list", "?=", 200, false},
    {"GET", "/api/holders", "people.holder_list", "?=", 200, false},
    {"GET", "/api/bodies", "people.body_list", "?=", 200, false},
    {"GET", "/api/members", "people.member_list", "?=", 200, false},
    {"GET", "/api/errors", "error.list", "?=", 200, false},
    {"GET", "/api/errors/:id", "error.show", ":id", 200, false},
    {"GET", "/api/audit", "audit.list", "?=", 200, false},
    {"GET", "/api/audit/anchors", "audit.anchors", "?=", 200, false},
    {"GET", "/api/audit/verify", "audit.verify", "?*", 200, false},
    {"GET", "/api/audit/erasures", "audit.erasures", "?=", 200, false},
    {"GET", "/api/audit/erasures/preview", "audit.erase_preview", "?person ?published", 200, false},
    {"POST", "/api/audit/erasures", "audit.erase", "body.person body.reason body.published body.digest", 201, true},
    {"POST", "/api/audit/erasures/:id/skip", "audit.erase_skip", ":id# body", 204, true},
    {"POST", "/api/audit/erasures/:id/retry", "audit.erase_retry", ":id#", 204, true},
    {"GET", "/api/openapi.json", "system.openapi", "", 200, false},
    {"GET", "/api/warnings", "task.warnings", "", 200, false},
    {"GET", "/api/verify", "system.verify", "", 200, false},
    {"GET", "/api/confinement", "system.confinement", "", 200, false},
    {"GET", "/api/plugins", "plugin.list", "?=", 200, false},
    {"POST", "/api/plugins/reload", "plugin.reload", "", 204, true},
    {"POST", "/api/plugins/:name/reload", "plugin.reload", ":name", 204, true},
    {"GET", "/api/plugins/:name/limits", "plugin.limits", ":name ?=", 200, false},
    {"POST", "/api/plugins/:name/disable", "plugin.disable", ":name body", 204, true},
    {"POST", "/api/plugins/:name/enable", "plugin.enable", ":name", 204, true},
    {"POST", "/api/plugins/:name/grant", "plugin.grant", ":name body", 200, true},
    {"POST", "/api/plugins/:name/migrate", "plugin.migrate", ":name body", 200, true},
    {0}};

/* Compares a pattern with a path, segment by segment. */
bool http_path_fits(const char *pattern, const char *path)
{
    while (*pattern && *path) {
        if (*pattern == ':') {
            size_t name = strcspn(pattern, "/"), len = strcspn(path, "/");
            if (len == 0) return false;
            pattern += name;
            path += len;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == *path;
}

const struct http_route *http_route_find(const char *method, const char *path, char allow[64])
{
    allow[0] = '\0';
    if (strcmp(method, "HEAD") == 0) method = "GET";
    for (const struct http_route *r = http_routes; r->method; r++) {
        if (!http_path_fits(r->pattern, path)) continue;
        if (strcmp(r->method, method) == 0) return r;
        size_t at = strlen(allow);
        snprintf(allow + at, 64 - at, "%s%s", at ? ", " : "", r->method);
    }
    return NULL;
}

/* The path's segment that the pattern names so. */
static const char *segment(const struct http_route *route, const char *path, const char *name, size_t len, size_t *n)
{
    const char *pattern = route->pattern;
    while (*pattern && *path) {
        if (*pattern == ':') {
            size_t here = strcspn(pattern + 1, "/");
            *n = strcspn(path, "/");
            if (here == len && strncmp(pattern + 1, name, len) == 0) return path;
            pattern += here + 1;
            path += *n;
        } else {
            pattern++;
            path++;
        }
    }
    return NULL;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Decodes a part of a query: + is a blank. */
static char *decode(struct arena *a, const char *s, size_t n)
{
    char *out = arena_alloc(a, n + 1), *to = out;
    for (size_t i = 0; out && i < n; i++) {
        int high = s[i] == '%' && i + 2 < n + 0 ? hex(s[i + 1]) : -1;
        int low = high >= 0 ? hex(s[i + 2]) : -1;
        if (low >= 0 && (high || low)) {
            *to++ = (char)(high << 4 | low);
            i += 2;
        } else {
            *to++ = s[i] == '+' ? ' ' : s[i];
        }
    }
    return out;
}

/* Numbers and booleans of a query are taken as such; all else is text. */
static struct val guess(const char *s)
{
    char *end;
    long long n = strtoll(s, &end, 10);
    if (*s && !*end && strlen(s) < 18 && !(s[0] == '0' && s[1])) return val_int(n);
    if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0) return val_bool(*s == 't');
    return val_str(s);
}

/* More names than any form has: each is looked for among all that came before it. */
enum { NAMES_MAX = 500 };

enum query_how { QUERY_GUESS, QUERY_TEXT, QUERY_ALL };

/* Boxes of one name send it once each. */
static int set_value(struct arena *a, struct val *map, const char *key, struct val v, enum query_how how)
{
    const struct val *have = how == QUERY_ALL ? val_get(map, key) : NULL;
    struct val list = val_list();
    if (!have) return val_set(a, map, key, v);
    if (have->type == VAL_LIST)
        list = *have;
    else if (val_add(a, &list, *have))
        return ERR_NOMEM;
    return val_add(a, &list, v) ? ERR_NOMEM : val_set(a, map, key, list);
}

static int take_query(const char *query, struct arena *a, enum query_how how, struct val *out)
{
    int n = 0;
    *out = val_map();
    for (const char *p = query; *p;) {
        if (n++ == NAMES_MAX) return ERR_LIMIT;
        size_t len = strcspn(p, "&"), name = strcspn(p, "=&");
        char *key = decode(a, p, name), *value = name < len ? decode(a, p + name + 1, len - name - 1) : NULL;
        if (!key) return ERR_NOMEM;
        struct val v = !value ? val_bool(true) : how != QUERY_GUESS ? val_str(value) : guess(value);
        if (*key && set_value(a, out, key, v, how) != 0) return ERR_NOMEM;
        p += len + (p[len] == '&');
    }
    return 0;
}

int http_form_parse(struct arena *a, const char *body, size_t len, struct val *out, struct err *err)
{
    char *text = arena_strndup(a, body ? body : "", len);
    return !text || take_query(text, a, QUERY_TEXT, out) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

int http_form_parse_all(struct arena *a, const char *body, size_t len, struct val *out, struct err *err)
{
    char *text = arena_strndup(a, body ? body : "", len);
    return !text || take_query(text, a, QUERY_ALL, out) ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

static int bad(const char *name, struct err *err)
{
    return err_set(err, ERR_INVALID, "http.parameter", "name", name, NULL);
}

static int take_text(struct arena *a, const char *s, size_t n, bool number, struct val *out, struct err *err)
{
    char *text = arena_strndup(a, s, n), *end;
    if (!text) return err_set(err, ERR_NOMEM, "memory", NULL);
    *out = number ? val_int(strtoll(text, &end, 10)) : val_str(text);
    return number && (*end || n == 0 || n > 18) ? bad(text, err) : 0;
}

/* Is the key another argument of the route: "?name", "body.name"? */
static bool is_taken(const struct http_route *route, const char *prefix, const char *key)
{
    size_t before = strlen(prefix), n = strlen(key);
    for (const char *p = route->args; *p;) {
        size_t len = strcspn(p, " ");
        bool begins = len >= before + n && strncmp(p, prefix, before) == 0 && strncmp(p + before, key, n) == 0;
        size_t rest = len - before - n;
        if (begins && (rest == 0 || (rest == 1 && strchr("#$", p[len - 1])))) return true;
        p += len + strspn(p + len, " ");
    }
    return false;
}

/* nil stays nil: the function says what it lacks. */
static int take_rest(const struct http_route *route, const char *prefix, const struct val *all, struct arena *a,
                     struct val *out, struct err *err)
{
    int rc = 0;
    if (!val_is(all, VAL_MAP)) return 0;
    *out = val_map();
    for (size_t i = 0; rc == 0 && i < all->as.map.n; i++)
        if (!is_taken(route, prefix, all->as.map.pairs[i].key))
            rc = val_set(a, out, all->as.map.pairs[i].key, all->as.map.pairs[i].v);
    return rc ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

static int take_from_query(const struct http_route *route, const char *text, const char *spec, size_t len,
                           struct arena *a, struct val *out, struct err *err)
{
    char kind = spec[len - 1];
    struct val query;
    /* A list's description knows the types (store/list.h). */
    if (take_query(text, a, kind == '=' || kind == '$' ? QUERY_TEXT : QUERY_GUESS, &query) != 0)
        return err_set(err, ERR_LIMIT, "limit.size", NULL);
    if (spec[1] == '*' || spec[1] == '=') return take_rest(route, "?", &query, a, out, err);
    char *key = arena_strndup(a, spec + 1, len - 1 - (kind == '#' || kind == '$'));
    const struct val *v = key ? val_get(&query, key) : NULL;
    if (v) *out = *v;
    return 0;
}

static int take_arg(const struct http_route *route, const struct http_request *r, const struct val *body,
                    const char *spec, size_t len, struct arena *a, struct val *out, struct err *err)
{
    *out = val_nil();
    if (spec[0] == ':') {
        bool number = spec[len - 1] == '#';
        size_t n;
        const char *s = segment(route, r->path, spec + 1, len - 1 - number, &n);
        return s ? take_text(a, s, n, number, out, err) : 0;
    }
    if (spec[0] == '{') {
        *out = val_map();
        return 0;
    }
    if (spec[0] == '?') return take_from_query(route, r->query, spec, len, a, out, err);
    if (spec[len - 1] == '*') return take_rest(route, "body.", body, a, out, err);
    const struct val *v = body;
    if (len > 5) {
        char *key = arena_strndup(a, spec + 5, len - 5);
        v = key ? val_get(body, key) : NULL;
    }
    if (v) *out = *v;
    return 0;
}

int http_route_args(const struct http_route *route, const struct http_request *r, const struct val *body,
                    struct arena *a, struct val *out, struct err *err)
{
    *out = val_list();
    for (const char *p = route->args; *p;) {
        size_t len = strcspn(p, " ");
        struct val v;
        int rc = take_arg(route, r, body, p, len, a, &v, err);
        if (rc) return rc;
        if (val_add(a, out, v) != 0) return err_set(err, ERR_NOMEM, "memory", NULL);
        p += len + strspn(p + len, " ");
    }
    return 0;
}
