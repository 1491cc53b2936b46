/* Templates of a plugin: the files templates/NAME.html, filled with data into HTML.
 *
 *     <h1>{{t:rounds}}</h1> {{#rounds}}<li><a href="/x/awards/rounds/{{id}}">{{name}}</a></li>{{/rounds}}
 *
 * {{name}}, {{item.title}}, {{.}}   a value, always escaped; {{markdown:name}} as the HTML of Markdown
 * {{#name}} … {{/name}}             for each of a list; once with a table, or with what is neither false nor empty
 * {{^name}} … {{/name}}             where there is none of that
 * {{t:key}}                         a text of locale/, with {name} filled
 * {{csrf}}                          in each form that is posted: a field with the word against forgery
 * {{! … }}                          a remark
 *
 * There is no more logic, and no value without escaping. A value may stand in text and in an attribute in quotes, and
 * nowhere else; there is no <script> and no <style>. All of that is looked at when the plugin is read. */
#ifndef KHUNG_TEMPLATE_H
#define KHUNG_TEMPLATE_H

#include "plugin/plugin.h"
#include "base/buf.h"

enum { TEMPLATE_DEPTH_MAX = 16, TEMPLATE_TAGS_MAX = 5000, TEMPLATE_TAG_MAX = 200 };

/* Stands in what was filled where {{csrf}} did: no value can hold it. Whoever answers puts the field there. */
#define TEMPLATE_CSRF "\x1b"

/* All that the plugin has. ERR_INVALID "template.…" with file and line. */
int template_check_all(struct plugin *p, struct err *err);

struct template_fill {
    const struct plugin *plugin;
    const char *lang;
    const struct val *data; /* a map, or nil */
    int64_t steps;          /* tags and names that may be gone through: an end to lists within lists */
    struct arena *arena;
    struct buf *out;
};
/* Appends. ERR_PLUGIN "template.missing", "template.value", "template.object", "template.work", "template.size".
 */
int template_fill(struct template_fill *f, const char *name, struct err *err);

#endif
