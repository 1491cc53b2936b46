/* Asking a route: found, let in, its values read; then its function, and what it answers. */
#include <string.h>

#include "file/file.h"
#include "people/people.h"
#include "plugin/host.h"
#include "route/piece.h"
#include "runtime/crash.h"
#include "route/route_internal.h"

/* One request on its way. */
struct asking {
    struct session *s;
    const struct route_def *def;
    const struct route_request *q;
    struct route_answer *out;
    struct plugin_vm *pv;
    struct val req; /* what the function gets */
    struct val all; /* the checked values, in stored form, for `access` */
};

static int too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

int route_admits(const struct route_def *def, const struct actor *actor, struct err *err)
{
    if (def->is_public || actor->user != PEOPLE_ANONYMOUS) return 0;
    return err_set(err, ERR_DENIED, "http.no_token", NULL);
}

static int find(struct asking *k, struct plugin_states *states, struct err *err)
{
    char allow[64];
    struct session *s = k->s;
    struct registry *r = states ? s->registry : plugins_current(s->host->plugins);
    k->def = r ? route_find(r, k->q->method, k->q->path, allow) : NULL;
    if (k->def && states) return plugin_states_get(states, s->host, r, k->def->plugin, &k->pv, err);
    k->pv = k->def ? plugins_vm(s->host->plugins, k->def->plugin) : NULL;
    return k->pv ? 0 : err_set(err, ERR_NOT_FOUND, "http.not_found", "path", k->q->path, NULL);
}

/* Checked values: kept for the access rule, shown to the function. */
static int take(struct asking *k, const char *name, const struct field_list *fields, const struct val *stored,
                struct err *err)
{
    struct val shown;
    struct arena *a = k->s->arena;
    for (size_t i = 0; i < stored->as.map.n; i++) {
        const struct val_pair *p = &stored->as.map.pairs[i];
        if (!val_get(&k->all, p->key) && val_set(a, &k->all, p->key, p->v)) return too_large(err);
    }
    int rc = people_params_show(k->s, fields, stored, a, &shown, err);
    return rc == 0 && val_set(a, &k->req, name, shown) ? too_large(err) : rc;
}

static int take_texts(struct asking *k, const char *name, const struct field_list *fields, const struct val *given,
                      struct err *err)
{
    struct val stored;
    int rc = people_params_read(k->s, fields, given, k->s->arena, &stored, err);
    if (rc == 0) rc = file_fields_take(k->s, fields, k->s->arena, &stored, err);
    return rc ? rc : take(k, name, fields, &stored, err);
}

static int take_path(struct asking *k, struct err *err)
{
    struct arena *a = k->s->arena;
    struct val given = val_map();
    struct route_segment seg;
    size_t at = 0;
    while (route_path_next(k->def->path, k->q->path, &at, &seg)) {
        char *name = arena_strndup(a, seg.name, seg.name_len), *value = arena_strndup(a, seg.value, seg.value_len);
        if (!name || !value || val_set(a, &given, name, val_str(value))) return too_large(err);
    }
    return take_texts(k, "params", &k->def->params, &given, err);
}

static int take_query(struct asking *k, struct err *err)
{
    if (k->def->has_query) return take_texts(k, "query", &k->def->query, &k->q->query, err);
    return val_set(k->s->arena, &k->req, "query", k->q->query) ? too_large(err) : 0;
}

static int take_json(struct asking *k, struct err *err)
{
    const struct route_def *def = k->def;
    struct arena *a = k->s->arena;
    struct val json = k->q->json, named, stored;
    if (!def->has_input) return val_set(a, &k->req, "json", json) ? too_large(err) : 0;
    if (json.type == VAL_NIL || (json.type == VAL_LIST && json.as.list.n == 0)) json = val_map();
    if (json.type != VAL_MAP) return err_set(err, ERR_INVALID, "route.body", "got", val_type_name(json.type), NULL);
    int rc = people_codes(k->s->db, &def->input, &json, a, &named, err);
    if (rc == 0) rc = field_check_map(&def->input, &named, false, &k->s->host->time, a, &stored, err);
    if (rc == 0) rc = file_fields_take(k->s, &def->input, a, &stored, err);
    return rc ? rc : take(k, "json", &def->input, &stored, err);
}

static int take_body(struct asking *k, struct err *err)
{
    const struct route_def *def = k->def;
    if (k->q->files.type == VAL_LIST && val_set(k->s->arena, &k->req, "files", k->q->files)) return too_large(err);
    if (k->q->form.type == VAL_NIL) return def->reads ? 0 : take_json(k, err);
    if (def->has_input) return take_texts(k, "form", &def->input, &k->q->form, err);
    return val_set(k->s->arena, &k->req, "form", k->q->form) ? too_large(err) : 0;
}

/* The person who asks: nil for nobody, and for an account without one. */
static int take_user(struct asking *k, struct err *err)
{
    struct val person;
    if (k->q->actor.person <= 0) return 0;
    int rc = people_person_get(k->s->db, k->q->actor.person, k->s->arena, &person, err);
    if (rc == 1 && val_set(k->s->arena, &k->req, "user", person)) return too_large(err);
    return rc < 0 ? rc : 0;
}

static int take_request(struct asking *k, struct err *err)
{
    struct arena *a = k->s->arena;
    k->req = k->all = val_map();
    if (val_set(a, &k->req, "method", val_str(k->def->method)) || val_set(a, &k->req, "path", val_str(k->q->path)))
        return too_large(err);
    int rc = take_path(k, err);
    if (rc == 0) rc = take_query(k, err);
    if (rc == 0) rc = take_body(k, err);
    if (rc == 0) rc = people_access_check(k->s, &k->def->access, &k->all, "denied.route", k->def->name, err);
    return rc ? rc : take_user(k, err);
}

static int read_answer(void *ctx, const struct val *given, struct err *err)
{
    const struct asking *k = ctx;
    struct route_reading how = {k->s, k->def, k->q->word};
    return route_answer_read(&how, given, k->out, err);
}

static int call(struct asking *k, struct err *err)
{
    struct piece p = {.kind = "route",
                      .name = k->def->name,
                      .arg = &k->req,
                      .cpu_ms = k->def->reads ? ROUTE_CPU_MS : k->pv->plugin->limits.slice_ms,
                      .read = read_answer,
                      .ctx = k};
    return piece_run(k->s, k->pv, &p, NULL, err);
}

/* What went wrong inside is nothing for the whole world; by its id the admin finds it. */
static void hide(struct err *err)
{
    char id[sizeof(err->incident)];
    if (!err->incident[0]) return;
    memcpy(id, err->incident, sizeof(id));
    err_set(err, ERR_PLUGIN, "route.failed", "id", id, NULL);
    memcpy(err->incident, id, sizeof(id));
}

int route_run(struct session *s, struct plugin_states *states, const struct route_request *q, struct route_answer *out,
              struct err *err)
{
    struct session own = *s;
    struct asking k = {.s = &own, .q = q, .out = out};
    buf_clear(&out->body);
    own.actor = q->actor;
    int rc = find(&k, states, err);
    if (rc == 0) rc = route_admits(k.def, &q->actor, err);
    if (rc == 0) rc = take_request(&k, err);
    own.actor.plugin = k.def ? k.def->plugin : NULL;
    if (rc == 0) rc = call(&k, err);
    s->reads = own.reads;
    if (rc == 0 && !k.def->reads) crash_point("route.answered");
    if (rc && q->actor.user == PEOPLE_ANONYMOUS) hide(err);
    return rc ? rc : route_answer_tag(q, s->arena, out, err);
}
