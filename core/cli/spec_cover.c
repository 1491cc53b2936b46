/* Lines that could run, from the bytecode; lines that did, from the hook. */
#include "cli/spec_cover.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "plugin/plugin.h"

enum { MISSING_MAX = 16 << 10 };

struct cover_file {
    char *chunk, *path; /* "awards/votes.lua", "plugins/awards/votes.lua" */
    size_t n;           /* lines; from 1 */
    bool *is_code;
    int64_t *runs;
};

static void on_line(void *ctx, const char *chunk, int line)
{
    struct cover *c = ctx;
    if (!c->last || strcmp(c->last->chunk, chunk) != 0) {
        size_t i = 0;
        while (i < c->nfiles && strcmp(c->files[i].chunk, chunk) != 0)
            i++;
        if (i == c->nfiles) return;
        c->last = &c->files[i];
    }
    if (line > 0 && (size_t)line < c->last->n) c->last->runs[line]++;
}

static char *join(const char *a, const char *b)
{
    size_t n = strlen(a) + strlen(b) + 2;
    char *out = mem_alloc(n);
    snprintf(out, n, "%s/%s", a, b);
    return out;
}

static int add_file(struct cover *c, const struct plugin *p, const struct plugin_file *f, struct err *err)
{
    size_t n = 2;
    for (size_t i = 0; i < f->len; i++)
        n += f->text[i] == '\n';
    struct cover_file *file = &c->files[c->nfiles++];
    *file = (struct cover_file){.chunk = join(p->name, f->path), .path = join(p->dir, f->path), .n = n};
    file->is_code = mem_alloc(n * sizeof(*file->is_code));
    file->runs = mem_alloc(n * sizeof(*file->runs));
    return vm_code_lines(file->chunk, f->text, f->len, file->is_code, n, err);
}

static bool is_code(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".lua") == 0 && strcmp(path, "plugin.lua") != 0 && strncmp(path, "locale/", 7) != 0;
}

int cover_add(struct cover *c, const char *dir, struct err *err)
{
    struct plugin *p = plugin_read_dir(dir, NULL, NULL);
    int rc = 0;
    c->lines = (struct vm_lines){on_line, c};
    c->files = mem_realloc(c->files, (c->nfiles + p->nfiles + 1) * sizeof(*c->files));
    c->last = NULL;
    for (size_t i = 0; rc == 0 && i < p->nfiles; i++)
        if (is_code(p->files[i].path)) rc = add_file(c, p, &p->files[i], err);
    plugin_drop(p);
    return rc;
}

void cover_close(struct cover *c)
{
    for (size_t i = 0; i < c->nfiles; i++) {
        mem_free(c->files[i].chunk);
        mem_free(c->files[i].path);
        mem_free(c->files[i].is_code);
        mem_free(c->files[i].runs);
    }
    mem_free(c->files);
    *c = (struct cover){0};
}

static void count(const struct cover_file *f, int64_t *lines, int64_t *run)
{
    *lines = *run = 0;
    for (size_t i = 1; i < f->n; i++) {
        *lines += f->is_code[i];
        *run += f->is_code[i] && f->runs[i] > 0;
    }
}

static bool is_missing(const struct cover_file *f, size_t line)
{
    return line < f->n && f->is_code[line] && f->runs[line] == 0;
}

/* "3, 10-12": lines without code between two that are missing do not part them. */
static void list_missing(const struct cover_file *f, struct buf *out)
{
    for (size_t i = 1; i < f->n; i++) {
        if (!is_missing(f, i)) continue;
        size_t last = i;
        for (size_t k = i + 1; k < f->n && (!f->is_code[k] || f->runs[k] == 0); k++)
            if (is_missing(f, k)) last = k;
        buf_printf(out, last > i ? "%s%zu-%zu" : "%s%zu", out->len ? ", " : "", i, last);
        i = last;
    }
}

int cover_table(const struct cover *c, struct arena *a, struct val *out)
{
    int rc = 0;
    *out = val_list();
    for (size_t i = 0; rc == 0 && i < c->nfiles; i++) {
        struct val row = val_map();
        struct buf missing;
        int64_t lines, run;
        count(&c->files[i], &lines, &run);
        buf_init(&missing, MISSING_MAX);
        list_missing(&c->files[i], &missing);
        const char *percent = arena_printf(a, "%.1f", lines ? 100.0 * (double)run / (double)lines : 100.0);
        char *list = arena_strdup(a, missing.data ? missing.data : "");
        buf_close(&missing);
        if (!percent || !list) return ERR_NOMEM;
        rc = val_set(a, &row, "file", val_str(c->files[i].chunk));
        if (rc == 0) rc = val_set(a, &row, "lines", val_int(lines));
        if (rc == 0) rc = val_set(a, &row, "run", val_int(run));
        if (rc == 0) rc = val_set(a, &row, "percent", val_str(percent));
        if (rc == 0) rc = val_set(a, &row, "missing", val_str(list));
        if (rc == 0) rc = val_add(a, out, row);
    }
    return rc;
}

void cover_lcov(const struct cover *c, struct buf *out)
{
    for (size_t i = 0; i < c->nfiles; i++) {
        const struct cover_file *f = &c->files[i];
        int64_t lines, run;
        count(f, &lines, &run);
        buf_printf(out, "TN:\nSF:%s\n", f->path);
        for (size_t k = 1; k < f->n; k++)
            if (f->is_code[k]) buf_printf(out, "DA:%zu,%" PRId64 "\n", k, f->runs[k]);
        buf_printf(out, "LF:%" PRId64 "\nLH:%" PRId64 "\nend_of_record\n", lines, run);
    }
}
