/* mail.send and run:mail: a template of the plugin, filled in each language, to whoever is meant. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "flow/flow.h"
#include "notify/notify_internal.h"
#include "plugin/plugin.h"
#include "plugin/plugin_vm.h"
#include "plugin/text_fill.h"

static bool is_name(const char *s)
{
    size_t n = s ? strlen(s) : 0;
    return n > 0 && n <= 64 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.") == n;
}

static int no_template(struct api_call *c, const char *key)
{
    return err_set(c->err, ERR_INVALID, "mail.template", "key", key, "plugin", c->s->vm->plugin->name, NULL);
}

struct part {
    const char *name; /* "subject" */
    bool required, html;
    size_t most;
};
static const struct part parts[] = {{"subject", true, false, NOTIFY_SUBJECT_MAX},
                                    {"text", true, false, NOTIFY_TEXT_MAX},
                                    {"html", false, true, NOTIFY_TEXT_MAX}};

static int render_part(struct api_call *c, const struct val *mail, const char *lang, const struct part *part,
                       struct val *out)
{
    static const struct val none = {.type = VAL_MAP};
    const struct val *data = val_get(mail, "data");
    const char *key = arena_printf(c->arena, "mail.%s.%s", api_str(val_get(mail, "template")), part->name);
    const char *text = key ? plugin_text(c->s->vm->plugin, lang, key) : NULL;
    struct buf b;
    if (!text) return part->required ? no_template(c, key ? key : "") : 0;
    buf_init(&b, part->most);
    if (part->html)
        text_fill_html(&b, text, data ? data : &none, c->arena);
    else
        text_fill(&b, text, data ? data : &none, c->arena);
    bool is_text = !buf_ok(&b) || text_is_utf8(b.data ? b.data : "", b.len);
    char *copy = buf_ok(&b) ? arena_strndup(c->arena, b.data ? b.data : "", b.len) : NULL;
    buf_close(&b);
    if (!is_text) return err_set(c->err, ERR_INVALID, "text.utf8", "field", part->name, NULL);
    if (!copy) return err_set(c->err, ERR_LIMIT, "limit.size", NULL);
    return val_set(c->arena, out, part->name, val_str(copy)) ? err_set(c->err, ERR_NOMEM, "memory", NULL) : 0;
}

static int render(struct api_call *c, const struct val *mail, struct val *out)
{
    static const char *const langs[] = {"en", "vi"};
    int rc = 0;
    *out = val_map();
    for (size_t l = 0; rc == 0 && l < 2; l++) {
        struct val texts = val_map();
        for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
            rc = render_part(c, mail, langs[l], &parts[i], &texts);
        if (rc) return rc;
        const struct val *subject = val_get(&texts, "subject");
        const char *line = val_cstr(c->arena, subject);
        if (!line || !*line || !mail_is_line(line))
            return err_set(c->err, ERR_INVALID, "mail.subject", "subject", line ? line : "", NULL);
        if (val_set(c->arena, out, langs[l], texts) != 0) rc = err_set(c->err, ERR_NOMEM, "memory", NULL);
    }
    return rc;
}

static int reach(struct api_call *c, const struct val *mail, struct people_crowd *crowd)
{
    struct val targets = val_list();
    const struct val *to = val_get(mail, "to");
    struct err_num most;
    if (val_is(to, VAL_LIST) && to->as.list.n > NOTIFY_CROWD_MAX)
        return err_set(c->err, ERR_LIMIT, "people.too_many", "most", err_i64(&most, NOTIFY_CROWD_MAX), NULL);
    int rc = flow_target_resolve(c, to, &targets);
    for (size_t i = 0; rc == 0 && val_at(&targets, i); i++)
        rc = people_reach(c->s, val_at(&targets, i), c->arena, crowd, c->err);
    return rc;
}

/* An empty table comes as a list. */
static bool is_map(const struct val *v)
{
    return !v || v->type == VAL_MAP || (v->type == VAL_LIST && v->as.list.n == 0);
}

/* mail.send(mail), run:mail(mail) */
static int send_mail(struct api_call *c)
{
    struct notify *n = c->self;
    const struct val *mail = c->args[0].type == VAL_OBJ ? &c->args[1] : &c->args[0];
    const struct val *topic = val_get(mail, "topic");
    struct people_crowd crowd = {.most = NOTIFY_CROWD_MAX, .ids_only = true};
    struct mailing m = {.kind = "mail", .to = &crowd};
    if (!c->s->vm) return err_set(c->err, ERR_REFUSED, "mail.no_plugin", NULL);
    if (!is_name(api_str(val_get(mail, "template")))) return no_template(c, api_str(val_get(mail, "template")));
    if (!is_map(val_get(mail, "data"))) return err_set(c->err, ERR_INVALID, "mail.data", NULL);
    m.plugin = c->s->vm->plugin->name;
    if (topic) {
        if (!is_name(api_str(topic))) return err_set(c->err, ERR_INVALID, "mail.topic", NULL);
        m.kind = arena_printf(c->arena, "%s.%s", m.plugin, api_str(topic));
        if (!m.kind) return err_set(c->err, ERR_NOMEM, "memory", NULL);
    }
    int rc = render(c, mail, &m.texts);
    if (rc == 0) rc = reach(c, mail, &crowd);
    if (rc == 0) rc = mailing_add(n, c->s, &m, c->err);
    c->result = val_int((int64_t)crowd.n);
    return rc;
}

static const struct api_fn functions[] = {
    {"mail.send", send_mail, "mail:map{to:any!,template:text!,data:map,topic:text}!", "integer", API_WRITE, "mail", 1,
     "Writes to a person, list, position or role by a template: keys mail.NAME.subject, .text (and .html) of locale/, "
     "filled from data ({to} is the reader's name); each in their language, by mail or in the app as they wish. A "
     "topic "
     "can be unsubscribed. Returns how many persons.",
     true},
    {"run:mail", send_mail, "run:object:run! mail:map{to:any!,template:text!,data:map,topic:text}!", "integer",
     API_WRITE, "mail", 1, "mail.send as a step of a run; the run goes on at once.", true},
    {0},
};

void mail_add_api(struct notify *n, struct api *api)
{
    api_add(api, functions, n);
}
