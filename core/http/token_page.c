/* /account/tokens: what programs may do in one's name, each to be ended. They are made by REST or the command line,
 * whose answer shows them once. */
#include <string.h>

#include "http/own_page.h"
#include "plugin/api.h"
#include "plugin/host.h"

enum { TOKENS = 20 };
static const char here[] = "/account/tokens";

static void add_when(struct page *p, const struct val *token, const char *name, const char *key, const char *zone)
{
    if (!val_is(val_get(token, name), VAL_INT)) return;
    page_add(p, "<br>\n%k ", key);
    page_instant(p, val_get_int(token, name, 0), zone);
}

static void add_end(struct page *p, const struct val *token, const struct val *label)
{
    own_page_form(p, here, "end");
    page_add(
        p, "<input type=\"hidden\" name=\"token\" value=\"%i\">\n<button class=\"second\">%k<span class=\"hidden\">: ",
        val_get_int(token, "id", 0), "page.token_end");
    page_val(p, label);
    page_add(p, " %i</span></button>\n</form>\n", val_get_int(token, "id", 0));
}

static void add_token(struct api_job *job, struct session *s, const struct val *token)
{
    struct page *p = &task_page_of(job)->page;
    const struct val *label = val_get(token, "label"), *scope = val_get(token, "scope");
    int64_t expires = val_get_int(token, "expires", 0);
    bool is_over = val_is(val_get(token, "revoked"), VAL_INT) || (expires && expires <= s->now);
    page_add(p, "<li>\n<span class=\"title\">");
    if (val_is(label, VAL_STR) && label->as.str.len)
        page_val(p, label);
    else
        page_add(p, "%k %i", "page.token", val_get_int(token, "id", 0));
    page_add(p, "</span>\n<p class=\"soft\">");
    if (is_over) page_add(p, "<strong>%k</strong> · ", "page.token_over");
    bool is_bound = val_is(scope, VAL_STR) && scope->as.str.len;
    page_add(p, is_bound ? "%k " : "%k", is_bound ? "page.token_scope" : "page.token_any");
    if (is_bound) page_val(p, scope);
    add_when(p, token, "created", "page.token_created", s->zone);
    add_when(p, token, "expires", "page.token_expires", s->zone);
    add_when(p, token, "revoked", "page.token_revoked", s->zone);
    page_add(p, "</p>\n");
    if (!is_over) add_end(p, token, label);
    page_add(p, "</li>\n");
}

static int read_tokens(struct api_job *job, struct session *s, struct val *out, struct err *err)
{
    struct arena *a = &job->arena;
    const char *after = task_page_of(job)->after;
    struct val args = val_list(), options = val_map();
    int rc = val_set(a, &options, "limit", val_int(TOKENS));
    if (rc == 0) rc = val_set(a, &options, "sort", val_str("-id"));
    if (rc == 0 && after && *after) rc = val_set(a, &options, "after", val_str(after));
    if (rc == 0) rc = val_add(a, &args, val_str(job->login.name));
    if (rc == 0) rc = val_add(a, &args, options);
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    return api_invoke(s->host->api, s, "user.tokens", &args, a, out, err);
}

static int show(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct page *p = &task_page_of(job)->page;
    struct val tokens = val_nil();
    int rc = read_tokens(job, s, &tokens, err);
    if (rc) return rc;
    p->is_narrow = true;
    own_page_begin(job, "page.tokens");
    page_add(p, "<p>%k</p>\n", val_at(&tokens, 0) ? "page.tokens_text" : "page.tokens_none");
    if (val_at(&tokens, 0)) page_add(p, "<ul class=\"list\">\n");
    for (size_t i = 0; val_at(&tokens, i); i++)
        add_token(job, s, val_at(&tokens, i));
    if (val_at(&tokens, 0)) page_add(p, "</ul>\n");
    own_page_more(p, s, here);
    page_add(p, "<p><a href=\"/account\">%k</a></p>\n", "page.to_account");
    return own_page_end(job, err);
}

/* By its owner's name, too: so nobody ends another's by a number, an administrator neither. */
static int end(struct api_job *job, struct session *s, struct reader *reader, struct err *err)
{
    (void)reader;
    struct arena *a = &job->arena;
    struct val args = val_list(), out;
    int rc = val_add(a, &args, val_int(task_form_number(a, val_get(&task_page_of(job)->given, "token"))));
    if (rc == 0) rc = val_add(a, &args, val_str(job->login.name));
    if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
    rc = api_invoke(s->host->api, s, "user.revoke", &args, a, &out, err);
    return rc ? rc : own_page_done(job, here, "token", NULL, err);
}

const struct own_page token_page = {here, show, {{"end", end}}};
