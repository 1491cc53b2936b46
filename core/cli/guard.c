/* What the service reads and writes after its start, for the locks around the process: folders of plugins, static
 * files, the file of settings. */
#include "cli/guard.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/log.h"

enum { PATH_LEN = 600, DIRS_MAX = 16 };

/* Editors put a new file in the place of the old one, and a lock holds for the file: so its folder is opened, unless
 * that is one of the system's. */
static void folder_of(const char *path, char out[PATH_LEN])
{
    snprintf(out, PATH_LEN, "%s", path);
    char *slash = strrchr(out, '/');
    if (!slash)
        snprintf(out, PATH_LEN, ".");
    else
        *slash = '\0';
    if (!*out || strcmp(out, "/etc") == 0) snprintf(out, PATH_LEN, "%s", path);
}

int guard_service(const struct config *config, const char *const *dirs, size_t ndirs, struct confine *out,
                  struct err *err)
{
    const char *read[DIRS_MAX + 3], *mode = config_text(config, "confine");
    const char *settings = config_text(config, "settings"), *files = config_text(config, "static");
    const char *breached = config_text(config, "breached_passwords");
    char folder[PATH_LEN];
    size_t n = 0;
    for (size_t i = 0; i < ndirs && n < DIRS_MAX; i++) {
        read[n++] = dirs[i];
        /* A folder that is made later stays shut. */
        if (access(dirs[i], F_OK) != 0)
            log_warn("confine.no_folder", "dir", dirs[i], "remedy", "make it, restart", NULL);
    }
    if (*files) read[n++] = files;
    if (*breached) read[n++] = breached;
    if (*settings) {
        folder_of(settings, folder);
        read[n++] = folder;
    }
    struct confine_options o = {.mode = strcmp(mode, "on") == 0    ? CONFINE_ON
                                        : strcmp(mode, "off") == 0 ? CONFINE_OFF
                                                                   : CONFINE_AUTO,
                                .data_dir = config_text(config, "data"),
                                .read = read,
                                .nread = n,
                                .core_dumps = config_bool(config, "core_dumps")};
    return confine_start(&o, out, err);
}
