/* A table of lists that doubles when it is full; an address without connections is forgotten. */
#include "http/peers.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

enum { FIRST_SLOTS = 64 };

struct peer {
    struct peer *next;
    uint64_t net;
    int count;
};

struct peers {
    struct peer **slots;
    size_t nslots, n; /* a power of two */
};

struct peers *peers_new(void)
{
    struct peers *p = mem_alloc(sizeof(*p));
    p->nslots = FIRST_SLOTS;
    p->slots = mem_alloc(p->nslots * sizeof(struct peer *));
    return p;
}

void peers_free(struct peers *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->nslots; i++) {
        for (struct peer *e = p->slots[i], *next; e; e = next) {
            next = e->next;
            mem_free(e);
        }
    }
    mem_free(p->slots);
    mem_free(p);
}

struct peer_key peers_key(const struct sockaddr *a)
{
    struct peer_key key = {0};
    if (a->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, a, sizeof(in));
        key.net = in.sin_addr.s_addr;
    } else if (a->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, a, sizeof(in6));
        memcpy(&key.net, in6.sin6_addr.s6_addr, sizeof(key.net));
    }
    return key;
}

static struct peer **slot_of(const struct peers *p, uint64_t net)
{
    return &p->slots[digest_short(&net, sizeof(net)) & (p->nslots - 1)];
}

static void grow(struct peers *p)
{
    struct peers wide = {.nslots = p->nslots * 2, .n = p->n};
    wide.slots = mem_alloc(wide.nslots * sizeof(struct peer *));
    for (size_t i = 0; i < p->nslots; i++) {
        for (struct peer *e = p->slots[i], *next; e; e = next) {
            struct peer **to = slot_of(&wide, e->net);
            next = e->next;
            e->next = *to;
            *to = e;
        }
    }
    mem_free(p->slots);
    *p = wide;
}

int peers_add(struct peers *p, struct peer_key key)
{
    struct peer **slot = slot_of(p, key.net), *e = *slot;
    while (e && e->net != key.net)
        e = e->next;
    if (e) return ++e->count;
    if (p->n == p->nslots) {
        grow(p);
        slot = slot_of(p, key.net);
    }
    e = mem_alloc(sizeof(*e));
    *e = (struct peer){.next = *slot, .net = key.net, .count = 1};
    *slot = e;
    p->n++;
    return 1;
}

void peers_remove(struct peers *p, struct peer_key key)
{
    for (struct peer **at = slot_of(p, key.net); *at; at = &(*at)->next) {
        struct peer *e = *at;
        if (e->net != key.net) continue;
        if (--e->count == 0) {
            *at = e->next;
            mem_free(e);
            p->n--;
        }
        return;
    }
}
