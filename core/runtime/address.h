/* Network addresses: which of them lead out into the public net. Pure; any thread. */
#ifndef KHUNG_ADDRESS_H
#define KHUNG_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

/* True only for unicast addresses of the public internet: not loopback, private, link-local, shared, reserved,
 * multicast, and not an IPv6 form that carries such an IPv4 address. Unknown families are not public. */
bool address_is_public(const struct sockaddr *a);

#endif
