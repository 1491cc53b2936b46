#include "cli/mail_settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

/* Before the process is locked in: the files may lie anywhere. */
static int read_whole(const struct config *c, const char *key, struct arena *a, const char **out, struct err *err)
{
    const char *path = config_text(c, key);
    *out = NULL;
    if (!*path) return 0;
    FILE *f = fopen(path, "re");
    char *text = f ? arena_alloc(a, FILE_MAX) : NULL;
    size_t n = text ? fread(text, 1, FILE_MAX - 1, f) : 0;
    int why = errno;
    if (f) fclose(f);
    if (!text || n == 0)
        return err_set(err, ERR_IO, "config.file", "file", path, "detail", f ? "empty" : strerror(why), NULL);
    *out = text;
    return 0;
}

static int wrong(const char *key, struct err *err)
{
    return err_set(err, ERR_INVALID, "mail.settings", "key", key, NULL);
}

static enum smtp_tls tls_of(const struct config *c)
{
    const char *word = config_text(c, "mail_tls");
    return strcmp(word, "off") == 0        ? SMTP_TLS_OFF
           : strcmp(word, "optional") == 0 ? SMTP_TLS_OPTIONAL
                                           : SMTP_TLS_REQUIRED;
}

/* "a@example.org, b@example.org". */
static bool are_addresses(const char *s)
{
    char one[256];
    if (strlen(s) >= NOTIFY_ADDRESSES_MAX) return false;
    while (*s) {
        size_t len = strcspn(s, ", ");
        if (len >= sizeof(one)) return false;
        snprintf(one, sizeof(one), "%.*s", (int)len, s);
        if (len && !smtp_is_address(one)) return false;
        s += len + (s[len] != '\0');
    }
    return true;
}

int mail_settings_read(const struct config *c, struct arena *a, struct mail_settings *out, struct err *err)
{
    const char *url = config_text(c, "mail_server"), *from = config_text(c, "mail_from"), *own = config_text(c, "url");
    const char *anchor_to = config_text(c, "audit_anchor_mail");
    *out = (struct mail_settings){.notify = {.url = own,
                                             .mail_from = "",
                                             .mail_name = config_text(c, "mail_name"),
                                             .mail_links = config_bool(c, "mail_links"),
                                             .anchor_to = anchor_to}};
    if (*own && strncmp(own, "https://", 8) != 0 && strncmp(own, "http://", 7) != 0) return wrong("url", err);
    if (!are_addresses(anchor_to) || (*anchor_to && !*url)) return wrong("audit_anchor_mail", err);
    if (!*url) return 0;
    if (strncmp(url, "smtp://", 7) != 0 && strncmp(url, "smtps://", 8) != 0) return wrong("mail_server", err);
    if (!smtp_is_address(from)) return wrong("mail_from", err);
    out->notify.mail_from = from;
    out->server = (struct smtp_server){.url = url, .user = config_text(c, "mail_user"), .tls = tls_of(c)};
    int rc = read_whole(c, "mail_password_file", a, &out->server.password, err);
    if (rc == 0) rc = read_whole(c, "mail_ca", a, &out->server.ca, err);
    if (rc == 0 && out->server.password) ((char *)out->server.password)[strcspn(out->server.password, "\r\n")] = '\0';
    return rc;
}
