/* Which reads of protected things have been told to the audit today: so that one who works on a draft all day stands in
 * it once. A memory, not a promise: after a restart, or when it is full, a read is told once more. Any thread. */
#ifndef KHUNG_HTTP_TOLD_H
#define KHUNG_HTTP_TOLD_H

#include <stdbool.h>
#include <stdint.h>

struct told;
struct told *told_new(void);
void told_free(struct told *t);
/* `key`: a digest of reader and thing. */
bool told_has(struct told *t, uint64_t key, int64_t day);
void told_add(struct told *t, uint64_t key, int64_t day);

#endif
