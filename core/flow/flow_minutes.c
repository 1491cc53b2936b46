/* The minutes of a vote, as Markdown from the sentences of the catalogue. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/locale.h"
#include "base/zone.h"
#include "flow/flow_vote.h"
#include "people/people.h"

struct writer {
    struct buf b;
    struct session *s;
    const struct vote *v;
};

/* What people typed must not become markup, nor a line of its own. */
static const char *plain(struct session *s, const char *text)
{
    size_t n = text ? strlen(text) : 0, at = 0;
    char *out = arena_alloc(s->arena, 2 * n + 1);
    if (!out) return "";
    for (size_t i = 0; i < n; i++) {
        if (strchr("\\`*_[]<>#|~&", text[i])) out[at++] = '\\';
        out[at++] = (unsigned char)text[i] < ' ' ? ' ' : text[i];
    }
    out[at] = '\0';
    return out;
}

static const char *name_of(struct session *s, const struct val *id)
{
    struct err err = {0};
    struct val p;
    if (!val_is(id, VAL_INT) || people_person_get(s->db, id->as.i, s->arena, &p, &err) != 1 || !p.as.obj.fields)
        return "?";
    return plain(s, val_cstr(s->arena, val_get(p.as.obj.fields, "name")));
}

static const char *time_of(struct session *s, int64_t ms)
{
    const struct zone *z;
    struct err err = {0};
    struct date d;
    if (zone_find(s->host->zone, &z, &err) != 0) return "";
    zone_local(z, ms, &d, NULL);
    const char *text = arena_printf(s->arena, "%02d:%02d %02d/%02d/%04d", d.hour, d.minute, d.day, d.month, d.year);
    return text ? text : "";
}

static void line(struct writer *w, const char *key, const char *name, const char *value)
{
    locale_format(&w->b, w->v->lang, key, name, value, NULL);
    buf_add_char(&w->b, '\n');
}

static void number(struct writer *w, const char *key, int64_t n)
{
    struct err_num text;
    line(w, key, "n", err_i64(&text, n));
}

static void head(struct writer *w)
{
    line(w, "vote.minutes_title", "title", plain(w->s, w->v->title));
    buf_add_char(&w->b, '\n');
    locale_format(&w->b, w->v->lang, "vote.minutes_time", "from", time_of(w->s, w->v->made), "to",
                  time_of(w->s, w->s->now), NULL);
    buf_add_str(&w->b, "\n\n");
    line(w, w->v->secret ? "vote.minutes_secret" : "vote.minutes_open", "n", "");
}

static void attendance(struct writer *w, const struct vote_tally *t, const struct vote_outcome *o)
{
    number(w, "vote.minutes_members", t->members);
    number(w, "vote.minutes_voted", t->voted);
    number(w, "vote.minutes_absent", t->absent);
    for (size_t i = 0; val_at(&t->absentees, i); i++)
        line(w, "vote.minutes_name", "name", name_of(w->s, val_at(&t->absentees, i)));
    for (size_t i = 0; val_at(&t->recusals, i); i++) {
        const struct val *r = val_at(&t->recusals, i);
        locale_format(&w->b, w->v->lang, "vote.minutes_recused", "name", name_of(w->s, val_get(r, "person")), "reason",
                      plain(w->s, val_cstr(w->s->arena, val_get(r, "reason"))), NULL);
        buf_add_char(&w->b, '\n');
    }
    line(w, o->quorum ? "vote.minutes_quorum" : "vote.minutes_no_quorum", "quorum", w->v->quorum_text);
}

/* The usual ones in the language of the minutes, all others as they were given. */
static const char *choice(struct writer *w, const char *name)
{
    static const char *const usual[] = {"approve", "reject", "abstain", "author"};
    char key[48];
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (strcmp(name, usual[i]) != 0) continue;
        snprintf(key, sizeof(key), "vote.choice_%s", usual[i]);
        return locale_text(w->v->lang, key);
    }
    return plain(w->s, name);
}

static void counted(struct writer *w, const char *key, const char *name, int64_t count)
{
    struct err_num n;
    locale_format(&w->b, w->v->lang, key, "option", choice(w, name), "n", err_i64(&n, count), NULL);
    buf_add_char(&w->b, '\n');
}

static void votes(struct writer *w, const struct vote_tally *t)
{
    if (t->is_sealed) {
        line(w, "vote.minutes_sealed", "n", "");
        return;
    }
    for (size_t i = 0; i < w->v->noptions; i++)
        counted(w, "vote.minutes_count", w->v->options[i], t->counts[i]);
    if (w->v->can_abstain) number(w, "vote.minutes_abstained", t->abstained);
    for (size_t i = 0; i < w->v->nreturns; i++)
        if (t->returns[i]) counted(w, "vote.minutes_return", w->v->returns[i], t->returns[i]);
    for (size_t i = 0; !w->v->secret && val_at(&t->votes, i); i++) {
        const struct val *one = val_at(&t->votes, i);
        const char *said = val_cstr(w->s->arena, val_get(one, "decision"));
        locale_format(&w->b, w->v->lang, "vote.minutes_vote", "name", name_of(w->s, val_get(one, "person")), "option",
                      choice(w, said ? said : ""), NULL);
        buf_add_char(&w->b, '\n');
    }
}

int vote_minutes(struct session *s, const struct vote *v, const struct vote_tally *t, const struct vote_outcome *o,
                 const char **text, struct err *err)
{
    struct writer w = {.s = s, .v = v};
    struct err_num n;
    buf_init(&w.b, 128 << 10);
    head(&w);
    attendance(&w, t, o);
    buf_add_char(&w.b, '\n');
    votes(&w, t);
    buf_add_char(&w.b, '\n');
    locale_format(&w.b, v->lang, "vote.minutes_rule", "threshold", v->threshold_text, "n", err_i64(&n, o->base), NULL);
    buf_add_char(&w.b, '\n');
    if (o->passed && v->noptions > 2)
        line(&w, "vote.minutes_chosen", "option", plain(s, v->options[o->winner]));
    else
        line(&w, o->passed ? "vote.minutes_passed" : "vote.minutes_not_passed", "n", "");
    *text = buf_ok(&w.b) ? arena_strndup(s->arena, w.b.data, w.b.len) : NULL;
    buf_close(&w.b);
    return *text ? 0 : err_set(err, ERR_LIMIT, "limit.size", NULL);
}
