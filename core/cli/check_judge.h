/* What the checker of texts asks the program: is this text a field's type, a duration, a pattern …, and which names
 * there are elsewhere. For the state of check_lua.c. */
#ifndef KHUNG_CHECK_JUDGE_H
#define KHUNG_CHECK_JUDGE_H

struct lua_State;
struct check_texts;

/* A table of functions: is_field, is_duration, is_cron, why_not, pattern_fault. */
void check_push_judges(struct lua_State *L);
/* Into the table on top: refs (types and tables of all plugins), media (types of files), organisation (positions and
 * roles), each as name → true. */
void check_push_names(struct lua_State *L, const struct check_texts *t);

#endif
