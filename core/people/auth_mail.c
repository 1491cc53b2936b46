/* Mail of authentication, in the transaction that makes its link. Who brings it stands above: it says so at the start.
 */
#include "people/auth_internal.h"

void auth_set_mailer(struct auth *a, auth_mailer mailer, void *ctx)
{
    a->mailer = mailer;
    a->mailer_ctx = ctx;
}

int auth_send_mail(struct session *s, const struct auth_mail *m, struct err *err)
{
    const struct auth *a = s->host->auth;
    return a->mailer ? a->mailer(a->mailer_ctx, s, m, err) : 0;
}
