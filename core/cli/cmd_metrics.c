/* khung metrics: what GET /metrics gives, over the socket. */
#include <stdio.h>

#include "base/buf.h"
#include "cli/cli.h"

int cli_metrics(struct cli *c)
{
    struct buf b;
    struct err err = {0};
    const char *text = "";
    buf_init(&b, 64 << 20);
    int rc = c->nwords == 1 ? cli_get(c, "/metrics", &b, &text, &err) : 0;
    if (rc == 0) fputs(text, stdout);
    buf_close(&b);
    if (c->nwords != 1) return cli_usage(c, "khung metrics");
    return rc ? cli_fail(c, &err) : CLI_DONE;
}
