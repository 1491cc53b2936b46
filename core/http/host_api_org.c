/* The organisation from outside: taking it in, giving it out, and changing its tree. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/json.h"
#include "flow/flow.h"
#include "flow/task.h"
#include "http/host_api_parts.h"
#include "people/change.h"
#include "people/exchange.h"

enum { FILES_MAX = 64 };

static int bad(struct api_call *c, const char *name)
{
    return err_set(c->err, ERR_INVALID, "http.parameter", "name", name, NULL);
}

int host_api_day(struct api_call *c, const struct val *options, const char *name, int64_t otherwise, int64_t *day)
{
    const struct val *v = val_get(options, name);
    struct date d;
    int32_t offset;
    *day = otherwise;
    if (!v || v->type == VAL_NIL) return 0;
    if (v->type != VAL_STR || !date_parse(v->as.str.s, v->as.str.len, &d, &offset)) return bad(c, name);
    *day = date_days(d.year, d.month, d.day);
    return 0;
}

static int64_t today(const struct api_call *c)
{
    return people_day(c->s->host, c->s->now);
}

/* { files = { { name, text }, … } }, or the lists themselves. */
static int read_files(struct api_call *c, const struct val *in, struct people_file *files, size_t *n)
{
    const struct val *list = val_get(in, "files");
    *n = 0;
    for (size_t i = 0; val_at(list, i); i++) {
        const struct val *text = val_get(val_at(list, i), "text");
        const char *name = api_str(val_get(val_at(list, i), "name"));
        if (i == FILES_MAX || !name || !val_is(text, VAL_STR)) return bad(c, "files");
        files[(*n)++] = (struct people_file){name, text->as.str.s, text->as.str.len};
    }
    return 0;
}

/* The audit keeps which files were taken in: their text would keep, in its midst, who is to be erased. */
static int tell_files(struct api_call *c, const struct people_file *files, size_t n)
{
    struct val list = val_list(), told = val_map();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        uint8_t hash[DIGEST_LEN];
        char *hex = arena_alloc(c->arena, DIGEST_HEX);
        struct val one = val_map();
        if (!hex) return ERR_NOMEM;
        digest_sha256(files[i].text, files[i].len, hash);
        digest_hex(hash, hex);
        rc = val_set(c->arena, &one, "name", val_str(files[i].name));
        if (rc == 0) rc = val_set(c->arena, &one, "bytes", val_int((int64_t)files[i].len));
        if (rc == 0) rc = val_set(c->arena, &one, "sha256", val_str(hex));
        if (rc == 0) rc = val_add(c->arena, &list, one);
    }
    if (rc == 0) rc = val_set(c->arena, &told, "files", list);
    c->args[0] = told;
    return rc;
}

static int import(struct api_call *c)
{
    struct people_file *files = arena_alloc(c->arena, FILES_MAX * sizeof(*files));
    const struct val *in = &c->args[0];
    struct val report;
    struct buf text;
    size_t n;
    int rc = people_check(c->s, "people.import", PEOPLE_WHOLE, c->err);
    if (rc == 0 && !files) rc = err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    if (rc == 0) rc = read_files(c, in, files, &n);
    if (rc) return rc;
    buf_init(&text, 64 << 20);
    if (!val_get(in, "files")) {
        json_write(&text, in);
        files[n++] = (struct people_file){"organisation.json", text.data ? text.data : "", text.len};
    }
    struct people_take take = {.files = files,
                               .nfiles = n,
                               .by = c->s,
                               .preview = val_get_bool(&c->args[1], "preview", false),
                               .now = c->s->now,
                               .day = today(c),
                               .lang = c->s->lang};
    rc = buf_ok(&text) ? people_take(c->s->db, &take, c->arena, &report, c->err)
                       : err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    buf_close(&text);
    if (rc) return rc;
    if (val_get(in, "files") && tell_files(c, files, n) != 0) return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    c->result = take.preview ? report : *val_get(&report, "lists");
    return 0;
}

static int give(struct api_call *c)
{
    int64_t day;
    int rc = people_check(c->s, "people.export", PEOPLE_WHOLE, c->err);
    if (rc == 0) rc = host_api_day(c, &c->args[0], "at", PEOPLE_ALL_DAYS, &day);
    return rc ? rc : people_give(c->s->db, day, c->arena, &c->result, c->err);
}

int host_api_find_unit(struct api_call *c, const struct val *code, int64_t *unit)
{
    const char *text = api_str(code);
    int rc = people_unit_by_code(c->s->db, text ? text : "", unit, c->err);
    if (rc) return rc < 0 ? rc : 0;
    return err_set(c->err, ERR_NOT_FOUND, "people.no_unit", "code", text ? text : "", NULL);
}

/* All that hangs on a unit is shown to who may change it; to others, the units below. */
static int read_hangs(struct api_call *c, int64_t unit, int64_t day)
{
    struct val list;
    int rc = people_check(c->s, "people.change", unit, c->err);
    if (rc == 0) return people_hangs(c->s->db, unit, day, c->arena, &c->result, c->err);
    if (rc != ERR_DENIED) return rc;
    err_clear(c->err);
    c->result = val_map();
    rc = people_children(c->s->db, unit, day, c->arena, &list, c->err);
    return rc ? rc : val_set(c->arena, &c->result, "children", list);
}

/* Days of this list are numbers: outside they are dates. */
static int show_days(struct api_call *c, struct val *rows)
{
    for (size_t i = 0; i < rows->as.list.n; i++) {
        struct val *row = &rows->as.list.items[i];
        char *text = arena_alloc(c->arena, 16);
        if (!text) return ERR_NOMEM;
        date_format_day(val_get_int(row, "day", 0), text);
        if (val_set(c->arena, row, "day", val_str(text))) return ERR_NOMEM;
    }
    return 0;
}

static int unit_show(struct api_call *c)
{
    int64_t unit = 0, day = 0;
    struct val v, next;
    if (c->s->actor.user == PEOPLE_ANONYMOUS)
        return err_set(c->err, ERR_DENIED, "denied.verb", "verb", "people.read", NULL);
    int rc = host_api_day(c, &c->args[1], "at", today(c), &day);
    if (rc == 0) rc = host_api_find_unit(c, &c->args[0], &unit);
    if (rc == 0) rc = people_unit_get(c->s->db, unit, day, c->arena, &v, c->err);
    if (rc == 1) rc = read_hangs(c, unit, day);
    if (rc == 0) rc = val_set(c->arena, &c->result, "unit", v);
    if (rc == 0) rc = people_successors(c->s->db, unit, day, c->arena, &next, c->err);
    if (rc == 0) rc = show_days(c, &next);
    if (rc == 0) rc = val_set(c->arena, &c->result, "successors", next);
    return rc == ERR_NOMEM ? err_set(c->err, ERR_LIMIT, "limit.size", NULL) : rc;
}

/* Open tasks that are asked in a unit: who decides them from that day on is another question than this change. */
static int count_tasks(struct api_call *c, const struct val *units, int64_t *n)
{
    int rc = 0;
    *n = 0;
    for (size_t i = 0; rc == 0 && val_at(units, i); i++) {
        int64_t here = 0;
        rc = flow_count_tasks_in(c->s->db, val_at(units, i)->as.obj.id, &here, c->err);
        *n += here;
    }
    return rc;
}

static int change(struct api_call *c)
{
    const struct val *spec = &c->args[0];
    int64_t tasks;
    struct session s = *c->s;
    s.arena = c->arena;
    int rc = people_change(&s, spec, val_get_bool(&c->args[1], "dry_run", false), &c->result, c->err);
    if (rc == 0) rc = count_tasks(c, val_get(&c->result, "ended"), &tasks);
    if (rc == 0 && val_set(c->arena, &c->result, "open_tasks", val_int(tasks)))
        rc = err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    return rc;
}

#define HANGING "list{id:integer!,person:text,what:text,until:date}"

static const struct api_fn functions[] = {
    {"org.import", import, "tree:map! options:map{preview:boolean}", "map", API_WRITE, API_HOST, 1,
     "Takes an organisation in, from lists or from files (name, text); idempotent by code. Nobody takes in more rights "
     "for themself; accounts and their e-mail are changed by who has the verb \"user.add\".",
     true, .gives = "@Import"},
    {"org.export", give, "options:map", "map", API_READ, API_HOST, 1,
     "Gives the organisation out: its whole history, or what holds on a day {at}.", .guarded = true,
     .gives =
         "units:list:map unit_names:list:map unit_parents:list:map roles:list:map positions:list:map persons:list:map "
         "bodies:list:map body_terms:list:map body_members:list:map holders:list:map delegations:list:map "
         "users:list:map role_holders:list:map calendar:list:map changes:list:map successors:list:map"},
    {"org.unit", unit_show, "code:text! options:map", "map", API_READ, API_HOST, 1,
     "A unit of a day {at}, what hangs on it, and what became of it.",
     .gives = "unit:@Unit! children:@Unit[]! holders:" HANGING " roles:" HANGING " delegations:" HANGING
              " bodies:" HANGING " successors:list{unit:@Unit,day:date!,how:text!}!"},
    {"org.change", change, "change:map! options:map{dry_run:boolean}", "map", API_WRITE, API_HOST, 1,
     "Changes the tree; how: merge, split, rename, abolish or move.", true,
     .gives = "how:text! day:text! ended:@Unit[] made:@Unit[] moved:@Unit[] renamed:@Unit[] holders:" HANGING
              " roles:" HANGING " delegations:" HANGING " bodies:" HANGING " unchanged:boolean open_tasks:integer"},
    {0},
};

void host_api_attach_org(struct host *host)
{
    api_add(host->api, functions, NULL);
}
