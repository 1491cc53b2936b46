/* Build tool: turns *.LANG.txt (lines `key = text`) into sorted C tables.
 *
 *     embed OUT.c FILE…
 * A key that stands twice or in one language only, or a line that is none, ends the build. */
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

static int read_file(struct table *t, const char *path)
{
    static char line[LINE_MAX_LEN];
    FILE *f = fopen(path, "r");
    int number = 0;
    if (!f) return perror(path), 1;
    while (fgets(line, sizeof(line), f)) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (!line[0] || line[0] == '#') continue;
        char *eq = strstr(line, " = ");
        if (!eq || t->n == ENTRIES_MAX) return fprintf(stderr, "%s:%d: not `key = text`\n", path, number), 1;
        *eq = '\0';
        t->entries[t->n].key = strdup(line);
        t->entries[t->n++].text = strdup(eq + 3);
    }
    fclose(f);
    return 0;
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
        int rc = strstr(argv[i], ".vi.txt") ? read_file(&vi, argv[i]) : read_file(&en, argv[i]);
        if (rc) return rc;
    }
    fputs("#include \"base/locale_data.h\"\n", out);
    if (write_table(out, &en) || write_table(out, &vi)) return 1;
    fclose(out);
    return compare(&en, &vi) | compare(&vi, &en);
}
