/* Text from plugins: one statement, reading only, over tables that the asker may see. */
#include <string.h>

#include "store/store_internal.h"

struct store_asking {
    bool (*may_read)(void *ctx, const char *table);
    void *ctx;
    char denied[128];
    bool writes;
};

/* What a statement may call. Not what reaches out (load_extension), shows addresses (fts3_tokenizer), or takes squared
 * time in one call, where nothing can stop it: replace, instr, trim, json_patch; or fills what it is asked to: printf,
 * zeroblob. */
static const char functions[] =
    " -> ->> abs avg ceil ceiling char coalesce count cume_dist date datetime dense_rank exp first_value floor "
    "glob group_concat hex ifnull iif json json_array json_array_length json_each json_extract json_group_array "
    "json_group_object json_insert json_object json_quote json_remove json_replace json_set json_type json_valid "
    "julianday lag last_value lead length like likelihood likely ln log log10 log2 lower max min mod nth_value ntile "
    "nullif percent_rank pow power quote rank round row_number sign sqrt strftime substr substring sum time "
    "total trunc typeof unicode unixepoch unlikely upper ";

static bool may_call(const char *name)
{
    size_t n = name ? strlen(name) : 0;
    for (const char *at = functions; n && (at = strstr(at, name)); at++)
        if (at[-1] == ' ' && at[n] == ' ') return true;
    return false;
}

int store_authorize(void *arg, int action, const char *a, const char *b, const char *schema, const char *trigger)
{
    struct store_asking *ask = ((struct store *)arg)->asking;
    (void)schema;
    (void)trigger;
    if (!ask) return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return may_call(b) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_READ:
        if (!a || !a[0] || ask->may_read(ask->ctx, a)) return SQLITE_OK;
        ask->denied[0] = '\0';
        strncat(ask->denied, a, sizeof(ask->denied) - 1);
        return SQLITE_DENY;
    default:
        ask->writes = true;
        return SQLITE_DENY;
    }
}

static bool is_blank(const char *s)
{
    return s[strspn(s, " \t\r\n;")] == '\0';
}

int store_query_check(struct store *db, const char *sql, bool (*may_read)(void *ctx, const char *table), void *ctx,
                      struct err *err)
{
    struct store_asking ask = {may_read, ctx, "", false};
    sqlite3_stmt *raw = NULL;
    const char *tail = "";
    db->asking = &ask;
    int rc = sqlite3_prepare_v3(db->raw, sql, -1, 0, &raw, &tail);
    db->asking = NULL;
    if (rc && ask.denied[0])
        rc = err_set(err, ERR_DENIED, "store.sql_table", "table", ask.denied, NULL);
    else if (rc && ask.writes)
        rc = err_set(err, ERR_DENIED, "store.sql_write", NULL);
    else if (rc)
        rc = err_set(err, ERR_INVALID, "store.sql", "detail", sqlite3_errmsg(db->raw), NULL);
    else if (!raw || !sqlite3_stmt_readonly(raw) || sqlite3_stmt_isexplain(raw) || sqlite3_column_count(raw) == 0)
        rc = err_set(err, ERR_DENIED, "store.sql_write", NULL);
    else if (!is_blank(tail))
        rc = err_set(err, ERR_INVALID, "store.sql_several", NULL);
    sqlite3_finalize(raw);
    return rc;
}
