/* Commands that are one call each: noun, verb, words and flags become the arguments of an API function. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/locale.h"
#include "cli/cli.h"

/* Arguments, separated by blanks: WORD (text), WORD# (an integer), WORD* (integers,
 * with commas), WORD? (may be missing), @FILE (a JSON file),
 * --flag (text), --flag# (integer), --flag! (true when given), --flag@ (JSON), {a,b} a map of flags, = the answer of
 * a task (--decision, --comment, --field k=v). In a map, * stands for the flags of a list; with ** all its pages are
 * shown, unless --limit says how many rows. */
struct call {
    const char *noun, *verb, *api, *args, *columns, *usage;
};

#define PAGES " [--sort FIELD] [--fields NAME,NAME] [--limit N] [--after CURSOR]"

static const struct call calls[] = {
    {"flow", "list", "run.list", "{flow,state,plugin,parent#,where,*}",
     "id plugin flow state status business_id due held held_by",
     "khung flow list [--flow PLUGIN.FLOW] [--plugin NAME] [--state STATE] [--parent ID] [--where JSON]" PAGES},
    {"flow", "show", "run.show", "ID#", NULL, "khung flow show ID"},
    {"flow", "history", "run.history", "ID# {type,op,**}", "entry slice type op where result refused",
     "khung flow history ID [--type step|wait|wake] [--op NAME]" PAGES},
    {"flow", "start", "run.start", "FLOW --input@ --id", NULL,
     "khung flow start PLUGIN.FLOW [--input JSON] [--id BUSINESS-ID] [--as USER]"},
    {"flow", "signal", "run.signal", "ID# NAME --input@ --key", NULL,
     "khung flow signal ID NAME [--input JSON] [--key ONCE]"},
    {"flow", "cancel", "run.cancel", "ID# --reason", NULL, "khung flow cancel ID [--reason TEXT]"},
    {"flow", "pause", "run.pause", "ID#", NULL, "khung flow pause ID"},
    {"flow", "resume", "run.resume", "ID#", NULL, "khung flow resume ID"},
    {"flow", "retry", "run.retry", "ID# --upgrade!", NULL, "khung flow retry ID [--upgrade]"},
    {"task", "list", "task.list", "{user,all!,about#,due-before,claimed,flow,**}", "id title due about run",
     "khung task list [--user NAME | --all] [--claimed me|none] [--flow PLUGIN.FLOW] [--about ITEM]"
     " [--due-before 2h|INSTANT]" PAGES},
    {"task", "inbox", "task.inbox", "{user,all!,order,about#,due-before,claimed,flow,*}",
     "id title due about run claimed_by",
     "khung task inbox [--as USER | --user NAME | --all] [--order due] [--claimed me|none] [--flow PLUGIN.FLOW]"
     " [--about ITEM] [--due-before 2h|INSTANT]" PAGES},
    {"task", "show", "task.show", "ID#", NULL, "khung task show ID"},
    {"task", "form", "task.form", "ID#", NULL, "khung task form ID"},
    {"task", "history", "task.history", "ID# {**}", "at kind by person text", "khung task history ID" PAGES},
    {"task", "decide", "task.decide", "ID# =", NULL,
     "khung task decide ID --as USER --decision approve|return [--comment TEXT] [--field name=value]"},
    {"task", "decide-all", "task.decide_all", "IDS =", "task done code message",
     "khung task decide-all ID,ID,… --as USER --decision approve|return [--comment TEXT] [--field name=value]"},
    {"task", "claim", "task.claim", "ID# --until", NULL, "khung task claim ID --as USER [--until 2h|INSTANT]"},
    {"task", "release", "task.release", "ID#", NULL, "khung task release ID --as USER"},
    {"task", "reassign", "task.reassign", "ID# {person,position,role,unit} --reason", NULL,
     "khung task reassign ID --as USER --person CODE | --position P --unit CODE | --role R --unit CODE --reason TEXT"},
    {"task", "delegate", "task.delegate", "ID# PERSON --reason", NULL,
     "khung task delegate ID PERSON --as USER [--reason TEXT]"},
    {"task", "hand-back", "task.hand_back", "ID# --reason", NULL, "khung task hand-back ID --as USER [--reason TEXT]"},
    {"task", "comment", "task.comment", "ID# TEXT", NULL, "khung task comment ID TEXT --as USER"},
    {"task", "comments", "task.comments", "ID# {**}", "at kind by text files",
     "khung task comments ID [--as USER]" PAGES},
    {"task", "attach", "task.attach", "ID# IDS* --text", NULL,
     "khung task attach ID FILE-ID,FILE-ID,… --as USER [--text TEXT]"},
    {"task", "detach", "task.detach", "ID# FILE#", NULL, "khung task detach ID FILE-ID --as USER"},
    {"task", "recuse", "task.recuse", "ID# --reason", NULL, "khung task recuse ID --as USER --reason TEXT"},
    {"task", "orphans", "task.orphans", "{**}", "id title orphan reason above run", "khung task orphans" PAGES},
    {"task", "handover", "task.handover", "PERSON {at}",
     "id title due run others flow business_id position body capacity role unit from to since until",
     "khung task handover PERSON [--at DATE]"},
    {"task", "unit-handover", "task.unit_handover", "UNIT", "id code name kind title due run open anybody",
     "khung task unit-handover UNIT"},
    {"task", "link", "task.link", "ID# PERSON --expires", NULL,
     "khung task link ID PERSON|E-MAIL [--expires 3d|INSTANT]"},
    {"file", "show", "file.show", "ID#", NULL, "khung file show ID [--as USER]"},
    {"org", "units", "org.units", "{at,kind,code,**}", "id code name kind",
     "khung org units [--at DATE] [--kind KIND] [--code CODE]" PAGES},
    {"org", "persons", "people.person_list", "{code,email,**}", "id code name email",
     "khung org persons [--code CODE] [--email ADDRESS]" PAGES},
    {"org", "positions", "people.position_list", "{**}", "code title deputy_of rank", "khung org positions" PAGES},
    {"org", "holders", "people.holder_list", "{at,position,person,unit,**}", "id position person unit from to act",
     "khung org holders [--at DATE] [--position P] [--person CODE] [--unit CODE]" PAGES},
    {"org", "find", "people.find", "--kind --name", "id code name where",
     "khung org find --kind person|unit --name TEXT"},
    {"org", "bodies", "people.body_list", "{at,unit,**}", "id code name unit from to",
     "khung org bodies [--at DATE] [--unit CODE]" PAGES},
    {"org", "members", "people.member_list", "{at,body,person,**}", "id body person capacity from to act",
     "khung org members [--at DATE] [--body CODE] [--person CODE]" PAGES},
    {"org", "roles", "people.role_list", "{**}", "role verbs", "khung org roles" PAGES},
    {"org", "unit", "org.unit", "CODE {at}", NULL, "khung org unit CODE [--at DATE]"},
    {"delegation", "list", "people.delegation_list", "{person,at,from,to,unit,**}",
     "id from to position role unit since until act holds",
     "khung delegation list [--person CODE] [--from CODE] [--to CODE] [--unit CODE] [--at DATE]" PAGES},
    {"delegation", "add", "people.delegate", "{from,to,scope,since,until,act}", NULL,
     "khung delegation add --from CODE --to CODE [--scope POSITION] [--since DATE] --until DATE [--act TEXT]"},
    {"delegation", "revoke", "people.revoke", "ID# {on}", NULL, "khung delegation revoke ID [--on DATE]"},
    {"why", "", "policy.why", "USER VERB THING? {at}", NULL,
     "khung why USER VERB [task:ID | unit:CODE | item:ID] [--at DATE]"},
    {"who-can", "", "policy.who_can", "VERB THING? {at,*}", "person user sentence",
     "khung who-can VERB [task:ID | unit:CODE | item:ID] [--at DATE]" PAGES},
    {"verbs", "", "policy.verbs", "{given,where,**}", "verb given where states roles",
     "khung verbs [--given role|admin|both] [--where unit|anywhere|whole]" PAGES},
    {"user", "add", "user.add", "NAME {person,lang,admin!}", NULL,
     "khung user add NAME [--person CODE] [--lang vi|en] [--admin]"},
    {"user", "show", "user.show", "NAME", NULL, "khung user show NAME"},
    {"user", "edit", "user.edit", "NAME {person,lang,admin@}", NULL,
     "khung user edit NAME [--person CODE|''] [--lang vi|en] [--admin=true|false]"},
    {"user", "list", "user.list", "{name,admin!,**}", NULL, "khung user list [--name NAME] [--admin]" PAGES},
    {"user", "alike", "user.alike", "{**}", "name person by others", "khung user alike" PAGES},
    {"user", "token", "user.token", "NAME {label,scope,days#}", NULL,
     "khung user token NAME [--label TEXT] [--scope VERBS] [--days N]"},
    {"user", "tokens", "user.tokens", "NAME {**}", "id label scope created expires revoked made_by made_with",
     "khung user tokens NAME" PAGES},
    {"user", "revoke", "user.revoke", "ID#", NULL, "khung user revoke TOKEN-ID"},
    {"user", "role", "user.role", "NAME ROLE UNIT? {since,until,of}", NULL,
     "khung user role NAME ROLE [UNIT] [--since DATE] [--until DATE] [--of account|person]"},
    {"user", "roles", "user.roles", "NAME {**}", "id role unit since until of", "khung user roles NAME" PAGES},
    {"user", "end-role", "user.role_end", "NAME ID# {on}", NULL, "khung user end-role NAME ID [--on DATE]"},
    {"user", "disable", "user.disable", "NAME", NULL, "khung user disable NAME"},
    {"user", "enable", "user.enable", "NAME", NULL, "khung user enable NAME"},
    {"user", "reset-link", "user.reset_link", "NAME", NULL, "khung user reset-link NAME"},
    {"user", "sessions", "user.sessions", "NAME {**}", "id how address seen expires agent",
     "khung user sessions NAME" PAGES},
    {"user", "end-session", "user.session_end", "ID#", NULL, "khung user end-session SESSION-ID"},
    {"user", "unlock", "user.unlock", "NAME", NULL, "khung user unlock NAME"},
    {"user", "totp-reset", "user.totp_reset", "NAME", NULL, "khung user totp-reset NAME"},
    {"user", "setup-link", "user.setup_link", "", NULL, "khung user setup-link"},
    {"user", "identify", "user.identify", "NAME ISSUER SUBJECT", NULL, "khung user identify NAME ISSUER SUBJECT"},
    {"plugin", "list", "plugin.list", "{state,**}", "name version state hash why where since next",
     "khung plugin list [--state STATE]" PAGES},
    {"plugin", "reload", "plugin.reload", "NAME?", "name version state hash why where", "khung plugin reload [NAME]"},
    {"plugin", "grant", "plugin.grant", "NAME {yes}", NULL, "khung plugin grant NAME [--yes HASH]"},
    {"plugin", "migrate", "plugin.migrate", "NAME {dry-run!}", "table rows step",
     "khung plugin migrate NAME [--dry-run]"},
    {"plugin", "limits", "plugin.limits", "NAME {**}", "limit now most refused", "khung plugin limits NAME" PAGES},
    {"plugin", "disable", "plugin.disable", "NAME {why}", NULL, "khung plugin disable NAME [--why TEXT]"},
    {"plugin", "enable", "plugin.enable", "NAME", NULL, "khung plugin enable NAME"},
    {"schedule", "list", "schedule.jobs", "{plugin,**}", NULL, "khung schedule list [--plugin NAME]" PAGES},
    {"schedule", "run", "schedule.run_now", "ID#", NULL, "khung schedule run ID"},
    {"error", "list", "error.list", "{plugin,kind,**}", "id last count plugin kind name where message",
     "khung error list [--plugin NAME] [--kind KIND]" PAGES},
    {"error", "show", "error.show", "ID", NULL, "khung error show ID"},
    {"audit", "list", "audit.list", "{kind,id#,name,verb,person,run#,since,until,*}",
     "row at who verb kind id name reason",
     "khung audit list [--kind KIND] [--id N] [--name NAME] [--verb VERB] [--person CODE] [--run ID] [--since DATE]"
     " [--until DATE]" PAGES},
    {"audit", "anchors", "audit.anchors", "{*}", "day anchor", "khung audit anchors" PAGES},
    {"audit", "verify", "audit.verify", "{anchor}", NULL, "khung audit verify [--anchor ROW:HASH]"},
    {"audit", "erasures", "audit.erasures", "{**}", "id person at state done_at rows values waits left reason",
     "khung audit erasures" PAGES},
    {"audit", "erase-skip", "audit.erase_skip", "ID# {place,id#,reason}", NULL,
     "khung audit erase-skip ERASURE --place PLACE --id N --reason TEXT"},
    {"audit", "erase-retry", "audit.erase_retry", "ID#", NULL, "khung audit erase-retry ERASURE"},
    {"openapi", "", "system.openapi", "", NULL, "khung openapi"},
    {"notice", "list", "notice.list", "{unread!,kind,*}", "id kind title link read_at",
     "khung notice list --as USER [--unread] [--kind KIND]" PAGES},
    {"notice", "read", "notice.read", "{ids@,all!}", NULL, "khung notice read --as USER --all | --ids \"[ID,ID]\""},
    {"notice", "preferences", "notice.preferences", "", NULL, "khung notice preferences --as USER"},
    {"notice", "prefer", "notice.prefer", "{ways@,quiet-from,quiet-until,digest-at}", NULL,
     "khung notice prefer --as USER [--ways JSON] [--quiet-from 21:00] [--quiet-until 06:00] [--digest-at 07:00]"},
    {"notice", "follow", "notice.follow", "{type,unit,stop!}", NULL,
     "khung notice follow --as USER [--type TYPE] [--unit CODE] [--stop]"},
    {"outbox", "list", "outbox.list", "{kind,run#,dead!,*}", "id kind state attempts to subject url error",
     "khung outbox list [--kind KIND] [--run ID] [--dead]" PAGES},
    {"outbox", "retry", "outbox.retry", "ID|dead", NULL, "khung outbox retry ID|dead"},
    {"outbox", "drop", "outbox.drop", "ID|dead", NULL, "khung outbox drop ID|dead"},
    {"outbox", "hold", "outbox.hold", "", NULL, "khung outbox hold"},
    {"outbox", "release", "outbox.release", "", NULL, "khung outbox release"},
    {"webhook", "add", "webhook.add", "URL {events,owner}", NULL,
     "khung webhook add URL [--events \"content.* task.asked\"] [--owner USER]"},
    {"webhook", "list", "webhook.list", "{**}", "id state url events owner keys error", "khung webhook list" PAGES},
    {"webhook", "rotate", "webhook.rotate", "ID# {overlap}", NULL, "khung webhook rotate ID [--overlap 1d]"},
    {"webhook", "disable", "webhook.disable", "ID# {reason}", NULL, "khung webhook disable ID [--reason TEXT]"},
    {"webhook", "enable", "webhook.enable", "ID#", NULL, "khung webhook enable ID"},
    {"webhook", "test", "webhook.test", "ID#", NULL, "khung webhook test ID"},
    {"webhook", "deliveries", "webhook.deliveries", "ID# {event,state,*}", "id event state attempts status error",
     "khung webhook deliveries ID [--event NAME] [--state STATE]" PAGES},
    {"calendar", "link", "calendar.link", "", NULL, "khung calendar link --as USER"},
    {"calendar", "revoke", "calendar.revoke", "", NULL, "khung calendar revoke --as USER"},
    {"verify", "", "system.verify", "", NULL, "khung verify"},
};
enum { NCALLS = sizeof(calls) / sizeof(calls[0]) };

const char *cli_calls_usage(const char *noun)
{
    static char text[4096];
    text[0] = '\0';
    for (size_t i = 0; i < NCALLS; i++) {
        size_t at = strlen(text);
        if (strcmp(calls[i].noun, noun) == 0)
            snprintf(text + at, sizeof(text) - at, "%s%s", at ? "\n" : "", calls[i].usage);
    }
    return text;
}

static int take_json(struct cli *c, const char *text, size_t len, struct val *out, struct err *err)
{
    return json_parse(text, len, &c->arena, out, err);
}

static int take_integer(const char *text, struct val *out)
{
    char *end;
    errno = 0;
    *out = val_int(strtoll(text, &end, 10));
    return end == text || *end || errno ? CLI_USAGE : 0;
}

/* "17,18": a list of integers. */
static int take_integers(struct cli *c, const char *text, struct val *out)
{
    *out = val_list();
    for (size_t len; *text; text += len + (text[len] == ',')) {
        struct val one;
        len = strcspn(text, ",");
        const char *word = arena_strndup(&c->arena, text, len);
        if (!word || take_integer(word, &one) != 0) return CLI_USAGE;
        if (val_add(&c->arena, out, one)) return ERR_NOMEM;
    }
    return 0;
}

/* One flag as a value; nil when it was not given. */
static int take_flag(struct cli *c, const char *spec, size_t len, const char **name, struct val *out, struct err *err)
{
    char kind = len ? spec[len - 1] : '\0';
    if (kind != '#' && kind != '!' && kind != '@') kind = '\0';
    len -= kind != '\0';
    *name = arena_strndup(&c->arena, spec, len);
    const char *value = *name ? cli_flag(c, *name) : NULL;
    *out = val_nil();
    if (!value) return 0;
    if (kind == '#')
        return take_integer(value, out);
    else if (kind == '!')
        *out = val_bool(true);
    else if (kind == '@')
        return take_json(c, value, strlen(value), out, err);
    else
        *out = val_str(value);
    return 0;
}

static int take_map(struct cli *c, const char *spec, struct val *out, struct err *err)
{
    static const char of_list[] = "limit#,after,sort,fields";
    for (const char *p = spec; *p && *p != '}';) {
        size_t len = strcspn(p, ",}");
        const char *name;
        struct val v;
        int rc = *p == '*' ? take_map(c, of_list, out, err) : take_flag(c, p, len, &name, &v, err);
        char *key = rc == 0 && *p != '*' ? arena_strdup(&c->arena, name) : NULL;
        for (char *at = key; at && *at; at++)
            if (*at == '-') *at = '_';
        if (key && v.type != VAL_NIL) rc = val_set(&c->arena, out, key, v);
        if (rc) return rc;
        p += len + (p[len] == ',');
    }
    return 0;
}

static int take_answer(struct cli *c, struct val *out)
{
    static const char *const names[] = {"decision", "comment"};
    *out = val_map();
    for (size_t i = 0; i < 2; i++) {
        const char *v = cli_flag(c, names[i]);
        if (v && val_set(&c->arena, out, names[i], val_str(v)) != 0) return ERR_NOMEM;
    }
    for (int i = 0; i < c->nflags; i++) {
        const char *eq = strchr(c->flags[i].value, '=');
        if (strcmp(c->flags[i].name, "field") != 0 || !eq) continue;
        char *name = arena_strndup(&c->arena, c->flags[i].value, (size_t)(eq - c->flags[i].value));
        if (!name || val_set(&c->arena, out, name, val_str(eq + 1)) != 0) return ERR_NOMEM;
    }
    return 0;
}

/* One part of `args`. 0, CLI_USAGE (positive) or an error. */
static int take_part(struct cli *c, const char *part, size_t len, int *word, struct val *out, struct err *err)
{
    const char *name, *text;
    size_t n;
    if (part[0] == '{') {
        *out = val_map();
        return take_map(c, part + 1, out, err);
    }
    if (part[0] == '=') return take_answer(c, out);
    if (part[0] == '-') return take_flag(c, part + 2, len - 2, &name, out, err);
    *out = val_nil();
    if (*word >= c->nwords) return part[len - 1] == '?' ? 0 : CLI_USAGE;
    const char *given = c->words[(*word)++];
    if (part[0] == '@') {
        int rc = cli_read_file(c, given, &text, &n, err);
        return rc ? rc : take_json(c, text, n, out, err);
    }
    if (part[len - 1] == '#') return take_integer(given, out);
    if (part[len - 1] == '*') return take_integers(c, given, out);
    *out = val_str(given);
    return 0;
}

/* All pages of a list, or the one that was asked for. */
static int read_pages(struct cli *c, const struct call *call, struct val *args, struct val *out, struct err *err)
{
    bool all = strstr(call->args, "**}") && !cli_flag(c, "limit") && !cli_flag(c, "after");
    const char *as = cli_flag(c, "as");
    if (!all) return cli_call(c, call->api, args, as, out, err);
    return cli_call_all(c, call->api, args, &args->as.list.items[args->as.list.n - 1], as, out, err);
}

void cli_tell_more(struct cli *c)
{
    struct buf b;
    if (!c->next || c->json) return;
    buf_init(&b, 8192);
    locale_format(&b, c->lang, "cli.more", "after", c->next, NULL);
    fprintf(stderr, "%s\n", b.data ? b.data : c->next);
    buf_close(&b);
}

/* After an act on a task: as it is now, to who may still see it. */
static void show_task(struct cli *c, const struct val *args, struct val *out)
{
    struct val of = val_list();
    struct err ignored = {0};
    if (val_at(args, 0) && val_add(&c->arena, &of, *val_at(args, 0)) == 0 &&
        cli_call(c, "task.show", &of, cli_flag(c, "as"), out, &ignored) != 0)
        *out = val_nil();
}

/* A word that there is not, or that goes with another one: what is missing is how to ask. */
static bool is_slip(const struct err *err)
{
    return strcmp(err->key, "people.no_verb") == 0 || strcmp(err->key, "people.verb_decide") == 0;
}

static int run_call(struct cli *c, const struct call *call)
{
    struct val args = val_list(), out = val_nil();
    struct err err = {0};
    int word = call->verb[0] ? 2 : 1, rc = 0;
    for (const char *p = call->args; *p && rc == 0;) {
        size_t len = strcspn(p, " ");
        struct val v;
        rc = take_part(c, p, len, &word, &v, &err);
        if (rc == 0) rc = val_add(&c->arena, &args, v);
        p += len + strspn(p + len, " ");
    }
    if (rc > 0 || word < c->nwords) return cli_usage(c, call->usage);
    if (rc == 0) rc = read_pages(c, call, &args, &out, &err);
    if (rc) cli_fail(c, &err);
    if (rc) return is_slip(&err) ? cli_usage(c, call->usage) : CLI_FAILED;
    if (strcmp(call->api, "plugin.reload") == 0 && cli_list(c, "plugin.list", &out, &err) != 0)
        return cli_fail(c, &err);
    if (c->json && out.type == VAL_NIL && strncmp(call->api, "task.", 5) == 0) show_task(c, &args, &out);
    cli_print(c, &out, call->columns);
    cli_tell_more(c);
    for (size_t i = 0; strcmp(call->api, "plugin.reload") == 0 && val_at(&out, i); i++)
        if (val_is_str(val_get(val_at(&out, i), "state"), "failed")) return CLI_FAILED;
    /* Findings are a failure for scripts. */
    bool found = strcmp(call->api, "system.verify") == 0 && out.type == VAL_LIST && out.as.list.n;
    bool broken = strcmp(call->api, "audit.verify") == 0 && !val_get_bool(&out, "whole", true);
    return found || broken ? CLI_FAILED : CLI_DONE;
}

int cli_calls(struct cli *c)
{
    const char *verb = c->nwords > 1 ? c->words[1] : "";
    for (size_t i = 0; i < NCALLS; i++)
        if (strcmp(calls[i].noun, c->words[0]) == 0 && (!calls[i].verb[0] || strcmp(calls[i].verb, verb) == 0))
            return run_call(c, &calls[i]);
    cli_help(c, c->words[0], stderr);
    return CLI_USAGE;
}
