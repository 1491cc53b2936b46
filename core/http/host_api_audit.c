/* The audit from outside: search, verification, anchors. Who reads it is told in it. */
#include <string.h>

#include "audit/audit_erase.h"
#include "base/buf.h"
#include "base/locale.h"
#include "http/host_api_parts.h"
#include "people/people.h"
#include "plugin/api_list.h"

/* An instant, or a date as text, in the organisation's zone; 0 when it is not given. */
static int instant_of(struct api_call *c, const struct val *o, const char *name, int64_t *out)
{
    const struct val *v = val_get(o, name);
    const struct field_time *time = &c->s->host->time;
    *out = 0;
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type == VAL_INT) *out = v->as.i;
    if (v->type == VAL_OBJ) *out = v->as.obj.id;
    if (v->type != VAL_STR) return 0;
    const char *text = api_str(v);
    if (!text || !time->instant) return err_set(c->err, ERR_INVALID, "audit.time", "name", name, NULL);
    /* A day alone is its beginning. */
    const char *whole = strlen(text) == 10 ? arena_printf(c->arena, "%s 00:00", text) : text;
    return time->instant(time->ctx, whole ? whole : text, strlen(whole ? whole : text), out, c->err);
}

/* The audit finds its rows by itself (audit/audit_find.c): a description for what may be asked. */
static const struct list_column columns[] = {
    {"row", FIELD_INTEGER, LIST_DOWN},
    {"at", FIELD_INSTANT, LIST_SHOWN},
    {"who", FIELD_TEXT, LIST_SHOWN},
    {"verb", FIELD_TEXT, LIST_FILTER},
    {"kind", FIELD_TEXT, LIST_FILTER},
    {"id", FIELD_INTEGER, LIST_FILTER},
    {"name", FIELD_TEXT, LIST_FILTER},
    {"run", FIELD_INTEGER, LIST_FILTER},
    {"unit", FIELD_INTEGER, LIST_SHOWN},
    {"user", FIELD_INTEGER, LIST_SHOWN},
    {"plugin", FIELD_TEXT, LIST_SHOWN},
    {"from", FIELD_TEXT, LIST_SHOWN},
    {"as", FIELD_TEXT, LIST_SHOWN},
    {"on_behalf_of", FIELD_INTEGER, LIST_SHOWN},
    {"before", FIELD_JSON, LIST_SHOWN},
    {"after", FIELD_JSON, LIST_SHOWN},
    {"reason", FIELD_TEXT, LIST_SHOWN},
    {"person", FIELD_INTEGER, LIST_SHOWN},
    {"erased", FIELD_JSON, LIST_SHOWN, .gives = "map{row:integer,at:integer,who:text,person:integer,reason:text}"},
    {0}};
static const struct list_option options[] = {{"person", "person", "By or for this person."},
                                             {"since", "instant", "From then on."},
                                             {"until", "instant", "Before then."},
                                             {0}};
static const struct list entries = {
    .name = "audit", .order = "-row", .key = "row", .columns = columns, .options = options};

static int64_t number_filter(const struct list_query *q, const char *name)
{
    const struct list_filter *f = list_filter_of(q, name);
    return f ? f->value.as.i : 0;
}

int host_api_audit_filter(struct api_call *c, const struct val *o, struct audit_filter *f)
{
    const struct val *person = val_get(o, "person");
    *f = (struct audit_filter){.kind = val_cstr(c->arena, val_get(o, "kind")),
                               .name = val_cstr(c->arena, val_get(o, "name")),
                               .verb = val_cstr(c->arena, val_get(o, "verb")),
                               .id = val_get_int(o, "id", 0),
                               .run = val_get_int(o, "run", 0)};
    int rc = instant_of(c, o, "since", &f->since);
    if (rc == 0) rc = instant_of(c, o, "until", &f->until);
    if (rc || !person) return rc;
    if (person->type == VAL_INT) f->person = person->as.i;
    if (person->type == VAL_OBJ) f->person = person->as.obj.id;
    const char *code = api_str(person);
    if (!code) return 0;
    rc = people_person_by_code(c->s->db, code, &f->person, c->err);
    return rc ? rc < 0 ? rc : 0 : err_set(c->err, ERR_NOT_FOUND, "people.no_person", "code", code, NULL);
}

/* "user root": of an account that stands for no person. */
static char *name_account(struct api_call *c, int64_t user)
{
    struct people_account account;
    int rc = people_account_get(c->s->db, user, &account, c->err);
    if (rc == 1) return arena_printf(c->arena, "user %s", account.name);
    return rc < 0 ? NULL : arena_printf(c->arena, "user %lld", (long long)user);
}

/* Who did it, in words: the person's code, the account's name, or the plugin. */
static int name_who(struct api_call *c, struct val *row)
{
    int64_t person = val_get_int(row, "person", 0), user = val_get_int(row, "user", 0);
    const struct val *plugin = val_get(row, "plugin");
    struct val who, p;
    char *text = NULL;
    int rc = person ? people_person_get(c->s->db, person, c->arena, &p, c->err) : 0;
    if (rc < 0) return rc;
    const struct val *code = rc == 1 ? val_get(p.as.obj.fields, "code") : NULL;
    if (code) text = arena_strdup(c->arena, api_str(code) ? api_str(code) : "");
    if (!text && person) text = arena_printf(c->arena, "person %lld", (long long)person);
    if (!text && user) text = name_account(c, user);
    if (!text && plugin) text = arena_strdup(c->arena, api_str(plugin) ? api_str(plugin) : "");
    who = val_str(text ? text : "khung");
    return val_set(c->arena, row, "who", who);
}

/* Of an entry that lost values: when, by whom, on what ground. It stands in the audit itself, with the row as its
 * thing. */
static int add_erased(struct api_call *c, struct val *row)
{
    struct audit_filter f = {.kind = "audit", .verb = AUDIT_ERASE_VERB, .id = val_get_int(row, "row", 0), .limit = 1};
    struct val acts, *act, said = val_map();
    int64_t next;
    if (!val_get_bool(row, "erased", false)) return 0;
    int rc = audit_find(c->s->db, &f, c->arena, &acts, &next, c->err);
    if (rc || acts.as.list.n == 0) return rc;
    act = &acts.as.list.items[0];
    rc = name_who(c, act);
    static const char *const names[] = {"row", "at", "who", "person", "reason"};
    for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++)
        if (val_get(act, names[i])) rc = val_set(c->arena, &said, names[i], *val_get(act, names[i]));
    return rc ? rc : val_set(c->arena, row, "erased", said);
}

static int list(struct api_call *c)
{
    struct list_query q;
    struct audit_filter f;
    int64_t last = 0;
    int rc = people_check(c->s, "audit.read", PEOPLE_WHOLE, c->err);
    if (rc == 0) rc = api_list_read(c, &c->args[0], &q);
    if (rc == 0) rc = host_api_audit_filter(c, &c->args[0], &f);
    if (rc) return rc;
    f.id = number_filter(&q, "id");
    f.run = number_filter(&q, "run");
    f.before = q.after_key.type == VAL_INT ? q.after_key.as.i : 0;
    f.limit = q.limit;
    rc = audit_find(c->s->db, &f, c->arena, &c->result, &last, c->err);
    for (size_t i = 0; rc == 0 && i < c->result.as.list.n; i++)
        if (name_who(c, &c->result.as.list.items[i]) != 0 || add_erased(c, &c->result.as.list.items[i]) != 0)
            rc = err_set(c->err, ERR_NOMEM, "memory", NULL);
    if (rc == 0 && last) rc = list_cursor(&q, val_int(last), val_int(last), c->arena, &c->s->next, c->err);
    c->nresults = 2;
    c->result2 = c->s->next ? val_str(c->s->next) : val_nil();
    return rc ? rc : list_pick(&q, c->arena, &c->result, c->err);
}

char *host_api_say(struct api_call *c, const struct err *what)
{
    struct buf text;
    buf_init(&text, 2000);
    locale_err(&text, c->s->lang, what, true);
    char *copy = arena_strdup(c->arena, text.data ? text.data : "");
    buf_close(&text);
    return copy;
}

static int verify(struct api_call *c)
{
    const char *printed = api_str(val_get(&c->args[0], "anchor"));
    struct audit_head anchor;
    struct audit_break b;
    struct err what;
    char hex[DIGEST_HEX];
    int rc = people_check(c->s, "system.audit_verify", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0 && printed && !audit_head_parse(printed, &anchor))
        rc = err_set(c->err, ERR_INVALID, "audit.anchor", "anchor", printed, NULL);
    if (rc == 0) rc = audit_verify(c->s->db, printed ? &anchor : NULL, &b, c->err);
    if (rc < 0) return rc;
    c->result = val_map();
    int full = val_set(c->arena, &c->result, "whole", val_bool(rc == 0));
    full |= val_set(c->arena, &c->result, "rows", val_int(b.rows));
    if (b.erased) full |= val_set(c->arena, &c->result, "erased", val_int(b.erased));
    digest_hex(b.head.hash, hex);
    const char *head = arena_printf(c->arena, "%lld:%s", (long long)b.head.row, hex);
    if (rc == 0) {
        full |= head ? val_set(c->arena, &c->result, "head", val_str(head)) : ERR_NOMEM;
    } else {
        audit_break_tell(&b, &what);
        char *why = host_api_say(c, &what);
        full |= val_set(c->arena, &c->result, "broken_at", val_int(b.row));
        full |= why ? val_set(c->arena, &c->result, "why", val_str(why)) : ERR_NOMEM;
    }
    return full ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

static const struct list_column anchor_columns[] = {
    {"day", FIELD_DATE, LIST_RANGE | LIST_SORT}, {"anchor", FIELD_TEXT, LIST_SHOWN}, {0}};
static const struct list anchor_rows = {.name = "anchors", .order = "-day", .key = "day", .columns = anchor_columns};

/* One a day. */
static int anchors(struct api_call *c)
{
    enum { A_CENTURY = 36525 };
    struct val all;
    int rc = people_check(c->s, "system.audit_verify", PEOPLE_ANY_UNIT, c->err);
    if (rc == 0) rc = audit_anchors(c->s->db, A_CENTURY, c->arena, &all, c->err);
    return rc ? rc : api_list_slice(c, &c->args[0], &all);
}

static const struct api_fn functions[] = {
    {"audit.list", list, "options:map", "map[], cursor?", API_READ, API_HOST, 1,
     "Who did what, newest first; \"content.*\" is a family of verbs.", .guarded = true, .list = &entries},
    {"audit.verify", verify, "options:map{anchor:text}", "map", API_READ, API_HOST, 1,
     "Reads the whole chain: whole, rows and head, or the first broken row; against a printed anchor.", .slow = true,
     .gives = "whole:boolean! rows:integer! erased:integer head:text broken_at:integer why:text"},
    {"audit.anchors", anchors, "options:map", "list", API_READ, API_HOST, 1,
     "Heads of the chain at the beginning of each day, to be printed and kept elsewhere.", .list = &anchor_rows},
    {0},
};

void host_api_attach_audit(struct host *host)
{
    api_add(host->api, functions, NULL);
}
