/* The table of carried files is made by the build (core/assets/embed.c); here it is searched. */
#include "cli/asset.h"

#include <string.h>

const struct asset *asset_find(const char *path)
{
    for (const struct asset *a = assets; a->path; a++)
        if (strcmp(a->path, path) == 0) return a;
    return NULL;
}
