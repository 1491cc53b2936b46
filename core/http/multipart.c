/* A state a place in the body: before the first delimiter, behind one, in a part's head, in its bytes, behind the last.
 *
 * A delimiter begins with CR, which a boundary cannot hold: so after a byte that does not fit, what was held back is
 * the part's, and only that byte itself can begin another one. */
#include "http/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http/disposition.h"

enum { PREAMBLE, DATA, BEHIND, BEHIND_DASH, BEHIND_CR, HEAD, ENDED };

static int wrong(const char *why, struct err *err)
{
    return err_set(err, ERR_INVALID, "file.multipart", "why", why, NULL);
}

int multipart_init(struct multipart *m, const char *content_type, struct err *err)
{
    static const char sound[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()+_,-./:=? ";
    char boundary[MULTIPART_BOUNDARY_MAX + 2];
    *m = (struct multipart){.state = PREAMBLE, .matched = 2}; /* the first one needs no line before it */
    if (!content_type || strncasecmp(content_type, "multipart/form-data", 19) != 0) return 0;
    if (!disposition_get(content_type, "boundary", boundary, sizeof(boundary))) return wrong("boundary", err);
    size_t n = strlen(boundary);
    if (n == 0 || n > MULTIPART_BOUNDARY_MAX || strspn(boundary, sound) != n) return wrong("boundary", err);
    m->ndelimiter = (size_t)snprintf(m->delimiter, sizeof(m->delimiter), "\r\n--%s", boundary);
    return 1;
}

bool multipart_is_ended(const struct multipart *m)
{
    return m->state == ENDED;
}

/* The lines of a part's head; only Content-Disposition is of use. */
static int take_head(struct multipart *m, struct err *err)
{
    static const char name[] = "content-disposition:";
    struct multipart_part part = {.name = ""};
    m->head[m->nhead] = '\0';
    if (strlen(m->head) != m->nhead) return wrong("NUL", err);
    for (char *line = m->head, *end; *line; line = end) {
        end = line + strcspn(line, "\r\n");
        char *next = end + strspn(end, "\r\n");
        *end = '\0';
        end = next;
        if (strncasecmp(line, name, sizeof(name) - 1) != 0) continue;
        disposition_get(line + sizeof(name) - 1, "name", part.name, sizeof(part.name));
        part.has_filename = disposition_get(line + sizeof(name) - 1, "filename", part.filename, sizeof(part.filename));
    }
    if (++m->nparts > MULTIPART_PARTS_MAX) return wrong("parts", err);
    m->state = DATA;
    m->matched = 0;
    return m->part(m->ctx, &part, err);
}

static int head_byte(struct multipart *m, char c, struct err *err)
{
    if (m->nhead == MULTIPART_HEAD_MAX) return wrong("head", err);
    m->head[m->nhead++] = c;
    bool is_empty = m->nhead == 2 && memcmp(m->head, "\r\n", 2) == 0;
    if (!is_empty && (m->nhead < 4 || memcmp(m->head + m->nhead - 4, "\r\n\r\n", 4) != 0)) return 0;
    return take_head(m, err);
}

/* Behind a delimiter: "--" ends all, the end of the line begins a part. */
static int behind_byte(struct multipart *m, char c, struct err *err)
{
    if (m->state == BEHIND && c == '-')
        m->state = BEHIND_DASH;
    else if (m->state == BEHIND_DASH && c == '-')
        m->state = ENDED;
    else if (m->state == BEHIND && (c == ' ' || c == '\t'))
        return 0;
    else if (m->state == BEHIND && c == '\r')
        m->state = BEHIND_CR;
    else if (m->state == BEHIND_CR && c == '\n') {
        m->state = HEAD;
        m->nhead = 0;
    } else
        return wrong("delimiter", err);
    return 0;
}

static int tell(struct multipart *m, const char *p, size_t n, struct err *err)
{
    return m->state == DATA && n ? m->data(m->ctx, p, n, err) : 0;
}

/* Takes bytes up to a delimiter; *used: how many. */
static int data_bytes(struct multipart *m, const char *p, size_t n, size_t *used, struct err *err)
{
    size_t at = 0;
    while (at < n) {
        if (m->matched == 0) {
            const char *cr = memchr(p + at, '\r', n - at);
            size_t plain = cr ? (size_t)(cr - p) - at : n - at;
            int rc = tell(m, p + at, plain, err);
            if (rc) return rc;
            at += plain;
            if (at == n) break;
        }
        if (p[at] == m->delimiter[m->matched]) {
            at++;
            if (++m->matched < m->ndelimiter) continue;
            m->state = BEHIND;
            m->matched = 0;
            break;
        }
        size_t held = m->matched;
        m->matched = 0;
        int rc = tell(m, m->delimiter, held, err);
        if (rc) return rc;
        if (p[at] == '\r') continue;
        rc = tell(m, p + at, 1, err);
        if (rc) return rc;
        at++;
    }
    *used = at;
    return 0;
}

int multipart_feed(struct multipart *m, const char *p, size_t n, struct err *err)
{
    while (n > 0) {
        size_t used = 1;
        int rc = 0;
        if (m->state == ENDED) return 0;
        if (m->state == PREAMBLE || m->state == DATA)
            rc = data_bytes(m, p, n, &used, err);
        else if (m->state == HEAD)
            rc = head_byte(m, *p, err);
        else
            rc = behind_byte(m, *p, err);
        if (rc) return rc;
        p += used;
        n -= used;
    }
    return 0;
}
