/* How many connections each address has: IPv4 whole, IPv6 by its /64. On the io thread. */
#ifndef KHUNG_HTTP_PEERS_H
#define KHUNG_HTTP_PEERS_H

#include <stdint.h>

struct sockaddr;

struct peer_key {
    uint64_t net;
};

struct peers;
struct peers *peers_new(void);
void peers_free(struct peers *p);
struct peer_key peers_key(const struct sockaddr *a);
/* The count with this one. */
int peers_add(struct peers *p, struct peer_key key);
void peers_remove(struct peers *p, struct peer_key key);

#endif
