/* Build tool: the text files that the program carries become one C table.
 *
 *     embed OUT.c FOLDER FILE…
 * A file's name in the table is its path below FOLDER. An empty file, or one that is not below it, ends the build. */
#include <stdio.h>
#include <string.h>

static long write_bytes(FILE *out, const char *path)
{
    FILE *in = fopen(path, "rb");
    long n = 0;
    int c;
    if (!in) return perror(path), 0;
    while ((c = fgetc(in)) != EOF)
        fprintf(out, n++ % 24 ? "%d," : "\n    %d,", (signed char)c);
    fclose(in);
    return n;
}

int main(int argc, char **argv)
{
    FILE *out = argc > 2 ? fopen(argv[1], "w") : NULL;
    if (!out) return fprintf(stderr, "usage: embed OUT.c FOLDER FILE…\n"), 2;
    size_t root = strlen(argv[2]);
    fprintf(out, "#include \"cli/asset.h\"\n\n");
    for (int i = 3; i < argc; i++) {
        fprintf(out, "static const char text_%d[] = {", i);
        long n = strncmp(argv[i], argv[2], root) == 0 && argv[i][root] == '/' ? write_bytes(out, argv[i]) : 0;
        if (n == 0) return fprintf(stderr, "%s: is empty, or not below %s\n", argv[i], argv[2]), 1;
        fprintf(out, "0};\n\n");
    }
    fprintf(out, "const struct asset assets[] = {\n");
    for (int i = 3; i < argc; i++)
        fprintf(out, "    {\"%s\", text_%d, sizeof(text_%d) - 1},\n", argv[i] + root + 1, i, i);
    fprintf(out, "    {0},\n};\n");
    return fclose(out) == 0 ? 0 : 1;
}
