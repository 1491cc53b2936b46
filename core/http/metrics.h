/* GET /metrics: what the service counts, for Prometheus. On the io thread, from numbers in memory: a scrape waits for
 * nobody and reads no table.
 *
 * For the local socket and for tokens of an admin (the verb system.metrics); never for whoever merely comes from a
 * loopback address, as all do who come through a proxy. */
#ifndef KHUNG_HTTP_METRICS_H
#define KHUNG_HTTP_METRICS_H

#include "base/buf.h"
#include "http/server.h"

struct http_api;
void http_metrics_write(struct http_api *api, const struct http_server *server, struct buf *b);

#endif
