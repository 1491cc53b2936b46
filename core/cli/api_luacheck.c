/* What luacheck must know of the names that a plugin has, from the descriptions of the API. */
#include <string.h>

#include "cli/api_print.h"
#include "plugin/api.h"
#include "plugin/host.h"

void api_print_luacheck(const struct host *h, FILE *out)
{
    const char *last = "";
    fputs("-- What plugins may name: for luacheck, and for editors that run it. khung check knows more.\n"
          "std = \"lua54\"\n"
          "max_line_length = false\n"
          "self = false\n"
          "unused_args = false\n"
          "not_globals = { \"io\", \"os\", \"package\", \"load\", \"loadfile\", \"dofile\", \"debug\" }\n"
          "read_globals = {\n  \"config\"",
          out);
    for (size_t i = 0; i < api_count(h->api); i++) {
        const struct api_fn *fn = api_at(h->api, i);
        size_t n = strcspn(fn->name, ".");
        bool hidden = (fn->needs && strcmp(fn->needs, API_HOST) == 0) || strchr(fn->name, ':');
        if (hidden || (strncmp(fn->name, last, n) == 0 && strcspn(last, ".") == n)) continue;
        fprintf(out, ", \"%.*s\"", (int)n, fn->name);
        last = fn->name;
    }
    fputs("\n}\nfiles[\"**/spec/*_spec.lua\"] = { read_globals = { \"describe\", \"it\", \"task\" } }\n", out);
}
