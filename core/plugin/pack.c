/* Writing and reading the form of a pack. Reading trusts nothing: the signature is checked before anything is parsed,
 * each number against its maximum before it is used, and at the end the head is written anew from what was understood
 * and must be the same bytes; so there are no two readings of one pack. */
#include "plugin/pack.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define PACK_FIRST "khung-pack 1\nkey "
enum { FIRST_LEN = sizeof(PACK_FIRST) - 1, HEAD_MAX = PLUGIN_FILES_MAX * 320 + 512 };

static int damaged(const char *what, struct err *err)
{
    return err_set(err, ERR_INVALID, "pack.damaged", "detail", what, NULL);
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool pack_is_path(const char *path)
{
    size_t len = strlen(path), depth = 1;
    if (len == 0 || len > PACK_PATH_MAX) return false;
    for (size_t i = 0; i < len; i++) {
        bool first = i == 0 || path[i - 1] == '/';
        if (path[i] == '/' && !first && path[i + 1]) {
            depth++;
            continue;
        }
        /* No component begins with a dot or a dash, so none is ".." and none is hidden. */
        if (!is_plain(path[i]) && (first || (path[i] != '.' && path[i] != '-'))) return false;
    }
    return depth <= PACK_DEPTH_MAX;
}

bool pack_is_name(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > PACK_NAME_MAX) return false;
    for (const char *p = name; *p; p++)
        if (!is_plain(*p)) return false;
    return true;
}

static bool is_version(const char *version)
{
    size_t len = strlen(version);
    if (len == 0 || len > PACK_VERSION_MAX) return false;
    for (const char *p = version; *p; p++)
        if (!is_plain(*p) && *p != '.' && *p != '-' && *p != '+') return false;
    return true;
}

/* What holds of every pack, written or read. */
static int check(const struct pack *p, struct err *err)
{
    size_t bytes = 0;
    if (!pack_is_name(p->name)) return damaged("name", err);
    if (!is_version(p->version)) return err_set(err, ERR_INVALID, "pack.version", "version", p->version, NULL);
    if (p->nfiles == 0 || p->nfiles > PLUGIN_FILES_MAX)
        return err_set(err, ERR_LIMIT, "plugin.too_large", "plugin", p->name, NULL);
    for (size_t i = 0; i < p->nfiles; i++) {
        const char *path = p->files[i].path;
        bytes += p->files[i].len;
        if (p->files[i].len > PLUGIN_BYTES_MAX || bytes > PLUGIN_BYTES_MAX)
            return err_set(err, ERR_LIMIT, "plugin.too_large", "plugin", p->name, NULL);
        if (!pack_is_path(path)) return err_set(err, ERR_INVALID, "pack.path", "file", path, NULL);
        if (i > 0 && strcmp(p->files[i - 1].path, path) >= 0) return damaged("order of files", err);
    }
    return 0;
}

static void write_head(const struct pack *p, struct buf *out)
{
    buf_printf(out, PACK_FIRST "%s\nname %s\nversion %s\n", p->key, p->name, p->version);
    for (size_t i = 0; i < p->nfiles; i++) {
        const struct plugin_file *f = &p->files[i];
        uint8_t digest[DIGEST_LEN];
        char hex[DIGEST_HEX];
        digest_sha256(f->text, f->len, digest);
        digest_hex(digest, hex);
        buf_printf(out, "file %zu %s %s\n", f->len, hex, f->path);
    }
    buf_add_str(out, "content\n");
}

int pack_write(struct pack *p, const char *secret, struct buf *out, struct err *err)
{
    uint8_t signature[SIGN_LEN];
    size_t start = out->len;
    if (!sign_public_of(secret, p->key)) return err_set(err, ERR_INVALID, "pack.secret", NULL);
    int rc = check(p, err);
    if (rc) return rc;
    write_head(p, out);
    for (size_t i = 0; i < p->nfiles; i++)
        buf_add(out, p->files[i].text, p->files[i].len);
    if (!buf_ok(out)) return err_set(err, ERR_LIMIT, "plugin.too_large", "plugin", p->name, NULL);
    sign_make(secret, out->data + start, out->len - start, signature);
    buf_add(out, signature, sizeof(signature));
    return buf_ok(out) ? 0 : err_set(err, ERR_LIMIT, "plugin.too_large", "plugin", p->name, NULL);
}

struct reading {
    const char *at, *end; /* of the head and content, without the signature */
    struct arena *a;
};

/* The next line as a text of its own, or NULL. */
static char *next_line(struct reading *r)
{
    const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
    if (!stop || stop - r->at > 400 || memchr(r->at, '\0', (size_t)(stop - r->at))) return NULL;
    char *line = arena_strndup(r->a, r->at, (size_t)(stop - r->at));
    r->at = stop + 1;
    return line;
}

/* "WORD rest": the rest. */
static const char *after_word(const char *line, const char *word)
{
    size_t n = strlen(word);
    return line && strncmp(line, word, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

/* "SIZE SHA256 PATH". The digest is compared when the head is written anew. */
static bool take_file(const char *line, struct plugin_file *f)
{
    size_t size = 0, n = 0;
    while (line[n] >= '0' && line[n] <= '9' && n < 8)
        size = size * 10 + (size_t)(line[n++] - '0');
    if (n == 0 || line[n] != ' ' || strnlen(line, n + DIGEST_HEX + 2) < n + DIGEST_HEX + 2) return false;
    if (line[n + DIGEST_HEX] != ' ') return false;
    f->len = size;
    f->path = line + n + DIGEST_HEX + 1;
    return true;
}

static int take_head(struct reading *r, struct pack *p, struct err *err)
{
    size_t cap = 0;
    p->name = after_word(next_line(r), "name");
    p->version = p->name ? after_word(next_line(r), "version") : NULL;
    if (!p->version) return damaged("head", err);
    for (;;) {
        const char *line = next_line(r), *rest = line ? after_word(line, "file") : NULL;
        if (line && strcmp(line, "content") == 0) return 0;
        if (!rest || p->nfiles == PLUGIN_FILES_MAX) return damaged("list of files", err);
        if (p->nfiles == cap) {
            cap = cap ? 2 * cap : 16;
            struct plugin_file *grown = arena_alloc(r->a, cap * sizeof(*grown));
            if (!grown) return err_set(err, ERR_NOMEM, "memory", NULL);
            if (p->nfiles) memcpy(grown, p->files, p->nfiles * sizeof(*grown));
            p->files = grown;
        }
        if (!take_file(rest, &p->files[p->nfiles++])) return damaged("list of files", err);
    }
}

/* The sizes of the files are those of the content, to the byte. */
static int take_content(struct reading *r, struct pack *p, struct err *err)
{
    for (size_t i = 0; i < p->nfiles; i++) {
        if (p->files[i].len > (size_t)(r->end - r->at)) return damaged("size", err);
        p->files[i].text = r->at;
        r->at += p->files[i].len;
    }
    return r->at == r->end ? 0 : damaged("size", err);
}

int pack_parse(const char *bytes, size_t len, struct arena *a, struct pack *out, struct err *err)
{
    struct buf again;
    *out = (struct pack){0};
    if (len > PACK_BYTES_MAX) return err_set(err, ERR_LIMIT, "pack.too_large", NULL);
    if (len < FIRST_LEN + SIGN_KEY_LEN + SIGN_LEN || memcmp(bytes, PACK_FIRST, FIRST_LEN) != 0)
        return err_set(err, ERR_INVALID, "pack.none", NULL);
    memcpy(out->key, bytes + FIRST_LEN, SIGN_KEY_LEN - 1);
    struct reading r = {bytes + FIRST_LEN + SIGN_KEY_LEN, bytes + len - SIGN_LEN, a};
    if (!sign_is_good(out->key, bytes, len - SIGN_LEN, (const uint8_t *)r.end)) return damaged("signature", err);
    int rc = take_head(&r, out, err);
    size_t head = (size_t)(r.at - bytes);
    if (rc == 0) rc = take_content(&r, out, err);
    if (rc == 0) rc = check(out, err);
    if (rc) return rc;
    buf_init(&again, HEAD_MAX);
    write_head(out, &again);
    bool same = buf_ok(&again) && again.len == head && memcmp(again.data, bytes, head) == 0;
    buf_close(&again);
    return same ? 0 : damaged("digest of a file, or form", err);
}
