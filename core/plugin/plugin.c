/* Plugins in memory: what a folder (or the database) holds, with its texts, settings and hash. */
#include "plugin/plugin.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { LINK_ARENA_MAX = 64 << 10 };

struct plugin *plugin_hold(struct plugin *p)
{
    __atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
    return p;
}

void plugin_drop(struct plugin *p)
{
    if (!p || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
    for (size_t i = 0; i < p->nrequired; i++)
        plugin_drop(p->required[i]);
    plugin_drop(p->source);
    mem_free(p->why);
    arena_close(&p->arena);
    mem_free(p);
}

int plugin_fail(struct plugin *p, const struct err *why)
{
    p->ok = false;
    if (!p->why) p->why = mem_alloc(sizeof(*p->why));
    *p->why = *why;
    return why->code;
}

static void fail_memory(struct plugin *p)
{
    struct err err = {0};
    err_set(&err, ERR_NOMEM, "memory", NULL);
    plugin_fail(p, &err);
}

struct plugin *plugin_link(struct plugin *source, struct plugin *const *required, size_t n)
{
    struct plugin *p = mem_alloc(sizeof(*p));
    *p = *source;
    p->refs = 1;
    p->source = plugin_hold(source);
    p->why = NULL;
    arena_init(&p->arena, LINK_ARENA_MAX);
    p->required = n ? arena_alloc(&p->arena, n * sizeof(struct plugin *)) : NULL;
    p->nrequired = p->required ? n : 0;
    for (size_t i = 0; i < p->nrequired; i++)
        p->required[i] = plugin_hold(required[i]);
    if (!source->ok)
        plugin_fail(p, source->why);
    else if (n && !p->required)
        fail_memory(p);
    plugin_seal(p);
    return p;
}

void plugin_seal(struct plugin *p)
{
    /* path\0length\0text of each file in order, the settings, then the hashes of what is required. */
    struct digest d;
    struct buf config;
    uint8_t digest[DIGEST_LEN];
    char len[24];
    buf_init(&config, PLUGIN_BYTES_MAX);
    /* Settings are part of what the code does: a run keeps those that it began with. */
    if (val_encode(&p->config, &config, false) != 0 || !buf_ok(&config)) {
        buf_close(&config);
        fail_memory(p);
        return;
    }
    digest_begin(&d);
    for (size_t i = 0; i < p->nfiles; i++) {
        digest_add(&d, p->files[i].path, strlen(p->files[i].path) + 1);
        digest_add(&d, len, (size_t)snprintf(len, sizeof(len), "%zu", p->files[i].len) + 1);
        digest_add(&d, p->files[i].text, p->files[i].len);
    }
    digest_add(&d, config.data, config.len);
    for (size_t i = 0; i < p->nrequired; i++)
        digest_add(&d, p->required[i]->hash, sizeof(p->required[i]->hash));
    digest_end(&d, digest);
    digest_hex(digest, p->hash);
    buf_close(&config);
}

bool plugin_has(const struct plugin *p, const char *capability)
{
    if (!capability) return true;
    for (size_t i = 0; p->needs && p->needs[i]; i++)
        if (strcmp(p->needs[i], capability) == 0) return true;
    return false;
}

int plugin_check_reach(const struct plugin *p, const char *plugin, struct err *err)
{
    if (!p || strcmp(plugin, p->name) == 0) return 0;
    for (size_t i = 0; i < p->nrequired; i++)
        if (strcmp(p->required[i]->name, plugin) == 0) return 0;
    return err_set(err, ERR_DENIED, "denied.flow", "plugin", plugin, "by", p->name, NULL);
}

bool plugin_waits(const struct plugin *p)
{
    return !p->ok && strcmp(p->why->key, "plugin.waiting") == 0;
}

const char *plugin_state(const struct plugin *p)
{
    if (p->ok) return "active";
    return plugin_waits(p) ? "waiting" : strcmp(p->why->key, "storage.migrating") == 0 ? "migrating" : "failed";
}

const struct plugin_file *plugin_file_find(const struct plugin *p, const char *path)
{
    size_t low = 0, high = p->nfiles;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = strcmp(path, p->files[mid].path);
        if (order == 0) return &p->files[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

/* "rules.lua" or "rules/init.lua" for the module "rules"; dots become slashes. */
static const struct plugin_file *find_module_file(const struct plugin *p, const char *module)
{
    char path[256];
    size_t n = strlen(module);
    if (n + 10 >= sizeof(path)) return NULL;
    for (size_t i = 0; i < n; i++)
        path[i] = module[i] == '.' ? '/' : module[i];
    snprintf(path + n, sizeof(path) - n, ".lua");
    const struct plugin_file *f = plugin_file_find(p, path);
    if (f) return f;
    snprintf(path + n, sizeof(path) - n, "/init.lua");
    return plugin_file_find(p, path);
}

const struct plugin_file *plugin_module_find(const struct plugin *p, const char *module, const struct plugin **owner)
{
    const char *dot = strchr(module, '.');
    size_t head = dot ? (size_t)(dot - module) : strlen(module);
    const char *rest = dot ? dot + 1 : "init";
    if (strlen(p->name) == head && strncmp(p->name, module, head) == 0) {
        *owner = p;
        return find_module_file(p, rest);
    }
    for (size_t i = 0; i < p->nrequired; i++) {
        const struct plugin *r = p->required[i];
        if (strlen(r->name) == head && strncmp(r->name, module, head) == 0) {
            *owner = r;
            return find_module_file(r, rest);
        }
    }
    *owner = p;
    return find_module_file(p, module);
}

const char *plugin_text(const struct plugin *p, const char *lang, const char *key)
{
    const struct val *own = val_get(val_get(&p->texts, lang), key);
    if (own && own->type == VAL_STR) return own->as.str.s;
    if (p->texts.type != VAL_MAP) return NULL;
    for (size_t i = 0; i < p->texts.as.map.n; i++) {
        const struct val *other = val_get(&p->texts.as.map.pairs[i].v, key);
        if (other && other->type == VAL_STR) return other->as.str.s;
    }
    return NULL;
}
