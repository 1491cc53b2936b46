/* Build tool: turns *.LANG.txt (lines `key = text`) into sorted C tables.
 *
 *     embed OUT.c FILE…
 * A key that stands twice or in one language only, a line that is none or does not fit, or a file of another language
 * ends the build. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 8000, LINE_MAX_LEN = 4000 };

struct entry {
    char *key, *text;
};

struct table {
    const char *lang;
    struct entry entries[ENTRIES_MAX];
    size_t n;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

/* Takes one line; what is wrong with it, or NULL. */
static const char *read_line(struct table *t, char *line)
{
    size_t end = strcspn(line, "\n");
    if (!line[end]) return "the line is too long, or does not end";
    line[end] = '\0';
    if (!line[0] || line[0] == '#') return NULL;
    char *eq = strstr(line, " = ");
    size_t key = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_.");
    if (!eq || eq != line + key || key == 0 || !eq[3]) return "not `key = text`";
    if (t->n == ENTRIES_MAX) return "too many keys";
    *eq = '\0';
    t->entries[t->n].key = strdup(line);
    t->entries[t->n++].text = strdup(eq + 3);
    return NULL;
}

static int read_file(struct table *t, const char *path)
{
    static char line[LINE_MAX_LEN];
    const char *wrong = NULL;
    FILE *f = fopen(path, "r");
    int number = 0;
    if (!f) return perror(path), 1;
    while (!wrong && fgets(line, sizeof(line), f)) {
        number++;
        wrong = read_line(t, line);
    }
    fclose(f);
    if (wrong) fprintf(stderr, "%s:%d: %s\n", path, number, wrong);
    return wrong ? 1 : 0;
}

/* The table that a file NAME.LANG.txt belongs to, or NULL. */
static struct table *table_of(const char *path, struct table *en, struct table *vi)
{
    size_t n = strlen(path);
    const char *end = n > 7 ? path + n - 7 : "";
    return strcmp(end, ".en.txt") == 0 ? en : strcmp(end, ".vi.txt") == 0 ? vi : NULL;
}

static void write_text(FILE *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') fputc('\\', out);
        fputc(*s, out);
    }
}

static int write_table(FILE *out, struct table *t)
{
    qsort(t->entries, t->n, sizeof(t->entries[0]), by_key);
    fprintf(out, "const struct locale_entry locale_%s[] = {\n", t->lang);
    for (size_t i = 0; i < t->n; i++) {
        if (i && strcmp(t->entries[i].key, t->entries[i - 1].key) == 0)
            return fprintf(stderr, "locale %s: %s stands twice\n", t->lang, t->entries[i].key), 1;
        fprintf(out, "    {\"%s\", \"", t->entries[i].key);
        write_text(out, t->entries[i].text);
        fputs("\"},\n", out);
    }
    fprintf(out, "    {0, 0}};\nconst size_t locale_%s_count = %zu;\n", t->lang, t->n);
    return 0;
}

static int compare(const struct table *a, const struct table *b)
{
    int missing = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (bsearch(&a->entries[i], b->entries, b->n, sizeof(struct entry), by_key)) continue;
        fprintf(stderr, "locale: %s is missing in %s\n", a->entries[i].key, b->lang);
        missing = 1;
    }
    return missing;
}

int main(int argc, char **argv)
{
    static struct table en = {.lang = "en"}, vi = {.lang = "vi"};
    FILE *out = argc > 1 ? fopen(argv[1], "w") : NULL;
    if (!out) return perror("embed"), 1;
    for (int i = 2; i < argc; i++) {
        struct table *t = table_of(argv[i], &en, &vi);
        if (!t) return fprintf(stderr, "%s: not named NAME.en.txt or NAME.vi.txt\n", argv[i]), 1;
        if (read_file(t, argv[i])) return 1;
    }
    fputs("#include \"base/locale_data.h\"\n", out);
    if (write_table(out, &en) || write_table(out, &vi)) return 1;
    fclose(out);
    return compare(&en, &vi) | compare(&vi, &en);
}
