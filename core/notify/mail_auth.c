/* Mail of logging in (people/auth.h): by texts of core/locale, to one address, whatever its reader's wishes are. Its
 * link is a key, so a list of the outbox does not show the text. */
#include <stdio.h>

#include "base/locale.h"
#include "notify/notify_internal.h"
#include "people/auth.h"
#include "plugin/text_fill.h"

enum { TEXT_MAX = 16 << 10 };

/* "mail.auth.reset.PART", filled. */
static void add_part(struct buf *b, const struct auth_mail *m, const char *lang, const char *part, struct arena *a)
{
    char key[100];
    snprintf(key, sizeof(key), "mail.%s.%s", m->template, part);
    const char *text = locale_text(lang, key);
    text_fill(b, text ? text : key, m->data, a);
}

static int queue(struct notify *n, struct session *s, const struct auth_mail *m, struct err *err)
{
    const char *lang = locale_pick(m->lang);
    struct buf subject, text;
    buf_init(&subject, NOTIFY_SUBJECT_MAX);
    buf_init(&text, TEXT_MAX);
    add_part(&subject, m, lang, "subject", &n->arena);
    add_part(&text, m, lang, "text", &n->arena);
    buf_printf(&text, "\n\n%s\n\n", val_get_str(m->data, "link"));
    add_part(&text, m, lang, "end", &n->arena);
    buf_add_char(&text, '\n');
    struct mail_message mail = {.person = m->person, .to = m->to, .lang = lang, .kind = "mail", .is_secret = true};
    mail.subject = buf_ok(&subject) ? arena_strndup(&n->arena, subject.data, subject.len) : NULL;
    mail.text = buf_ok(&text) ? arena_strndup(&n->arena, text.data, text.len) : NULL;
    buf_close(&subject);
    buf_close(&text);
    if (!mail.subject || !mail.text) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    return mail_queue(n, s, &mail, err);
}

static int send_mail(void *ctx, struct session *s, const struct auth_mail *m, struct err *err)
{
    struct notify *n = ctx;
    struct arena_mark mark = arena_mark(&n->arena);
    int rc = queue(n, s, m, err);
    arena_rewind(&n->arena, mark);
    return rc;
}

void mail_add_auth(struct notify *n)
{
    if (n->host->auth) auth_set_mailer(n->host->auth, send_mail, n);
}
