/* khung audit: what is more than one call. Erasing a person shows first what would go, and waits for its end. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/locale.h"
#include "cli/cli.h"

enum { WAIT_MS = 50, WAIT_TIMES = 600, PAPER_COLUMNS = 76 };

static int refused(struct cli *c, const char *key)
{
    struct err err;
    err_set(&err, ERR_INVALID, key, NULL);
    return cli_fail(c, &err);
}

static int call_one(struct cli *c, const char *name, const struct val *a, const struct val *b, struct val *out,
                    struct err *err)
{
    struct val args = val_list();
    int rc = val_add(&c->arena, &args, *a);
    if (rc == 0 && b) rc = val_add(&c->arena, &args, *b);
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL) : cli_call(c, name, &args, cli_flag(c, "as"), out, err);
}

static const struct val *find(const struct val *list, int64_t id)
{
    for (size_t i = 0; val_at(list, i); i++)
        if (val_get_int(val_at(list, i), "id", 0) == id) return val_at(list, i);
    return NULL;
}

/* The rows are looked at piece by piece, behind the command's back: it tells when they have been. */
static int wait_for(struct cli *c, int64_t id)
{
    const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000};
    for (int i = 0; i < WAIT_TIMES; i++) {
        struct arena_mark mark = arena_mark(&c->arena);
        struct val options = val_map(), out;
        struct err err = {0};
        if (call_one(c, "audit.erasures", &options, NULL, &out, &err) != 0) return cli_fail(c, &err);
        const struct val *one = find(&out, id);
        bool runs = !one || val_is_str(val_get(one, "state"), "running");
        if (i + 1 == WAIT_TIMES || !runs) {
            if (one) cli_print(c, one, NULL);
            return CLI_DONE;
        }
        arena_rewind(&c->arena, mark);
        nanosleep(&pause, NULL);
    }
    return CLI_DONE;
}

int cli_audit_erase(struct cli *c, const struct val *who, const char *reason, bool published, const char *digest,
                    struct val *out, struct err *err)
{
    struct val args = val_list();
    int rc = val_add(&c->arena, &args, *who);
    rc |= val_add(&c->arena, &args, val_str(reason));
    rc |= val_add(&c->arena, &args, val_bool(published));
    if (digest) rc |= val_add(&c->arena, &args, val_str(digest));
    return rc ? err_set(err, ERR_NOMEM, "memory", NULL)
              : cli_call(c, "audit.erase", &args, cli_flag(c, "as"), out, err);
}

static int erase(struct cli *c)
{
    const char *person = cli_flag(c, "person"), *reason = cli_flag(c, "reason");
    struct val who = val_str(person ? person : ""), published = val_bool(cli_flag(c, "published") != NULL), out;
    struct err err = {0};
    if (c->nwords != 2 || !person == !cli_flag(c, "again")) return cli_usage(c, cli_audit_usage);
    if (!person) return cli_audit_again(c);
    if (cli_flag(c, "dry-run")) {
        if (call_one(c, "audit.erase_preview", &who, &published, &out, &err) != 0) return cli_fail(c, &err);
        cli_print(c, &out, NULL);
        return CLI_DONE;
    }
    if (!reason) return refused(c, "audit.reason");
    if (cli_audit_erase(c, &who, reason, published.as.b, NULL, &out, &err) != 0) return cli_fail(c, &err);
    return wait_for(c, val_get_int(&out, "id", 0));
}

/* Broken where a sheet of paper ends. */
static void add_line(struct cli *c, struct buf *b, const char *key, const char *day, const char *row)
{
    struct buf text;
    size_t column = 0;
    buf_init(&text, 4096);
    locale_format(&text, c->lang, key, "day", day, "row", row, NULL);
    for (const char *p = text.data ? text.data : ""; *p;) {
        size_t n = strcspn(p, " "), wide = 0;
        for (size_t i = 0; i < n; i++)
            wide += (p[i] & 0xc0) != 0x80;
        if (column) buf_add_str(b, column + 1 + wide > PAPER_COLUMNS ? "\n" : " ");
        column = column && column + 1 + wide <= PAPER_COLUMNS ? column + 1 + wide : wide;
        buf_add(b, p, n);
        p += n + strspn(p + n, " ");
    }
    buf_add_str(b, "\n\n");
    buf_close(&text);
}

/* On paper it is safe from whoever reaches the machine. */
static int print_anchor(struct cli *c)
{
    struct val options = val_map(), out;
    struct err err = {0};
    struct buf b;
    char row[24];
    if (c->nwords != 2 || !cli_flag(c, "print")) return cli_usage(c, cli_audit_usage);
    if (val_set(&c->arena, &options, "limit", val_int(1)) != 0) return refused(c, "memory");
    if (call_one(c, "audit.anchors", &options, NULL, &out, &err) != 0) return cli_fail(c, &err);
    const char *anchor = val_cstr(&c->arena, val_get(val_at(&out, 0), "anchor"));
    const char *day = val_cstr(&c->arena, val_get(val_at(&out, 0), "day"));
    if (!anchor || !day) return refused(c, "audit.no_anchor");
    snprintf(row, sizeof(row), "%.*s", (int)strcspn(anchor, ":"), anchor);
    buf_init(&b, 8192);
    add_line(c, &b, "audit.anchor_title", day, row);
    add_line(c, &b, "audit.anchor_text", day, row);
    buf_printf(&b, "  %s\n\n", anchor);
    add_line(c, &b, "audit.anchor_keep", day, row);
    buf_printf(&b, "  khung audit verify --anchor \\\n    %s\n\n", anchor);
    add_line(c, &b, "audit.anchor_sign", day, row);
    cli_show(stdout, b.data ? b.data : "", b.len);
    buf_close(&b);
    return CLI_DONE;
}

const char cli_audit_usage[] = "khung audit erase --person CODE [--dry-run] [--published] --reason TEXT [--as USER]\n"
                               "khung audit erase --again FILE [--as USER]\n"
                               "khung audit anchor --print\n"
                               "khung audit export [--format jsonl|csv] [--from DATE] [--until DATE] [--unit CODE]"
                               " [--who CODE] [--output FILE] [--as USER]\n"
                               "khung audit verify --file FILE [--anchor ROW:HASH]";

int cli_audit(struct cli *c)
{
    const char *verb = c->nwords > 1 ? c->words[1] : "";
    if (strcmp(verb, "export") == 0) return cli_audit_export(c);
    if (strcmp(verb, "verify") == 0 && cli_flag(c, "file")) return cli_audit_verify_file(c);
    if (strcmp(verb, "anchor") == 0) return print_anchor(c);
    return strcmp(verb, "erase") == 0 ? erase(c) : cli_calls(c);
}
