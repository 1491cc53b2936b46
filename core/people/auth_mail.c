/* Mail of authentication: a row of the outbox in the transaction that makes its link. */
#include "base/buf.h"
#include "people/auth_internal.h"

int auth_send_mail(struct session *s, const char *to, const char *lang, const char *template, const struct val *data,
                   struct err *err)
{
    struct val body = val_map();
    struct buf bytes;
    int rc = val_set(s->arena, &body, "to", val_str(to));
    if (rc == 0) rc = val_set(s->arena, &body, "lang", val_str(lang));
    if (rc == 0) rc = val_set(s->arena, &body, "template", val_str(template));
    if (rc == 0) rc = val_set(s->arena, &body, "data", *data);
    if (rc) return people_too_large(err);
    buf_init(&bytes, 64 << 10);
    if (val_encode(&body, &bytes, false) != 0 || !buf_ok(&bytes)) {
        buf_close(&bytes);
        return people_too_large(err);
    }
    struct stmt *st =
        store_stmt(s->db, "insert into outbox(id, kind, body, attempts, next_at) values(?1, 'mail', ?2, 0, null)", err);
    rc = st ? 0 : err->code;
    if (st) {
        stmt_bind_int(st, 1, id_next(lane_ids(s->lane), s->now));
        stmt_bind_blob(st, 2, bytes.data, bytes.len);
        rc = stmt_run(st, err);
    }
    buf_close(&bytes);
    return rc;
}
