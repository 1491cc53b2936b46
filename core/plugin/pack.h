/* A pack: one plugin in one signed file, for carrying it from its author to an office.
 *
 *     khung-pack 1
 *     key KEY                      Ed25519, base64 for URLs
 *     name NAME
 *     version VERSION
 *     file SIZE SHA256 PATH        one line a file, paths in byte order
 *     content
 *     …the files' bytes, one after the other…64 bytes of signature over all before
 *
 * Nothing is compressed, nothing is optional: the same files and key always give the same bytes, and a pack that would
 * be written in another way than it was is refused. Any thread. */
#ifndef KHUNG_PACK_H
#define KHUNG_PACK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/sign.h"
#include "plugin/plugin.h"

enum { PACK_PATH_MAX = 200, PACK_DEPTH_MAX = 6, PACK_NAME_MAX = 64, PACK_VERSION_MAX = 40 };
enum { PACK_BYTES_MAX = PLUGIN_BYTES_MAX + PLUGIN_FILES_MAX * 320 + 512 };

struct pack {
    char key[SIGN_KEY_LEN];
    const char *name, *version;
    struct plugin_file *files; /* in the order of their paths */
    size_t nfiles;
};

/* The files of a plugin's folder as they will be packed; hidden ones are left out, links and strange names refused. */
int pack_read_dir(const char *dir, struct arena *a, struct pack *out, struct err *err);
/* Appends the pack, signed. Sets `key`. */
int pack_write(struct pack *p, const char *secret, struct buf *out, struct err *err);
/* Checks everything but whether the key is trusted: signature first, then form, sizes, digests, paths. Borrows the
 * files' bytes from `bytes`. */
int pack_parse(const char *bytes, size_t len, struct arena *a, struct pack *out, struct err *err);
/* "a/b.lua": plain names below the folder. */
bool pack_is_path(const char *path);
bool pack_is_name(const char *name);

#endif
