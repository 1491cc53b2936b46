/* The generated message tables (core/locale/embed.cmake), sorted by key in the order of ASCII, closed by {NULL}. */
#ifndef KHUNG_LOCALE_DATA_H
#define KHUNG_LOCALE_DATA_H

struct locale_entry {
    const char *key;
    const char *text;
};
extern const struct locale_entry locale_en[];
extern const struct locale_entry locale_vi[];

#endif
