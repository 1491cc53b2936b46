/* Snapshots: what a value looked like when somebody looked at it and found it right. Files in spec/snapshots. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/diff.h"
#include "cli/spec.h"

enum { SNAPSHOT_MAX = 4 << 20 };

static bool is_good_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return n > 0 && n <= 80 && !name[n];
}

static int write_file(struct spec_snapshots *s, const char *path, const char *text, struct err *err)
{
    FILE *f = mkdir(s->dir, 0777) == 0 || errno == EEXIST ? fopen(path, "we") : NULL;
    bool ok = f && fputs(text, f) >= 0 && fputc('\n', f) != EOF;
    if (f && fclose(f) != 0) ok = false;
    s->written++;
    return ok ? 0 : err_set(err, ERR_IO, "cli.write", "file", path, "detail", strerror(errno), NULL);
}

/* Without the end of its last line. False: there is none. */
static bool read_file(const char *path, struct buf *out)
{
    char piece[4096];
    FILE *f = fopen(path, "re");
    if (!f) return false;
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        buf_add(out, piece, n);
    fclose(f);
    if (out->len && out->data[out->len - 1] == '\n') out->data[--out->len] = '\0';
    return buf_ok(out);
}

int spec_snapshot(struct spec_snapshots *s, const char *name, const char *text, struct buf *diff, struct err *err)
{
    char path[600];
    struct buf kept;
    int rc = 0;
    if (!is_good_name(name)) return err_set(err, ERR_INVALID, "spec.snapshot_name", "name", name, NULL);
    if (snprintf(path, sizeof(path), "%s/%s.txt", s->dir, name) >= (int)sizeof(path))
        return err_set(err, ERR_INVALID, "spec.snapshot_name", "name", name, NULL);
    buf_init(&kept, SNAPSHOT_MAX);
    bool found = read_file(path, &kept);
    bool same = found && strcmp(kept.data ? kept.data : "", text) == 0;
    if (!same && s->update) {
        rc = write_file(s, path, text, err);
    } else if (!found) {
        rc = err_set(err, ERR_REFUSED, "spec.no_snapshot", "name", name, NULL);
    } else if (!same) {
        struct diff_text old = {"kept", kept.data, kept.len}, now = {"now", text, strlen(text)};
        diff_unified(diff, &old, &now);
        rc = err_set(err, ERR_REFUSED, "spec.snapshot", "name", name, NULL);
    }
    buf_close(&kept);
    return rc;
}
