/* One mail: a row of the outbox, and on its way out the message that the mail server gets.
 *
 * The row's id makes the Message-ID, so that one that is sent twice is known as the same. */
#include "notify/notify_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/id.h"
#include "runtime/smtp.h"

enum { MAIL_MOST = 4, MAIL_TIMEOUT_MS = 60000, HEADERS_MAX = 12 };

static int check(const struct mail_message *m, struct err *err)
{
    if (!smtp_is_address(m->to)) return err_set(err, ERR_INVALID, "smtp.address", "address", m->to, NULL);
    if (!m->subject[0] || !mail_is_line(m->subject) || strlen(m->subject) > NOTIFY_SUBJECT_MAX)
        return err_set(err, ERR_INVALID, "mail.subject", "subject", m->subject, NULL);
    return strlen(m->text) > NOTIFY_TEXT_MAX ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}

int mail_queue(struct notify *n, struct session *s, const struct mail_message *m, struct err *err)
{
    struct arena *a = &n->arena;
    struct val body = val_map();
    const char *html = m->html, *link = NULL;
    int rc = check(m, err);
    if (rc) return rc;
    if (!notice_kind_find(m->kind)->is_duty) rc = notify_link_make(n, m->person, m->kind, a, &link);
    /* Without its HTML when that gets too large: the text says the same. */
    if (rc == 0 && !html && mail_html(a, m->lang, m->text, strlen(m->text), &html) != 0) html = NULL;
    if (rc == 0) rc = val_set_new(a, &body, "to", val_str(m->to));
    if (rc == 0 && m->name) rc = val_set_new(a, &body, "name", val_str(m->name));
    if (rc == 0) rc = val_set_new(a, &body, "subject", val_str(m->subject));
    if (rc == 0) rc = val_set_new(a, &body, "text", val_str(m->text));
    if (rc == 0 && html) rc = val_set_new(a, &body, "html", val_str(html));
    if (rc == 0) rc = val_set_new(a, &body, "kind", val_str(m->kind));
    if (rc == 0) rc = val_set_new(a, &body, "lang", val_str(m->lang));
    if (rc == 0) rc = val_set_new(a, &body, "timeout", val_int(MAIL_TIMEOUT_MS));
    if (rc == 0 && m->is_secret) rc = val_set_new(a, &body, "secret", val_bool(true));
    if (rc == 0 && link) rc = val_set_new(a, &body, "unsubscribe", val_str(link));
    if (rc) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    struct outbox_new row = {.kind = "mail", .body = &body, .at = m->at};
    return outbox_add(n->host->outbox, s, &row, NULL, err);
}

/* --- on its way --- */

struct lines {
    struct arena *a;
    const char *of[HEADERS_MAX];
    size_t n;
    int rc;
};

static void add(struct lines *l, int rc, const char *line)
{
    if (rc) l->rc = rc;
    if (rc == 0 && l->n < HEADERS_MAX) l->of[l->n++] = line;
}

static const char *text_of(const struct val *body, const char *name)
{
    const struct val *v = val_get(body, name);
    return val_is(v, VAL_STR) ? v->as.str.s : "";
}

static void add_id(struct notify *n, struct lines *l, int64_t id)
{
    struct err_num num;
    uint8_t own[DIGEST_LEN];
    char hex[DIGEST_HEX];
    /* Two services of one domain have the same ids. */
    digest_sha256(n->secret, sizeof(n->secret), own);
    digest_hex(own, hex);
    const char *at = strchr(n->mail_from, '@');
    const char *line = arena_printf(l->a, "Message-ID: <khung.%s.%.8s%s>", err_i64(&num, id), hex, at ? at : "@khung");
    add(l, line ? 0 : ERR_LIMIT, line);
}

static void make_headers(struct notify *n, const struct outbox_row *row, struct lines *l)
{
    const struct val *body = &row->body;
    const char *line = NULL, *link = text_of(body, "unsubscribe");
    int rc = mail_header_address(l->a, "From", n->mail_name, n->mail_from, &line);
    add(l, rc, line);
    rc = mail_header_address(l->a, "To", text_of(body, "name"), text_of(body, "to"), &line);
    add(l, rc, line);
    rc = mail_header(l->a, "Subject", text_of(body, "subject"), &line);
    add(l, rc, line);
    rc = mail_header_date(l->a, id_time(row->id), &line);
    add(l, rc, line);
    add_id(n, l, row->id);
    add(l, 0, "Auto-Submitted: auto-generated");
    line = arena_printf(l->a, "Content-Language: %s", text_of(body, "lang"));
    add(l, line ? 0 : ERR_LIMIT, line);
    if (!*link) return;
    line = arena_printf(l->a, "List-Unsubscribe: <%s>", link);
    add(l, line ? 0 : ERR_LIMIT, line);
    add(l, 0, "List-Unsubscribe-Post: List-Unsubscribe=One-Click");
}

static void on_sent(void *ctx, const struct err *failed)
{
    outbox_sent(ctx, NULL, failed);
}

static int send_mail(void *ctx, struct outbox_sending *sending, struct err *err)
{
    struct notify *n = ctx;
    const struct outbox_row *row = outbox_row_of(sending);
    struct lines l = {.a = outbox_arena(sending)};
    make_headers(n, row, &l);
    if (l.rc) return err_set(err, l.rc, l.rc == ERR_INVALID ? "mail.subject" : "limit.size", NULL);
    struct smtp_mail m = {.from = n->mail_from,
                          .to = text_of(&row->body, "to"),
                          .headers = l.of,
                          .nheaders = l.n,
                          .text = text_of(&row->body, "text"),
                          .html = val_get(&row->body, "html") ? text_of(&row->body, "html") : NULL,
                          .timeout_ms = MAIL_TIMEOUT_MS,
                          .reply = outbox_loop(sending),
                          .done = on_sent,
                          .ctx = sending};
    m.text_len = strlen(m.text);
    m.html_len = m.html ? strlen(m.html) : 0;
    return smtp_start(outbox_fetcher(sending), &m, err);
}

void mail_add_kind(struct notify *n)
{
    /* Two days in all: a mail server that is mended on Monday gets Friday's mail. */
    static const int pauses_s[] = {60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 0};
    const struct outbox_kind kind = {
        .name = "mail", .ctx = n, .pauses_s = pauses_s, .most = MAIL_MOST, .keeps_dead = true, .send = send_mail};
    if (!n->host->is_test) outbox_add_kind(n->host->outbox, &kind); /* there it stays, to be looked at */
}
