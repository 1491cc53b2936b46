/* The address in a request's first line: decoded, and not climbing. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "http/conn.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Decodes %XX in place; false on a bad escape, a control character, broken UTF-8 or a climbing path. */
static bool decode_path(char *path)
{
    char *to = path;
    for (const char *p = path; *p; p++) {
        char byte = *p;
        if (byte == '%') {
            int high = hex(p[1]), low = high < 0 ? -1 : hex(p[2]);
            if (low < 0) return false;
            byte = (char)(high << 4 | low);
            p += 2;
        }
        if ((unsigned char)byte < ' ' || byte == 0x7f) return false;
        *to++ = byte;
    }
    *to = '\0';
    if (path[0] != '/' || !text_is_utf8(path, (size_t)(to - path))) return false;
    for (const char *p = path; (p = strstr(p, "/..")); p++)
        if (p[3] == '/' || p[3] == '\0') return false;
    return strchr(path, '\\') == NULL;
}

/* "http://host/path" as proxies send it is "/path". */
static char *skip_authority(char *url)
{
    size_t scheme = strncasecmp(url, "http://", 7) == 0 ? 7 : strncasecmp(url, "https://", 8) == 0 ? 8 : 0;
    if (!scheme) return url;
    char *path = url + scheme + strcspn(url + scheme, "/?#");
    if (*path == '/') return path;
    *--path = '/'; /* no path: over the last byte of the authority */
    return path;
}

bool parse_url(struct http_conn *c)
{
    struct http_request *r = &c->x->request;
    char *url = skip_authority(c->x->head.data), *query = strpbrk(url, "?#");
    if (query && *query == '?') r->query = query + 1;
    if (query) {
        query[strcspn(query, "#")] = '\0';
        *query = '\0';
    }
    r->path = url;
    return decode_path(url);
}
