/* What to do about a mistake that Lua itself reports: a nil that is indexed, a function that does not exist. */
#ifndef KHUNG_REMEDY_H
#define KHUNG_REMEDY_H

struct api;
struct err;

/* Sets err->remedy and its values where one is known for this message. */
void remedy_find(struct api *api, struct err *err);

#endif
