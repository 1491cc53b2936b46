/* `khung verify` for files: every row has its bytes, unchanged; nothing hangs on a thing without a row; the number of
 * things that each hangs on is right. Reads all bytes. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "file/file.h"
#include "file/file_bytes.h"

enum { PIECE = 256 << 10, SOON_SWEPT_MS = 23 * 3600000 };

/* 1: the bytes are those that the name says; 0: others; -1: none. */
static int is_whole(const char *data_dir, const char *hash, int64_t size, char *piece)
{
    struct digest d;
    uint8_t digest[DIGEST_LEN];
    char hex[DIGEST_HEX];
    int64_t read_in_all = 0;
    ssize_t n;
    int fd = file_bytes_open(data_dir, hash);
    if (fd < 0) return -1;
    digest_begin(&d);
    while ((n = read(fd, piece, PIECE)) > 0) {
        digest_add(&d, piece, (size_t)n);
        read_in_all += n;
    }
    close(fd);
    digest_end(&d, digest);
    digest_hex(digest, hex);
    return n == 0 && read_in_all == size && strcmp(hex, hash) == 0;
}

static int check_bytes(struct session *session, err_sink report, void *ctx, struct err *err)
{
    struct stmt *s = store_stmt(
        session->db, "select min(id), hash, size from file where hung > 0 or at > ?1 group by hash, size", err);
    struct err finding;
    struct err_num id;
    int rc;
    if (!s) return err->code;
    char *piece = mem_alloc(PIECE);
    stmt_bind_int(s, 1, session->now - SOON_SWEPT_MS);
    while ((rc = stmt_step(s, err)) == 1) {
        char hash[DIGEST_HEX] = "";
        size_t len;
        const char *text = stmt_text(s, 1, &len);
        strncat(hash, text, len < DIGEST_HEX ? len : DIGEST_HEX - 1);
        int whole = is_whole(session->host->data_dir, hash, stmt_int(s, 2), piece);
        if (whole == 1) continue;
        err_set(&finding, ERR_CORRUPT, whole < 0 ? "verify.file_missing" : "verify.file_differs", "id",
                err_i64(&id, stmt_int(s, 0)), "hash", hash, NULL);
        report(ctx, &finding);
    }
    mem_free(piece);
    stmt_done(s);
    return rc;
}

int file_verify(struct session *s, err_sink report, void *ctx, struct err *err)
{
    int rc = store_report(s->db,
                          "select distinct u.file from file_use u left join file f on f.id = u.file where f.id is null",
                          "verify.file_row", report, ctx, err);
    if (rc == 0)
        rc = store_report(s->db,
                          "select id from file f where hung <> (select count(*) from file_use u where u.file = f.id)",
                          "verify.file_hung", report, ctx, err);
    return rc ? rc : check_bytes(s, report, ctx, err);
}
