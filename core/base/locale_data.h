/* The generated message tables (core/locale/embed.c), sorted by key in the order of ASCII. */
#ifndef KHUNG_LOCALE_DATA_H
#define KHUNG_LOCALE_DATA_H

#include <stddef.h>

struct locale_entry {
    const char *key;
    const char *text;
};
extern const struct locale_entry locale_en[], locale_vi[];
extern const size_t locale_en_count, locale_vi_count;

#endif
