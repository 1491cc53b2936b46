/* Where a pack's files go: a folder of plugins, in which the new version is written beside the old one and then takes
 * its place in one step. Whatever ends the program, the folder holds the old version or the new one, whole. One process
 * at a time. */
#ifndef KHUNG_PACK_PLACE_H
#define KHUNG_PACK_PLACE_H

#include "plugin/pack.h"

struct pack_place;

/* Takes the folder for this process and clears away what an earlier one, which was killed, left. */
int pack_place_open(const char *dir, struct pack_place **out, struct err *err);
void pack_place_close(struct pack_place *p);
/* Writes the files to DIR/.install/NAME, durably; plugins there are not found. */
int pack_place_write(struct pack_place *p, const struct pack *pack, struct err *err);
/* What was written becomes DIR/NAME; what was there before is removed. */
int pack_place_swap(struct pack_place *p, const char *name, struct err *err);

#endif
