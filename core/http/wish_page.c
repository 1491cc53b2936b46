/* /account/notices: by which way one wants to be told of what, and when not; the link to one's calendar. */
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "http/own_page.h"
#include "notify/notify.h"
#include "people/auth.h"
#include "plugin/host.h"

static const char here[] = "/account/notices";
static const char *const ways[] = {"app", "mail", "digest", "none"};
static const char way_field[] = "way.";
static const char *const times[][2] = {
    {"quiet_from", "page.quiet_from"}, {"quiet_until", "page.quiet_until"}, {"digest_at", "page.digest_at"}};

/* --- what is wished --- */

/* As it was sent, when that was refused; else as it is. */
static const char *chosen(struct api_job *job, const char *field, const struct val *is)
{
    const char *sent = own_page_given(job, field);
    return sent ? sent : is ? val_cstr(&job->arena, is) : NULL;
}

static void add_kind(struct api_job *job, const struct val_pair *kind)
{
    struct page *p = &task_page_of(job)->page;
    char key[120];
    const char *field = arena_printf(&job->arena, "%s%s", way_field, kind->key);
    const char *way = field ? chosen(job, field, &kind->v) : NULL;
    snprintf(key, sizeof(key), "notify.kind.%.100s", kind->key);
    page_add(p, "<div class=\"way\">\n<label for=\"%s\">", field);
    if (locale_text(p->lang, key))
        page_add(p, "%k", key);
    else
        page_add(p, "%s", kind->key);
    page_add(p, "</label>\n<select id=\"%s\" name=\"%s\">\n", field, field);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char name[40];
        if (strcmp(ways[i], "none") == 0 && notify_is_duty(kind->key)) continue;
        snprintf(name, sizeof(name), "page.way_%s", ways[i]);
        page_add(p,
                 way && strcmp(way, ways[i]) == 0 ? "<option value=\"%s\" selected>%k</option>\n"
                                                  : "<option value=\"%s\">%k</option>\n",
                 ways[i], name);
    }
    page_add(p, "</select>\n</div>\n");
}

static void add_time(struct api_job *job, size_t i, const struct val *wishes)
{
    struct page *p = &task_page_of(job)->page;
    const char *at = chosen(job, times[i][0], val_get(wishes, times[i][0]));
    page_add(p, "<div>\n<label for=\"%s\">%k</label>\n<input id=\"%s\" name=\"%s\" type=\"time\" value=\"%s\"",
             times[i][0], times[i][1], times[i][0], times[i][0], at);
    page_add(p, i < 2 ? " aria-describedby=\"quiet-help\">\n</div>\n" : ">\n</div>\n");
}

static void add_wishes(struct api_job *job, const struct val *wishes)
{
    struct page *p = &task_page_of(job)->page;
    const struct val *kinds = val_get(wishes, "ways");
    own_page_form(p, here, "wishes");
    if (!notify_has_mail(job->api->o.host->notify)) page_add(p, "<p class=\"note\">%k</p>\n", "page.no_mail");
    for (size_t i = 0; val_is(kinds, VAL_MAP) && i < kinds->as.map.n; i++)
        add_kind(job, &kinds->as.map.pairs[i]);
    page_add(p, "<h2>%k</h2>\n<p class=\"help\" id=\"quiet-help\">%k</p>\n<div class=\"times\">\n", "page.quiet",
             "page.quiet_help");
    add_time(job, 0, wishes);
    add_time(job, 1, wishes);
    page_add(p, "</div>\n");
    add_time(job, 2, wishes);
    page_add(p, "<button>%k</button>\n</form>\n", "page.wishes_button");
}

static void add_hidden(struct page *p, const char *name, const struct val *v)
{
    if (!val_is(v, VAL_STR) || v->as.str.len == 0) return;
    page_add(p, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    page_val(p, v);
    page_add(p, "\">\n");
}

/* "news, xa-bac" */
static void add_followed(struct page *p, const struct val *type, const struct val *unit)
{
    bool has_type = val_is(type, VAL_STR) && type->as.str.len, has_unit = val_is(unit, VAL_STR) && unit->as.str.len;
    if (has_type) page_val(p, type);
    if (has_type && has_unit) page_add(p, ", ");
    if (has_unit) page_val(p, unit);
    if (!has_type && !has_unit) page_add(p, "%k", "page.follow_all");
}

/* Publications that one is told of. */
static void add_follows(struct page *p, const struct val *follows)
{
    if (!val_at(follows, 0)) return;
    page_add(p, "<h2>%k</h2>\n<ul class=\"list\">\n", "page.follows");
    for (size_t i = 0; val_at(follows, i); i++) {
        const struct val *type = val_get(val_at(follows, i), "type"), *unit = val_get(val_at(follows, i), "unit");
        page_add(p, "<li>\n<span class=\"title\">");
        add_followed(p, type, unit);
        page_add(p, "</span>\n");
        own_page_form(p, here, "unfollow");
        add_hidden(p, "type", type);
        add_hidden(p, "unit", unit);
        page_add(p, "<button class=\"plain\">%k<span class=\"hidden\">: ", "page.follow_end");
        add_followed(p, type, unit);
        page_add(p, "</span></button>\n</form>\n</li>\n");
    }
    page_add(p, "</ul>\n");
}

/* --- the calendar --- */

static void add_calendar(struct page *p)
{
    page_add(p, "<h2 id=\"calendar\">%k</h2>\n<p>%k</p>\n", "page.calendar", "page.calendar_text");
    own_page_form(p, here, "calendar");
    page_add(p, "<button class=\"second\">%k</button>\n</form>\n", "page.calendar_make");
    own_page_form(p, here, "revoke");
    page_add(p, "<button class=\"second\">%k</button>\n</form>\n", "page.calendar_end");
}

static int show(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct page *p = &task_page_of(job)->page;
    struct val wishes = val_nil();
    int rc = own_page_call(job, s, "notice.preferences", NULL, &wishes, err);
    if (rc) return rc;
    p->is_narrow = true;
    own_page_begin(job, "page.wishes");
    page_add(p, "<p>%k</p>\n", "page.wishes_text");
    add_wishes(job, &wishes);
    add_follows(p, val_get(&wishes, "follows"));
    add_calendar(p);
    page_add(p, "<p><a href=\"/account\">%k</a></p>\n", "page.to_account");
    return own_page_end(job, err);
}

/* The link is shown this once: on the answer itself, which nobody keeps. */
static int make_calendar(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct page *p = &task_page_of(job)->page;
    struct val out = val_nil();
    int rc = own_page_call(job, s, "calendar.link", NULL, &out, err);
    if (rc) return rc;
    const char *url = val_cstr(&job->arena, val_get(&out, "url"));
    bool is_whole = url && url[0] != '/';
    p->is_narrow = true;
    own_page_begin(job, "page.calendar_made");
    page_add(p, "<p>%k</p>\n<label for=\"url\">%k</label>\n<input id=\"url\" readonly value=\"%s%s\">\n",
             "page.calendar_once", "page.calendar_url", is_whole ? "" : s->host->auth->o.url, url);
    page_add(p, "<p><a href=\"%s\">%k</a></p>\n", here, "page.to_wishes");
    return own_page_end(job, err);
}

static int revoke(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct val out;
    int rc = own_page_call(job, s, "calendar.revoke", NULL, &out, err);
    return rc ? rc : own_page_done(job, here, "revoke", NULL, err);
}

/* --- what the form says --- */

static int add_given(struct api_job *job, struct val *to, const char *name, const char *as)
{
    const char *given = own_page_given(job, name);
    return given ? val_set_new(&job->arena, to, as, val_str(given)) : 0;
}

static int wish(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct arena *a = &job->arena;
    const struct val *given = &task_page_of(job)->given;
    struct val wishes = val_map(), by_kind = val_map(), out;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < given->as.map.n; i++) {
        const char *name = given->as.map.pairs[i].key;
        if (strncmp(name, way_field, sizeof(way_field) - 1) == 0)
            rc = add_given(job, &by_kind, name, name + sizeof(way_field) - 1);
    }
    if (rc == 0) rc = val_set(a, &wishes, "ways", by_kind);
    for (size_t i = 0; rc == 0 && i < sizeof(times) / sizeof(times[0]); i++)
        rc = add_given(job, &wishes, times[i][0], times[i][0]);
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    rc = own_page_call(job, s, "notice.prefer", &wishes, &out, err);
    return rc ? rc : own_page_done(job, here, "wishes", NULL, err);
}

static int unfollow(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct val what = val_map(), out;
    int rc = val_set(&job->arena, &what, "stop", val_bool(true));
    if (rc == 0) rc = add_given(job, &what, "type", "type");
    if (rc == 0) rc = add_given(job, &what, "unit", "unit");
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    rc = own_page_call(job, s, "notice.follow", &what, &out, err);
    return rc ? rc : own_page_done(job, here, "unfollow", NULL, err);
}

const struct own_page wish_page = {
    here, show, {{"wishes", wish}, {"unfollow", unfollow}, {"calendar", make_calendar}, {"revoke", revoke}}};
