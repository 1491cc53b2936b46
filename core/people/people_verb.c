/* The table of verbs. scripts/source_rules.py compares it with what the source asks for. */
#include "people/verb.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Those of content/ and flow/, which stand above this floor: a test of theirs compares them. */
static const char *const item_states[] = {"draft",     "in_review", "approved", "scheduled",
                                          "published", "retracted", "archived", NULL};
static const char *const run_states[] = {"running", "completed", "failed", "blocked", "cancelled", "undoing", NULL};

#define ROLE true, false
#define ADMIN false, true
#define BOTH true, true

const struct people_verb people_verbs[] = {
    {"audit.erase", ROLE, "whole", NULL},
    {"audit.read", ROLE, "whole", NULL},
    {"content.approve", ROLE, "unit", item_states},
    {"content.archive", ROLE, "unit", item_states},
    {"content.correct", ROLE, "unit", item_states},
    {"content.create", ROLE, "unit", NULL},
    {"content.edit", ROLE, "unit", item_states},
    {"content.publish", ROLE, "unit", item_states},
    {"content.read_draft", ROLE, "unit", item_states},
    {"content.retract", ROLE, "unit", item_states},
    {"content.schedule", ROLE, "unit", item_states},
    {"content.send_back", ROLE, "unit", item_states},
    {"content.submit", ROLE, "unit", item_states},
    {"flow.operate", BOTH, "anywhere", run_states},
    {"flow.read", ROLE, "anywhere", NULL},
    {"flow.retry", ROLE, "anywhere", NULL},
    {"flow.start", ROLE, "anywhere", NULL},
    {"people.change", ROLE, "unit", NULL},
    {"people.delegate", ROLE, "unit", NULL},
    {"people.export", BOTH, "whole", NULL},
    {"people.grant", ROLE, "unit", NULL},
    {"people.import", BOTH, "whole", NULL},
    {"people.read", ROLE, "anywhere", NULL},
    {"plugin.disable", ADMIN, "anywhere", NULL},
    {"plugin.enable", ADMIN, "anywhere", NULL},
    {"plugin.grant", ADMIN, "anywhere", NULL},
    {"plugin.limits", ADMIN, "anywhere", NULL},
    {"plugin.list", ADMIN, "anywhere", NULL},
    {"plugin.reload", ADMIN, "anywhere", NULL},
    {"report.run", ROLE, "anywhere", NULL},
    {"schedule.read", ROLE, "anywhere", NULL},
    {"schedule.write", ROLE, "anywhere", NULL},
    {"storage.read", ROLE, "anywhere", NULL},
    {"system.audit_verify", ADMIN, "anywhere", NULL},
    {"system.confinement", ADMIN, "anywhere", NULL},
    {"system.metrics", ADMIN, "anywhere", NULL},
    {"system.outbox", ADMIN, "anywhere", NULL},
    {"system.verify", ADMIN, "anywhere", NULL},
    {"system.webhook", ADMIN, "anywhere", NULL},
    {"task.link", ROLE, "unit", NULL},
    {"task.reassign", ROLE, "unit", NULL},
    {"user.add", ADMIN, "anywhere", NULL},
    {"user.disable", ADMIN, "anywhere", NULL},
    {"user.edit", ADMIN, "anywhere", NULL},
    {"user.enable", ADMIN, "anywhere", NULL},
    {"user.explain", ADMIN, "anywhere", NULL},
    {"user.identify", ADMIN, "anywhere", NULL},
    {"user.list", ADMIN, "anywhere", NULL},
    {"user.password", ADMIN, "anywhere", NULL},
    {"user.password_rules", ADMIN, "anywhere", NULL},
    {"user.reset_link", ADMIN, "anywhere", NULL},
    {"user.role", ADMIN, "anywhere", NULL},
    {"user.roles", ADMIN, "anywhere", NULL},
    {"user.session_end", ADMIN, "anywhere", NULL},
    {"user.sessions", ADMIN, "anywhere", NULL},
    {"user.setup_link", ADMIN, "anywhere", NULL},
    {"user.token", ADMIN, "anywhere", NULL},
    {"user.totp_reset", ADMIN, "anywhere", NULL},
    {"user.unlock", ADMIN, "anywhere", NULL},
    {0},
};

const struct people_verb *people_verb_find(const char *name)
{
    for (const struct people_verb *v = people_verbs; v->name; v++)
        if (strcmp(v->name, name) == 0) return v;
    return NULL;
}

bool people_verb_is_system(const char *verb)
{
    static const char *const prefixes[] = {"plugin.", "user.", "system."};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncmp(verb, prefixes[i], strlen(prefixes[i])) == 0) return true;
    return false;
}

bool people_verb_of_admins(const char *verb)
{
    const struct people_verb *v = people_verb_is_system(verb) ? NULL : people_verb_find(verb);
    return v ? v->to_admin : people_verb_is_system(verb);
}

const char *people_verb_nearest(const char *word)
{
    char name[64];
    const char *found = "";
    size_t least = SIZE_MAX;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "@"), word);
    for (const struct people_verb *v = people_verbs; v->name; v++) {
        size_t far = text_distance(name, v->name);
        if (far < least) found = v->name;
        if (far < least) least = far;
    }
    return found;
}

static bool has_state(const struct people_verb *v, const char *state)
{
    for (size_t i = 0; v->states && v->states[i]; i++)
        if (strcmp(v->states[i], state) == 0) return true;
    return false;
}

enum people_verb_wrong people_verb_check(const char *word)
{
    const char *at = strchr(word, '@'), *dot = strchr(word, '.');
    size_t n = at ? (size_t)(at - word) : strlen(word), family = dot ? (size_t)(dot - word) + 1 : n;
    bool whole = n == family + 1 && dot && dot[1] == '*', is_ours = false, known = false, fits = !at;
    if (people_verb_is_system(word)) return PEOPLE_VERB_SYSTEM;
    for (const struct people_verb *v = people_verbs; v->name; v++) {
        if (strncmp(v->name, word, family) != 0 || (!dot && v->name[n] != '.')) continue;
        is_ours = true;
        if (!whole && (strlen(v->name) != n || strncmp(v->name, word, n) != 0)) continue;
        known = true;
        fits |= at && has_state(v, at + 1);
    }
    if (!is_ours) return at ? PEOPLE_VERB_STATE : PEOPLE_VERB_OK;
    return !known ? PEOPLE_VERB_UNKNOWN : fits ? PEOPLE_VERB_OK : PEOPLE_VERB_STATE;
}

bool people_verb_covers(const char *had, const char *has)
{
    size_t n = strcspn(had, "@"), other = strcspn(has, "@"), family = strcspn(had, ".@");
    if (had[n] && strcmp(had + n, has + other) != 0) return false;
    if (n == other && strncmp(had, has, n) == 0) return true;
    bool whole = n == family + 2 && strncmp(had + family, ".*", 2) == 0;
    return whole && strcspn(has, ".@") == family && strncmp(had, has, family) == 0;
}
