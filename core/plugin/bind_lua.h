/* Puts the API into a Lua state: globals from the names of the functions, methods of object kinds, `config`. */
#ifndef KHUNG_BIND_LUA_H
#define KHUNG_BIND_LUA_H

#include <stdbool.h>
#include <stddef.h>

struct vm;
struct api;
struct err;
struct val;
struct val_kind;

/* Object kinds that the host knows; listed by the program at start (host->kinds). */
struct bind_kind {
    const struct val_kind *kind;
    bool ordered;       /* < and > compare ids: dates, instants */
    const char *class;  /* its name in the reference: "Item" */
    const char *fields; /* what can be read of it: "id:integer state:text"; others' fields may be there too */
};

struct bind_all {
    struct api *api;
    const struct bind_kind *kinds;
    size_t nkinds;
    const struct val *config;
};

int bind_api(struct vm *vm, struct bind_all *all, struct err *err);

#endif
