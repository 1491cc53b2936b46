/* What `khung api` prints of the described API: a reference for people and a definition file for editors. */
#ifndef KHUNG_API_PRINT_H
#define KHUNG_API_PRINT_H

#include <stdio.h>

struct host;

/* Markdown: each function with its arguments, options, capability and example. */
void api_print_markdown(const struct host *h, FILE *out);
/* LuaCATS (lua-language-server): globals, classes, option tables. */
void api_print_lua(const struct host *h, FILE *out);
/* The same of what specs call (spec_api.h). */
void api_print_spec_markdown(const struct host *spec, FILE *out);
void api_print_spec_lua(const struct host *spec, FILE *out);

/* A .luacheckrc for a folder of plugins. */
void api_print_luacheck(const struct host *h, FILE *out);

#endif
