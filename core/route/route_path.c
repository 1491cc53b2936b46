/* Paths of routes: segments of plain letters, or {name} for one that may be anything. */
#include "route/route_internal.h"

#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

/* "{id}": how long the name is; 0: it is none. */
static size_t parameter(const char *s, size_t n)
{
    if (n < 3 || s[0] != '{' || s[n - 1] != '}' || s[1] < 'a' || s[1] > 'z') return 0;
    return strspn(s + 1, letters) == n - 2 ? n - 2 : 0;
}

static bool is_plain(const char *s, size_t n)
{
    return n > 0 && strspn(s, plain) >= n && strspn(s, ".") < n;
}

static bool is_named_before(const char *path, const char *s, size_t n)
{
    for (const char *p = path; p < s; p++)
        if (*p == '{' && strncmp(p, s, n) == 0) return true;
    return false;
}

static bool is_good(const char *path)
{
    size_t segments = 0;
    if (*path != '/' || strlen(path) > ROUTE_PATH_MAX) return false;
    if (!path[1]) return true;
    for (const char *p = path; *p == '/'; segments++) {
        size_t n = strcspn(++p, "/");
        bool is_parameter = parameter(p, n) && !is_named_before(path, p, n);
        if (segments == ROUTE_SEGMENTS_MAX || (!is_parameter && !is_plain(p, n))) return false;
        p += n;
    }
    return true;
}

int route_path_name(const char *plugin, const char *path, struct arena *a, const char **whole, const char **name,
                    struct err *err)
{
    if (!path || !is_good(path)) return err_set(err, ERR_INVALID, "route.path", "path", path ? path : "", NULL);
    char *text = arena_printf(a, ROUTE_PREFIX "%s%s", plugin, path[1] ? path : "");
    char *bare = text ? arena_strdup(a, text) : NULL, *to = bare;
    if (!bare) return err_set(err, ERR_NOMEM, "memory", NULL);
    for (const char *p = text; *p; p++) {
        *to++ = *p;
        if (*p == '{') p += strcspn(p, "}") - 1;
    }
    *to = '\0';
    *whole = text;
    *name = bare;
    return 0;
}

unsigned route_path_fits(const char *pattern, const char *path)
{
    unsigned how = 1;
    while (*pattern == '/' && *path == '/') {
        size_t want = strcspn(++pattern, "/"), have = strcspn(++path, "/");
        bool any = *pattern == '{';
        if (any ? have == 0 : want != have || memcmp(pattern, path, want) != 0) return 0;
        how = how << 1 | !any;
        pattern += want;
        path += have;
    }
    return *pattern || *path ? 0 : how;
}

bool route_path_next(const char *pattern, const char *path, size_t *at, struct route_segment *out)
{
    size_t n = 0;
    while (*pattern == '/' && (!path || *path == '/')) {
        size_t want = strcspn(++pattern, "/"), have = path ? strcspn(++path, "/") : 0;
        if (*pattern == '{' && n++ == *at) {
            *out = (struct route_segment){pattern + 1, path, want - 2, have};
            ++*at;
            return true;
        }
        pattern += want;
        if (path) path += have;
    }
    return false;
}
