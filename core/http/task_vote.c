/* What a voter wants to know before: whether the ballot is secret and may be changed, and what the vote takes. */
#include <string.h>

#include "base/locale.h"
#include "http/task_page.h"

void task_vote_ballot(struct page *p, const struct val *vote)
{
    bool secret = val_get_bool(vote, "secret", false), change = val_get_bool(vote, "change", false);
    page_add(p, "<p>%k %k</p>\n", secret ? "page.vote_secret" : "page.vote_open",
             change ? "page.vote_change" : "page.vote_once");
}

/* ">1/2" is "more than 1/2", "2/3" is "at least 2/3". */
static void add_share(struct buf *out, const char *lang, const struct val *vote, const char *name)
{
    const char *share = val_get_str(vote, name);
    if (!share) return;
    locale_format(out, lang, *share == '>' ? "page.vote_more_than" : "page.vote_at_least", "share",
                  share + (*share == '>'), NULL);
}

/* Who stays away counts among those of whom so many must be for it: as flow_vote_rules.c has it. */
static const char *whom(const struct val *vote)
{
    bool against = val_is_str(val_get(vote, "absent"), "against");
    bool of_members =
        !val_is_str(val_get(vote, "of"), "present") && !val_is_str(val_get(vote, "absent"), "not_counted");
    return against || of_members ? "page.vote_of_members" : "page.vote_of_present";
}

static const char *absent(const struct val *vote)
{
    const struct val *rule = val_get(vote, "absent");
    if (val_is_str(rule, "against")) return "page.vote_absent_against";
    return val_is_str(rule, "not_counted") ? "page.vote_absent_not_counted" : "page.vote_absent_written";
}

void task_vote_rule(struct page *p, const struct val *vote)
{
    struct buf quorum, threshold, rule;
    struct err_num n;
    const char *of = locale_text(p->lang, whom(vote));
    buf_init(&quorum, 1000);
    buf_init(&threshold, 1000);
    buf_init(&rule, 4000);
    add_share(&quorum, p->lang, vote, "quorum");
    add_share(&threshold, p->lang, vote, "threshold");
    buf_add_char(&quorum, '\0');
    buf_add_char(&threshold, '\0');
    locale_format(&rule, p->lang, "page.vote_rule", "n", err_i64(&n, val_get_int(vote, "members", 0)), "quorum",
                  quorum.data, "threshold", threshold.data, "whom", of ? of : "", NULL);
    page_add(p, "<p class=\"soft\">");
    page_text(p, rule.data, rule.len);
    page_add(p, " %k</p>\n", absent(vote));
    buf_close(&quorum);
    buf_close(&threshold);
    buf_close(&rule);
}
