/* Persons and units by a part of their name, without marks: "thi mai" finds "Lê Thị Mại". Each word of a name, folded,
 * is a row; what is looked for are beginnings of words, in any order. Exact codes are found, too. */
#ifndef KHUNG_PEOPLE_FIND_H
#define KHUNG_PEOPLE_FIND_H

#include "base/val.h"
#include "plugin/session.h"

enum people_find_kind { PEOPLE_FIND_PERSON = 1, PEOPLE_FIND_UNIT = 2 };
enum { PEOPLE_FIND_MOST = 50 };

/* The words of a name that was given; of a person it is the only one, of a unit one of several that it had. */
int people_words_put(struct store *db, enum people_find_kind kind, int64_t id, const char *name, struct err *err);
/* Those of names that were written by a program that knew no words. At the start. */
int people_words_fill(struct store *db, struct err *err);

/* Up to PEOPLE_FIND_MOST and one more, so that "there are more" can be said: { { id, code, name, where } … }, by name.
 * `where`: the positions that a person holds today, or what a unit belongs to. Who may not read all persons finds those
 * who hold a position today, and others by their whole code; who may, by their whole address, too. Who finds persons is
 * told in the audit (plugin/protected.h). ERR_DENIED for who is nobody. */
int people_find(struct session *s, enum people_find_kind kind, const char *text, struct arena *a, struct val *out,
                struct err *err);

#endif
