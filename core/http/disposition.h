/* Content-Disposition (RFC 6266, RFC 7578, RFC 8187): names of files and of fields of a form. */
#ifndef KHUNG_HTTP_DISPOSITION_H
#define KHUNG_HTTP_DISPOSITION_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* A parameter ("filename", "name") of a header's value that ends in NUL; quotes and escapes are taken off, and of
 * filename* the percent signs. Bytes, not checked to be UTF-8; cut at the room there is. False: there is none. */
bool disposition_get(const char *value, const char *name, char *out, size_t cap);
/* "attachment; filename=…": for those who read only ASCII, and whole for the others. */
void disposition_write(struct buf *b, const char *name);
/* Decodes %XX in place; what is no escape stays. */
void percent_decode(char *s);

#endif
