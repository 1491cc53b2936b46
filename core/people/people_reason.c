/* A reason told: as fields for programs, as a sentence for people. */
#include "people/people_reason.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/kinds.h"
#include "base/locale.h"
#include "people/explain.h"

enum { SENTENCE_MAX = 4000, PAIRS_MAX = 6 };

const char *people_sentence(struct arena *a, const char *lang, const char *key, const char *const pairs[])
{
    const char *v[2 * PAIRS_MAX + 1] = {0};
    struct buf b;
    for (size_t i = 0; i < 2 * PAIRS_MAX && pairs[i]; i++)
        v[i] = pairs[i];
    buf_init(&b, SENTENCE_MAX);
    locale_format(&b, lang, key, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], NULL);
    char *copy = arena_strndup(a, b.data ? b.data : "", b.len);
    buf_close(&b);
    return copy;
}
#define SENTENCE(a, lang, key, ...) people_sentence(a, lang, key, (const char *const[]){__VA_ARGS__, NULL})

const char *people_day_text(int64_t day, const char *lang, struct arena *a)
{
    struct date d;
    char year[16], month[16], day2[16];
    date_from_days(day, &d);
    snprintf(year, sizeof(year), "%d", d.year);
    snprintf(month, sizeof(month), "%02d", d.month);
    snprintf(day2, sizeof(day2), "%02d", d.day);
    return SENTENCE(a, lang, "date.short", "day2", day2, "month", month, "year", year);
}

/* The name of an object, "" for id 0 or one that is not there. */
static const char *name_of(int rc, const struct val *object)
{
    const char *text = rc == 1 ? val_get_str(object->as.obj.fields, "name") : NULL;
    return text ? text : "";
}

static const char *unit_name(struct store *db, int64_t unit, int64_t day, struct arena *a, struct err *err)
{
    struct val v;
    return unit ? name_of(people_unit_get(db, unit, day, a, &v, err), &v) : "";
}

static const char *person_name(struct store *db, int64_t person, struct arena *a, struct err *err)
{
    struct val v;
    return person ? name_of(people_person_get(db, person, a, &v, err), &v) : "";
}

static const char *body_name(struct store *db, int64_t body, int64_t day, struct arena *a, struct err *err)
{
    struct val v;
    return body ? name_of(people_body_get(db, body, day, a, &v, err), &v) : "";
}

const char *people_holding_text(struct store *db, const struct people_holding *h, int64_t day, bool until,
                                const char *lang, struct arena *a, struct err *err)
{
    const char *unit = unit_name(db, h->unit, day, a, err), *text;
    if (h->body)
        text = SENTENCE(a, lang, h->title ? "explain.as.seat" : "explain.as.member", "capacity",
                        h->title ? h->title : "", "body", body_name(db, h->body, day, a, err));
    else if (h->position)
        text = SENTENCE(a, lang, "explain.as.position", "title", h->title ? h->title : h->position, "unit", unit);
    else
        text = SENTENCE(a, lang, h->unit ? "explain.as.role" : "explain.as.role_everywhere", "role",
                        h->role ? h->role : "", "unit", unit);
    if (!text || !until || h->until == INT64_MAX) return text;
    const char *last = people_day_text(h->until - 1, lang, a);
    return last ? SENTENCE(a, lang, "explain.until", "what", text, "day", last) : NULL;
}

int people_position_title(struct store *db, const char *position, struct arena *a, const char **out, struct err *err)
{
    struct stmt *s = store_stmt(db, "select title from position where code = ?1", err);
    *out = NULL;
    if (!s) return err->code;
    stmt_bind_str(s, 1, position);
    int rc = stmt_step(s, err);
    if (rc == 1) *out = people_text(s, 0, a);
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

/* What the target asks for, in words. */
static const char *wanted_text(struct store *db, const struct people_reason *r, const char *lang, struct arena *a,
                               struct err *err)
{
    const struct people_wanted *w = r->wanted;
    struct people_holding h = {.position = w->position, .role = w->role, .unit = w->unit, .body = w->body};
    if (w->person) return person_name(db, w->person, a, err);
    if (w->position) {
        if (people_position_title(db, w->position, a, &h.title, err) != 0) return NULL;
        if (!w->unit) return h.title ? h.title : w->position;
    }
    return people_holding_text(db, &h, r->day, false, lang, a, err);
}

static const char *key_of(const struct people_reason *r)
{
    static const char *const no[] = {"named", "ended",     "not_yet",   "delegation_ended", "delegation_not_yet",
                                     "scope", "delegator", "elsewhere", "disabled"};
    static const char *const no_keys[] = {"explain.no.named",
                                          "explain.no.ended",
                                          "explain.no.not_yet",
                                          "explain.no.delegation_ended",
                                          "explain.no.delegation_not_yet",
                                          "explain.no.scope",
                                          "explain.no.delegator",
                                          "explain.no.elsewhere",
                                          "explain.no.disabled"};
    if (r->may && r->delegation) return r->delegation_act ? "explain.yes.delegation_act" : "explain.yes.delegation";
    if (r->may) return strcmp(r->kind, "named") == 0 ? "explain.yes.named" : "explain.yes.holding";
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (strcmp(r->kind, no[i]) == 0) return no_keys[i];
    return "explain.no.none";
}

static const char *sentence(struct store *db, const struct people_reason *r, const char *wanted, const char *lang,
                            struct arena *a, struct err *err)
{
    bool not_yet = strstr(r->kind, "not_yet") != NULL, holds = r->held.position || r->held.role || r->held.body;
    int64_t day = r->delegation ? (not_yet ? r->delegated_since : r->delegated_until - 1)
                  : not_yet     ? r->held.since
                                : r->held.until - 1;
    if (!r->delegation && (!holds || r->held.until == INT64_MAX)) day = not_yet ? r->held.since : r->day;
    const char *as = holds ? people_holding_text(db, &r->held, r->day, r->may || r->delegation, lang, a, err) : wanted;
    const char *when = people_day_text(day, lang, a);
    if (!as || !when) return NULL;
    return SENTENCE(a, lang, key_of(r), "person", person_name(db, r->person, a, err), "as", as, "day", when, "wanted",
                    wanted, "for", person_name(db, r->on_behalf_of, a, err), "act",
                    r->delegation_act ? r->delegation_act : "");
}

int people_set_day(struct arena *a, struct val *map, const char *name, int64_t day)
{
    struct val v;
    return kind_date(a, day, &v) || val_set(a, map, name, v) ? ERR_NOMEM : 0;
}

static int set_text(struct arena *a, struct val *map, const char *name, const char *text)
{
    return text ? val_set(a, map, name, val_str(text)) : 0;
}

static int show_holding(struct store *db, const struct people_reason *r, struct arena *a, struct val *out,
                        struct err *err)
{
    const struct people_holding *h = &r->held;
    struct val v;
    if (!h->position && !h->role && !h->body) return 0;
    int rc = set_text(a, out, "position", h->position);
    if (rc == 0) rc = set_text(a, out, h->body ? "capacity" : "title", h->title);
    if (rc == 0) rc = set_text(a, out, "role", h->role);
    if (rc == 0 && h->unit && people_unit_get(db, h->unit, r->day, a, &v, err) == 1) rc = val_set(a, out, "unit", v);
    if (rc == 0 && h->body && people_body_get(db, h->body, r->day, a, &v, err) == 1) rc = val_set(a, out, "body", v);
    if (rc == 0 && h->since > PEOPLE_ALWAYS) rc = people_set_day(a, out, "since", h->since);
    if (rc == 0 && h->until != INT64_MAX) rc = people_set_day(a, out, "until", h->until - 1);
    return rc ? rc : set_text(a, out, "act", r->delegation_act ? r->delegation_act : h->act);
}

int people_reason_show(struct store *db, const struct people_reason *r, const char *lang, struct arena *a,
                       struct val *out, struct err *err)
{
    struct val v;
    const char *wanted = wanted_text(db, r, lang, a, err);
    const char *text = wanted ? sentence(db, r, wanted, lang, a, err) : NULL;
    *out = val_map();
    int rc = text ? val_set(a, out, "may", val_bool(r->may)) : ERR_NOMEM;
    if (rc == 0) rc = val_set(a, out, "kind", val_str(r->kind));
    if (rc == 0 && people_person_get(db, r->person, a, &v, err) == 1) rc = val_set(a, out, "person", v);
    if (rc == 0) rc = val_set(a, out, "wanted", val_str(wanted));
    if (rc == 0) rc = show_holding(db, r, a, out, err);
    if (rc == 0 && r->delegation) {
        rc = val_set(a, out, "delegation", val_int(r->delegation));
        if (rc == 0 && people_person_get(db, r->on_behalf_of, a, &v, err) == 1) rc = val_set(a, out, "on_behalf_of", v);
        if (rc == 0) rc = people_set_day(a, out, "delegated_until", r->delegated_until - 1);
    }
    if (rc == 0) rc = val_set(a, out, "sentence", val_str(text));
    return rc ? people_too_large(err) : 0;
}

/* The target again, out of what a capacity keeps of it. */
static int wanted_of(struct store *db, const struct people_capacity *cap, struct people_wanted *w, struct err *err)
{
    bool role = strncmp(cap->as, "role:", 5) == 0, body = strncmp(cap->as, "body:", 5) == 0;
    *w = (struct people_wanted){.unit = body ? 0 : cap->unit};
    if (strcmp(cap->as, "person") == 0 || !cap->as[0]) return 0;
    if (body) return people_body_by_code(db, cap->as + 5, &w->body, err);
    *(role ? &w->role : &w->position) = role ? cap->as + 5 : cap->as;
    return 1;
}

int people_capacity_why(struct store *db, const struct people_capacity *cap, int64_t person, int64_t day,
                        const char *lang, struct arena *a, const char **out, struct err *err)
{
    static const char *const keys[][2] = {{"may.holder", "may.holder_as"},
                                          {"may.role", "may.role_as"},
                                          {"may.member", "may.member_as"},
                                          {"may.delegate", "may.delegate_as"}};
    struct people_wanted w;
    struct people_holding held;
    const char *key = NULL, *as = "", *by = "";
    for (size_t i = 0; !key && i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(cap->why, keys[i][0]) == 0) key = keys[i][1];
    int rc = key ? wanted_of(db, cap, &w, err) : 0;
    if (rc == 1) rc = people_holding_find(db, &w, cap->on_behalf_of ? cap->on_behalf_of : person, day, a, &held, err);
    if (rc < 0) return rc;
    if (rc == 1) as = people_holding_text(db, &held, day, false, lang, a, err);
    if (cap->on_behalf_of) by = person_name(db, cap->on_behalf_of, a, err);
    *out = as ? SENTENCE(a, lang, rc == 1 ? key : cap->why, "as", as, "for", by) : NULL;
    return *out ? 0 : people_too_large(err);
}
