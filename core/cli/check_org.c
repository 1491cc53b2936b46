/* Which positions and roles an organisation has, so that a question to nobody is told before it is asked: from the
 * files that `khung org import` would read, and from the data directory. What cannot be read is for the import to tell.
 */
#include "cli/check.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/json.h"
#include "cli/app.h"
#include "cli/cli.h"

enum { FILES_MAX = 64 };

static int add(struct arena *a, struct val *list, const struct val *name)
{
    for (size_t i = 0; val_at(list, i); i++)
        if (val_equal(val_at(list, i), name)) return 0;
    return val_is(name, VAL_STR) && name->as.str.len ? val_add(a, list, *name) : 0;
}

/* "editor clerk", or a list. */
static int add_roles(struct arena *a, struct val *list, const struct val *roles)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && val_at(roles, i); i++)
        rc = add(a, list, val_at(roles, i));
    if (!val_is(roles, VAL_STR)) return rc;
    const char *s = roles->as.str.s, *end = s + roles->as.str.len;
    for (size_t n; rc == 0 && s < end; s += n + 1) {
        for (n = 0; s + n < end && s[n] != ' '; n++)
            ;
        struct val one = val_strn(s, n);
        rc = add(a, list, &one);
    }
    return rc;
}

/* { positions = { { code, roles } … }, roles = { { name } … } } */
static int take(struct arena *a, const struct val *tree, struct check_organisation *out)
{
    const struct val *positions = val_get(tree, "positions"), *roles = val_get(tree, "roles");
    int rc = 0;
    for (size_t i = 0; rc == 0 && val_at(positions, i); i++) {
        const struct val *code = val_get(val_at(positions, i), "code");
        if (code) rc = add(a, &out->positions, code);
        if (rc == 0) rc = add_roles(a, &out->roles, val_get(val_at(positions, i), "roles"));
    }
    for (size_t i = 0; rc == 0 && val_at(roles, i); i++) {
        const struct val *name = val_get(val_at(roles, i), "name");
        if (name) rc = add(a, &out->roles, name);
    }
    return rc;
}

static int take_csv(struct arena *a, const char *list, const struct csv *file, struct check_organisation *out)
{
    struct val rows = val_list(), tree = val_map();
    int rc = 0;
    for (size_t i = 1; rc == 0 && i < file->n; i++) {
        struct val row = val_map();
        for (size_t k = 0; rc == 0 && k < file->rows[i].n && k < file->rows[0].n; k++)
            rc = val_set(a, &row, file->rows[0].cells[k].s,
                         val_strn(file->rows[i].cells[k].s, file->rows[i].cells[k].len));
        if (rc == 0) rc = val_add(a, &rows, row);
    }
    if (rc == 0) rc = val_set(a, &tree, list, rows);
    return rc ? rc : take(a, &tree, out);
}

static int read_file(struct cli *c, const char *path, struct check_organisation *out)
{
    const char *dot = strrchr(path, '.'), *name = strrchr(path, '/'), *text;
    struct err ignored = {0};
    struct val tree;
    struct csv csv;
    size_t len;
    if (!dot || !name || cli_read_file(c, path, &text, &len, &ignored) != 0) return 0;
    if (strcmp(dot, ".json") == 0)
        return json_parse(text, len, &c->arena, &tree, &ignored) ? 0 : take(&c->arena, &tree, out);
    bool wanted = strcmp(name, "/positions.csv") == 0 || strcmp(name, "/roles.csv") == 0;
    if (!wanted || csv_parse(text, len, &c->arena, &csv, &ignored) != 0) return 0;
    return take_csv(&c->arena, strcmp(name, "/roles.csv") == 0 ? "roles" : "positions", &csv, out);
}

static int read_folder(struct cli *c, const char *path, struct check_organisation *out)
{
    DIR *dir = opendir(path);
    int rc = 0, n = 0;
    for (struct dirent *e; dir && rc == 0 && n++ < FILES_MAX && (e = readdir(dir));) {
        const char *file = arena_printf(&c->arena, "%s/%s", path, e->d_name);
        rc = file ? read_file(c, file, out) : ERR_NOMEM;
    }
    if (dir) closedir(dir);
    return rc;
}

/* Of a service that runs, or of a data directory that was used. */
static int read_data(struct cli *c, struct check_organisation *out)
{
    struct val positions, roles, tree = val_map();
    struct err ignored = {0};
    const char *path = arena_printf(&c->arena, "%s/khung.db", c->data);
    if (!path) return ERR_NOMEM;
    if (access(path, F_OK) != 0) return 0;
    if (cli_list(c, "people.position_list", &positions, &ignored) != 0) return 0;
    if (cli_list(c, "people.role_list", &roles, &ignored) != 0) return 0;
    for (size_t i = 0; val_at(&roles, i); i++)
        if (add(&c->arena, &out->roles, val_get(val_at(&roles, i), "role"))) return ERR_NOMEM;
    return val_set(&c->arena, &tree, "positions", positions) ? ERR_NOMEM : take(&c->arena, &tree, out);
}

/* Those that every organisation begins with. */
static int read_usual(struct cli *c, struct app *usual, struct check_organisation *out, struct err *err)
{
    struct app_call call = {.name = "people.role_list", .args = val_list()};
    struct val roles;
    int rc = app_call(usual, &call, &c->arena, &roles, err);
    for (size_t i = 0; rc == 0 && val_at(&roles, i); i++)
        rc = add(&c->arena, &out->roles, val_get(val_at(&roles, i), "role"));
    return rc;
}

int check_organisation(struct cli *c, struct app *usual, struct check_organisation *out, struct err *err)
{
    const char *dirs[CLI_DIRS_MAX];
    size_t n = cli_plugin_dirs(c, dirs);
    *out = (struct check_organisation){val_list(), val_list()};
    int rc = read_data(c, out);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const char *folder = dirs[i] ? arena_printf(&c->arena, "%s/../org", dirs[i]) : NULL;
        const char *file = folder ? arena_printf(&c->arena, "%s.json", folder) : NULL;
        rc = file ? read_file(c, file, out) : ERR_NOMEM;
        if (rc == 0) rc = read_folder(c, folder, out);
    }
    if (rc == 0 && out->positions.as.list.n + out->roles.as.list.n) rc = read_usual(c, usual, out, err);
    return rc == ERR_NOMEM ? err_set(err, rc, "memory", NULL) : rc;
}
