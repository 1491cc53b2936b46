/* Reading: rows as they are, the head of the chain, and the anchors. */
#include "audit/audit_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/kinds.h"

void audit_read_row(struct stmt *s, struct audit_row *r, const uint8_t **hash)
{
    size_t len;
    *r = (struct audit_row){
        .id = stmt_int(s, 0),
        .c = {.at = stmt_int(s, 1), .user = stmt_int(s, 2), .person = stmt_int(s, 3), .run = stmt_int(s, 4)}};
    stmt_copy(s, 5, r->c.plugin, sizeof(r->c.plugin));
    stmt_copy(s, 6, r->c.from, sizeof(r->c.from));
    r->body = stmt_blob(s, 7, &r->len);
    const uint8_t *h = stmt_blob(s, 8, &len);
    *hash = len == DIGEST_LEN ? h : NULL;
    r->salt = stmt_blob(s, 9, &r->salt_len);
}

int audit_head(struct store *db, struct audit_head *out, struct err *err)
{
    struct stmt *s = store_stmt(db, "select id, at, hash from audit order by id desc limit 1", err);
    *out = (struct audit_head){0};
    if (!s) return err->code;
    int rc = stmt_step(s, err);
    if (rc == 1) {
        size_t len;
        const void *hash = stmt_blob(s, 2, &len);
        out->row = stmt_int(s, 0);
        out->at = stmt_int(s, 1);
        if (len == DIGEST_LEN) memcpy(out->hash, hash, DIGEST_LEN);
    }
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

bool audit_head_parse(const char *s, struct audit_head *out)
{
    char *end;
    unsigned byte;
    *out = (struct audit_head){.row = strtoll(s, &end, 10)};
    if (end == s || *end != ':' || out->row <= 0 || strlen(end + 1) != DIGEST_HEX - 1) return false;
    for (int i = 0; i < DIGEST_LEN; i++) {
        char two[3] = {end[1 + 2 * i], end[2 + 2 * i]};
        if (strspn(two, "0123456789abcdefABCDEF") != 2 || sscanf(two, "%2x", &byte) != 1) return false;
        out->hash[i] = (uint8_t)byte;
    }
    return true;
}

int audit_anchors(struct store *db, int64_t limit, struct arena *a, struct val *out, struct err *err)
{
    struct stmt *s = store_stmt(db, "select day, audit, hash from audit_anchor order by day desc limit ?1", err);
    int rc;
    if (!s) return err->code;
    stmt_bind_int(s, 1, limit);
    *out = val_list();
    while ((rc = stmt_step(s, err)) == 1) {
        char hex[DIGEST_HEX];
        size_t len;
        struct val row = val_map(), day;
        const uint8_t *hash = stmt_blob(s, 2, &len);
        if (len != DIGEST_LEN) continue;
        digest_hex(hash, hex);
        const char *head = arena_printf(a, "%lld:%s", (long long)stmt_int(s, 1), hex);
        int full = kind_date(a, stmt_int(s, 0), &day);
        full |= val_set(a, &row, "day", day);
        full |= head ? val_set(a, &row, "anchor", val_str(head)) : ERR_NOMEM;
        if (full || val_add(a, out, row)) {
            rc = err_set(err, ERR_LIMIT, "limit.size", "what", "anchors", NULL);
            break;
        }
    }
    stmt_done(s);
    return rc;
}
