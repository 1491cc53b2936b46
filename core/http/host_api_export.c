/* The audit as a file, page by page: no snapshot is held between two, and no more than a page is in memory. */
#include <string.h>

#include "audit/audit_export.h"
#include "http/host_api_parts.h"
#include "people/people.h"

enum { OUT_MAX = 48 << 20 };

struct scope {
    struct api_call *c;
    int64_t top, day;
};

/* Of a unit or below it, as the tree is now. */
static bool is_unit(void *ctx, int64_t unit)
{
    struct scope *s = ctx;
    struct err err;
    return unit && people_is_within(s->c->s->db, unit, s->top, s->day, &err) == 1;
}

static int take_unit(struct api_call *c, struct audit_export *e, struct scope *scope)
{
    const struct val *v = val_get(&c->args[0], "unit");
    const char *code = api_str(v);
    *scope = (struct scope){.c = c, .day = people_day(c->s->host, c->s->now)};
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type == VAL_INT) scope->top = v->as.i;
    if (v->type == VAL_OBJ) scope->top = v->as.obj.id;
    int rc = code ? people_unit_by_code(c->s->db, code, &scope->top, c->err) : 1;
    if (rc == 0) return err_set(c->err, ERR_NOT_FOUND, "people.no_unit", "code", code, NULL);
    e->is_unit = is_unit;
    e->ctx = scope;
    return rc < 0 ? rc : 0;
}

static int take(struct api_call *c, struct audit_export *e, struct scope *scope)
{
    const struct val *o = &c->args[0];
    const char *format = api_str(val_get(o, "format"));
    struct audit_filter f;
    *e = (struct audit_export){.after = val_get_int(o, "after", 0)};
    if (!audit_format_parse(format ? format : "jsonl", &e->format))
        return err_set(c->err, ERR_INVALID, "audit.format", "format", format, NULL);
    int rc = host_api_audit_filter(c, o, &f);
    if (rc) return rc;
    e->since = f.since;
    e->until = f.until;
    e->person = f.person;
    return take_unit(c, e, scope);
}

static int export_page(struct api_call *c)
{
    struct audit_export e;
    struct audit_page page;
    struct scope scope;
    struct buf out;
    int rc = people_check(c->s, "audit.read", PEOPLE_WHOLE, c->err);
    if (rc == 0) rc = take(c, &e, &scope);
    if (rc) return rc;
    buf_init(&out, OUT_MAX);
    rc = audit_export_page(c->s->db, &e, &out, &page, c->err);
    char *text = rc == 0 ? arena_strndup(c->arena, out.data ? out.data : "", out.len) : NULL;
    c->result = val_map();
    int full = text ? val_set(c->arena, &c->result, "text", val_strn(text, out.len)) : ERR_NOMEM;
    if (page.next) full |= val_set(c->arena, &c->result, "next", val_int(page.next));
    full |= val_set(c->arena, &c->result, "last", val_int(page.last));
    buf_close(&out);
    return rc ? rc : full ? err_set(c->err, ERR_LIMIT, "limit.size", NULL) : 0;
}

static const struct api_fn functions[] = {
    {"audit.export", export_page, "options:map{format:text,since:any,until:any,unit:any,person:any,after:integer}",
     "map", API_READ, API_HOST, 1,
     "A page of the audit as JSON lines or CSV that prove themselves: { text =, next =, last = }; next is `after` of "
     "the "
     "page that follows.",
     .guarded = true, .slow = true, .gives = "text:text! next:integer last:integer!"},
    {0},
};

void host_api_attach_export(struct host *host)
{
    api_add(host->api, functions, NULL);
}
