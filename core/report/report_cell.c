/* Values of cells: from their stored form to what is shown, as object and as text. */
#include "report/report_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/json.h"
#include "base/kinds.h"
#include "base/locale.h"
#include "base/text.h"

bool report_cell_is_number(enum field_type type)
{
    return type == FIELD_INTEGER || type == FIELD_NUMBER || type == FIELD_MONEY;
}

/* Up to four digits stand as they are, so that years are years. */
static void add_integer(struct buf *out, const char *lang, enum report_style style, int64_t n)
{
    char text[64];
    bool plain = style == REPORT_PLAIN || (n > -10000 && n < 10000) || n > 900000000000000 || n < -900000000000000;
    if (plain)
        snprintf(text, sizeof(text), "%lld", (long long)n);
    else
        text_format_number((double)n, 0, lang, text, sizeof(text));
    buf_add_str(out, text);
}

static void add_number(struct buf *out, const char *lang, enum report_style style, double n)
{
    char text[64];
    if (!isfinite(n)) return;
    if (style == REPORT_GROUPED && fabs(n) < 1e15) {
        text_format_number(n, n == floor(n) ? 0 : 2, lang, text, sizeof(text));
    } else {
        snprintf(text, sizeof(text), "%.15g", n);
        char *dot = strchr(text, '.');
        if (dot && strcmp(lang, "vi") == 0) *dot = ',';
    }
    buf_add_str(out, text);
}

static void add_object(struct buf *out, const char *lang, enum report_style style, const struct val *v)
{
    const struct val *text = val_get(v->as.obj.fields, "text");
    struct date d;
    if (style == REPORT_GROUPED && v->as.obj.kind == &date_kind && strcmp(lang, "vi") == 0) {
        date_from_days(v->as.obj.id, &d);
        buf_printf(out, "%02d/%02d/%04d", d.day, d.month, d.year);
    } else if (val_is(text, VAL_STR)) {
        buf_add(out, text->as.str.s, text->as.str.len);
    } else {
        buf_printf(out, "%lld", (long long)v->as.obj.id);
    }
}

void report_cell_text(struct buf *out, const char *lang, enum field_type type, enum report_style style,
                      const struct val *shown)
{
    const char *word;
    switch (shown->type) {
    case VAL_NIL:
        return;
    case VAL_BOOL:
        word = locale_text(lang, shown->as.b ? "report.yes" : "report.no");
        buf_add_str(out, word ? word : shown->as.b ? "true" : "false");
        return;
    case VAL_INT:
        add_integer(out, lang, type == FIELD_REF || type == FIELD_UNIT || type == FIELD_PERSON ? REPORT_PLAIN : style,
                    shown->as.i);
        return;
    case VAL_NUM:
        add_number(out, lang, style, shown->as.n);
        return;
    case VAL_STR:
        buf_add(out, shown->as.str.s, shown->as.str.len);
        return;
    case VAL_OBJ:
        add_object(out, lang, style, shown);
        return;
    case VAL_LIST:
        if (type != FIELD_LIST) break;
        for (size_t i = 0; i < shown->as.list.n; i++) {
            if (i) buf_add_str(out, ", ");
            report_cell_text(out, lang, FIELD_TEXT, style, &shown->as.list.items[i]);
        }
        return;
    case VAL_MAP:
        if (type != FIELD_FILE || !val_is(val_get(shown, "name"), VAL_STR)) break;
        shown = val_get(shown, "name");
        buf_add(out, shown->as.str.s, shown->as.str.len);
        return;
    }
    json_write(out, shown);
}
