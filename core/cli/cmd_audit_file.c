/* khung audit export and verify --file: the audit into a file, page by page, and such a file checked without a service.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit_export.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/locale.h"
#include "cli/cli.h"

static int no_memory(struct cli *c)
{
    struct err err;
    err_set(&err, ERR_NOMEM, "memory", NULL);
    return cli_fail(c, &err);
}

static int no_file(struct cli *c, const char *path)
{
    struct err err;
    err_set(&err, ERR_IO, "cli.file", "file", path, "detail", strerror(errno), NULL);
    return cli_fail(c, &err);
}

/* The flags as the call's options. */
static int options_of(struct cli *c, struct val *out)
{
    static const char *const flags[][2] = {
        {"format", "format"}, {"from", "since"}, {"until", "until"}, {"unit", "unit"}, {"who", "person"}};
    int rc = 0;
    *out = val_map();
    for (size_t i = 0; rc == 0 && i < sizeof(flags) / sizeof(flags[0]); i++)
        if (cli_flag(c, flags[i][0])) rc = val_set(&c->arena, out, flags[i][1], val_str(cli_flag(c, flags[i][0])));
    return rc;
}

static int write_pages(struct cli *c, FILE *to, struct err *err)
{
    bool shows = isatty(STDERR_FILENO) && to != stdout;
    for (int64_t after = 0;;) {
        struct arena_mark mark = arena_mark(&c->arena);
        struct val options, args = val_list(), out;
        int rc = options_of(c, &options);
        if (rc == 0 && after) rc = val_set(&c->arena, &options, "after", val_int(after));
        if (rc == 0) rc = val_add(&c->arena, &args, options);
        if (rc) return err_set(err, ERR_NOMEM, "memory", NULL);
        rc = cli_call(c, "audit.export", &args, cli_flag(c, "as"), &out, err);
        if (rc) return rc;
        const struct val *text = val_get(&out, "text");
        if (val_is(text, VAL_STR) && fwrite(text->as.str.s, 1, text->as.str.len, to) != text->as.str.len)
            return err_set(err, ERR_IO, "cli.file", "file", "", "detail", strerror(errno), NULL);
        after = val_get_int(&out, "next", 0);
        if (shows)
            fprintf(stderr, "\r%lld / %lld", (long long)(after ? after : val_get_int(&out, "last", 0)),
                    (long long)val_get_int(&out, "last", 0));
        if (shows && !after) fputc('\n', stderr);
        arena_rewind(&c->arena, mark);
        if (!after) return 0;
    }
}

/* A file that is there under its name is whole. */
int cli_audit_export(struct cli *c)
{
    const char *path = cli_flag(c, "output");
    struct err err = {0};
    if (c->nwords != 2) return cli_usage(c, cli_audit_usage);
    if (!path || strcmp(path, "-") == 0) return write_pages(c, stdout, &err) ? cli_fail(c, &err) : CLI_DONE;
    const char *part = arena_printf(&c->arena, "%s.part", path);
    FILE *to = part ? fopen(part, "wx") : NULL;
    if (!to) return no_file(c, part ? part : path);
    int rc = write_pages(c, to, &err);
    bool kept = fflush(to) == 0 && fsync(fileno(to)) == 0;
    if (fclose(to) != 0) kept = false;
    if (rc == 0 && kept && rename(part, path) == 0) return CLI_DONE;
    int failed = rc ? cli_fail(c, &err) : no_file(c, path);
    unlink(part);
    return failed;
}

struct lines {
    FILE *file;
    char piece[64 << 10];
};

static int64_t read_line(void *ctx, const char **line)
{
    struct lines *l = ctx;
    *line = l->piece;
    if (fgets(l->piece, sizeof(l->piece), l->file)) return (int64_t)strlen(l->piece);
    return ferror(l->file) ? -1 : 0;
}

static int show(struct cli *c, const struct audit_file *f)
{
    struct val out = val_map();
    struct err what;
    struct err_num line, rows;
    struct buf text;
    char key[32], hex[DIGEST_HEX];
    int rc = val_set(&c->arena, &out, "whole", val_bool(!f->how));
    rc |= val_set(&c->arena, &out, "rows", val_int(f->rows));
    if (f->omitted) rc |= val_set(&c->arena, &out, "omitted", val_int(f->omitted));
    if (f->erased) rc |= val_set(&c->arena, &out, "erased", val_int(f->erased));
    digest_hex(f->begin.hash, hex);
    rc |= val_set(&c->arena, &out, "begin", val_str(arena_printf(&c->arena, "%lld:%s", (long long)f->begin.row, hex)));
    digest_hex(f->end.hash, hex);
    rc |= val_set(&c->arena, &out, "end", val_str(arena_printf(&c->arena, "%lld:%s", (long long)f->end.row, hex)));
    buf_init(&text, 4096);
    if (f->how) {
        snprintf(key, sizeof(key), "audit.file_%s", f->how);
        err_set(&what, ERR_CORRUPT, key, "line", err_i64(&line, f->line), "rows", err_i64(&rows, f->rows), NULL);
        locale_err(&text, c->lang, &what, true);
        rc |= val_set(&c->arena, &out, "line", val_int(f->line));
        rc |= val_set(&c->arena, &out, "why", val_strn(text.data ? text.data : "", text.len));
    }
    if (rc == 0) cli_print(c, &out, NULL);
    buf_close(&text);
    return rc ? no_memory(c) : f->how ? CLI_FAILED : CLI_DONE;
}

int cli_audit_verify_file(struct cli *c)
{
    const char *path = cli_flag(c, "file"), *printed = cli_flag(c, "anchor");
    struct audit_head anchor;
    struct audit_file f;
    struct err err = {0};
    struct lines l = {.file = fopen(path, "r")};
    int rc = 0;
    if (!l.file) return no_file(c, path);
    if (printed && !audit_head_parse(printed, &anchor))
        rc = err_set(&err, ERR_INVALID, "audit.anchor", "anchor", printed, NULL);
    if (rc == 0) rc = audit_export_verify(read_line, &l, printed ? &anchor : NULL, &f, &err);
    fclose(l.file);
    return rc ? cli_fail(c, &err) : show(c, &f);
}
