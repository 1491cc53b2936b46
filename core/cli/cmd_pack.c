/* khung plugin keygen, pack, trust: keys, signed packs, and whose packs are taken. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "cli/cli.h"
#include "plugin/pack.h"
#include "plugin/trust.h"

enum { PATH_LEN = 600 };

static int fail_file(const char *path, struct err *err)
{
    return err_set(err, ERR_IO, "cli.file", "file", path, "detail", strerror(errno), NULL);
}

/* `flags`: O_EXCL where nothing may be overwritten. */
static int write_file(const char *path, const void *p, size_t n, int flags, mode_t mode, struct err *err)
{
    const char *at = p;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode);
    if (fd < 0) return fail_file(path, err);
    while (n) {
        ssize_t done = write(fd, at, n);
        if (done <= 0) break;
        at += done;
        n -= (size_t)done;
    }
    int rc = n == 0 && fsync(fd) == 0 ? 0 : fail_file(path, err);
    close(fd);
    return rc;
}

static void put(struct cli *c, struct val *map, const char *key, struct val v)
{
    /* The arena of a command has room for a dozen of these. */
    if (val_set(&c->arena, map, key, v) != 0) abort();
}

static int keygen(struct cli *c)
{
    char secret[SIGN_KEY_LEN + 1], key[SIGN_KEY_LEN];
    struct err err = {0};
    struct val out = val_map();
    if (c->nwords != 3) return CLI_USAGE;
    do { /* on a command line a key that begins with - would be a flag */
        sign_new_secret(secret);
        sign_public_of(secret, key);
    } while (key[0] == '-');
    secret[SIGN_KEY_LEN - 1] = '\n';
    int rc = write_file(c->words[2], secret, SIGN_KEY_LEN, O_EXCL, 0600, &err);
    sign_forget(secret, sizeof(secret));
    if (rc) return cli_fail(c, &err);
    put(c, &out, "key", val_str(key));
    put(c, &out, "secret", val_str(c->words[2]));
    cli_print(c, &out, NULL);
    return CLI_DONE;
}

/* The secret key of --key FILE, or of the file named by KHUNG_KEY. */
static int read_secret(struct cli *c, char secret[SIGN_KEY_LEN], struct err *err)
{
    const char *path = cli_flag(c, "key"), *text;
    size_t len;
    if (!path) path = getenv("KHUNG_KEY");
    if (!path) return err_set(err, ERR_INVALID, "pack.no_secret", NULL);
    int rc = cli_read_file(c, path, &text, &len, err);
    if (rc) return rc;
    char key[SIGN_KEY_LEN];
    snprintf(secret, SIGN_KEY_LEN, "%.*s", (int)strcspn(text, "\r\n"), text);
    return len <= SIGN_KEY_LEN + 1 && sign_public_of(secret, key) ? 0 : err_set(err, ERR_INVALID, "pack.secret", NULL);
}

static void print_pack(struct cli *c, const struct pack *p, const char *path, const struct buf *bytes)
{
    uint8_t digest[DIGEST_LEN];
    char hex[DIGEST_HEX];
    struct val out = val_map();
    digest_sha256(bytes->data, bytes->len, digest);
    digest_hex(digest, hex);
    put(c, &out, "file", val_str(path));
    put(c, &out, "name", val_str(p->name));
    put(c, &out, "version", val_str(p->version));
    put(c, &out, "files", val_int((int64_t)p->nfiles));
    put(c, &out, "bytes", val_int((int64_t)bytes->len));
    put(c, &out, "sha256", val_str(hex));
    put(c, &out, "key", val_str(p->key));
    cli_print(c, &out, NULL);
}

static int pack(struct cli *c)
{
    struct pack p;
    struct buf bytes;
    struct err err = {0};
    char secret[SIGN_KEY_LEN] = "", path[PATH_LEN], dir[PATH_LEN];
    if (c->nwords != 3) return CLI_USAGE;
    snprintf(dir, sizeof(dir), "%s", c->words[2]);
    for (size_t n = strlen(dir); n > 1 && dir[n - 1] == '/';)
        dir[--n] = '\0';
    buf_init(&bytes, PACK_BYTES_MAX);
    int rc = read_secret(c, secret, &err);
    if (rc == 0) rc = pack_read_dir(dir, &c->arena, &p, &err);
    if (rc == 0) rc = pack_write(&p, secret, &bytes, &err);
    sign_forget(secret, sizeof(secret));
    if (rc == 0) {
        snprintf(path, sizeof(path), "%s-%s.khung", p.name, p.version);
        const char *to = cli_flag(c, "out") ? cli_flag(c, "out") : path;
        rc = write_file(to, bytes.data, bytes.len, O_TRUNC, 0644, &err);
        if (rc == 0) print_pack(c, &p, to, &bytes);
    }
    buf_close(&bytes);
    return rc ? cli_fail(c, &err) : CLI_DONE;
}

static int trust(struct cli *c)
{
    struct err err = {0};
    struct val out = val_list();
    const char *gone = cli_flag(c, "remove");
    int rc = 0;
    if (c->nwords == 3 && !gone)
        rc = trust_add(c->data, c->words[2], cli_flag(c, "name"), &err);
    else if (c->nwords == 2 && gone)
        rc = trust_remove(c->data, gone, &err);
    else if (c->nwords != 2 || !cli_flag(c, "list"))
        return CLI_USAGE;
    if (rc == 0) rc = trust_list(c->data, &c->arena, &out, &err);
    if (rc) return cli_fail(c, &err);
    cli_print(c, &out, "key name");
    return CLI_DONE;
}

int cli_plugin(struct cli *c)
{
    static const struct {
        const char *verb;
        int (*run)(struct cli *c);
        const char *usage;
    } verbs[] = {{"keygen", keygen, "khung plugin keygen FILE"},
                 {"pack", pack, "khung plugin pack DIR [--key FILE] [-o FILE]"},
                 {"trust", trust, "khung plugin trust KEY [--name N] | --list | --remove KEY"},
                 {"install", cli_install, "khung plugin install FILE [--dry-run] [--force] [--settings FILE]"}};
    for (size_t i = 0; c->nwords > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].verb, c->words[1]) != 0) continue;
        int rc = verbs[i].run(c);
        return rc == CLI_USAGE ? cli_usage(c, verbs[i].usage) : rc;
    }
    return cli_calls(c);
}
