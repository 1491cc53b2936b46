/* Settings: one table of keys; values are kept as text once they have been checked. */
#include "runtime/config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { LINE_LEN = 2000 };

/* Sanitizers look at the process by the very calls that are shut. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONFINE_OTHERWISE "off"
#else
#define CONFINE_OTHERWISE "auto"
#endif

const struct config_key config_keys[] = {
    {"data", CONFIG_TEXT, "data", 0, 0, "Data directory: database, socket, lock."},
    {"plugins", CONFIG_TEXT, "plugins", 0, 0, "Folders of plugins, separated by ':'."},
    {"settings", CONFIG_TEXT, "", 0, 0, "File of plugins' settings, JSON: {\"plugin\": {\"key\": value}}."},
    {"grants", CONFIG_CHOICE, "first", 0, 0,
     "Capabilities of a plugin: its first version gets what it asks for and more waits for the admin; all wait; none.",
     "first, ask, trust"},
    {"listen", CONFIG_TEXT, "127.0.0.1:8080", 0, 0, "Address and port of HTTP; put TLS in front."},
    {"url", CONFIG_TEXT, "", 0, 0,
     "Address at which people reach the service, for links, mail and logins; with https:// cookies go over TLS alone."},
    {"proxies", CONFIG_TEXT, "", 0, 0, "Addresses of proxies in front, whose X-Forwarded-For is believed."},
    {"password_length", CONFIG_INT, "12", 8, 64, "Least characters of a password."},
    {"breached_passwords", CONFIG_TEXT, "", 0, 0, "File of SHA-1 sums of passwords that are known; sorted."},
    {"lock_after", CONFIG_INT, "5", 1, 1000, "Failed logins of one name after which it must wait."},
    {"lock_address_after", CONFIG_INT, "50", 1, 100000, "The same of one address."},
    {"lock_ms", CONFIG_INT, "30000", 100, 3600000, "The first wait, ms; each further failure doubles it."},
    {"lock_most_ms", CONFIG_INT, "900000", 100, 86400000, "The longest wait, ms."},
    {"session_idle_s", CONFIG_INT, "43200", 1, 31536000, "A session that is not used ends, s."},
    {"session_s", CONFIG_INT, "2592000", 1, 31536000, "A session ends at the latest, s."},
    {"reset_link_s", CONFIG_INT, "1800", 1, 86400, "A link to a new password is good for, s."},
    {"oidc_issuer", CONFIG_TEXT, "", 0, 0, "OpenID provider for logins; empty: none. If private, fetch_private too."},
    {"oidc_client_id", CONFIG_TEXT, "khung", 0, 0, "Name of this service at the provider."},
    {"oidc_secret_file", CONFIG_TEXT, "", 0, 0, "File with the secret shared with the provider; empty: none."},
    {"oidc_scopes", CONFIG_TEXT, "openid profile email", 0, 0, "What the provider is asked for."},
    {"oidc_claim", CONFIG_TEXT, "preferred_username", 0, 0,
     "Claim that names the account at the first login; one that users cannot choose."},
    {"oidc_create", CONFIG_BOOL, "false", 0, 0, "Accounts that are not there are made at their first login."},
    {"static", CONFIG_TEXT, "", 0, 0, "Folder of static files served under /; empty: none."},
    {"zone", CONFIG_TEXT, "Asia/Ho_Chi_Minh", 0, 0, "IANA time zone of the organisation."},
    {"lang", CONFIG_CHOICE, "vi", 0, 0, "Language of the organisation.", "vi, en"},
    {"readers", CONFIG_INT, "0", 0, 64, "Reader threads; 0: one a core, and three at least."},
    {"fetch_private", CONFIG_TEXT, "", 0, 0, "Hosts that plugins may fetch though their address is private."},
    {"mail_server", CONFIG_TEXT, "", 0, 0,
     "Mail server: smtp://mail.example.org:587 or smtps://mail.example.org; empty: no mail."},
    {"mail_tls", CONFIG_CHOICE, "required", 0, 0, "STARTTLS with smtp://.", "required, optional, off"},
    {"mail_user", CONFIG_TEXT, "", 0, 0, "Login at the mail server; empty: none."},
    {"mail_password_file", CONFIG_TEXT, "", 0, 0, "File with the password of that login, read once at the start."},
    {"mail_ca", CONFIG_TEXT, "", 0, 0,
     "File of certificates (PEM) that the mail server is checked against; empty: "
     "the system's."},
    {"mail_from", CONFIG_TEXT, "", 0, 0, "Address that mail comes from; needed with mail_server."},
    {"mail_name", CONFIG_TEXT, "", 0, 0, "Name beside it: of the organisation."},
    {"mail_links", CONFIG_BOOL, "false", 0, 0,
     "Mails about tasks have a link that decides without a login for those with an account, too."},
    {"audit_anchor_mail", CONFIG_TEXT, "", 0, 0,
     "Addresses, separated by commas, that get the audit's anchor each day."},
    {"log", CONFIG_CHOICE, "human", 0, 0, "Form of the log.", "human, json"},
    {"log_level", CONFIG_CHOICE, "info", 0, 0, "Least level that is logged.", "debug, info, warn, error"},
    {"user", CONFIG_TEXT, "", 0, 0, "Account that the service becomes when root starts it."},
    {"confine", CONFIG_CHOICE, CONFINE_OTHERWISE, 0, 0,
     "Locks of the kernel around the process: what there is, all or no start, none.", "auto, on, off"},
    {"core_dumps", CONFIG_BOOL, "false", 0, 0, "Memory may be written to a core file, secrets included."},
    {"batch_slices", CONFIG_INT, "1000", 1, 100000, "Most slices in one commit."},
    {"batch_ms", CONFIG_INT, "5", 1, 1000, "Longest time a batch stays open, ms."},
    {"cache_runs", CONFIG_INT, "250", 0, 10000000,
     "Hot runs kept in memory; many make each collection of garbage slow."},
    {"clock_offset", CONFIG_INT, "0", -INT64_C(4000000000000), INT64_C(4000000000000),
     "Added to the clock, ms: for demonstrations and tests only."},
    {"http_header_ms", CONFIG_INT, "10000", 100, 600000, "A request's head must be there by then, ms."},
    {"http_idle_ms", CONFIG_INT, "60000", 100, 3600000, "A silent connection is closed after this, ms."},
    {"http_stall_ms", CONFIG_INT, "30000", 100, 600000, "A client that takes nothing of its answer is dropped, ms."},
    {"http_body_rate", CONFIG_INT, "500", 1, 1000000, "Least bytes a second of a request's body."},
    {"http_body_bytes", CONFIG_INT, "4194304", 1024, 268435456, "Largest body of a request."},
    {"file_max", CONFIG_INT, "20971520", 1024, 1073741824, "Largest file that may be handed in, bytes."},
    {"rate_user", CONFIG_INT, "100", 0, 1000000,
     "Requests a second of one account, for long; ten seconds' worth at once. 0: any."},
    {"rate_address", CONFIG_INT, "20", 0, 1000000, "The same of one address without an account."},
    {"http_connections", CONFIG_INT, "20000", 10, 1000000, "Most connections at once."},
    {"http_per_address", CONFIG_INT, "20000", 1, 1000000, "Most connections of one address."},
    {0}};
enum { NKEYS = sizeof(config_keys) / sizeof(config_keys[0]) - 1 };

struct config {
    char *values[NKEYS];
};

struct config *config_new(void)
{
    return mem_alloc(sizeof(struct config));
}

void config_free(struct config *c)
{
    if (!c) return;
    for (size_t i = 0; i < NKEYS; i++)
        mem_free(c->values[i]);
    mem_free(c);
}

static int find_key(const char *key)
{
    for (int i = 0; i < (int)NKEYS; i++)
        if (strcmp(config_keys[i].name, key) == 0) return i;
    return -1;
}

static const char *nearest(const char *key)
{
    size_t best = 0, least = SIZE_MAX;
    for (size_t i = 0; i < NKEYS; i++) {
        size_t d = text_distance(key, config_keys[i].name);
        if (d >= least) continue;
        least = d;
        best = i;
    }
    return config_keys[best].name;
}

static int bad_value(const struct config_key *k, const char *value, const char *where, struct err *err)
{
    char expected[96];
    if (k->type == CONFIG_INT)
        snprintf(expected, sizeof(expected), "%" PRId64 "..%" PRId64, k->min, k->max);
    else
        snprintf(expected, sizeof(expected), "%s", k->type == CONFIG_CHOICE ? k->choices : "true, false");
    err_set(err, ERR_INVALID, "config.value", "key", k->name, "value", value, "expected", expected, NULL);
    err_set_where(err, where, 0);
    return ERR_INVALID;
}

/* One of "a, b, c". */
static bool is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);
    for (const char *p = choices; *p;) {
        size_t n = strcspn(p, ",");
        if (n == len && strncmp(p, value, n) == 0) return true;
        p += n + strspn(p + n, ", ");
    }
    return false;
}

int config_set(struct config *c, const char *key, const char *value, const char *where, struct err *err)
{
    int at = find_key(key);
    if (at < 0) {
        err_set(err, ERR_INVALID, "config.key", "key", key, "nearest", nearest(key), NULL);
        err_set_where(err, where, 0);
        return ERR_INVALID;
    }
    const struct config_key *k = &config_keys[at];
    if (k->type == CONFIG_INT) {
        char *end;
        errno = 0;
        int64_t n = strtoll(value, &end, 10);
        if (!*value || *end || errno || n < k->min || n > k->max) return bad_value(k, value, where, err);
    }
    if (k->type == CONFIG_BOOL && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return bad_value(k, value, where, err);
    if (k->type == CONFIG_CHOICE && !is_choice(k->choices, value)) return bad_value(k, value, where, err);
    mem_free(c->values[at]);
    c->values[at] = mem_strdup(value);
    return 0;
}

static char *trim(char *s)
{
    char *end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return s + strspn(s, " \t");
}

int config_read_file(struct config *c, const char *path, struct err *err)
{
    char line[LINE_LEN], where[300];
    FILE *f = fopen(path, "re");
    int rc = 0;
    if (!f) return err_set(err, ERR_IO, "config.file", "file", path, "detail", strerror(errno), NULL);
    for (int n = 1; rc == 0 && fgets(line, sizeof(line), f); n++) {
        bool is_cut = strlen(line) == sizeof(line) - 1 && !strchr(line, '\n');
        line[strcspn(line, "#\n")] = '\0';
        char *key = trim(line), *eq = strchr(key, '=');
        if (!*key && !is_cut) continue;
        snprintf(where, sizeof(where), "%s:%d", path, n);
        if (!eq || is_cut) {
            key[strnlen(key, 80)] = '\0';
            rc = err_set(err, ERR_INVALID, "config.line", "line", key, NULL);
            err_set_where(err, where, 0);
            break;
        }
        *eq = '\0';
        rc = config_set(c, trim(key), trim(eq + 1), where, err);
    }
    fclose(f);
    return rc;
}

int config_read_env(struct config *c, struct err *err)
{
    for (size_t i = 0; i < NKEYS; i++) {
        char name[80] = "KHUNG_";
        size_t at = 6;
        for (const char *p = config_keys[i].name; *p; p++)
            name[at++] = (char)toupper((unsigned char)*p);
        name[at] = '\0';
        const char *value = getenv(name);
        int rc = value ? config_set(c, config_keys[i].name, value, name, err) : 0;
        if (rc) return rc;
    }
    return 0;
}

const char *config_text(const struct config *c, const char *key)
{
    int at = find_key(key);
    return c->values[at] ? c->values[at] : config_keys[at].otherwise;
}

int64_t config_int(const struct config *c, const char *key)
{
    return strtoll(config_text(c, key), NULL, 10);
}

bool config_bool(const struct config *c, const char *key)
{
    return strcmp(config_text(c, key), "true") == 0;
}
