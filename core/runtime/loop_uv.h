/* The libuv loop behind a struct loop: for http/ and runtime/ only. */
#ifndef KHUNG_LOOP_UV_H
#define KHUNG_LOOP_UV_H

#include <uv.h>

struct loop;
uv_loop_t *loop_uv(struct loop *l);

#endif
