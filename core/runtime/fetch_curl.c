/* libcurl at run time. Linked, it costs each process 5.7 MiB of resident memory (TLS, LDAP, Kerberos and the rest are
 * mapped and relocated at start: 1.7 MiB against 7.4 MiB for an empty program), of the 15 MiB that an idle service may
 * have. So it is opened by the first request, and then stays. */
#include "runtime/fetch_internal.h"

#include <dlfcn.h>

static int missing(const char *what, struct err *err)
{
    return err_set(err, ERR_IO, "fetch.library", "detail", what, NULL);
}

/* POSIX lets a function's address travel as void *. */
static bool find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    if (found) *(void **)function = found;
    return found != NULL;
}

int fetch_curl_open(struct fetch_curl *c, struct err *err)
{
    const struct {
        const char *name;
        void *function;
    } wanted[] = {
        {"curl_global_init", &c->global_init},
        {"curl_easy_init", &c->easy_init},
        {"curl_easy_setopt", &c->easy_setopt},
        {"curl_easy_getinfo", &c->easy_getinfo},
        {"curl_easy_cleanup", &c->easy_cleanup},
        {"curl_easy_strerror", &c->easy_strerror},
        {"curl_multi_init", &c->multi_init},
        {"curl_multi_setopt", &c->multi_setopt},
        {"curl_multi_add_handle", &c->multi_add_handle},
        {"curl_multi_remove_handle", &c->multi_remove_handle},
        {"curl_multi_socket_action", &c->multi_socket_action},
        {"curl_multi_info_read", &c->multi_info_read},
        {"curl_multi_assign", &c->multi_assign},
        {"curl_multi_cleanup", &c->multi_cleanup},
        {"curl_slist_append", &c->slist_append},
        {"curl_slist_free_all", &c->slist_free_all},
        {"curl_url", &c->url},
        {"curl_url_set", &c->url_set},
        {"curl_url_get", &c->url_get},
        {"curl_url_cleanup", &c->url_cleanup},
        {"curl_free", &c->free_text},
        {"curl_mime_init", &c->mime_init},
        {"curl_mime_addpart", &c->mime_addpart},
        {"curl_mime_data", &c->mime_data},
        {"curl_mime_type", &c->mime_type},
        {"curl_mime_encoder", &c->mime_encoder},
        {"curl_mime_free", &c->mime_free},
    };
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) return missing(dlerror(), err);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (!find(library, wanted[i].name, wanted[i].function)) return missing(wanted[i].name, err);
    if (c->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return missing("curl_global_init", err);
    return 0;
}
