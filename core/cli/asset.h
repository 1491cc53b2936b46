/* The text files that the program carries (core/assets): examples of the reference, templates, the checker. Static
 * data, each closed by a NUL beyond its length. */
#ifndef KHUNG_ASSET_H
#define KHUNG_ASSET_H

#include <stddef.h>

struct asset {
    const char *path; /* "api/content.lua" */
    const char *text;
    size_t len;
};
extern const struct asset assets[]; /* sorted by path; closed by {0} */

const struct asset *asset_find(const char *path); /* NULL: there is none */

#endif
