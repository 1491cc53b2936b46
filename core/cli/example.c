/* Examples stand in carried text files as sections: `--- NAME [at load|in a job|in a report]`, then Lua. */
#include "cli/example.h"

#include <stdio.h>
#include <string.h>

#include "cli/asset.h"

static const char mark[] = "\n--- ";

static enum example_place place_of(const char *text, size_t len)
{
    static const char *const places[] = {"in a flow", "at load", "in a job", "in a report"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (strlen(places[i]) == len && memcmp(places[i], text, len) == 0) return (enum example_place)i;
    return EXAMPLE_IN_FLOW;
}

static const char *take_section(const char *heading, struct example *out)
{
    const char *line = heading + sizeof(mark) - 1;
    size_t name = strcspn(line, " \n"), whole = strcspn(line, "\n");
    const char *text = line + whole, *end = strstr(text, mark);
    snprintf(out->name, sizeof(out->name), "%.*s", (int)name, line);
    out->place = name < whole ? place_of(line + name + 1, whole - name - 1) : EXAMPLE_IN_FLOW;
    out->text = text + strspn(text, "\n");
    size_t len = end ? (size_t)(end - out->text) : strlen(out->text);
    while (len && out->text[len - 1] == '\n')
        len--;
    out->len = len;
    return end;
}

bool example_next(struct example_cursor *c, struct example *out)
{
    for (; assets[c->asset].path; c->asset++, c->at = NULL) {
        if (strncmp(assets[c->asset].path, "api/", 4) != 0) continue;
        const char *heading = c->at ? c->at : strstr(assets[c->asset].text, mark);
        if (!heading) continue;
        c->at = take_section(heading, out);
        if (!c->at) c->asset++;
        return true;
    }
    return false;
}

bool example_find(const char *name, struct example *out)
{
    struct example_cursor c = {0};
    while (example_next(&c, out))
        if (strcmp(out->name, name) == 0) return true;
    return false;
}
