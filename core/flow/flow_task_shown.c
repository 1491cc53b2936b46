/* What an answer is bound to: the text that its task is about, and the files that people have attached to it. Both are
 * one hash, which is shown with the task and comes back with the answer: an answer to something else than what was
 * looked at is refused, and says which files are others. What was said without a file is not part of it.
 *
 * Files are attached to open tasks alone, and to one task alone: a task that is answered keeps what it was answered
 * with, whatever is attached to others of the same wait. */
#include "flow/flow_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "flow/task.h"

enum { NAMES_MOST = 3, NAMES_TEXT = 280 };

static int too_large(struct err *err)
{
    return err_set(err, ERR_LIMIT, "limit.size", NULL);
}

/* --- the hash --- */

static int compare_texts(const struct val *x, const struct val *y)
{
    size_t n = x->as.str.len < y->as.str.len ? x->as.str.len : y->as.str.len;
    int c = memcmp(x->as.str.s, y->as.str.s, n);
    return c ? c : (x->as.str.len > y->as.str.len) - (x->as.str.len < y->as.str.len);
}

static const struct val *text_of(const struct val *file, const char *name)
{
    static const struct val none = {.type = VAL_STR, .as.str = {.s = ""}};
    const struct val *text = val_get(file, name);
    return val_is(text, VAL_STR) ? text : &none;
}

static int compare(const struct val *x, const struct val *y)
{
    int c = compare_texts(text_of(x, "hash"), text_of(y, "hash"));
    return c ? c : compare_texts(text_of(x, "name"), text_of(y, "name"));
}

static int by_file(const void *x, const void *y)
{
    return compare(*(const struct val *const *)x, *(const struct val *const *)y);
}

static void add_text(struct digest *d, const struct val *text)
{
    digest_add(d, text->as.str.s, text->as.str.len);
    digest_add(d, "", 1);
}

/* Of the text alone when nothing is attached; else of both, whoever attached it and in whatever order. */
static int sum(struct arena *a, const char *text, const struct val *files, char out[DIGEST_HEX])
{
    uint8_t bytes[DIGEST_LEN];
    struct digest d;
    size_t n = files->as.list.n;
    const struct val **sorted = n ? arena_alloc(a, n * sizeof(struct val *)) : NULL;
    if (n && !sorted) return ERR_NOMEM;
    if (!n && text) {
        snprintf(out, DIGEST_HEX, "%s", text);
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = val_at(files, i);
    if (n) qsort(sorted, n, sizeof(struct val *), by_file);
    digest_begin(&d);
    digest_add(&d, text ? text : "", text ? strlen(text) + 1 : 1);
    for (size_t i = 0; i < n; i++) {
        if (i && compare(sorted[i - 1], sorted[i]) == 0) continue;
        add_text(&d, text_of(sorted[i], "hash"));
        add_text(&d, text_of(sorted[i], "name"));
    }
    digest_end(&d, bytes);
    digest_hex(bytes, out);
    return 0;
}

int flow_task_shown(struct store *db, const struct flow_task *t, struct arena *a, char out[DIGEST_HEX], struct err *err)
{
    struct val lines, files = val_list();
    int rc = flow_task_file_lines(db, t->id, a, &lines, err);
    if (rc) return rc;
    if (lines.as.list.n) rc = flow_task_files_at(a, &lines, lines.as.list.n, &files);
    return rc || sum(a, t->about_hash, &files, out) ? too_large(err) : 0;
}

/* --- what is another now --- */

static bool has(const struct val *files, const struct val *one)
{
    for (size_t i = 0; val_at(files, i); i++)
        if (compare(val_at(files, i), one) == 0) return true;
    return false;
}

/* Names of those that are not among the others: the first few. NULL: none. */
static const char *names_of(struct arena *a, const struct val *files, const struct val *others)
{
    struct buf b;
    int n = 0;
    buf_init(&b, 4096);
    for (size_t i = 0; val_at(files, i); i++) {
        const struct val *name = text_of(val_at(files, i), "name");
        if (has(others, val_at(files, i))) continue;
        bool fits = n < NAMES_MOST && b.len + name->as.str.len < NAMES_TEXT;
        if (n++) buf_add_str(&b, ", ");
        buf_add(&b, fits ? name->as.str.s : "…", fits ? name->as.str.len : strlen("…"));
        if (!fits) break;
    }
    const char *names = n ? arena_strndup(a, b.data, b.len) : NULL;
    buf_close(&b);
    return names;
}

static int say_files(struct arena *a, const struct val *was, const struct val *now, struct err *err)
{
    const char *added = names_of(a, now, was), *removed = names_of(a, was, now);
    const char *key = !removed ? "task.files_added" : !added ? "task.files_removed" : "task.files_changed";
    return err_set(err, ERR_CONFLICT, key, "added", added, "removed", removed, NULL);
}

/* The files of what was shown are found by its hash, among all that were ever there together; 1, 0. */
static int find_shown(struct arena *a, const struct flow_task *t, const struct val *lines, const char *shown,
                      struct val *files)
{
    char hash[DIGEST_HEX];
    for (size_t n = lines->as.list.n; n-- > 0;) {
        if (flow_task_files_at(a, lines, n, files) || sum(a, t->about_hash, files, hash)) return ERR_LIMIT;
        if (strcmp(hash, shown) == 0) return 1;
    }
    return 0;
}

static int say_changed(struct session *s, const struct flow_task *t, const char *shown, struct err *err)
{
    struct val lines, was, now;
    struct err_num n;
    int rc = flow_task_readable(s, t->id, err);
    if (err_is_fault(rc)) return rc;
    bool may_know = rc == 0;
    rc = flow_task_file_lines(s->db, t->id, s->arena, &lines, err);
    if (rc) return rc;
    rc = may_know ? find_shown(s->arena, t, &lines, shown, &was) : 0;
    if (rc < 0 || flow_task_files_at(s->arena, &lines, lines.as.list.n, &now)) return too_large(err);
    return rc ? say_files(s->arena, &was, &now, err)
              : err_set(err, ERR_CONFLICT, "task.changed", "task", err_i64(&n, t->id), NULL);
}

int flow_task_check_shown(struct session *s, const struct flow_task *t, const char *shown, struct err *err)
{
    char now[DIGEST_HEX];
    int rc = flow_task_shown(s->db, t, s->arena, now, err);
    return rc || strcmp(shown, now) == 0 ? rc : say_changed(s, t, shown, err);
}

int flow_task_match(struct session *s, int64_t id, const char *shown, struct err *err)
{
    struct flow_task t;
    struct err_num n;
    int rc = flow_task_load(s->db, id, s->arena, &t, err);
    if (rc == 0) return err_set(err, ERR_NOT_FOUND, "flow.no_task", "task", err_i64(&n, id), NULL);
    return rc < 0 ? rc : flow_task_check_shown(s, &t, shown, err);
}
